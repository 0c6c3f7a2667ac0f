//! API tokens as JSON.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use uuid::Uuid;

use super::Api;
use super::extract::{Caller, JsonBody, Named};
use super::problem::{Problem, ProblemBody};
use super::shapes::{FreshToken, NewTokenBody, Page, Token};
use crate::failure::Failure;

/// The team's tokens, without secrets
#[utoipa::path(get, path = "/api/v1/tokens",
    responses((status = 200, body = Page<Token>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(State(api): State<Api>, caller: Caller) -> Result<Json<Page<Token>>, Problem> {
    let tokens = api.console.list_tokens(&caller.0).await?;
    Ok(Json(Page { data: tokens.into_iter().map(Token::from).collect(), next: None }))
}

/// Make a token; its secret is told this once
#[utoipa::path(post, path = "/api/v1/tokens", request_body = NewTokenBody,
    responses((status = 201, body = FreshToken), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn add(
    State(api): State<Api>,
    caller: Caller,
    JsonBody(body): JsonBody<NewTokenBody>,
) -> Result<(StatusCode, Json<FreshToken>), Problem> {
    if body.ses {
        return Err(Failure::field("ses", "This version does not speak the SES protocol; false is accepted.").into());
    }
    let token = api.console.create_token(&caller.0, &body.name).await?;
    Ok((StatusCode::CREATED, Json(FreshToken::from(token))))
}

/// Revoke a token
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", params(("id" = Uuid, Path, description = "the token's id")),
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn delete(State(api): State<Api>, caller: Caller, Named(id): Named) -> Result<StatusCode, Problem> {
    let id: Uuid = id.parse().map_err(|_| Failure::NotFound("token"))?;
    api.console.delete_token(&caller.0, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
