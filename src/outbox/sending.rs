//! Claims what is due, sends it, and notes what became of it. Between the two a program may die: the claim runs out
//! and the message is sent again, under the same id.

use time::OffsetDateTime;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::letter::{self, Envelope, Letter};
use super::pauses::{next_try, pause};
use super::wording::Words;
use super::{LEASE, Outbox, smtp, webhook};
use crate::console::alerts::UNSUBSCRIBED;
use crate::store::deliveries::{self, Channel, Claimed, ClaimedWebhook, Message};
use crate::store::{self, StoreError};

/// Messages under way at once.
fn at_once(channel: Channel) -> usize {
    match channel {
        Channel::Mail => 8,
        Channel::Webhook => 64,
    }
}
/// What a try came to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tried {
    Taken(String),
    /// The receiver's fault where `is_theirs`; else nothing speaks against them.
    Later {
        answer: String,
        is_theirs: bool,
    },
    Never(String),
    /// There is nobody to send it to.
    Dropped,
}

impl Outbox {
    /// Claims what is due on a channel and there is place for, and begins to send it. Gives how many messages.
    pub(super) async fn start_due(
        &self,
        channel: Channel,
        now: OffsetDateTime,
        open: &mut JoinSet<()>,
    ) -> Result<usize, StoreError> {
        let free = at_once(channel).saturating_sub(open.len());
        if free == 0 || (channel == Channel::Mail && self.mailer.is_none()) {
            return Ok(0);
        }
        let mut conn = self.pool.acquire().await?;
        let limit = i64::try_from(free).unwrap_or(i64::MAX);
        let claimed = deliveries::claim(&mut conn, channel, now, LEASE.as_secs_f64(), limit).await?;
        drop(conn);
        let begun = claimed.len();
        for claimed in claimed {
            let outbox = self.clone();
            open.spawn(async move { outbox.deliver(channel, &claimed, now).await });
        }
        Ok(begun)
    }

    async fn deliver(&self, channel: Channel, claimed: &Claimed, now: OffsetDateTime) {
        let noted = match self.try_once(claimed, now).await {
            Ok(tried) => self.note(channel, claimed, &tried, now).await,
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            // The claim runs out, and it is sent again.
            let id = claimed.lease.id;
            tracing::warn!(delivery = %id, error = &error as &dyn std::error::Error, "what became of a message was not noted");
        }
    }

    async fn try_once(&self, claimed: &Claimed, now: OffsetDateTime) -> Result<Tried, StoreError> {
        match &claimed.webhook {
            Some(webhook) => Ok(self.post(claimed, webhook, now).await),
            None => self.mail(claimed, now).await,
        }
    }

    async fn mail(&self, claimed: &Claimed, now: OffsetDateTime) -> Result<Tried, StoreError> {
        let Some(mailer) = &self.mailer else { return Ok(Tried::Dropped) };
        let Some(letter) = self.letter(claimed, now).await? else { return Ok(Tried::Dropped) };
        let sent = mailer.send(claimed.lease.id, &claimed.recipient, &letter, now).await;
        Ok(match sent {
            Ok(answer) => Tried::Taken(answer),
            Err(smtp::Refusal::Server(answer)) => Tried::Later { answer, is_theirs: false },
            Err(smtp::Refusal::RecipientLater(answer)) => Tried::Later { answer, is_theirs: true },
            Err(smtp::Refusal::RecipientNever(answer)) => Tried::Never(answer),
        })
    }

    /// `None`: there is nobody to send it to.
    async fn letter(&self, claimed: &Claimed, now: OffsetDateTime) -> Result<Option<Letter>, StoreError> {
        let words = Words::of(claimed.place.as_ref());
        let parts = self.console.parts();
        let link = |id| {
            let key = parts.sealer.sign_link(UNSUBSCRIBED, id);
            format!("{}/unsubscribe?id={id}&key={key}", parts.public_url)
        };
        let envelope = Envelope {
            public_url: &parts.public_url,
            recipient: &claimed.recipient,
            unsubscribe: claimed.address_id.map(link),
        };
        Ok(match claimed.message {
            Message::Alert | Message::Digest => Some(letter::digest(&words, &envelope, &claimed.notices)),
            Message::Test => Some(letter::test(&words, &envelope, claimed.created_at)),
            Message::Reset => {
                let made = self.make_token(claimed, now).await?;
                made.map(|(token, until)| letter::reset(&words, &envelope, &token, until))
            }
        })
    }

    async fn post(&self, claimed: &Claimed, webhook: &ClaimedWebhook, now: OffsetDateTime) -> Tried {
        let parts = self.console.parts();
        let open = |sealed: &[u8]| parts.sealer.open_webhook(webhook.id, sealed);
        let mut secrets: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        match open(&webhook.sealed) {
            Ok(secret) => secrets.push(secret),
            Err(error) => return Tried::Later { answer: format!("the secret {error}"), is_theirs: false },
        }
        let old = webhook.sealed_old.as_ref().filter(|(_, until)| *until > now);
        secrets.extend(old.and_then(|(sealed, _)| open(sealed).ok()));
        let secrets: Vec<&[u8]> = secrets.iter().map(|secret| secret.as_slice()).collect();
        let body = webhook::body(claimed.message, &claimed.notices, claimed.created_at, &parts.public_url);
        match self.poster.post(&webhook.url, claimed.lease.id, &body, &secrets, now).await {
            Ok(answer) => Tried::Taken(answer),
            Err(webhook::Refusal::Later(answer)) => Tried::Later { answer, is_theirs: true },
            Err(webhook::Refusal::Never(answer)) => Tried::Never(answer),
        }
    }

    async fn note(
        &self,
        channel: Channel,
        claimed: &Claimed,
        tried: &Tried,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let mut tx = store::begin(&self.pool).await?;
        let (is_held, outcome) = match tried {
            Tried::Taken(answer) => (self.note_taken(&mut tx, claimed, answer, now).await?, "sent"),
            Tried::Dropped => (deliveries::end(&mut tx, claimed.lease, false, "", now).await?, "dropped"),
            Tried::Never(answer) => (self.note_never(&mut tx, claimed, answer, true, now).await?, "failed"),
            Tried::Later { answer, is_theirs } => {
                let pause_of = match &claimed.webhook {
                    Some(webhook) => store::webhooks::note_failure(&mut tx, webhook.id).await?,
                    None => claimed.attempts,
                };
                let jitter = rand::random();
                match next_try(claimed.tried_since, pause_of, now, jitter) {
                    Some(due_at) => {
                        if let Some(webhook) = &claimed.webhook {
                            deliveries::put_off_webhook(&mut tx, webhook.id, now + pause(pause_of, jitter)).await?;
                        }
                        (deliveries::put_off(&mut tx, claimed.lease, answer, due_at).await?, "put_off")
                    }
                    None => (self.note_never(&mut tx, claimed, answer, *is_theirs, now).await?, "failed"),
                }
            }
        };
        if !is_held {
            // Another has it by now; nothing is noted.
            return Ok(());
        }
        if claimed.message == Message::Reset && outcome != "put_off" {
            // Nobody needs to know who asked.
            deliveries::delete(&mut tx, claimed.lease.id).await?;
        }
        store::commit(tx).await?;
        metrics::counter!("signet_outbox_messages_total", "channel" => channel.as_str(), "outcome" => outcome)
            .increment(1);
        Ok(())
    }

    async fn note_taken(
        &self,
        tx: &mut sqlx::PgConnection,
        claimed: &Claimed,
        answer: &str,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let is_held = deliveries::end(tx, claimed.lease, true, answer, now).await?;
        // What takes a message is not dead.
        if let Some(webhook) = &claimed.webhook {
            store::webhooks::note_success(tx, webhook.id).await?;
        }
        if let Some(id) = claimed.address_id {
            store::alert_addresses::revive(tx, id).await?;
        }
        Ok(is_held)
    }

    /// The message will not be taken; where that is the receiver's fault, nothing more is sent to it.
    async fn note_never(
        &self,
        tx: &mut sqlx::PgConnection,
        claimed: &Claimed,
        answer: &str,
        is_theirs: bool,
        now: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let is_held = deliveries::end(tx, claimed.lease, false, answer, now).await?;
        if is_held && is_theirs {
            if let Some(webhook) = &claimed.webhook {
                store::webhooks::bury(tx, webhook.id, answer, now).await?;
                deliveries::give_up_webhook(tx, webhook.id, now).await?;
            }
            if let Some(id) = claimed.address_id {
                store::alert_addresses::bury(tx, id, answer, now).await?;
                deliveries::give_up_address(tx, id, now).await?;
            }
        }
        Ok(is_held)
    }
}
