//! API tokens: made, listed, deleted. A secret is shown once, in the answer that makes it.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Redirect, Response};
use serde::Deserialize;
use uuid::Uuid;

use crate::console::{Console, TokenView};
use crate::failure::Failure;
use crate::web::failures::PageFailure;
use crate::web::forms::{Form, Mistakes, page};
use crate::web::layout::{Layout, Section};
use crate::web::moment::Moment;
use crate::web::session::SignedIn;

#[derive(Template)]
#[template(path = "settings/tokens.html")]
struct TokensPage {
    layout: Layout,
    name: String,
    mistakes: Mistakes,
    /// The new token's secret; empty otherwise.
    secret: String,
    rows: Vec<Row>,
}

struct Row {
    id: Uuid,
    name: String,
    created_at: Moment,
    last_used_at: Option<Moment>,
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    name: String,
}

/// `GET /settings/tokens`
pub async fn list(State(console): State<Console>, user: SignedIn) -> Result<Response, PageFailure> {
    let tokens = tokens_page(&console, &user).await?;
    page(StatusCode::OK, &tokens)
}

/// `POST /settings/tokens`
pub async fn add(
    State(console): State<Console>,
    user: SignedIn,
    Form(typed): Form<Typed>,
) -> Result<Response, PageFailure> {
    match console.create_token(&user.actor, typed.name.trim()).await {
        Ok(new) => page(StatusCode::OK, &TokensPage { secret: new.secret, ..tokens_page(&console, &user).await? }),
        Err(failure) => {
            let (status, mistakes) = Mistakes::from_failure(failure, "name")?;
            page(status, &TokensPage { name: typed.name, mistakes, ..tokens_page(&console, &user).await? })
        }
    }
}

/// `POST /settings/tokens/ID/delete`
pub async fn delete(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
) -> Result<Redirect, PageFailure> {
    let id = id.parse().map_err(|_| Failure::NotFound("token"))?;
    console.delete_token(&user.actor, id).await?;
    Ok(Redirect::to("/settings/tokens"))
}

async fn tokens_page(console: &Console, user: &SignedIn) -> Result<TokensPage, Failure> {
    let tokens = console.list_tokens(&user.actor).await?;
    Ok(TokensPage {
        layout: Layout::new(console, &user.actor, Section::Tokens, "API tokens"),
        name: String::new(),
        mistakes: Mistakes::default(),
        secret: String::new(),
        rows: tokens.into_iter().map(Row::new).collect(),
    })
}

impl Row {
    fn new(token: TokenView) -> Self {
        Self {
            id: token.id,
            name: token.name,
            created_at: Moment::new(token.created_at),
            last_used_at: Moment::maybe(token.last_used_at),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use time::macros::datetime;

    pub fn sample() -> String {
        let token = TokenView {
            id: Uuid::nil(),
            name: "deploy".into(),
            created_at: datetime!(2026-06-01 12:00 UTC),
            last_used_at: None,
        };
        let mut layout = Layout::bare("API tokens");
        layout.email = Some("admin@mta.example".into());
        layout.section = Section::Tokens;
        let rows = vec![Row::new(token)];
        let page =
            TokensPage { layout, name: String::new(), mistakes: Mistakes::default(), secret: "sig_5e".into(), rows };
        page.render().unwrap()
    }

    #[test]
    fn the_secret_is_shown_with_the_list() {
        let page = sample();
        assert!(page.contains("sig_5e") && page.contains("deploy") && page.contains("Never used"));
    }
}
