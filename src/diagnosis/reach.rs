//! Nameservers that disagree, stale caches, dead delegations, and why something could not be asked.

use super::{AskFailure, Case, Code, Finding, Observation, Observed, RecordDiagnosis, Reply};
use crate::records::plan::{Plan, PlannedRecord};

/// What is said of the domain as a whole.
pub fn domain_findings(_plan: &Plan, _observed: &Observed, _records: &[RecordDiagnosis]) -> Vec<Finding> {
    Vec::new()
}

/// What is said of a record beside its judge: who disagrees, whose cache is old. `judged` is the reply that counted.
pub fn record_findings(
    _record: &PlannedRecord,
    _observation: &Observation,
    _judged: &Reply,
    _observed: &Observed,
) -> Vec<Finding> {
    Vec::new()
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
    Finding::warning(code).arg("name", &case.record.owner)
}
