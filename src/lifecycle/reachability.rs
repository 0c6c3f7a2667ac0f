//! Since when a domain cannot be asked, and when that is the domain's own trouble.

use time::{Duration, OffsetDateTime};

/// After so much of it, a domain that cannot be asked carries `unreachable`.
pub const UNREACHABLE_AFTER: Duration = Duration::hours(24);

/// How far a domain can be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reachability {
    pub unknown_since: Option<OffsetDateTime>,
    pub is_unreachable: bool,
}

/// What the decision needs to know of the others, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Settled(Reachability),
    /// A day is over: the domain is unreachable if another one was answered since this time.
    Ask {
        answered_since: OffsetDateTime,
    },
}

/// One more look at `now`: with or without an answer. Once unreachable, a domain stays so until it is answered,
/// so that the event is told once.
pub fn step(before: Reachability, is_unknown: bool, now: OffsetDateTime) -> Step {
    if !is_unknown {
        return Step::Settled(Reachability::default());
    }
    let since = before.unknown_since.unwrap_or(now);
    let still = Reachability { unknown_since: Some(since), ..before };
    if before.is_unreachable || now - since < UNREACHABLE_AFTER {
        return Step::Settled(still);
    }
    Step::Ask { answered_since: now - UNREACHABLE_AFTER }
}

/// The outcome of [`Step::Ask`]. Where nobody else was answered within the day, the trouble may be ours.
pub fn settle(before: Reachability, is_another_answered: bool, now: OffsetDateTime) -> Reachability {
    Reachability { unknown_since: before.unknown_since.or(Some(now)), is_unreachable: is_another_answered }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    fn unknown_for(hours: i64) -> Reachability {
        Reachability { unknown_since: Some(NOON - Duration::hours(hours)), is_unreachable: false }
    }

    #[test]
    fn a_domain_is_unreachable_after_a_day_in_which_others_were_answered() {
        assert_eq!(step(unknown_for(23), true, NOON), Step::Settled(unknown_for(23)));
        assert_eq!(step(unknown_for(24), true, NOON), Step::Ask { answered_since: NOON - Duration::DAY });
        assert!(settle(unknown_for(24), true, NOON).is_unreachable);
        assert_eq!(settle(unknown_for(30), false, NOON), unknown_for(30));
    }

    #[test]
    fn the_first_unknown_starts_the_day_and_one_answer_ends_it() {
        let first = Reachability { unknown_since: Some(NOON), is_unreachable: false };
        assert_eq!(step(Reachability::default(), true, NOON), Step::Settled(first));
        let unreachable = Reachability { is_unreachable: true, ..unknown_for(50) };
        assert_eq!(step(unreachable, true, NOON), Step::Settled(unreachable));
        assert_eq!(step(unreachable, false, NOON), Step::Settled(Reachability::default()));
    }

    #[test]
    fn a_clock_set_back_makes_nobody_unreachable() {
        let later = Reachability { unknown_since: Some(NOON + Duration::DAY * 400), is_unreachable: false };
        assert_eq!(step(later, true, NOON), Step::Settled(later));
    }
}
