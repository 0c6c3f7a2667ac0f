//! One domain: observe, diagnose, advance, save. The only place where DNS, judgement, lifecycle and store meet.

use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::time::{Duration, Instant};
use uuid::Uuid;

use crate::diagnosis::{self, Diagnosis, Observed, RecordDiagnosis, primary_type};
use crate::dns::Dns;
use crate::dns::observe::Gathering;
use crate::lifecycle::{self, Standing, Status};
use crate::records::plan::{Plan, PlanInput, PlannedKey, SendingProfile, plan};
use crate::store::{self, StoreError};

/// A check ends within 10 s (contract, section 5); what is left of them is for saving.
const GATHERING_BUDGET: Duration = Duration::from_millis(9_000);
/// No chain of questions that the bounds allow is longer.
const MAX_ROUNDS: usize = 40;

/// Asks DNS about everything in `plan` and judges it. Touches no database.
pub async fn look(dns: &Dns, plan: &Plan) -> Diagnosis {
    let deadline = Instant::now() + GATHERING_BUDGET;
    let mut observed = Observed::default();
    let mut gathering = Gathering::new(dns, &plan.domain, deadline);
    gather(&mut gathering, plan, &mut observed).await;
    diagnosis::diagnose(plan, &observed)
}

/// As [`look`], and whatever passes though it is not `verified` yet is asked once more over TCP, which counts.
async fn look_and_confirm(dns: &Dns, plan: &Plan, is_verified: impl Fn(&RecordDiagnosis) -> bool) -> Diagnosis {
    let deadline = Instant::now() + GATHERING_BUDGET;
    let mut observed = Observed::default();
    let mut gathering = Gathering::new(dns, &plan.domain, deadline);
    gather(&mut gathering, plan, &mut observed).await;
    let first = diagnosis::diagnose(plan, &observed);
    let is_first_pass = |seen: &RecordDiagnosis| seen.verdict.is_good() && !seen.is_inherited && !is_verified(seen);
    let mut is_changed = false;
    for (record, _) in plan.records.iter().zip(&first.records).filter(|(_, seen)| is_first_pass(seen)) {
        let question = diagnosis::Question::new(record.owner.clone(), primary_type(record));
        gathering.confirm(&question, &mut observed).await;
        is_changed = true;
    }
    if !is_changed {
        return first;
    }
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
    pub domain: store::domains::DomainRow,
    pub plan: Plan,
}

/// Loads what a domain's plan is made from. `None`: this team has no such domain.
pub async fn load(pool: &PgPool, team_id: Uuid, domain: &str, profile: &SendingProfile) -> Result<Option<Planned>, StoreError> {
    let mut conn = pool.acquire().await?;
    let Some(row) = store::domains::find(&mut conn, team_id, domain).await? else { return Ok(None) };
    let keys = store::keys::list(&mut conn, team_id, row.id).await?;
    Ok(Some(planned(row, &keys, profile)))
}

/// The plan of a stored domain.
pub fn planned(row: store::domains::DomainRow, keys: &[store::keys::KeyRow], profile: &SendingProfile) -> Planned {
    let in_use: Vec<PlannedKey> = keys
        .iter()
        .filter(|key| key.is_in_use())
        .map(|key| PlannedKey {
            selector: key.selector.clone(),
            public: key.public.clone(),
            is_required: key.is_required,
        })
        .collect();
    let older: Vec<_> = keys.iter().filter(|key| !key.is_in_use()).map(|key| key.public.clone()).collect();
    let input = PlanInput {
        domain: &row.name,
        profile,
        keys: &in_use,
        older_keys: &older,
        is_mx_required: row.is_mx_required,
    };
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
    let is_verified =
        |seen: &RecordDiagnosis| stored.iter().any(|row| row.key == seen.key && row.standing.status == Status::Verified);
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
    let mut tx = pool.begin().await?;
    let (team_id, id) = (planned.domain.team_id, planned.domain.id);
    let Some(before) = store::domains::lock(&mut tx, team_id, id).await? else { return Ok(()) };
    let stored = store::records::list(&mut tx, team_id, id).await?;
    let is_mx_required = before.is_mx_required.or(diagnosis.has_mail_elsewhere.map(|elsewhere| !elsewhere));
    let mut required = Vec::new();
    for (record, seen) in planned.plan.records.iter().zip(&diagnosis.records) {
        let old = stored.iter().find(|row| row.key == seen.key);
        let standing = old.map_or(Standing::NEW, |row| row.standing);
        let next = lifecycle::advance(standing, seen.verdict, now);
        let is_mx = matches!(record.key, crate::records::plan::RecordKey::Mx);
        let is_required = record.is_required && (!is_mx || is_mx_required != Some(false));
        if is_required {
            required.push(next);
        }
        if next.status != standing.status {
            let change = store::events::NewEvent {
                at: now,
                kind: "record_status",
                by,
                record: Some(seen.key.to_string()),
                from: Some(standing.status.as_str()),
                to: Some(next.status.as_str()),
                evidence: Some(event_evidence(seen)),
            };
            store::events::insert(&mut tx, id, change).await?;
        }
        let row = store::records::RecordRow::new(seen, next, is_required, old, now);
        store::records::save(&mut tx, id, &row).await?;
    }
    let after = domain_after(before.clone(), diagnosis, &required, is_mx_required, now);
    if after.status != before.status {
        let change = store::events::NewEvent {
            at: now,
            kind: "domain_status",
            by,
            record: None,
            from: Some(before.status.as_str()),
            to: Some(after.status.as_str()),
            evidence: None,
        };
        store::events::insert(&mut tx, id, change).await?;
    }
    store::domains::update_after_check(&mut tx, &after).await?;
    tx.commit().await?;
    Ok(())
}

fn domain_after(
    mut row: store::domains::DomainRow,
    diagnosis: &Diagnosis,
    required: &[Standing],
    is_mx_required: Option<bool>,
    now: OffsetDateTime,
) -> store::domains::DomainRow {
    row.status = lifecycle::domain_status(required.iter().map(|standing| standing.status));
    row.is_mx_required = is_mx_required;
    row.required_total = i32::try_from(required.len()).unwrap_or(i32::MAX);
    let verified = required.iter().filter(|standing| standing.status == Status::Verified).count();
    row.required_verified = i32::try_from(verified).unwrap_or(i32::MAX);
    if row.status == Status::Verified {
        row.verified_at = row.verified_at.or(Some(now));
    }
    row.at_risk_since = match row.status {
        Status::AtRisk | Status::Failed => required.iter().filter_map(|standing| standing.at_risk_since).min(),
        Status::Pending | Status::Verified => None,
    };
    let is_unknown = |seen: &RecordDiagnosis| seen.verdict == diagnosis::Verdict::Unknown;
    row.unknown_since = match diagnosis.records.iter().any(is_unknown) {
        true => row.unknown_since.or(Some(now)),
        false => None,
    };
    row.last_checked_at = Some(now);
    if let Some(zone) = &diagnosis.zone {
        row.zone = zone.to_string();
    }
    row.findings = diagnosis.findings.clone();
    row
}

/// What was seen when a status changed, for the history.
fn event_evidence(seen: &RecordDiagnosis) -> serde_json::Value {
    let codes: Vec<&str> = seen.findings.iter().map(|finding| finding.code.as_str()).collect();
    serde_json::json!({
        "verdict": seen.verdict,
        "current": seen.current,
        "answered_by": seen.answered_by,
        "findings": codes,
    })
}
