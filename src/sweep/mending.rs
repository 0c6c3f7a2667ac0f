//! Dates that no clock of ours can have planned are brought back: a clock that ran ahead and was set right would
//! otherwise leave domains unseen until its time comes.

use std::time::Duration;

use tokio::sync::watch;

use super::{Sweep, pause};
use crate::lifecycle::schedule::{LONGEST_PAUSE, SWEEP_PERIOD};
use crate::store::{self, StoreError};

/// A clock that was set costs a minute.
const EVERY: Duration = Duration::from_secs(60);

impl Sweep {
    pub(super) async fn run_mending(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.mend().await {
                Ok(0) => {}
                Ok(count) => {
                    tracing::warn!(count, "a clock was set: looks were planned too far ahead and are brought back")
                }
                Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "no dates were mended"),
            }
            pause(&mut stop, EVERY).await;
        }
    }

    /// Gives how many dates were brought back.
    pub(super) async fn mend(&self) -> Result<u64, StoreError> {
        let now = self.now();
        let mut conn = self.pool.acquire().await?;
        let slots = store::sweep_slots::mend(&mut conn, now, SWEEP_PERIOD.as_seconds_f64()).await?;
        let looks = store::due_looks::mend(&mut conn, now, LONGEST_PAUSE.as_seconds_f64()).await?;
        Ok(slots + looks)
    }
}
