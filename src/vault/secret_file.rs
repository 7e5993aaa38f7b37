//! Files with a secret: keys, passwords.
//! Always: a file that others may read or write is refused, and the message holds the command that
//! mends it.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The bits of a file's mode that let its group, and all others, do something.
const GROUP_AND_OTHERS: u32 = 0o077;

/// The bit that lets the group read.
const GROUP_READS: u32 = 0o040;

/// The user who may give a file to one group.
const ROOT: u32 = 0;

/// Others may read a file with a secret: take their rights away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "others may read or write {file} (mode {mode:04o}), which holds a secret: chmod 600 {file}",
    file = ShellWord(path)
)]
pub struct OpenToOthers {
    path: PathBuf,
    mode: u32,
}

/// Why a file with a secret was not read.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// Others may read it: take their rights away.
    #[error(transparent)]
    OpenToOthers(#[from] OpenToOthers),
    /// The file could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads a file with a secret that others may not read.
///
/// # Errors
/// See [`SecretFileError`].
pub fn read_secret(path: &Path) -> Result<String, SecretFileError> {
    let mut file = File::open(path)?;
    check(path, &file.metadata()?)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// Checks a file with a secret that somebody else reads.
///
/// # Errors
/// See [`SecretFileError`].
pub fn check_secret(path: &Path) -> Result<(), SecretFileError> {
    Ok(check(path, &path.metadata()?)?)
}

/// Refuses a file whose group or all others may do anything with it. The group of a file of root's
/// may read it: systemd (`LoadCredential`) and Kubernetes (`fsGroup`) hand secrets over like this.
/// A pipe or a terminal is nobody else's to open.
fn check(path: &Path, found: &Metadata) -> Result<(), OpenToOthers> {
    let mode = found.mode() & 0o7777;
    let allowed = if found.uid() == ROOT { GROUP_READS } else { 0 };
    if !found.is_file() || mode & GROUP_AND_OTHERS & !allowed == 0 {
        return Ok(());
    }
    Err(OpenToOthers { path: path.to_owned(), mode })
}

/// A path as a word of a shell, on one line.
struct ShellWord<'a>(&'a Path);

impl fmt::Display for ShellWord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string_lossy();
        let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "/._-+:,@%".contains(sign);
        if text.chars().all(is_plain) { f.write_str(&text) } else { write!(f, "{text:?}") }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, chown};

    use super::*;

    #[test]
    fn only_the_owner_may_read_a_secret_and_the_group_of_a_file_of_roots() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a secret");
        std::fs::write(&path, "user:password").unwrap();
        let is_root = path.metadata().unwrap().uid() == ROOT;
        // Only root can make a file that belongs to another user.
        let owners: &[Option<u32>] = if is_root { &[Some(0), Some(10_001)] } else { &[None] };
        for owner in owners {
            chown(&path, *owner, None).unwrap();
            for mode in [0o600, 0o400, 0o700, 0o440, 0o640, 0o444, 0o660, 0o604, 0o602, 0o610] {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
                let of_group = matches!(mode, 0o440 | 0o640) && *owner == Some(0);
                let is_taken = matches!(mode, 0o600 | 0o400 | 0o700) || of_group;
                assert_eq!(read_secret(&path).is_ok(), is_taken, "{owner:?} {mode:o}");
                assert_eq!(check_secret(&path).is_ok(), is_taken, "{owner:?} {mode:o}");
            }
        }
        let error = read_secret(&path).unwrap_err().to_string();
        let name = path.to_str().unwrap();
        assert!(error.ends_with(&format!("chmod 600 \"{name}\"")), "{error}");
        assert!(!error.contains("password"), "{error}");
        assert!(matches!(check_secret(&folder.path().join("none")), Err(SecretFileError::Io(_))));
    }
}
