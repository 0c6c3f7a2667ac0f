//! Judges DMARC: which policy receivers apply to this name (RFC 9989).

use super::dmarc_walk::{Walk, above, dmarc_records, names};
use super::observed::{Answer, Observed, RecordData};
use super::wording::quote;
use super::{Asks, Case, Code, Finding, Judgement, RecordType, reach};
use crate::records::OwnerName;
use crate::records::dmarc::{DmarcRecord, Policy};
use crate::records::plan::{Plan, PlannedRecord, RecordKey};

/// Tags that RFC 9989 took out.
const OBSOLETE: [&str; 3] = ["pct", "rf", "ri"];

/// The walk above, all at once, and who takes reports elsewhere.
pub fn questions(plan: &Plan, record: &PlannedRecord, observed: &Observed, asks: &mut Asks) {
    for name in names(&plan.domain.owner()).into_iter().skip(1) {
        asks.resolver(&name.prefixed("_dmarc"), RecordType::Txt);
    }
    let Some(reply) = observed.reply(&record.owner, RecordType::Txt) else { return };
    for own in dmarc_records(reply.records()) {
        for (_, name) in external_addresses(&plan.domain.owner(), &own) {
            asks.resolver(&name, RecordType::Txt);
        }
    }
}

/// Judges one answer; never called with a failed one.
pub fn judge(case: &Case<'_>) -> Judgement {
    let records = dmarc_records(case.reply.records());
    match records.as_slice() {
        [] => judge_without(case),
        [record] if record.is_void => only(error(case, Code::DmarcSyntax).arg("term", record.bad_tags.join("; "))),
        [record] => Judgement { findings: notes(case, record), ..Judgement::default() },
        several => judge_several(case, several.len()),
    }
}

/// No record of its own: one that begins as DMARC and is none, or a policy from above, or nothing.
fn judge_without(case: &Case<'_>) -> Judgement {
    let walk = above(&case.plan.domain.owner(), case.observed);
    let attempt = case.reply.records().iter().filter_map(RecordData::txt_joined).find(|text| is_attempt(text));
    if let Some(text) = attempt {
        return only(error(case, Code::DmarcSyntax).variant("version").arg("current", quote(&text)));
    }
    match walk {
        Walk::Unanswered(failure) => only(reach::failure_finding(failure, case)),
        Walk::Nothing => only(error(case, Code::DmarcMissing)),
        Walk::Policy { at, effective, .. } => {
            let inherited =
                finding(case, Finding::info(Code::DmarcInherited)).arg("from", at).arg("policy", effective.as_str());
            Judgement { findings: vec![inherited], is_inherited: true, ..Judgement::default() }
        }
    }
}

fn judge_several(case: &Case<'_>, count: usize) -> Judgement {
    match above(&case.plan.domain.owner(), case.observed) {
        Walk::Unanswered(failure) => only(reach::failure_finding(failure, case)),
        Walk::Nothing => only(error(case, Code::DmarcMultiple).arg("count", count)),
        Walk::Policy { at, .. } => only(
            finding(case, Finding::warning(Code::DmarcMultiple))
                .variant("inherited")
                .arg("count", count)
                .arg("from", at),
        ),
    }
}

/// Text that somebody meant as DMARC.
fn is_attempt(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).to_ascii_lowercase().contains("dmarc1")
}

/// What is worth saying of a record that works.
fn notes(case: &Case<'_>, record: &DmarcRecord) -> Vec<Finding> {
    let mut found = Vec::new();
    let warn = |code| finding(case, Finding::warning(code));
    let info = |code| finding(case, Finding::info(code));
    if let Some(tag) = record.bad_tags.first() {
        found.push(warn(Code::DmarcSyntax).variant("default").arg("term", tag));
    }
    let aligned_by_return_path = case.plan.records.iter().any(|planned| planned.key == RecordKey::ReturnPath);
    if record.tags.get("aspf") == Some("s") && aligned_by_return_path {
        found.push(warn(Code::DmarcStrictAlignment));
    }
    for (address, name) in external_addresses(&case.plan.domain.owner(), record) {
        let reply = case.observed.reply(&name, RecordType::Txt);
        let is_denied = reply.is_some_and(|reply| match reply.answer {
            Answer::Found(records) => dmarc_records(&records).is_empty(),
            Answer::NoData | Answer::NoSuchName => true,
            Answer::Failed(_) => false,
        });
        if is_denied {
            found.push(warn(Code::DmarcReportUnauthorized).arg("address", address).arg("at", name));
        }
    }
    if let Some(tag) = OBSOLETE.iter().find(|tag| record.tags.get(tag).is_some()) {
        found.push(info(Code::DmarcObsoleteTag).arg("term", tag));
    }
    if record.p == Policy::None {
        found.push(info(Code::DmarcNotEnforced));
    }
    if record.rua.is_empty() {
        found.push(info(Code::DmarcNoReports));
    }
    found
}

/// Report addresses outside the registrable domain, with the name that must say that it takes them (RFC 9990 section
/// 3).
fn external_addresses(domain: &OwnerName, record: &DmarcRecord) -> Vec<(String, OwnerName)> {
    let base = |name: &OwnerName| psl_domain(name);
    let own = base(domain);
    let all = record.rua.iter().chain(&record.ruf);
    all.filter_map(|address| {
        let host = OwnerName::new(address.rsplit_once('@')?.1);
        let is_elsewhere = base(&host) != own;
        is_elsewhere.then(|| (address.clone(), host.prefixed(&format!("{domain}._report._dmarc"))))
    })
    .collect()
}

fn psl_domain(name: &OwnerName) -> OwnerName {
    crate::records::DomainName::parse(name.as_str()).map_or_else(|_| name.clone(), |name| name.registrable().owner())
}

fn only(finding: Finding) -> Judgement {
    Judgement { findings: vec![finding], ..Judgement::default() }
}

fn error(case: &Case<'_>, code: Code) -> Finding {
    let value = case.record.value();
    finding(case, Finding::error(code)).arg("value", &value).suggest(value)
}

fn finding(case: &Case<'_>, finding: Finding) -> Finding {
    finding.arg("name", &case.record.owner).arg("host", case.host())
}
