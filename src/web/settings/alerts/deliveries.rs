//! What was sent, what became of it, and sending it once more.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::kinds;
use crate::console::Console;
use crate::failure::Failure;
use crate::store::deliveries::{Channel, DeliveryRow, Message, State as Sent};
use crate::web::failures::PageFailure;
use crate::web::forms::page;
use crate::web::layout::{Layout, Section};
use crate::web::moment::Moment;
use crate::web::session::SignedIn;

const PAGE_SIZE: u32 = 50;

#[derive(Template)]
#[template(path = "settings/deliveries.html")]
struct DeliveriesPage {
    layout: Layout,
    rows: Vec<Row>,
    /// Empty on the last page.
    next_url: String,
}

struct Row {
    id: Uuid,
    what: String,
    recipient: String,
    channel: &'static str,
    state: &'static str,
    /// The style of the state.
    tone: &'static str,
    at: Moment,
    /// When it is tried next.
    due_at: Option<Moment>,
    tries: u32,
    answer: String,
    can_resend: bool,
}

#[derive(Deserialize)]
pub struct Cursor {
    #[serde(default)]
    after: String,
}

/// `GET /settings/alerts/deliveries`
pub async fn list(
    State(console): State<Console>,
    user: SignedIn,
    Query(cursor): Query<Cursor>,
) -> Result<Response, PageFailure> {
    let after = (!cursor.after.is_empty()).then(|| cursor.after.parse::<Uuid>()).transpose();
    let after = after.map_err(|_| Failure::NotFound("page"))?;
    let (rows, next) = console.list_deliveries(&user.actor, PAGE_SIZE, after).await?;
    let messages = DeliveriesPage {
        layout: Layout::new(&console, &user.actor, Section::Alerts, "Messages"),
        rows: rows.into_iter().map(Row::new).collect(),
        next_url: next.map(|id| format!("/settings/alerts/deliveries?after={id}")).unwrap_or_default(),
    };
    page(StatusCode::OK, &messages)
}

/// `POST /settings/alerts/deliveries/ID/resend`
pub async fn resend(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
) -> Result<Redirect, PageFailure> {
    let id = id.parse().map_err(|_| Failure::NotFound("message"))?;
    console.resend_delivery(&user.actor, id).await?;
    Ok(Redirect::to("/settings/alerts/deliveries"))
}

impl Row {
    fn new(row: DeliveryRow) -> Self {
        let (state, tone) = match row.state {
            Sent::Sent => ("Sent", "good"),
            Sent::Failed => ("Not sent", "bad"),
            Sent::Waiting if row.attempts == 0 => ("On its way", "wait"),
            Sent::Waiting => ("Retrying", "warn"),
        };
        Self {
            id: row.id,
            what: what(&row),
            recipient: row.recipient,
            channel: match row.channel {
                Channel::Mail => "Mail",
                Channel::Webhook => "Webhook",
            },
            state,
            tone,
            at: Moment::new(row.ended_at.unwrap_or(row.created_at)),
            due_at: (row.state == Sent::Waiting && row.attempts > 0).then(|| Moment::new(row.due_at)),
            tries: row.attempts,
            answer: row.answer.unwrap_or_default(),
            can_resend: row.state != Sent::Waiting,
        }
    }
}

fn what(row: &DeliveryRow) -> String {
    match (row.message, row.notices.first()) {
        (Message::Test, _) => "Test".to_owned(),
        (Message::Digest, _) => format!("Digest of {} changes", row.notices.len()),
        (Message::Reset, _) | (Message::Alert, None) => "Message".to_owned(),
        (Message::Alert, Some(notice)) => match &notice.facts.domain {
            Some(domain) => format!("{}: {}", domain.name, kinds::label(notice.kind)),
            None => kinds::label(notice.kind).to_owned(),
        },
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use time::macros::datetime;

    pub fn sample() -> String {
        let at = datetime!(2026-06-01 12:00 UTC);
        let row = |message, channel, state, attempts, answer: &str| DeliveryRow {
            id: Uuid::nil(),
            channel,
            recipient: if channel == Channel::Mail {
                "ops@example.com".into()
            } else {
                "https://hooks.example/a".into()
            },
            message,
            notices: Vec::new(),
            created_at: at,
            state,
            due_at: at,
            attempts,
            answer: Some(answer.into()),
            ended_at: (state != Sent::Waiting).then_some(at),
        };
        let rows = [
            row(Message::Test, Channel::Mail, Sent::Waiting, 0, ""),
            row(Message::Alert, Channel::Webhook, Sent::Waiting, 3, "503 Service Unavailable"),
            row(Message::Digest, Channel::Mail, Sent::Sent, 1, "250 2.0.0 queued"),
            row(Message::Alert, Channel::Mail, Sent::Failed, 1, "550 <b>no such user</b>"),
        ];
        let mut layout = Layout::bare("Messages");
        layout.email = Some("admin@mta.example".into());
        layout.section = Section::Alerts;
        let rows = rows.into_iter().map(Row::new).collect();
        DeliveriesPage { layout, rows, next_url: String::new() }.render().unwrap()
    }

    #[test]
    fn each_message_has_its_state_and_what_the_other_side_said() {
        let html = sample();
        for text in ["On its way", "Retrying", "Not sent", "503 Service Unavailable", "Send again"] {
            assert!(html.contains(text), "{text}");
        }
        assert!(!html.contains("<b>no such"));
        assert_eq!(html.matches("Send again").count(), 2, "what waits needs no help");
    }
}
