//! The JSON of the contract's section 5, field by field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::console::{DomainView, EventView, NewToken, RecordView, TokenView};
use crate::diagnosis::wording;
use crate::diagnosis::{AnsweredBy, Finding, Verdict};

/// A time as RFC 3339 in UTC.
pub fn moment(at: OffsetDateTime) -> String {
    at.to_offset(UtcOffset::UTC).format(&Rfc3339).unwrap_or_default()
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDomainBody {
    pub name: String,
    pub dkim: Option<DkimBody>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DkimBody {
    /// `rsa-2048` (the default) or `rsa-4096`.
    pub key: Option<String>,
    pub selector: Option<String>,
    /// An Ed25519 key beside, at the selector with an `e` behind it.
    #[serde(default)]
    pub ed25519: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TagsBody {
    pub tags: BTreeMap<String, String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTokenBody {
    pub name: String,
    #[serde(default)]
    pub ses: bool,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// The cursor for `after`; null on the last page.
    pub next: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Domain {
    id: Uuid,
    name: String,
    unicode_name: String,
    /// What people open at their DNS provider.
    zone: String,
    /// `pending`, `verified`, `at_risk` or `failed`.
    status: &'static str,
    can_send: bool,
    required: Required,
    tags: BTreeMap<String, String>,
    created_at: String,
    verified_at: Option<String>,
    last_checked_at: Option<String>,
    next_check_at: Option<String>,
    at_risk_since: Option<String>,
    stops_sending_at: Option<String>,
    unknown_since: Option<String>,
    findings: Vec<FindingBody>,
    /// Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<Vec<Record>>,
}

#[derive(Serialize, ToSchema)]
pub struct Required {
    verified: u32,
    total: u32,
}

#[derive(Serialize, ToSchema)]
pub struct Record {
    key: String,
    purpose: &'static str,
    #[serde(rename = "type")]
    rtype: &'static str,
    name: String,
    /// As typed at the DNS provider.
    host: String,
    value: String,
    priority: Option<u16>,
    required: bool,
    status: &'static str,
    /// Null before the first check.
    verdict: Option<&'static str>,
    current: Vec<String>,
    /// `authoritative` or `recursive`.
    answered_by: Option<&'static str>,
    checked_at: Option<String>,
    verified_at: Option<String>,
    findings: Vec<FindingBody>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Finding)]
pub struct FindingBody {
    code: &'static str,
    /// `error`, `warning` or `info`.
    severity: &'static str,
    summary: String,
    fix: Option<String>,
    suggested_value: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct Event {
    id: Uuid,
    at: String,
    kind: String,
    by: String,
    record: Option<String>,
    from: Option<String>,
    to: Option<String>,
    #[schema(value_type = Option<Object>)]
    evidence: Option<serde_json::Value>,
}

#[derive(Serialize, ToSchema)]
pub struct Token {
    id: Uuid,
    name: String,
    created_at: String,
    last_used_at: Option<String>,
}

/// A token just made; the secret is told this once.
#[derive(Serialize, ToSchema)]
pub struct FreshToken {
    id: Uuid,
    secret: String,
    name: String,
    created_at: String,
}

impl Domain {
    pub fn in_full(mut view: DomainView) -> Self {
        let records = std::mem::take(&mut view.records).into_iter().map(Record::from).collect();
        Self { records: Some(records), ..Self::in_list(view) }
    }

    pub fn in_list(view: DomainView) -> Self {
        Self {
            id: view.id,
            name: view.name.to_string(),
            unicode_name: view.unicode_name,
            zone: view.zone,
            status: view.status.as_str(),
            can_send: view.status.can_send(),
            required: Required { verified: view.required_verified, total: view.required_total },
            tags: view.tags,
            created_at: moment(view.created_at),
            verified_at: view.verified_at.map(moment),
            last_checked_at: view.last_checked_at.map(moment),
            next_check_at: view.next_check_at.map(moment),
            at_risk_since: view.at_risk_since.map(moment),
            stops_sending_at: view.stops_sending_at.map(moment),
            unknown_since: view.unknown_since.map(moment),
            findings: view.findings.iter().map(FindingBody::from).collect(),
            records: None,
        }
    }
}

impl From<RecordView> for Record {
    fn from(view: RecordView) -> Self {
        Self {
            key: view.key.to_string(),
            purpose: view.key.purpose(),
            rtype: view.rtype.as_str(),
            name: view.name,
            host: view.host,
            value: view.value,
            priority: view.priority,
            required: view.is_required,
            status: view.status.as_str(),
            verdict: view.verdict.map(Verdict::as_str),
            current: view.current,
            answered_by: view.answered_by.map(|by| match by {
                AnsweredBy::Authoritative => "authoritative",
                AnsweredBy::Recursive => "recursive",
            }),
            checked_at: view.checked_at.map(moment),
            verified_at: view.verified_at.map(moment),
            findings: view.findings.iter().map(FindingBody::from).collect(),
        }
    }
}

impl From<&Finding> for FindingBody {
    fn from(finding: &Finding) -> Self {
        let said = wording::say(finding);
        Self {
            code: finding.code.as_str(),
            severity: finding.severity.as_str(),
            summary: said.summary,
            fix: said.fix,
            suggested_value: finding.suggested_value.clone(),
        }
    }
}

impl From<EventView> for Event {
    fn from(view: EventView) -> Self {
        let EventView { id, at, kind, by, record, from, to, evidence } = view;
        Self { id, at: moment(at), kind, by, record, from, to, evidence }
    }
}

impl From<TokenView> for Token {
    fn from(view: TokenView) -> Self {
        let (created_at, last_used_at) = (moment(view.created_at), view.last_used_at.map(moment));
        Self { id: view.id, name: view.name, created_at, last_used_at }
    }
}

impl From<NewToken> for FreshToken {
    fn from(new: NewToken) -> Self {
        let token = Token::from(new.token);
        Self { id: token.id, secret: new.secret, name: token.name, created_at: token.created_at }
    }
}
