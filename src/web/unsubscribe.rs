//! Takes an address off the list by the link in a mail: a page with a button for people, one POST for mail programs
//! (RFC 8058).

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::failures::PageFailure;
use super::forms::page;
use super::layout::Layout;
use crate::console::Console;
use crate::failure::Failure;

#[derive(Template)]
#[template(path = "unsubscribe.html")]
struct UnsubscribePage {
    layout: Layout,
    address: String,
    is_done: bool,
    /// Where the form is sent.
    action: String,
}

#[derive(Deserialize)]
pub struct Link {
    #[serde(default)]
    id: String,
    #[serde(default)]
    key: String,
}

/// `GET /unsubscribe`
pub async fn show(State(console): State<Console>, Query(link): Query<Link>) -> Result<Response, PageFailure> {
    let id = link.parse()?;
    let address = console.find_unsubscribable(id, &link.key).await?.address;
    let action = format!("/unsubscribe?id={id}&key={}", link.key);
    let layout = Layout::bare("Unsubscribe");
    page(StatusCode::OK, &UnsubscribePage { layout, address, is_done: false, action })
}

/// `POST /unsubscribe`
pub async fn unsubscribe(State(console): State<Console>, Query(link): Query<Link>) -> Result<Response, PageFailure> {
    let id = link.parse()?;
    let address = console.find_unsubscribable(id, &link.key).await?.address;
    console.unsubscribe(id, &link.key).await?;
    let layout = Layout::bare("Unsubscribed");
    page(StatusCode::OK, &UnsubscribePage { layout, address, is_done: true, action: String::new() })
}

impl Link {
    fn parse(&self) -> Result<Uuid, Failure> {
        self.id.parse().map_err(|_| Failure::NotFound("address on the list"))
    }
}
