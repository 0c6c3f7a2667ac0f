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

/// Writes events of domains that the caller holds, in one statement.
pub async fn insert(connection: &mut PgConnection, rows: &[EventRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&EventRow) -> Option<&str>| rows.iter().map(of).collect::<Vec<_>>();
    let evidence = rows.iter().map(|row| row.evidence.as_ref().map(|seen| storable_json("evidence", seen)).transpose());
    let by_whom: Vec<String> = rows.iter().map(|row| storable(&row.by_whom)).collect();
    sqlx::query!(
        "INSERT INTO events (id, domain_id, at, kind, by_whom, record, from_status, to_status, evidence)
         SELECT * FROM UNNEST(
             $1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::jsonb[])",
        &rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.domain_id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.at).collect::<Vec<_>>(),
        &column(|row| Some(&row.kind)) as &[Option<&str>],
        &by_whom,
        &column(|row| row.record.as_deref()) as &[Option<&str>],
        &column(|row| row.from_status.as_deref()) as &[Option<&str>],
        &column(|row| row.to_status.as_deref()) as &[Option<&str>],
        &evidence.collect::<Result<Vec<_>, _>>()? as &[Option<Value>],
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
