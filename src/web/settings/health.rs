//! How the console itself is doing: the facts of `/metrics` in sentences, and what to do where one is bad.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use time::OffsetDateTime;

use crate::console::Console;
use crate::console::health::HealthView;
use crate::diagnosis::profile::PartState;
use crate::dns::tally::{ResolverReading, TimesOf};
use crate::store::deliveries::Channel;
use crate::web::failures::PageFailure;
use crate::web::forms::page;
use crate::web::layout::{Layout, Section};
use crate::web::pill::{Pill, Tone};
use crate::web::session::SignedIn;

/// Looks are due to the minute; so much later, something holds them up.
const LATE: time::Duration = time::Duration::minutes(5);
/// A slot is walked every minute; after so many without one, no replica walks.
const STILL: time::Duration = time::Duration::minutes(10);
/// A message is tried again within minutes at first; one this old was refused often.
const STUCK: time::Duration = time::Duration::hours(1);
/// A backup older than this is worth a word.
const OLD_BACKUP: time::Duration = time::Duration::days(7);

#[derive(Template)]
#[template(path = "settings/health.html")]
struct HealthPage {
    layout: Layout,
    facts: Vec<Fact>,
    version: &'static str,
}

/// One part of the console: how it is, in a word and a sentence or two.
struct Fact {
    name: &'static str,
    pill: Pill,
    told: Vec<String>,
}

/// `GET /settings/health`
pub async fn show(State(console): State<Console>, user: SignedIn) -> Result<Response, PageFailure> {
    let view = console.health(&user.actor).await?;
    let layout = Layout::new(&console, &user.actor, Section::Health, "How it is doing");
    page(StatusCode::OK, &health_page(layout, &view))
}

fn health_page(layout: Layout, view: &HealthView) -> HealthPage {
    let facts = vec![verifier(view), resolvers(view), answers(view), profile(view), database(view)];
    let facts = facts.into_iter().chain([alerts(view), backup(view)]).collect();
    HealthPage { layout, facts, version: env!("CARGO_PKG_VERSION") }
}

fn fact(name: &'static str, tone: Tone, word: &'static str, told: Vec<String>) -> Fact {
    Fact { name, pill: Pill { tone, word }, told }
}

fn verifier(view: &HealthView) -> Fact {
    const NAME: &str = "Background verifier";
    let Some(walked) = view.walked else {
        let told = "It begins with the first sending profile: before that there is no domain to look at.";
        return fact(NAME, Tone::Wait, "Waits", vec![told.into()]);
    };
    let behind = view.oldest_overdue.map_or(time::Duration::ZERO, |at| view.now - at);
    let overdue = match view.overdue {
        0 => "Nothing is overdue.".to_owned(),
        1 => format!("One look is overdue, since {}.", ago(view.now, view.now - behind)),
        many => format!("{many} looks are overdue, the oldest since {}.", ago(view.now, view.now - behind)),
    };
    if view.now - walked > STILL && behind > LATE {
        let told = "No replica has taken a look lately. Domains keep their statuses; nobody is told of what changes. \
                    See whether a replica runs with SIGNET_VERIFIER=on, and what its log says.";
        return fact(NAME, Tone::Bad, "Stands still", vec![told.into(), overdue]);
    }
    if behind > LATE {
        let told = "It is behind: looks are made later than planned. People's clicks go first, at-risk domains second.";
        return fact(NAME, Tone::Warn, "Behind", vec![told.into(), overdue]);
    }
    fact(NAME, Tone::Good, "Runs", vec![overdue])
}

fn resolvers(view: &HealthView) -> Fact {
    const NAME: &str = "Resolvers";
    let works =
        |one: &ResolverReading| one.answered_ago.is_some_and(|at| one.failed_ago.is_none_or(|failed| at <= failed));
    let told = view.dns.resolvers.iter().map(|one| {
        let heard = match (one.answered_ago, one.failed_ago) {
            (None, None) => "was not asked yet".to_owned(),
            (Some(at), None) => format!("answered {} ago", span(at)),
            (None, Some(at)) => format!("has never answered; it last failed {} ago", span(at)),
            (Some(at), Some(failed)) => format!("answered {} ago, and last failed {} ago", span(at), span(failed)),
        };
        format!("{} {heard}.", one.address)
    });
    let told: Vec<String> = told.collect();
    let asked = view.dns.resolvers.iter().any(|one| one.answered_ago.is_some() || one.failed_ago.is_some());
    let (tone, word) = match view.dns.resolvers.iter().filter(|one| works(one)).count() {
        _ if !asked => (Tone::Wait, "Not asked yet"),
        0 => (Tone::Bad, "None answers"),
        some if some == view.dns.resolvers.len() => (Tone::Good, "Answer"),
        _ => (Tone::Warn, "Some fail"),
    };
    fact(NAME, tone, word, told)
}

/// How long answers take, and how many questions get none.
fn answers(view: &HealthView) -> Fact {
    let (mut asked, mut lost) = (0, 0);
    for one in &view.dns.counts {
        asked += one.count;
        if matches!(one.outcome, "timeout" | "unreachable" | "malformed" | "local") {
            lost += one.count;
        }
    }
    let mut told = vec![format!("{asked} questions since this replica started; {lost} of them got no usable answer.")];
    for times in &view.dns.times {
        if let (Some(half), Some(most)) = (quantile(times, 0.5), quantile(times, 0.99)) {
            let who = if times.asked == "resolver" { "Resolvers" } else { "Nameservers" };
            told.push(format!("{who} answer half of their questions within {half}, and 99 % within {most}."));
        }
    }
    let (tone, word) = match asked {
        0 => (Tone::Wait, "None yet"),
        _ if lost * 5 > asked => (Tone::Warn, "Many are lost"),
        _ => (Tone::Good, "Come in"),
    };
    fact("DNS answers", tone, word, told)
}

/// The bound that this share of answers kept; `None` before the first answer.
fn quantile(times: &TimesOf, share: f64) -> Option<String> {
    let whole = times.within.last().map(|(_, count)| *count).filter(|count| *count > 0)?;
    let (bound, _) = times.within.iter().find(|(_, count)| *count as f64 >= whole as f64 * share)?;
    // No check waits longer.
    Some(span(Duration::from_secs_f64(bound.min(10.0))))
}

fn profile(view: &HealthView) -> Fact {
    const NAME: &str = "Sending profile";
    if !view.has_profile {
        let told = "There is none yet, so no domain can be added. Set it under Sending profile.";
        return fact(NAME, Tone::Bad, "Missing", vec![told.into()]);
    }
    let Some(check) = &view.profile_check else {
        let told = "Its names were not looked at yet.";
        return fact(NAME, Tone::Wait, "Not looked at", vec![told.into()]);
    };
    let looked = format!("Its names were looked at {} ago.", between(check.checked_at, view.now));
    let has = |state| check.parts.iter().any(|part| part.state == state);
    if has(PartState::Broken) {
        let told = "Some of its own names do not work. The verdicts that hang on them are unknown until they do; \
                    the page Sending profile says which, and how to mend them.";
        return fact(NAME, Tone::Bad, "Broken", vec![told.into(), looked]);
    }
    if has(PartState::Unasked) {
        let told = "Some of its names could not be asked. They are asked again in ten minutes.";
        return fact(NAME, Tone::Warn, "Not all asked", vec![told.into(), looked]);
    }
    fact(NAME, Tone::Good, "Works", vec![looked])
}

fn database(view: &HealthView) -> Fact {
    let about = &view.database;
    let (open, idle) = view.connections;
    let told = vec![
        format!(
            "PostgreSQL {} answered in {}; the database takes {}.",
            about.version,
            span(view.database_took),
            size(about.size_bytes),
        ),
        format!(
            "{} of its {} connections are taken; this replica's pages hold {open}, {idle} of them idle.",
            about.connections, about.max_connections,
        ),
    ];
    let is_nearly_full = about.connections * 10 >= about.max_connections * 9;
    let (tone, word) = if is_nearly_full { (Tone::Warn, "Nearly full") } else { (Tone::Good, "Answers") };
    fact("Database", tone, word, told)
}

/// Mail and webhooks.
fn alerts(view: &HealthView) -> Fact {
    let mut told = Vec::new();
    if !view.sends_mail {
        told.push("No mail is sent: SIGNET_SMTP_URL and SIGNET_MAIL_FROM name the server and the sender.".to_owned());
    }
    let mut is_stuck = false;
    for (channel, count, oldest) in &view.waiting {
        let (one, many) = match channel {
            Channel::Mail => ("One mail waits", "mails wait"),
            Channel::Webhook => ("One webhook message waits", "webhook messages wait"),
        };
        let since = oldest.map(|at| format!(", the oldest since {}", ago(view.now, at))).unwrap_or_default();
        is_stuck |= oldest.is_some_and(|at| view.now - at > STUCK);
        match count {
            0 => {}
            1 => told.push(format!("{one}{since}.")),
            count => told.push(format!("{count} {many}{since}.")),
        }
    }
    if is_stuck {
        told.push("Messages are tried for three days; the page Alerts says what the other side answers.".to_owned());
    }
    let (tone, word) = match (is_stuck, view.sends_mail) {
        (true, _) => (Tone::Warn, "Some wait long"),
        (false, false) => (Tone::Wait, "Without mail"),
        (false, true) => (Tone::Good, "Sent"),
    };
    if told.is_empty() {
        told.push("Nothing waits.".to_owned());
    }
    fact("Alerts", tone, word, told)
}

fn backup(view: &HealthView) -> Fact {
    const NAME: &str = "Backup";
    match view.last_backup {
        None => {
            let told =
                "None is known. `signet backup FILE` makes one while the console runs; keep the secret key apart.";
            fact(NAME, Tone::Warn, "None known", vec![told.into()])
        }
        Some(at) => {
            let told = vec![format!("The last one was made {}.", ago(view.now, at))];
            let is_old = view.now - at > OLD_BACKUP;
            let (tone, word) = if is_old { (Tone::Warn, "Old") } else { (Tone::Good, "Made") };
            fact(NAME, tone, word, told)
        }
    }
}

fn ago(now: OffsetDateTime, at: OffsetDateTime) -> String {
    format!("{} ago", between(at, now))
}

fn between(from: OffsetDateTime, to: OffsetDateTime) -> String {
    span(Duration::try_from(to - from).unwrap_or_default())
}

/// A length of time in its largest unit: `3 ms`, `12 s`, `5 min`, `3 h`, `9 days`.
fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0 => format!("{} ms", length.as_millis()),
        1..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_485_760 => format!("{} KiB", bytes / 1_024),
        10_485_760..10_737_418_240 => format!("{} MiB", bytes / 1_048_576),
        _ => format!("{} GiB", bytes / 1_073_741_824),
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
pub mod tests;
