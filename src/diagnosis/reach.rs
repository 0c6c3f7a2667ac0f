//! Nameservers that disagree, stale caches, dead delegations, and why something could not be asked.

use std::collections::BTreeSet;

use super::observed::{
    Answer, NotDelegated, RecordType, ServerFacts, ServerReply, ServerState, ZoneFacts, same_answer,
};
use super::wording::duration;
use super::{AskFailure, Case, Code, Finding, Observation, Observed, RecordDiagnosis, Reply, dns_providers, mx};
use crate::records::OwnerName;
use crate::records::plan::{Plan, PlannedRecord};

/// What the other answers to a record's question are worth, beside the one that was judged.
#[derive(Debug, Clone, Copy)]
pub struct Others<'a> {
    /// The one that was judged and counts.
    pub best: &'a Reply,
    /// It does the job.
    pub is_good: bool,
    /// Answers of the nameservers were judged differently.
    pub is_disputed: bool,
    /// The nameservers have it right, and the resolver's answer does not do the job.
    pub is_stale: bool,
    /// As typed at the DNS provider.
    pub host: &'a str,
}

/// What is said of the domain as a whole.
pub fn domain_findings(plan: &Plan, observed: &Observed, records: &[RecordDiagnosis]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(absent) = &observed.not_delegated {
        findings.push(zone_not_delegated(absent));
    }
    let others = mx::mail_hosts_elsewhere(plan, observed);
    if !others.is_empty() {
        let finding = Finding::warning(Code::ExistingMail).arg("domain", &plan.domain).arg("others", names(&others));
        findings.push(finding.arg("subdomain", mx::example_subdomain(plan)));
    }
    let Some(facts) = observed.zone_of(&plan.domain.owner()) else { return findings };
    findings.extend(lame(facts));
    findings.extend(delegation_differs(facts));
    let is_missing = |record: &RecordDiagnosis| record.findings.iter().any(|finding| is_missing_code(finding.code));
    if observed.not_delegated.is_none() && records.iter().any(is_missing) {
        findings.extend(delegated_to(plan, facts, is_nothing_there(plan, observed, records)));
    }
    findings
}

/// What is said of a record beside its judge: who disagrees, whose cache is old, who does not serve the zone.
pub fn record_findings(
    plan: &Plan,
    record: &PlannedRecord,
    observation: &Observation,
    others: Others<'_>,
    observed: &Observed,
) -> Vec<Finding> {
    let facts = observed.zone_of(&record.owner);
    let mut findings = Vec::new();
    if others.is_disputed {
        findings.push(disagreement(record, observation, others, facts));
    }
    let denial = facts.and_then(|facts| denied_above(record, observation, observed, facts));
    if let (true, Some(old), None) = (others.is_stale, &observation.resolver, &denial) {
        let finding = Finding::warning(Code::StaleCache).arg("name", &record.owner).arg("old", what(old));
        findings.push(finding.arg("seconds", old.ttl_s).arg("duration", duration(old.ttl_s)));
    }
    findings.extend(denial);
    // Of the domain's own zone it is said once, of the domain.
    let domains = observed.zone_of(&plan.domain.owner()).map(|facts| &facts.zone);
    findings.extend(facts.filter(|facts| Some(&facts.zone) != domains).and_then(lame));
    findings
}

/// Under a zone that does not exist nothing can be seen: the records may be in place, so nobody is told to add them.
pub fn note_undelegated(findings: &mut [Finding], observed: &Observed) {
    let Some(absent) = &observed.not_delegated else { return };
    for finding in findings.iter_mut().filter(|finding| is_missing_code(finding.code)) {
        *finding = finding.clone().variant("undelegated").arg("zone", &absent.registrable);
    }
}

/// Why a record is unknown.
pub fn failure_finding(failure: AskFailure, case: &Case<'_>) -> Finding {
    let code = match failure {
        AskFailure::Timeout => Code::DnsTimeout,
        AskFailure::Servfail => Code::DnsServfail,
        AskFailure::Refused => Code::DnsRefused,
        AskFailure::Bogus => Code::DnsBogus,
        AskFailure::Unreachable => Code::DnsUnreachable,
        AskFailure::Malformed => Code::DnsMalformed,
        AskFailure::Local => Code::DnsLocal,
    };
    let facts = case.observed.zone_of(&case.record.owner);
    let zone = facts.map_or_else(|| case.plan.domain.registrable().owner(), |facts| facts.zone.clone());
    let finding = Finding::warning(code).arg("name", &case.record.owner).arg("zone", zone);
    if case.reply.failure().is_none() {
        return finding.variant("beyond");
    }
    if matches!(failure, AskFailure::Bogus | AskFailure::Local) {
        return finding;
    }
    match facts.filter(|facts| !facts.servers.is_empty()) {
        Some(facts) => finding.arg("servers", listed(facts, |_| true)),
        None => finding.variant("resolver"),
    }
}

// Nameservers ------------------------------------------------------------------------------------------------------

fn disagreement(
    record: &PlannedRecord,
    observation: &Observation,
    others: Others<'_>,
    facts: Option<&ZoneFacts>,
) -> Finding {
    let answered = || observation.servers.iter().filter(|said| said.reply.failure().is_none());
    let version = |said: &ServerReply| version_of(facts, said);
    let is_right = |said: &&ServerReply| same_answer(&said.reply, others.best);
    let finding = Finding::warning(Code::NameserversDisagree).arg("name", &record.owner);
    let finding = finding.arg("zone", facts.map_or(&record.owner, |facts| &facts.zone)).arg("host", others.host);
    let refresh_s = answered().filter_map(version).map(|(_, refresh_s)| refresh_s).max().unwrap_or(0);
    let finding = finding.arg("refresh", duration(refresh_s.max(60)));
    let shown = |said: &ServerReply, is_short: bool| {
        let serial = version(said).map(|(serial, _)| format!(" (serial {serial})")).unwrap_or_default();
        let answer = if is_short { String::new() } else { format!(": {}", what(&said.reply)) };
        format!("{}{serial}{answer}", said.server)
    };
    if !others.is_good {
        let servers: BTreeSet<String> = answered().map(|said| shown(said, false)).collect();
        return finding.arg("servers", joined(servers, "; "));
    }
    let right: BTreeSet<String> = answered().filter(is_right).map(|said| shown(said, true)).collect();
    let wrong: BTreeSet<String> = answered().filter(|said| !is_right(said)).map(|said| shown(said, false)).collect();
    let newest = |is_wanted: bool| {
        answered().filter(|said| is_right(said) == is_wanted).filter_map(version).map(|(serial, _)| serial).max()
    };
    let finding = finding.arg("right", joined(right, ", ")).arg("others", joined(wrong, "; "));
    match (newest(true), newest(false)) {
        (Some(right), Some(others)) if right == others => finding.variant("same-serial"),
        // Serial numbers go round (RFC 1982 section 3.2).
        (Some(right), Some(others)) if others.wrapping_sub(right) < u32::MAX / 2 => finding.variant("ahead"),
        _ => finding.variant("behind"),
    }
}

/// Serial and refresh time of the zone as that server has it.
fn version_of(facts: Option<&ZoneFacts>, said: &ServerReply) -> Option<(u32, u32)> {
    let mut servers = facts?.servers.iter().filter(|known| known.server == said.server);
    servers.find_map(|known| match known.state {
        ServerState::Serves { serial, refresh_s } if known.address == Some(said.address) => Some((serial, refresh_s)),
        _ => None,
    })
}

/// The nameservers that do not serve the zone, where others do.
fn lame(facts: &ZoneFacts) -> Option<Finding> {
    let serves = |known: &ServerFacts| matches!(known.state, ServerState::Serves { .. });
    if !facts.servers.iter().any(serves) || facts.servers.iter().all(serves) {
        return None;
    }
    let servers = listed(facts, |known| !serves(known));
    Some(Finding::warning(Code::LameNameserver).arg("zone", &facts.zone).arg("servers", servers))
}

/// Some of a zone's servers, each with what is wrong with it.
fn listed(facts: &ZoneFacts, is_wanted: impl Fn(&ServerFacts) -> bool) -> String {
    let state = |known: &ServerFacts| match known.state {
        ServerState::Serves { .. } | ServerState::Lame => "",
        ServerState::Silent(AskFailure::Timeout) => " (no answer)",
        ServerState::Silent(AskFailure::Unreachable) if known.address.is_none() => " (no usable address)",
        ServerState::Silent(AskFailure::Unreachable) => " (not reachable)",
        ServerState::Silent(_) => " (no usable answer)",
    };
    let wanted = facts.servers.iter().filter(|known| is_wanted(known));
    joined(wanted.map(|known| format!("{}{}", known.server, state(known))).collect(), ", ")
}

/// The name above a record's own, where that may be empty and below the domain: `_domainkey.DOMAIN`.
pub fn empty_name_above(plan: &Plan, record: &PlannedRecord) -> Option<OwnerName> {
    let domain = plan.domain.owner();
    record.owner.parent().filter(|parent| *parent != domain && parent.is_within(&domain))
}

/// Servers that have the record and say NXDOMAIN of the name above it, below which nothing can exist (RFC 8020).
fn denied_above(
    record: &PlannedRecord,
    observation: &Observation,
    observed: &Observed,
    facts: &ZoneFacts,
) -> Option<Finding> {
    let parent = record.owner.parent().filter(|parent| parent.is_within(&facts.zone))?;
    let above = observed.get(&parent, RecordType::Txt)?;
    let denies = |said: &&ServerReply| {
        let mut own = above.servers.iter().filter(|other| other.address == said.address);
        !said.reply.records().is_empty() && own.any(|other| other.reply.answer == Answer::NoSuchName)
    };
    let servers: BTreeSet<String> =
        observation.servers.iter().filter(denies).map(|said| said.server.to_string()).collect();
    let finding = Finding::warning(Code::LameNameserver).variant("denies").arg("zone", &facts.zone);
    let finding = finding.arg("parent", parent).arg("name", &record.owner);
    (!servers.is_empty()).then(|| finding.arg("servers", joined(servers, ", ")))
}

fn joined(texts: BTreeSet<String>, between: &str) -> String {
    let shown: Vec<String> = texts.into_iter().take(8).collect();
    shown.join(between)
}

/// A reply in a few words.
fn what(reply: &Reply) -> String {
    match &reply.answer {
        Answer::Found(records) => {
            let shown: Vec<String> = records
                .iter()
                .take(3)
                .map(|data| super::wording::quote(&data.txt_joined().unwrap_or_else(|| data.display().into_bytes())))
                .collect();
            shown.join(", ")
        }
        Answer::NoData => "no such record".to_owned(),
        Answer::NoSuchName => "no such name".to_owned(),
        Answer::Failed(_) => "no answer".to_owned(),
    }
}

// Delegation -------------------------------------------------------------------------------------------------------

fn delegation_differs(facts: &ZoneFacts) -> Option<Finding> {
    let parent: BTreeSet<&OwnerName> = facts.delegation.iter().collect();
    let child: BTreeSet<&OwnerName> = facts.own_ns.iter().collect();
    if parent.is_empty() || child.is_empty() || parent == child {
        return None;
    }
    let list = |set: BTreeSet<&OwnerName>| names(&set.into_iter().cloned().collect::<Vec<_>>());
    let finding = Finding::warning(Code::DelegationDiffers).arg("zone", &facts.zone);
    Some(finding.arg("parent_servers", list(parent)).arg("own_servers", list(child)))
}

fn delegated_to(plan: &Plan, facts: &ZoneFacts, is_nothing: bool) -> Option<Finding> {
    let servers = if facts.delegation.is_empty() { &facts.own_ns } else { &facts.delegation };
    if servers.is_empty() {
        return None;
    }
    let finding = Finding::info(Code::DelegatedTo).arg("zone", &facts.zone).arg("servers", names(servers));
    let finding = finding.arg("domain", &plan.domain);
    Some(match (servers.iter().find_map(dns_providers::find), is_nothing) {
        (Some(provider), false) => finding.variant("provider").arg("provider", provider.name),
        (Some(provider), true) => finding.variant("provider-nothing").arg("provider", provider.name),
        (None, false) => finding,
        (None, true) => finding.variant("nothing"),
    })
}

/// Not one of the records is there, and the nameservers do not know the name: they never arrived.
fn is_nothing_there(plan: &Plan, observed: &Observed, records: &[RecordDiagnosis]) -> bool {
    let is_unknown_name = |rtype| {
        let observation = observed.get(&plan.domain.owner(), rtype);
        observation.is_some_and(|seen| {
            !seen.servers.is_empty() && seen.servers.iter().all(|said| said.reply.answer == Answer::NoSuchName)
        })
    };
    is_unknown_name(RecordType::Mx) && records.iter().all(|record| record.current.is_empty())
}

fn zone_not_delegated(absent: &NotDelegated) -> Finding {
    let finding = Finding::error(Code::ZoneNotDelegated).arg("zone", &absent.registrable).arg("parent", &absent.parent);
    match absent.said_by.as_slice() {
        [] => finding.variant("resolver"),
        servers => finding.arg("servers", names(servers)),
    }
}

fn is_missing_code(code: Code) -> bool {
    matches!(code, Code::SpfMissing | Code::DkimMissing | Code::DmarcMissing | Code::MxMissing | Code::CnameMissing)
}

fn names(names: &[OwnerName]) -> String {
    let shown: Vec<&str> = names.iter().take(6).map(OwnerName::as_str).collect();
    let more = names.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
