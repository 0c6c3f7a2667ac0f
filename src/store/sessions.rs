//! Sessions by the SHA-256 of their secret. An expired session and a disabled user are not there.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;

/// Who acts in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionActor {
    pub team_id: Uuid,
    pub user_id: Uuid,
    pub email: String,
    pub is_admin: bool,
}

pub async fn insert(
    connection: &mut PgConnection,
    token_hash: &[u8; 32],
    user_id: Uuid,
    now: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sessions (token_hash, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        token_hash.as_slice(),
        user_id,
        now,
        expires_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn find_actor(
    connection: &mut PgConnection,
    token_hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<SessionActor>, StoreError> {
    let actor = sqlx::query_as!(
        SessionActor,
        "SELECT
             users.team_id,
             users.id AS user_id,
             users.email,
             users.is_admin
         FROM sessions
         JOIN users ON users.id = sessions.user_id
         WHERE sessions.token_hash = $1
           AND sessions.expires_at > $2
           AND users.disabled_at IS NULL",
        token_hash.as_slice(),
        now,
    )
    .fetch_optional(connection)
    .await?;
    Ok(actor)
}

pub async fn delete(connection: &mut PgConnection, token_hash: &[u8; 32]) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM sessions WHERE token_hash = $1", token_hash.as_slice()).execute(connection).await?;
    Ok(())
}

/// Ends the user's sessions but the one given.
pub async fn delete_of_user_except(
    connection: &mut PgConnection,
    user_id: Uuid,
    kept: Option<&[u8; 32]>,
) -> Result<(), StoreError> {
    let kept = kept.map(<[u8; 32]>::as_slice).unwrap_or_default();
    sqlx::query!("DELETE FROM sessions WHERE user_id = $1 AND token_hash <> $2", user_id, kept)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets what has expired.
pub async fn delete_expired(connection: &mut PgConnection, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM sessions WHERE expires_at <= $1", now).execute(connection).await?;
    Ok(())
}
