//! A domain's page: where to publish what, what DNS holds now, and Verify.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use super::events::EventLine;
use super::glance::{Step, sentences};
use super::{RecordRow, watch};
use crate::console::{Console, DomainView};
use crate::lifecycle::Status;
use crate::web::failures::PageFailure;
use crate::web::findings::FindingView;
use crate::web::forms::page;
use crate::web::layout::{Layout, Section};
use crate::web::moment::Moment;
use crate::web::pill::Pill;
use crate::web::provider::ProviderView;
use crate::web::session::SignedIn;
use crate::web::strip::StripView;

const EVENTS_SHOWN: u32 = 8;
/// A look that is due is there to be seen so much later.
const LOOK_TAKES_S: i64 = 12;

#[derive(Template)]
#[template(path = "domains/show.html")]
struct ShowPage {
    layout: Layout,
    domain: Head,
    /// Said once after adding: what became of the typed text.
    was_cleaned: bool,
    findings: Vec<FindingView>,
    /// How far it is and what is left, sentence by sentence.
    glance: Vec<String>,
    /// `None` once the first time is over.
    step: Option<Step>,
    provider: Option<ProviderView>,
    rows: Vec<RecordRow>,
    days: Option<StripView>,
    events: Vec<EventLine>,
    has_more_events: bool,
}

/// What stands above a domain's records.
pub struct Head {
    pub name: String,
    /// Empty where it is the same.
    pub unicode_name: String,
    pub zone: String,
    pub status: &'static str,
    pub pill: Pill,
    pub can_send: bool,
    pub is_verified: bool,
    pub is_failed: bool,
    pub tags: Vec<String>,
    pub last_look: Option<Moment>,
    pub next_look: Option<Moment>,
    /// Seconds until the next look is there to be seen; for the page to follow.
    pub next_look_in_s: Option<i64>,
    pub at_risk_since: Option<Moment>,
    pub stops_sending_at: Option<Moment>,
    pub unknown_since: Option<Moment>,
}

#[derive(Deserialize)]
pub struct Said {
    #[serde(default)]
    said: String,
}

/// `GET /domains/NAME`
pub async fn show(
    State(console): State<Console>,
    user: SignedIn,
    Path(domain): Path<String>,
    Query(said): Query<Said>,
) -> Result<Response, PageFailure> {
    let domain = console.find_domain(&user.actor, &domain).await?;
    let (events, next) = console.list_events(&user.actor, &domain.id.to_string(), EVENTS_SHOWN, None).await?;
    let rows = RecordRow::all(&domain.records);
    let now = console.now();
    let mut layout = Layout::new(&console, &user.actor, Section::Domains, title(&domain));
    layout.icon = icon(domain.status);
    let show = ShowPage {
        layout,
        was_cleaned: said.said == "cleaned",
        findings: FindingView::all(&domain.findings, "domain"),
        glance: sentences(&rows, domain.required_verified, domain.required_total),
        step: step(&domain, &rows, now),
        provider: provider(&domain, &rows),
        rows,
        domain: Head::new(&domain, now),
        days: StripView::small(domain.days.as_ref()),
        events: events.iter().map(EventLine::new).collect(),
        has_more_events: next.is_some(),
    };
    page(StatusCode::OK, &show)
}

/// Tells the status in a tab that is not looked at.
fn title(domain: &DomainView) -> String {
    let mark = match domain.status {
        Status::Verified => "✓",
        Status::AtRisk => "!",
        Status::Failed => "✗",
        Status::Pending => "…",
    };
    format!("{mark} {}", domain.name)
}

/// Where to publish, as long as there is something to publish.
fn provider(domain: &DomainView, rows: &[RecordRow]) -> Option<ProviderView> {
    let is_left = domain.status != Status::Verified;
    let rows: Vec<&RecordRow> = rows.iter().collect();
    is_left.then(|| ProviderView::find(&domain.nameservers, &domain.zone, &rows)).flatten()
}

/// Tells the status in a tab that is too narrow for its title.
fn icon(status: Status) -> &'static str {
    match status {
        Status::Verified => "status-verified.svg",
        Status::AtRisk => "status-at-risk.svg",
        Status::Failed => "status-failed.svg",
        Status::Pending => "status-pending.svg",
    }
}

/// Shown until the domain is verified, and for the hour after that.
fn step(domain: &DomainView, rows: &[RecordRow], now: OffsetDateTime) -> Option<Step> {
    let is_first_time = domain.verified_at.is_none_or(|at| now - at < Duration::HOUR);
    is_first_time.then(|| Step::of(rows, domain.status == Status::Verified))
}

/// `POST /domains/NAME/verify`: asks DNS now, then shows the page again; or tells of each answer as it comes in.
pub async fn verify(
    State(console): State<Console>,
    user: SignedIn,
    Path(domain): Path<String>,
    headers: HeaderMap,
) -> Result<Response, PageFailure> {
    if watch::is_wanted(&headers) {
        return Ok(watch::events(console.watch_verify(&user.actor, &domain).await?));
    }
    let domain = console.verify_domain(&user.actor, &domain).await?;
    Ok(Redirect::to(&format!("/domains/{}", domain.name)).into_response())
}

/// `GET /domains/NAME/zone`: a BIND zone fragment.
pub async fn zone_file(
    State(console): State<Console>,
    user: SignedIn,
    Path(domain): Path<String>,
) -> Result<Response, PageFailure> {
    let zone = console.zone_file(&user.actor, &domain).await?;
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((headers, [("cache-control", "no-store")], zone).into_response())
}

impl Head {
    pub fn new(domain: &DomainView, now: OffsetDateTime) -> Self {
        let name = domain.name.to_string();
        Self {
            unicode_name: if domain.unicode_name == name { String::new() } else { domain.unicode_name.clone() },
            name,
            zone: domain.zone.clone(),
            status: domain.status.as_str(),
            pill: Pill::of_status(domain.status),
            can_send: domain.status.can_send(),
            is_verified: domain.status == Status::Verified,
            is_failed: domain.status == Status::Failed,
            tags: domain.tags.iter().map(|(key, value)| format!("{key}={value}")).collect(),
            last_look: Moment::maybe(domain.last_checked_at),
            next_look: Moment::maybe(domain.next_check_at),
            next_look_in_s: domain.next_check_at.map(|at| (at - now).whole_seconds().max(0) + LOOK_TAKES_S),
            at_risk_since: Moment::maybe(domain.at_risk_since),
            stops_sending_at: Moment::maybe(domain.stops_sending_at),
            unknown_since: Moment::maybe(domain.unknown_since),
        }
    }
}

#[cfg(test)]
#[path = "show_tests.rs"]
pub mod tests;
