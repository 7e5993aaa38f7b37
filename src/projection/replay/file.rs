//! The records of an NDJSON file, as the ledger would record them.
//! Always: a repeated (source, id) and a line that would be refused are skipped and counted; a
//! merge stands in both streams; two runs on one file are equal.
//! Form: `position` is the line, `revision` counts the records of the stream, `recordedtime` is the
//! line's own or else its `time`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::BufRead;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::batch::{Batch, Moments};
use crate::domain::event::{Content, Draft, Event, Recorded};
use crate::domain::id::{Position, RecordedTime, Revision};
use crate::domain::stream::StreamName;
use crate::domain::vocabulary::json::JsonValue;
use crate::domain::vocabulary::sent;
use crate::domain::vocabulary::validate::validate;
use crate::projection::view::{Delivered, GatheredRecords, RecordView};

/// Lines in one batch.
const BATCH_LINES: usize = 5_000;

/// What the ledger adds to an event that it gives out. The ledger refuses them in an event that it
/// is sent; a file may have been written from its answers.
const ADDED: [&str; 4] = ["position", "recordedtime", "revision", "stream"];

/// The lines that a replay left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Lines whose (source, id) had stood before, with the same content.
    pub repeated: u64,
    /// Lines that the ledger would refuse.
    pub refused: u64,
    /// The first of these.
    pub first_refused: Option<u64>,
}

/// See the module.
pub struct FileRecords<R> {
    lines: R,
    view: RecordView,
    moments: Moments,
    line: u64,
    /// When the last record so far was recorded.
    known_at: Option<RecordedTime>,
    /// The revision that a stream's next record has.
    revisions: HashMap<StreamName, u64>,
    /// The hash of each event's key, and of its content.
    seen: HashMap<[u8; 16], [u8; 16]>,
    skipped: Skipped,
    /// The streams of the view `effective`, once all lines are read.
    streams: Option<Streams>,
}

type Streams = Box<dyn Iterator<Item = Vec<Delivered>>>;

impl<R: BufRead> FileRecords<R> {
    /// The records of lines that begin after a byte order mark, if there was one.
    pub fn new(lines: R, view: RecordView, moments: Moments) -> Self {
        let (revisions, seen) = (HashMap::new(), HashMap::new());
        let (line, known_at, streams) = (0, None, None);
        let skipped = Skipped::default();
        Self { lines, view, moments, line, known_at, revisions, seen, skipped, streams }
    }

    /// The lines left out so far.
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// The next records; none at the end of the file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_batch(&mut self) -> std::io::Result<Option<Batch>> {
        let records = match self.view {
            RecordView::Recorded => {
                let (mut records, moments) = (Vec::new(), self.moments);
                let is_read = self.read_lines(|record| records.extend(moments.take(record)))?;
                is_read.then_some(records)
            }
            RecordView::Effective => self.next_of_streams()?,
        };
        let position = Position::new(self.line);
        let known_at = self.known_at;
        Ok(records.map(|records| Batch { records, known_at, ..Batch::up_to(position) }))
    }

    /// The next records in force; none: there are no more.
    fn next_of_streams(&mut self) -> std::io::Result<Option<Vec<Delivered>>> {
        if self.streams.is_none() {
            let gathered = self.gather()?;
            self.streams = Some(Box::new(gathered.streams(self.moments.at)));
        }
        let mut streams = self.streams.iter_mut().flatten();
        let mut records = Vec::new();
        while records.len() < BATCH_LINES
            && let Some(of_stream) = streams.next()
        {
            records.extend(of_stream);
        }
        Ok((!records.is_empty()).then_some(records))
    }

    /// Reads all lines, and gathers their records by stream.
    fn gather(&mut self) -> std::io::Result<GatheredRecords> {
        let (mut gathered, known_at) = (GatheredRecords::default(), self.moments.known_at);
        let mut gather = |record: Arc<Recorded>| {
            if known_at.is_none_or(|known_at| record.recorded_at <= known_at) {
                gathered.push(record);
            }
        };
        while self.read_lines(&mut gather)? {}
        Ok(gathered)
    }

    /// Reads some lines, and gives their records. False: there was no line left.
    fn read_lines(&mut self, mut give: impl FnMut(Arc<Recorded>)) -> std::io::Result<bool> {
        let before = self.line;
        let mut text = Vec::new();
        for _ in 0..BATCH_LINES {
            text.clear();
            if self.lines.read_until(b'\n', &mut text)? == 0 {
                break;
            }
            self.line += 1;
            let line = sent::trimmed(&text);
            if !line.is_empty() {
                self.take(line, &mut give);
            }
        }
        Ok(self.line > before)
    }

    fn take(&mut self, line: &[u8], give: &mut impl FnMut(Arc<Recorded>)) {
        let Some((draft, recorded_at)) = draft(line) else {
            self.skipped.refused += 1;
            self.skipped.first_refused.get_or_insert(self.line);
            return;
        };
        let content = short_hash(&[&draft.canonical]);
        let key = short_hash(&[draft.key.source.as_bytes(), draft.key.id.as_bytes()]);
        match self.seen.insert(key, content) {
            None => {}
            Some(before) => {
                self.seen.insert(key, before);
                if before == content {
                    self.skipped.repeated += 1;
                } else {
                    self.skipped.refused += 1;
                    self.skipped.first_refused.get_or_insert(self.line);
                }
                return;
            }
        }
        self.known_at = self.known_at.max(Some(recorded_at));
        let event = Event::from_canonical(&draft.canonical).expect("checked by validate");
        let mirror = draft.mirror.map(StreamName::Person);
        for stream in std::iter::once(draft.stream).chain(mirror) {
            let next = self.revisions.entry(stream.clone()).or_default();
            let revision = Revision(*next);
            *next += 1;
            let position = Position::new(self.line);
            let content = Content::Open(event.clone());
            give(Arc::new(Recorded { stream, revision, position, recorded_at, content }));
        }
    }
}

/// The draft of a line, and when it was recorded. None: the ledger would refuse it.
fn draft(line: &[u8]) -> Option<(Draft, RecordedTime)> {
    let mut event = sent::line(line).ok()?;
    let recorded_at = event.text("recordedtime").map(str::to_owned);
    if let JsonValue::Object(members) = &mut event {
        members.retain(|(name, _): &(Cow<'_, str>, _)| !ADDED.contains(&name.as_ref()));
    }
    // The clock has no say: what a file holds does not change with the day.
    let draft = validate(&event, DateTime::<Utc>::MAX_UTC).ok()?;
    let instant = recorded_at.as_deref().or_else(|| event.text("time"));
    let instant = DateTime::parse_from_rfc3339(instant?).ok()?;
    Some((draft, RecordedTime::from_micros(instant.timestamp_micros())))
}

fn short_hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = blake3::Hasher::new();
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes()).update(part);
    }
    *hash.finalize().as_bytes().first_chunk().expect("a hash has 32 bytes")
}
