//! What pages and API show: plan and stored state of a domain, joined. The contract's section 5 names each field.

use std::collections::BTreeMap;

use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::{AnsweredBy, Finding, Verdict};
use crate::lifecycle::history::{LookedDays, worst_of};
use crate::lifecycle::{self, GRACE, Standing, Status};
use crate::records::plan::{PlannedRecord, PlannedType, RecordKey};
use crate::records::{DomainName, OwnerName};
use crate::store::domains::DomainRow;
use crate::store::events::EventRow;
use crate::store::records::RecordRow;
use crate::verify::Planned;

#[derive(Debug, Clone)]
pub struct DomainView {
    pub id: Uuid,
    pub name: DomainName,
    pub unicode_name: String,
    /// What people open at their DNS provider.
    pub zone: String,
    pub status: Status,
    pub required_verified: u32,
    pub required_total: u32,
    pub tags: BTreeMap<String, String>,
    pub created_at: OffsetDateTime,
    pub verified_at: Option<OffsetDateTime>,
    pub last_checked_at: Option<OffsetDateTime>,
    pub next_check_at: Option<OffsetDateTime>,
    pub at_risk_since: Option<OffsetDateTime>,
    pub stops_sending_at: Option<OffsetDateTime>,
    pub unknown_since: Option<OffsetDateTime>,
    pub findings: Vec<Finding>,
    /// The worst of the required records, day by day; `None` in a list.
    pub days: Option<DayStrip>,
    /// Whom the last look asked about the domain's own name; empty where only the resolver was.
    pub nameservers: Vec<String>,
    /// Empty in a list.
    pub records: Vec<RecordView>,
}

#[derive(Debug, Clone)]
pub struct RecordView {
    pub key: RecordKey,
    pub rtype: PlannedType,
    /// The full name.
    pub name: String,
    /// As typed at the DNS provider.
    pub host: String,
    /// Ours alone.
    pub value: String,
    /// Ours merged with what stands there; what people should copy where it is there.
    pub suggested_value: Option<String>,
    /// A policy from above is enough: nothing to publish.
    pub is_inherited: bool,
    pub priority: Option<u16>,
    pub is_required: bool,
    /// The plan asks for it; not required as well while it is new to a verified domain.
    pub is_asked: bool,
    /// Until when the value that an edited profile asked for before passes as well.
    pub old_value_until: Option<OffsetDateTime>,
    pub status: Status,
    /// `None` before the first check.
    pub verdict: Option<Verdict>,
    pub current: Vec<String>,
    pub answered_by: Option<AnsweredBy>,
    pub checked_at: Option<OffsetDateTime>,
    pub verified_at: Option<OffsetDateTime>,
    pub findings: Vec<Finding>,
    /// The worst that was seen, day by day.
    pub days: Option<DayStrip>,
}

/// The last 90 days up to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayStrip {
    pub until: Date,
    /// The worst verdict of each day, the oldest first; `None` where there was no look.
    pub days: Vec<Option<Verdict>>,
}

/// A record's page.
#[derive(Debug, Clone)]
pub struct EvidenceView {
    pub domain: DomainView,
    pub record: RecordView,
    /// `None` before the first check.
    pub evidence: Option<Evidence>,
}

#[derive(Debug, Clone)]
pub struct DomainPage {
    pub domains: Vec<DomainView>,
    pub next: Option<String>,
}

#[derive(Debug, Clone)]
pub struct EventView {
    pub id: Uuid,
    pub at: OffsetDateTime,
    /// `created`, `record_status`, `domain_status`, `unreachable`, `key`.
    pub kind: String,
    /// A user's address, a token's name, or `sweep`.
    pub by: String,
    pub record: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub evidence: Option<serde_json::Value>,
}

#[derive(Debug, Clone)]
pub struct TokenView {
    pub id: Uuid,
    pub name: String,
    pub created_at: OffsetDateTime,
    pub last_used_at: Option<OffsetDateTime>,
}

/// A token just made: the secret is shown this once.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub token: TokenView,
    pub secret: String,
}

#[derive(Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub is_admin: bool,
    pub team: String,
    pub is_disabled: bool,
}

impl DomainView {
    /// A stored domain with the records given.
    pub fn new(row: DomainRow, records: Vec<RecordView>) -> Self {
        let stops_sending_at = match row.status {
            Status::AtRisk => row.at_risk_since.map(|since| since + GRACE),
            _ => None,
        };
        Self {
            id: row.id,
            unicode_name: row.name.unicode(),
            name: row.name,
            zone: row.zone,
            status: row.status,
            required_verified: row.required_verified,
            required_total: row.required_total,
            tags: row.tags,
            created_at: row.created_at,
            verified_at: row.verified_at,
            last_checked_at: row.last_checked_at,
            next_check_at: None,
            at_risk_since: row.at_risk_since,
            stops_sending_at,
            unknown_since: row.unknown_since,
            findings: row.findings,
            days: None,
            nameservers: Vec::new(),
            records,
        }
    }

    /// A planned domain with what was seen of each of its records.
    pub fn with_records(planned: Planned, rows: &[RecordRow]) -> Self {
        let zone = OwnerName::new(&planned.domain.zone);
        let was_verified = planned.domain.verified_at.is_some();
        let records: Vec<RecordView> = planned
            .plan
            .records
            .iter()
            .map(|record| {
                let row = rows.iter().find(|row| row.key == record.key);
                RecordView::new(record, row, &zone, was_verified)
            })
            .collect();
        let required = records.iter().filter(|record| record.is_required);
        let total = required.clone().count();
        let verified = required.filter(|record| record.status == Status::Verified).count();
        let mut view = Self::new(planned.domain, records);
        view.nameservers = nameservers(rows);
        view.required_total = u32::try_from(total).unwrap_or(u32::MAX);
        view.required_verified = u32::try_from(verified).unwrap_or(u32::MAX);
        view
    }

    /// With the days up to `today`.
    pub fn with_days(mut self, rows: &[RecordRow], looked: &LookedDays, today: Date) -> Self {
        for record in &mut self.records {
            let row = rows.iter().find(|row| row.key == record.key);
            record.days = row.map(|row| DayStrip { until: today, days: row.days.shown(row.verdict, looked, today) });
        }
        let required = self.records.iter().filter(|record| record.is_required);
        let required: Vec<&[Option<Verdict>]> =
            required.filter_map(|record| record.days.as_ref()).map(|strip| strip.days.as_slice()).collect();
        self.days = Some(DayStrip { until: today, days: worst_of(&required) });
        self
    }
}

/// The servers that were asked about SPF, which stands at the domain's own name; else about any record.
fn nameservers(rows: &[RecordRow]) -> Vec<String> {
    let of = |row: &RecordRow| {
        let heard = row.evidence.iter().flat_map(|evidence| &evidence.heard);
        let mut servers: Vec<String> = heard.filter_map(|heard| heard.server.clone()).collect();
        servers.dedup();
        servers
    };
    let spf = rows.iter().find(|row| row.key == RecordKey::Spf).map(of).unwrap_or_default();
    if spf.is_empty() { rows.iter().map(of).find(|servers| !servers.is_empty()).unwrap_or_default() } else { spf }
}

impl RecordView {
    fn new(record: &PlannedRecord, row: Option<&RecordRow>, zone: &OwnerName, was_verified: bool) -> Self {
        Self {
            key: record.key.clone(),
            rtype: record.rtype(),
            name: record.owner.to_string(),
            host: record.owner.host_in(zone),
            value: record.value(),
            suggested_value: row.and_then(|row| row.suggested_value.clone()).filter(|value| *value != record.value()),
            is_inherited: row.is_some_and(|row| row.is_inherited),
            priority: record.priority(),
            is_asked: record.is_required,
            old_value_until: record.alternatives.iter().map(|old| old.accepted_until).max(),
            // A record that no look has seen yet is new to the profile, or the whole domain is new.
            is_required: row.map_or_else(
                || lifecycle::is_required(record.is_required, Standing::NEW, was_verified),
                |row| row.is_required,
            ),
            status: row.map_or(Status::Pending, |row| row.standing.status),
            verdict: row.and_then(|row| row.verdict),
            current: row.map(|row| row.current.clone()).unwrap_or_default(),
            answered_by: row.and_then(|row| row.answered_by),
            checked_at: row.and_then(|row| row.checked_at),
            verified_at: row.and_then(|row| row.standing.verified_at),
            findings: row.map(|row| row.findings.clone()).unwrap_or_default(),
            days: None,
        }
    }

    /// Whether there is something to publish: not where a policy from above is enough, and not an MX beside
    /// somebody's own mail.
    pub fn is_offered(&self) -> bool {
        !self.is_inherited
            && !self.is_full()
            && (self.is_asked || self.key == RecordKey::Tracking || self.purpose_is_extra_key())
    }

    /// Nothing can be added to the SPF record that stands there: ours alone in its place would take the mail of
    /// everybody else.
    pub fn is_full(&self) -> bool {
        let is_it = |finding: &Finding| finding.args.get("remedy").is_some_and(|remedy| remedy == "subdomain");
        self.findings.iter().any(is_it)
    }

    fn purpose_is_extra_key(&self) -> bool {
        matches!(self.key, RecordKey::Dkim(_))
    }

    /// The record that a merged one replaces; none where it stands there already.
    pub fn replaced(&self) -> Option<String> {
        let merged = self.suggested_value.as_ref()?;
        self.current.first().filter(|current| *current != merged).cloned()
    }
}

impl From<EventRow> for EventView {
    fn from(row: EventRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            kind: row.kind,
            by: row.by_whom,
            record: row.record,
            from: row.from_status,
            to: row.to_status,
            evidence: row.evidence,
        }
    }
}
