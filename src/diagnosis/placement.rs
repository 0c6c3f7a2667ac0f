//! Where a record went instead: doubled names, wrong hosts, wrong types, wildcards, quotes and stray blanks.

use std::collections::BTreeSet;

use super::observed::{Answer, Observed, RecordData, RecordType, Reply};
use super::{Asks, Case, Code, Finding, Judgement, Verdict, alternatives, mx, primary_type, wording};
use crate::records::OwnerName;
use crate::records::plan::{Plan, PlannedRecord, Wanted};

/// How many other places are asked in one check, and how many of them each nameserver.
const MAX_PLACES: usize = 40;
const MAX_ZONE_PLACES: usize = 10;
/// A sibling that nobody publishes: only a wildcard answers for it (RFC 4592).
const NOBODY: &str = "signet-asks-whether-a-wildcard-answers";

/// The likely other places, in one round, only when something is missing or unusable.
pub fn questions(plan: &Plan, observed: &Observed, asks: &mut Asks) {
    let bad: Vec<&PlannedRecord> = plan.records.iter().filter(|record| is_bad(plan, record, observed)).collect();
    let bad: Vec<&PlannedRecord> =
        bad.into_iter().filter(|record| !alternatives::is_satisfied(plan, record, observed)).collect();
    let mut places = Vec::new();
    places.extend(bad.iter().map(|record| (doubled(plan, record, observed), primary_type(record))));
    places.extend(
        bad.iter().flat_map(|record| {
            other_hosts(plan, record, observed).into_iter().map(|name| (name, primary_type(record)))
        }),
    );
    for record in &bad {
        places.extend(other_types(record).map(|rtype| (record.owner.clone(), rtype)));
        places.extend(sibling(plan, record).map(|name| (name, primary_type(record))));
    }
    let mut seen = BTreeSet::new();
    places.retain(|place| seen.insert(place.clone()));
    for (at, (name, rtype)) in places.iter().take(MAX_PLACES).enumerate() {
        if at < MAX_ZONE_PLACES {
            asks.zone(name, *rtype);
        } else {
            asks.resolver(name, *rtype);
        }
    }
}

/// Puts the finding that explains a missing or broken record first; the kind's own `…-missing` or `…-malformed` goes
/// where one does.
pub fn explain(case: &Case<'_>, judgement: &mut Judgement) {
    let verdict = Verdict::of(&judgement.findings);
    if verdict.is_good() || verdict == Verdict::Unknown {
        return;
    }
    let is_absent = verdict == Verdict::Missing;
    let elsewhere = || is_absent.then(|| doubled_finding(case).or_else(|| host_finding(case))).flatten();
    let found = broken_value(case)
        .or_else(elsewhere)
        .or_else(|| is_absent.then(|| type_finding(case)).flatten())
        .or_else(|| wildcard_finding(case));
    if let Some(finding) = found {
        judgement.findings.retain(|own| !is_superseded(own.code));
        judgement.findings.insert(0, finding);
    }
}

fn is_bad(plan: &Plan, record: &PlannedRecord, observed: &Observed) -> bool {
    let Some(observation) = observed.get(&record.owner, primary_type(record)) else { return false };
    let candidates = observation.candidates();
    let is_bad = |reply: &Reply| {
        let verdict = Verdict::of(&super::judge(&Case { plan, record, reply, observed }).findings);
        !verdict.is_good() && verdict != Verdict::Unknown
    };
    !candidates.is_empty() && candidates.into_iter().all(|(reply, _)| is_bad(reply))
}

fn is_superseded(code: Code) -> bool {
    use Code::{CnameMissing, DkimKeyMalformed, DkimMissing, DmarcMissing, MxMissing, SpfMissing};
    matches!(code, SpfMissing | DkimMissing | DkimKeyMalformed | DmarcMissing | MxMissing | CnameMissing)
}

// Values -----------------------------------------------------------------------------------------------------------

/// Quotes or blanks without which the same text would do the job.
fn broken_value(case: &Case<'_>) -> Option<Finding> {
    let texts: Vec<Vec<u8>> = case.reply.records().iter().filter_map(RecordData::txt_joined).collect();
    let is_good = |texts: Vec<Vec<u8>>| {
        let records = texts.into_iter().map(|text| RecordData::Txt(vec![text])).collect();
        let reply = Reply { answer: Answer::Found(records), ..case.reply.clone() };
        Verdict::of(&super::judge(&Case { reply: &reply, ..*case }).findings).is_good()
    };
    let repaired = |repair: fn(&[u8]) -> Vec<u8>| {
        let broken: Vec<&Vec<u8>> = texts.iter().filter(|text| repair(text) != **text).collect();
        let (first, all) = (broken.first()?, texts.iter().map(|text| repair(text)).collect());
        let ours = broken.iter().find(|text| is_good(vec![repair(text)])).unwrap_or(first);
        is_good(all).then(|| (wording::quote(ours), String::from_utf8_lossy(&repair(ours)).into_owned()))
    };
    let (code, (seen, text)) = match repaired(without_blanks) {
        Some(found) => (Code::ValueWhitespace, found),
        None => match repaired(without_quotes) {
            Some(found) => (Code::ValueQuoted, found),
            None => (Code::ValueWhitespace, repaired(without_either)?),
        },
    };
    // Theirs, made readable; a key is ours alone.
    let value =
        if matches!(case.record.wanted, Wanted::Dkim { public: Some(_), .. }) { case.record.value() } else { text };
    Some(place_finding(case, code).arg("seen", seen).suggest(value))
}

/// The text without literal quotation marks, typographic ones too, and backslashes.
pub fn without_quotes(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let kept: String = text.chars().filter(|c| !matches!(c, '"' | '\\' | '“' | '”' | '„')).collect();
    kept.trim().trim_matches('\'').as_bytes().to_vec()
}

/// The text with runs of blanks of any kind as one blank, none at the ends, and no invisible characters.
pub fn without_blanks(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let is_invisible = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}');
    let kept: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ").into_bytes()
}

fn without_either(text: &[u8]) -> Vec<u8> {
    without_blanks(&without_quotes(text))
}

// Places -----------------------------------------------------------------------------------------------------------

fn zone_of(plan: &Plan, owner: &OwnerName, observed: &Observed) -> OwnerName {
    let registrable = plan.domain.registrable().owner();
    let zone = observed.zone_of(owner).map(|facts| &facts.zone).filter(|zone| zone.is_within(&registrable));
    zone.cloned().unwrap_or(registrable)
}

fn doubled(plan: &Plan, record: &PlannedRecord, observed: &Observed) -> OwnerName {
    OwnerName::new(&format!("{}.{}", record.owner, zone_of(plan, &record.owner, observed)))
}

/// Other likely names, likeliest first.
fn other_hosts(plan: &Plan, record: &PlannedRecord, observed: &Observed) -> Vec<OwnerName> {
    let domain = plan.domain.owner();
    let zone = zone_of(plan, &domain, observed);
    let prefix = (record.owner != domain).then(|| record.owner.host_in(&domain));
    let below = |name: &OwnerName| prefix.as_ref().map_or_else(|| name.clone(), |prefix| name.prefixed(prefix));
    let mut hosts = match &record.wanted {
        Wanted::Dkim { selector, .. } => vec![
            domain.prefixed(selector.as_str()),
            domain.clone(),
            domain.prefixed(&format!("{selector}.domainkey")),
            domain.prefixed("_domainkey"),
        ],
        Wanted::Dmarc { .. } => vec![domain.clone(), domain.prefixed("dmarc")],
        Wanted::Spf { .. } | Wanted::Mx { .. } | Wanted::Cname { .. } => vec![record.owner.prefixed("www")],
    };
    if domain != zone {
        let subdomain = domain.host_in(&zone);
        hosts.push(below(&domain.prefixed(&subdomain)));
        // A policy above is inherited, so it is no mistake.
        if !matches!(record.wanted, Wanted::Dmarc { .. }) {
            hosts.insert(0, below(&zone));
        }
    }
    hosts.retain(|name| *name != record.owner);
    hosts
}

fn other_types(record: &PlannedRecord) -> impl Iterator<Item = RecordType> + use<> {
    let own = primary_type(record);
    [RecordType::Txt, RecordType::Cname, RecordType::Mx].into_iter().filter(move |rtype| *rtype != own)
}

fn sibling(plan: &Plan, record: &PlannedRecord) -> Option<OwnerName> {
    if record.owner == plan.domain.registrable().owner() {
        return None;
    }
    record.owner.parent().map(|parent| parent.prefixed(NOBODY))
}

fn doubled_finding(case: &Case<'_>) -> Option<Finding> {
    let place = doubled(case.plan, case.record, case.observed);
    is_ours_at(case, &place, primary_type(case.record))
        .then(|| place_finding(case, Code::NameDoubled).arg("place", place))
}

fn host_finding(case: &Case<'_>) -> Option<Finding> {
    let hosts = other_hosts(case.plan, case.record, case.observed);
    let place = hosts.into_iter().find(|place| is_ours_at(case, place, primary_type(case.record)))?;
    let zone = zone_of(case.plan, &case.record.owner, case.observed);
    let finding = place_finding(case, Code::WrongHost).arg("typed", place.host_in(&zone));
    let finding = if place == zone { finding.variant("apex") } else { finding };
    Some(finding.arg("place", place))
}

fn type_finding(case: &Case<'_>) -> Option<Finding> {
    let seen = other_types(case.record).find(|rtype| is_ours_at(case, &case.record.owner, *rtype))?;
    Some(place_finding(case, Code::WrongType).arg("seen_type", seen.as_str()))
}

/// The same answer stands at a name that nobody published.
fn wildcard_finding(case: &Case<'_>) -> Option<Finding> {
    let first = case.reply.records().first()?;
    let name = sibling(case.plan, case.record)?;
    let other = case.observed.reply(&name, primary_type(case.record))?;
    let seen = wording::quote(&first.txt_joined().unwrap_or_else(|| first.display().into_bytes()));
    let value = case.record.value();
    let finding = place_finding(case, Code::Wildcard).arg("seen", seen);
    let finding = if value.is_empty() { finding } else { finding.suggest(value) };
    super::observed::same_answer(case.reply, &other).then_some(finding)
}

fn place_finding(case: &Case<'_>, code: Code) -> Finding {
    Finding::error(code)
        .arg("name", &case.record.owner)
        .arg("host", case.host())
        .arg("zone", zone_of(case.plan, &case.record.owner, case.observed))
        .arg("type", primary_type(case.record).as_str())
}

// Recognising ------------------------------------------------------------------------------------------------------

fn is_ours_at(case: &Case<'_>, name: &OwnerName, rtype: RecordType) -> bool {
    let Some(reply) = case.observed.reply(name, rtype) else { return false };
    // A wildcard's answer is nobody's typing.
    let is_wildcard = sibling(case.plan, case.record)
        .and_then(|sibling| case.observed.reply(&sibling, rtype))
        .is_some_and(|other| super::observed::same_answer(&reply, &other));
    !is_wildcard && reply.records().iter().any(|data| is_ours(case, data))
}

/// Whether the data is recognisably our record, of whatever type it was entered as.
fn is_ours(case: &Case<'_>, data: &RecordData) -> bool {
    let text = squeezed(data);
    match &case.record.wanted {
        Wanted::Dkim { public: Some(public), .. } => {
            let rendered = public.render();
            let key = rendered.rsplit("p=").next().unwrap_or(&rendered).to_ascii_lowercase();
            text.contains(&key)
        }
        Wanted::Dkim { public: None, .. } => text.starts_with("v=dkim1"),
        Wanted::Spf { mechanisms } => {
            let terms = mechanisms.iter().map(|term| term.to_string().to_ascii_lowercase());
            !mechanisms.is_empty() && text.starts_with("v=spf1") && terms.into_iter().all(|term| text.contains(&term))
        }
        Wanted::Dmarc { .. } => text.starts_with("v=dmarc1"),
        Wanted::Mx { offer: Some(offer) } => is_host(case.plan, &offer.host.owner(), data),
        Wanted::Mx { offer: None } => false,
        Wanted::Cname { target, .. } => is_host(case.plan, &target.owner(), data),
    }
}

/// The text in lower case without blanks, quotes and zone-file escapes.
fn squeezed(data: &RecordData) -> String {
    let bytes = match data {
        RecordData::Cname(name) | RecordData::Mx { exchange: name, .. } => {
            name.as_str().replace("\\032", "").into_bytes()
        }
        other => other.txt_joined().unwrap_or_default(),
    };
    let text = String::from_utf8_lossy(&without_either(&bytes)).to_ascii_lowercase();
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn is_host(plan: &Plan, ours: &OwnerName, data: &RecordData) -> bool {
    let named = match data {
        RecordData::Cname(name) | RecordData::Mx { exchange: name, .. } => name.clone(),
        RecordData::Txt(strings) => {
            let text = String::from_utf8_lossy(&strings.concat()).trim().to_owned();
            OwnerName::new(text.rsplit(' ').next().unwrap_or_default())
        }
        _ => return false,
    };
    named == *ours || mx::is_appended(plan, ours, &named)
}

#[cfg(test)]
mod tests;
