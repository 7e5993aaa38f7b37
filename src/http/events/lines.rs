//! NDJSON: one event a line, of any length in all, recorded in groups.
//! Always: exactly one line out for each line in, in order; a bad line is refused and later ones go
//! on. Simple clients write everything before they read anything, so the answer waits for the end
//! of the body, spooled; who asks for `Prefer: receipts=stream` gets it as it comes.

use std::collections::HashMap;
use std::io::{Read as _, Seek as _, Write as _};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures::FutureExt as _;
use serde_json::json;
use tempfile::SpooledTempFile;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::body::next_chunk;
use crate::domain::event::Draft;
use crate::domain::vocabulary::validate::validate;
use crate::http::app::App;
use crate::http::events::refused::{self, EventLabel};
use crate::http::limits::{EVENT_BYTES_MAX, RECEIPT_BYTES};
use crate::http::problem::Problem;
use crate::http::problem::issue::Issue;
use crate::http::problem::kind::ProblemType;
use crate::http::request::cloudevents;
use crate::ledger::record::{Receipt, RecordError, Unrecorded, WriteMode};
use crate::ledger::{AppendError, clock};

/// So many lines are recorded at once: enough that the sync costs little, few enough that the
/// first is not kept waiting.
const GROUP_LINES_MAX: usize = 2_000;

/// So many bytes of lines are recorded at once.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Receipts are spooled to disk beyond this. Source: the HTTP contract.
const SPOOL_MEMORY_BYTES: usize = 8 * 1024 * 1024;

/// A full queue is tried again so often, so far apart, before the lines of a group are refused.
const BUSY_TRIES: usize = 100;
const BUSY_WAIT: Duration = Duration::from_millis(50);

/// Records the lines of a body.
pub async fn record(
    app: App,
    body: Body,
    headers: &HeaderMap,
    write_mode: WriteMode,
) -> Result<Response, Problem> {
    let as_it_comes = headers.get_all("prefer").iter().any(|value| {
        value.to_str().is_ok_and(|text| {
            text.split([',', ';']).any(|part| part.trim().eq_ignore_ascii_case("receipts=stream"))
        })
    });
    let room = app.room(0)?;
    let recorder = LineRecorder { app, write_mode };
    let mut lines = LineReader::new(recorder, body, room, as_it_comes);
    // What is wrong before the first line is told by the status.
    lines.read_on().await?;
    if as_it_comes {
        let (send, receive) = mpsc::channel::<std::io::Result<Bytes>>(2);
        tokio::spawn(async move {
            while let Some(answers) = lines.next_answers().await.transpose() {
                // A body that broke off breaks the answer off: an answer that ends well is whole.
                let answers = answers.map(Bytes::from).map_err(|_| std::io::ErrorKind::BrokenPipe);
                let is_last = answers.is_err();
                if send.send(answers.map_err(Into::into)).await.is_err() || is_last {
                    return;
                }
            }
        });
        let stream = futures::stream::unfold(receive, |mut receive| async {
            receive.recv().await.map(|item| (item, receive))
        });
        return Ok(answer(Body::from_stream(stream)));
    }
    let mut spool = SpooledTempFile::new(SPOOL_MEMORY_BYTES);
    while let Some(answers) = lines.next_answers().await? {
        spool.write_all(&answers).map_err(|error| spool_failed(&error))?;
    }
    spool.rewind().map_err(|error| spool_failed(&error))?;
    Ok(answer(Body::from_stream(spooled(spool))))
}

fn answer(body: Body) -> Response {
    let kind = HeaderValue::from_static("application/x-ndjson");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn spooled(spool: SpooledTempFile) -> impl futures::Stream<Item = std::io::Result<Bytes>> {
    futures::stream::unfold(spool, |mut spool| async {
        let mut chunk = vec![0; 64 * 1024];
        match spool.read(&mut chunk) {
            Ok(0) => None,
            Ok(read) => {
                chunk.truncate(read);
                Some((Ok(chunk.into()), spool))
            }
            Err(error) => Some((Err(error), spool)),
        }
    })
}

fn spool_failed(error: &std::io::Error) -> Problem {
    tracing::error!(error = %error, "receipts could not be spooled");
    Problem::unavailable()
}

/// The lines of a body, a group at a time.
struct LineReader {
    recorder: LineRecorder,
    body: Body,
    /// What was read and is not yet a line.
    rest: BytesMut,
    /// For `rest` and the lines of a group: who only holds a connection keeps nobody out.
    room: OwnedSemaphorePermit,
    /// What was read of the next group while one was being recorded.
    ahead: Option<Result<Option<LineGroup>, Problem>>,
    /// Whether a group ends when the sender pauses: it may be waiting for its answers.
    as_it_comes: bool,
    /// Of the last line read, from 1.
    number: u64,
    /// Whether the line that `rest` begins with has lost its beginning.
    is_too_long: bool,
    ended: bool,
}

/// LineReader that are recorded together.
struct LineGroup {
    /// The number of the first, from 1.
    first: u64,
    lines: Vec<CheckedLine>,
    /// Given back once they are recorded.
    room: Option<OwnedSemaphorePermit>,
}

/// What a line came to before the store was asked.
enum CheckedLine {
    Draft(Box<Draft>),
    Refused(Box<(Option<EventLabel>, Problem)>),
}

impl LineReader {
    fn new(
        recorder: LineRecorder,
        body: Body,
        room: OwnedSemaphorePermit,
        as_it_comes: bool,
    ) -> Self {
        let rest = BytesMut::new();
        let (number, is_too_long, ended) = (0, false, false);
        Self { recorder, body, rest, room, ahead: None, as_it_comes, number, is_too_long, ended }
    }

    /// Records the next group; gives the lines to answer. `None`: the body has ended. Meanwhile
    /// the group after it is read, unless the sender may be waiting for these answers.
    async fn next_answers(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let group = match self.ahead.take() {
            Some(read) => read?,
            None => self.next_group().await?,
        };
        let Some(group) = group else { return Ok(None) };
        let answers = tokio::spawn(self.recorder.clone().settle(group));
        if !self.as_it_comes {
            self.ahead = Some(self.next_group().await);
        }
        answers.await.map(Some).map_err(|_| Problem::new(ProblemType::Internal))
    }

    /// Reads and checks the next group. `None`: the body has ended.
    async fn next_group(&mut self) -> Result<Option<LineGroup>, Problem> {
        let first = self.number + 1;
        let mut lines = Vec::new();
        let mut bytes = 0;
        while lines.len() < GROUP_LINES_MAX && bytes < GROUP_BYTES_MAX {
            let next = if self.as_it_comes && !lines.is_empty() {
                self.next_line().now_or_never().unwrap_or(Ok(None))?
            } else {
                self.next_line().await?
            };
            let Some(line) = next else { break };
            bytes += line.as_ref().map_or(0, Bytes::len);
            self.number += 1;
            lines.push(match line {
                Ok(line) => read(&line),
                Err(problem) => CheckedLine::Refused(Box::new((None, problem))),
            });
        }
        let held = self.room.num_permits().saturating_sub(self.rest.len());
        let room = self.room.split(held);
        Ok((!lines.is_empty()).then_some(LineGroup { first, lines, room }))
    }

    /// The next line, or the problem of one that is too long. `None`: the body has ended. May be
    /// dropped and called again: nothing that was read is lost.
    async fn next_line(&mut self) -> Result<Option<Result<Bytes, Problem>>, Problem> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.rest[searched..].iter().position(|byte| *byte == b'\n') {
                let mut line = self.rest.split_to(searched + end + 1);
                line.truncate(line.len() - 1);
                return Ok(Some(self.whole(line)));
            }
            if self.rest.len() > EVENT_BYTES_MAX {
                self.is_too_long = true;
                drop(self.room.split(self.rest.len()));
                self.rest.clear();
            }
            searched = self.rest.len();
            if self.ended {
                if self.rest.is_empty() && !self.is_too_long {
                    return Ok(None);
                }
                let line = self.rest.split();
                return Ok(Some(self.whole(line)));
            }
            self.read_on().await?;
        }
    }

    fn whole(&mut self, line: BytesMut) -> Result<Bytes, Problem> {
        if std::mem::take(&mut self.is_too_long) || line.len() > EVENT_BYTES_MAX {
            return Err(Problem::too_large("1 MiB a line"));
        }
        Ok(line.freeze())
    }

    /// Reads the next part of the body.
    async fn read_on(&mut self) -> Result<(), Problem> {
        match next_chunk(&mut self.body).await? {
            Some(chunk) => {
                self.room.merge(self.recorder.app.room(chunk.len())?);
                self.rest.extend_from_slice(&chunk);
            }
            None => self.ended = true,
        }
        Ok(())
    }
}

/// Where lines are recorded, or only rehearsed.
#[derive(Clone)]
struct LineRecorder {
    app: App,
    write_mode: WriteMode,
}

impl LineRecorder {
    /// Records what is good of a group, and answers each line.
    async fn settle(self, group: LineGroup) -> Vec<u8> {
        let LineGroup { first, lines, room } = group;
        let mut drafts = Vec::with_capacity(lines.len());
        let mut refused = Vec::with_capacity(lines.len());
        for line in lines {
            match line {
                CheckedLine::Draft(draft) => {
                    drafts.push(*draft);
                    refused.push(None);
                }
                CheckedLine::Refused(why) => refused.push(Some(why)),
            }
        }
        let answers = self.try_record(&drafts).await;
        let mut answers = answers.into_iter().zip(&drafts).map(|(answer, draft)| {
            answer.map_err(|problem| Box::new((Some(EventLabel::of_draft(draft)), problem)))
        });
        let mut out = Vec::with_capacity(refused.len() * RECEIPT_BYTES);
        let mut recorded = Vec::with_capacity(drafts.len());
        let mut told = Vec::new();
        for (line, why) in (first..).zip(refused) {
            let answer = why.map_or_else(|| answers.next(), |why| Some(Err(why)));
            match answer {
                Some(Ok(receipt)) => {
                    serde_json::to_writer(&mut out, &receipt).expect("serialises into memory");
                    recorded.push(receipt);
                }
                Some(Err(why)) => {
                    let refusal = json!({"line": line, "status": "refused", "problem": why.1});
                    serde_json::to_writer(&mut out, &refusal).expect("serialises into memory");
                    told.push(*why);
                }
                None => unreachable!("one answer a draft: promised by record_each"),
            }
            out.push(b'\n');
        }
        refused::lines(&self.app, told, self.write_mode);
        self.app.metrics.recorded(&recorded, self.write_mode);
        drop(room);
        out
    }

    async fn try_record(&self, drafts: &[Draft]) -> Vec<Result<Receipt, Problem>> {
        for _ in 0..BUSY_TRIES {
            let error = match self.app.ledger.record_each(drafts, self.write_mode).await {
                Ok(answers) => return answers.into_iter().map(receipt_or_reused).collect(),
                Err(error) => error,
            };
            if !matches!(error.why, RecordError::Append(AppendError::Busy)) {
                return apart(drafts, error);
            }
            tokio::time::sleep(BUSY_WAIT).await;
        }
        drafts.iter().map(|_| Err(Problem::unavailable())).collect()
    }
}

/// Each draft by itself, where part of a group was recorded.
fn apart(drafts: &[Draft], unrecorded: Unrecorded) -> Vec<Result<Receipt, Problem>> {
    let Unrecorded { why, recorded } = unrecorded;
    let recorded: HashMap<_, _> =
        recorded.into_iter().map(|receipt| (receipt.key.clone(), receipt)).collect();
    let problem = Problem::record(why.into(), false);
    let answer = |draft: &Draft| recorded.get(&draft.key).cloned().ok_or_else(|| problem.clone());
    drafts.iter().map(answer).collect()
}

fn receipt_or_reused(receipt: Option<Receipt>) -> Result<Receipt, Problem> {
    receipt.ok_or_else(|| Problem::new(ProblemType::IdReused).issues(vec![Issue::reused(None)]))
}

fn read(line: &[u8]) -> CheckedLine {
    match cloudevents::event(line) {
        Err(problem) => CheckedLine::Refused(Box::new((None, problem))),
        Ok(event) => match validate(&event, clock::now()) {
            Ok(draft) => CheckedLine::Draft(Box::new(draft)),
            Err(violations) => {
                let problem = Problem::invalid(vec![(None, violations)]);
                CheckedLine::Refused(Box::new((EventLabel::of(&event), problem)))
            }
        },
    }
}
