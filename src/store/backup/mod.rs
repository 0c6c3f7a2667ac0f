//! Everything that the database holds in one file, and back: for safety, and for moving from the embedded database to
//! one's own.
//!
//! The file is one moment of the database (a single snapshot, so a server may go on working), table by table as the
//! catalogue lists them, so that no table of a later migration is forgotten. It holds the *fingerprint* of the secret
//! key and not the key: what is sealed opens only beside the key, which is kept apart.
//!
//! Sessions and API tokens are part of it, as hashes: whoever finds the file signs in nowhere, and whoever moves a
//! console signs nobody out. A backup is a moment of the past, though: what was ended since (a session, a token, a
//! disabled user, an old password) is not ended in what is restored from it.

mod catalogue;
mod container;
mod dump;
mod load;
#[cfg(test)]
mod tests;

use thiserror::Error;
use time::OffsetDateTime;

use super::StoreError;
pub use container::{Contents, check};
pub use dump::dump;
pub use load::load;
use sqlx::postgres::PgConnectOptions;

/// Why there is no backup, or nothing was restored.
#[derive(Debug, Error)]
pub enum BackupError {
    #[error("this is not a backup of signet")]
    NotABackup,
    #[error("the file is damaged or incomplete: {0}")]
    Damaged(&'static str),
    #[error("the file was made by a newer signet ({0}); restore it with that version or a later one")]
    Newer(String),
    #[error("the database holds no tables of signet, so there is nothing to back up")]
    NothingThere,
    #[error("the database is not empty ({0}); a backup is restored into an empty one only")]
    NotEmpty(String),
    #[error("the database was set up by another version than the file; restore into one that holds no tables at all")]
    OtherSchema,
    #[error("the file cannot be read or written")]
    File(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Tells the console that a backup is whole. Nothing is told where the database is of a version that keeps no such note.
pub async fn note(options: PgConnectOptions, finished_at: OffsetDateTime) -> Result<(), BackupError> {
    let (mut connection, _) = super::pool::connect_as_owner(options).await?;
    let keeps_notes = catalogue::tables(&mut connection).await?.iter().any(|table| table.name == "last_backup");
    if keeps_notes {
        super::last_backup::put(&mut connection, finished_at).await?;
    }
    Ok(sqlx::Connection::close(connection).await?)
}

/// What a backup came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub made_at: OffsetDateTime,
    pub tables: usize,
    pub rows: u64,
}
