//! The user's own password. Changing it ends their other sessions.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::console::Console;
use crate::web::failures::PageFailure;
use crate::web::forms::{Form, Mistakes, page};
use crate::web::layout::{Layout, Section};
use crate::web::session::SignedIn;

const FIELDS: [&str; 2] = ["old", "new"];

#[derive(Template)]
#[template(path = "settings/password.html")]
struct PasswordPage {
    layout: Layout,
    was_saved: bool,
    mistakes: Mistakes,
    other_mistake: String,
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    old: String,
    #[serde(default)]
    new: String,
}

#[derive(Deserialize)]
pub struct Shown {
    #[serde(default)]
    saved: String,
}

/// `GET /settings/password`
pub async fn show(
    State(console): State<Console>,
    user: SignedIn,
    Query(shown): Query<Shown>,
) -> Result<Response, PageFailure> {
    form(&console, &user, StatusCode::OK, Mistakes::default(), !shown.saved.is_empty())
}

/// `POST /settings/password`
pub async fn save(
    State(console): State<Console>,
    user: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, PageFailure> {
    match console.change_password(&user.actor, &user.session, &typed.old, &typed.new).await {
        Ok(()) => Ok(Redirect::to("/settings/password?saved=1").into_response()),
        Err(failure) => {
            let (status, mistakes) = Mistakes::from_failure(failure, "new")?;
            form(&console, &user, status, mistakes, false)
        }
    }
}

fn form(
    console: &Console,
    user: &SignedIn,
    status: StatusCode,
    mistakes: Mistakes,
    was_saved: bool,
) -> Result<Response, PageFailure> {
    let layout = Layout::new(console, &user.actor, Section::Password, "Password");
    let other_mistake = mistakes.beside(&FIELDS);
    page(status, &PasswordPage { layout, was_saved, mistakes, other_mistake })
}
