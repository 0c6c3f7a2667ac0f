//! A domain's page: where to publish what, what DNS holds now, and Verify.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::RecordRow;
use super::events::EventLine;
use crate::console::{Console, DomainView};
use crate::lifecycle::Status;
use crate::web::failures::PageFailure;
use crate::web::findings::FindingView;
use crate::web::forms::page;
use crate::web::layout::{Layout, Section};
use crate::web::moment::Moment;
use crate::web::pill::Pill;
use crate::web::session::SignedIn;

const EVENTS_SHOWN: u32 = 8;

#[derive(Template)]
#[template(path = "domains/show.html")]
struct ShowPage {
    layout: Layout,
    domain: Head,
    /// Said once after adding: what became of the typed text.
    was_cleaned: bool,
    findings: Vec<FindingView>,
    /// Which records need a fix, in words; empty where none does.
    to_fix: String,
    rows: Vec<RecordRow>,
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
    pub verified: u32,
    pub total: u32,
    pub tags: Vec<String>,
    pub last_look: Option<Moment>,
    pub next_look: Option<Moment>,
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
    let show = ShowPage {
        layout: Layout::new(&console, &user.actor, Section::Domains, title(&domain)),
        was_cleaned: said.said == "cleaned",
        findings: FindingView::all(&domain.findings, "domain"),
        to_fix: to_fix(&rows),
        rows,
        domain: Head::new(&domain),
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

/// `SPF is the one to fix`.
fn to_fix(rows: &[RecordRow]) -> String {
    let bad: Vec<&str> = rows.iter().filter(|row| row.is_bad() && row.is_required).map(|row| row.title).collect();
    match bad.as_slice() {
        [] => String::new(),
        [one] => format!("{one} is the one to fix"),
        [others @ .., last] => format!("{} and {last} are to be fixed", others.join(", ")),
    }
}

/// `POST /domains/NAME/verify`: asks DNS now, then shows the page again.
pub async fn verify(
    State(console): State<Console>,
    user: SignedIn,
    Path(domain): Path<String>,
) -> Result<Redirect, PageFailure> {
    let domain = console.verify_domain(&user.actor, &domain).await?;
    Ok(Redirect::to(&format!("/domains/{}", domain.name)))
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
    pub fn new(domain: &DomainView) -> Self {
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
            verified: domain.required_verified,
            total: domain.required_total,
            tags: domain.tags.iter().map(|(key, value)| format!("{key}={value}")).collect(),
            last_look: Moment::maybe(domain.last_checked_at),
            next_look: Moment::maybe(domain.next_check_at),
            at_risk_since: Moment::maybe(domain.at_risk_since),
            stops_sending_at: Moment::maybe(domain.stops_sending_at),
            unknown_since: Moment::maybe(domain.unknown_since),
        }
    }
}

#[cfg(test)]
#[path = "show_tests.rs"]
pub mod tests;
