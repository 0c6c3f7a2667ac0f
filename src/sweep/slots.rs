//! The loop of verified domains: leases a slot, walks it by id, and writes back in batches.
//!
//! The resolver is asked first. Where it tells what is remembered, the look is noted with its batch; whatever differs
//! is looked at whole, by the zone's nameservers, before it counts.

use std::collections::HashMap;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{AFTER_FAILURE, LEASE, POLL, Sweep, pause};
use crate::diagnosis::{Diagnosis, Verdict};
use crate::dns::Dns;
use crate::lifecycle::schedule::SWEEP_PERIOD;
use crate::records::profile::ProfileInForce;
use crate::store::keys::KeyRow;
use crate::store::sweep_slots::{Met, Remembered, SlotLease};
use crate::store::{self, StoreError};
use crate::verify::{self, Lease, Occasion, Planned};

/// Domains looked at together and written back together.
const SLICE: i64 = 200;
/// A slot that is so much behind is no longer paced.
const BEHIND: time::Duration = time::Duration::minutes(2);
/// A slot's minute, less what its last slice may take.
const PACE: Duration = Duration::from_secs(40);
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
        while !*stop.borrow() {
            match self.walk_one_slot(&mut stop).await {
                Ok(true) => {}
                Ok(false) => pause(&mut stop, POLL).await,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a slot was not walked");
                    pause(&mut stop, AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Leases the slot that waits for longest and walks it, over its minute where it is on time. False: none is due.
    pub(super) async fn walk_one_slot(&self, stop: &mut watch::Receiver<bool>) -> Result<bool, StoreError> {
        let Some(profile) = self.profile().await? else { return Ok(false) };
        let mut conn = self.pool.acquire().await?;
        let leased = store::sweep_slots::lease(&mut conn, self.now(), LEASE.as_secs_f64()).await?;
        drop(conn);
        let Some(mut lease) = leased else { return Ok(false) };
        while !*stop.borrow() {
            match self.walk_slice(&mut lease, &profile).await? {
                Walked::Part if self.now() - lease.next_at < BEHIND => pause(stop, PACE / 8).await,
                Walked::Part => {}
                Walked::Whole | Walked::Lost => return Ok(true),
                Walked::Held => {
                    pause(stop, POLL).await;
                    return Ok(true);
                }
            }
        }
        let mut conn = self.pool.acquire().await?;
        store::sweep_slots::release(&mut conn, &lease, 0.0).await?;
        Ok(true)
    }

    /// Looks at the next domains of the slot and writes back what was seen.
    pub(super) async fn walk_slice(
        &self,
        lease: &mut SlotLease,
        profile: &ProfileInForce,
    ) -> Result<Walked, StoreError> {
        let mut conn = self.pool.acquire().await?;
        let met = store::sweep_slots::walk(&mut conn, lease, SLICE).await?;
        let Some(last) = met.last().map(|met| met.id) else {
            let is_ours = store::sweep_slots::finish(&mut conn, lease, next_walk(lease.next_at, self.now())).await?;
            return Ok(if is_ours { Walked::Whole } else { Walked::Lost });
        };
        drop(conn);
        let slice = self.load(&met, profile).await?;
        let seen_at = self.now();
        let (same, differing) = ask_resolver(&self.resolver, slice).await;
        self.suspicion.note_good(&same);
        if self.suspicion.note_bad(differing.len()) && !self.is_world_as_it_was(profile).await? {
            return self.hold(lease, differing.len()).await.map(|()| Walked::Held);
        }
        self.look_whole(lease, differing).await;
        let mut tx = store::begin(&self.pool).await?;
        if !store::sweep_slots::is_held(&mut tx, lease).await? {
            return Ok(Walked::Lost);
        }
        store::sweep_slots::note_unchanged(&mut tx, &same, seen_at).await?;
        store::sweep_slots::advance(&mut tx, lease, last, LEASE.as_secs_f64()).await?;
        store::commit(tx).await?;
        lease.cursor = Some(last);
        metrics::counter!("signet_sweep_looks_total", "kind" => "slot", "outcome" => "done")
            .increment(u64::try_from(met.len()).unwrap_or(u64::MAX));
        Ok(Walked::Part)
    }

    /// The domains with their plans and what is remembered of their records.
    async fn load(&self, met: &[Met], profile: &ProfileInForce) -> Result<Vec<(Planned, Vec<Remembered>)>, StoreError> {
        let ids: Vec<Uuid> = met.iter().map(|met| met.id).collect();
        let mut conn = self.pool.acquire().await?;
        let domains = store::domains::list_by_ids(&mut conn, &ids).await?;
        let mut remembered = store::sweep_slots::remembered(&mut conn, &ids).await?;
        let mut keys: HashMap<Uuid, Vec<KeyRow>> = HashMap::new();
        for key in store::keys::list_of_domains(&mut conn, &ids).await? {
            keys.entry(key.domain_id).or_default().push(key);
        }
        let slice = domains.into_iter().map(|row| {
            let id = row.id;
            let planned = verify::planned(row, keys.get(&id).map_or(&[][..], Vec::as_slice), profile);
            (planned, remembered.remove(&id).unwrap_or_default())
        });
        Ok(slice.collect())
    }

    /// Looks at each as a click would: its nameservers decide, and it is saved by itself.
    async fn look_whole(&self, lease: &SlotLease, differing: Vec<Planned>) {
        let mut open = JoinSet::new();
        for planned in differing {
            let (sweep, lease) = (self.clone(), *lease);
            open.spawn(async move {
                let occasion =
                    Occasion { by: "sweep", lease: Some(Lease::Slot(lease)), jitter: rand::random(), progress: None };
                let id = planned.domain.id;
                let saved = verify::check_domain(&sweep.pool, &sweep.dns, &planned, &occasion, || sweep.now()).await;
                if let Err(error) = saved {
                    // The next walk sees it again.
                    tracing::warn!(domain = %id, error = &error as &dyn std::error::Error, "a look was not saved");
                }
            });
        }
        open.join_all().await;
    }

    /// Whether domains that were good a moment ago still are. With no witness there is no reason for doubt.
    async fn is_world_as_it_was(&self, profile: &ProfileInForce) -> Result<bool, StoreError> {
        let witnesses: Vec<Met> =
            self.suspicion.witnesses().into_iter().map(|id| Met { id, team_id: Uuid::nil() }).collect();
        if witnesses.is_empty() {
            return Ok(true);
        }
        let slice = self.load(&witnesses, profile).await?;
        let (same, differing) = ask_resolver(&self.witness, slice).await;
        Ok(same.len() > differing.len())
    }

    async fn hold(&self, lease: &SlotLease, count: usize) -> Result<(), StoreError> {
        tracing::error!(
            count,
            held_s = HELD_FOR.as_secs(),
            "many domains turned bad at once, and so did names known to be good: their statuses are held"
        );
        metrics::counter!("signet_sweep_held_total").increment(1);
        self.suspicion.forget();
        let mut conn = self.pool.acquire().await?;
        store::sweep_slots::release(&mut conn, lease, HELD_FOR.as_secs_f64()).await
    }
}

/// Asks the resolver alone. Gives the domains that are as remembered, and those that differ.
async fn ask_resolver(dns: &Dns, slice: Vec<(Planned, Vec<Remembered>)>) -> (Vec<Uuid>, Vec<Planned>) {
    let mut open = JoinSet::new();
    for (planned, remembered) in slice {
        let dns = dns.clone();
        open.spawn(async move {
            let seen = verify::look(&dns, &planned.plan).await;
            (is_as_remembered(&seen, &remembered), planned)
        });
    }
    let (mut same, mut differing) = (Vec::new(), Vec::new());
    for (is_same, planned) in open.join_all().await {
        if is_same { same.push(planned.domain.id) } else { differing.push(planned) }
    }
    (same, differing)
}

/// Whether a look by the resolver tells nothing new of any record.
fn is_as_remembered(seen: &Diagnosis, remembered: &[Remembered]) -> bool {
    seen.records.len() == remembered.len()
        && seen.records.iter().all(|record| {
            let old = remembered.iter().find(|old| old.key == record.key);
            old.is_some_and(|old| {
                record.verdict != Verdict::Unknown
                    && old.verdict == Some(record.verdict)
                    && sorted(&old.current) == sorted(&record.current)
            })
        })
}

/// Records come in any order.
fn sorted(records: &[String]) -> Vec<&str> {
    let mut records: Vec<&str> = records.iter().map(String::as_str).collect();
    records.sort_unstable();
    records
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
