//! The description of the API (OpenAPI 3.1), made from the handlers.

use axum::Json;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};

use super::{domains, imports, tokens};

#[derive(OpenApi)]
#[openapi(
    info(title = "signet", description = "Sender domains: what to publish, what is published, what is wrong with it."),
    paths(
        domains::list,
        domains::add,
        domains::show,
        domains::set_tags,
        domains::delete,
        domains::verify,
        domains::events,
        domains::zone,
        imports::add,
        imports::show,
        tokens::list,
        tokens::add,
        tokens::delete,
    )
)]
struct Description;

pub async fn show() -> Json<utoipa::openapi::OpenApi> {
    Json(describe())
}

/// The description; every call needs a bearer token.
pub fn describe() -> utoipa::openapi::OpenApi {
    let mut description = Description::openapi();
    let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    description.components.get_or_insert_default().add_security_scheme("token", scheme);
    description.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new())]);
    description
}
