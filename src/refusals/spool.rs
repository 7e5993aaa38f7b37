//! The refusals in their file: `DIR/refusals.ndjson`, one a line, for the next start.
//! Always: a thread of its own writes, from what is in memory, so nothing can queue up; the file is
//! written anew when it has grown to twice what memory may hold, after a failure, and at the start,
//! so a torn line never gets in the way of another.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::shelves::{Item, Loss, Shelves, moment};
use super::{BYTES_MAX, Clock, Shared, State};

/// A file of so many bytes is written anew from memory.
const FILE_BYTES_MAX: u64 = 2 * BYTES_MAX as u64;

/// So much of a file is read at a start; one of ours is never that large.
const READ_BYTES_MAX: u64 = 2 * FILE_BYTES_MAX;

/// What comes within this time is written at once: a flood costs few writes.
const GATHER: Duration = Duration::from_millis(20);

/// So often the file is looked at for what has been kept long enough.
const EXPIRY: Duration = Duration::from_secs(3600);

/// After a failure (a full disk, mostly) the next try waits so long.
const RETRY_WAIT: Duration = Duration::from_secs(10);

/// Writes the file until it is dropped, and then to the end.
pub(super) struct Spool {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Writer {
    path: PathBuf,
    clock: Clock,
    /// `None`: to be written anew.
    file: Option<File>,
    bytes: u64,
    saved: i64,
    /// How many had been let go of when the file was written anew.
    expired: u64,
}

impl Spool {
    /// Takes over what the file holds, and starts to write.
    pub(super) fn open(folder: &Path, shared: Arc<Shared>, clock: Clock) -> io::Result<Self> {
        let path = folder.join("refusals.ndjson");
        let now = clock();
        {
            let mut state = shared.lock();
            if !load(&path, &mut state.shelves)? {
                state.shelves.forgotten(now.timestamp_micros());
            }
            state.shelves.expire(now);
        }
        let mut writer = Writer { path, clock, file: None, bytes: 0, saved: 0, expired: 0 };
        writer.rewrite(&shared)?;
        let thread = std::thread::Builder::new().name("refusals".into()).spawn({
            let shared = shared.clone();
            move || writer.run(&shared)
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.shared.lock().is_stopping = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was told where it happened.
            let _ = thread.join();
        }
    }
}

/// Reads the lines of the file, if there is one; a line that is none (torn by a crash) is passed
/// over.
fn load(path: &Path, shelves: &mut Shelves) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut passed_over = 0;
    for line in BufReader::new(file.take(READ_BYTES_MAX)).split(b'\n') {
        if take(&line?, shelves).is_none() {
            passed_over += 1;
        }
    }
    if passed_over > 0 {
        tracing::warn!(lines = passed_over, "lines of refusals.ndjson could not be read");
    }
    Ok(true)
}

/// Takes a line over: a refusal, or what was dropped.
fn take(line: &[u8], shelves: &mut Shelves) -> Option<()> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let place = |name: &str| {
        let time: DateTime<Utc> = value[name].as_str()?.parse().ok()?;
        Some(time.timestamp_micros())
    };
    if let Some(until) = place("forgottenUntil") {
        shelves.forgotten(until);
    } else if let Some(dropped) = value["dropped"].as_u64() {
        shelves.lost(value["source"].as_str()?, dropped, place("until")?);
    } else {
        let line = std::str::from_utf8(line).ok()?;
        shelves.put(value["source"].as_str()?, place("at")?, line.into());
    }
    Some(())
}

impl Writer {
    fn run(mut self, shared: &Shared) {
        let mut is_failing = false;
        loop {
            let is_last = self.wait(shared, if is_failing { RETRY_WAIT } else { GATHER });
            let is_stale = self.has_expired(shared);
            match if is_stale { self.rewrite(shared) } else { self.save(shared) } {
                Ok(()) => is_failing = false,
                Err(error) => {
                    self.file = None;
                    if !is_failing {
                        tracing::warn!(error = %error, "refusals.ndjson could not be written");
                    }
                    is_failing = true;
                }
            }
            if is_last {
                return;
            }
        }
    }

    /// Whether the file holds what memory has let go of by its age. While much comes in, the file
    /// is soon written anew by itself.
    fn has_expired(&self, shared: &Shared) -> bool {
        let mut state = shared.lock();
        if state.shelves.last() > self.saved {
            return false;
        }
        state.shelves.expire((self.clock)());
        state.shelves.expired() > self.expired
    }

    /// Waits until there is something to save, and a while more; says whether it is the last time.
    fn wait(&self, shared: &Shared, pause: Duration) -> bool {
        let is_idle = |state: &mut State| state.shelves.last() <= self.saved && !state.is_stopping;
        let state = shared.changed.wait_timeout_while(shared.lock(), EXPIRY, is_idle);
        let state = state.unwrap_or_else(PoisonError::into_inner).0;
        let state = shared.changed.wait_timeout_while(state, pause, |state| !state.is_stopping);
        state.unwrap_or_else(PoisonError::into_inner).0.is_stopping
    }

    fn save(&mut self, shared: &Shared) -> io::Result<()> {
        match &mut self.file {
            Some(file) if self.bytes <= FILE_BYTES_MAX => {
                let (fresh, losses, last) = {
                    let shelves = &mut shared.lock().shelves;
                    // Of a flood much is gone before it was ever in the file.
                    (shelves.after(self.saved), shelves.tell_losses(false), shelves.last())
                };
                let text = lines(&fresh, losses);
                file.write_all(text.as_bytes())?;
                self.bytes += text.len() as u64;
                self.saved = last;
                Ok(())
            }
            _ => self.rewrite(shared),
        }
    }

    /// Writes all that is in memory to a new file, and puts it in the place of the old one.
    fn rewrite(&mut self, shared: &Shared) -> io::Result<()> {
        let (items, losses, last, expired) = {
            let shelves = &mut shared.lock().shelves;
            let items = shelves.after(i64::MIN);
            (items, shelves.tell_losses(true), shelves.last(), shelves.expired())
        };
        let text = lines(&items, losses);
        let draft = self.path.with_extension("draft");
        let mut file =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(&draft, &self.path)?;
        self.file = Some(file);
        (self.bytes, self.saved, self.expired) = (text.len() as u64, last, expired);
        Ok(())
    }
}

/// Items, and after them what was dropped.
fn lines(items: &[Item], (losses, forgotten): (Vec<Loss>, Option<i64>)) -> String {
    let mut text = String::new();
    for item in items {
        text.push_str(&item.line);
        text.push('\n');
    }
    for loss in losses {
        let until = moment(loss.until);
        let line = json!({"source": &*loss.source, "dropped": loss.dropped, "until": until});
        text.push_str(&format!("{line}\n"));
    }
    if let Some(until) = forgotten {
        text.push_str(&format!("{}\n", json!({"forgottenUntil": moment(until)})));
    }
    text
}
