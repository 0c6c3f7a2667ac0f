//! What happened to a domain. Written in the transaction that made it happen, never changed.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::text::{storable, storable_json};

#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// UUIDv7: its order is the order of time.
    pub id: Uuid,
    pub domain_id: Uuid,
    pub at: OffsetDateTime,
    /// `created`, `record_status`, `domain_status`, `unreachable`, `key`.
    pub kind: String,
    /// A user's address, a token's name, or `sweep`.
    pub by_whom: String,
    /// The record's key; `None` for the domain itself.
    pub record: Option<String>,
    pub from_status: Option<String>,
    pub to_status: Option<String>,
    pub evidence: Option<Value>,
}

/// Writes an event of a domain that the caller holds.
pub async fn insert(connection: &mut PgConnection, row: &EventRow) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO events (id, domain_id, at, kind, by_whom, record, from_status, to_status, evidence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        row.id,
        row.domain_id,
        row.at,
        row.kind,
        storable(&row.by_whom),
        row.record,
        row.from_status,
        row.to_status,
        row.evidence.as_ref().map(|evidence| storable_json("evidence", evidence)).transpose()?,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// At most `limit` events of the team's domain, newest first; only those older than `before` where it is given.
pub async fn list(
    connection: &mut PgConnection,
    team_id: Uuid,
    domain_id: Uuid,
    limit: u32,
    before: Option<Uuid>,
) -> Result<Vec<EventRow>, StoreError> {
    let rows = sqlx::query_as!(
        EventRow,
        "SELECT
             events.id,
             events.domain_id,
             events.at,
             events.kind,
             events.by_whom,
             events.record,
             events.from_status,
             events.to_status,
             events.evidence
         FROM events
         JOIN domains ON domains.id = events.domain_id
         WHERE domains.team_id = $1
           AND domains.id = $2
           AND events.id < $3
         ORDER BY events.id DESC
         LIMIT $4",
        team_id,
        domain_id,
        before.unwrap_or(Uuid::max()),
        i64::from(limit),
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}
