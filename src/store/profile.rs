//! The sending profile: every version it ever had, never changed, and the last look at its own names.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;
use super::text::{read_count, read_json, storable_json};
use crate::diagnosis::profile::PartDiagnosis;
use crate::records::profile::ProfileVersion;

/// Every version, the newest first; none before an SPF mechanism is known.
pub async fn list_versions(connection: &mut PgConnection) -> Result<Vec<ProfileVersion>, StoreError> {
    let rows = sqlx::query_as!(
        StoredVersion,
        "SELECT
             number,
             profile,
             saved_at,
             by_whom,
             cut_over_at
         FROM profile_versions
         ORDER BY number DESC",
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(ProfileVersion::try_from).collect()
}

/// Adds a version; `Duplicate` where somebody else has added that number meanwhile.
pub async fn insert(connection: &mut PgConnection, version: &ProfileVersion) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO profile_versions (number, profile, saved_at, by_whom, cut_over_at) VALUES ($1, $2, $3, $4, $5)",
        version.number as i32,
        storable_json("profile", &version.profile)?,
        version.saved_at,
        version.by,
        version.cut_over_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What the last look at the profile's own names found.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileCheckRow {
    /// The version looked at.
    pub version: u32,
    pub checked_at: OffsetDateTime,
    pub parts: Vec<PartDiagnosis>,
}

/// `None` before the first look.
pub async fn find_check(connection: &mut PgConnection) -> Result<Option<ProfileCheckRow>, StoreError> {
    let row = sqlx::query!("SELECT version, checked_at, parts FROM profile_check").fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(ProfileCheckRow {
        version: read_count("version", row.version)?,
        checked_at: row.checked_at,
        parts: read_json("parts", row.parts)?,
    }))
}

/// Waits for others who keep a look, until the transaction ends.
pub async fn lock_check(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!(r#"SELECT pg_advisory_xact_lock(7235422) AS "void: ()""#).fetch_one(connection).await?;
    Ok(())
}

/// Keeps the look, unless a newer version was looked at meanwhile.
pub async fn save_check(connection: &mut PgConnection, check: &ProfileCheckRow) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO profile_check (version, checked_at, parts) VALUES ($1, $2, $3)
         ON CONFLICT (id) DO UPDATE
         SET version = excluded.version,
             checked_at = excluded.checked_at,
             parts = excluded.parts
         WHERE profile_check.version <= excluded.version",
        check.version as i32,
        check.checked_at,
        storable_json("parts", &check.parts)?,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// How many domains an edit can touch, of all teams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DomainCounts {
    pub all: u64,
    /// Those whose MX is asked for, or not decided yet.
    pub with_mx: u64,
    /// Those that were verified once, of all.
    pub verified: u64,
    /// Those that were verified once, of the ones whose MX is asked for.
    pub verified_with_mx: u64,
}

pub async fn count_domains(connection: &mut PgConnection) -> Result<DomainCounts, StoreError> {
    let row = sqlx::query!(
        r#"SELECT
               count(*) AS "all!",
               count(*) FILTER (WHERE is_mx_required IS NOT FALSE) AS "with_mx!",
               count(verified_at) AS "verified!",
               count(verified_at) FILTER (WHERE is_mx_required IS NOT FALSE) AS "verified_with_mx!"
           FROM domains"#,
    )
    .fetch_one(connection)
    .await?;
    Ok(DomainCounts {
        all: row.all.unsigned_abs(),
        with_mx: row.with_mx.unsigned_abs(),
        verified: row.verified.unsigned_abs(),
        verified_with_mx: row.verified_with_mx.unsigned_abs(),
    })
}

/// A row as PostgreSQL has it.
struct StoredVersion {
    number: i32,
    profile: Value,
    saved_at: OffsetDateTime,
    by_whom: String,
    cut_over_at: Option<OffsetDateTime>,
}

impl TryFrom<StoredVersion> for ProfileVersion {
    type Error = StoreError;
    fn try_from(row: StoredVersion) -> Result<Self, StoreError> {
        Ok(Self {
            number: read_count("number", row.number)?,
            profile: read_json("profile", row.profile)?,
            saved_at: row.saved_at,
            by: row.by_whom,
            cut_over_at: row.cut_over_at,
        })
    }
}
