//! What pages and API show: plan and stored state of a domain, joined. The contract's section 5 names each field.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::{AnsweredBy, Finding, Verdict};
use crate::lifecycle::Status;
use crate::records::DomainName;
use crate::records::plan::{PlannedType, RecordKey};

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
    pub status: Status,
    /// `None` before the first check.
    pub verdict: Option<Verdict>,
    pub current: Vec<String>,
    pub answered_by: Option<AnsweredBy>,
    pub checked_at: Option<OffsetDateTime>,
    pub verified_at: Option<OffsetDateTime>,
    pub findings: Vec<Finding>,
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
