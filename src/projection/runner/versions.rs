//! The versions of all projections that run, and the registry of those that are kept.
//! Always: the registry and what runs agree; nobody waits for the end of a worker under the lock.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::orders::{ErasureOrder, ErasureOrders};
use super::parts::Parts;
use super::worker::{VersionProgress, VersionWorker};
use crate::ledger::Ledger;
use crate::projection::state::{
    ProjectionStateError, VersionFile, VersionId, VersionRegistry, VersionRole,
};
use crate::work::{self, Causes, Worker};

/// Why a projection could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The registry could not be read or written: look at the disk.
    #[error("the projections could not be read or written")]
    State(#[from] ProjectionStateError),
    /// The system gives no thread.
    #[error("a projection could not be started")]
    Thread(#[from] std::io::Error),
    /// The worker of a projection ended before it had folded anew: ask again.
    #[error("a projection was not folded anew after an erasure")]
    NotErased,
}

/// A version that runs.
pub(super) struct Version {
    pub id: VersionId,
    pub parts: Arc<Parts>,
    pub hash: String,
    pub progress: watch::Receiver<VersionProgress>,
    /// Whether each stream has a state of its own that rests on that stream alone.
    pub is_of_streams: bool,
    pub orders: mpsc::UnboundedSender<ErasureOrder>,
    pub worker: Worker,
}

/// The versions of one projection.
#[derive(Default)]
pub(super) struct Entry {
    pub current: Option<Version>,
    pub rebuild: Option<Version>,
    /// Whether the current version rests on what was erased, so that nothing answers until the
    /// rebuild is done.
    pub is_withheld: bool,
}

/// The registry, and the versions that run.
pub(super) struct Kept {
    /// None until the first projection is put: a ledger without projections has no such folder.
    registry: Option<VersionRegistry>,
    pub entries: BTreeMap<String, Entry>,
}

pub(super) struct Shared {
    pub ledger: Ledger,
    pub folder: PathBuf,
    /// The shortest time between two builds of a version that became stale.
    effective_every: Duration,
    // One lock over both, so that the registry and what runs never disagree. It is held for one
    // transaction at most, never while a worker ends.
    kept: Mutex<Kept>,
}

impl Kept {
    /// The registry, made if there is none.
    pub fn registry(
        &mut self,
        folder: &Path,
    ) -> Result<&mut VersionRegistry, ProjectionStateError> {
        let registry = match self.registry.take() {
            Some(registry) => registry,
            None => VersionRegistry::open(folder)?,
        };
        Ok(self.registry.insert(registry))
    }
}

impl Shared {
    /// No version runs yet. The registry is none until the first projection is put.
    pub fn new(
        ledger: Ledger,
        folder: PathBuf,
        effective_every: Duration,
        registry: Option<VersionRegistry>,
    ) -> Self {
        let kept = Mutex::new(Kept { registry, entries: BTreeMap::new() });
        Self { ledger, folder, effective_every, kept }
    }

    /// The file of a version.
    pub fn file(&self, id: VersionId) -> PathBuf {
        VersionRegistry::file(&self.folder, id)
    }

    pub fn lock(&self) -> MutexGuard<'_, Kept> {
        // A panic under the lock leaves the registry as its last transaction left it.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Builds a version beside the current one, and gives the version that was built before.
    pub fn rebuild(
        self: &Arc<Self>,
        kept: &mut Kept,
        name: &str,
        parts: Parts,
    ) -> Result<Option<Version>, RunnerError> {
        let role = VersionRole::Rebuild;
        let id = kept.registry(&self.folder)?.add(name, role, &parts.to_kept())?;
        self.run(kept, name, role, id, parts)
    }

    /// Starts the worker of a version, and gives the version that had its place.
    pub fn run(
        self: &Arc<Self>,
        kept: &mut Kept,
        name: &str,
        role: VersionRole,
        id: VersionId,
        parts: Parts,
    ) -> Result<Option<Version>, RunnerError> {
        let (sender, progress) = watch::channel(VersionProgress::start());
        let (given, orders) = ErasureOrders::channel();
        let (hash, parts) = (parts.source_hash(), Arc::new(parts));
        let is_of_streams = parts.is_of_streams();
        let worker = VersionWorker {
            ledger: self.ledger.clone(),
            parts: parts.clone(),
            file: self.file(id),
            progress: sender,
            orders,
            effective_every: self.effective_every,
        };
        let place = VersionPlace { shared: Arc::downgrade(self), name: name.to_owned(), id };
        let told = progress.clone();
        let worker = work::spawn("projections", CancellationToken::new(), async move |control| {
            work::lower_priority_of_this_thread();
            tokio::join!(worker.run(control), place.attend(told));
        })?;
        let version = Version { id, parts, hash, progress, is_of_streams, orders: given, worker };
        let entry = kept.entries.entry(name.to_owned()).or_default();
        if role == VersionRole::Rebuild {
            return Ok(entry.rebuild.replace(version));
        }
        entry.is_withheld = role == VersionRole::Withheld;
        Ok(entry.current.replace(version))
    }

    /// Gives the lock back, and ends versions on a thread of their own: a worker has the weakest
    /// claim to a processor, so on a busy machine its end takes seconds.
    pub fn end_beside(
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
    pub fn end(&self, kept: MutexGuard<'_, Kept>, versions: impl IntoIterator<Item = Version>) {
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

/// The place of a version among those of its projection: does what its worker cannot do itself.
#[derive(Clone)]
pub(super) struct VersionPlace {
    /// The projections.
    pub shared: Weak<Shared>,
    /// The name of the projection.
    pub name: String,
    /// The version.
    pub id: VersionId,
}

impl VersionPlace {
    /// Puts the version in the place of the current one once it has caught up, and has another
    /// built beside it as often as its worker asks for that.
    pub async fn attend(self, mut progress: watch::Receiver<VersionProgress>) {
        if progress.wait_for(|progress| progress.has_caught_up).await.is_err() {
            return;
        }
        // On a thread of its own: this one is the new worker's, and whoever ends the old worker
        // waits for it.
        let place = self.clone();
        std::thread::spawn(move || place.swap());
        let mut renewals = 0;
        while let Ok(now) = progress.wait_for(|now| now.renewals_asked > renewals).await {
            renewals = now.renewals_asked;
            drop(now);
            let place = self.clone();
            std::thread::spawn(move || place.renew());
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
        entry.is_withheld = false;
        shared.end(kept, old);
    }

    /// Builds the version anew beside itself, unless another is being built.
    fn renew(self) {
        let Some(shared) = self.shared.upgrade() else { return };
        let mut kept = shared.lock();
        let entry = kept.entries.get(&self.name).filter(|entry| entry.rebuild.is_none());
        let current = entry.and_then(|entry| entry.current.as_ref());
        let Some(version) = current.filter(|version| version.id == self.id) else { return };
        let parts = Parts::clone(&version.parts);
        if let Err(error) = shared.rebuild(&mut kept, &self.name, parts) {
            tracing::error!(error = %Causes(&error), "a stale projection is not built anew");
        }
    }
}
