//! Mail and webhooks that must not be lost. What there is to tell is written by whoever changes something, in the same
//! transaction; here it is handed on, sent at least once under one id, and tried for three days.
//!
//! Knows neither looks nor pages. Any number of replicas share the work, under leases.

mod guard;
mod handing;
mod letter;
mod mail;
mod pauses;
mod reset;
mod sending;
mod smtp;
#[cfg(test)]
mod tests;
mod webhook;
mod wording;

use std::time::Duration;

use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use self::guard::Guard;
pub use self::mail::Mailer;
pub use self::webhook::Poster;
use crate::console::Console;
use crate::store::deliveries::Channel;
use crate::store::{self, StoreError};

/// How long a claim lasts.
const LEASE: Duration = Duration::from_secs(120);
/// How often work is looked for where there was none.
const POLL: Duration = Duration::from_secs(1);
/// How long to wait after the database did not answer.
const AFTER_FAILURE: Duration = Duration::from_secs(3);
const GAUGES_EVERY: Duration = Duration::from_secs(15);
/// How long what was sent, or not, can be looked up.
const KEPT_FOR: time::Duration = time::Duration::days(30);

// A message whose claim runs out while it is sent goes out twice at once.
const _: () = assert!(LEASE.as_secs() >= 2 * smtp::CONVERSATION_TAKES.as_secs());
const _: () = assert!(LEASE.as_secs() >= 2 * webhook::ANSWER_TAKES.as_secs());

/// What sending works with. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    console: Console,
    pool: PgPool,
    /// `None`: no mail is sent.
    mailer: Option<Mailer>,
    poster: Poster,
}

impl Outbox {
    /// `pool` is the background's own.
    pub fn new(console: Console, pool: PgPool, mailer: Option<Mailer>, poster: Poster) -> Self {
        Self { console, pool, mailer, poster }
    }

    /// Works until `stop` turns true; what is in hand then is sent and noted first.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        let [mail, webhooks] = Channel::ALL.map(|channel| self.run_channel(channel, stop.clone()));
        tokio::join!(self.run_notices(stop.clone()), mail, webhooks, self.run_gauges(stop));
    }

    /// Hands on what waits.
    async fn run_notices(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.hand_on(self.now()).await {
                Ok(_) => rest(&mut stop, POLL).await,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "notices were not handed on");
                    rest(&mut stop, AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Sends what is due on one channel: a slow one keeps the other from nothing.
    async fn run_channel(&self, channel: Channel, mut stop: watch::Receiver<bool>) {
        let mut open = JoinSet::new();
        while !*stop.borrow() {
            match self.start_due(channel, self.now(), &mut open).await {
                // One that ends makes place for the next.
                Ok(begun) if begun > 0 => drop(tokio::time::timeout(POLL, open.join_next()).await),
                Ok(_) => {
                    rest(&mut stop, POLL).await;
                    while open.try_join_next().is_some() {}
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "due messages were not claimed");
                    rest(&mut stop, AFTER_FAILURE).await;
                }
            }
        }
        open.join_all().await;
    }

    /// Hands on what waits, sends what is due, and waits until it is noted. Gives how much of both there was.
    pub async fn step(&self, now: OffsetDateTime) -> Result<usize, StoreError> {
        let made = self.hand_on(now).await?;
        let mut tried = 0;
        for channel in Channel::ALL {
            let mut open = JoinSet::new();
            tried += self.start_due(channel, now, &mut open).await?;
            open.join_all().await;
        }
        Ok(made + tried)
    }

    /// Forgets what nobody looks up any more.
    pub async fn tidy(pool: &PgPool, now: OffsetDateTime) -> Result<(), StoreError> {
        let mut tx = store::begin(pool).await?;
        store::notices::delete_handed_before(&mut tx, now - KEPT_FOR).await?;
        store::deliveries::delete_ended_before(&mut tx, now - KEPT_FOR).await?;
        store::password_resets::delete_expired(&mut tx, now).await?;
        store::commit(tx).await
    }

    /// Tells operators how much waits, and for how long.
    async fn run_gauges(&self, mut stop: watch::Receiver<bool>) {
        begin_counters();
        while !*stop.borrow() {
            if let Err(error) = self.set_gauges().await {
                tracing::debug!(error = &error as &dyn std::error::Error, "the outbox's gauges were not read");
            }
            rest(&mut stop, GAUGES_EVERY).await;
        }
    }

    async fn set_gauges(&self) -> Result<(), StoreError> {
        let now = self.now();
        let mut conn = self.pool.acquire().await?;
        for channel in Channel::ALL {
            let (count, oldest) = store::deliveries::waiting(&mut conn, channel).await?;
            let age_s = oldest.map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0));
            metrics::gauge!("signet_outbox_waiting_messages", "channel" => channel.as_str()).set(count as f64);
            metrics::gauge!("signet_outbox_oldest_waiting_seconds", "channel" => channel.as_str()).set(age_s);
        }
        let notices = store::notices::count_waiting(&mut conn).await?;
        metrics::gauge!("signet_outbox_waiting_notices").set(notices as f64);
        Ok(())
    }

    fn now(&self) -> OffsetDateTime {
        (self.console.parts().clock)()
    }
}

/// Begins the counters at nothing: a rate needs a first value.
fn begin_counters() {
    for channel in Channel::ALL {
        for outcome in ["sent", "put_off", "failed", "dropped"] {
            let labels = [("channel", channel.as_str()), ("outcome", outcome)];
            metrics::counter!("signet_outbox_messages_total", &labels).increment(0);
        }
    }
}

/// Waits, but not beyond `stop`.
async fn rest(stop: &mut watch::Receiver<bool>, takes: Duration) {
    // A closed channel means that the program ends.
    let _ = tokio::time::timeout(takes, stop.wait_for(|is_told| *is_told)).await;
}
