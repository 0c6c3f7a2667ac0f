//! Many domains at once: a list of names in, a result a line out.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Api;
use super::extract::{Caller, Named, query_pairs};
use super::problem::{Problem, ProblemBody};
use super::shapes::moment;
use crate::console::jobs::{JobKind, MAX_BYTES, MAX_LINES, Names};
use crate::failure::Failure;
use crate::records::name_list::Shape;
use crate::store::jobs::lines::LineRow;

/// An import that was taken.
#[derive(Serialize, ToSchema)]
pub struct Taken {
    pub id: Uuid,
    /// Lines that name something.
    pub total: u32,
}

/// How far an import is.
#[derive(Serialize, ToSchema)]
pub struct Import {
    pub id: Uuid,
    pub total: u32,
    /// Lines of which nothing came yet.
    pub waiting: u32,
    pub created: u32,
    pub refused: u32,
    pub failed: u32,
    pub created_at: String,
    /// Null while it runs.
    pub finished_at: Option<String>,
    pub lines: Vec<ImportLine>,
    /// The line for `after`; null where no more follow.
    pub next: Option<u32>,
}

/// What came of one line.
#[derive(Serialize, ToSchema)]
pub struct ImportLine {
    /// Counted from 1.
    pub line: u32,
    pub name: String,
    /// `waiting`, `created`, `refused` or `failed`.
    pub result: String,
    /// Why, where it was refused.
    pub message: Option<String>,
}

/// A list's text and how it is written.
pub struct ListBody {
    text: String,
    shape: Shape,
}

impl<S: Send + Sync> FromRequest<S> for ListBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let shape = match essence.as_str() {
            "text/csv" => Shape::Csv,
            "application/json"
            | "application/jsonl"
            | "application/x-ndjson"
            | "application/json-lines"
            | "application/x-jsonlines" => Shape::JsonLines,
            _ => return Err(Failure::UnsupportedMediaType("text/csv or application/x-ndjson").into()),
        };
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge(MAX_BYTES),
                _ => Failure::Unreadable("it ended early".into()),
            }
        })?;
        Ok(Self { text: String::from_utf8_lossy(&bytes).into_owned(), shape })
    }
}

/// Import a list of names: CSV with the name first, or JSON lines; good lines are kept when others are bad
#[utoipa::path(post, path = "/api/v1/domains/import",
    request_body(content = String, content_type = "text/csv"),
    responses((status = 202, body = Taken), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn add(State(api): State<Api>, caller: Caller, body: ListBody) -> Result<(StatusCode, Json<Taken>), Problem> {
    api.limits.take_create(caller.limited_by())?;
    let job = api.console.preview_import(&caller.0, &body.text, body.shape, Names::Strict).await?;
    api.console.start_job(&caller.0, job.id).await?;
    Ok((StatusCode::ACCEPTED, Json(Taken { id: job.id, total: job.total })))
}

/// How far an import is, and what came of each line
#[utoipa::path(get, path = "/api/v1/imports/{id}", params(
    ("id" = String, Path, description = "the import's id"),
    ("limit" = Option<u32>, Query, description = "1 to 100000 lines, by default all"),
    ("after" = Option<u32>, Query, description = "lines behind this one"),
), responses((status = 200, body = Import), (status = "4XX", body = ProblemBody, content_type = "application/problem+json"), (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Named(id): Named,
    RawQuery(query): RawQuery,
) -> Result<Json<Import>, Problem> {
    let (mut limit, mut after) = (MAX_LINES as u32, 0);
    for (name, value) in query_pairs(query.as_deref()) {
        let number = || value.parse::<u32>().map_err(|_| Failure::field(&name, format!("{value:?} is no number.")));
        match name.as_str() {
            "limit" => limit = number()?.clamp(1, MAX_LINES as u32),
            "after" => after = number()?,
            _ => return Err(Failure::field(&name, "There is no such parameter.").into()),
        }
    }
    let id = id.parse::<Uuid>().map_err(|_| Failure::NotFound("import"))?;
    let job = match api.console.find_job(&caller.0, id).await {
        Ok(job) if job.kind == JobKind::Import => job,
        Ok(_) | Err(Failure::NotFound(_)) => return Err(Failure::NotFound("import").into()),
        Err(other) => return Err(other.into()),
    };
    let mut rows = api.console.list_job_lines(&job, after, limit + 1, false).await?;
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    Ok(Json(Import {
        id,
        total: job.total,
        waiting: job.waiting(),
        created: job.counts.done,
        refused: job.counts.refused,
        failed: job.counts.failed,
        created_at: moment(job.created_at),
        finished_at: job.finished_at.map(moment),
        next: rows.last().filter(|_| has_more).map(|row| row.number),
        lines: rows.into_iter().map(ImportLine::from).collect(),
    }))
}

impl From<LineRow> for ImportLine {
    fn from(row: LineRow) -> Self {
        let is_bad = row.outcome.as_deref().is_some_and(|outcome| outcome != "done");
        Self {
            line: row.number,
            name: row.name,
            result: match row.outcome.as_deref() {
                None => "waiting".to_owned(),
                Some("done") => "created".to_owned(),
                Some(other) => other.to_owned(),
            },
            message: is_bad.then_some(row.message),
        }
    }
}
