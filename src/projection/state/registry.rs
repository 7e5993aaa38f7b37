//! Which projections there are, and which versions of each.
//! Always: a swap of versions is one transaction; a file of a version that is not listed here is
//! deleted at the next start.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::file::{ProjectionStateError, connect, delete};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS version (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, role TEXT NOT NULL,
    projection TEXT NOT NULL, summary TEXT, chart TEXT, fixtures TEXT,
    UNIQUE (name, role)
) STRICT;
";

/// The number of a version; no two versions ever have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(pub i64);

/// What a version is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionRole {
    /// It answers.
    Current,
    /// It is the current one, but rests on what was erased: nothing answers until the rebuild is
    /// done.
    Withheld,
    /// It is built beside the current one, and takes its place when it has caught up.
    Rebuild,
}

impl VersionRole {
    const fn code(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Withheld => "withheld",
            Self::Rebuild => "rebuild",
        }
    }

    fn of_code(code: &str) -> Self {
        let roles = [Self::Current, Self::Withheld, Self::Rebuild];
        roles.into_iter().find(|role| role.code() == code).unwrap_or(Self::Rebuild)
    }
}

/// A version as it is kept.
#[derive(Debug, Clone)]
pub struct KeptVersion {
    /// Its number.
    pub id: VersionId,
    /// The name of its projection.
    pub name: String,
    /// What it is for.
    pub role: VersionRole,
    /// Its parts: projection, summary, chart, fixtures.
    pub parts: [Option<String>; 4],
}

/// See the module.
pub struct VersionRegistry {
    folder: PathBuf,
    connection: Connection,
}

impl VersionRegistry {
    /// Opens the registry in a folder, and makes both if they are not there. Deletes the files of
    /// versions that are no more.
    ///
    /// # Errors
    /// The folder or a file cannot be made or read.
    pub fn open(folder: &Path) -> Result<Self, ProjectionStateError> {
        // A folder that cannot be made shows when its file is opened.
        let _ = std::fs::create_dir_all(folder);
        let connection = connect(&folder.join("registry.db"))?;
        connection.execute_batch("PRAGMA synchronous = FULL;")?;
        connection.execute_batch(TABLES)?;
        let registry = Self { folder: folder.to_owned(), connection };
        registry.delete_leftovers()?;
        Ok(registry)
    }

    /// The file of a version, in the folder of a registry.
    pub fn file(folder: &Path, id: VersionId) -> PathBuf {
        folder.join(format!("{}.db", id.0))
    }

    /// All versions.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub fn versions(&self) -> Result<Vec<KeptVersion>, ProjectionStateError> {
        let mut all = self.connection.prepare(
            "SELECT id, name, role, projection, summary, chart, fixtures FROM version ORDER BY id",
        )?;
        let rows = all.query_map([], |row| {
            let role: String = row.get(2)?;
            Ok(KeptVersion {
                id: VersionId(row.get(0)?),
                name: row.get(1)?,
                role: VersionRole::of_code(&role),
                parts: [row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?],
            })
        })?;
        rows.collect()
    }

    /// Keeps a new version in a role. A version that had the role before is no more.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub fn add(
        &mut self,
        name: &str,
        role: VersionRole,
        parts: &[Option<String>; 4],
    ) -> Result<VersionId, ProjectionStateError> {
        let transaction = self.connection.transaction()?;
        delete_role(&transaction, name, role)?;
        transaction.execute(
            "INSERT INTO version (name, role, projection, summary, chart, fixtures)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![name, role.code(), parts[0], parts[1], parts[2], parts[3]],
        )?;
        let id = VersionId(transaction.last_insert_rowid());
        transaction.commit()?;
        Ok(id)
    }

    /// Puts the rebuild in the place of the current version, which is no more.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub fn swap(&mut self, name: &str) -> Result<(), ProjectionStateError> {
        let transaction = self.connection.transaction()?;
        delete_role(&transaction, name, VersionRole::Current)?;
        set_role(&transaction, name, VersionRole::Rebuild, VersionRole::Current)?;
        transaction.commit()
    }

    /// Withholds the current version. [`Self::swap`] or a new current version ends that.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub fn withhold(&mut self, name: &str) -> Result<(), ProjectionStateError> {
        set_role(&self.connection, name, VersionRole::Current, VersionRole::Withheld)
    }

    /// Forgets the rebuild of a projection.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub fn drop_rebuild(&mut self, name: &str) -> Result<(), ProjectionStateError> {
        let keys = [name, VersionRole::Rebuild.code()];
        self.connection.execute("DELETE FROM version WHERE name = ?1 AND role = ?2", keys)?;
        Ok(())
    }

    /// Forgets all versions of a projection.
    ///
    /// # Errors
    /// The registry cannot be written.
    pub fn remove(&mut self, name: &str) -> Result<(), ProjectionStateError> {
        self.connection.execute("DELETE FROM version WHERE name = ?1", [name])?;
        Ok(())
    }

    /// Deletes the files of versions that are no more.
    ///
    /// # Errors
    /// The registry cannot be read. A file that cannot be deleted is tried again at the next start.
    fn delete_leftovers(&self) -> Result<(), ProjectionStateError> {
        let kept: Vec<PathBuf> =
            self.versions()?.iter().map(|version| Self::file(&self.folder, version.id)).collect();
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for path in files.map(|file| file.path()) {
            let is_of_a_version = path.extension().is_some_and(|ending| ending == "db")
                && path.file_stem().is_some_and(|stem| stem != "registry");
            let is_left_over = is_of_a_version && !kept.contains(&path);
            if let Some(Err(error)) = is_left_over.then(|| delete(&path)) {
                tracing::warn!(error = %error, "a file of a projection cannot be deleted");
            }
        }
        Ok(())
    }
}

/// Forgets the version of a role. A withheld version is the current one too.
fn delete_role(
    connection: &Connection,
    name: &str,
    role: VersionRole,
) -> Result<(), ProjectionStateError> {
    let withheld = match role {
        VersionRole::Current => VersionRole::Withheld,
        other => other,
    };
    connection.execute(
        "DELETE FROM version WHERE name = ?1 AND role IN (?2, ?3)",
        [name, role.code(), withheld.code()],
    )?;
    Ok(())
}

fn set_role(
    connection: &Connection,
    name: &str,
    before: VersionRole,
    after: VersionRole,
) -> Result<(), ProjectionStateError> {
    connection.execute(
        "UPDATE version SET role = ?3 WHERE name = ?1 AND role = ?2",
        [name, before.code(), after.code()],
    )?;
    Ok(())
}
