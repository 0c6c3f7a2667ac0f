//! The loop of verified domains: leases slots, walks each by id, and writes back in batches.
//!
//! The resolver is asked first. Where it tells what is remembered, the look is noted with its batch. Whatever differs
//! or is not answered gets a date of its own, at once: the zone's nameservers decide there, and nobody waits for the
//! silent ones here.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::judging::Seen;
use super::{AFTER_FAILURE, LEASE, POLL, Sweep, pause};
use crate::lifecycle::schedule::{Due, Rank, SWEEP_PERIOD};
use crate::records::profile::ProfileInForce;
use crate::store::sweep_slots::SlotLease;
use crate::store::{self, StoreError};

/// Domains looked at together and written back together, on time and behind.
const SLICE: i64 = 200;
const LARGE_SLICE: i64 = 1_000;
/// A slot that is so much behind is no longer paced.
const BEHIND: time::Duration = time::Duration::minutes(2);
/// A slot's minute, less what its last slice may take.
const PACE: Duration = Duration::from_secs(40);
/// Slots walked at once, on time and behind. A slice waits for its slowest answer, and the others go on.
const WALKS: usize = 2;
const WALKS_BEHIND: usize = 24;
/// How long the sweep holds still when it does not believe what it sees.
pub(super) const HELD_FOR: Duration = Duration::from_secs(300);

/// How a slice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walked {
    /// The slot is done.
    Whole,
    /// There is more of it.
    Part,
    /// Another replica has the slot now; nothing was written.
    Lost,
    /// Too much turned bad at once, and what is known to be good did as well; nothing was written.
    Held,
}

impl Sweep {
    pub(super) async fn run_slots(&self, mut stop: watch::Receiver<bool>) {
        let mut open: JoinSet<()> = JoinSet::new();
        let mut most = WALKS;
        while !*stop.borrow() {
            if open.len() >= most {
                tokio::select! {
                    _ = open.join_next() => {}
                    () = pause(&mut stop, POLL) => {}
                }
                continue;
            }
            match self.lease_slot().await {
                Ok(Some((lease, profile))) => {
                    most = if self.is_behind(&lease) { WALKS_BEHIND } else { WALKS };
                    let (sweep, stop) = (self.clone(), stop.clone());
                    open.spawn(async move { sweep.walk_slot(lease, &profile, stop).await });
                }
                Ok(None) => pause(&mut stop, POLL).await,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "no slot was leased");
                    pause(&mut stop, AFTER_FAILURE).await;
                }
            }
        }
        while open.join_next().await.is_some() {}
    }

    /// Leases the slot that waits for longest. `None`: none is due.
    pub(super) async fn lease_slot(&self) -> Result<Option<(SlotLease, ProfileInForce)>, StoreError> {
        let Some(profile) = self.profile().await? else { return Ok(None) };
        let mut conn = self.pool.acquire().await?;
        let leased = store::sweep_slots::lease(&mut conn, self.now(), LEASE.as_secs_f64()).await?;
        Ok(leased.map(|lease| (lease, profile)))
    }

    fn is_behind(&self, lease: &SlotLease) -> bool {
        self.now() - lease.next_at >= BEHIND
    }

    /// Walks a slot to its end, over its minute where it is on time.
    async fn walk_slot(&self, mut lease: SlotLease, profile: &ProfileInForce, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.walk_slice(&mut lease, profile).await {
                Ok(Walked::Part) if self.is_behind(&lease) => {}
                Ok(Walked::Part) => pause(&mut stop, PACE / 8).await,
                Ok(Walked::Whole | Walked::Lost | Walked::Held) => return,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a slot was not walked");
                    return pause(&mut stop, AFTER_FAILURE).await;
                }
            }
        }
        if let Err(error) = self.release(&lease, Duration::ZERO).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "a slot was not given back; its lease runs out");
        }
    }

    /// Looks at the next domains of the slot and writes back what was seen.
    pub(super) async fn walk_slice(
        &self,
        lease: &mut SlotLease,
        profile: &ProfileInForce,
    ) -> Result<Walked, StoreError> {
        let mut conn = self.pool.acquire().await?;
        let size = if self.is_behind(lease) { LARGE_SLICE } else { SLICE };
        let met = store::sweep_slots::walk(&mut conn, lease, size).await?;
        let Some(last) = met.last().map(|met| met.id) else {
            let is_ours = store::sweep_slots::finish(&mut conn, lease, next_walk(lease.next_at, self.now())).await?;
            return Ok(if is_ours { Walked::Whole } else { Walked::Lost });
        };
        drop(conn);
        let seen_at = self.now();
        let seen = self.see(&met, profile, seen_at).await?;
        self.suspicion.note_good(&seen.same);
        let bad = seen.worse.len() + seen.unanswered.len();
        if self.suspicion.note_bad(bad) && !self.is_world_as_it_was(profile).await? {
            return self.hold(lease, bad).await.map(|()| Walked::Held);
        }
        if !self.write_back(lease, last, &seen, seen_at).await? {
            return Ok(Walked::Lost);
        }
        lease.cursor = Some(last);
        metrics::counter!("signet_sweep_looks_total", "kind" => "slot", "outcome" => "done")
            .increment(u64::try_from(met.len()).unwrap_or(u64::MAX));
        Ok(Walked::Part)
    }

    /// All of it or nothing; false where the lease is another's.
    async fn write_back(
        &self,
        lease: &SlotLease,
        last: Uuid,
        seen: &Seen,
        seen_at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let mut tx = store::begin(&self.pool).await?;
        if !store::sweep_slots::is_held(&mut tx, lease).await? {
            return Ok(false);
        }
        store::sweep_slots::note_unchanged(&mut tx, &seen.same, seen_at).await?;
        store::look_prints::keep(&mut tx, &seen.prints, &seen.judged_by, seen_at).await?;
        for (ids, rank) in [(&seen.worse, Rank::AtRisk), (&seen.unanswered, Rank::Other)] {
            store::due_looks::plan_many(&mut tx, ids, Due { at: seen_at, rank }).await?;
        }
        store::sweep_slots::advance(&mut tx, lease, last, LEASE.as_secs_f64()).await?;
        store::commit(tx).await?;
        Ok(true)
    }

    async fn hold(&self, lease: &SlotLease, count: usize) -> Result<(), StoreError> {
        tracing::error!(
            count,
            held_s = HELD_FOR.as_secs(),
            "many domains turned bad at once, and so did names known to be good: their statuses are held"
        );
        metrics::counter!("signet_sweep_held_total").increment(1);
        self.suspicion.forget();
        let mut tx = store::begin(&self.pool).await?;
        let counted = u64::try_from(count).unwrap_or(u64::MAX);
        store::notices::insert_many_at_once(&mut tx, counted, self.now()).await?;
        store::sweep_slots::release(&mut tx, lease, HELD_FOR.as_secs_f64()).await?;
        store::commit(tx).await
    }

    async fn release(&self, lease: &SlotLease, delay: Duration) -> Result<(), StoreError> {
        let mut conn = self.pool.acquire().await?;
        store::sweep_slots::release(&mut conn, lease, delay.as_secs_f64()).await
    }
}

/// The slot's next minute after `now`: its place in the half day stays, however late this walk was.
fn next_walk(planned: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
    let late = (now - planned).max(time::Duration::ZERO);
    let periods = late.whole_seconds() / SWEEP_PERIOD.whole_seconds() + 1;
    planned + SWEEP_PERIOD * i32::try_from(periods).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_slot_keeps_its_minute_however_late_it_was_walked() {
        let planned = datetime!(2026-06-01 09:07 UTC);
        for (now, expected) in [
            (datetime!(2026-06-01 09:07:30 UTC), datetime!(2026-06-01 21:07 UTC)),
            (datetime!(2026-06-01 21:06 UTC), datetime!(2026-06-01 21:07 UTC)),
            (datetime!(2026-06-04 10:00 UTC), datetime!(2026-06-04 21:07 UTC)),
            (datetime!(2026-05-30 10:00 UTC), datetime!(2026-06-01 21:07 UTC)),
        ] {
            assert_eq!(next_walk(planned, now), expected, "{now}");
        }
    }
}
