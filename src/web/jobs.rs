//! `/jobs/ID`: a preview, how far it is, and what came of each line. The page may be closed and opened again.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::failures::PageFailure;
use super::forms::{Form, page};
use super::layout::{Layout, Section};
use super::numbers::{counted, grouped};
use super::pill::{Pill, Tone};
use super::session::SignedIn;
use crate::console::Console;
use crate::console::jobs::{JobKind, JobView, MAX_LINES};
use crate::failure::Failure;
use crate::records::csv;
use crate::store::jobs::lines::LineRow;

const PAGE_SIZE: u32 = 100;
/// A page of a job that runs is read again after so many seconds.
const AGAIN_S: u32 = 2;

#[derive(Template)]
#[template(path = "jobs/show.html")]
struct JobPage {
    layout: Layout,
    id: Uuid,
    kind: JobKind,
    heading: String,
    glance: String,
    /// A number that grows with each line that is done.
    progress: u32,
    total: u32,
    state: Stage,
    is_bad_only: bool,
    bad: u32,
    lines: Vec<Line>,
    /// Empty on the last page.
    next_url: String,
    mistake: &'static str,
    again_in_s: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Preview,
    Running,
    Finished,
}

struct Line {
    number: u32,
    name: String,
    tags: Vec<String>,
    pill: Pill,
    message: String,
    /// Where to look at it.
    is_domain: bool,
}

#[derive(Deserialize)]
pub struct Shown {
    #[serde(default)]
    only: String,
    #[serde(default)]
    after: u32,
}

#[derive(Deserialize)]
pub struct Agreement {
    /// Typed before anything is deleted.
    #[serde(default)]
    count: String,
}

/// `GET /jobs/ID`
pub async fn show(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
) -> Result<Response, PageFailure> {
    let job = find(&console, &user, &id).await?;
    render(&console, &user, &job, &shown, (StatusCode::OK, "")).await
}

/// `POST /jobs/ID/start`
pub async fn start(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
    Form(agreed): Form<Agreement>,
) -> Result<Response, PageFailure> {
    let job = find(&console, &user, &id).await?;
    if job.kind == JobKind::Delete && agreed.count.trim().replace(',', "") != job.total.to_string() {
        let shown = Shown { only: String::new(), after: 0 };
        let mistake = "This is not the number of domains; nothing was deleted.";
        return render(&console, &user, &job, &shown, (StatusCode::UNPROCESSABLE_ENTITY, mistake)).await;
    }
    console.start_job(&user.actor, job.id).await?;
    Ok(Redirect::to(&format!("/jobs/{}", job.id)).into_response())
}

/// `POST /jobs/ID/stop`
pub async fn stop(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
) -> Result<Redirect, PageFailure> {
    let job = find(&console, &user, &id).await?;
    console.stop_job(&user.actor, job.id).await?;
    Ok(Redirect::to(&format!("/jobs/{}", job.id)))
}

/// `GET /jobs/ID/result.csv`
pub async fn result(
    State(console): State<Console>,
    user: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageFailure> {
    let job = find(&console, &user, &id).await?;
    let rows = console.list_job_lines(&job, 0, MAX_LINES as u32, false).await?;
    let mut text = csv::line(&["line", "name", "result", "message"]);
    for row in &rows {
        let outcome = row.outcome.as_deref().unwrap_or("waiting");
        text.push_str(&csv::line(&[&row.number.to_string(), &row.name, outcome, &row.message]));
    }
    let name = format!("attachment; filename=\"signet-{}-{}.csv\"", job.kind.as_str(), job.id);
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, [("cache-control", "no-store")], text).into_response())
}

async fn find(console: &Console, user: &SignedIn, id: &str) -> Result<JobView, Failure> {
    let id = id.parse().map_err(|_| Failure::NotFound("job"))?;
    console.find_job(&user.actor, id).await
}

async fn render(
    console: &Console,
    user: &SignedIn,
    job: &JobView,
    shown: &Shown,
    (status, mistake): (StatusCode, &'static str),
) -> Result<Response, PageFailure> {
    let is_bad_only = shown.only == "bad";
    let mut rows = console.list_job_lines(job, shown.after, PAGE_SIZE + 1, is_bad_only).await?;
    let has_more = rows.len() > PAGE_SIZE as usize;
    rows.truncate(PAGE_SIZE as usize);
    let next = rows.last().filter(|_| has_more).map(|row| row.number);
    let only = if is_bad_only { "&only=bad" } else { "" };
    let (heading, glance) = said(job);
    let view = JobPage {
        layout: Layout::new(console, &user.actor, Section::Domains, heading.clone()),
        id: job.id,
        kind: job.kind,
        heading,
        glance,
        progress: job.total - job.waiting(),
        total: job.total,
        state: state(job),
        is_bad_only,
        bad: job.counts.refused + job.counts.failed,
        lines: rows.into_iter().map(|row| Line::new(job, row)).collect(),
        next_url: next.map(|after| format!("/jobs/{}?after={after}{only}", job.id)).unwrap_or_default(),
        mistake,
        again_in_s: AGAIN_S,
    };
    page(status, &view)
}

fn state(job: &JobView) -> Stage {
    match (job.started_at, job.finished_at) {
        (_, Some(_)) => Stage::Finished,
        (Some(_), None) => Stage::Running,
        (None, None) => Stage::Preview,
    }
}

/// What the page is, and in one sentence how far it is.
pub fn said(job: &JobView) -> (String, String) {
    let total = counted(job.total, "domain", "domains");
    let done = grouped(u64::from(job.total - job.waiting()));
    let all = grouped(u64::from(job.total));
    let bad = job.counts.refused + job.counts.failed;
    let heading = match job.kind {
        JobKind::Import => "Import of domains".to_owned(),
        JobKind::Verify => format!("Verify {total}"),
        JobKind::Tag => format!("Tag {total}"),
        JobKind::Delete => format!("Delete {total}"),
    };
    let glance = match (state(job), job.kind) {
        (Stage::Preview, JobKind::Import) => {
            let will = counted(job.waiting(), "domain will be added", "domains will be added");
            format!("{will}; {}.", counted(bad, "line cannot be used", "lines cannot be used"))
        }
        (Stage::Preview, _) => format!("{total} chosen; nothing is done yet."),
        (Stage::Running, _) => format!("{done} of {all} lines done."),
        (Stage::Finished, _) => {
            let good = grouped(u64::from(job.counts.done));
            format!("Finished: {good} of {all} lines done, {} not.", grouped(u64::from(bad)))
        }
    };
    (heading, glance)
}

impl Line {
    fn new(job: &JobView, row: LineRow) -> Self {
        let (tone, word) = match (row.outcome.as_deref(), state(job), job.kind) {
            (Some("done"), _, _) => (Tone::Good, "Done"),
            (Some("refused"), Stage::Preview, _) => (Tone::Bad, "Not usable"),
            (Some("refused"), _, _) => (Tone::Bad, "Refused"),
            (Some(_), _, _) => (Tone::Warn, "Failed"),
            (None, Stage::Preview, JobKind::Import) => (Tone::Good, "Will be added"),
            (None, ..) => (Tone::Wait, "Waiting"),
        };
        let is_done = row.outcome.as_deref() == Some("done");
        Self {
            number: row.number,
            is_domain: match job.kind {
                JobKind::Import => is_done,
                JobKind::Delete => !is_done,
                JobKind::Verify | JobKind::Tag => true,
            },
            name: row.name,
            tags: row.tags.iter().map(|(key, value)| format!("{key}={value}")).collect(),
            pill: Pill { tone, word },
            message: row.message,
        }
    }
}
