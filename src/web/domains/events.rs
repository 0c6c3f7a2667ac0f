//! What happened to a domain, newest first.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::console::{Console, EventView};
use crate::lifecycle::Status;
use crate::web::failures::PageFailure;
use crate::web::forms::page;
use crate::web::layout::{Layout, Section};
use crate::web::moment::Moment;
use crate::web::pill::status_word;
use crate::web::session::SignedIn;

const PAGE_SIZE: u32 = 50;

#[derive(Template)]
#[template(path = "domains/events.html")]
struct EventsPage {
    layout: Layout,
    name: String,
    events: Vec<EventLine>,
    /// Empty on the last page.
    next_url: String,
}

/// One event in one sentence.
pub struct EventLine {
    pub at: Moment,
    pub text: String,
    pub by: String,
}

#[derive(Deserialize)]
pub struct Cursor {
    #[serde(default)]
    after: String,
}

/// `GET /domains/NAME/events`
pub async fn events(
    State(console): State<Console>,
    user: SignedIn,
    Path(domain): Path<String>,
    Query(cursor): Query<Cursor>,
) -> Result<Response, PageFailure> {
    let domain = console.find_domain(&user.actor, &domain).await?;
    let after = (!cursor.after.is_empty()).then_some(cursor.after);
    let (events, next) = console.list_events(&user.actor, &domain.id.to_string(), PAGE_SIZE, after).await?;
    let next_url = |after: String| {
        format!("/domains/{}/events?after={}", domain.name, utf8_percent_encode(&after, NON_ALPHANUMERIC))
    };
    let list = EventsPage {
        layout: Layout::new(&console, &user.actor, Section::Domains, format!("Events of {}", domain.name)),
        events: events.iter().map(EventLine::new).collect(),
        next_url: next.map(next_url).unwrap_or_default(),
        name: domain.name.to_string(),
    };
    page(StatusCode::OK, &list)
}

impl EventLine {
    pub fn new(event: &EventView) -> Self {
        Self { at: Moment::new(event.at), text: text(event), by: by(event) }
    }
}

fn text(event: &EventView) -> String {
    let word = |status: &Option<String>| {
        let text = status.as_deref().unwrap_or("nothing");
        Status::find(text).map_or_else(|| text.to_owned(), |status| status_word(status).to_lowercase())
    };
    let change = format!("{} → {}", word(&event.from), word(&event.to));
    match (event.kind.as_str(), &event.record) {
        ("created", _) => "Domain added".to_owned(),
        ("record_status", Some(record)) => format!("{record}: {change}"),
        ("domain_status", _) => format!("Domain: {change}"),
        ("unreachable", _) => "DNS could not be asked for a day; the status stands".to_owned(),
        ("key", Some(record)) => format!("Key {record}: {change}"),
        (kind, _) => kind.replace('_', " "),
    }
}

fn by(event: &EventView) -> String {
    if event.by == "sweep" { "background check".to_owned() } else { event.by.clone() }
}
