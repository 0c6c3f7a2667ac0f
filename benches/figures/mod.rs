//! What every benchmark does with its numbers: percentiles, and a table that says of each whether it holds its limit.
#![allow(dead_code, reason = "each benchmark uses what it needs")]

mod page;

use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Durations of one thing done many times.
#[derive(Debug, Default, Clone)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Does it so often, and notes how long each took.
    pub fn of(times: usize, mut work: impl FnMut()) -> Self {
        let mut samples = Self::default();
        for _ in 0..times {
            let began = Instant::now();
            work();
            samples.push(began.elapsed());
        }
        samples
    }

    /// The same for what awaits.
    pub async fn of_async<F: Future>(times: usize, mut work: impl FnMut() -> F) -> Self {
        let mut samples = Self::default();
        for _ in 0..times {
            let began = Instant::now();
            work().await;
            samples.push(began.elapsed());
        }
        samples
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// In milliseconds; `share` is 0.5 for the median, 0.95 for what 19 of 20 stay below (nearest rank).
    pub fn percentile_ms(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
        sorted.get(rank - 1).map_or(f64::NAN, |took| took.as_secs_f64() * 1000.0)
    }

    pub fn p50_ms(&self) -> f64 {
        self.percentile_ms(0.5)
    }

    pub fn p95_ms(&self) -> f64 {
        self.percentile_ms(0.95)
    }

    pub fn p99_ms(&self) -> f64 {
        self.percentile_ms(0.99)
    }
}

/// The side of the limit on which a figure must stay.
#[derive(Debug, Clone, Copy)]
pub enum Limit {
    AtMost(f64),
    AtLeast(f64),
    /// Nothing is promised; the figure is there to be watched.
    None,
}

/// The table that a benchmark ends with.
#[derive(Debug, Default)]
pub struct Table(Vec<Row>);

#[derive(Debug)]
struct Row {
    what: String,
    value: f64,
    /// The least and the most of several rounds.
    spread: Option<(f64, f64)>,
    unit: &'static str,
    limit: Limit,
}

impl Table {
    /// `unit` stands behind value and limit: `ms`, `s`, `×`, `/s`.
    pub fn row(&mut self, what: impl Into<String>, value: f64, unit: &'static str, limit: Limit) {
        self.0.push(Row { what: what.into(), value, spread: None, unit, limit });
    }

    /// The median of several rounds, with their spread.
    pub fn rounds(&mut self, what: impl Into<String>, values: &[f64], unit: &'static str, limit: Limit) {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (Some(least), Some(most)) = (sorted.first(), sorted.last()) else { return };
        let spread = Some((*least, *most));
        self.0.push(Row { what: what.into(), value: sorted[sorted.len() / 2], spread, unit, limit });
    }

    /// Prints the table and writes it into `BENCHMARKS.md`, as the section of that name, with a few lines about it. A
    /// missed limit makes the benchmark fail.
    pub fn publish(&self, section: &str, about: &[String]) -> ExitCode {
        let width = self.0.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
        println!("{:width$}  {:>12}  {:>12}", "figure", "measured", "limit");
        for row in &self.0 {
            let measured = format!("{} {}", shown(row.value), row.unit);
            println!("{:width$}  {measured:>12}  {:>12}  {}", row.what, row.limit_text(), row.outcome());
        }
        if let Err(error) = page::write(section, about, &self.markdown()) {
            println!("BENCHMARKS.md was not written: {error}");
        }
        let has_missed = self.0.iter().any(|row| !row.is_held());
        if has_missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }

    fn markdown(&self) -> String {
        let mut text = "| figure | measured | least to most | to reach | |\n|---|---:|---:|---:|---|\n".to_owned();
        for row in &self.0 {
            let spread = row.spread.map(|(least, most)| format!("{} to {}", shown(least), shown(most)));
            text.push_str(&format!(
                "| {} | {} {} | {} | {} | {} |\n",
                row.what,
                shown(row.value),
                row.unit,
                spread.unwrap_or_default(),
                row.limit_text(),
                row.outcome()
            ));
        }
        text
    }
}

impl Row {
    fn is_held(&self) -> bool {
        match self.limit {
            Limit::AtMost(limit) => self.value <= limit,
            Limit::AtLeast(limit) => self.value >= limit,
            Limit::None => true,
        }
    }

    fn limit_text(&self) -> String {
        match self.limit {
            Limit::AtMost(limit) => format!("≤ {} {}", shown(limit), self.unit),
            Limit::AtLeast(limit) => format!("≥ {} {}", shown(limit), self.unit),
            Limit::None => String::new(),
        }
    }

    fn outcome(&self) -> &'static str {
        match self.limit {
            Limit::None => "",
            _ if self.is_held() => "pass",
            _ => "MISS",
        }
    }
}

/// Three digits that matter.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
