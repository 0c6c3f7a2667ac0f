//! The one-time link by which the first administrator comes in; at most one is valid.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::StoreError;

/// Makes this the one valid link.
pub async fn put(connection: &mut PgConnection, token_hash: &[u8; 32], now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM setup_links").execute(&mut *connection).await?;
    sqlx::query!("INSERT INTO setup_links (token_hash, created_at) VALUES ($1, $2)", token_hash.as_slice(), now)
        .execute(connection)
        .await?;
    Ok(())
}

pub async fn exists(connection: &mut PgConnection, token_hash: &[u8; 32]) -> Result<bool, StoreError> {
    let is_there = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM setup_links WHERE token_hash = $1) AS "is_there!""#,
        token_hash.as_slice(),
    )
    .fetch_one(connection)
    .await?;
    Ok(is_there)
}

/// Spends the link; false where it is not valid. Of two who come at once, one gets true.
pub async fn take(connection: &mut PgConnection, token_hash: &[u8; 32]) -> Result<bool, StoreError> {
    let done = sqlx::query!("DELETE FROM setup_links WHERE token_hash = $1", token_hash.as_slice())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}
