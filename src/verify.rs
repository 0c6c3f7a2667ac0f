//! One domain: observe, diagnose, advance, save. The only place where DNS, judgement, lifecycle and store meet.

use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::time::{Duration, Instant};
use uuid::Uuid;

use crate::diagnosis::{self, Diagnosis, Observed, RecordDiagnosis, Verdict, primary_type};
use crate::dns::Dns;
use crate::dns::observe::Gathering;
use crate::lifecycle::{self, Standing, Status};
use crate::records::plan::{Plan, PlanInput, PlannedKey, RecordKey, SendingProfile, plan};
use crate::store::domains::DomainRow;
use crate::store::events::EventRow;
use crate::store::keys::{KeyRow, KeyState};
use crate::store::records::RecordRow;
use crate::store::{self, StoreError};

/// A check ends within 10 s (contract, section 5); what is left of them is for saving.
const GATHERING_BUDGET: Duration = Duration::from_millis(9_000);
/// No chain of questions that the bounds allow is longer.
const MAX_ROUNDS: usize = 40;

/// Asks DNS about everything in `plan` and judges it. Touches no database.
pub async fn look(dns: &Dns, plan: &Plan) -> Diagnosis {
    let deadline = Instant::now() + GATHERING_BUDGET;
    let mut observed = Observed::default();
    let first = diagnosis::questions(plan, &observed);
    let mut gathering = Gathering::new(dns, &plan.domain, &first, deadline);
    gather(&mut gathering, plan, &mut observed).await;
    diagnosis::diagnose(plan, &observed)
}

/// As [`look`], and whatever passes though it is not `verified` yet is asked once more over TCP, which counts.
async fn look_and_confirm(dns: &Dns, plan: &Plan, is_verified: impl Fn(&RecordDiagnosis) -> bool) -> Diagnosis {
    let deadline = Instant::now() + GATHERING_BUDGET;
    let mut observed = Observed::default();
    let first = diagnosis::questions(plan, &observed);
    let mut gathering = Gathering::new(dns, &plan.domain, &first, deadline);
    gather(&mut gathering, plan, &mut observed).await;
    let first = diagnosis::diagnose(plan, &observed);
    let is_first_pass = |seen: &RecordDiagnosis| seen.verdict.is_good() && !seen.is_inherited && !is_verified(seen);
    let passed = plan.records.iter().zip(&first.records).filter(|(_, seen)| is_first_pass(seen));
    let questions: Vec<diagnosis::Question> =
        passed.map(|(record, _)| diagnosis::Question::new(record.owner.clone(), primary_type(record))).collect();
    if questions.is_empty() {
        return first;
    }
    gathering.confirm_all(&questions, &mut observed).await;
    gather(&mut gathering, plan, &mut observed).await;
    diagnosis::diagnose(plan, &observed)
}

async fn gather(gathering: &mut Gathering, plan: &Plan, observed: &mut Observed) {
    for _ in 0..MAX_ROUNDS {
        let asks = diagnosis::questions(plan, observed);
        if asks.is_empty() || observed.is_exhausted {
            return;
        }
        let before = observed.replies.len();
        gathering.ask(&asks, observed).await;
        if observed.replies.len() == before {
            observed.is_exhausted = true;
        }
    }
    observed.is_exhausted = true;
}

/// A domain with what its plan is made from.
#[derive(Debug, Clone)]
pub struct Planned {
    pub domain: DomainRow,
    pub plan: Plan,
}

/// Loads what a domain's plan is made from. `None`: this team has no such domain.
pub async fn load(
    pool: &PgPool,
    team_id: Uuid,
    domain: &str,
    profile: &SendingProfile,
) -> Result<Option<Planned>, StoreError> {
    let mut conn = pool.acquire().await?;
    let Some(row) = store::domains::find(&mut conn, team_id, domain).await? else { return Ok(None) };
    let keys = store::keys::list(&mut conn, team_id, row.id).await?;
    Ok(Some(planned(row, &keys, profile)))
}

/// The plan of a stored domain.
pub fn planned(row: DomainRow, keys: &[KeyRow], profile: &SendingProfile) -> Planned {
    let in_use: Vec<PlannedKey> = keys
        .iter()
        .filter(|key| key.state != KeyState::Retired)
        .map(|key| PlannedKey {
            selector: key.selector.clone(),
            public: key.public.clone(),
            is_required: key.is_required,
        })
        .collect();
    let older: Vec<_> =
        keys.iter().filter(|key| key.state == KeyState::Retired).map(|key| key.public.clone()).collect();
    let input =
        PlanInput { domain: &row.name, profile, keys: &in_use, older_keys: &older, is_mx_required: row.is_mx_required };
    let plan = plan(&input);
    Planned { domain: row, plan }
}

/// Checks one domain now and saves what came of it. `by` stands in the events. Nothing is saved where the domain was
/// deleted meanwhile.
pub async fn check_domain(
    pool: &PgPool,
    dns: &Dns,
    planned: &Planned,
    by: &str,
    now: impl Fn() -> OffsetDateTime,
) -> Result<(), StoreError> {
    let stored = store::records::list(&mut *pool.acquire().await?, planned.domain.team_id, planned.domain.id).await?;
    let is_verified = |seen: &RecordDiagnosis| {
        stored.iter().any(|row| row.key == seen.key && row.standing.status == Status::Verified)
    };
    let diagnosis = look_and_confirm(dns, &planned.plan, is_verified).await;
    save(pool, planned, &diagnosis, by, now()).await
}

/// Advances every record and the domain, under the domain's lock, and writes the events of what changed.
async fn save(
    pool: &PgPool,
    planned: &Planned,
    diagnosis: &Diagnosis,
    by: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let mut tx = store::begin(pool).await?;
    let (team_id, id) = (planned.domain.team_id, planned.domain.id);
    let Some(before) = store::domains::lock_for_check(&mut tx, team_id, id).await? else { return Ok(()) };
    let stored = store::records::list(&mut tx, team_id, id).await?;
    let is_mx_required = before.is_mx_required.or(diagnosis.has_mail_elsewhere.map(|elsewhere| !elsewhere));
    let event = Event { domain_id: id, by, at: now };
    let mut required = Vec::new();
    for (record, seen) in planned.plan.records.iter().zip(&diagnosis.records) {
        let old = stored.iter().find(|row| row.key == seen.key);
        let standing = old.map_or(Standing::NEW, |row| row.standing);
        let next = lifecycle::advance(standing, seen.verdict, now);
        let is_required = record.is_required && (record.key != RecordKey::Mx || is_mx_required != Some(false));
        if is_required {
            required.push(next);
        }
        if next.status != standing.status {
            let row = event.row("record_status", Some(&seen.key), standing.status, next.status, Some(evidence(seen)));
            store::events::insert(&mut tx, &row).await?;
        }
        store::records::save(&mut tx, id, &record_row(seen, next, is_required, now)).await?;
    }
    let keys: Vec<RecordKey> = planned.plan.records.iter().map(|record| record.key.clone()).collect();
    store::records::delete_except(&mut tx, id, &keys).await?;
    let after = domain_after(before.clone(), diagnosis, &required, is_mx_required, now);
    if after.status != before.status {
        store::events::insert(&mut tx, &event.row("domain_status", None, before.status, after.status, None)).await?;
    }
    store::domains::update_after_check(&mut tx, &after).await?;
    store::commit(tx).await
}

/// What the events of one look have in common.
struct Event<'a> {
    domain_id: Uuid,
    by: &'a str,
    at: OffsetDateTime,
}

impl Event<'_> {
    fn row(
        &self,
        kind: &str,
        record: Option<&RecordKey>,
        from: Status,
        to: Status,
        evidence: Option<serde_json::Value>,
    ) -> EventRow {
        EventRow {
            id: Uuid::now_v7(),
            domain_id: self.domain_id,
            at: self.at,
            kind: kind.to_owned(),
            by_whom: self.by.to_owned(),
            record: record.map(ToString::to_string),
            from_status: Some(from.as_str().to_owned()),
            to_status: Some(to.as_str().to_owned()),
            evidence,
        }
    }
}

fn record_row(seen: &RecordDiagnosis, standing: Standing, is_required: bool, now: OffsetDateTime) -> RecordRow {
    RecordRow {
        key: seen.key.clone(),
        standing,
        verdict: Some(seen.verdict),
        is_required,
        current: seen.current.clone(),
        answered_by: seen.answered_by,
        checked_at: Some(now),
        findings: seen.findings.clone(),
        suggested_value: seen.suggested_value.clone(),
        is_inherited: seen.is_inherited,
        evidence: Some(seen.evidence.clone()),
    }
}

fn domain_after(
    mut row: DomainRow,
    diagnosis: &Diagnosis,
    required: &[Standing],
    is_mx_required: Option<bool>,
    now: OffsetDateTime,
) -> DomainRow {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    row.status = lifecycle::domain_status(required.iter().map(|standing| standing.status));
    row.is_mx_required = is_mx_required;
    row.required_total = count(required.len());
    row.required_verified = count(required.iter().filter(|standing| standing.status == Status::Verified).count());
    if row.status == Status::Verified {
        row.verified_at = row.verified_at.or(Some(now));
    }
    row.at_risk_since = match row.status {
        Status::AtRisk | Status::Failed => required.iter().filter_map(|standing| standing.at_risk_since).min(),
        Status::Pending | Status::Verified => None,
    };
    let is_unknown = diagnosis.records.iter().any(|seen| seen.verdict == Verdict::Unknown);
    row.unknown_since = is_unknown.then(|| row.unknown_since.unwrap_or(now));
    row.last_checked_at = Some(now);
    if let Some(zone) = &diagnosis.zone {
        row.zone = zone.as_str().to_owned();
    }
    row.findings = diagnosis.findings.clone();
    row
}

/// What was seen when a status changed, for the history.
fn evidence(seen: &RecordDiagnosis) -> serde_json::Value {
    let codes: Vec<&str> = seen.findings.iter().map(|finding| finding.code.as_str()).collect();
    serde_json::json!({
        "verdict": seen.verdict,
        "current": seen.current,
        "answered_by": seen.answered_by,
        "findings": codes,
    })
}
