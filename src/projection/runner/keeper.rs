//! Keeps the versions of all projections running: puts, resets, swaps and deletes them.
//! Always: the registry and what runs agree; nobody waits for the end of a worker under the lock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::parts::{PartIssue, Parts};
use super::worker::{VersionProgress, VersionWorker};
use crate::ledger::Ledger;
use crate::projection::state::{
    KeptVersion, ProjectionStateError, VersionFile, VersionId, VersionRegistry, VersionRole,
};
use crate::work::{self, HealthProbe, Worker};

/// The folder of the projections in the data folder.
pub const FOLDER: &str = "projections";

/// What became of a source that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// There was no projection of that name.
    New,
    /// The source is the one that runs, or that is being built.
    Same,
    /// Another source: it is built beside the one that answers.
    Rebuilding,
    /// The source is refused.
    Refused(Vec<PartIssue>),
}

/// Why a projection could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The registry could not be read or written: look at the disk.
    #[error("the projections could not be read or written")]
    State(#[from] ProjectionStateError),
    /// The system gives no thread.
    #[error("a projection could not be started")]
    Thread(#[from] std::io::Error),
}

/// A version that runs.
pub(super) struct Version {
    pub id: VersionId,
    pub parts: Arc<Parts>,
    pub hash: String,
    pub progress: watch::Receiver<VersionProgress>,
    worker: Worker,
}

/// The versions of one projection.
#[derive(Default)]
pub(super) struct Entry {
    pub current: Option<Version>,
    pub rebuild: Option<Version>,
}

/// The registry, and the versions that run.
pub(super) struct Kept {
    /// None until the first projection is put: a ledger without projections has no such folder.
    registry: Option<VersionRegistry>,
    pub entries: BTreeMap<String, Entry>,
}

pub(super) struct Shared {
    pub ledger: Ledger,
    folder: PathBuf,
    // One lock over both, so that the registry and what runs never disagree. It is held for one
    // transaction at most, never while a worker ends.
    kept: Mutex<Kept>,
}

/// The projections of a ledger. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Projections(pub(super) Arc<Shared>);

impl Projections {
    /// Starts the projections that are kept in a data folder.
    ///
    /// # Errors
    /// See [`RunnerError`].
    pub fn start(ledger: Ledger, folder: &Path) -> Result<Self, RunnerError> {
        let folder = folder.join(FOLDER);
        let registry = folder.exists().then(|| VersionRegistry::open(&folder)).transpose()?;
        let versions = registry.as_ref().map_or(Ok(Vec::new()), VersionRegistry::versions)?;
        let kept = Mutex::new(Kept { registry, entries: BTreeMap::new() });
        let projections = Self(Arc::new(Shared { ledger, folder, kept }));
        for KeptVersion { id, name, role, parts } in versions {
            let parts = Parts::from_kept(parts);
            projections.0.run(&mut projections.0.lock(), &name, role, id, parts)?;
        }
        Ok(projections)
    }

    /// Takes a source. Compiles it and runs its fixtures first, so this takes a while.
    ///
    /// # Errors
    /// See [`RunnerError`].
    pub fn put(&self, name: &str, parts: Parts) -> Result<Put, RunnerError> {
        let hash = parts.source_hash();
        let is_of = |version: &Option<Version>| version.as_ref().map(|v| v.hash == hash);
        {
            let kept = self.0.lock();
            let entry = kept.entries.get(name);
            // The newest source counts: the rebuild's, or else the one that runs.
            let same = entry.and_then(|e| is_of(&e.rebuild).or(is_of(&e.current)));
            if same == Some(true) {
                return Ok(Put::Same);
            }
        }
        let issues = parts.issues();
        if !issues.is_empty() {
            return Ok(Put::Refused(issues));
        }
        let mut kept = self.0.lock();
        let entry = kept.entries.get(name);
        let goes_back = entry.is_some_and(|entry| is_of(&entry.current) == Some(true));
        if goes_back {
            // The source that runs is wanted again: what was built beside it is not.
            kept.registry(&self.0.folder)?.drop_rebuild(name)?;
            let dropped = kept.entries.get_mut(name).and_then(|entry| entry.rebuild.take());
            self.0.end_beside(kept, dropped);
            return Ok(Put::Rebuilding);
        }
        let is_new = entry.is_none_or(|entry| entry.current.is_none());
        let role = if is_new { VersionRole::Current } else { VersionRole::Rebuild };
        let id = kept.registry(&self.0.folder)?.add(name, role, &parts.to_kept())?;
        let dropped = self.0.run(&mut kept, name, role, id, parts)?;
        self.0.end_beside(kept, dropped);
        Ok(if is_new { Put::New } else { Put::Rebuilding })
    }

    /// Folds a projection from zero again, and what is built beside it. False: there is none.
    ///
    /// # Errors
    /// See [`RunnerError`].
    pub fn reset(&self, name: &str) -> Result<bool, RunnerError> {
        let mut kept = self.0.lock();
        let Some(entry) = kept.entries.get(name) else { return Ok(false) };
        let running =
            [(VersionRole::Current, &entry.current), (VersionRole::Rebuild, &entry.rebuild)];
        let parts =
            running.map(|(role, version)| version.as_ref().map(|v| (role, v.parts.clone())));
        let mut dropped = Vec::new();
        for (role, parts) in parts.into_iter().flatten() {
            let id = kept.registry(&self.0.folder)?.add(name, role, &parts.to_kept())?;
            dropped.extend(self.0.run(&mut kept, name, role, id, Parts::clone(&parts))?);
        }
        self.0.end_beside(kept, dropped);
        Ok(true)
    }

    /// Ends a projection and deletes its states. False: there is none.
    ///
    /// # Errors
    /// See [`RunnerError`].
    pub fn delete(&self, name: &str) -> Result<bool, RunnerError> {
        let mut kept = self.0.lock();
        if !kept.entries.contains_key(name) {
            return Ok(false);
        }
        kept.registry(&self.0.folder)?.remove(name)?;
        let entry = kept.entries.remove(name).unwrap_or_default();
        self.0.end(kept, [entry.current, entry.rebuild].into_iter().flatten());
        Ok(true)
    }

    /// The health of the workers: that of one that stands still because of a fault of the disk or
    /// the log, if there is one, else that of any.
    pub fn probe(&self) -> Option<HealthProbe> {
        let kept = self.0.lock();
        let versions = kept.entries.values().flat_map(|entry| [&entry.current, &entry.rebuild]);
        let mut probes: Vec<HealthProbe> =
            versions.flatten().map(|version| version.worker.probe()).collect();
        let faulted = probes.iter().position(HealthProbe::is_faulted).unwrap_or_default();
        (!probes.is_empty()).then(|| probes.swap_remove(faulted))
    }
}

impl Kept {
    /// The registry, made if there is none.
    fn registry(&mut self, folder: &Path) -> Result<&mut VersionRegistry, ProjectionStateError> {
        let registry = match self.registry.take() {
            Some(registry) => registry,
            None => VersionRegistry::open(folder)?,
        };
        Ok(self.registry.insert(registry))
    }
}

impl Shared {
    /// The file of a version.
    pub fn file(&self, id: VersionId) -> PathBuf {
        VersionRegistry::file(&self.folder, id)
    }

    pub fn lock(&self) -> MutexGuard<'_, Kept> {
        // A panic under the lock leaves the registry as its last transaction left it.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the worker of a version, and gives the version that had its place.
    fn run(
        self: &Arc<Self>,
        kept: &mut Kept,
        name: &str,
        role: VersionRole,
        id: VersionId,
        parts: Parts,
    ) -> Result<Option<Version>, RunnerError> {
        let (sender, progress) = watch::channel(VersionProgress::start());
        let (hash, parts) = (parts.source_hash(), Arc::new(parts));
        let worker = VersionWorker {
            ledger: self.ledger.clone(),
            parts: parts.clone(),
            file: self.file(id),
            progress: sender,
        };
        let swap = Swap { shared: Arc::downgrade(self), name: name.to_owned(), id };
        let caught_up = progress.clone();
        let worker = work::spawn("projections", CancellationToken::new(), async move |control| {
            work::lower_priority_of_this_thread();
            let waiting = swap.when_caught_up(caught_up);
            tokio::join!(worker.run(control), waiting);
        })?;
        let version = Version { id, parts, hash, progress, worker };
        let entry = kept.entries.entry(name.to_owned()).or_default();
        let place = match role {
            VersionRole::Current => &mut entry.current,
            VersionRole::Rebuild => &mut entry.rebuild,
        };
        Ok(place.replace(version))
    }

    /// Gives the lock back, and ends versions on a thread of their own: a worker has the weakest
    /// claim to a processor, so on a busy machine its end takes seconds.
    fn end_beside(
        self: &Arc<Self>,
        kept: MutexGuard<'_, Kept>,
        versions: impl IntoIterator<Item = Version>,
    ) {
        drop(kept);
        let versions: Vec<Version> = versions.into_iter().collect();
        let shared = self.clone();
        if !versions.is_empty() {
            std::thread::spawn(move || shared.end(shared.lock(), versions));
        }
    }

    /// Gives the lock back, ends versions, and deletes their files.
    fn end(&self, kept: MutexGuard<'_, Kept>, versions: impl IntoIterator<Item = Version>) {
        drop(kept);
        let ended: Vec<Version> = versions.into_iter().collect();
        if ended.is_empty() {
            return;
        }
        // Only these: the worker of another version that is no more may still have its file open.
        let files: Vec<PathBuf> = ended.iter().map(|version| self.file(version.id)).collect();
        drop(ended);
        for file in files {
            if let Err(error) = VersionFile::delete(&file) {
                tracing::warn!(error = %error, "a file of a projection goes at the next start");
            }
        }
    }
}

/// Puts a rebuild in the place of the current version once it has caught up.
struct Swap {
    shared: Weak<Shared>,
    name: String,
    id: VersionId,
}

impl Swap {
    async fn when_caught_up(self, mut progress: watch::Receiver<VersionProgress>) {
        if progress.wait_for(|progress| progress.has_caught_up).await.is_ok() {
            // On a thread of its own: this one is the new worker's, and whoever ends the old worker
            // waits for it.
            std::thread::spawn(move || self.swap());
        }
    }

    fn swap(self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let mut kept = shared.lock();
        let rebuild = kept.entries.get(&self.name).and_then(|entry| entry.rebuild.as_ref());
        if rebuild.is_none_or(|rebuild| rebuild.id != self.id) {
            return;
        }
        tracing::debug!("swap begins");
        let swapped = kept.registry(&shared.folder).and_then(|registry| registry.swap(&self.name));
        tracing::debug!("swap ends");
        if let Err(error) = swapped {
            tracing::error!(error = %error, "a rebuilt projection stays beside the old one");
            return;
        }
        let entry = kept.entries.get_mut(&self.name).expect("found under the same lock");
        let rebuild = entry.rebuild.take();
        let old = std::mem::replace(&mut entry.current, rebuild);
        shared.end(kept, old);
    }
}
