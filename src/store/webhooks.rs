//! The URLs that a team has alerts posted to. Their secrets come sealed and go sealed.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::alert_addresses::{read_kinds, words};
use super::text::storable;
use crate::lifecycle::notice::NoticeKind;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRow {
    pub id: Uuid,
    pub team_id: Uuid,
    pub url: String,
    pub kinds: Vec<NoticeKind>,
    pub created_at: OffsetDateTime,
    /// Until when the secret before this one signs as well.
    pub old_until: Option<OffsetDateTime>,
    /// Since when nothing more is sent, and why.
    pub dead: Option<(OffsetDateTime, String)>,
}

/// Adds a webhook with its sealed secret; `Duplicate` where the team has the URL.
pub async fn insert(connection: &mut PgConnection, row: &WebhookRow, sealed: &[u8]) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO webhooks (id, team_id, url, kinds, created_at, sealed) VALUES ($1, $2, $3, $4, $5, $6)",
        row.id,
        row.team_id,
        storable(&row.url),
        &words(&row.kinds),
        row.created_at,
        sealed,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The team's webhooks.
pub async fn list(connection: &mut PgConnection, team_id: Uuid) -> Result<Vec<WebhookRow>, StoreError> {
    let rows = sqlx::query_as!(
        StoredWebhook,
        "SELECT id, team_id, url, kinds, created_at, old_until, dead_since, dead_reason
         FROM webhooks
         WHERE team_id = $1
         ORDER BY url",
        team_id,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(WebhookRow::try_from).collect()
}

pub async fn find(connection: &mut PgConnection, team_id: Uuid, id: Uuid) -> Result<Option<WebhookRow>, StoreError> {
    let row = sqlx::query_as!(
        StoredWebhook,
        "SELECT id, team_id, url, kinds, created_at, old_until, dead_since, dead_reason
         FROM webhooks
         WHERE team_id = $1
           AND id = $2",
        team_id,
        id,
    )
    .fetch_optional(connection)
    .await?;
    row.map(WebhookRow::try_from).transpose()
}

/// The webhooks that are sent something: of a team, or of everybody who is sent what is of the platform (`None`).
pub async fn list_living(connection: &mut PgConnection, team_id: Option<Uuid>) -> Result<Vec<WebhookRow>, StoreError> {
    let platform = words(&NoticeKind::OF_PLATFORM);
    let rows = sqlx::query_as!(
        StoredWebhook,
        "SELECT id, team_id, url, kinds, created_at, old_until, dead_since, dead_reason
         FROM webhooks
         WHERE dead_since IS NULL
           AND CASE WHEN $1::uuid IS NULL THEN kinds && $2 ELSE team_id = $1 END",
        team_id,
        &platform,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(WebhookRow::try_from).collect()
}

/// False where the team has no such webhook.
pub async fn set_kinds(
    connection: &mut PgConnection,
    team_id: Uuid,
    id: Uuid,
    kinds: &[NoticeKind],
) -> Result<bool, StoreError> {
    let done =
        sqlx::query!("UPDATE webhooks SET kinds = $3 WHERE team_id = $1 AND id = $2", team_id, id, &words(kinds))
            .execute(connection)
            .await?;
    Ok(done.rows_affected() > 0)
}

/// Puts a new sealed secret in the place of the present one, which signs as well until then. False where the team has
/// no such webhook.
pub async fn rotate(
    connection: &mut PgConnection,
    team_id: Uuid,
    id: Uuid,
    sealed: &[u8],
    old_until: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE webhooks
         SET sealed_old = sealed,
             old_until = $4,
             sealed = $3
         WHERE team_id = $1
           AND id = $2",
        team_id,
        id,
        sealed,
        old_until,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that it took something.
pub async fn note_success(connection: &mut PgConnection, id: Uuid) -> Result<(), StoreError> {
    sqlx::query!("UPDATE webhooks SET failures = 0 WHERE id = $1 AND failures > 0", id).execute(connection).await?;
    Ok(())
}

/// Notes that it did not; gives how often in a row.
pub async fn note_failure(connection: &mut PgConnection, id: Uuid) -> Result<u32, StoreError> {
    let failures =
        sqlx::query_scalar!("UPDATE webhooks SET failures = failures + 1 WHERE id = $1 RETURNING failures", id)
            .fetch_optional(connection)
            .await?;
    super::text::read_count("failures", failures.unwrap_or(1))
}

/// Nothing more is sent to it from now on; the first reason stays.
pub async fn bury(
    connection: &mut PgConnection,
    id: Uuid,
    reason: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhooks SET dead_since = $2, dead_reason = $3 WHERE id = $1 AND dead_since IS NULL",
        id,
        now,
        storable(reason),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// It is sent something again.
pub async fn revive(connection: &mut PgConnection, id: Uuid) -> Result<(), StoreError> {
    sqlx::query!("UPDATE webhooks SET dead_since = NULL, dead_reason = NULL, failures = 0 WHERE id = $1", id)
        .execute(connection)
        .await?;
    Ok(())
}

/// False where the team has no such webhook.
pub async fn delete(connection: &mut PgConnection, team_id: Uuid, id: Uuid) -> Result<bool, StoreError> {
    let done =
        sqlx::query!("DELETE FROM webhooks WHERE team_id = $1 AND id = $2", team_id, id).execute(connection).await?;
    Ok(done.rows_affected() > 0)
}

/// A row as PostgreSQL has it.
struct StoredWebhook {
    id: Uuid,
    team_id: Uuid,
    url: String,
    kinds: Vec<String>,
    created_at: OffsetDateTime,
    old_until: Option<OffsetDateTime>,
    dead_since: Option<OffsetDateTime>,
    dead_reason: Option<String>,
}

impl TryFrom<StoredWebhook> for WebhookRow {
    type Error = StoreError;
    fn try_from(row: StoredWebhook) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            team_id: row.team_id,
            url: row.url,
            kinds: read_kinds(row.kinds)?,
            created_at: row.created_at,
            old_until: row.old_until,
            dead: row.dead_since.zip(row.dead_reason),
        })
    }
}
