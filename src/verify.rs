//! One domain: observe, diagnose, advance, save. The only place where DNS, judgement, lifecycle and store meet.

mod history;
mod occasion;
mod outcome;
pub mod profile;
#[cfg(test)]
mod tests;

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::{Duration, Instant};
use uuid::Uuid;

pub use self::occasion::{Lease, Occasion};
use self::outcome::{Event, domain_after, evidence, is_overtaken, record_row, seen_of};
use crate::diagnosis::{self, Ask, Diagnosis, Observed, RecordDiagnosis, Verdict, primary_type};
use crate::dns::Dns;
use crate::dns::observe::Gathering;
use crate::lifecycle::reachability::{self, Reachability, Step};
use crate::lifecycle::{self, Standing, Status};
use crate::records::plan::{Plan, PlanInput, PlannedKey, RecordKey};
use crate::records::profile::ProfileInForce;
use crate::store::domains::DomainRow;
use crate::store::keys::{KeyRow, KeyState};
use crate::store::records::RecordRow;
use crate::store::{self, StoreError};

/// What a check that runs can say already of single records; whoever waits for it may watch.
pub type Progress = watch::Sender<Vec<(RecordKey, Verdict)>>;

/// A check ends within 10 s (contract, section 5); what is left of them is for saving.
const GATHERING_BUDGET: Duration = Duration::from_millis(9_000);
/// No chain of questions that the bounds allow is longer.
const MAX_ROUNDS: usize = 40;

/// Asks DNS about everything in `plan` and judges it. Touches no database.
pub async fn look(dns: &Dns, plan: &Plan) -> Diagnosis {
    diagnosis::diagnose(plan, &observe(dns, plan).await)
}

/// Asks DNS about everything in `plan`.
pub async fn observe(dns: &Dns, plan: &Plan) -> Observed {
    gather_all(dns, plan, None).await.1
}

/// As [`look`], and whatever passes though it is not `verified` yet is asked once more over TCP, which counts.
pub async fn look_and_confirm(
    dns: &Dns,
    plan: &Plan,
    progress: Option<&Progress>,
    is_verified: impl Fn(&RecordDiagnosis) -> bool,
) -> Diagnosis {
    let (mut gathering, mut observed) = gather_all(dns, plan, progress).await;
    let first = diagnosis::diagnose(plan, &observed);
    let is_first_pass = |seen: &RecordDiagnosis| seen.verdict.is_good() && !seen.is_inherited && !is_verified(seen);
    let passed = plan.records.iter().zip(&first.records).filter(|(_, seen)| is_first_pass(seen));
    let owners = passed.flat_map(|(record, _)| record.owners().map(|owner| (owner.clone(), primary_type(record))));
    let questions: Vec<diagnosis::Question> =
        owners.map(|(owner, rtype)| diagnosis::Question::new(owner, rtype)).collect();
    if questions.is_empty() {
        return first;
    }
    gathering.confirm_all(&questions, &mut observed).await;
    gather(&mut gathering, |observed| diagnosis::questions(plan, observed), &mut observed, |_| {}).await;
    diagnosis::diagnose(plan, &observed)
}

async fn gather_all(dns: &Dns, plan: &Plan, progress: Option<&Progress>) -> (Gathering, Observed) {
    let deadline = Instant::now() + GATHERING_BUDGET;
    let mut observed = Observed::new(format!("{:016x}", rand::random::<u64>()));
    let first = diagnosis::questions(plan, &observed);
    let mut gathering = Gathering::new(dns, &plan.domain, &first, deadline);
    let questions = |observed: &Observed| diagnosis::questions(plan, observed);
    gather(&mut gathering, questions, &mut observed, |observed| tell(progress, plan, observed)).await;
    (gathering, observed)
}

/// Asks until nothing is left to be asked or a bound is reached.
async fn gather(
    gathering: &mut Gathering,
    questions: impl Fn(&Observed) -> Vec<Ask>,
    observed: &mut Observed,
    mut tell: impl FnMut(&Observed),
) {
    for _ in 0..MAX_ROUNDS {
        let asks = questions(observed);
        if asks.is_empty() || observed.is_exhausted {
            return;
        }
        let before = observed.replies.len();
        gathering.ask_and_tell(&asks, observed, &mut tell).await;
        if observed.replies.len() == before {
            observed.is_exhausted = true;
        }
    }
    observed.is_exhausted = true;
}

/// Says what is settled, where somebody watches.
fn tell(progress: Option<&Progress>, plan: &Plan, observed: &Observed) {
    if let Some(progress) = progress
        && progress.receiver_count() > 0
    {
        let settled = diagnosis::settled(plan, observed);
        progress.send_if_modified(|known| std::mem::replace(known, settled.clone()) != settled);
    }
}

/// A domain with what its plan is made from.
#[derive(Debug, Clone)]
pub struct Planned {
    pub domain: DomainRow,
    pub plan: Plan,
}

/// Loads what a domain's plan is made from. `None`: this team has no such domain.
pub async fn load(
    connection: &mut PgConnection,
    team_id: Uuid,
    domain: &str,
    profile: &ProfileInForce,
) -> Result<Option<Planned>, StoreError> {
    let Some(row) = store::domains::find(&mut *connection, team_id, domain).await? else { return Ok(None) };
    let keys = store::keys::list(connection, team_id, row.id).await?;
    Ok(Some(planned(row, &keys, profile)))
}

/// The plan of a stored domain.
pub fn planned(row: DomainRow, keys: &[KeyRow], profile: &ProfileInForce) -> Planned {
    let in_use: Vec<PlannedKey> = keys
        .iter()
        .filter(|key| key.state != KeyState::Retired)
        .map(|key| PlannedKey {
            selector: key.selector.clone(),
            public: key.public.clone(),
            is_required: key.is_required && key.state == KeyState::Active,
        })
        .collect();
    let older: Vec<_> =
        keys.iter().filter(|key| key.state == KeyState::Retired).map(|key| key.public.clone()).collect();
    let input = PlanInput {
        domain: &row.name,
        profile: &profile.profile,
        keys: &in_use,
        older_keys: &older,
        is_mx_required: row.is_mx_required,
    };
    let plan = profile.plan(&input);
    Planned { domain: row, plan }
}

/// Checks one domain now and saves what came of it. Nothing is saved where the domain was deleted or the lease lost
/// meanwhile.
pub async fn check_domain(
    pool: &PgPool,
    dns: &Dns,
    planned: &Planned,
    occasion: &Occasion<'_>,
    now: impl Fn() -> OffsetDateTime,
) -> Result<(), StoreError> {
    let (team_id, id) = (planned.domain.team_id, planned.domain.id);
    let stored = match planned.domain.last_checked_at {
        Some(_) => store::records::list(&mut *pool.acquire().await?, team_id, id).await?,
        None => Vec::new(),
    };
    let is_verified = |seen: &RecordDiagnosis| {
        stored.iter().any(|row| row.key == seen.key && row.standing.status == Status::Verified)
    };
    let look = Look::make(dns, planned, occasion.progress, is_verified, now).await;
    save_alone(pool, planned, &look, occasion).await
}

/// [`save`] in a transaction of its own.
pub async fn save_alone(
    pool: &PgPool,
    planned: &Planned,
    look: &Look,
    occasion: &Occasion<'_>,
) -> Result<(), StoreError> {
    let mut tx = store::begin(pool).await?;
    if save(&mut tx, planned, look, occasion).await? {
        store::commit(tx).await?;
    }
    Ok(())
}

/// What was seen of a domain, and when: as old as its beginning, perhaps, and that is the time it is saved under.
#[derive(Debug, Clone)]
pub struct Look {
    diagnosis: Diagnosis,
    began: OffsetDateTime,
    ended: OffsetDateTime,
}

impl Look {
    /// The first look at a domain, of which nothing was ever saved. Touches no database.
    pub async fn first(dns: &Dns, planned: &Planned, now: impl Fn() -> OffsetDateTime) -> Self {
        Self::make(dns, planned, None, |_| false, now).await
    }

    async fn make(
        dns: &Dns,
        planned: &Planned,
        progress: Option<&Progress>,
        is_verified: impl Fn(&RecordDiagnosis) -> bool,
        now: impl Fn() -> OffsetDateTime,
    ) -> Self {
        let began = now();
        let diagnosis = look_and_confirm(dns, &planned.plan, progress, is_verified).await;
        Self { diagnosis, began, ended: now() }
    }
}

/// Advances every record and the domain, under the domain's lock, and writes the events of what changed. False, and
/// nothing is saved, where a look that began later was saved already: what this one saw is older.
pub async fn save(
    tx: &mut PgConnection,
    planned: &Planned,
    look: &Look,
    occasion: &Occasion<'_>,
) -> Result<bool, StoreError> {
    let (team_id, id) = (planned.domain.team_id, planned.domain.id);
    let Some(before) = store::domains::lock_for_check(&mut *tx, team_id, id).await? else { return Ok(false) };
    let (diagnosis, now) = (&look.diagnosis, look.began);
    if is_overtaken(before.last_checked_at, now) || !occasion.may_save(&mut *tx).await? {
        return Ok(false);
    }
    let stored = store::records::list(&mut *tx, team_id, id).await?;
    let unchanged = history::unchanged_days(&mut *tx, &before, &stored).await?;
    let is_mx_required = before.is_mx_required.or(diagnosis.has_mail_elsewhere.map(|elsewhere| !elsewhere));
    let event = Event { domain_id: id, by: occasion.by, at: now };
    let (mut required, mut rows, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for (record, seen) in planned.plan.records.iter().zip(&diagnosis.records) {
        let old = stored.iter().find(|row| row.key == seen.key);
        let standing = old.map_or(Standing::NEW, |row| row.standing);
        let next = lifecycle::advance(standing, seen_of(seen, look.ended - now), now);
        let is_planned = record.is_required && (record.key != RecordKey::Mx || is_mx_required != Some(false));
        let is_required = lifecycle::is_required(is_planned, next, before.verified_at.is_some());
        if is_required {
            required.push(next);
        }
        if next.status != standing.status {
            let (from, to) = (standing.status, next.status);
            events.push(event.row("record_status", Some(&seen.key), from, to, Some(evidence(seen))));
        }
        let days = history::days_with(old, unchanged.as_ref(), seen.verdict, now);
        rows.push((id, RecordRow { days, ..record_row(seen, next, is_required, now) }));
    }
    store::records::save(&mut *tx, &rows).await?;
    let keys: Vec<RecordKey> = planned.plan.records.iter().map(|record| record.key.clone()).collect();
    if stored.iter().any(|row| !keys.contains(&row.key)) {
        store::records::delete_except(&mut *tx, id, &keys).await?;
    }
    let reach = reachability(&mut *tx, &before, diagnosis, now).await?;
    let after = domain_after(before.clone(), diagnosis, &required, is_mx_required, reach, now);
    if reach.is_unreachable && !outcome::is_unreachable(&before) {
        events.push(event.unreachable(before.status, &reach));
    }
    if after.status != before.status {
        events.push(event.row("domain_status", None, before.status, after.status, None));
    }
    store::events::insert(&mut *tx, &events).await?;
    store::domains::update_after_check(&mut *tx, &after).await?;
    occasion.plan_next(tx, &after, &required, now).await?;
    Ok(true)
}

/// How far the domain can be asked, after this look.
async fn reachability(
    tx: &mut PgConnection,
    before: &DomainRow,
    diagnosis: &Diagnosis,
    now: OffsetDateTime,
) -> Result<Reachability, StoreError> {
    let was = Reachability { unknown_since: before.unknown_since, is_unreachable: outcome::is_unreachable(before) };
    match reachability::step(was, outcome::is_unknown(diagnosis), now) {
        Step::Settled(reach) => Ok(reach),
        Step::Ask { answered_since } => {
            let is_another_answered = store::domains::is_another_answered(tx, before.id, answered_since).await?;
            Ok(reachability::settle(was, is_another_answered, now))
        }
    }
}
