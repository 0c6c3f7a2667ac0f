//! What the looks of the last 90 days saw of a record: the worst verdict of each day, in UTC. Pure.
//!
//! A whole look writes every record's strip. A look that finds everything as before only marks the domain's day: the
//! records' verdicts stand for it, and are written down with the next whole look, or shown from the marks until then.

use time::Date;

use crate::diagnosis::Verdict;

/// How many days are kept.
pub const DAYS: usize = 90;
/// A strip's size in bytes: the newest day's number and half a byte a day.
pub const STRIP_SIZE: usize = 4 + DAYS / 2;

/// In the order in which a day's later look outweighs an earlier one; what could not be asked is evidence of nothing.
const BY_WEIGHT: [Option<Verdict>; 7] = [
    None,
    Some(Verdict::Unknown),
    Some(Verdict::Pass),
    Some(Verdict::Warn),
    Some(Verdict::Mismatch),
    Some(Verdict::Conflict),
    Some(Verdict::Missing),
];

/// The days of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strip {
    /// The newest day, by its Julian number.
    until: i32,
    /// Weights, the newest day's first.
    cells: [u8; DAYS],
}

/// The days on which a domain was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookedDays {
    until: Date,
    /// The lowest bit is `until`.
    bits: u128,
}

impl Default for Strip {
    fn default() -> Self {
        Self { until: Date::MIN.to_julian_day(), cells: [0; DAYS] }
    }
}

impl Strip {
    /// Adds what a look on `day` saw. A day that lies before the newest has its place among the others; where the
    /// newest is further ahead than the strip reaches, a clock was wrong, and the strip begins anew.
    pub fn note(&mut self, day: Date, verdict: Verdict) {
        let day = day.to_julian_day();
        let Some(place) = self.make_place(day) else {
            *self = Self { until: day, cells: [0; DAYS] };
            self.cells[0] = weight(verdict);
            return;
        };
        self.cells[place] = self.cells[place].max(weight(verdict));
    }

    /// Writes down the days up to `day` on which the domain was looked at and the record found as it was: `verdict`.
    pub fn carry(&mut self, verdict: Option<Verdict>, looked: &LookedDays, day: Date) {
        let Some(verdict) = verdict else { return };
        let (first, last) = (self.until + 1, day.to_julian_day());
        let oldest = last - i32::try_from(DAYS).unwrap_or(i32::MAX) + 1;
        for number in first.max(oldest)..=last {
            match Date::from_julian_day(number) {
                Ok(day) if looked.has(day) => self.note(day, verdict),
                _ => {}
            }
        }
    }

    /// The days up to `today`, the oldest first; `verdict` is what was seen last.
    pub fn shown(&self, verdict: Option<Verdict>, looked: &LookedDays, today: Date) -> Vec<Option<Verdict>> {
        let mut whole = *self;
        whole.carry(verdict, looked, today);
        let ago = |days: usize| whole.at(today.to_julian_day() - i32::try_from(days).unwrap_or(i32::MAX));
        (0..DAYS).rev().map(ago).collect()
    }

    /// The newest day that a whole look wrote; a day of long ago before the first.
    pub fn until(&self) -> Date {
        Date::from_julian_day(self.until).unwrap_or(Date::MIN)
    }

    pub fn to_bytes(self) -> [u8; STRIP_SIZE] {
        let mut bytes = [0; STRIP_SIZE];
        bytes[..4].copy_from_slice(&self.until.to_be_bytes());
        for (byte, pair) in bytes[4..].iter_mut().zip(self.cells.chunks(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        bytes
    }

    /// `None` where these are no bytes of a strip.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (until, packed) = bytes.split_first_chunk::<4>()?;
        let until = Date::from_julian_day(i32::from_be_bytes(*until)).ok()?.to_julian_day();
        let cells: Vec<u8> = packed.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect();
        let is_known = cells.iter().all(|cell| usize::from(*cell) < BY_WEIGHT.len());
        Some(Self { until, cells: cells.try_into().ok().filter(|_| is_known)? })
    }

    fn at(&self, day: i32) -> Option<Verdict> {
        let place = usize::try_from(self.until - day).ok()?;
        BY_WEIGHT[usize::from(*self.cells.get(place)?)]
    }

    /// Where a day stands, the strip moved on where it is newer than all; `None` where it is out of reach.
    fn make_place(&mut self, day: i32) -> Option<usize> {
        match usize::try_from(day - self.until) {
            Ok(newer) => {
                let newer = newer.min(DAYS);
                self.cells.copy_within(..DAYS - newer, newer);
                self.cells[..newer].fill(0);
                self.until = day;
                Some(0)
            }
            Err(_) => usize::try_from(self.until - day).ok().filter(|place| *place < DAYS),
        }
    }
}

fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Unknown => 1,
        Verdict::Pass => 2,
        Verdict::Warn => 3,
        Verdict::Mismatch => 4,
        Verdict::Conflict => 5,
        Verdict::Missing => 6,
    }
}

impl LookedDays {
    /// Reads a string of 0 and 1, the newest day last.
    pub fn new(until: Date, digits: &str) -> Self {
        let newest_first = digits.bytes().rev().take(DAYS).enumerate();
        let bits = newest_first.fold(0, |bits, (place, digit)| bits | u128::from(digit == b'1') << place);
        Self { until, bits }
    }

    pub fn has(&self, day: Date) -> bool {
        let place = u32::try_from(self.until.to_julian_day() - day.to_julian_day());
        place.is_ok_and(|place| self.bits.checked_shr(place).unwrap_or(0) & 1 == 1)
    }
}

/// A domain's days out of those of its required records. Here what could not be asked outweighs what was good: the
/// domain was not seen whole.
pub fn worst_of(records: &[&[Option<Verdict>]]) -> Vec<Option<Verdict>> {
    let heaviness = |verdict: &Option<Verdict>| match verdict {
        Some(Verdict::Unknown) => weight(Verdict::Warn) * 2 + 1,
        Some(verdict) => weight(*verdict) * 2,
        None => 0,
    };
    let of_day = |day: usize| {
        let seen = records.iter().filter_map(|days| days.get(day).copied());
        seen.max_by_key(heaviness).flatten()
    };
    (0..DAYS).map(of_day).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::Duration;
    use time::macros::date;

    use super::*;
    use Verdict::{Conflict, Mismatch, Missing, Pass, Unknown, Warn};

    const DAY: Date = date!(2026 - 06 - 01);
    const NEVER: LookedDays = LookedDays { until: DAY, bits: 0 };

    fn after(looks: &[(i64, Verdict)]) -> Strip {
        let mut strip = Strip::default();
        looks.iter().for_each(|(day, verdict)| strip.note(DAY + Duration::days(*day), *verdict));
        strip
    }

    /// The last days up to `DAY + today`, the newest first, as far as anything was seen.
    fn newest_first(strip: &Strip, today: i64) -> Vec<Option<Verdict>> {
        let mut days = strip.shown(None, &NEVER, DAY + Duration::days(today));
        assert_eq!(days.len(), DAYS);
        days.reverse();
        while days.last().is_some_and(Option::is_none) {
            days.pop();
        }
        days
    }

    #[test]
    fn a_day_tells_the_worst_that_was_seen_on_it() {
        for (looks, expected) in [
            (&[][..], None),
            (&[Unknown], Some(Unknown)),
            (&[Unknown, Pass, Unknown], Some(Pass)),
            (&[Pass, Warn, Pass], Some(Warn)),
            (&[Pass, Mismatch, Warn], Some(Mismatch)),
            (&[Mismatch, Conflict], Some(Conflict)),
            (&[Missing, Conflict, Pass], Some(Missing)),
        ] {
            let looks: Vec<_> = looks.iter().map(|verdict| (0, *verdict)).collect();
            assert_eq!(newest_first(&after(&looks), 0).first().copied().flatten(), expected, "{looks:?}");
        }
    }

    #[test]
    fn days_without_a_look_are_gaps_and_the_oldest_fall_out() {
        let strip = after(&[(0, Pass), (1, Pass), (4, Missing)]);
        let (pass, missing) = (Some(Pass), Some(Missing));
        assert_eq!(newest_first(&strip, 4), [missing, None, None, pass, pass]);
        assert_eq!(newest_first(&strip, 6), [None, None, missing, None, None, pass, pass]);
        assert_eq!(newest_first(&strip, 89 + 1).len(), DAYS, "the day of the second look is the 90th now");
        assert_eq!(newest_first(&strip, 89 + 4).len(), DAYS);
        assert_eq!(newest_first(&strip, 89 + 5), []);
        assert_eq!(newest_first(&after(&[(0, Missing), (90, Pass)]), 90), [pass]);
        assert_eq!(newest_first(&after(&[(0, Missing), (100_000, Pass)]), 100_000), [pass]);
    }

    #[test]
    fn a_clock_set_back_writes_where_the_day_stands_and_one_far_ahead_is_forgotten() {
        let strip = after(&[(10, Pass), (8, Missing), (9, Unknown)]);
        assert_eq!(newest_first(&strip, 10), [Some(Pass), Some(Unknown), Some(Missing)]);
        assert_eq!(newest_first(&strip, 8), [Some(Missing)], "what is still to come is not shown");
        assert_eq!(newest_first(&after(&[(89, Pass), (0, Missing)]), 89).len(), DAYS);
        assert_eq!(newest_first(&after(&[(400, Pass), (0, Missing)]), 0), [Some(Missing)]);
    }

    fn looked(until: i64, days: &[i64]) -> LookedDays {
        let digit = |place: i64| if days.contains(&(until - place)) { '1' } else { '0' };
        let digits: String = (0..90).rev().map(digit).collect();
        LookedDays::new(DAY + Duration::days(until), &digits)
    }

    #[test]
    fn days_on_which_nothing_had_changed_tell_what_was_seen_before() {
        let mut strip = after(&[(0, Missing), (0, Pass)]);
        let looked = looked(5, &[0, 1, 3, 5]);
        let (pass, missing) = (Some(Pass), Some(Missing));
        let shown = strip.shown(pass, &looked, DAY + Duration::days(5));
        assert_eq!(shown[84..], [missing, pass, None, pass, None, pass]);
        // The next whole look finds something else on a day on which all was well in the morning.
        strip.carry(Some(Missing), &looked, DAY + Duration::days(5));
        strip.note(DAY + Duration::days(5), Pass);
        assert_eq!(newest_first(&strip, 5), [missing, None, missing, None, missing, missing]);
        let never_seen = Strip::default().shown(None, &looked, DAY + Duration::days(5));
        assert!(never_seen.iter().all(Option::is_none));
    }

    #[test]
    fn marks_are_read_from_the_newest_day_backwards() {
        let marks = looked(0, &[0, -89]);
        for (day, expected) in [(0, true), (-89, true), (-1, false), (-90, false), (1, false), (-4000, false)] {
            assert_eq!(marks.has(DAY + Duration::days(day)), expected, "{day}");
        }
    }

    #[test]
    fn a_domain_is_as_bad_as_its_worst_record_and_not_seen_whole_where_one_could_not_be_asked() {
        let days = |verdict| vec![verdict; DAYS];
        for (records, expected) in [
            (vec![Some(Pass), Some(Warn)], Some(Warn)),
            (vec![Some(Pass), Some(Unknown)], Some(Unknown)),
            (vec![Some(Unknown), Some(Mismatch)], Some(Mismatch)),
            (vec![Some(Pass), None], Some(Pass)),
            (vec![None], None),
            (vec![], None),
        ] {
            let held: Vec<_> = records.iter().map(|verdict| days(*verdict)).collect();
            let held: Vec<&[_]> = held.iter().map(Vec::as_slice).collect();
            assert_eq!(worst_of(&held), days(expected), "{records:?}");
        }
    }

    #[test]
    fn what_are_no_bytes_of_a_strip_is_none() {
        let bytes = after(&[(0, Pass)]).to_bytes();
        assert_eq!(Strip::from_bytes(&bytes[..48]), None);
        assert_eq!(Strip::from_bytes(&[&bytes[..], &[0]].concat()), None);
        assert_eq!(Strip::from_bytes(&[0xFF; STRIP_SIZE]), None);
        assert_eq!(Strip::from_bytes(&Strip::default().to_bytes()), Some(Strip::default()));
    }

    proptest! {
        /// A list of all looks tells the same as the strip, and bytes lose nothing.
        #[test]
        fn a_strip_is_what_a_list_of_all_looks_tells(
            looks in prop::collection::vec((0i64..200, 1usize..7), 0..60),
            today in 0i64..260,
        ) {
            let mut looks: Vec<_> = looks.into_iter().map(|(day, n)| (day, BY_WEIGHT[n].unwrap())).collect();
            looks.sort_by_key(|(day, _)| *day);
            let strip = after(&looks);
            prop_assert_eq!(Strip::from_bytes(&strip.to_bytes()), Some(strip));
            let newest = looks.last().map_or(0, |(day, _)| *day);
            let shown = strip.shown(None, &NEVER, DAY + Duration::days(today));
            for (place, seen) in shown.iter().rev().enumerate() {
                let day = today - i64::try_from(place).unwrap();
                let on_day = looks.iter().filter(|(on, _)| *on == day && newest - day < 90);
                let worst = on_day.map(|(_, verdict)| *verdict).max_by_key(|verdict| weight(*verdict));
                prop_assert_eq!(*seen, worst, "day {}", day);
            }
        }
    }
}
