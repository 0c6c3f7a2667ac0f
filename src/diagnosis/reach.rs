//! Nameservers that disagree, stale caches, dead delegations, and why something could not be asked.

use std::collections::BTreeSet;

use super::observed::{Answer, NotDelegated, ServerState, ZoneFacts};
use super::{AskFailure, Case, Code, Finding, Observation, Observed, RecordDiagnosis, Reply, dns_providers, mx};
use crate::records::OwnerName;
use crate::records::plan::{Plan, PlannedRecord};

/// What the other answers to a record's question are worth, beside the one that was judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Others {
    /// Answers of the nameservers were judged differently.
    pub is_disputed: bool,
    /// The nameservers have it right, and the resolver's answer does not do the job.
    pub is_stale: bool,
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
        findings.push(finding.arg("subdomain", format!("mail.{}", plan.domain)));
    }
    let Some(facts) = observed.zone_of(&plan.domain.owner()) else { return findings };
    findings.extend(delegation_differs(facts));
    let is_missing = |record: &RecordDiagnosis| record.findings.iter().any(|finding| is_missing_code(finding.code));
    if observed.not_delegated.is_none() && records.iter().any(is_missing) {
        findings.extend(delegated_to(facts));
    }
    findings
}

/// What is said of a record beside its judge: who disagrees, whose cache is old. `judged` is the reply that counted.
pub fn record_findings(
    record: &PlannedRecord,
    observation: &Observation,
    others: Others,
    observed: &Observed,
) -> Vec<Finding> {
    let facts = observed.zone_of(&record.owner);
    let mut findings = Vec::new();
    if others.is_disputed {
        findings.push(disagreement(record, observation, facts));
    }
    if let (true, Some(resolver)) = (others.is_stale, &observation.resolver) {
        let finding = Finding::warning(Code::StaleCache).arg("name", &record.owner).arg("seconds", resolver.ttl_s);
        findings.push(finding.arg("old", what(resolver)));
    }
    findings.extend(facts.and_then(lame));
    findings
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
    Finding::warning(code).arg("name", &case.record.owner).arg("zone", zone)
}

fn disagreement(record: &PlannedRecord, observation: &Observation, facts: Option<&ZoneFacts>) -> Finding {
    let said: BTreeSet<String> = observation
        .servers
        .iter()
        .filter(|server| server.reply.failure().is_none())
        .map(|server| {
            let serial = serial_of(facts, &server.server).map(|serial| format!(" (serial {serial})"));
            format!("{}{}: {}", server.server, serial.unwrap_or_default(), what(&server.reply))
        })
        .collect();
    let said: Vec<String> = said.into_iter().take(8).collect();
    Finding::warning(Code::NameserversDisagree).arg("name", &record.owner).arg("servers", said.join("; "))
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

fn serial_of(facts: Option<&ZoneFacts>, server: &OwnerName) -> Option<u32> {
    facts?.servers.iter().filter(|known| known.server == *server).find_map(|known| match known.state {
        ServerState::Serves { serial, .. } => Some(serial),
        _ => None,
    })
}

fn lame(facts: &ZoneFacts) -> Option<Finding> {
    let lame = facts.servers.iter().filter(|known| known.state == ServerState::Lame);
    let servers: BTreeSet<&OwnerName> = lame.map(|known| &known.server).collect();
    let servers: Vec<OwnerName> = servers.into_iter().cloned().collect();
    let finding = Finding::warning(Code::LameNameserver).arg("zone", &facts.zone).arg("servers", names(&servers));
    (!servers.is_empty()).then_some(finding)
}

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

fn delegated_to(facts: &ZoneFacts) -> Option<Finding> {
    let servers = if facts.delegation.is_empty() { &facts.own_ns } else { &facts.delegation };
    let finding = Finding::info(Code::DelegatedTo).arg("zone", &facts.zone).arg("servers", names(servers));
    match servers.iter().find_map(dns_providers::find) {
        _ if servers.is_empty() => None,
        Some(provider) => Some(finding.variant("provider").arg("provider", provider)),
        None => Some(finding),
    }
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
