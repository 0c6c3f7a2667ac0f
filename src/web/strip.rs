//! The last 90 days as a strip: a bar a day whose place and height tell what its colour tells, and the same in words.

use std::fmt::Write;

use askama::Template;
use time::macros::format_description;
use time::{Date, Duration};

use super::pill::verdict_word;
use crate::console::DayStrip;
use crate::diagnosis::Verdict;

#[derive(Template)]
#[template(path = "strip.html")]
pub struct StripView {
    bars: Vec<Bar>,
    width: usize,
    /// The strip in a sentence, for who does not see it.
    label: String,
    first: String,
    /// What was the same for how long, the newest first; empty where the strip is small.
    runs: Vec<Run>,
}

struct Bar {
    x: usize,
    /// Names its colour, place and height.
    kind: &'static str,
}

struct Run {
    span: String,
    word: &'static str,
}

/// A day's width in the drawing, its gap included.
const DAY_WIDTH: usize = 4;

impl StripView {
    /// With its days told one by one.
    pub fn whole(strip: Option<&DayStrip>) -> Option<Self> {
        let strip = strip?;
        Some(Self { runs: runs(strip), ..Self::small(Some(strip))? })
    }

    /// `None` where no day was looked at.
    pub fn small(strip: Option<&DayStrip>) -> Option<Self> {
        let strip = strip.filter(|strip| strip.days.iter().any(Option::is_some))?;
        let bar = |(place, verdict): (usize, &Option<Verdict>)| Bar { x: place * DAY_WIDTH, kind: kind(*verdict) };
        Some(Self {
            bars: strip.days.iter().enumerate().map(bar).collect(),
            width: strip.days.len() * DAY_WIDTH,
            label: label(&strip.days),
            first: date(day_at(strip, 0)),
            runs: Vec::new(),
        })
    }
}

fn kind(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        None => "none",
        Some(Verdict::Unknown) => "unknown",
        Some(Verdict::Pass) => "pass",
        Some(Verdict::Warn) => "warn",
        Some(Verdict::Missing | Verdict::Mismatch | Verdict::Conflict) => "bad",
    }
}

fn word(verdict: Option<Verdict>) -> &'static str {
    if verdict.is_none() { "No look" } else { verdict_word(verdict) }
}

/// `Of the last 90 days: good on 84, wrong on 2, no look on 4.`
fn label(days: &[Option<Verdict>]) -> String {
    let named = [
        ("pass", "good on"),
        ("warn", "good with a warning on"),
        ("bad", "wrong on"),
        ("unknown", "not answered on"),
        ("none", "no look on"),
    ];
    let mut text = format!("Of the last {} days: ", days.len());
    let counted = named.into_iter().filter_map(|(name, words)| {
        let count = days.iter().filter(|verdict| kind(**verdict) == name).count();
        (count > 0).then_some((words, count))
    });
    for (place, (words, count)) in counted.enumerate() {
        let comma = if place > 0 { ", " } else { "" };
        write!(text, "{comma}{words} {count}").expect("a string takes everything");
    }
    text + "."
}

/// Days that follow one another and saw the same, without those before the first look.
fn runs(strip: &DayStrip) -> Vec<Run> {
    let first = strip.days.iter().position(Option::is_some).unwrap_or(strip.days.len());
    let mut runs: Vec<(usize, usize, Option<Verdict>)> = Vec::new();
    for (place, verdict) in strip.days.iter().enumerate().skip(first) {
        match runs.last_mut() {
            Some((_, last, same)) if same == verdict => *last = place,
            _ => runs.push((place, place, *verdict)),
        }
    }
    let told = runs.into_iter().rev().map(|(from, to, verdict)| {
        let (from, to) = (date(day_at(strip, from)), date(day_at(strip, to)));
        let span = if from == to { from } else { format!("{from} – {to}") };
        Run { span, word: word(verdict) }
    });
    told.collect()
}

fn day_at(strip: &DayStrip, place: usize) -> Date {
    let ago = i64::try_from(strip.days.len().saturating_sub(place + 1)).unwrap_or(0);
    strip.until.checked_sub(Duration::days(ago)).unwrap_or(strip.until)
}

fn date(day: Date) -> String {
    day.format(format_description!("[day padding:none] [month repr:short] [year]")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn strip(days: &[Option<Verdict>]) -> DayStrip {
        DayStrip { until: date!(2026 - 03 - 02), days: days.to_vec() }
    }

    #[test]
    fn each_day_is_a_bar_and_the_whole_is_a_sentence() {
        let days = [None, Some(Verdict::Pass), Some(Verdict::Pass), None, Some(Verdict::Missing), Some(Verdict::Warn)];
        let view = StripView::whole(Some(&strip(&days))).unwrap();
        assert_eq!(view.label, "Of the last 6 days: good on 2, good with a warning on 1, wrong on 1, no look on 2.");
        let told: Vec<String> = view.runs.iter().map(|run| format!("{}: {}", run.span, run.word)).collect();
        assert_eq!(
            told,
            [
                "2 Mar 2026: Pass, with a warning",
                "1 Mar 2026: Missing",
                "28 Feb 2026: No look",
                "26 Feb 2026 – 27 Feb 2026: Pass"
            ]
        );
        let html = view.render().unwrap();
        assert!(html.contains("role=\"img\"") && html.contains("aria-label=\"Of the last 6 days"), "{html}");
        assert_eq!(html.matches("<rect").count(), days.len(), "{html}");
        assert!(!html.contains("style="), "the policy allows none");
        let small = StripView::small(Some(&strip(&days))).unwrap().render().unwrap();
        assert!(!small.contains("<details"), "{small}");
    }

    #[test]
    fn a_strip_without_a_look_is_not_drawn() {
        assert!(StripView::whole(None).is_none());
        assert!(StripView::small(Some(&strip(&[None; 90]))).is_none());
    }
}
