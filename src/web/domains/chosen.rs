//! `POST /domains/chosen`: what is done to the domains chosen in the list, or to all that it shows.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};

use super::add::read_tags;
use super::list::Search;
use crate::console::jobs::{Chosen, JobKind};
use crate::console::{Console, DomainQuery, DomainView};
use crate::failure::Failure;
use crate::records::csv;
use crate::web::failures::PageFailure;
use crate::web::forms::Form;
use crate::web::session::SignedIn;

/// Domains read at once for an export.
const CHUNK: u32 = 200;

/// `POST /domains/chosen`: the fields `domain` (any number), `scope`, `action`, `tags`, and those of the search.
pub async fn chosen(
    State(console): State<Console>,
    user: SignedIn,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageFailure> {
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let names = || fields.iter().filter(|(key, _)| key == "domain").map(|(_, value)| value.clone()).collect();
    let chosen = match field("scope") {
        "matching" => Chosen::Matching(Search::new(field("q"), field("status"), field("tag")).query()),
        _ => Chosen::Named(names()),
    };
    let tags = read_tags(field("tags")).map_err(|error| Failure::field("tags", error))?;
    if field("action") == "export" {
        return export(&console, &user, chosen).await;
    }
    let kind = match JobKind::find(field("action")) {
        Some(kind @ (JobKind::Verify | JobKind::Tag | JobKind::Delete)) => kind,
        _ => return Err(Failure::field("action", "Verify, tag, export and delete are accepted.").into()),
    };
    let job = console.plan_job(&user.actor, kind, tags, chosen).await?;
    // Nothing is deleted before it is agreed to.
    if kind != JobKind::Delete {
        console.start_job(&user.actor, job.id).await?;
    }
    Ok(Redirect::to(&format!("/jobs/{}", job.id)).into_response())
}

/// The chosen domains as CSV.
async fn export(console: &Console, user: &SignedIn, chosen: Chosen) -> Result<Response, PageFailure> {
    let mut text = csv::line(&["name", "status", "verified", "required", "zone", "tags", "last look"]);
    match chosen {
        Chosen::Named(names) => {
            for name in names {
                text.push_str(&row(&console.find_domain(&user.actor, &name).await?));
            }
        }
        Chosen::Matching(query) => {
            let mut query = DomainQuery { limit: CHUNK, ..query };
            loop {
                let page = console.list_domains(&user.actor, &query).await?;
                page.domains.iter().for_each(|domain| text.push_str(&row(domain)));
                match page.next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }
        }
    }
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8"), (CONTENT_DISPOSITION, "attachment; filename=\"domains.csv\"")];
    Ok((StatusCode::OK, headers, [("cache-control", "no-store")], text).into_response())
}

fn row(domain: &DomainView) -> String {
    let tags: Vec<String> = domain.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let looked = domain.last_checked_at.and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok());
    csv::line(&[
        domain.name.as_str(),
        domain.status.as_str(),
        &domain.required_verified.to_string(),
        &domain.required_total.to_string(),
        &domain.zone,
        &tags.join(" "),
        looked.as_deref().unwrap_or_default(),
    ])
}
