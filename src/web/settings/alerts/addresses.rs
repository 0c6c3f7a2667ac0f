//! The addresses of alerts: added, changed, tested, removed.

use axum::extract::{Path, State};
use axum::response::Response;

use super::kinds::{choices, chosen, field};
use super::{AlertsPage, alerts_page, done};
use crate::console::Console;
use crate::failure::Failure;
use crate::web::failures::PageFailure;
use crate::web::forms::{Form, Mistakes, page};
use crate::web::session::SignedIn;

/// `POST /settings/alerts/addresses`
pub async fn add(
    State(console): State<Console>,
    user: SignedIn,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageFailure> {
    let (address, kinds) = (field(&fields, "address"), chosen(&fields));
    match console.add_alert_address(&user.actor, &address, &kinds).await {
        Ok(()) => Ok(done("added")),
        Err(failure) => {
            let (status, mistakes) = Mistakes::from_failure(failure, "address")?;
            let new_kinds = choices(user.actor.is_admin, &kinds);
            let again = AlertsPage { address, new_kinds, ..alerts_page(&console, &user).await? };
            page(status, &again.with(mistakes))
        }
    }
}

/// `POST /settings/alerts/addresses/ID`
pub async fn save(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageFailure> {
    console.set_address_kinds(&user.actor, parse(&id)?, &chosen(&fields)).await?;
    Ok(done("saved"))
}

/// `POST /settings/alerts/addresses/ID/test`
pub async fn test(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageFailure> {
    console.test_alert_address(&user.actor, parse(&id)?).await?;
    Ok(done("tested"))
}

/// `POST /settings/alerts/addresses/ID/delete`
pub async fn delete(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageFailure> {
    console.delete_alert_address(&user.actor, parse(&id)?).await?;
    Ok(done("removed"))
}

fn parse(id: &str) -> Result<uuid::Uuid, Failure> {
    id.parse().map_err(|_| Failure::NotFound("address"))
}
