//! Links that show one domain to whoever has them, by the SHA-256 of their token. An expired one is not there.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::text::storable;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareRow {
    pub id: Uuid,
    pub domain_id: Uuid,
    /// Who made it.
    pub by_whom: String,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

/// Whose domain a link shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    pub team_id: Uuid,
    pub domain_id: Uuid,
    pub expires_at: OffsetDateTime,
}

pub async fn insert(connection: &mut PgConnection, row: &ShareRow, token_hash: &[u8; 32]) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO shares (id, domain_id, token_hash, by_whom, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        row.id,
        row.domain_id,
        token_hash.as_slice(),
        storable(&row.by_whom),
        row.created_at,
        row.expires_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What a token shows at `now`.
pub async fn find(
    connection: &mut PgConnection,
    token_hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Shared>, StoreError> {
    let found = sqlx::query_as!(
        Shared,
        "SELECT
             domains.team_id,
             shares.domain_id,
             shares.expires_at
         FROM shares
         JOIN domains ON domains.id = shares.domain_id
         WHERE shares.token_hash = $1
           AND shares.expires_at > $2",
        token_hash.as_slice(),
        now,
    )
    .fetch_optional(connection)
    .await?;
    Ok(found)
}

/// The links of the team's domain that are in force at `now`, newest first.
pub async fn list(
    connection: &mut PgConnection,
    team_id: Uuid,
    domain_id: Uuid,
    now: OffsetDateTime,
) -> Result<Vec<ShareRow>, StoreError> {
    let rows = sqlx::query_as!(
        ShareRow,
        "SELECT
             shares.id,
             shares.domain_id,
             shares.by_whom,
             shares.created_at,
             shares.expires_at
         FROM shares
         JOIN domains ON domains.id = shares.domain_id
         WHERE domains.team_id = $1
           AND shares.domain_id = $2
           AND shares.expires_at > $3
         ORDER BY shares.id DESC",
        team_id,
        domain_id,
        now,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

/// Revokes a link of the team's domain; false where there is none of that id.
pub async fn delete(
    connection: &mut PgConnection,
    team_id: Uuid,
    domain_id: Uuid,
    id: Uuid,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM shares
         USING domains
         WHERE domains.id = shares.domain_id
           AND domains.team_id = $1
           AND shares.domain_id = $2
           AND shares.id = $3",
        team_id,
        domain_id,
        id,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub async fn delete_expired(connection: &mut PgConnection, now: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM shares WHERE expires_at <= $1", now).execute(connection).await?;
    Ok(())
}
