//! Work on many domains: what was asked for, line by line, and what came of each.
//!
//! A piece of a job is claimed under a lease. Each line's outcome is written in the transaction that does it and only
//! where it has none, so that a line is done once, whoever works on it and however often the program is killed.

pub mod lines;

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::text::{read_json, storable, storable_json};

#[derive(Debug, Clone)]
pub struct JobRow {
    pub id: Uuid,
    pub team_id: Uuid,
    pub user_id: Uuid,
    pub by_whom: String,
    /// `import`, `verify`, `tag`, `delete`.
    pub kind: String,
    pub tags: BTreeMap<String, String>,
    pub total: u32,
    pub created_at: OffsetDateTime,
    pub started_at: Option<OffsetDateTime>,
    pub finished_at: Option<OffsetDateTime>,
}

struct StoredJob {
    id: Uuid,
    team_id: Uuid,
    user_id: Uuid,
    by_whom: String,
    kind: String,
    tags: Value,
    total: i32,
    created_at: OffsetDateTime,
    started_at: Option<OffsetDateTime>,
    finished_at: Option<OffsetDateTime>,
}

impl TryFrom<StoredJob> for JobRow {
    type Error = StoreError;
    fn try_from(row: StoredJob) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            team_id: row.team_id,
            user_id: row.user_id,
            by_whom: row.by_whom,
            kind: row.kind,
            tags: read_json("tags", row.tags)?,
            total: u32::try_from(row.total).unwrap_or(0),
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        })
    }
}

pub async fn insert(connection: &mut PgConnection, row: &JobRow) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO jobs (id, team_id, user_id, by_whom, kind, tags, total, created_at, started_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        row.id,
        row.team_id,
        row.user_id,
        storable(&row.by_whom),
        row.kind,
        storable_json("tags", &row.tags)?,
        row.total as i32,
        row.created_at,
        row.started_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

macro_rules! select_jobs {
    ($tail:literal, $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            StoredJob,
            "SELECT
                 id,
                 team_id,
                 user_id,
                 by_whom,
                 kind,
                 tags,
                 total,
                 created_at,
                 started_at,
                 finished_at
             FROM jobs " + $tail,
            $($argument),*
        )
    };
}

/// The team's job of that id.
pub async fn find(connection: &mut PgConnection, team_id: Uuid, id: Uuid) -> Result<Option<JobRow>, StoreError> {
    let found = select_jobs!("WHERE team_id = $1 AND id = $2", team_id, id).fetch_optional(connection).await?;
    found.map(JobRow::try_from).transpose()
}

/// The team's jobs that are not finished, or have been since then; newest first, a few of them.
pub async fn list_recent(
    connection: &mut PgConnection,
    team_id: Uuid,
    since: OffsetDateTime,
) -> Result<Vec<JobRow>, StoreError> {
    let rows = select_jobs!(
        "WHERE team_id = $1 AND started_at IS NOT NULL AND (finished_at IS NULL OR finished_at > $2)
         ORDER BY id DESC LIMIT 5",
        team_id,
        since,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(JobRow::try_from).collect()
}

/// Lets a preview begin; false where it has begun already or is not there.
pub async fn start(
    connection: &mut PgConnection,
    team_id: Uuid,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE jobs SET started_at = $3 WHERE team_id = $1 AND id = $2 AND started_at IS NULL",
        team_id,
        id,
        now,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Claims a job of which lines are waiting, for so many seconds by the database's clock.
pub async fn claim(connection: &mut PgConnection, lease_s: f64) -> Result<Option<JobRow>, StoreError> {
    let found = sqlx::query_as!(
        StoredJob,
        "WITH taken AS (
             SELECT id
             FROM jobs
             WHERE started_at IS NOT NULL
               AND finished_at IS NULL
               AND (leased_until IS NULL OR leased_until < clock_timestamp())
             ORDER BY worked_at NULLS FIRST
             LIMIT 1
             FOR UPDATE SKIP LOCKED
         )
         UPDATE jobs
         SET worked_at = clock_timestamp(),
             leased_until = clock_timestamp() + make_interval(secs => $1)
         FROM taken
         WHERE jobs.id = taken.id
         RETURNING
             jobs.id,
             team_id,
             user_id,
             by_whom,
             kind,
             tags,
             total,
             created_at,
             started_at,
             finished_at",
        lease_s,
    )
    .fetch_optional(connection)
    .await?;
    found.map(JobRow::try_from).transpose()
}

/// Gives a claim back; the job is finished where no line waits.
pub async fn release(connection: &mut PgConnection, id: Uuid, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE jobs
         SET leased_until = NULL,
             finished_at = CASE
                 WHEN EXISTS (SELECT FROM job_lines WHERE job_id = $1 AND outcome IS NULL) THEN NULL
                 ELSE $2::timestamptz
             END
         WHERE id = $1
           AND finished_at IS NULL",
        id,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets previews that nobody agreed to and results that nobody fetched, older than that.
pub async fn delete_before(connection: &mut PgConnection, before: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM jobs WHERE created_at < $1 AND (started_at IS NULL OR finished_at < $1)", before,)
        .execute(connection)
        .await?;
    Ok(())
}
