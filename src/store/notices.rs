//! What there is to tell. Written in the transaction of the change, handed on once, kept for a while.

use serde_json::Value;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::StoreError;
use super::text::{read_json, read_word, storable_json};
use crate::lifecycle::notice::{Facts, Notice, NoticeKind};

/// After so long, many domains that turn bad at once are news again.
const MANY_AT_ONCE_AGAIN: Duration = Duration::hours(6);

/// Writes a notice of a team, or of the platform (`None`).
pub async fn insert(connection: &mut PgConnection, team_id: Option<Uuid>, notice: &Notice) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO notices (id, team_id, kind, at, facts) VALUES ($1, $2, $3, $4, $5)",
        notice.id,
        team_id,
        notice.kind.as_str(),
        notice.at,
        storable_json("facts", &notice.facts)?,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Tells administrators that so many domains turned bad at once that nobody believes it. Replicas, and slot after
/// slot, find the same; it is told once in six hours. The caller has a transaction.
pub async fn insert_many_at_once(
    connection: &mut PgConnection,
    count: u64,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(r#"SELECT pg_advisory_xact_lock(7235420) AS "void: ()""#).fetch_one(&mut *connection).await?;
    let is_told = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM notices WHERE kind = 'many_at_once' AND at > $1) AS "is_told!""#,
        now - MANY_AT_ONCE_AGAIN,
    )
    .fetch_one(&mut *connection)
    .await?;
    if is_told {
        return Ok(());
    }
    let facts = Facts { count: Some(count), ..Facts::default() };
    let notice = Notice { id: Uuid::now_v7(), kind: NoticeKind::ManyAtOnce, at: now, facts };
    insert(connection, None, &notice).await
}

/// The teams (`None`: the platform) for which something waits, those that wait longest first.
pub async fn list_waiting_teams(connection: &mut PgConnection, limit: i64) -> Result<Vec<Option<Uuid>>, StoreError> {
    let teams = sqlx::query_scalar!(
        "SELECT team_id FROM notices WHERE handed_at IS NULL GROUP BY team_id ORDER BY min(at) LIMIT $1",
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(teams)
}

/// Takes a team's notices for this transaction alone. False: another replica has them.
pub async fn try_lock(connection: &mut PgConnection, team_id: Option<Uuid>) -> Result<bool, StoreError> {
    let is_locked = sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_xact_lock(7235421, hashtext($1)) AS "is_locked!""#,
        team_id.unwrap_or_default().to_string(),
    )
    .fetch_one(connection)
    .await?;
    Ok(is_locked)
}

/// What waits for a team, oldest first.
pub async fn list_waiting(
    connection: &mut PgConnection,
    team_id: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Notice>, StoreError> {
    let rows = sqlx::query_as!(
        StoredNotice,
        "SELECT id, kind, at, facts
         FROM notices
         WHERE handed_at IS NULL
           AND team_id IS NOT DISTINCT FROM $1
         ORDER BY id
         LIMIT $2",
        team_id,
        limit,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Notice::try_from).collect()
}

/// How many of a team's notices were handed on after `since`.
pub async fn count_handed(
    connection: &mut PgConnection,
    team_id: Option<Uuid>,
    since: OffsetDateTime,
) -> Result<usize, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM notices WHERE handed_at > $2 AND team_id IS NOT DISTINCT FROM $1"#,
        team_id,
        since,
    )
    .fetch_one(connection)
    .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Notes that deliveries were made of these.
pub async fn set_handed(connection: &mut PgConnection, ids: &[Uuid], now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("UPDATE notices SET handed_at = $2 WHERE id = ANY($1)", ids, now).execute(connection).await?;
    Ok(())
}

/// How many wait.
pub async fn count_waiting(connection: &mut PgConnection) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM notices WHERE handed_at IS NULL"#)
        .fetch_one(connection)
        .await?;
    Ok(count)
}

/// Forgets what was handed on before.
pub async fn delete_handed_before(connection: &mut PgConnection, before: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM notices WHERE handed_at < $1", before).execute(connection).await?;
    Ok(())
}

/// A row as PostgreSQL has it.
struct StoredNotice {
    id: Uuid,
    kind: String,
    at: OffsetDateTime,
    facts: Value,
}

impl TryFrom<StoredNotice> for Notice {
    type Error = StoreError;
    fn try_from(row: StoredNotice) -> Result<Self, StoreError> {
        Ok(Self { id: row.id, kind: read_word("kind", row.kind)?, at: row.at, facts: read_json("facts", row.facts)? })
    }
}
