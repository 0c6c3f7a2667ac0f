//! Messages on their way: one row a message and receiver. Claimed under a lease, like looks; what is noted under a
//! lease names its fence. `claim` has what a sender needs, `outcome` what it notes.

mod claim;
mod outcome;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::text::{read_count, read_json, read_word, storable, storable_json};
use crate::lifecycle::notice::Notice;
pub use claim::{Claimed, ClaimedWebhook, DeliveryLease, claim};
pub use outcome::{delete, end, give_up_address, give_up_webhook, put_off, put_off_webhook};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// One notice.
    Alert,
    /// Many at once.
    Digest,
    /// Whether it arrives.
    Test,
    /// A link for somebody who forgot a password; it belongs to no team.
    Reset,
}

impl Message {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Digest => "digest",
            Self::Test => "test",
            Self::Reset => "reset",
        }
    }
}

/// By which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Mail,
    Webhook,
}

impl Channel {
    pub const ALL: [Self; 2] = [Self::Mail, Self::Webhook];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }
}

/// What became of a message so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Waiting,
    Sent,
    Failed,
}

/// To whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Address(Uuid),
    Webhook(Uuid),
    /// Whoever has the address that was typed.
    Somebody,
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDelivery {
    pub id: Uuid,
    pub team_id: Option<Uuid>,
    pub target: Target,
    /// Address or URL.
    pub recipient: String,
    pub message: Message,
    pub notices: Vec<Notice>,
}

/// A message as its list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryRow {
    pub id: Uuid,
    pub channel: Channel,
    pub recipient: String,
    pub message: Message,
    pub notices: Vec<Notice>,
    pub created_at: OffsetDateTime,
    pub state: State,
    pub due_at: OffsetDateTime,
    pub attempts: u32,
    /// What the other side said last.
    pub answer: Option<String>,
    pub ended_at: Option<OffsetDateTime>,
}

/// Puts messages on their way, due at `now`.
pub async fn insert(
    connection: &mut PgConnection,
    rows: &[NewDelivery],
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let target = |of: fn(Target) -> Option<Uuid>| rows.iter().map(|row| of(row.target)).collect::<Vec<_>>();
    let notices = rows.iter().map(|row| storable_json("notices", &row.notices));
    sqlx::query!(
        "INSERT INTO deliveries
             (id, team_id, address_id, webhook_id, recipient, message, notices, created_at, tried_since, due_at)
         SELECT given.*, $8, $8, $8
         FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::jsonb[]) AS given",
        &rows.iter().map(|row| row.id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.team_id).collect::<Vec<_>>() as &[Option<Uuid>],
        &target(Target::address) as &[Option<Uuid>],
        &target(Target::webhook) as &[Option<Uuid>],
        &rows.iter().map(|row| storable(&row.recipient)).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.message.as_str().to_owned()).collect::<Vec<_>>(),
        &notices.collect::<Result<Vec<_>, _>>()?,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Target {
    fn address(self) -> Option<Uuid> {
        if let Self::Address(id) = self { Some(id) } else { None }
    }

    fn webhook(self) -> Option<Uuid> {
        if let Self::Webhook(id) = self { Some(id) } else { None }
    }
}

/// At most `limit` messages of a team, newest first; only those older than `before` where it is given.
pub async fn list(
    connection: &mut PgConnection,
    team_id: Uuid,
    limit: u32,
    before: Option<Uuid>,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let rows = sqlx::query_as!(
        StoredDelivery,
        r#"SELECT
             id,
             webhook_id IS NOT NULL AS "is_webhook!",
             recipient,
             message,
             notices,
             created_at,
             state,
             due_at,
             attempts,
             answer,
             ended_at
         FROM deliveries
         WHERE team_id = $1
           AND id < $2
         ORDER BY id DESC
         LIMIT $3"#,
        team_id,
        before.unwrap_or(Uuid::max()),
        i64::from(limit),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(DeliveryRow::try_from).collect()
}

/// Puts an ended message on its way once more, under the same id. False where the team has none of that id that ended,
/// or where whoever reads the address wants no more.
pub async fn resend(
    connection: &mut PgConnection,
    team_id: Uuid,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE deliveries
         SET state = 'waiting',
             ended_at = NULL,
             due_at = $3,
             tried_since = $3,
             attempts = 0,
             fence = fence + 1,
             leased_until = NULL
         WHERE team_id = $1
           AND id = $2
           AND state <> 'waiting'
           AND NOT EXISTS (
               SELECT FROM alert_addresses
               WHERE alert_addresses.id = deliveries.address_id
                 AND alert_addresses.dead_reason = 'unsubscribed'
           )",
        team_id,
        id,
        now,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// How many messages of that kind were made for a team after `since`.
pub async fn count_since(
    connection: &mut PgConnection,
    team_id: Uuid,
    message: Message,
    since: OffsetDateTime,
) -> Result<u32, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*)::integer AS "count!"
           FROM deliveries
           WHERE team_id = $1
             AND message = $2
             AND created_at > $3"#,
        team_id,
        message.as_str(),
        since,
    )
    .fetch_one(connection)
    .await?;
    read_count("count", count)
}

/// How many messages of a channel wait, and since when the oldest does.
pub async fn waiting(
    connection: &mut PgConnection,
    channel: Channel,
) -> Result<(i64, Option<OffsetDateTime>), StoreError> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "count!", min(tried_since) AS oldest
           FROM deliveries
           WHERE state = 'waiting'
             AND (webhook_id IS NOT NULL) = $1"#,
        channel == Channel::Webhook,
    )
    .fetch_one(connection)
    .await?;
    Ok((row.count, row.oldest))
}

/// Forgets what ended before.
pub async fn delete_ended_before(connection: &mut PgConnection, before: OffsetDateTime) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM deliveries WHERE ended_at < $1", before).execute(connection).await?;
    Ok(())
}

/// A row as PostgreSQL has it.
struct StoredDelivery {
    id: Uuid,
    is_webhook: bool,
    recipient: String,
    message: String,
    notices: Value,
    created_at: OffsetDateTime,
    state: String,
    due_at: OffsetDateTime,
    attempts: i32,
    answer: Option<String>,
    ended_at: Option<OffsetDateTime>,
}

impl TryFrom<StoredDelivery> for DeliveryRow {
    type Error = StoreError;
    fn try_from(row: StoredDelivery) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            channel: if row.is_webhook { Channel::Webhook } else { Channel::Mail },
            recipient: row.recipient,
            message: read_word("message", row.message)?,
            notices: read_json("notices", row.notices)?,
            created_at: row.created_at,
            state: read_word("state", row.state)?,
            due_at: row.due_at,
            attempts: read_count("attempts", row.attempts)?,
            answer: row.answer,
            ended_at: row.ended_at,
        })
    }
}
