//! Where a record went instead: doubled names, wrong hosts, wrong types, wildcards, quotes and stray blanks. Asked in one
//! round, only when something is missing or unusable; a place that holds our record is then told from a wildcard.

mod places;
mod recognise;
mod values;

pub use values::{without_blanks, without_quotes};

use std::collections::BTreeSet;

use self::places::{Place, Slip};
use super::observed::{Observed, RecordData, RecordType, Reply, same_answer};
use super::{Asks, Case, Code, Depth, Finding, Gathered, Judgement, Verdict, alternatives, primary_type, wording};
use crate::records::OwnerName;
use crate::records::plan::{Plan, PlannedRecord, RecordKey, Wanted};

/// How many other places are asked in one check.
const MAX_PLACES: usize = 48;

/// The likely other places, likeliest first, one packet each.
pub fn questions(plan: &Plan, observed: &Gathered<'_>, looked_for: &[&RecordKey], asks: &mut Asks) {
    let is_missed = |record: &&PlannedRecord| {
        looked_for.contains(&&record.key)
            || (is_bad(plan, record, observed) && !alternatives::is_satisfied(plan, record, observed))
    };
    let bad: Vec<&PlannedRecord> = plan.records.iter().filter(is_missed).collect();
    let mut places: Vec<Place> = bad.iter().flat_map(|record| places::of(plan, record, observed)).collect();
    places.sort_by_key(|place| place.slip != Slip::Doubled);
    let mut asked: Vec<(OwnerName, RecordType)> = places.into_iter().map(|place| (place.name, place.rtype)).collect();
    asked.extend(bad.iter().filter_map(|record| stranger(plan, record, observed)));
    let mut seen = BTreeSet::new();
    asked.retain(|place| seen.insert(place.clone()));
    asked.iter().take(MAX_PLACES).for_each(|(name, rtype)| asks.one(name, *rtype));
    for record in bad {
        for place in holding_ours(plan, record, observed) {
            beside(&place.name, observed).iter().for_each(|name| asks.one(name, place.rtype));
        }
    }
}

/// Puts the finding that explains a missing or broken record first; the kind's own goes where that says it all.
pub fn explain(case: &Case<'_>, judgement: &mut Judgement) {
    let verdict = Verdict::of(&judgement.findings);
    if verdict.is_good() || verdict == Verdict::Unknown {
        return;
    }
    if let Some((finding, repaired)) = values::broken(case) {
        judgement.suggested_value = judgement.suggested_value.is_some().then_some(repaired);
        return put_first(judgement, finding);
    }
    let is_wildcards = is_wildcards(case);
    let place = (verdict == Verdict::Missing || is_wildcards).then(|| place_finding(case)).flatten();
    if let Some(finding) = place {
        return put_first(judgement, finding);
    }
    if is_wildcards {
        let value = judgement.suggested_value.clone().unwrap_or_else(|| case.record.value());
        put_first(judgement, wildcard_finding(case, value));
    }
}

fn put_first(judgement: &mut Judgement, finding: Finding) {
    judgement.findings.retain(|own| !own.is_error());
    judgement.findings.insert(0, finding);
}

/// The records whose places were asked about before. That is done once all their own questions are answered and they are
/// bad, and what was said of a bad record is never asked anew: neither need be found out again. Nobody can have asked for
/// a stranger but us, where a doubled name may stand in somebody's record.
pub fn looked_for<'a>(plan: &'a Plan, observed: &Observed) -> Vec<&'a RecordKey> {
    let is_asked = |(name, rtype): (OwnerName, RecordType)| observed.get(&name, rtype).is_some();
    if !plan.records.iter().filter_map(|record| stranger(plan, record, observed)).any(is_asked) {
        return Vec::new();
    }
    let is_doubled_asked =
        |record: &&PlannedRecord| is_asked((places::doubled(plan, &record.owner, observed), primary_type(record)));
    plan.records.iter().filter(is_doubled_asked).map(|record| &record.key).collect()
}

fn is_bad(plan: &Plan, record: &PlannedRecord, observed: &Gathered<'_>) -> bool {
    let Some(observation) = observed.get(&record.owner, primary_type(record)) else { return false };
    let candidates = observation.candidates();
    let is_bad = |reply: &Reply| {
        let case = Case { plan, record, reply, observed, depth: Depth::Codes };
        let verdict = Verdict::of(&super::judge(&case).findings);
        !verdict.is_good() && verdict != Verdict::Unknown
    };
    !candidates.is_empty() && candidates.into_iter().all(|(reply, _)| is_bad(reply))
}

// Places -----------------------------------------------------------------------------------------------------------

/// The places where our record stands, likeliest first; a wildcard's answer among them.
fn holding_ours(plan: &Plan, record: &PlannedRecord, observed: &Observed) -> Vec<Place> {
    let mut places = places::of(plan, record, observed);
    places.retain(|place| {
        let reply = observed.reply(&place.name, place.rtype);
        reply.is_some_and(|reply| {
            recognise::holds_ours(plan, record, reply, !matches!(place.slip, Slip::Above | Slip::Www))
        })
    });
    places
}

fn place_finding(case: &Case<'_>) -> Option<Finding> {
    let places = holding_ours(case.plan, case.record, case.observed);
    let is_typed = |place: &Place| {
        let reply = case.observed.reply(&place.name, place.rtype);
        let other = beside(&place.name, case.observed).and_then(|name| case.observed.reply(&name, place.rtype));
        !matches!((reply, other), (Some(reply), Some(other)) if same_answer(reply, other))
    };
    let place = places.into_iter().find(is_typed)?;
    let zone = places::zone_of(case.plan, &case.record.owner, case.observed);
    let value = value_for(case, &place);
    let told = |finding: Finding| {
        let told = told(case, finding).arg("typed", place.name.host_in(&zone)).arg("place", &place.name);
        if value.is_empty() { told } else { told.suggest(value.clone()) }
    };
    Some(match place.slip {
        Slip::Doubled => told(Finding::error(Code::NameDoubled)),
        Slip::Type if place.rtype == RecordType::Spf => told(Finding::error(Code::WrongType)).variant("spf"),
        Slip::Type => told(Finding::error(Code::WrongType)).arg("seen_type", place.rtype.as_str()),
        slip => match slip.variant() {
            Some(variant) => told(Finding::error(Code::WrongHost)).variant(variant),
            None => told(Finding::error(Code::WrongHost)),
        },
    })
}

/// What belongs at the record's own name: what was typed elsewhere and is theirs, as it stands there; else ours.
fn value_for(case: &Case<'_>, place: &Place) -> String {
    let is_meant_for_here = !matches!(place.slip, Slip::Above | Slip::Www);
    let is_text = matches!(case.record.wanted, Wanted::Spf { .. } | Wanted::Dmarc { .. });
    let typed = case.observed.reply(&place.name, place.rtype).filter(|_| is_meant_for_here && is_text);
    let texts = typed.into_iter().flat_map(Reply::records).filter_map(|data| {
        let is_it = recognise::is_ours(case.plan, case.record, data, true);
        data.txt_joined().filter(|_| is_it).map(|text| without_blanks(&without_quotes(&text)))
    });
    let theirs = texts.map(|text| String::from_utf8_lossy(&text).into_owned()).next();
    theirs.unwrap_or_else(|| case.record.value())
}

// Wildcards --------------------------------------------------------------------------------------------------------

/// A name under the same parent that nobody publishes: the closest encloser of both is the same, so only the same
/// wildcard can answer for it (RFC 4592 section 3.3.1). `None` at a zone's own name, which no wildcard covers.
fn beside(name: &OwnerName, observed: &Observed) -> Option<OwnerName> {
    let is_apex = observed.zones.iter().any(|facts| facts.zone == *name);
    let parent = name.parent().filter(|parent| !is_apex && !parent.is_root())?;
    Some(parent.prefixed(&observed.stranger()))
}

fn stranger(plan: &Plan, record: &PlannedRecord, observed: &Observed) -> Option<(OwnerName, RecordType)> {
    let is_registrable = record.owner == plan.domain.registrable().owner();
    let name = beside(&record.owner, observed).filter(|_| !is_registrable)?;
    Some((name, primary_type(record)))
}

/// Whether what answers for the record's name answers for a name that nobody published as well.
fn is_wildcards(case: &Case<'_>) -> bool {
    let is_something = !case.reply.records().is_empty() || !case.reply.aliases.is_empty();
    let other =
        stranger(case.plan, case.record, case.observed).and_then(|(name, rtype)| case.observed.reply(&name, rtype));
    let is_same = |other: &Reply| other.aliases == case.reply.aliases && same_answer(case.reply, other);
    is_something && other.is_some_and(is_same)
}

fn wildcard_finding(case: &Case<'_>, value: String) -> Finding {
    let text = |data: &RecordData| data.txt_joined().unwrap_or_else(|| data.display().into_bytes());
    let record = case.reply.records().first().map(text);
    let alias = || case.reply.aliases.first().map(|name| name.to_string().into_bytes());
    let seen = wording::quote(&record.or_else(alias).unwrap_or_default());
    let finding = told(case, Finding::error(Code::Wildcard)).arg("seen", seen).arg("value", &value);
    if value.is_empty() { finding.variant("any") } else { finding.suggest(value) }
}

/// What the sentences of places, values and wildcards have in common.
fn told(case: &Case<'_>, finding: Finding) -> Finding {
    finding
        .arg("purpose", case.record.key.purpose())
        .arg("name", &case.record.owner)
        .arg("host", case.host())
        .arg("zone", places::zone_of(case.plan, &case.record.owner, case.observed))
        .arg("domain", &case.plan.domain)
        .arg("type", primary_type(case.record).as_str())
}

#[cfg(test)]
mod tests;
