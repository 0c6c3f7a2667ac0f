//! When a domain is looked at next. Verified ones twice a day, by their slot; all others by a date of their own.

use time::{Duration, OffsetDateTime};

use super::{GRACE, Status};

/// How often each slot of verified domains is walked.
pub const SWEEP_PERIOD: Duration = Duration::hours(12);
/// An at-risk status is told to people once a second look, so much later, agrees.
pub const SECOND_LOOK: Duration = Duration::minutes(10);
/// No look is planned further ahead: a doubted record waits for a TTL of a week at most, everything else for a day.
pub const LONGEST_PAUSE: Duration = Duration::days(8);
/// How much later than planned a look may be drawn, as a share of its pause.
const JITTER: f64 = 0.1;

/// What is taken first when many are overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Somebody added it or pressed Verify within the last half hour.
    Awaited = 0,
    AtRisk = 1,
    Other = 2,
}

/// What the next look depends on.
#[derive(Debug, Clone, Copy)]
pub struct Looked {
    pub status: Status,
    /// Created, or clicked last.
    pub since: OffsetDateTime,
    pub at_risk_since: Option<OffsetDateTime>,
    /// A verified record was seen bad by a resolver alone; from then on a second look counts.
    pub doubted_until: Option<OffsetDateTime>,
    /// Nobody sees anything new before: where only a resolver can be asked, its negative answer is kept so long.
    pub not_before: Option<OffsetDateTime>,
    pub now: OffsetDateTime,
}

/// A date, and what goes first when it has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    pub at: OffsetDateTime,
    pub rank: Rank,
}

/// The date of the next look; `None` where the slot decides. `jitter` is drawn evenly from 0 to 1.
pub fn next_look(looked: &Looked, jitter: f64) -> Option<Due> {
    let age = looked.now - looked.since;
    let (pause, rank) = match looked.status {
        Status::Verified => {
            let second = looked.doubted_until?.max(looked.now + Duration::MINUTE);
            return Some(Due { at: second, rank: Rank::AtRisk });
        }
        Status::Pending if age < Duration::minutes(30) => (Duration::minutes(1), Rank::Awaited),
        Status::Pending if age < Duration::days(1) => (Duration::minutes(10), Rank::Other),
        Status::Pending if age < Duration::weeks(2) => (Duration::hours(1), Rank::Other),
        Status::Pending => (Duration::days(1), Rank::Other),
        Status::AtRisk if is_fresh(looked) => (until_second_look(looked), Rank::AtRisk),
        Status::AtRisk => (Duration::hours(1), Rank::AtRisk),
        Status::Failed if bad_for(looked) < GRACE + Duration::weeks(2) => (Duration::hours(6), Rank::Other),
        Status::Failed => (Duration::days(1), Rank::Other),
    };
    let planned = looked.now + pause + pause * (JITTER * jitter.clamp(0.0, 1.0));
    Some(Due { at: looked.not_before.map_or(planned, |date| planned.max(date)), rank })
}

fn bad_for(looked: &Looked) -> Duration {
    looked.at_risk_since.map_or(Duration::ZERO, |since| looked.now - since)
}

/// A click in between puts the second look off no further.
fn until_second_look(looked: &Looked) -> Duration {
    (SECOND_LOOK - bad_for(looked)).clamp(Duration::SECOND, SECOND_LOOK)
}

/// Its second look is still to come.
fn is_fresh(looked: &Looked) -> bool {
    bad_for(looked) < SECOND_LOOK
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    fn looked(status: Status, age: Duration, bad_for: Option<Duration>) -> Looked {
        let at_risk_since = bad_for.map(|bad_for| NOON - bad_for);
        Looked { status, since: NOON - age, at_risk_since, doubted_until: None, not_before: None, now: NOON }
    }

    fn pause(looked: &Looked) -> Option<Duration> {
        next_look(looked, 0.0).map(|due| due.at - NOON)
    }

    #[test]
    fn a_pending_domain_is_looked_at_every_minute_at_first_and_daily_in_the_end() {
        for (age, expected) in [
            (Duration::ZERO, Duration::minutes(1)),
            (Duration::minutes(29), Duration::minutes(1)),
            (Duration::minutes(30), Duration::minutes(10)),
            (Duration::hours(23), Duration::minutes(10)),
            (Duration::hours(24), Duration::hours(1)),
            (Duration::days(13), Duration::hours(1)),
            (Duration::days(14), Duration::days(1)),
            (Duration::days(900), Duration::days(1)),
        ] {
            assert_eq!(pause(&looked(Status::Pending, age, None)), Some(expected), "{age}");
        }
    }

    #[test]
    fn the_other_statuses_have_their_pauses() {
        let day = Duration::DAY;
        assert_eq!(pause(&looked(Status::Verified, day, None)), None);
        for (status, bad_for, expected) in [
            (Status::AtRisk, Duration::ZERO, SECOND_LOOK),
            (Status::AtRisk, Duration::minutes(4), Duration::minutes(6)),
            (Status::AtRisk, Duration::hours(-4), SECOND_LOOK),
            (Status::AtRisk, Duration::minutes(10), Duration::hours(1)),
            (Status::AtRisk, Duration::hours(70), Duration::hours(1)),
            (Status::Failed, GRACE, Duration::hours(6)),
            (Status::Failed, GRACE + Duration::days(13), Duration::hours(6)),
            (Status::Failed, GRACE + Duration::days(14), Duration::days(1)),
        ] {
            assert_eq!(pause(&looked(status, day, Some(bad_for))), Some(expected), "{status:?} for {bad_for}");
        }
    }

    #[test]
    fn who_waits_goes_first_and_at_risk_second() {
        let rank = |looked| next_look(&looked, 0.0).unwrap().rank;
        let awaited = rank(looked(Status::Pending, Duration::MINUTE, None));
        let at_risk = rank(looked(Status::AtRisk, Duration::DAY, Some(Duration::HOUR)));
        let failed = rank(looked(Status::Failed, Duration::DAY, Some(GRACE)));
        assert!(awaited < at_risk && at_risk < failed);
    }

    #[test]
    fn a_doubted_record_is_looked_at_once_its_answer_has_expired() {
        let expired = NOON + Duration::minutes(20);
        let doubted = Looked { doubted_until: Some(expired), ..looked(Status::Verified, Duration::DAY, None) };
        assert_eq!(next_look(&doubted, 0.5), Some(Due { at: expired, rank: Rank::AtRisk }));
        let overdue = Looked { doubted_until: Some(NOON - Duration::HOUR), ..doubted };
        assert_eq!(next_look(&overdue, 0.5).unwrap().at, NOON + Duration::MINUTE);
    }

    #[test]
    fn no_look_comes_before_it_can_matter() {
        let kept = NOON + Duration::minutes(50);
        let looked = Looked { not_before: Some(kept), ..looked(Status::Pending, Duration::ZERO, None) };
        assert_eq!(next_look(&looked, 0.0).unwrap().at, kept);
    }

    proptest! {
        #[test]
        fn jitter_only_delays_and_by_a_tenth_at_most(
            age_s in 0i64..100_000_000,
            bad_s in 0i64..10_000_000,
            status in prop::sample::select(vec![Status::Pending, Status::AtRisk, Status::Failed]),
            jitter in 0.0f64..1.0,
        ) {
            let looked = looked(status, Duration::seconds(age_s), Some(Duration::seconds(bad_s)));
            let (plain, late) = (next_look(&looked, 0.0).unwrap(), next_look(&looked, jitter).unwrap());
            prop_assert!(late.at >= plain.at);
            prop_assert!(late.at - NOON <= (plain.at - NOON) * 1.1 + Duration::SECOND);
        }
    }
}
