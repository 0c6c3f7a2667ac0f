//! The loop of looks that have a date of their own.

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{AFTER_FAILURE, LEASE, POLL, Sweep, pause};
use crate::lifecycle::schedule::Rank;
use crate::records::profile::ProfileInForce;
use crate::store::due_looks::DueLease;
use crate::store::{self, StoreError};
use crate::verify::{self, Occasion};

/// Looks at once. A silent provider's domains hold a place for ten seconds each, and others still find one.
const AT_ONCE: usize = 128;
/// Of these, so many are kept for who is waited for or at risk.
const KEPT: usize = 32;

impl Sweep {
    pub(super) async fn run_due(&self, mut stop: watch::Receiver<bool>) {
        let mut open: JoinSet<()> = JoinSet::new();
        while !*stop.borrow() {
            match self.start_due(&mut open).await {
                Ok(_) => tokio::select! {
                    () = pause(&mut stop, POLL) => {}
                    () = until_half_free(&mut open) => {}
                },
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "due looks were not claimed");
                    pause(&mut stop, AFTER_FAILURE).await;
                }
            }
        }
        while open.join_next().await.is_some() {}
    }

    /// Claims what is due and there is place for, and begins the looks. Gives how many.
    pub(super) async fn start_due(&self, open: &mut JoinSet<()>) -> Result<usize, StoreError> {
        let Some(profile) = self.profile().await? else { return Ok(0) };
        let mut begun = 0;
        for rank in [Rank::Awaited, Rank::AtRisk, Rank::Other] {
            let kept = if rank == Rank::Other { KEPT } else { 0 };
            let free = AT_ONCE.saturating_sub(open.len() + kept);
            if free == 0 {
                break;
            }
            let mut conn = self.pool.acquire().await?;
            let limit = i64::try_from(free).unwrap_or(i64::MAX);
            let leases = store::due_looks::claim(&mut conn, rank, self.now(), LEASE.as_secs_f64(), limit).await?;
            drop(conn);
            begun += leases.len();
            for lease in leases {
                let (sweep, profile) = (self.clone(), profile.clone());
                open.spawn(async move { sweep.look_at_due(lease, &profile).await });
            }
        }
        Ok(begun)
    }

    async fn look_at_due(&self, lease: DueLease, profile: &ProfileInForce) {
        let outcome = self.try_due(lease, profile).await;
        let word = if outcome.is_ok() { "done" } else { "failed" };
        metrics::counter!("signet_sweep_looks_total", "kind" => "due", "outcome" => word).increment(1);
        if let Err(error) = outcome {
            // The claim runs out, and the look is made again.
            let id = lease.domain_id;
            tracing::warn!(domain = %id, error = &error as &dyn std::error::Error, "a look was not saved");
        }
    }

    async fn try_due(&self, lease: DueLease, profile: &ProfileInForce) -> Result<(), StoreError> {
        let id = lease.domain_id.to_string();
        let Some(planned) = verify::load(&mut *self.pool.acquire().await?, lease.team_id, &id, profile).await? else {
            return Ok(());
        };
        let occasion = Occasion { by: "sweep", lease: Some(lease), jitter: rand::random(), progress: None };
        verify::check_domain(&self.pool, &self.dns, &planned, &occasion, || self.now()).await
    }
}

/// Ends when a full house has half of its places free again. Few looks are left to themselves.
async fn until_half_free(open: &mut JoinSet<()>) {
    if open.len() <= AT_ONCE / 2 {
        while open.join_next().await.is_some() {}
        return std::future::pending().await;
    }
    while open.len() > AT_ONCE / 2 {
        open.join_next().await;
    }
}
