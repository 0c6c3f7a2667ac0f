//! Deleting asks for the name to be typed.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::console::{Console, DomainView};
use crate::records::DomainName;
use crate::web::failures::PageFailure;
use crate::web::forms::{Form, page};
use crate::web::layout::{Layout, Section};
use crate::web::session::SignedIn;

#[derive(Template)]
#[template(path = "domains/delete.html")]
struct DeletePage {
    layout: Layout,
    name: String,
    typed: String,
    mistake: &'static str,
}

#[derive(Deserialize)]
pub struct Confirmation {
    #[serde(default)]
    name: String,
}

/// `GET /domains/NAME/delete`
pub async fn confirm_delete(
    State(console): State<Console>,
    user: SignedIn,
    Path(domain): Path<String>,
) -> Result<Response, PageFailure> {
    let domain = console.find_domain(&user.actor, &domain).await?;
    form(&console, &user, &domain, (StatusCode::OK, String::new(), ""))
}

/// `POST /domains/NAME/delete`
pub async fn delete(
    State(console): State<Console>,
    user: SignedIn,
    Path(domain): Path<String>,
    Form(typed): Form<Confirmation>,
) -> Result<Response, PageFailure> {
    let domain = console.find_domain(&user.actor, &domain).await?;
    if DomainName::parse(typed.name.trim()).ok().as_ref() != Some(&domain.name) {
        let mistake = "This is not the domain's name; nothing was deleted.";
        return form(&console, &user, &domain, (StatusCode::UNPROCESSABLE_ENTITY, typed.name, mistake));
    }
    console.delete_domain(&user.actor, &domain.id.to_string()).await?;
    Ok(Redirect::to("/domains").into_response())
}

fn form(
    console: &Console,
    user: &SignedIn,
    domain: &DomainView,
    (status, typed, mistake): (StatusCode, String, &'static str),
) -> Result<Response, PageFailure> {
    let layout = Layout::new(console, &user.actor, Section::Domains, format!("Delete {}", domain.name));
    page(status, &DeletePage { layout, name: domain.name.to_string(), typed, mistake })
}
