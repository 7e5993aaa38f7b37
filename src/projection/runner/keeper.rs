//! The projections of analysts: puts, resets and deletes them, and takes out what was erased.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::orders::ErasureOrder;
use super::parts::{PartIssue, Parts};
use super::versions::{RunnerError, Shared, Version};
use crate::domain::id::PersonId;
use crate::ledger::Ledger;
use crate::projection::state::{KeptVersion, VersionRegistry, VersionRole};
use crate::work::HealthProbe;

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

/// The projections of a ledger. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Projections(pub(super) Arc<Shared>);

impl Projections {
    /// Starts the projections that are kept in a data folder. A version of the view `effective`
    /// that became stale is built anew at most once in `effective_every`.
    ///
    /// # Errors
    /// See [`RunnerError`].
    pub fn start(
        ledger: Ledger,
        folder: &Path,
        effective_every: Duration,
    ) -> Result<Self, RunnerError> {
        let folder = folder.join(FOLDER);
        let registry = folder.exists().then(|| VersionRegistry::open(&folder)).transpose()?;
        let versions = registry.as_ref().map_or(Ok(Vec::new()), VersionRegistry::versions)?;
        let projections = Self(Arc::new(Shared::new(ledger, folder, effective_every, registry)));
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
        let goes_back =
            entry.is_some_and(|entry| is_of(&entry.current) == Some(true) && !entry.is_withheld);
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

    /// Takes out of all projections what rested on a record of a person that was erased. Returns
    /// when no state, result or summary that is answered rests on it; what cannot be folded anew
    /// person by person is withheld until it is built anew.
    ///
    /// # Errors
    /// See [`RunnerError`]. Ask again: what was done is done.
    pub fn erased(&self, person: PersonId) -> Result<(), RunnerError> {
        let mut kept = self.0.lock();
        let names: Vec<String> = kept.entries.keys().cloned().collect();
        let (mut answers, mut dropped) = (Vec::new(), Vec::new());
        for name in names {
            let entry = kept.entries.get(&name).expect("found under the same lock");
            let versions = [&entry.current, &entry.rebuild].into_iter().flatten();
            for version in versions.filter(|version| version.is_of_streams) {
                let (done, answer) = oneshot::channel();
                let order = ErasureOrder { person, done };
                version.orders.send(order).map_err(|_| RunnerError::NotErased)?;
                answers.push(answer);
            }
            let is_whole = |version: &&Version| !version.is_of_streams;
            let is_withheld = entry.current.as_ref().is_some_and(|version| is_whole(&version));
            let newest = entry.rebuild.as_ref().or(entry.current.as_ref()).filter(is_whole);
            let parts = newest.map(|version| version.parts.clone());
            if is_withheld {
                kept.registry(&self.0.folder)?.withhold(&name)?;
                let entry = kept.entries.get_mut(&name).expect("found under the same lock");
                entry.is_withheld = true;
            }
            if let Some(parts) = parts {
                dropped.extend(self.0.rebuild(&mut kept, &name, Parts::clone(&parts))?);
            }
        }
        self.0.end_beside(kept, dropped);
        for answer in answers {
            answer.blocking_recv().map_err(|_| RunnerError::NotErased)?;
        }
        Ok(())
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
