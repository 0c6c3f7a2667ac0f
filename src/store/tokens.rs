//! API tokens by the SHA-256 of their secret.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::StoreError;

/// Last use is written at most so often, so that a busy token is no busy row.
const TOUCH_EVERY: Duration = Duration::minutes(1);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    pub id: Uuid,
    pub team_id: Uuid,
    pub user_id: Uuid,
    pub name: String,
    pub created_at: OffsetDateTime,
    /// To the minute.
    pub last_used_at: Option<OffsetDateTime>,
}

/// Who acts by a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenActor {
    pub token_id: Uuid,
    pub token_name: String,
    pub team_id: Uuid,
    pub user_id: Uuid,
    pub email: String,
    pub is_admin: bool,
}

pub async fn insert(connection: &mut PgConnection, row: &TokenRow, secret_hash: &[u8; 32]) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO tokens (id, team_id, user_id, name, secret_hash, created_at, last_used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        row.id,
        row.team_id,
        row.user_id,
        row.name,
        secret_hash.as_slice(),
        row.created_at,
        row.last_used_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The team's tokens, oldest first.
pub async fn list(connection: &mut PgConnection, team_id: Uuid) -> Result<Vec<TokenRow>, StoreError> {
    let rows = sqlx::query_as!(
        TokenRow,
        "SELECT
             id,
             team_id,
             user_id,
             name,
             created_at,
             last_used_at
         FROM tokens
         WHERE team_id = $1
         ORDER BY id",
        team_id,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// False where the team has no such token.
pub async fn delete(connection: &mut PgConnection, team_id: Uuid, id: Uuid) -> Result<bool, StoreError> {
    let done =
        sqlx::query!("DELETE FROM tokens WHERE team_id = $1 AND id = $2", team_id, id).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

/// Who acts by the token of that secret, and notes the use; nobody where its user is disabled.
pub async fn find_by_hash(
    connection: &mut PgConnection,
    secret_hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<TokenActor>, StoreError> {
    let found = sqlx::query!(
        "SELECT
             tokens.id,
             tokens.name,
             tokens.team_id,
             tokens.user_id,
             tokens.last_used_at,
             users.email,
             users.is_admin
         FROM tokens
         JOIN users ON users.id = tokens.user_id
         WHERE tokens.secret_hash = $1
           AND users.disabled_at IS NULL",
        secret_hash.as_slice(),
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(found) = found else { return Ok(None) };
    if found.last_used_at.is_none_or(|at| at < now - TOUCH_EVERY) {
        touch(connection, found.id, now).await?;
    }
    Ok(Some(TokenActor {
        token_id: found.id,
        token_name: found.name,
        team_id: found.team_id,
        user_id: found.user_id,
        email: found.email,
        is_admin: found.is_admin,
    }))
}

async fn touch(connection: &mut PgConnection, id: Uuid, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)",
        id,
        now,
        now - TOUCH_EVERY,
    )
    .execute(connection)
    .await?;
    Ok(())
}
