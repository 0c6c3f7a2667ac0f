//! The background verifier: looks at every domain for as long as it is there.
//!
//! Two loops. One takes the looks that have a date of their own (pending, at risk, failed), the other walks the slots
//! of verified domains. Everything they know stands in the database under leases, so any number of replicas share the
//! work, and one that is killed loses nothing: its leases run out and another goes on.

mod due;
mod gauges;
mod judging;
mod mending;
mod prints;
mod slots;
mod suspicion;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::sync::{Semaphore, watch};

use crate::dns::Dns;
use crate::records::profile::ProfileInForce;
use crate::store::StoreError;
use crate::verify;
use suspicion::Suspicion;

/// How long a claim lasts. What is claimed is looked at, judged and saved well before.
const LEASE: Duration = Duration::from_secs(45);
/// A check ends within so long (contract, section 5).
const CHECK_TAKES: Duration = Duration::from_secs(10);
/// How often the loops look for work where there was none.
const POLL: Duration = Duration::from_secs(1);
/// How long a loop waits after the database did not answer.
const AFTER_FAILURE: Duration = Duration::from_secs(3);

// A look that outlives its lease is made twice; with twice the time of a check, none does.
const _: () = assert!(LEASE.as_secs() >= 2 * CHECK_TAKES.as_secs());

/// What the background verifier works with. Cheap to clone.
#[derive(Clone)]
pub struct Sweep {
    pool: PgPool,
    dns: Dns,
    /// The resolver alone, and shared answers about names that many domains have in common.
    resolver: Dns,
    /// The resolver alone, asked anew: whether the world is as it was.
    witness: Dns,
    clock: fn() -> OffsetDateTime,
    suspicion: Arc<Suspicion>,
    judging: Arc<Semaphore>,
}

impl Sweep {
    pub fn new(pool: PgPool, dns: Dns, clock: fn() -> OffsetDateTime) -> Self {
        let (resolver, witness) = (dns.for_sweep(), dns.without_nameservers());
        let judging = Arc::new(Semaphore::new(judging::JUDGED_AT_ONCE));
        Self { pool, dns, resolver, witness, clock, suspicion: Arc::default(), judging }
    }

    /// Works until `stop` turns true; what is in hand then is saved first.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        tokio::join!(
            self.run_due(stop.clone()),
            self.run_slots(stop.clone()),
            self.run_mending(stop.clone()),
            self.run_gauges(stop)
        );
    }

    fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }

    /// `None` before there is one, and so before there is any domain.
    async fn profile(&self) -> Result<Option<ProfileInForce>, StoreError> {
        let mut conn = self.pool.acquire().await?;
        let in_force = verify::profile::in_force(&mut conn, self.now()).await?;
        Ok(Some(in_force).filter(|in_force| in_force.number > 0))
    }
}

/// Waits, but not beyond `stop`.
async fn pause(stop: &mut watch::Receiver<bool>, takes: Duration) {
    // A closed channel means that the program ends.
    let _ = tokio::time::timeout(takes, stop.wait_for(|is_told| *is_told)).await;
}
