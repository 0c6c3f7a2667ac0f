//! Domains as JSON.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::Api;
use super::extract::{Caller, JsonBody, Named, query_pairs};
use super::problem::{Problem, ProblemBody};
use super::shapes::{DkimBody, Domain, Event, NewDomainBody, Page, TagsBody};
use crate::console::{DomainQuery, KeyChoice, NewDomain};
use crate::failure::Failure;
use crate::lifecycle::Status;
use crate::records::Selector;

const DEFAULT_LIMIT: u32 = 50;

/// Domains in name order
#[utoipa::path(get, path = "/api/v1/domains", params(
    ("limit" = Option<u32>, Query, description = "1 to 200, by default 50"),
    ("after" = Option<String>, Query, description = "the cursor of the page before"),
    ("q" = Option<String>, Query, description = "part of the name, in either form"),
    ("status" = Option<String>, Query, description = "pending, verified, at_risk or failed"),
    ("tag" = Option<String>, Query, description = "key:value"),
), responses((status = 200, body = Page<Domain>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<Domain>>, Problem> {
    let page = api.console.list_domains(&caller.0, &parse_query(query.as_deref())?).await?;
    Ok(Json(Page { data: page.domains.into_iter().map(Domain::in_list).collect(), next: page.next }))
}

/// Add a domain; the answer waits up to 3 s for its first check
#[utoipa::path(post, path = "/api/v1/domains", request_body = NewDomainBody,
    responses((status = 201, body = Domain), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn add(
    State(api): State<Api>,
    caller: Caller,
    JsonBody(body): JsonBody<NewDomainBody>,
) -> Result<(StatusCode, Json<Domain>), Problem> {
    api.limits.take_create(caller.limited_by())?;
    let domain = api.console.create_domain(&caller.0, parse_new(body)?).await?;
    Ok((StatusCode::CREATED, Json(Domain::in_full(domain))))
}

/// A domain by id or name
#[utoipa::path(get, path = "/api/v1/domains/{domain}", params(("domain" = String, Path, description = "id or name")),
    responses((status = 200, body = Domain), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(State(api): State<Api>, caller: Caller, Named(domain): Named) -> Result<Json<Domain>, Problem> {
    Ok(Json(Domain::in_full(api.console.find_domain(&caller.0, &domain).await?)))
}

/// Replace a domain's tags
#[utoipa::path(patch, path = "/api/v1/domains/{domain}", params(("domain" = String, Path, description = "id or name")),
    request_body = TagsBody, responses((status = 200, body = Domain), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn set_tags(
    State(api): State<Api>,
    caller: Caller,
    Named(domain): Named,
    JsonBody(body): JsonBody<TagsBody>,
) -> Result<Json<Domain>, Problem> {
    Ok(Json(Domain::in_full(api.console.set_tags(&caller.0, &domain, body.tags).await?)))
}

/// Delete a domain with its keys
#[utoipa::path(delete, path = "/api/v1/domains/{domain}", params(("domain" = String, Path, description = "id or name")),
    responses((status = 204), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn delete(State(api): State<Api>, caller: Caller, Named(domain): Named) -> Result<StatusCode, Problem> {
    api.console.delete_domain(&caller.0, &domain).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask DNS now; at most 10 s
#[utoipa::path(post, path = "/api/v1/domains/{domain}/verify", params(("domain" = String, Path, description = "id or name")),
    responses((status = 200, body = Domain), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn verify(State(api): State<Api>, caller: Caller, Named(domain): Named) -> Result<Json<Domain>, Problem> {
    api.limits.take_verify(caller.limited_by())?;
    Ok(Json(Domain::in_full(api.console.verify_domain(&caller.0, &domain).await?)))
}

/// What happened to a domain, newest first
#[utoipa::path(get, path = "/api/v1/domains/{domain}/events", params(
    ("domain" = String, Path, description = "id or name"),
    ("limit" = Option<u32>, Query, description = "1 to 200, by default 50"),
    ("after" = Option<String>, Query, description = "the cursor of the page before"),
), responses((status = 200, body = Page<Event>), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn events(
    State(api): State<Api>,
    caller: Caller,
    Named(domain): Named,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<Event>>, Problem> {
    let (mut limit, mut after) = (DEFAULT_LIMIT, None);
    for (name, value) in query_pairs(query.as_deref()) {
        match name.as_str() {
            "limit" => limit = parse_limit(&value)?,
            "after" => after = Some(value),
            _ => return Err(unknown_parameter(&name).into()),
        }
    }
    let (events, next) = api.console.list_events(&caller.0, &domain, limit, after).await?;
    Ok(Json(Page { data: events.into_iter().map(Event::from).collect(), next }))
}

/// The records as a BIND zone fragment
#[utoipa::path(get, path = "/api/v1/domains/{domain}/zone", params(("domain" = String, Path, description = "id or name")),
    responses((status = 200, body = String, content_type = "text/plain"), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn zone(State(api): State<Api>, caller: Caller, Named(domain): Named) -> Result<Response, Problem> {
    let text = api.console.zone_file(&caller.0, &domain).await?;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

pub(super) fn parse_new(body: NewDomainBody) -> Result<NewDomain, Failure> {
    let DkimBody { key, selector, ed25519 } = body.dkim.unwrap_or_default();
    let key = match key.as_deref() {
        None | Some("rsa-2048") => KeyChoice::Rsa2048,
        Some("rsa-4096") => KeyChoice::Rsa4096,
        Some(other) => {
            return Err(Failure::field(
                "dkim.key",
                format!("{other:?} is no kind of key; rsa-2048 and rsa-4096 are accepted."),
            ));
        }
    };
    let wrong = |text: &str| {
        Failure::field("dkim.selector", format!("{text:?} is no selector; letters, digits and hyphens are accepted."))
    };
    let selector = selector.map(|text| Selector::parse(&text).map_err(|_| wrong(&text))).transpose()?;
    Ok(NewDomain { name: body.name, key, selector, with_ed25519: ed25519, tags: body.tags })
}

pub(super) fn parse_query(query: Option<&str>) -> Result<DomainQuery, Failure> {
    let mut parsed = DomainQuery { limit: DEFAULT_LIMIT, ..DomainQuery::default() };
    for (name, value) in query_pairs(query) {
        match name.as_str() {
            "limit" => parsed.limit = parse_limit(&value)?,
            "after" => parsed.after = Some(value),
            "q" => parsed.q = Some(value).filter(|text| !text.is_empty()),
            "status" => parsed.status = Some(parse_status(&value)?),
            "tag" => parsed.tag = Some(parse_tag(&value)?),
            _ => return Err(unknown_parameter(&name)),
        }
    }
    Ok(parsed)
}

fn parse_limit(text: &str) -> Result<u32, Failure> {
    let limit = text.parse().ok().filter(|limit| (1..=200).contains(limit));
    limit.ok_or_else(|| Failure::field("limit", format!("{text:?} is no limit; 1 to 200 is accepted.")))
}

fn parse_status(text: &str) -> Result<Status, Failure> {
    let accepted = "pending, verified, at_risk and failed are accepted.";
    Status::find(text).ok_or_else(|| Failure::field("status", format!("{text:?} is no status; {accepted}")))
}

fn parse_tag(text: &str) -> Result<(String, String), Failure> {
    let (key, value) = text
        .split_once(':')
        .ok_or_else(|| Failure::field("tag", format!("{text:?} is not KEY:VALUE, such as plan:gold.")))?;
    Ok((key.to_owned(), value.to_owned()))
}

fn unknown_parameter(name: &str) -> Failure {
    Failure::field(name, "This call has no such parameter.")
}
