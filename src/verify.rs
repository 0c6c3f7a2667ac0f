//! One domain: observe, diagnose, advance, save. The only place where DNS, judgement, lifecycle and store meet.

mod history;
mod notices;
mod occasion;
mod outcome;
pub mod profile;
mod saving;
#[cfg(test)]
mod tests;

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::{Duration, Instant};
use uuid::Uuid;

pub use self::occasion::Occasion;
pub use self::saving::{Saved, save, save_first};
use crate::diagnosis::{self, Ask, Diagnosis, Observed, RecordDiagnosis, Verdict, primary_type};
use crate::dns::Dns;
use crate::dns::observe::Gathering;
use crate::lifecycle::Status;
use crate::records::plan::{Plan, PlanInput, PlannedKey, RecordKey};
use crate::records::profile::ProfileInForce;
use crate::store::domains::DomainRow;
use crate::store::keys::{KeyRow, KeyState};
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
