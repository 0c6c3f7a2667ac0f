//! What operators see of the sweep.

use std::time::Duration;

use tokio::sync::watch;

use super::{Sweep, pause};
use crate::store::{self, StoreError};

/// How often it is read: an alert needs no more.
const EVERY: Duration = Duration::from_secs(15);

impl Sweep {
    /// Tells operators how far behind the looks are.
    pub(super) async fn run_gauges(&self, mut stop: watch::Receiver<bool>) {
        describe();
        while !*stop.borrow() {
            if let Err(error) = self.set_gauges().await {
                tracing::debug!(error = &error as &dyn std::error::Error, "the sweep's gauges were not read");
            }
            pause(&mut stop, EVERY).await;
        }
    }

    async fn set_gauges(&self) -> Result<(), StoreError> {
        let now = self.now();
        let mut conn = self.pool.acquire().await?;
        let (due, oldest_due) = store::due_looks::overdue(&mut conn, now).await?;
        let (slots, oldest_slot) = store::sweep_slots::overdue(&mut conn, now).await?;
        let oldest = oldest_due.into_iter().chain(oldest_slot).min().map_or(0.0, |at| (now - at).as_seconds_f64());
        metrics::gauge!("signet_sweep_due_looks").set(due as f64);
        metrics::gauge!("signet_sweep_due_slots").set(slots as f64);
        metrics::gauge!("signet_sweep_oldest_overdue_seconds").set(oldest);
        if let Some(at) = store::last_backup::find(&mut conn).await? {
            metrics::gauge!("signet_last_backup_timestamp_seconds").set(at.unix_timestamp() as f64);
        }
        Ok(())
    }
}

/// Says what each metric of the sweep is, and begins the counters at nothing: a rate needs a first value.
fn describe() {
    use metrics::{counter, describe_counter, describe_gauge};
    describe_counter!("signet_sweep_looks_total", "Looks at domains, by what brought them about and how they ended.");
    for labels in [("due", "done"), ("due", "failed"), ("slot", "done")] {
        counter!("signet_sweep_looks_total", "kind" => labels.0, "outcome" => labels.1).increment(0);
    }
    describe_counter!("signet_sweep_held_total", "Times that the sweep did not believe what it saw and held still.");
    counter!("signet_sweep_held_total").increment(0);
    describe_gauge!("signet_sweep_due_looks", "Looks with a date of their own that are overdue.");
    describe_gauge!("signet_sweep_due_slots", "Slots of verified domains that are overdue.");
    describe_gauge!("signet_sweep_oldest_overdue_seconds", "How long the oldest overdue look has waited.");
    describe_gauge!("signet_last_backup_timestamp_seconds", "When the last backup was made.");
}
