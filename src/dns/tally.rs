//! Counts what came of every question, for operators. Knows no name that was asked for.
//!
//! Each count is an atomic of its own: a question costs three additions, however many threads ask.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, ResponseCode};

use crate::diagnosis::AskFailure;

/// What can come of a question.
const OUTCOMES: [&str; 10] = [
    "answered",
    "no-such-name",
    "servfail",
    "refused",
    "other-code",
    "timeout",
    "unreachable",
    "malformed",
    "local",
    "asked-again",
];
/// Those of [`OUTCOMES`] that are an answer, at the beginning.
const ANSWERS: usize = 5;

/// Upper bounds of the answers' times; what takes longer is counted beyond the last.
const BOUNDS_MS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

/// Whom a question went to; `bulk` are those to a resolver of which nothing is kept but whether they were answered
/// plainly. Those come last, and are not timed.
const ASKED: [&str; 3] = ["resolver", "nameserver", "bulk"];
const BULK: usize = 2;
const ASKED_AGAIN: usize = OUTCOMES.len() - 1;

/// The counts of a program since its start.
#[derive(Debug)]
pub struct Tally {
    began: Instant,
    outcomes: [[AtomicU64; OUTCOMES.len()]; ASKED.len()],
    /// By the first bound that the answer kept.
    times: [[AtomicU64; BOUNDS_MS.len() + 1]; BULK],
    sums_us: [AtomicU64; BULK],
    resolvers: Box<[ResolverTally]>,
}

#[derive(Debug)]
struct ResolverTally {
    address: SocketAddr,
    /// Milliseconds after the program began, and one more; 0 never.
    answered: AtomicU64,
    failed: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    pub counts: Vec<OutcomeCount>,
    pub times: Vec<TimesOf>,
    pub resolvers: Vec<ResolverReading>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutcomeCount {
    /// `resolver`, `nameserver` or `bulk`.
    pub asked: &'static str,
    pub outcome: &'static str,
    pub count: u64,
}

/// How long answers took.
#[derive(Debug, Clone, PartialEq)]
pub struct TimesOf {
    pub asked: &'static str,
    /// Bounds in seconds, and how many answers kept each; the last bound is infinite.
    pub within: Vec<(f64, u64)>,
    pub sum_s: f64,
}

/// When a configured resolver was last heard, and last silent or failing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResolverReading {
    pub address: SocketAddr,
    pub answered_ago: Option<Duration>,
    pub failed_ago: Option<Duration>,
}

impl Tally {
    pub fn new(resolvers: &[SocketAddr]) -> Self {
        let new = |address: &SocketAddr| ResolverTally {
            address: *address,
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        };
        Self {
            began: Instant::now(),
            outcomes: Default::default(),
            times: Default::default(),
            sums_us: Default::default(),
            resolvers: resolvers.iter().map(new).collect(),
        }
    }

    /// Counts what came of one question.
    pub fn note(&self, server: SocketAddr, is_recursive: bool, heard: &Result<Message, AskFailure>, took: Duration) {
        let asked = usize::from(!is_recursive);
        let outcome = outcome(heard);
        self.outcomes[asked][outcome].fetch_add(1, Relaxed);
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if outcome < ANSWERS {
            let place = BOUNDS_MS.partition_point(|bound| *bound * 1_000 < took_us);
            self.times[asked][place].fetch_add(1, Relaxed);
            self.sums_us[asked].fetch_add(took_us, Relaxed);
        }
        if is_recursive {
            self.note_resolver(server, outcome);
        }
    }

    /// Counts questions that were asked of a resolver in bulk; those without a plain answer are asked again.
    pub fn note_bulk(&self, server: SocketAddr, answered: usize, unanswered: usize) {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.outcomes[BULK][0].fetch_add(count(answered), Relaxed);
        self.outcomes[BULK][ASKED_AGAIN].fetch_add(count(unanswered), Relaxed);
        if answered > 0 {
            self.note_resolver(server, 0);
        } else if unanswered > 0 {
            self.note_resolver(server, ASKED_AGAIN);
        }
    }

    fn note_resolver(&self, server: SocketAddr, outcome: usize) {
        let Some(resolver) = self.resolvers.iter().find(|resolver| resolver.address == server) else { return };
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        // REFUSED is no answer of a resolver: it will not serve us.
        let works = outcome < ANSWERS && OUTCOMES[outcome] != "refused";
        let told = if works { &resolver.answered } else { &resolver.failed };
        told.store(now, Relaxed);
    }

    pub fn read(&self) -> Reading {
        let counts = ASKED.iter().zip(&self.outcomes).flat_map(|(asked, counts)| {
            let count = |(outcome, count): (&&'static str, &AtomicU64)| OutcomeCount {
                asked,
                outcome,
                count: count.load(Relaxed),
            };
            OUTCOMES.iter().zip(counts).map(count)
        });
        let times = ASKED.iter().zip(self.times.iter().zip(&self.sums_us));
        let now = self.began.elapsed();
        let ago = |at: &AtomicU64| match at.load(Relaxed) {
            0 => None,
            at => Some(now.saturating_sub(Duration::from_millis(at - 1))),
        };
        let resolver = |resolver: &ResolverTally| ResolverReading {
            address: resolver.address,
            answered_ago: ago(&resolver.answered),
            failed_ago: ago(&resolver.failed),
        };
        Reading {
            counts: counts.collect(),
            times: times.map(|(asked, (times, sum_us))| times_of(asked, times, sum_us)).collect(),
            resolvers: self.resolvers.iter().map(resolver).collect(),
        }
    }
}

fn times_of(asked: &'static str, times: &[AtomicU64], sum_us: &AtomicU64) -> TimesOf {
    let bounds = BOUNDS_MS.iter().map(|bound| *bound as f64 / 1e3).chain([f64::INFINITY]);
    let mut whole = 0;
    let within = bounds.zip(times).map(|(bound, count)| {
        whole += count.load(Relaxed);
        (bound, whole)
    });
    TimesOf { asked, within: within.collect(), sum_s: sum_us.load(Relaxed) as f64 / 1e6 }
}

/// The place in [`OUTCOMES`].
fn outcome(heard: &Result<Message, AskFailure>) -> usize {
    match heard {
        Ok(message) => match message.metadata.response_code {
            ResponseCode::NoError => 0,
            ResponseCode::NXDomain => 1,
            ResponseCode::ServFail => 2,
            ResponseCode::Refused | ResponseCode::NotAuth => 3,
            _ => 4,
        },
        Err(AskFailure::Servfail | AskFailure::Bogus) => 2,
        Err(AskFailure::Refused) => 3,
        Err(AskFailure::Timeout) => 5,
        Err(AskFailure::Unreachable) => 6,
        Err(AskFailure::Malformed) => 7,
        Err(AskFailure::Local) => 8,
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::{MessageType, OpCode};

    use super::*;

    fn said(code: ResponseCode) -> Result<Message, AskFailure> {
        let mut message = Message::new(1, MessageType::Response, OpCode::Query);
        message.metadata.response_code = code;
        Ok(message)
    }

    #[test]
    fn each_question_is_counted_once_and_only_answers_are_timed() {
        let (first, second): (SocketAddr, SocketAddr) =
            ("192.0.2.53:53".parse().unwrap(), "192.0.2.54:53".parse().unwrap());
        let tally = Tally::new(&[first, second]);
        let ms = Duration::from_millis;
        tally.note(first, true, &said(ResponseCode::NoError), ms(1));
        tally.note(first, true, &said(ResponseCode::NXDomain), Duration::from_micros(1_001));
        tally.note(second, true, &Err(AskFailure::Timeout), ms(900));
        tally.note_bulk(first, 200, 3);
        tally.note("198.51.100.1:53".parse().unwrap(), false, &said(ResponseCode::Refused), ms(9_000));
        let reading = tally.read();
        let counted: Vec<_> = reading.counts.iter().filter(|one| one.count > 0).collect();
        let told: Vec<_> = counted.iter().map(|one| (one.asked, one.outcome, one.count)).collect();
        assert_eq!(
            told,
            [
                ("resolver", "answered", 1),
                ("resolver", "no-such-name", 1),
                ("resolver", "timeout", 1),
                ("nameserver", "refused", 1),
                ("bulk", "answered", 200),
                ("bulk", "asked-again", 3)
            ]
        );
        let [of_resolvers, of_nameservers] = &reading.times[..] else { panic!("{reading:?}") };
        assert_eq!(of_resolvers.within[..3], [(0.001, 1), (0.002, 2), (0.005, 2)]);
        assert_eq!(of_nameservers.within[11..], [(5.0, 0), (f64::INFINITY, 1)]);
        assert!((of_resolvers.sum_s - 0.002_001).abs() < 1e-9 && (of_nameservers.sum_s - 9.0).abs() < 1e-9);
        let [one, two] = &reading.resolvers[..] else { panic!("{reading:?}") };
        assert!(one.answered_ago.is_some() && one.failed_ago.is_none());
        assert!(two.answered_ago.is_none() && two.failed_ago.is_some());
    }
}
