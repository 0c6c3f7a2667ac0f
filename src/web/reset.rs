//! A new password by a link: asked for, and set. The link's token stands in a query and a hidden field, never in a
//! path, which logs hold.

use std::net::SocketAddr;

use askama::Template;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::failures::PageFailure;
use super::forms::{Form, Mistakes, page};
use super::layout::Layout;
use crate::console::Console;
use crate::failure::Failure;

#[derive(Template)]
#[template(path = "reset.html")]
struct ResetPage {
    layout: Layout,
    /// A link was asked for; the page is the same for whomever.
    is_asked: bool,
    /// Empty where no link was followed.
    token: String,
    email: String,
    mistakes: Mistakes,
}

#[derive(Default, Deserialize)]
pub struct Typed {
    #[serde(default)]
    token: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

/// `GET /login/reset`
pub async fn show(State(console): State<Console>, Query(link): Query<Typed>) -> Result<Response, PageFailure> {
    if !console.sends_mail() {
        return Err(Failure::NotFound("page").into());
    }
    if !link.token.is_empty() && !console.is_reset_token(&link.token).await? {
        return Err(Failure::NotFound("link; it works once, for an hour").into());
    }
    page(StatusCode::OK, &ResetPage::new(link, Mistakes::default()))
}

/// `POST /login/reset`
pub async fn send(
    State(console): State<Console>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(typed): Form<Typed>,
) -> Result<Response, PageFailure> {
    if typed.token.is_empty() {
        return ask(&console, peer, &headers, typed).await;
    }
    match console.reset_by_token(&typed.token, &typed.password).await {
        Ok(()) => Ok(Redirect::to("/login").into_response()),
        Err(failure) => {
            let (status, mistakes) = Mistakes::from_failure(failure, "password")?;
            page(status, &ResetPage::new(typed, mistakes))
        }
    }
}

async fn ask(console: &Console, peer: SocketAddr, headers: &HeaderMap, typed: Typed) -> Result<Response, PageFailure> {
    let forwarded_for = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let address = console.client_address(peer.ip(), forwarded_for);
    match console.request_reset(&typed.email, address).await {
        Ok(()) => {
            let asked = ResetPage { is_asked: true, ..ResetPage::new(Typed::default(), Mistakes::default()) };
            page(StatusCode::OK, &asked)
        }
        Err(failure) => {
            let (status, mistakes) = Mistakes::from_failure(failure, "email")?;
            page(status, &ResetPage::new(typed, mistakes))
        }
    }
}

impl ResetPage {
    fn new(typed: Typed, mistakes: Mistakes) -> Self {
        let layout = Layout::bare("New password");
        Self { layout, is_asked: false, token: typed.token, email: typed.email, mistakes }
    }
}
