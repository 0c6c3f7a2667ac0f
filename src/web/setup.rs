//! The first administrator, by the one-time link of the first start; the sending profile is step two.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::failures::PageFailure;
use super::forms::{Form, Mistakes, page};
use super::layout::Layout;
use super::session::session_cookie;
use crate::console::Console;

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    layout: Layout,
    is_valid: bool,
    token: String,
    email: String,
    mistakes: Mistakes,
}

#[derive(Deserialize)]
pub struct Link {
    #[serde(default)]
    token: String,
}

#[derive(Deserialize)]
pub struct FirstAdministrator {
    #[serde(default)]
    token: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

/// `GET /setup?token=`
pub async fn show(State(console): State<Console>, Query(link): Query<Link>) -> Result<Response, PageFailure> {
    let is_valid = console.is_setup_token(&link.token).await?;
    let status = if is_valid { StatusCode::OK } else { StatusCode::NOT_FOUND };
    page(status, &form(link.token, String::new(), Mistakes::default(), is_valid))
}

/// `POST /setup`
pub async fn add(
    State(console): State<Console>,
    Form(typed): Form<FirstAdministrator>,
) -> Result<Response, PageFailure> {
    if !console.is_setup_token(&typed.token).await? {
        return page(StatusCode::NOT_FOUND, &form(String::new(), String::new(), Mistakes::default(), false));
    }
    match console.set_up(&typed.token, typed.email.trim(), &typed.password).await {
        Ok(session) => {
            let cookie = session_cookie(&session, console.public_url());
            Ok((cookie, Redirect::to("/settings/profile?step=2")).into_response())
        }
        Err(failure) => {
            let (status, mistakes) = Mistakes::from_failure(failure, "email")?;
            page(status, &form(typed.token, typed.email, mistakes, true))
        }
    }
}

fn form(token: String, email: String, mistakes: Mistakes, is_valid: bool) -> SetupPage {
    SetupPage { layout: Layout::bare("Set up"), is_valid, token, email, mistakes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_link_shows_no_form() {
        let html = form("t".into(), String::new(), Mistakes::default(), false).render().unwrap();
        assert!(!html.contains("name=\"password\""));
    }
}
