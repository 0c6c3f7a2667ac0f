//! Settings: the sending profile and how the console is doing (administrators), alerts, API
//! tokens, the user's own password.

pub mod alerts;
pub mod health;
pub mod password;
pub mod profile;
pub mod tokens;

use axum::response::Redirect;

use super::session::SignedIn;

/// `GET /settings`
pub async fn index(user: SignedIn) -> Redirect {
    Redirect::to(if user.actor.is_admin { "/settings/profile" } else { "/settings/alerts" })
}
