//! What the cluster has shown of harm to its streams, kept in a file beside the copy.
//! Always: the file is written before the file that says how far the cluster was read, so that a
//! restart knows what stood behind the place where it reads on.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::stream::StreamName;
use crate::store::harm::{HarmedStreams, LossMark, StreamHarm};

/// The file beside the log.
pub const HARM_FILE: &str = "harm.json";

/// See the module.
pub struct KnownHarm {
    file: PathBuf,
    streams: watch::Sender<Arc<HarmedStreams>>,
    is_saved: bool,
}

impl KnownHarm {
    /// What the file in a folder says. False: there is no such file, or it cannot be read.
    pub fn open(folder: &Path) -> (Self, bool) {
        let file = folder.join(HARM_FILE);
        let text = std::fs::read(&file).ok();
        let found: Option<HarmedStreams> = text.and_then(|text| serde_json::from_slice(&text).ok());
        let is_there = found.is_some();
        let streams = watch::Sender::new(Arc::new(found.unwrap_or_default()));
        (Self { file, streams, is_saved: is_there }, is_there)
    }

    /// What is known now, and at each change.
    pub fn subscribe(&self) -> watch::Receiver<Arc<HarmedStreams>> {
        self.streams.subscribe()
    }

    /// The streams that hold an event of somebody else.
    pub fn tampered(&self) -> HashSet<StreamName> {
        let streams = self.streams.borrow();
        let tampered = streams.iter().filter(|(_, harm)| harm.is_tampered);
        tampered.map(|(name, _)| name.clone()).collect()
    }

    /// Whether a stream holds an event of somebody else.
    pub fn is_tampered(&self, stream: &StreamName) -> bool {
        self.streams.borrow().get(stream).is_some_and(|harm| harm.is_tampered)
    }

    /// A stream holds an event of somebody else.
    pub fn tamper(&mut self, stream: StreamName) {
        self.change(stream, |harm| harm.is_tampered = true);
    }

    /// The metadata of a stream mark this now.
    pub fn mark(&mut self, stream: StreamName, mark: Option<LossMark>) {
        self.change(stream, |harm| harm.mark = mark);
    }

    /// Nothing is known: the cluster is read from its start.
    pub fn forget(&mut self) {
        self.streams.send_replace(Arc::default());
        self.is_saved = false;
    }

    fn change(&mut self, stream: StreamName, change: impl FnOnce(&mut StreamHarm)) {
        let is_changed = self.streams.send_if_modified(|streams| {
            let before = streams.get(&stream).copied().unwrap_or_default();
            let mut harm = before;
            change(&mut harm);
            let is_changed = harm != before;
            if is_changed {
                let streams = Arc::make_mut(streams);
                match harm == StreamHarm::default() {
                    true => streams.remove(&stream),
                    false => streams.insert(stream, harm),
                };
            }
            is_changed
        });
        self.is_saved &= !is_changed;
    }

    /// Writes the file, if it is not as it should be.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn save(&mut self) -> std::io::Result<()> {
        if self.is_saved {
            return Ok(());
        }
        let draft = self.file.with_extension("draft");
        let text = serde_json::to_vec(&**self.streams.borrow()).expect("serialises into memory");
        std::fs::write(&draft, text)?;
        std::fs::rename(&draft, &self.file)?;
        self.is_saved = true;
        Ok(())
    }
}
