//! Verdicts over time → statuses (contract, section 4). Pure: the clock is a parameter.

pub mod schedule;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::diagnosis::Verdict;

/// How long a once verified record may be bad before it fails.
pub const GRACE: Duration = Duration::hours(72);

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
}

impl Standing {
    pub const NEW: Self = Self { status: Status::Pending, verified_at: None, at_risk_since: None };
}

/// The standing after one more verdict, seen at `now`.
pub fn advance(before: Standing, verdict: Verdict, now: OffsetDateTime) -> Standing {
    match (before.status, verdict) {
        (_, Verdict::Unknown) => before,
        (_, Verdict::Pass | Verdict::Warn) => {
            Standing { status: Status::Verified, verified_at: before.verified_at.or(Some(now)), at_risk_since: None }
        }
        (Status::Pending | Status::Failed, _) => before,
        (Status::Verified, _) => Standing { status: Status::AtRisk, at_risk_since: Some(now), ..before },
        (Status::AtRisk, _) => {
            let since = before.at_risk_since.unwrap_or(now);
            let status = if now - since >= GRACE { Status::Failed } else { Status::AtRisk };
            Standing { status, at_risk_since: Some(since), ..before }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    #[test]
    fn whatever_is_seen_of_a_record_never_verified_it_stays_pending() {
        for verdict in [Verdict::Missing, Verdict::Mismatch, Verdict::Conflict, Verdict::Unknown] {
            assert_eq!(advance(Standing::NEW, verdict, NOON), Standing::NEW);
        }
    }

    #[test]
    fn a_verified_record_is_at_risk_first_and_fails_after_72_hours_of_evidence() {
        let verified = advance(Standing::NEW, Verdict::Pass, NOON);
        let risk = advance(verified, Verdict::Missing, NOON);
        assert_eq!(risk.status, Status::AtRisk);
        let just_before = NOON + GRACE - Duration::SECOND;
        assert_eq!(advance(risk, Verdict::Missing, just_before).status, Status::AtRisk);
        assert_eq!(advance(risk, Verdict::Unknown, NOON + GRACE * 2).status, Status::AtRisk);
        let failed = advance(risk, Verdict::Mismatch, NOON + GRACE);
        assert_eq!(failed.status, Status::Failed);
        let again = advance(failed, Verdict::Warn, NOON + GRACE * 2);
        assert_eq!((again.status, again.verified_at, again.at_risk_since), (Status::Verified, Some(NOON), None));
    }

    #[test]
    fn a_domain_is_as_good_as_its_worst_required_record() {
        use Status::*;
        assert_eq!(domain_status([Verified, AtRisk, Pending, Failed]), Failed);
        assert_eq!(domain_status([Verified, AtRisk, Pending]), Pending);
        assert_eq!(domain_status([Verified, AtRisk]), AtRisk);
        assert_eq!(domain_status([Verified, Verified]), Verified);
    }
}
