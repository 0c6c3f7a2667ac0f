use time::macros::datetime;

use super::*;
use crate::diagnosis::profile::PartDiagnosis;
use crate::dns::tally::{OutcomeCount, Reading};
use crate::records::plan::RecordKey;
use crate::store::about::About;
use crate::store::profile::ProfileCheckRow;

const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

fn minutes(count: i64) -> time::Duration {
    time::Duration::minutes(count)
}

fn resolver(answered_s: Option<u64>, failed_s: Option<u64>) -> ResolverReading {
    let ago = |at: Option<u64>| at.map(Duration::from_secs);
    ResolverReading {
        address: "192.0.2.53:53".parse().unwrap(),
        answered_ago: ago(answered_s),
        failed_ago: ago(failed_s),
    }
}

fn healthy() -> HealthView {
    let count = |outcome, count| OutcomeCount { asked: "resolver", outcome, count };
    HealthView {
        now: NOON,
        walked: Some(NOON - minutes(1)),
        overdue: 0,
        oldest_overdue: None,
        dns: Reading {
            counts: vec![count("answered", 990), count("timeout", 10)],
            times: vec![TimesOf {
                asked: "resolver",
                within: vec![(0.005, 600), (0.05, 970), (f64::INFINITY, 990)],
                sum_s: 9.0,
            }],
            resolvers: vec![resolver(Some(2), None)],
        },
        has_profile: true,
        profile_check: Some(check(PartState::Whole)),
        database: About { version: "15.14".into(), size_bytes: 52_428_800, connections: 24, max_connections: 100 },
        database_took: Duration::from_millis(4),
        connections: (4, 3),
        last_backup: Some(NOON - time::Duration::hours(9)),
        sends_mail: true,
        waiting: vec![(Channel::Mail, 1, Some(NOON - minutes(2))), (Channel::Webhook, 0, None)],
    }
}

fn check(state: PartState) -> ProfileCheckRow {
    let parts = vec![PartDiagnosis { key: RecordKey::Spf, state, findings: Vec::new() }];
    ProfileCheckRow { version: 1, checked_at: NOON - minutes(30), parts }
}

pub fn sample() -> String {
    let mut layout = Layout::bare("How it is doing");
    layout.email = Some("admin@mta.example".into());
    layout.is_admin = true;
    layout.section = Section::Health;
    health_page(layout, &healthy()).render().unwrap()
}

/// The words of the facts that are not good.
fn complaints(view: &HealthView) -> Vec<(&'static str, &'static str)> {
    let page = health_page(Layout::bare("x"), view);
    page.facts.iter().filter(|fact| fact.pill.tone != Tone::Good).map(|fact| (fact.name, fact.pill.word)).collect()
}

#[test]
fn a_healthy_console_has_nothing_to_say_but_facts() {
    assert_eq!(complaints(&healthy()), []);
    let page = sample();
    for text in ["Nothing is overdue.", "192.0.2.53:53 answered 2 s ago.", "within 5 ms", "50 MiB", "9 h ago"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.contains("99 % within 10 s"));
}

#[test]
fn each_trouble_is_told_at_its_own_part() {
    let cases: [(&str, &str, HealthView); 12] = [
        (
            "Background verifier",
            "Behind",
            HealthView { overdue: 7, oldest_overdue: Some(NOON - minutes(6)), ..healthy() },
        ),
        (
            "Background verifier",
            "Stands still",
            HealthView {
                overdue: 70,
                oldest_overdue: Some(NOON - minutes(90)),
                walked: Some(NOON - minutes(91)),
                ..healthy()
            },
        ),
        ("Background verifier", "Waits", HealthView { walked: None, ..healthy() }),
        ("Resolvers", "None answers", with_resolvers(vec![resolver(Some(60), Some(1))])),
        ("Resolvers", "Some fail", with_resolvers(vec![resolver(Some(1), Some(60)), resolver(None, Some(1))])),
        ("Sending profile", "Broken", HealthView { profile_check: Some(check(PartState::Broken)), ..healthy() }),
        ("Sending profile", "Missing", HealthView { has_profile: false, ..healthy() }),
        ("Alerts", "Without mail", HealthView { sends_mail: false, ..healthy() }),
        (
            "Alerts",
            "Some wait long",
            HealthView { waiting: vec![(Channel::Webhook, 3, Some(NOON - minutes(61)))], ..healthy() },
        ),
        ("Backup", "None known", HealthView { last_backup: None, ..healthy() }),
        ("Backup", "Old", HealthView { last_backup: Some(NOON - time::Duration::days(8)), ..healthy() }),
        (
            "Database",
            "Nearly full",
            HealthView { database: About { connections: 95, ..healthy().database }, ..healthy() },
        ),
    ];
    for (name, word, view) in cases {
        assert_eq!(complaints(&view), [(name, word)]);
    }
}

fn with_resolvers(resolvers: Vec<ResolverReading>) -> HealthView {
    let view = healthy();
    HealthView { dns: Reading { resolvers, ..view.dns.clone() }, ..view }
}

#[test]
fn lengths_of_time_are_told_in_one_unit() {
    for (seconds, text) in [(0, "0 ms"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (864_000, "10 days")] {
        assert_eq!(span(Duration::from_secs(seconds)), text);
    }
}
