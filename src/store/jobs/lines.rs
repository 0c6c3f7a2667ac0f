//! The lines of a job, and what came of each.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::store::StoreError;
use crate::store::text::{read_json, storable, storable_json};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineRow {
    pub number: u32,
    pub name: String,
    pub tags: BTreeMap<String, String>,
    /// `done`, `refused`, `failed`.
    pub outcome: Option<String>,
    pub message: String,
}

/// How many lines came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub done: u32,
    pub refused: u32,
    pub failed: u32,
}

struct StoredLine {
    number: i32,
    name: String,
    tags: Value,
    outcome: Option<String>,
    message: String,
}

impl TryFrom<StoredLine> for LineRow {
    type Error = StoreError;
    fn try_from(row: StoredLine) -> Result<Self, StoreError> {
        Ok(Self {
            number: u32::try_from(row.number).unwrap_or(0),
            name: row.name,
            tags: read_json("tags", row.tags)?,
            outcome: row.outcome,
            message: row.message,
        })
    }
}

/// Adds lines, in one statement.
pub async fn insert(connection: &mut PgConnection, id: Uuid, rows: &[LineRow]) -> Result<(), StoreError> {
    let tags = rows.iter().map(|row| storable_json("tags", &row.tags)).collect::<Result<Vec<_>, _>>()?;
    sqlx::query!(
        "INSERT INTO job_lines (job_id, number, name, tags, outcome, message)
         SELECT $1, * FROM UNNEST($2::integer[], $3::text[], $4::jsonb[], $5::text[], $6::text[])",
        id,
        &rows.iter().map(|row| row.number as i32).collect::<Vec<_>>(),
        &rows.iter().map(|row| storable(&row.name)).collect::<Vec<_>>(),
        &tags,
        &rows.iter().map(|row| row.outcome.as_deref()).collect::<Vec<_>>() as &[Option<&str>],
        &rows.iter().map(|row| storable(&row.message)).collect::<Vec<_>>(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What came of the lines so far.
pub async fn count(connection: &mut PgConnection, id: Uuid) -> Result<Counts, StoreError> {
    let row = sqlx::query!(
        r#"SELECT
               count(*) FILTER (WHERE outcome = 'done') AS "done!",
               count(*) FILTER (WHERE outcome = 'refused') AS "refused!",
               count(*) FILTER (WHERE outcome = 'failed') AS "failed!"
           FROM job_lines
           WHERE job_id = $1"#,
        id,
    )
    .fetch_one(connection)
    .await?;
    let number = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Counts { done: number(row.done), refused: number(row.refused), failed: number(row.failed) })
}

/// At most `limit` lines behind `after`, in order; those alone that could not be done where `is_bad_only`.
pub async fn list(
    connection: &mut PgConnection,
    id: Uuid,
    after: u32,
    limit: u32,
    is_bad_only: bool,
) -> Result<Vec<LineRow>, StoreError> {
    let rows = sqlx::query_as!(
        StoredLine,
        "SELECT
             number,
             name,
             tags,
             outcome,
             message
         FROM job_lines
         WHERE job_id = $1
           AND number > $2
           AND (NOT $4 OR outcome IN ('refused', 'failed'))
         ORDER BY number
         LIMIT $3",
        id,
        after as i32,
        i64::from(limit),
        is_bad_only,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(LineRow::try_from).collect()
}

/// Ends what is left of a job: lines that are not done yet are refused with `message`.
pub async fn refuse_waiting(connection: &mut PgConnection, id: Uuid, message: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE job_lines SET outcome = 'refused', message = $2 WHERE job_id = $1 AND outcome IS NULL",
        id,
        message,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The next lines that nothing came of yet.
pub async fn list_waiting(connection: &mut PgConnection, id: Uuid, limit: u32) -> Result<Vec<LineRow>, StoreError> {
    let rows = sqlx::query_as!(
        StoredLine,
        "SELECT
             number,
             name,
             tags,
             outcome,
             message
         FROM job_lines
         WHERE job_id = $1
           AND outcome IS NULL
         ORDER BY number
         LIMIT $2",
        id,
        i64::from(limit),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(LineRow::try_from).collect()
}

/// Writes a line's outcome; false where it has one already, and then nothing else of the transaction may stay.
pub async fn finish(
    connection: &mut PgConnection,
    id: Uuid,
    number: u32,
    outcome: &str,
    message: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE job_lines SET outcome = $3, message = $4 WHERE job_id = $1 AND number = $2 AND outcome IS NULL",
        id,
        number as i32,
        outcome,
        storable(message),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}
