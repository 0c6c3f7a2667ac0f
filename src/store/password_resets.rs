//! One-time links by which somebody who forgot a password sets another, by the SHA-256 of their token.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;

pub async fn insert(
    connection: &mut PgConnection,
    token_hash: &[u8; 32],
    user_id: Uuid,
    now: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO password_resets (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        token_hash.as_slice(),
        user_id,
        now,
        expires_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Waits for others who make links for the user, until the transaction ends.
pub async fn lock(connection: &mut PgConnection, user_id: Uuid) -> Result<(), StoreError> {
    sqlx::query_scalar!(r#"SELECT 1 AS "one!" FROM users WHERE id = $1 FOR NO KEY UPDATE"#, user_id)
        .fetch_optional(connection)
        .await?;
    Ok(())
}

/// How many links of the user are good at `now`.
pub async fn count_good(connection: &mut PgConnection, user_id: Uuid, now: OffsetDateTime) -> Result<u32, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*)::integer AS "count!" FROM password_resets WHERE user_id = $1 AND expires_at > $2"#,
        user_id,
        now,
    )
    .fetch_one(connection)
    .await?;
    super::text::read_count("count", count)
}

/// Whose link it is; nobody's where it has expired, was used, or its user is disabled.
pub async fn find_user(
    connection: &mut PgConnection,
    token_hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Uuid>, StoreError> {
    let user_id = sqlx::query_scalar!(
        "SELECT users.id
         FROM password_resets
         JOIN users ON users.id = password_resets.user_id
         WHERE password_resets.token_hash = $1
           AND password_resets.expires_at > $2
           AND users.disabled_at IS NULL",
        token_hash.as_slice(),
        now,
    )
    .fetch_optional(connection)
    .await?;
    Ok(user_id)
}

/// Spends a link, and gives whose it was. Of two who come at once, one gets the user.
pub async fn take(
    connection: &mut PgConnection,
    token_hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Uuid>, StoreError> {
    let user_id = sqlx::query_scalar!(
        "DELETE FROM password_resets
         USING users
         WHERE users.id = password_resets.user_id
           AND password_resets.token_hash = $1
           AND password_resets.expires_at > $2
           AND users.disabled_at IS NULL
         RETURNING users.id",
        token_hash.as_slice(),
        now,
    )
    .fetch_optional(connection)
    .await?;
    Ok(user_id)
}

/// Ends every link of the user.
pub async fn delete_of_user(connection: &mut PgConnection, user_id: Uuid) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM password_resets WHERE user_id = $1", user_id).execute(connection).await?;
    Ok(())
}

/// Forgets what has expired.
pub async fn delete_expired(connection: &mut PgConnection, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM password_resets WHERE expires_at <= $1", now).execute(connection).await?;
    Ok(())
}
