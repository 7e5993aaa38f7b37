//! A folder for the lists over all persons while one command reads them: the data folder itself is
//! only read.
//! Always: only its owner may read it, and it is removed at the end of the command, also when the
//! command is interrupted.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::failure::{Failure, INTERRUPTED};
use super::serve;
use crate::projection::LISTS_FILES;

/// A folder that is removed when dropped.
pub struct ListsFolder(TempDir);

impl ListsFolder {
    /// A folder that begins with the lists of a data folder, if it has any, so that only what they
    /// lack is folded. The data folder must have no writer.
    ///
    /// # Errors
    /// There is no room for the folder.
    pub fn with_lists_of(data: &Path, runtime: &Runtime) -> Result<Self, Failure> {
        let own = tempfile::Builder::new().prefix("care-ledger-lists-").tempdir()?;
        let path = own.path().to_owned();
        let _inside = runtime.enter();
        let stop = serve::stop()?;
        runtime.spawn(async move {
            stop.await;
            // Nothing can be done about what cannot be removed.
            let _ = std::fs::remove_dir_all(path);
            std::process::exit(INTERRUPTED.into());
        });
        for file in LISTS_FILES {
            let found = data.join(file);
            if found.exists() {
                let copy = own.path().join(file);
                std::fs::copy(found, &copy)?;
                // A file that may only be read is copied with its rights.
                std::fs::set_permissions(copy, Permissions::from_mode(0o600))?;
            }
        }
        Ok(Self(own))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}
