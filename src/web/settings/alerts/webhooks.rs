//! The webhooks of alerts: added, changed, tested, given a new secret, removed.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::kinds::{choices, chosen, field};
use super::{AlertsPage, SecretView, alerts_page, done};
use crate::console::Console;
use crate::failure::Failure;
use crate::web::failures::PageFailure;
use crate::web::forms::{Form, Mistakes, page};
use crate::web::session::SignedIn;

/// `POST /settings/alerts/webhooks`
pub async fn add(
    State(console): State<Console>,
    user: SignedIn,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageFailure> {
    let (url, kinds) = (field(&fields, "url"), chosen(&fields));
    match console.add_webhook(&user.actor, &url, &kinds).await {
        Ok(made) => {
            let secret = Some(SecretView::new(made));
            page(StatusCode::OK, &AlertsPage { secret, ..alerts_page(&console, &user).await? })
        }
        Err(failure) => {
            let (status, mistakes) = Mistakes::from_failure(failure, "url")?;
            let new_kinds = choices(user.actor.is_admin, &kinds);
            let again = AlertsPage { url, new_kinds, ..alerts_page(&console, &user).await? };
            page(status, &again.with(mistakes))
        }
    }
}

/// `POST /settings/alerts/webhooks/ID`
pub async fn save(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageFailure> {
    console.set_webhook_kinds(&user.actor, parse(&id)?, &chosen(&fields)).await?;
    Ok(done("saved"))
}

/// `POST /settings/alerts/webhooks/ID/test`
pub async fn test(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageFailure> {
    console.test_webhook(&user.actor, parse(&id)?).await?;
    Ok(done("tested"))
}

/// `POST /settings/alerts/webhooks/ID/rotate`
pub async fn rotate(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageFailure> {
    let secret = Some(SecretView::new(console.rotate_webhook(&user.actor, parse(&id)?).await?));
    page(StatusCode::OK, &AlertsPage { secret, ..alerts_page(&console, &user).await? })
}

/// `POST /settings/alerts/webhooks/ID/delete`
pub async fn delete(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageFailure> {
    console.delete_webhook(&user.actor, parse(&id)?).await?;
    Ok(done("removed"))
}

fn parse(id: &str) -> Result<uuid::Uuid, Failure> {
    id.parse().map_err(|_| Failure::NotFound("webhook"))
}
