//! `/metrics`: Prometheus text. Tells nothing of any domain, and asks the database for nothing that grows but a count
//! of domains, every five minutes at most.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::Api;
use crate::console::Console;
use crate::dns::tally::Reading;
use crate::lifecycle::Status;

/// Upper bounds of the latency histogram, in seconds; a check may take 10.
const BUCKETS_S: &[f64] = &[0.005, 0.02, 0.1, 0.5, 1.0, 3.0, 10.0];
/// What was recorded is folded into its buckets this often, also where nobody asks: until then it takes memory.
const FOLD_EVERY: Duration = Duration::from_secs(5);
/// How old a count of domains may be.
const COUNTED_FOR: Duration = Duration::from_secs(300);
/// A count that took long is made more seldom: it may take a two-hundredth of the time.
const PAUSES_A_COUNT: u32 = 200;

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Domains by status, counted behind the scenes when somebody asks and the last count is old.
#[derive(Clone, Default)]
pub struct Counted(Arc<Counts>);

#[derive(Default)]
struct Counts {
    is_counting: AtomicBool,
    last: Mutex<Option<Count>>,
}

#[derive(Debug, Clone)]
struct Count {
    at: Instant,
    took: Duration,
    domains: Vec<(Status, u64)>,
}

/// `GET /metrics`
pub(super) async fn show(State(api): State<Api>) -> Response {
    let handle = install();
    handle.run_upkeep();
    let mut text = handle.render();
    build_info(&mut text);
    dns(&mut text, &api.console.parts().dns.tally().read());
    domains(&mut text, &api.counted.counts(&api.console));
    pool(&mut text, &api.console);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// The process's recorder, installed at the first use.
pub fn install() -> &'static PrometheusHandle {
    METRICS.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let recorder = builder.set_buckets(BUCKETS_S).expect("there are buckets").build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed; /metrics stays empty");
        }
        handle
    })
}

/// Keeps what is recorded small. Ends with the program.
pub async fn fold_for_ever() {
    let mut every = tokio::time::interval(FOLD_EVERY);
    loop {
        every.tick().await;
        install().run_upkeep();
    }
}

impl Counted {
    /// The last count, and none before the first; a new one is begun where that is old.
    fn counts(&self, console: &Console) -> Vec<(Status, u64)> {
        let last = self.last();
        let is_fresh = last
            .as_ref()
            .is_some_and(|count| count.at.elapsed() < COUNTED_FOR.max(count.took.saturating_mul(PAUSES_A_COUNT)));
        if !is_fresh && !self.0.is_counting.swap(true, Ordering::AcqRel) {
            let (counted, console) = (self.clone(), console.clone());
            tokio::spawn(async move { counted.count(&console).await });
        }
        last.map(|count| count.domains).unwrap_or_default()
    }

    async fn count(&self, console: &Console) {
        let at = Instant::now();
        match console.count_domains_by_status().await {
            Ok(domains) => {
                let count = Count { at, took: at.elapsed(), domains };
                *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(count);
            }
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "the domains were not counted"),
        }
        self.0.is_counting.store(false, Ordering::Release);
    }

    fn last(&self) -> Option<Count> {
        self.0.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A metric's head; `kind` is Prometheus's word.
fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    line(text, format_args!("# HELP {name} {help}"));
    line(text, format_args!("# TYPE {name} {kind}"));
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes everything");
}

fn build_info(text: &mut String) {
    head(text, "signet_build_info", "gauge", "1, with the version of the program.");
    line(text, format_args!("signet_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")));
}

fn dns(text: &mut String, reading: &Reading) {
    head(text, "signet_dns_questions_total", "counter", "Questions asked, by what came of them.");
    for one in &reading.counts {
        let labels = format_args!("asked=\"{}\",outcome=\"{}\"", one.asked, one.outcome).to_string();
        line(text, format_args!("signet_dns_questions_total{{{labels}}} {}", one.count));
    }
    head(text, "signet_dns_answer_seconds", "histogram", "How long answers took, retries included.");
    for times in &reading.times {
        let asked = times.asked;
        for (bound, count) in &times.within {
            let bound = if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() };
            line(text, format_args!("signet_dns_answer_seconds_bucket{{asked=\"{asked}\",le=\"{bound}\"}} {count}"));
        }
        let count = times.within.last().map_or(0, |(_, count)| *count);
        line(text, format_args!("signet_dns_answer_seconds_sum{{asked=\"{asked}\"}} {}", times.sum_s));
        line(text, format_args!("signet_dns_answer_seconds_count{{asked=\"{asked}\"}} {count}"));
    }
}

fn domains(text: &mut String, counts: &[(Status, u64)]) {
    head(text, "signet_domains", "gauge", "Domains by status, counted every five minutes at most.");
    for (status, count) in counts {
        line(text, format_args!("signet_domains{{status=\"{}\"}} {count}", status.as_str()));
    }
}

fn pool(text: &mut String, console: &Console) {
    let pool = &console.parts().pool;
    let (open, idle) = (pool.size() as usize, pool.num_idle());
    head(text, "signet_database_connections", "gauge", "Connections of the pool that serves pages and API.");
    line(text, format_args!("signet_database_connections{{state=\"idle\"}} {idle}"));
    line(text, format_args!("signet_database_connections{{state=\"busy\"}} {}", open.saturating_sub(idle)));
}
