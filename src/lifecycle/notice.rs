//! What people are told of a domain, once each, and what a notice says. The sentences are made elsewhere.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Status;
use crate::diagnosis::Finding;

/// What a notice is about. People choose which kinds they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    FirstVerified,
    AtRisk,
    Recovered,
    Failed,
    Unreachable,
    /// The sending profile's own names do not work: for administrators.
    ProfileBroken,
    /// Too many domains turned bad at once to be believed: for administrators.
    ManyAtOnce,
}

impl NoticeKind {
    /// Of a team's domains.
    pub const OF_DOMAINS: [Self; 5] =
        [Self::FirstVerified, Self::AtRisk, Self::Recovered, Self::Failed, Self::Unreachable];
    /// Of the platform itself.
    pub const OF_PLATFORM: [Self; 2] = [Self::ProfileBroken, Self::ManyAtOnce];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstVerified => "first_verified",
            Self::AtRisk => "at_risk",
            Self::Recovered => "recovered",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::ProfileBroken => "profile_broken",
            Self::ManyAtOnce => "many_at_once",
        }
    }

    pub fn find(text: &str) -> Option<Self> {
        Self::OF_DOMAINS.into_iter().chain(Self::OF_PLATFORM).find(|kind| kind.as_str() == text)
    }

    /// Whether only administrators may be sent it.
    pub fn is_of_platform(self) -> bool {
        Self::OF_PLATFORM.contains(&self)
    }
}

/// The bad news of a domain that is out and not taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadNews {
    AtRisk,
    Failed,
}

impl BadNews {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtRisk => "at_risk",
            Self::Failed => "failed",
        }
    }
}

/// A domain after one more look, as far as telling goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    pub status: Status,
    /// It is verified for the first time.
    pub is_first: bool,
    /// A required record is still seen bad, ten minutes or more after it was lost.
    pub is_confirmed: bool,
}

/// What is told after a look, and what is out from then on. What was never told is not taken back, and what is out is
/// not told again.
pub fn tell(out: Option<BadNews>, looked: Looked) -> (Option<NoticeKind>, Option<BadNews>) {
    match (looked.status, out) {
        (Status::Verified, Some(_)) => (Some(NoticeKind::Recovered), None),
        (Status::Verified, None) => (looked.is_first.then_some(NoticeKind::FirstVerified), None),
        (Status::AtRisk, None) if looked.is_confirmed => (Some(NoticeKind::AtRisk), Some(BadNews::AtRisk)),
        // It can send again, so another failure is news; that not all is well was told before.
        (Status::AtRisk, Some(_)) => (None, Some(BadNews::AtRisk)),
        (Status::Failed, None | Some(BadNews::AtRisk)) => (Some(NoticeKind::Failed), Some(BadNews::Failed)),
        (Status::AtRisk, None) | (Status::Failed, Some(BadNews::Failed)) | (Status::Pending, _) => (None, out),
    }
}

/// Something to tell, with all that it takes to say it in any language, whatever becomes of the domain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    pub id: Uuid,
    pub kind: NoticeKind,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub facts: Facts,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// `None`: it is about the platform.
    pub domain: Option<DomainFacts>,
    /// What is wrong, the foremost first.
    pub findings: Vec<Finding>,
    /// What to publish so that it is right.
    pub records: Vec<ToPublish>,
    /// How many domains it is about.
    pub count: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DomainFacts {
    pub id: Uuid,
    pub name: String,
    /// What people open at their DNS provider.
    pub zone: String,
    pub status: Status,
    #[serde(with = "time::serde::rfc3339::option")]
    pub at_risk_since: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub stops_sending_at: Option<OffsetDateTime>,
}

/// A record as it is typed at the DNS provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToPublish {
    pub key: String,
    #[serde(rename = "type")]
    pub rtype: String,
    /// The full name.
    pub name: String,
    /// Relative to the zone.
    pub host: String,
    pub value: String,
    pub priority: Option<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn looked(status: Status) -> Looked {
        Looked { status, is_first: false, is_confirmed: false }
    }

    #[test]
    fn an_at_risk_status_is_told_when_a_second_look_agrees() {
        assert_eq!(tell(None, looked(Status::AtRisk)), (None, None));
        let confirmed = Looked { is_confirmed: true, ..looked(Status::AtRisk) };
        assert_eq!(tell(None, confirmed), (Some(NoticeKind::AtRisk), Some(BadNews::AtRisk)));
        assert_eq!(tell(Some(BadNews::AtRisk), confirmed), (None, Some(BadNews::AtRisk)));
    }

    #[test]
    fn what_was_never_told_is_not_taken_back() {
        assert_eq!(tell(None, looked(Status::Verified)), (None, None));
        for out in [BadNews::AtRisk, BadNews::Failed] {
            assert_eq!(tell(Some(out), looked(Status::Verified)), (Some(NoticeKind::Recovered), None));
        }
        let first = Looked { is_first: true, ..looked(Status::Verified) };
        assert_eq!(tell(None, first), (Some(NoticeKind::FirstVerified), None));
    }

    #[test]
    fn a_failure_is_told_whether_or_not_the_risk_was() {
        for out in [None, Some(BadNews::AtRisk)] {
            assert_eq!(tell(out, looked(Status::Failed)), (Some(NoticeKind::Failed), Some(BadNews::Failed)));
        }
        assert_eq!(tell(Some(BadNews::Failed), looked(Status::Failed)), (None, Some(BadNews::Failed)));
        assert_eq!(tell(Some(BadNews::Failed), looked(Status::AtRisk)), (None, Some(BadNews::AtRisk)));
    }

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in NoticeKind::OF_DOMAINS.into_iter().chain(NoticeKind::OF_PLATFORM) {
            assert_eq!(NoticeKind::find(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(NoticeKind::find("digest"), None);
    }

    proptest! {
        #[test]
        fn no_sequence_of_looks_tells_anything_twice(
            looks in prop::collection::vec((prop::sample::select(Status::ALL.to_vec()), any::<bool>()), 0..200),
        ) {
            let (mut out, mut was_verified, mut told) = (None, false, Vec::new());
            for (status, is_confirmed) in looks {
                let is_first = status == Status::Verified && !was_verified;
                was_verified |= is_first;
                let (kind, next) = tell(out, Looked { status, is_first, is_confirmed });
                if let Some(kind) = kind {
                    let is_of_now = match kind {
                        NoticeKind::AtRisk => status == Status::AtRisk && is_confirmed,
                        NoticeKind::Failed => status == Status::Failed,
                        _ => status == Status::Verified,
                    };
                    prop_assert!(is_of_now, "{:?} at {:?}", kind, status);
                    told.push((kind, status));
                } else if status == Status::AtRisk && out == Some(BadNews::Failed) {
                    // Another failure is another transition.
                    told.push((NoticeKind::AtRisk, status));
                }
                out = next;
            }
            prop_assert!(told.iter().filter(|(kind, _)| *kind == NoticeKind::FirstVerified).count() <= 1);
            for pair in told.windows(2) {
                prop_assert!(pair[0].0 != pair[1].0, "{:?}", told);
                prop_assert!(
                    pair[1].0 != NoticeKind::Recovered
                        || matches!(pair[0].0, NoticeKind::AtRisk | NoticeKind::Failed),
                    "{:?}", told
                );
            }
        }
    }
}
