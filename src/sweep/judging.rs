//! What a slice of verified domains shows: by print where their answers were judged before, else by a look of their own.

use std::collections::HashMap;
use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{Sweep, prints};
use crate::diagnosis::{self, Diagnosis, Verdict};
use crate::dns::Dns;
use crate::dns::print::{self, Heard, Print};
use crate::records::profile::ProfileInForce;
use crate::store::keys::KeyRow;
use crate::store::look_prints::PrintRow;
use crate::store::sweep_slots::{Met, Remembered};
use crate::store::{self, StoreError};
use crate::verify::{self, Planned};

/// Looks of their own at once, over all slots: each asks several questions in its first round.
pub(super) const JUDGED_AT_ONCE: usize = 48;

/// What a slice's looks found.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// As remembered.
    pub same: Vec<Uuid>,
    /// Of those that were judged, what to know them by the next time.
    pub prints: Vec<PrintRow>,
    pub judged_by: Print,
    /// Some record is not as remembered, or was not good.
    pub worse: Vec<Uuid>,
    /// Could not be asked.
    pub unanswered: Vec<Uuid>,
}

/// One domain's look by the resolver.
struct Judged {
    id: Uuid,
    outcome: Outcome,
    /// The questions and the print of their answers.
    print: Option<(String, Print)>,
}

enum Outcome {
    Same,
    Worse,
    Unanswered,
}

impl Sweep {
    /// Asks the resolver about domains, those that were met.
    pub(super) async fn see(
        &self,
        met: &[Met],
        profile: &ProfileInForce,
        now: OffsetDateTime,
    ) -> Result<Seen, StoreError> {
        let judged_by = prints::judged_by(profile);
        let mut seen = Seen { judged_by, ..Seen::default() };
        let mut to_judge: Vec<Uuid> = Vec::new();
        let (asked, expected): (Vec<_>, Vec<_>) = met.iter().map(|met| prints::known(met, &judged_by, now)).unzip();
        let all_heard = self.resolver.ask_again(&asked).await;
        for ((met, heard), expected) in met.iter().zip(all_heard).zip(expected) {
            match heard {
                Heard::Nothing => seen.unanswered.push(met.id),
                Heard::Print(print) if Some(print) == expected => seen.same.push(met.id),
                Heard::Print(_) | Heard::Other => to_judge.push(met.id),
            }
        }
        let touched: HashMap<Uuid, i64> = met.iter().map(|met| (met.id, met.touched)).collect();
        for judged in self.judge(&self.resolver, to_judge, profile).await? {
            match judged.outcome {
                Outcome::Same => seen.same.push(judged.id),
                Outcome::Worse => seen.worse.push(judged.id),
                Outcome::Unanswered => seen.unanswered.push(judged.id),
            }
            if let (Outcome::Same, Some((asked, print))) = (judged.outcome, judged.print) {
                let touched = touched.get(&judged.id).copied().unwrap_or_default();
                seen.prints.push(PrintRow { domain_id: judged.id, touched, asked, print: print.to_vec() });
            }
        }
        Ok(seen)
    }

    /// Whether domains that were good a moment ago still are. With no witness there is no reason for doubt.
    pub(super) async fn is_world_as_it_was(&self, profile: &ProfileInForce) -> Result<bool, StoreError> {
        let judged = self.judge(&self.witness, self.suspicion.witnesses(), profile).await?;
        let same = judged.iter().filter(|judged| matches!(judged.outcome, Outcome::Same)).count();
        Ok(judged.is_empty() || same * 2 > judged.len())
    }

    /// Asks the resolver alone, and judges.
    async fn judge(&self, dns: &Dns, ids: Vec<Uuid>, profile: &ProfileInForce) -> Result<Vec<Judged>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut open = JoinSet::new();
        for (planned, remembered) in self.load(&ids, profile).await? {
            let (dns, places): (Dns, Arc<Semaphore>) = (dns.clone(), Arc::clone(&self.judging));
            open.spawn(async move {
                let _place = places.acquire_owned().await;
                judge_one(&dns, &planned, &remembered).await
            });
        }
        Ok(open.join_all().await)
    }

    /// The domains with their plans and what is remembered of their records.
    async fn load(
        &self,
        ids: &[Uuid],
        profile: &ProfileInForce,
    ) -> Result<Vec<(Planned, Vec<Remembered>)>, StoreError> {
        let mut conn = self.pool.acquire().await?;
        let domains = store::domains::list_by_ids(&mut conn, ids).await?;
        let mut remembered = store::sweep_slots::remembered(&mut conn, ids).await?;
        let mut keys: HashMap<Uuid, Vec<KeyRow>> = HashMap::new();
        for key in store::keys::list_of_domains(&mut conn, ids).await? {
            keys.entry(key.domain_id).or_default().push(key);
        }
        let slice = domains.into_iter().map(|row| {
            let id = row.id;
            let planned = verify::planned(row, keys.get(&id).map_or(&[][..], Vec::as_slice), profile);
            (planned, remembered.remove(&id).unwrap_or_default())
        });
        Ok(slice.collect())
    }
}

async fn judge_one(dns: &Dns, planned: &Planned, remembered: &[Remembered]) -> Judged {
    let observed = verify::observe(dns, &planned.plan).await;
    let diagnosis = diagnosis::diagnose(&planned.plan, &observed);
    let outcome = match &diagnosis {
        same if is_as_remembered(same, remembered) => Outcome::Same,
        other if is_unanswered(other) => Outcome::Unanswered,
        _ => Outcome::Worse,
    };
    let domain = planned.domain.name.owner();
    let print =
        print::of_observed(&observed).and_then(|(questions, print)| Some((prints::write(&questions, &domain)?, print)));
    Judged { id: planned.domain.id, outcome, print }
}

/// Whether nothing is wrong but what could not be asked.
fn is_unanswered(seen: &Diagnosis) -> bool {
    seen.records.iter().any(|record| record.verdict == Verdict::Unknown)
        && seen.records.iter().all(|record| record.verdict == Verdict::Unknown || record.verdict.is_good())
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
