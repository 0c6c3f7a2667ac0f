//! When a message that was not taken is tried again.

use time::{Duration, OffsetDateTime};

/// For so long a message is tried.
pub const TRIES_FOR: Duration = Duration::days(3);
/// The pause after each try in minutes; the last one stays.
const PAUSES_MIN: [f64; 9] = [0.5, 2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 240.0, 360.0];
/// How much longer a pause may be drawn, as a share of it: what failed together does not come back together.
const JITTER: f64 = 0.25;

/// The pause after the `failures`th failure in a row. `jitter` is drawn evenly from 0 to 1.
pub fn pause(failures: u32, jitter: f64) -> Duration {
    let at = usize::try_from(failures.max(1) - 1).unwrap_or(usize::MAX).min(PAUSES_MIN.len() - 1);
    Duration::seconds_f64(PAUSES_MIN[at] * 60.0 * (1.0 + JITTER * jitter.clamp(0.0, 1.0)))
}

/// When it is tried again after so many tries; `None` once three days are over. The last try is at their end.
pub fn next_try(
    tried_since: OffsetDateTime,
    attempts: u32,
    now: OffsetDateTime,
    jitter: f64,
) -> Option<OffsetDateTime> {
    let end = tried_since + TRIES_FOR;
    (now < end).then(|| (now + pause(attempts, jitter)).min(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    #[test]
    fn pauses_grow_for_three_days_and_the_last_try_is_at_their_end() {
        for jitter in [0.0, 1.0] {
            let (mut now, mut attempts, mut longest) = (NOON, 1, Duration::ZERO);
            while let Some(next) = next_try(NOON, attempts, now, jitter) {
                assert!(next > now);
                assert!(next - now >= longest || next == NOON + TRIES_FOR, "try {attempts}");
                longest = longest.max(next - now);
                (now, attempts) = (next, attempts + 1);
            }
            assert_eq!(now, NOON + TRIES_FOR);
            assert!((15..=25).contains(&attempts), "{attempts} tries");
        }
    }

    #[test]
    fn the_first_pause_is_short_and_jitter_only_lengthens() {
        assert_eq!(pause(1, 0.0), Duration::seconds(30));
        assert_eq!(pause(0, 0.0), pause(1, 0.0));
        assert_eq!(pause(500, 0.0), Duration::hours(6));
        assert!(pause(3, 1.0) > pause(3, 0.0) && pause(3, 1.0) <= pause(3, 0.0) * 1.25);
    }
}
