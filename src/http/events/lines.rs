//! NDJSON: one event a line, any number of lines, recorded in groups.
//! Always: exactly one line out for each line in, in order. A bad line is refused, and later lines
//! go on. Simple clients write everything before they read anything, so the answer waits for the
//! end of the body, in memory and then in a file; with `Prefer: receipts=stream` the answer starts
//! at once.

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
use crate::domain::vocabulary::json::BYTE_ORDER_MARK;
use crate::domain::vocabulary::validate::validate;
use crate::http::app::App;
use crate::http::events::refused::{self, EventLabel, RefusedLine};
use crate::http::limits::{EVENT_BYTES_MAX, RECEIPT_BYTES};
use crate::http::problem::Problem;
use crate::http::problem::issue::{EventIndexing, Issue};
use crate::http::problem::kind::ProblemType;
use crate::http::request::cloudevents;
use crate::http::request::prefer::{self, ReceiptsSent};
use crate::ledger::record::{DraftRefusal, Receipt, RecordError, RecordFailure, WriteMode};
use crate::ledger::{AppendError, clock};

/// Lines that are recorded at once: enough that the sync of the disk costs little, few enough that
/// the first line does not wait long.
const GROUP_LINES_MAX: usize = 2_000;

/// Bytes of lines that are recorded at once.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Bytes of receipts that wait in memory; more wait in a file. Source: the HTTP contract.
const RECEIPTS_IN_MEMORY_BYTES: usize = 8 * 1024 * 1024;

/// How often a group is tried while the queue of the store is full, and the wait after each try;
/// then its lines are refused.
const BUSY_TRIES: usize = 100;
const BUSY_WAIT: Duration = Duration::from_millis(50);

/// Records the lines of a body.
pub async fn record(
    app: App,
    body: Body,
    headers: &HeaderMap,
    write_mode: WriteMode,
) -> Result<Response, Problem> {
    let receipts_sent = prefer::receipts_sent(headers);
    let reserved = app.reserve_body_bytes(0)?;
    let recorder = LineRecorder { app, write_mode };
    let mut lines = LineReader::new(recorder, body, reserved, receipts_sent);
    // A fault before the first line still decides the status of the answer.
    lines.read_on().await?;
    lines.skip_byte_order_mark().await?;
    if receipts_sent == ReceiptsSent::AsRecorded {
        let (send, receive) = mpsc::channel::<std::io::Result<Bytes>>(2);
        tokio::spawn(async move {
            while let Some(answers) = lines.next_answers().await.transpose() {
                // When the body breaks off, the answer breaks off too: an answer that ends well is
                // whole.
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
    let mut receipts = SpooledTempFile::new(RECEIPTS_IN_MEMORY_BYTES);
    while let Some(answers) = lines.next_answers().await? {
        receipts.write_all(&answers).map_err(|error| file_failed(&error))?;
    }
    receipts.rewind().map_err(|error| file_failed(&error))?;
    Ok(answer(Body::from_stream(chunks(receipts))))
}

fn answer(body: Body) -> Response {
    let kind = HeaderValue::from_static("application/x-ndjson");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn chunks(receipts: SpooledTempFile) -> impl futures::Stream<Item = std::io::Result<Bytes>> {
    futures::stream::unfold(receipts, |mut receipts| async {
        let mut chunk = vec![0; 64 * 1024];
        match receipts.read(&mut chunk) {
            Ok(0) => None,
            Ok(read) => {
                chunk.truncate(read);
                Some((Ok(chunk.into()), receipts))
            }
            Err(error) => Some((Err(error), receipts)),
        }
    })
}

fn file_failed(error: &std::io::Error) -> Problem {
    tracing::error!(error = %error, "receipts could not be written to their file");
    Problem::unavailable()
}

/// The lines of a body, a group at a time.
struct LineReader {
    recorder: LineRecorder,
    body: Body,
    /// Bytes that were read and are not a whole line yet.
    rest: BytesMut,
    /// The memory reserved for `rest` and for the lines of a group that is being read.
    reserved: OwnedSemaphorePermit,
    /// The next group, if it was read while another was being recorded.
    read_ahead: Option<Result<Option<LineGroup>, Problem>>,
    /// With [`ReceiptsSent::AsRecorded`] a group ends when the sender pauses: it may be waiting for
    /// receipts.
    receipts_sent: ReceiptsSent,
    /// The number of the last line that was read, from 1.
    number: u64,
    /// Whether the line that `rest` begins with is too long, so that its beginning was dropped.
    is_too_long: bool,
    /// Whether the body has ended.
    is_ended: bool,
}

/// Lines that are recorded together.
struct LineGroup {
    /// The number of the first line, from 1.
    first: u64,
    lines: Vec<CheckedLine>,
    /// The memory of the lines, given back once they are recorded.
    reserved: Option<OwnedSemaphorePermit>,
}

/// A line, validated.
enum CheckedLine {
    Draft(Box<Draft>),
    Refused(Box<RefusedLine>),
}

impl LineReader {
    fn new(
        recorder: LineRecorder,
        body: Body,
        reserved: OwnedSemaphorePermit,
        receipts_sent: ReceiptsSent,
    ) -> Self {
        let rest = BytesMut::new();
        let (read_ahead, number, is_too_long, is_ended) = (None, 0, false, false);
        Self {
            recorder,
            body,
            rest,
            reserved,
            read_ahead,
            receipts_sent,
            number,
            is_too_long,
            is_ended,
        }
    }

    /// Records the next group and returns the lines of its answer; `None`: the body has ended.
    /// While a group is recorded, the next group is read, unless the sender may be waiting for the
    /// answers.
    async fn next_answers(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let group = match self.read_ahead.take() {
            Some(read) => read?,
            None => self.next_group().await?,
        };
        let Some(group) = group else { return Ok(None) };
        let answers = tokio::spawn(self.recorder.clone().record_and_answer(group));
        if self.receipts_sent == ReceiptsSent::AtTheEnd {
            self.read_ahead = Some(self.next_group().await);
        }
        answers.await.map(Some).map_err(|_| Problem::new(ProblemType::Internal))
    }

    /// Reads and checks the next group. `None`: the body has ended.
    async fn next_group(&mut self) -> Result<Option<LineGroup>, Problem> {
        let first = self.number + 1;
        let mut lines = Vec::new();
        let mut bytes = 0;
        while lines.len() < GROUP_LINES_MAX && bytes < GROUP_BYTES_MAX {
            let next = if self.receipts_sent == ReceiptsSent::AsRecorded && !lines.is_empty() {
                self.next_line().now_or_never().unwrap_or(Ok(None))?
            } else {
                self.next_line().await?
            };
            let Some(line) = next else { break };
            bytes += line.as_ref().map_or(0, Bytes::len);
            self.number += 1;
            lines.push(match line {
                Ok(line) => checked(&line),
                Err(problem) => {
                    CheckedLine::Refused(Box::new(RefusedLine { label: None, problem }))
                }
            });
        }
        let in_lines = self.reserved.num_permits().saturating_sub(self.rest.len());
        let reserved = self.reserved.split(in_lines);
        Ok((!lines.is_empty()).then_some(LineGroup { first, lines, reserved }))
    }

    /// The next line, or the problem of a line that is too long. `None`: the body has ended. The
    /// future may be dropped and the method called again: nothing that was read is lost.
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
                drop(self.reserved.split(self.rest.len()));
                self.rest.clear();
            }
            searched = self.rest.len();
            if self.is_ended {
                if self.rest.is_empty() && !self.is_too_long {
                    return Ok(None);
                }
                let line = self.rest.split();
                return Ok(Some(self.whole(line)));
            }
            self.read_on().await?;
        }
    }

    /// A whole line, or the problem that it is too long.
    fn whole(&mut self, line: BytesMut) -> Result<Bytes, Problem> {
        if std::mem::take(&mut self.is_too_long) || line.len() > EVENT_BYTES_MAX {
            return Err(Problem::too_large("1 MiB a line"));
        }
        Ok(line.freeze())
    }

    /// Skips the byte order mark that a body may begin with; it is no part of the first line.
    async fn skip_byte_order_mark(&mut self) -> Result<(), Problem> {
        while self.rest.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(&self.rest) {
            if self.is_ended {
                return Ok(());
            }
            self.read_on().await?;
        }
        if self.rest.starts_with(BYTE_ORDER_MARK) {
            drop(self.rest.split_to(BYTE_ORDER_MARK.len()));
        }
        Ok(())
    }

    /// Reads the next part of the body.
    async fn read_on(&mut self) -> Result<(), Problem> {
        match next_chunk(&mut self.body).await? {
            Some(chunk) => {
                self.reserved.merge(self.recorder.app.reserve_body_bytes(chunk.len())?);
                self.rest.extend_from_slice(&chunk);
            }
            None => self.is_ended = true,
        }
        Ok(())
    }
}

/// Records lines, or says in a dry run what recording them would do.
#[derive(Clone)]
struct LineRecorder {
    app: App,
    write_mode: WriteMode,
}

impl LineRecorder {
    /// Records the good lines of a group, and answers every line.
    async fn record_and_answer(self, group: LineGroup) -> Vec<u8> {
        let LineGroup { first, lines, reserved } = group;
        let mut drafts = Vec::with_capacity(lines.len());
        let mut refusals = Vec::with_capacity(lines.len());
        for line in lines {
            match line {
                CheckedLine::Draft(draft) => {
                    drafts.push(*draft);
                    refusals.push(None);
                }
                CheckedLine::Refused(refusal) => refusals.push(Some(refusal)),
            }
        }
        let answers = self.try_record(&drafts).await;
        let mut answers = answers.into_iter().zip(&drafts).map(|(answer, draft)| {
            answer.map_err(|problem| {
                Box::new(RefusedLine { label: Some(EventLabel::of_draft(draft)), problem })
            })
        });
        let mut out = Vec::with_capacity(refusals.len() * RECEIPT_BYTES);
        let mut recorded = Vec::with_capacity(drafts.len());
        let mut refused_lines = Vec::new();
        for (line, refusal) in (first..).zip(refusals) {
            let answer = refusal.map_or_else(|| answers.next(), |refusal| Some(Err(refusal)));
            match answer {
                Some(Ok(receipt)) => {
                    serde_json::to_writer(&mut out, &receipt).expect("serialises into memory");
                    recorded.push(receipt);
                }
                Some(Err(refusal)) => {
                    let problem = &refusal.problem;
                    let answer = json!({"line": line, "status": "refused", "problem": problem});
                    serde_json::to_writer(&mut out, &answer).expect("serialises into memory");
                    refused_lines.push(*refusal);
                }
                None => unreachable!("one answer a draft: promised by record_each"),
            }
            out.push(b'\n');
        }
        refused::lines(&self.app, refused_lines, self.write_mode);
        self.app.metrics.recorded(&recorded, self.write_mode);
        drop(reserved);
        out
    }

    async fn try_record(&self, drafts: &[Draft]) -> Vec<Result<Receipt, Problem>> {
        for _ in 0..BUSY_TRIES {
            let error = match self.app.ledger.record_each(drafts, self.write_mode).await {
                Ok(answers) => return answers.into_iter().map(receipt_or_problem).collect(),
                Err(error) => error,
            };
            if !matches!(error.why, RecordError::Append(AppendError::Busy)) {
                return answers_of_a_part(drafts, error);
            }
            tokio::time::sleep(BUSY_WAIT).await;
        }
        drafts.iter().map(|_| Err(Problem::unavailable())).collect()
    }
}

/// The answer for each draft of a group of which only a part was recorded.
fn answers_of_a_part(drafts: &[Draft], unrecorded: RecordFailure) -> Vec<Result<Receipt, Problem>> {
    let RecordFailure { why, recorded } = unrecorded;
    let recorded: HashMap<_, _> =
        recorded.into_iter().map(|receipt| (receipt.key.clone(), receipt)).collect();
    let problem = Problem::record(why.into(), EventIndexing::OneEvent);
    let answer = |draft: &Draft| recorded.get(&draft.key).cloned().ok_or_else(|| problem.clone());
    drafts.iter().map(answer).collect()
}

fn receipt_or_problem(answer: Result<Receipt, DraftRefusal>) -> Result<Receipt, Problem> {
    answer.map_err(|why| match why {
        DraftRefusal::Reused => {
            Problem::new(ProblemType::IdReused).issues(vec![Issue::reused(None)])
        }
        DraftRefusal::Tampered => {
            Problem::new(ProblemType::StreamTampered).issues(vec![Issue::tampered(None)])
        }
    })
}

/// Reads and validates a line.
fn checked(line: &[u8]) -> CheckedLine {
    match cloudevents::line(line) {
        Err(problem) => CheckedLine::Refused(Box::new(RefusedLine { label: None, problem })),
        Ok(event) => match validate(&event, clock::now()) {
            Ok(draft) => CheckedLine::Draft(Box::new(draft)),
            Err(violations) => {
                let problem = Problem::invalid(vec![(None, violations)]);
                let label = EventLabel::of(&event);
                CheckedLine::Refused(Box::new(RefusedLine { label, problem }))
            }
        },
    }
}
