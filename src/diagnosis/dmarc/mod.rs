//! Judges the DMARC policy that applies to a domain: its own record, or the one that RFC 9989 finds above it.

use super::dmarc_walk::{self, Found, Walk};
use super::observed::{Answer, Observed, RecordData, RecordType, Reply};
use super::wording::quote;
use super::{Asks, Case, Code, Finding, Judgement, reach};
use crate::records::OwnerName;
use crate::records::dmarc::{self, DmarcRecord, DmarcText, Policy, is_wrapping, report_host};
use crate::records::plan::{Plan, PlannedRecord, RecordKey};

/// Report addresses looked into, so that a hostile record costs few questions.
const MOST_REPORT_HOSTS: usize = 8;

/// The policies above the name, and whether foreign report addresses accept them.
pub fn questions(plan: &Plan, record: &PlannedRecord, observed: &Observed, asks: &mut Asks) {
    let start = plan.domain.owner();
    for name in dmarc_walk::names(&start).iter().skip(1) {
        asks.resolver(&name.prefixed("_dmarc"), RecordType::Txt);
    }
    let Some(observation) = observed.get(&record.owner, RecordType::Txt) else { return };
    for (own, _) in observation.candidates() {
        let Ok(walk) = dmarc_walk::walk(&start, own, observed) else { continue };
        if let Some((domain, policy)) = applied(&walk, &start) {
            for (owner, _) in authorisations(&domain, policy, &walk.organisation) {
                asks.resolver(&owner, RecordType::Txt);
            }
        }
    }
}

/// Judges one answer; never called with a failed one.
pub fn judge(case: &Case<'_>) -> Judgement {
    let start = case.plan.domain.owner();
    let own = dmarc_walk::records(case.reply);
    if let [record] = own.as_slice() {
        return Judgement { findings: judge_own(case, record, &start), ..Judgement::default() };
    }
    let walk = match dmarc_walk::walk(&start, case.reply, case.observed) {
        Ok(walk) => walk,
        // A policy may stand above; nobody knows (RFC 9989 section 4.10).
        Err(failure) => {
            return Judgement { findings: vec![reach::failure_finding(failure, case)], ..Judgement::default() };
        }
    };
    match &walk.above {
        Some(above) if above.record.is_ignored => {
            let broken = error(case, Code::DmarcSyntax, &case.record.value()).variant("above");
            let broken = broken.arg("domain", &above.domain).arg("current", quote(above.record.text.as_bytes()));
            Judgement { findings: vec![broken], ..Judgement::default() }
        }
        Some(above) => {
            let findings = judge_inherited(case, &walk, above, &own);
            Judgement { findings, is_inherited: true, ..Judgement::default() }
        }
        None => Judgement { findings: vec![nothing(case, &own)], ..Judgement::default() },
    }
}

/// No policy applies: why the name's own text does not count.
fn nothing(case: &Case<'_>, own: &[DmarcRecord]) -> Finding {
    if own.len() > 1 {
        let kept = own.iter().filter(|record| !record.is_ignored).max_by_key(|record| record.p);
        let value = kept.map_or_else(|| case.record.value(), |record| record.text.clone());
        return error(case, Code::DmarcMultiple, &value).arg("count", own.len());
    }
    let Some(text) = attempt(case.reply) else { return error(case, Code::DmarcMissing, &case.record.value()) };
    let bare: String = text.chars().filter(|c| !is_wrapping(*c)).collect();
    // Theirs, where taking away what was pasted along makes it a record.
    let cleaned = matches!(dmarc::parse(bare.trim()), DmarcText::Record(_)).then(|| bare.trim().to_owned());
    let value = cleaned.unwrap_or_else(|| case.record.value());
    error(case, Code::DmarcSyntax, &value).arg("current", quote(text.as_bytes()))
}

/// The first text that was meant as DMARC and is none.
fn attempt(reply: &Reply) -> Option<String> {
    let texts = reply.records().iter().filter_map(RecordData::txt_joined);
    texts
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .find(|text| matches!(dmarc::parse(text), DmarcText::Attempt(_)))
}

fn judge_own(case: &Case<'_>, record: &DmarcRecord, start: &OwnerName) -> Vec<Finding> {
    let current = quote(record.text.as_bytes());
    if record.is_ignored {
        return vec![error(case, Code::DmarcSyntax, &case.record.value()).variant("policy").arg("current", current)];
    }
    let mut found = Vec::new();
    if !record.flaws.is_empty() {
        found.push(warning(case, Code::DmarcSyntax).variant("tag").arg("tags", quote(record.flaws[0].text.as_bytes())));
    }
    let walk = dmarc_walk::walk(start, case.reply, case.observed).ok();
    let below = dmarc_walk::policy_below(record, false).min(dmarc_walk::policy_below(record, true));
    // The sp of a subdomain's own record has no effect (RFC 9989 section 4.7).
    if below < record.p && walk.as_ref().is_some_and(|walk| &walk.organisation == start) {
        found.push(weak_subdomain(case, record.p, below).variant("own"));
    }
    // Where the walk could not be finished, nobody knows which addresses are foreign.
    if let Some(walk) = &walk {
        found.extend(unauthorized(case, start, record, &walk.organisation));
    }
    found.extend(strict_alignment(case, record));
    found.extend(remarks(case, record, record.p));
    if !record.obsolete.is_empty() {
        let tags = quote(record.obsolete.join("; ").as_bytes());
        found.push(told(case, Finding::info(Code::DmarcObsoleteTag)).arg("tags", tags));
    }
    found
}

fn judge_inherited(case: &Case<'_>, walk: &Walk, above: &Found, own: &[DmarcRecord]) -> Vec<Finding> {
    let record = &above.record;
    let is_nonexistent = case
        .observed
        .reply(&case.plan.domain.owner(), RecordType::Txt)
        .is_some_and(|reply| reply.answer == Answer::NoSuchName);
    let policy = dmarc_walk::policy_below(record, is_nonexistent);
    let mut found = Vec::new();
    if own.len() > 1 {
        found.push(warning(case, Code::DmarcMultiple).variant("inherited").arg("count", own.len()));
    }
    if let Some(text) = attempt(case.reply) {
        found.push(warning(case, Code::DmarcSyntax).variant("inherited").arg("current", quote(text.as_bytes())));
    }
    found.push(told(case, Finding::info(Code::DmarcInherited)));
    if policy < record.p {
        found.push(weak_subdomain(case, record.p, policy));
    }
    found.extend(unauthorized(case, &above.domain, record, &walk.organisation));
    found.extend(strict_alignment(case, record));
    found.extend(remarks(case, record, policy));
    let say = |finding: Finding| finding.arg("domain", &above.domain).arg("policy", policy.as_str());
    found.into_iter().map(say).collect()
}

fn weak_subdomain(case: &Case<'_>, p: Policy, below: Policy) -> Finding {
    warning(case, Code::DmarcWeakSubdomain).arg("p", p.as_str()).arg("below", below.as_str())
}

/// Our signatures carry the domain itself, so `adkim=s` never fails; mail with a return path below it fails `aspf=s`.
fn strict_alignment(case: &Case<'_>, record: &DmarcRecord) -> Option<Finding> {
    let return_path = case.plan.records.iter().find(|planned| planned.key == RecordKey::ReturnPath)?;
    let finding = || warning(case, Code::DmarcStrictAlignment).arg("return_path", &return_path.owner);
    record.is_spf_strict.then(finding)
}

fn remarks(case: &Case<'_>, record: &DmarcRecord, policy: Policy) -> Vec<Finding> {
    let mut found = Vec::new();
    if policy == Policy::None {
        found.push(told(case, Finding::info(Code::DmarcNotEnforced)));
    }
    if record.rua.is_empty() {
        found.push(told(case, Finding::info(Code::DmarcNoReports)));
    }
    found
}

/// The record that applies, and the domain where it was found.
fn applied<'a>(walk: &'a Walk, start: &OwnerName) -> Option<(OwnerName, &'a DmarcRecord)> {
    let own = walk.own.as_ref().map(|record| (start.clone(), record));
    own.or_else(|| walk.above.as_ref().map(|above| (above.domain.clone(), &above.record)))
}

/// The names that must say `v=DMARC1` for each foreign report address (RFC 9990 section 4), with that address's host.
fn authorisations(domain: &OwnerName, record: &DmarcRecord, organisation: &OwnerName) -> Vec<(OwnerName, OwnerName)> {
    let mut hosts: Vec<OwnerName> =
        record.rua.iter().chain(&record.ruf).filter_map(|uri| report_host(uri)).map(|host| host.owner()).collect();
    hosts.retain(|host| !host.is_within(organisation));
    hosts.sort();
    hosts.dedup();
    hosts.truncate(MOST_REPORT_HOSTS);
    hosts.into_iter().map(|host| (host.prefixed(&format!("{domain}._report._dmarc")), host)).collect()
}

fn unauthorized(case: &Case<'_>, domain: &OwnerName, record: &DmarcRecord, organisation: &OwnerName) -> Vec<Finding> {
    let is_refused = |owner: &OwnerName| {
        let reply = case.observed.reply(owner, RecordType::Txt);
        // What could not be asked proves nothing.
        reply.is_some_and(|reply| reply.failure().is_none() && dmarc_walk::records(&reply).is_empty())
    };
    let refused = authorisations(domain, record, organisation).into_iter().filter(|(owner, _)| is_refused(owner));
    refused
        .map(|(owner, host)| warning(case, Code::DmarcReportUnauthorized).arg("elsewhere", host).arg("owner", owner))
        .collect()
}

fn error(case: &Case<'_>, code: Code, value: &str) -> Finding {
    told(case, Finding::error(code)).arg("value", value).suggest(value)
}

fn warning(case: &Case<'_>, code: Code) -> Finding {
    told(case, Finding::warning(code))
}

fn told(case: &Case<'_>, finding: Finding) -> Finding {
    finding.arg("name", &case.record.owner).arg("host", case.host()).arg("mail", &case.plan.domain)
}

#[cfg(test)]
mod tests;
