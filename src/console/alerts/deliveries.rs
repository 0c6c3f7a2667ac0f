//! What was sent to a team's addresses and webhooks, tests, and sending once more.

use time::Duration;
use uuid::Uuid;

use super::UNSUBSCRIBED;
use crate::console::{Actor, Console};
use crate::failure::Failure;
use crate::store;
use crate::store::deliveries::{DeliveryRow, Message, NewDelivery, Target};

/// Tests of one team within [`TEST_WINDOW`].
const TESTS: u32 = 10;
const TEST_WINDOW: Duration = Duration::minutes(10);

impl Console {
    /// Sends a test message; one that arrives makes an address that was given up good again.
    pub async fn test_alert_address(&self, actor: &Actor, id: Uuid) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let found = store::alert_addresses::find(&mut conn, actor.team_id, id).await?;
        let row = found.ok_or(Failure::NotFound("address"))?;
        drop(conn);
        if !self.sends_mail() {
            return Err(Failure::Conflict("No mail server is set, so no mail is sent (SIGNET_SMTP_URL).".into()));
        }
        if row.dead.is_some_and(|(_, reason)| reason == UNSUBSCRIBED) {
            return Err(Failure::Conflict(
                "Whoever reads this address has unsubscribed it. Remove it, and add it again when they wish so.".into(),
            ));
        }
        self.test(actor, Target::Address(id), row.address).await
    }

    /// As [`Self::test_alert_address`].
    pub async fn test_webhook(&self, actor: &Actor, id: Uuid) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let row = store::webhooks::find(&mut conn, actor.team_id, id).await?.ok_or(Failure::NotFound("webhook"))?;
        drop(conn);
        self.test(actor, Target::Webhook(id), row.url).await
    }

    async fn test(&self, actor: &Actor, target: Target, recipient: String) -> Result<(), Failure> {
        let now = self.now();
        let mut conn = self.0.pool.acquire().await?;
        let sent = store::deliveries::count_since(&mut conn, actor.team_id, Message::Test, now - TEST_WINDOW).await?;
        if sent >= TESTS {
            return Err(Failure::TooMany { retry_after_s: TEST_WINDOW.whole_seconds().unsigned_abs() });
        }
        let delivery = NewDelivery {
            id: Uuid::now_v7(),
            team_id: Some(actor.team_id),
            target,
            recipient,
            message: Message::Test,
            notices: Vec::new(),
        };
        Ok(store::deliveries::insert(&mut conn, &[delivery], now).await?)
    }

    /// The newest first, with the cursor of the next page.
    pub async fn list_deliveries(
        &self,
        actor: &Actor,
        limit: u32,
        after: Option<Uuid>,
    ) -> Result<(Vec<DeliveryRow>, Option<Uuid>), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let mut rows = store::deliveries::list(&mut conn, actor.team_id, limit + 1, after).await?;
        let has_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = has_more.then(|| rows.last().map(|row| row.id)).flatten();
        Ok((rows, next))
    }

    /// Sends an ended message once more, under the same id.
    pub async fn resend_delivery(&self, actor: &Actor, id: Uuid) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let is_sent = store::deliveries::resend(&mut conn, actor.team_id, id, self.now()).await?;
        if is_sent { Ok(()) } else { Err(Failure::NotFound("message that can be sent again")) }
    }
}
