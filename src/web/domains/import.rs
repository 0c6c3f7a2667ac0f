//! `/domains/import`: a list pasted or dropped becomes a preview, line by line; nothing is made before it is agreed to.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect, Response};

use crate::console::Console;
use crate::console::jobs::{MAX_BYTES, Names};
use crate::failure::Failure;
use crate::records::name_list::Shape;
use crate::web::failures::PageFailure;
use crate::web::forms::{Mistakes, page};
use crate::web::layout::{Layout, Section};
use crate::web::session::SignedIn;

/// What the form adds around the list.
pub const BODY_LIMIT: usize = MAX_BYTES + 1024;

#[derive(Template)]
#[template(path = "domains/import.html")]
struct ImportPage {
    layout: Layout,
    has_profile: bool,
    text: String,
    mistakes: Mistakes,
}

/// The form's one field. Sent as text/plain: percent-encoding would make three bytes of many.
pub struct Pasted(String);

impl<S: Send + Sync> FromRequest<S> for Pasted {
    type Rejection = PageFailure;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageFailure> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("text/plain") {
            return Err(Failure::UnsupportedMediaType("a form (text/plain)").into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge(MAX_BYTES),
                _ => Failure::Unreadable("it ended early".into()),
            }
        })?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(Self(text.strip_prefix("text=").unwrap_or(&text).to_owned()))
    }
}

/// `GET /domains/import`
pub async fn import(State(console): State<Console>, user: SignedIn) -> Result<Response, PageFailure> {
    form(&console, &user, StatusCode::OK, String::new(), Mistakes::default()).await
}

/// `POST /domains/import`
pub async fn preview(
    State(console): State<Console>,
    user: SignedIn,
    Pasted(text): Pasted,
) -> Result<Response, PageFailure> {
    let shape = if text.trim_start().starts_with('{') { Shape::JsonLines } else { Shape::Csv };
    match console.preview_import(&user.actor, &text, shape, Names::Cleaned).await {
        Ok(job) => Ok(Redirect::to(&format!("/jobs/{}", job.id)).into_response()),
        Err(failure) => {
            let (status, mistakes) = Mistakes::from_failure(failure, "body")?;
            let kept = if text.len() <= 64 * 1024 { text } else { String::new() };
            form(&console, &user, status, kept, mistakes).await
        }
    }
}

async fn form(
    console: &Console,
    user: &SignedIn,
    status: StatusCode,
    text: String,
    mistakes: Mistakes,
) -> Result<Response, PageFailure> {
    let has_profile = console.profile().await?.is_some_and(|profile| !profile.spf.is_empty());
    let layout = Layout::new(console, &user.actor, Section::Domains, "Import domains");
    page(status, &ImportPage { layout, has_profile, text, mistakes })
}
