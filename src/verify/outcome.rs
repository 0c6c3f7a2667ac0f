//! What one look changes: rows and events, made from what was there before and what was seen. Neither asks nor writes.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::diagnosis::{AnsweredBy, Code, Diagnosis, Finding, RecordDiagnosis, Verdict};
use crate::lifecycle::history::Strip;
use crate::lifecycle::reachability::Reachability;
use crate::lifecycle::{self, Seen, Standing, Status};
use crate::records::plan::RecordKey;
use crate::store::domains::DomainRow;
use crate::store::events::EventRow;
use crate::store::records::RecordRow;

/// A look takes ten seconds at most. Where the last one seems to have begun later by more than this, a clock was set.
const OVERTAKEN_WITHIN: Duration = Duration::seconds(30);

/// Whether a look that began after `began` was saved already: two clicks, or two replicas.
pub(super) fn is_overtaken(last_checked_at: Option<OffsetDateTime>, began: OffsetDateTime) -> bool {
    last_checked_at.is_some_and(|other| other > began && other - began <= OVERTAKEN_WITHIN)
}

/// A record's diagnosis as its standing sees it. `took` is how long the look took: an answer out of a cache may have
/// come at its end, and be kept from then on.
pub(super) fn seen_of(seen: &RecordDiagnosis, took: Duration) -> Seen {
    let is_hearsay = seen.answered_by == Some(AnsweredBy::Recursive);
    let ttl = Duration::seconds(i64::from(seen.ttl_s)) + took.max(Duration::ZERO);
    Seen { verdict: seen.verdict, hearsay_for: is_hearsay.then_some(ttl) }
}

/// Whether the domain could not be asked about some record; our own broken names are no trouble of the domain's.
pub(super) fn is_unknown(diagnosis: &Diagnosis) -> bool {
    let is_ours = |seen: &RecordDiagnosis| seen.findings.iter().any(|finding| finding.code == Code::DnsProfile);
    diagnosis.records.iter().any(|seen| seen.verdict == Verdict::Unknown && !is_ours(seen))
}

/// Whether the domain carries `unreachable`.
pub(super) fn is_unreachable(row: &DomainRow) -> bool {
    row.findings.iter().any(|finding| finding.code == Code::Unreachable)
}

/// What the events of one look have in common.
pub(super) struct Event<'a> {
    pub domain_id: Uuid,
    pub by: &'a str,
    pub at: OffsetDateTime,
}

impl Event<'_> {
    /// The one event of an outage; the status stands.
    pub fn unreachable(&self, status: Status, reach: &Reachability) -> EventRow {
        let since = reach.unknown_since.and_then(|since| since.format(&Rfc3339).ok());
        let row = self.row("unreachable", None, status, status, Some(serde_json::json!({ "unknown_since": since })));
        EventRow { from_status: None, to_status: None, ..row }
    }

    pub fn row(
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

/// Without its days: what they were before is not known here.
pub(super) fn record_row(
    seen: &RecordDiagnosis,
    standing: Standing,
    is_required: bool,
    now: OffsetDateTime,
) -> RecordRow {
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
        days: Strip::default(),
    }
}

pub(super) fn domain_after(
    mut row: DomainRow,
    diagnosis: &Diagnosis,
    required: &[Standing],
    is_mx_required: Option<bool>,
    reach: Reachability,
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
    row.at_risk_since = lifecycle::domain_at_risk_since(row.status, required);
    row.unknown_since = reach.unknown_since;
    row.last_checked_at = Some(now);
    if let Some(zone) = &diagnosis.zone {
        row.zone = zone.as_str().to_owned();
    }
    row.findings = diagnosis.findings.clone();
    if reach.is_unreachable {
        row.findings.push(Finding::warning(Code::Unreachable));
    }
    row
}

/// What was seen when a status changed, for the history.
pub(super) fn evidence(seen: &RecordDiagnosis) -> serde_json::Value {
    let codes: Vec<&str> = seen.findings.iter().map(|finding| finding.code.as_str()).collect();
    serde_json::json!({
        "verdict": seen.verdict,
        "current": seen.current,
        "answered_by": seen.answered_by,
        "findings": codes,
    })
}
