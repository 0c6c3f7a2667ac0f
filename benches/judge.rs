//! What judging costs beside asking: diagnoses a second on one core, for a healthy domain and for every broken world of
//! `tests/zones`, and the judge's share of a check. Processor time of one thread, without any waiting, which is where a
//! check spends its life; the worlds are served by other threads.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set itself up has failed")]

mod figures;
#[path = "../tests/zones/keys.rs"]
mod keys;
#[path = "../tests/zones/world.rs"]
#[expect(dead_code, reason = "written for the tests beside it")]
mod world;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use figures::{Limit, Table};
use signet::diagnosis::{self, Observed};
use signet::dns::Dns;
use signet::dns::observe::Gathering;
use signet::records::plan::Plan;
use world::BrokenWorld;

/// Each measurement goes on for so long.
const MEASURED: Duration = Duration::from_secs(3);
/// Checks of one broken world, so that all of them take a few seconds.
const CHECKS: u32 = 10;

const HEALTHY: &str = "; Every record that a profile can ask for is there.
;> domain mail.example.com
;> spf include:spf.mta.example
;> mx 10 bounce.mta.example
;> return-path rp rp.mta.example
;> tracking click click.mta.example
;> dmarc p=none
;; zone example.com
s1._domainkey.mail TXT \"@KEY@\"
mail TXT \"v=spf1 include:spf.mta.example ~all\"
mail MX 10 bounce.mta.example.
_dmarc.mail TXT \"v=DMARC1; p=reject; rua=mailto:reports@mail.example.com\"
rp.mail CNAME rp.mta.example.
click.mail CNAME click.mta.example.
";

/// Processor time of this thread; where the system does not tell, the time that passed.
struct Stopwatch {
    began: Instant,
    used: Option<Duration>,
}

fn used() -> Option<Duration> {
    // The system adds up what a thread used when it gives way.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split_whitespace().next()?.parse().ok()?))
}

impl Stopwatch {
    fn start() -> Self {
        Self { began: Instant::now(), used: used() }
    }

    fn read(&self) -> Duration {
        self.used.zip(used()).map_or_else(|| self.began.elapsed(), |(before, after)| after - before)
    }
}

/// What one check of one world costs.
struct Cost {
    /// The whole check but for the next two.
    asking: Duration,
    /// What is still to be asked, once a round.
    choosing: Duration,
    diagnosing: Duration,
    observed: Observed,
}

/// Asks on this thread alone; the world's servers run on the others.
fn cost(serving: &tokio::runtime::Runtime, world: &BrokenWorld, checks: u32) -> Cost {
    let served = serving.block_on(serving.spawn(serve(world.clone()))).unwrap();
    let asking = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dns = asking.block_on(Dns::start(served.settings.clone())).unwrap();
    let mut states = Vec::new();
    let observed = asking.block_on(observe(&dns, &world.plan, |state| states.push(state.clone())));
    let whole = each(checks, || {
        black_box(asking.block_on(observe(&dns, &world.plan, |_| {})));
    });
    let choosing = each(checks, || {
        for state in &states {
            black_box(diagnosis::questions(&world.plan, black_box(state)));
        }
    });
    let diagnosing = each(checks, || {
        black_box(diagnosis::diagnose(&world.plan, black_box(&observed)));
    });
    Cost { asking: whole.saturating_sub(choosing), choosing, diagnosing, observed }
}

/// Processor time of one of `count` times.
fn each(count: u32, mut work: impl FnMut()) -> Duration {
    let watch = Stopwatch::start();
    (0..count).for_each(|_| work());
    watch.read() / count
}

/// As `verify` gathers; what was known whenever it was chosen what to ask goes to `told`.
async fn observe(dns: &Dns, plan: &Plan, mut told: impl FnMut(&Observed)) -> Observed {
    let mut observed = Observed::default();
    let mut choose = |observed: &Observed| {
        told(observed);
        diagnosis::questions(plan, observed)
    };
    let mut asks = choose(&observed);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(9);
    let mut gathering = Gathering::new(dns, &plan.domain, &asks, deadline);
    while !asks.is_empty() && !observed.is_exhausted {
        gathering.ask(&asks, &mut observed).await;
        asks = choose(&observed);
    }
    observed
}

async fn serve(world: BrokenWorld) -> world::Served {
    world.serve().await
}

/// Diagnoses a second of all of them in turn.
fn rate(judged: &[(BrokenWorld, Observed)]) -> f64 {
    let watch = Stopwatch::start();
    let mut count = 0u32;
    while watch.began.elapsed() < MEASURED {
        for (world, observed) in judged {
            black_box(diagnosis::diagnose(black_box(&world.plan), black_box(observed)));
            count += 1;
        }
    }
    f64::from(count) / watch.read().as_secs_f64()
}

fn row(table: &mut Table, what: &str, worlds: Vec<BrokenWorld>, serving: &tokio::runtime::Runtime, checks: u32) {
    let [mut asking, mut choosing, mut diagnosing] = [Duration::ZERO; 3];
    let mut judged = Vec::new();
    let count = worlds.len();
    for world in worlds {
        let cost = cost(serving, &world, checks);
        asking += cost.asking;
        choosing += cost.choosing;
        diagnosing += cost.diagnosing;
        judged.push((world, cost.observed));
    }
    let each_us = |sum: Duration| sum.as_secs_f64() * 1e6 / count as f64;
    table.row(format!("diagnoses of {what} on one core"), rate(&judged), "/s", Limit::None);
    table.row(format!("asking, {what}"), each_us(asking), "µs", Limit::None);
    table.row(format!("choosing questions, {what}"), each_us(choosing), "µs", Limit::None);
    table.row(format!("diagnosing, {what}"), each_us(diagnosing), "µs", Limit::None);
    let share = |part: Duration| part.as_secs_f64() / asking.as_secs_f64();
    table.row(format!("diagnosing : asking, {what}"), share(diagnosing), "×", Limit::AtMost(0.1));
    table.row(
        format!("diagnosing and choosing : asking, {what}"),
        share(diagnosing + choosing),
        "×",
        Limit::AtMost(0.1),
    );
}

fn main() -> ExitCode {
    let serving = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut table = Table::default();
    row(&mut table, "a healthy domain", vec![world::parse("healthy", HEALTHY)], &serving, 300);
    // Whoever waits for silence uses no processor; it only makes the benchmark long.
    let is_quick = |world: &BrokenWorld| !["silent", "timeout", "dead"].iter().any(|word| world.name.contains(word));
    let broken: Vec<BrokenWorld> = world::all().into_iter().filter(is_quick).collect();
    row(&mut table, "broken domains", broken, &serving, CHECKS);
    table.publish("Judging", &[])
}
