//! The link that signs the sample account in.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

use crate::console::{Console, fingerprint, new_secret};
use crate::failure::Failure;
use crate::web::failures::PageFailure;
use crate::web::session::session_cookie;

/// What the link proves itself by. Good for as long as the demo runs, so that a second browser may use it.
#[derive(Clone)]
pub struct Ticket {
    secret: String,
    user_id: Uuid,
}

impl Ticket {
    pub fn new(user_id: Uuid) -> Self {
        Self { secret: new_secret(), user_id }
    }

    /// The path of the link.
    pub fn path(&self) -> String {
        format!("/demo/enter/{}", self.secret)
    }
}

/// `GET /demo/enter/TICKET`
pub async fn enter(
    State(console): State<Console>,
    Extension(ticket): Extension<Ticket>,
    Path(given): Path<String>,
) -> Result<Response, PageFailure> {
    // Hashes are compared, so that the time it takes tells nothing of the secret.
    if fingerprint(&given) != fingerprint(&ticket.secret) {
        return Err(Failure::NotFound("demo link; the running demo prints its own in the terminal").into());
    }
    let session = console.session_for(ticket.user_id).await?;
    Ok((session_cookie(&session, console.public_url()), Redirect::to("/domains")).into_response())
}
