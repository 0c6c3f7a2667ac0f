//! How many domains there are.

use sqlx::PgConnection;

use crate::lifecycle::Status;
use crate::store::StoreError;
use crate::store::text::read_word;

/// The domains of all teams by status; a status that none has is left out. Reads the whole table.
pub async fn count_by_status(connection: &mut PgConnection) -> Result<Vec<(Status, u64)>, StoreError> {
    let rows = sqlx::query!(r#"SELECT status, count(*) AS "count!" FROM domains GROUP BY status"#)
        .fetch_all(connection)
        .await?;
    let read = |status: String, count: i64| Ok((read_word("status", status)?, u64::try_from(count).unwrap_or(0)));
    rows.into_iter().map(|row| read(row.status, row.count)).collect()
}
