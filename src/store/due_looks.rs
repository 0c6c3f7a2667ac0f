//! The looks that have a date of their own: at domains that are pending, at risk or failed.
//!
//! A look is claimed under a lease; what is written under it names the lease's fence and writes nothing once the row
//! is another's. Leases run by the database's clock, so that replicas need not agree on the time.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{StoreError, lease};
use crate::lifecycle::schedule::{Due, Rank};

/// A claimed look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueLease {
    pub domain_id: Uuid,
    pub team_id: Uuid,
    pub fence: i64,
}

/// A look that is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueRow {
    pub due_at: OffsetDateTime,
    /// Created, or clicked last.
    pub since: OffsetDateTime,
}

/// Plans the next look and takes the domain from whoever has claimed it; `None`: the slot of verified domains decides.
pub async fn plan(
    connection: &mut PgConnection,
    domain_id: Uuid,
    since: OffsetDateTime,
    due: Option<Due>,
) -> Result<(), StoreError> {
    let Some(due) = due else {
        sqlx::query!("DELETE FROM due_looks WHERE domain_id = $1", domain_id).execute(connection).await?;
        return Ok(());
    };
    sqlx::query!(
        "INSERT INTO due_looks (domain_id, due_at, rank, since)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (domain_id) DO UPDATE
         SET due_at = excluded.due_at,
             rank = excluded.rank,
             since = excluded.since,
             fence = due_looks.fence + 1,
             leased_until = NULL",
        domain_id,
        due.at,
        due.rank as i16,
        since,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Plans looks at `at` for domains that have no date of their own; what is planned already stays.
pub async fn plan_many(connection: &mut PgConnection, domain_ids: &[Uuid], due: Due) -> Result<(), StoreError> {
    if domain_ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO due_looks (domain_id, due_at, rank, since)
         SELECT domains.id, $2, $3, $2
         FROM domains
         WHERE domains.id = ANY($1)
         ORDER BY domains.id
         FOR KEY SHARE
         ON CONFLICT (domain_id) DO NOTHING",
        domain_ids,
        due.at,
        due.rank as i16,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What is planned for a domain; held until the transaction ends.
pub async fn find(connection: &mut PgConnection, domain_id: Uuid) -> Result<Option<DueRow>, StoreError> {
    let row = sqlx::query_as!(
        DueRow,
        "SELECT due_at, since FROM due_looks WHERE domain_id = $1 FOR NO KEY UPDATE",
        domain_id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

/// Claims at most `limit` looks of one rank that are due at `now`, the longest overdue first, for `lease_s` seconds.
/// What another replica claims at the same moment is passed over.
pub async fn claim(
    connection: &mut PgConnection,
    rank: Rank,
    now: OffsetDateTime,
    lease_s: f64,
    limit: i64,
) -> Result<Vec<DueLease>, StoreError> {
    let rows = sqlx::query_as!(
        DueLease,
        "WITH taken AS (
             SELECT domain_id
             FROM due_looks
             WHERE rank = $1
               AND due_at <= $2
               AND (leased_until IS NULL OR leased_until < clock_timestamp())
             ORDER BY due_at
             LIMIT $4
             FOR UPDATE SKIP LOCKED
         )
         UPDATE due_looks
         SET fence = fence + 1,
             leased_until = clock_timestamp() + make_interval(secs => $3)
         FROM taken
         JOIN domains ON domains.id = taken.domain_id
         WHERE due_looks.domain_id = taken.domain_id
         RETURNING due_looks.domain_id, domains.team_id, due_looks.fence",
        rank as i16,
        now,
        lease_s,
        limit,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// Whether the claim still stands; held until the transaction ends.
pub async fn is_held(connection: &mut PgConnection, lease: DueLease) -> Result<bool, StoreError> {
    lease::is_held!(connection, "due_looks", "domain_id", lease.domain_id, lease.fence)
}

/// Makes looks due that are planned further ahead than `longest_s` from `now`, and frees those that are overdue and
/// claimed for longer than any lease lasts. Gives how many.
pub async fn mend(connection: &mut PgConnection, now: OffsetDateTime, longest_s: f64) -> Result<u64, StoreError> {
    // Rank by rank, for the index begins with it.
    let planned = sqlx::query!(
        "UPDATE due_looks
         SET due_at = $1
         WHERE rank IN (0, 1, 2)
           AND due_at > $1::timestamptz + make_interval(secs => $2)",
        now,
        longest_s,
    )
    .execute(&mut *connection)
    .await?;
    let leased = sqlx::query!(
        "UPDATE due_looks
         SET leased_until = NULL,
             fence = fence + 1
         WHERE rank IN (0, 1, 2)
           AND due_at <= $1
           AND leased_until > clock_timestamp() + interval '10 minutes'",
        now,
    )
    .execute(connection)
    .await?;
    Ok(planned.rows_affected() + leased.rows_affected())
}

/// How many looks are overdue at `now`, and since when the oldest one is.
pub async fn overdue(
    connection: &mut PgConnection,
    now: OffsetDateTime,
) -> Result<(i64, Option<OffsetDateTime>), StoreError> {
    let row =
        sqlx::query!(r#"SELECT count(*) AS "count!", min(due_at) AS oldest FROM due_looks WHERE due_at <= $1"#, now)
            .fetch_one(connection)
            .await?;
    Ok((row.count, row.oldest))
}
