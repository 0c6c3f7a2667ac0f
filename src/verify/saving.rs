//! What a look leaves behind: records and the domain advanced, the events of what changed, the next look planned.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::outcome::{self, Event, domain_after, evidence, is_overtaken, record_row, seen_of};
use super::{Look, Occasion, Planned, history, notices};
use crate::diagnosis::Diagnosis;
use crate::lifecycle::reachability::{self, Reachability, Step};
use crate::lifecycle::{self, Standing};
use crate::records::plan::RecordKey;
use crate::store::domains::DomainRow;
use crate::store::records::RecordRow;
use crate::store::{self, StoreError};

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
    if is_overtaken(before.last_checked_at, look.began) || !occasion.may_save(&mut *tx).await? {
        return Ok(false);
    }
    let stored = store::records::list(&mut *tx, team_id, id).await?;
    advance(tx, planned, before, &stored, look, occasion).await?;
    Ok(true)
}

/// Saves the first look at a domain that was inserted in the same transaction; nobody else can have saved one.
pub async fn save_first(
    tx: &mut PgConnection,
    planned: &Planned,
    look: &Look,
    occasion: &Occasion<'_>,
) -> Result<Saved, StoreError> {
    advance(tx, planned, planned.domain.clone(), &[], look, occasion).await
}

/// What a look left behind.
#[derive(Debug, Clone)]
pub struct Saved {
    pub domain: DomainRow,
    pub records: Vec<RecordRow>,
    /// `None`: with the slot of verified domains.
    pub next_at: Option<OffsetDateTime>,
}

async fn advance(
    tx: &mut PgConnection,
    planned: &Planned,
    before: DomainRow,
    stored: &[RecordRow],
    look: &Look,
    occasion: &Occasion<'_>,
) -> Result<Saved, StoreError> {
    let (id, diagnosis, now) = (before.id, &look.diagnosis, look.began);
    let unchanged = history::unchanged_days(&mut *tx, &before, stored).await?;
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
    let is_newly_unreachable = reach.is_unreachable && !outcome::is_unreachable(&before);
    if is_newly_unreachable {
        events.push(event.unreachable(before.status, &reach));
    }
    if after.status != before.status {
        events.push(event.row("domain_status", None, before.status, after.status, None));
    }
    store::events::insert(&mut *tx, &events).await?;
    store::domains::update_after_check(&mut *tx, &after).await?;
    let (before, records) = (&before, rows.as_slice());
    let change = notices::Change { planned, diagnosis, before, after: &after, records, is_newly_unreachable, now };
    notices::write(&mut *tx, &change).await?;
    let next_at = occasion.plan_next(tx, &after, &required, now).await?;
    let records = rows.into_iter().map(|(_, row)| row).collect();
    Ok(Saved { domain: after, records, next_at })
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
