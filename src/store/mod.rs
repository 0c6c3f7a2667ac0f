//! What is remembered, in PostgreSQL: one file a table. SQL stands here alone.
//!
//! Functions take a connection, so that the caller who owns the story opens the transaction ([`begin`], [`commit`]).
//! Whatever belongs to a team is asked for by team. Rows are plain structs of the inner layers' types; the sentences
//! about them are made elsewhere.

pub mod about;
pub mod alert_addresses;
pub mod backup;
pub mod bad_news;
pub mod deliveries;
pub mod domains;
pub mod due_looks;
pub mod embedded;
pub mod events;
pub mod jobs;
pub mod keys;
pub mod last_backup;
mod lease;
pub mod login_failures;
pub mod look_prints;
pub mod notices;
pub mod password_resets;
pub mod pool;
pub mod profile;
pub mod records;
mod roles;
pub mod sessions;
pub mod setup;
pub mod shares;
pub mod sweep_slots;
pub mod teams;
pub mod text;
pub mod tokens;
pub mod users;
pub mod webhooks;

use sqlx::error::ErrorKind;
use thiserror::Error;

pub use pool::{Migrated, Pool, begin, commit, is_ready, migrate, open, options};
pub use roles::Role;

/// Why the store did not do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A unique constraint of ours: the team has this domain, somebody has this address, the selector is taken.
    #[error("it exists already")]
    Duplicate,
    /// The database is away, shutting down, or too busy to answer in time. Nothing was changed.
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    #[error("the database failed")]
    Other(#[source] sqlx::Error),
}

/// The unique constraints whose violation is somebody's choice and no fault of ours.
const DUPLICATES: [&str; 7] = [
    "domains_team_name",
    "users_email",
    "dkim_keys_domain_selector",
    "teams_name",
    "profile_versions_pkey",
    "alert_addresses_team_address",
    "webhooks_team_url",
];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(cause) if is_away(cause.code().as_deref().unwrap_or_default()) => {
                Self::Unavailable(error)
            }
            sqlx::Error::Database(cause)
                if cause.kind() == ErrorKind::UniqueViolation
                    && cause.constraint().is_some_and(|name| DUPLICATES.contains(&name)) =>
            {
                Self::Duplicate
            }
            _ => Self::Other(error),
        }
    }
}

impl StoreError {
    /// A stored value that the program cannot read: a newer version wrote it, or somebody's hand did.
    fn unreadable(column: &str, cause: impl std::fmt::Display) -> Self {
        Self::Other(sqlx::Error::Decode(format!("column {column}: {cause}").into()))
    }
}

/// SQLSTATEs of a server that is starting, stopping, failing over or too busy (PostgreSQL, appendix A).
fn is_away(code: &str) -> bool {
    let is_lost_connection = code.starts_with("08");
    let is_out_of_connections_or_memory = code.starts_with("53");
    let is_stopping_or_timed_out = code.starts_with("57");
    let is_locked_or_deadlocked = matches!(code, "55P03" | "40P01" | "40001");
    let is_a_standby = code == "25006";
    is_lost_connection
        || is_out_of_connections_or_memory
        || is_stopping_or_timed_out
        || is_locked_or_deadlocked
        || is_a_standby
}

#[cfg(test)]
mod roles_tests;
#[cfg(test)]
mod tests;
