//! Verdicts over time → statuses (contract, section 4). Pure: the clock is a parameter.

pub mod history;
pub mod notice;
pub mod reachability;
pub mod schedule;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::diagnosis::Verdict;

/// How long a once verified record may be bad before it fails.
pub const GRACE: Duration = Duration::hours(72);
/// No resolver is believed to keep an answer longer, whatever its TTL says; 2^31 seconds would silence every doubt
/// (RFC 2181 section 8; the longest that common resolvers keep by default).
const LONGEST_TTL: Duration = Duration::days(7);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    Verified,
    AtRisk,
    Failed,
}

impl Status {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Verified, Self::AtRisk, Self::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Verified => "verified",
            Self::AtRisk => "at_risk",
            Self::Failed => "failed",
        }
    }

    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The contract's `can_send`.
    pub fn can_send(self) -> bool {
        matches!(self, Self::Verified | Self::AtRisk)
    }
}

/// A record's place in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub status: Status,
    /// When it was first verified.
    pub verified_at: Option<OffsetDateTime>,
    pub at_risk_since: Option<OffsetDateTime>,
    /// A resolver alone said that the verified record is bad; it may have said so out of its cache until then.
    pub doubted_until: Option<OffsetDateTime>,
}

impl Standing {
    pub const NEW: Self = Self { status: Status::Pending, verified_at: None, at_risk_since: None, doubted_until: None };
}

/// What one look saw of a record, as far as its standing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub verdict: Verdict,
    /// How long the answer may be kept where a resolver alone gave it; `None` where a nameserver of the zone did.
    pub hearsay_for: Option<Duration>,
}

/// The standing after one more look at `now`.
pub fn advance(before: Standing, seen: Seen, now: OffsetDateTime) -> Standing {
    if seen.verdict == Verdict::Unknown {
        return before;
    }
    if seen.verdict.is_good() {
        let verified_at = before.verified_at.or(Some(now));
        return Standing { status: Status::Verified, verified_at, ..Standing::NEW };
    }
    match before.status {
        Status::Pending | Status::Failed => before,
        Status::Verified => leave_verified(before, seen.hearsay_for, now),
        Status::AtRisk => {
            let since = before.at_risk_since.unwrap_or(now);
            let status = if now - since >= GRACE { Status::Failed } else { Status::AtRisk };
            Standing { status, at_risk_since: Some(since), ..before }
        }
    }
}

/// A nameserver's word counts at once; a resolver's when it is repeated after the first answer's TTL.
fn leave_verified(before: Standing, hearsay_for: Option<Duration>, now: OffsetDateTime) -> Standing {
    let doubted_until = match (hearsay_for, before.doubted_until) {
        (None, _) => None,
        (Some(_), Some(until)) if now >= until => None,
        (Some(ttl), None) => Some(now + ttl.clamp(Duration::ZERO, LONGEST_TTL)),
        (Some(_), Some(until)) => Some(until.min(now + LONGEST_TTL)),
    };
    match doubted_until {
        Some(_) => Standing { doubted_until, ..before },
        None => Standing { status: Status::AtRisk, at_risk_since: Some(now), doubted_until: None, ..before },
    }
}

/// Whether a record that the plan requires is required of this domain: what a later edit of the profile adds is not
/// asked of a once verified domain before its first pass, so that no edit stops anybody from sending.
pub fn is_required(is_planned: bool, standing: Standing, was_domain_verified: bool) -> bool {
    is_planned && !(was_domain_verified && standing.status == Status::Pending)
}

/// A domain's status: the worst of its required records.
pub fn domain_status(required: impl IntoIterator<Item = Status>) -> Status {
    let rank = |status: &Status| match status {
        Status::Verified => 0,
        Status::AtRisk => 1,
        Status::Pending => 2,
        Status::Failed => 3,
    };
    required.into_iter().max_by_key(rank).unwrap_or(Status::Pending)
}

/// Since when a domain is at risk: the first of its required records that was lost; `None` where it is well or was
/// never whole.
pub fn domain_at_risk_since(status: Status, required: &[Standing]) -> Option<OffsetDateTime> {
    match status {
        Status::AtRisk | Status::Failed => required.iter().filter_map(|standing| standing.at_risk_since).min(),
        Status::Pending | Status::Verified => None,
    }
}
