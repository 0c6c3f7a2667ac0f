//! When the last backup was made.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;

/// Notes that a backup is whole.
pub async fn put(connection: &mut PgConnection, finished_at: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO last_backup (finished_at)
         VALUES ($1)
         ON CONFLICT (id) DO UPDATE
         SET finished_at = excluded.finished_at",
        finished_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// `None`: none was made, or not by this program.
pub async fn find(connection: &mut PgConnection) -> Result<Option<OffsetDateTime>, StoreError> {
    Ok(sqlx::query_scalar!("SELECT finished_at FROM last_backup").fetch_optional(connection).await?)
}
