//! The domains of a team. Every query names the team: what belongs to another one is not there.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::text::{read_count, read_json, read_word, storable_json};
use crate::diagnosis::Finding;
use crate::lifecycle::Status;
use crate::records::DomainName;

#[derive(Debug, Clone, PartialEq)]
pub struct DomainRow {
    pub id: Uuid,
    pub team_id: Uuid,
    pub name: DomainName,
    pub unicode_name: String,
    pub zone: String,
    pub status: Status,
    pub tags: BTreeMap<String, String>,
    pub created_at: OffsetDateTime,
    pub verified_at: Option<OffsetDateTime>,
    pub last_checked_at: Option<OffsetDateTime>,
    pub at_risk_since: Option<OffsetDateTime>,
    pub unknown_since: Option<OffsetDateTime>,
    /// `None` before the first answered check.
    pub is_mx_required: Option<bool>,
    pub required_verified: u32,
    pub required_total: u32,
    pub findings: Vec<Finding>,
}

/// Adds a domain; `Duplicate` where the team has it already.
pub async fn insert(connection: &mut PgConnection, row: &DomainRow) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO domains
             (id, team_id, name, unicode_name, zone, status, tags, created_at, verified_at, last_checked_at,
              at_risk_since, unknown_since, is_mx_required, required_verified, required_total, findings)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        row.id,
        row.team_id,
        row.name.as_str(),
        row.unicode_name,
        row.zone,
        row.status.as_str(),
        storable_json("tags", &row.tags)?,
        row.created_at,
        row.verified_at,
        row.last_checked_at,
        row.at_risk_since,
        row.unknown_since,
        row.is_mx_required,
        row.required_verified as i32,
        row.required_total as i32,
        storable_json("findings", &row.findings)?,
    )
    .execute(connection)
    .await?;
    Ok(())
}

macro_rules! select_domains {
    ($tail:tt, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            StoredDomain,
            "SELECT
                 id,
                 team_id,
                 name,
                 unicode_name,
                 zone,
                 status,
                 tags,
                 created_at,
                 verified_at,
                 last_checked_at,
                 at_risk_since,
                 unknown_since,
                 is_mx_required,
                 required_verified,
                 required_total,
                 findings
             " + $tail,
            $($argument),*
        )
    };
}

mod counts;
mod list;
mod looked;

pub use counts::count_by_status;
pub use list::{Filter, count, list};
pub use looked::looked_days;

/// The team's domain of that id or name; the name folds case and one final dot and may be in Unicode.
pub async fn find(
    connection: &mut PgConnection,
    team_id: Uuid,
    id_or_name: &str,
) -> Result<Option<DomainRow>, StoreError> {
    let id = Uuid::parse_str(id_or_name).ok();
    let name = DomainName::parse(id_or_name).ok().map(String::from);
    let found = select_domains!("FROM domains WHERE team_id = $1 AND (id = $2 OR name = $3)", team_id, id, name)
        .fetch_optional(connection)
        .await?;
    found.map(DomainRow::try_from).transpose()
}

/// Domains of any team, for the background verifier; in no order.
pub async fn list_by_ids(connection: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<DomainRow>, StoreError> {
    let rows = select_domains!("FROM domains WHERE id = ANY($1)", ids).fetch_all(connection).await?;
    rows.into_iter().map(DomainRow::try_from).collect()
}

/// Those of the names that the team has.
pub async fn known_names(
    connection: &mut PgConnection,
    team_id: Uuid,
    names: &[String],
) -> Result<HashSet<String>, StoreError> {
    let known = sqlx::query_scalar!("SELECT name FROM domains WHERE team_id = $1 AND name = ANY($2)", team_id, names)
        .fetch_all(connection)
        .await?;
    Ok(known.into_iter().collect())
}

/// Replaces the tags; false where the team has no such domain.
pub async fn set_tags(
    connection: &mut PgConnection,
    team_id: Uuid,
    id: Uuid,
    tags: &BTreeMap<String, String>,
) -> Result<bool, StoreError> {
    let tags = storable_json("tags", tags)?;
    let done = sqlx::query!("UPDATE domains SET tags = $3 WHERE team_id = $1 AND id = $2", team_id, id, tags)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes the domain with its keys, records and events; false where the team has no such domain.
pub async fn delete(connection: &mut PgConnection, team_id: Uuid, id: Uuid) -> Result<bool, StoreError> {
    let done =
        sqlx::query!("DELETE FROM domains WHERE team_id = $1 AND id = $2", team_id, id).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

/// The domain as it stands now, held until the transaction ends, so that two checks write one after the other.
/// `None` where it was deleted meanwhile.
pub async fn lock_for_check(
    connection: &mut PgConnection,
    team_id: Uuid,
    id: Uuid,
) -> Result<Option<DomainRow>, StoreError> {
    let found = select_domains!("FROM domains WHERE team_id = $1 AND id = $2 FOR NO KEY UPDATE", team_id, id)
        .fetch_optional(connection)
        .await?;
    found.map(DomainRow::try_from).transpose()
}

/// Writes what a check may change: zone, status, times, counts, findings. Name and tags stay.
pub async fn update_after_check(connection: &mut PgConnection, row: &DomainRow) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE domains
         SET zone = $3,
             status = $4,
             verified_at = $5,
             last_checked_at = $6,
             at_risk_since = $7,
             unknown_since = $8,
             is_mx_required = $9,
             required_verified = $10,
             required_total = $11,
             findings = $12,
             looked_days = looked_with(looked_days, looked_until, ($6 AT TIME ZONE 'UTC')::date),
             looked_until = looked_until_with(looked_until, ($6 AT TIME ZONE 'UTC')::date)
         WHERE team_id = $1
           AND id = $2",
        row.team_id,
        row.id,
        row.zone,
        row.status.as_str(),
        row.verified_at,
        row.last_checked_at,
        row.at_risk_since,
        row.unknown_since,
        row.is_mx_required,
        row.required_verified as i32,
        row.required_total as i32,
        storable_json("findings", &row.findings)?,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether any other domain, of whatever team, was looked at since then and could be asked.
pub async fn is_another_answered(
    connection: &mut PgConnection,
    id: Uuid,
    since: OffsetDateTime,
) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM domains WHERE id <> $1 AND unknown_since IS NULL AND last_checked_at >= $2
           ) AS "is_found!""#,
        id,
        since,
    )
    .fetch_one(connection)
    .await?;
    Ok(found)
}

/// A row as PostgreSQL has it.
struct StoredDomain {
    id: Uuid,
    team_id: Uuid,
    name: String,
    unicode_name: String,
    zone: String,
    status: String,
    tags: Value,
    created_at: OffsetDateTime,
    verified_at: Option<OffsetDateTime>,
    last_checked_at: Option<OffsetDateTime>,
    at_risk_since: Option<OffsetDateTime>,
    unknown_since: Option<OffsetDateTime>,
    is_mx_required: Option<bool>,
    required_verified: i32,
    required_total: i32,
    findings: Value,
}

impl TryFrom<StoredDomain> for DomainRow {
    type Error = StoreError;
    fn try_from(row: StoredDomain) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            team_id: row.team_id,
            name: read_word("name", row.name)?,
            unicode_name: row.unicode_name,
            zone: row.zone,
            status: read_word("status", row.status)?,
            tags: read_json("tags", row.tags)?,
            created_at: row.created_at,
            verified_at: row.verified_at,
            last_checked_at: row.last_checked_at,
            at_risk_since: row.at_risk_since,
            unknown_since: row.unknown_since,
            is_mx_required: row.is_mx_required,
            required_verified: read_count("required_verified", row.required_verified)?,
            required_total: read_count("required_total", row.required_total)?,
            findings: read_json("findings", row.findings)?,
        })
    }
}
