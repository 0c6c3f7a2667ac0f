//! How often a token may verify and create (contract, section 5).

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

use crate::failure::Failure;

/// The buckets of every token that called since the start.
pub struct Limits {
    verify: DefaultKeyedRateLimiter<Uuid>,
    create: DefaultKeyedRateLimiter<Uuid>,
}

impl Limits {
    pub fn new() -> Self {
        Self { verify: bucket(5, 100), create: bucket(10, 200) }
    }

    /// 100 at once, and 5 a second after that.
    pub fn take_verify(&self, token: Uuid) -> Result<(), Failure> {
        take(&self.verify, token)
    }

    /// 200 at once, and 10 a second after that.
    pub fn take_create(&self, token: Uuid) -> Result<(), Failure> {
        take(&self.create, token)
    }
}

fn bucket(per_second: u32, burst: u32) -> DefaultKeyedRateLimiter<Uuid> {
    let positive = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    RateLimiter::keyed(Quota::per_second(positive(per_second)).allow_burst(positive(burst)))
}

fn take(bucket: &DefaultKeyedRateLimiter<Uuid>, token: Uuid) -> Result<(), Failure> {
    bucket.check_key(&token).map_err(|not_until| {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        Failure::TooMany { retry_after_s: wait.as_secs() + 1 }
    })
}
