//! Claims messages with all that sending them takes.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::StoreError;
use super::super::teams::TeamPlace;
use super::super::text::{read_count, read_json, read_word};
use super::{Channel, Message};
use crate::lifecycle::notice::Notice;

/// Messages to one webhook that are under way at once: a receiver that is slow or hostile costs others little. To an
/// address there is one, so that people read in the order of what happened.
const A_WEBHOOK: i64 = 4;
const AN_ADDRESS: i64 = 1;

/// The claim on a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryLease {
    pub id: Uuid,
    pub fence: i64,
}

/// A message to be sent now.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    pub lease: DeliveryLease,
    pub recipient: String,
    pub message: Message,
    pub notices: Vec<Notice>,
    pub created_at: OffsetDateTime,
    pub tried_since: OffsetDateTime,
    /// This one included.
    pub attempts: u32,
    /// The team's alert address, where it goes to one.
    pub address_id: Option<Uuid>,
    pub webhook: Option<ClaimedWebhook>,
    /// `None`: it belongs to no team.
    pub place: Option<TeamPlace>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedWebhook {
    pub id: Uuid,
    pub url: String,
    /// The secret, and the one before it with the time until which it signs as well.
    pub sealed: Vec<u8>,
    pub sealed_old: Option<(Vec<u8>, OffsetDateTime)>,
}

/// Claims at most `limit` messages of a channel that are due at `now`, the longest overdue first, for `lease_s`
/// seconds. What another replica claims at the same moment is passed over.
pub async fn claim(
    connection: &mut PgConnection,
    channel: Channel,
    now: OffsetDateTime,
    lease_s: f64,
    limit: i64,
) -> Result<Vec<Claimed>, StoreError> {
    let rows = sqlx::query_as!(
        StoredClaim,
        r#"WITH due AS (
             SELECT
                 id,
                 row_number() OVER (PARTITION BY COALESCE(webhook_id, address_id, id) ORDER BY due_at, id) AS place
             FROM deliveries
             WHERE state = 'waiting'
               AND due_at <= $2
               AND (webhook_id IS NOT NULL) = $1
         ), taken AS (
             SELECT deliveries.id, address_id, webhook_id, team_id
             FROM deliveries
             JOIN due ON due.id = deliveries.id
             WHERE due.place <= $5
               AND state = 'waiting'
               AND due_at <= $2
               AND (leased_until IS NULL OR leased_until < clock_timestamp())
             ORDER BY due_at, deliveries.id
             LIMIT $4
             FOR UPDATE OF deliveries SKIP LOCKED
         )
         UPDATE deliveries
         SET fence = fence + 1,
             attempts = attempts + 1,
             leased_until = clock_timestamp() + make_interval(secs => $3)
         FROM taken
         LEFT JOIN webhooks ON webhooks.id = taken.webhook_id
         LEFT JOIN teams ON teams.id = taken.team_id
         WHERE deliveries.id = taken.id
         RETURNING
             deliveries.id, deliveries.fence, deliveries.attempts, deliveries.created_at, deliveries.tried_since,
             deliveries.recipient, deliveries.message, deliveries.notices, deliveries.address_id,
             webhooks.id AS "webhook_id?",
             webhooks.url AS "url?",
             webhooks.sealed AS "sealed?",
             webhooks.sealed_old AS "sealed_old?",
             webhooks.old_until AS "old_until?",
             teams.language AS "language?",
             teams.time_zone AS "time_zone?""#,
        channel == Channel::Webhook,
        now,
        lease_s,
        limit,
        if channel == Channel::Webhook { A_WEBHOOK } else { AN_ADDRESS },
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Claimed::try_from).collect()
}

/// A row as PostgreSQL has it.
struct StoredClaim {
    id: Uuid,
    fence: i64,
    recipient: String,
    message: String,
    notices: Value,
    created_at: OffsetDateTime,
    tried_since: OffsetDateTime,
    attempts: i32,
    address_id: Option<Uuid>,
    webhook_id: Option<Uuid>,
    url: Option<String>,
    sealed: Option<Vec<u8>>,
    sealed_old: Option<Vec<u8>>,
    old_until: Option<OffsetDateTime>,
    language: Option<String>,
    time_zone: Option<String>,
}

impl TryFrom<StoredClaim> for Claimed {
    type Error = StoreError;
    fn try_from(row: StoredClaim) -> Result<Self, StoreError> {
        let webhook = match (row.webhook_id, row.url, row.sealed) {
            (Some(id), Some(url), Some(sealed)) => {
                Some(ClaimedWebhook { id, url, sealed, sealed_old: row.sealed_old.zip(row.old_until) })
            }
            _ => None,
        };
        let place = row.language.zip(row.time_zone).map(|(language, time_zone)| TeamPlace { language, time_zone });
        Ok(Self {
            lease: DeliveryLease { id: row.id, fence: row.fence },
            recipient: row.recipient,
            message: read_word("message", row.message)?,
            notices: read_json("notices", row.notices)?,
            created_at: row.created_at,
            tried_since: row.tried_since,
            attempts: read_count("attempts", row.attempts)?,
            address_id: row.address_id,
            webhook,
            place,
        })
    }
}
