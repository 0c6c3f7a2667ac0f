//! `POST /domains/NAME/verify` as server-sent events, for a page that shows each record's answer as it comes in.

use std::convert::Infallible;

use askama::Template;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;

use crate::console::joining::Check;
use crate::diagnosis::Verdict;
use crate::records::plan::RecordKey;
use crate::web::pill::Pill;

/// One record's row as far as it is known.
#[derive(Serialize)]
struct Seen {
    key: String,
    verdict: &'static str,
    word: &'static str,
    /// The pill as the page renders it.
    pill: String,
}

/// Whether the visitor's script asks for events; a form asks for a page.
pub fn is_wanted(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/event-stream"))
}

/// `record` for each verdict that is new or another one, then `done`.
pub fn events(check: Check) -> Response {
    let steps = stream::unfold(Some((check, Vec::new())), |state| async move {
        let (mut check, told) = state?;
        match check.next_seen().await {
            None => Some((vec![Event::default().event("done").data("")], None)),
            Some(seen) => {
                let fresh = seen.iter().filter(|record| !told.contains(*record)).map(event).collect();
                Some((fresh, Some((check, seen))))
            }
        }
    });
    let events = futures_util::StreamExt::flat_map(steps, |events: Vec<Event>| {
        stream::iter(events.into_iter().map(Ok::<_, Infallible>))
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

fn event((key, verdict): &(RecordKey, Verdict)) -> Event {
    let pill = Pill::of_verdict(*verdict);
    let seen = Seen {
        key: key.to_string(),
        verdict: verdict.as_str(),
        word: pill.word,
        pill: pill.render().unwrap_or_else(|_| pill.word.to_owned()),
    };
    let data = serde_json::to_string(&seen).unwrap_or_default();
    Event::default().event("record").data(data)
}
