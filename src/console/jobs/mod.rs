//! Work on many domains: imports, and what is done to domains chosen in the list. A job is lines; `work` does them.

mod import;
mod work;

use std::collections::{BTreeMap, HashMap};

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use self::import::{first_message, line, refuse_known};
use super::domains::check_tags;
use super::{Actor, Console, DomainQuery};
use crate::failure::Failure;
use crate::records::name_list::{self, Shape};
use crate::store;
use crate::store::jobs::lines::{Counts, LineRow};
use crate::store::jobs::{JobRow, lines};

/// Lines of one job, and bytes of an import (contract, section 5).
pub const MAX_LINES: usize = 100_000;
pub const MAX_BYTES: usize = 10 * 1024 * 1024;
/// Written and read at once.
const CHUNK: usize = 1_000;
/// Results are kept so long.
pub const RESULTS_KEPT: Duration = Duration::days(30);
/// A finished job is shown beside the list for so long.
const RECENT: Duration = Duration::hours(12);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    Import,
    Verify,
    Tag,
    Delete,
}

impl JobKind {
    pub const ALL: [Self; 4] = [Self::Import, Self::Verify, Self::Tag, Self::Delete];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Verify => "verify",
            Self::Tag => "tag",
            Self::Delete => "delete",
        }
    }

    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

#[derive(Debug, Clone)]
pub struct JobView {
    pub id: Uuid,
    pub kind: JobKind,
    pub by: String,
    pub tags: BTreeMap<String, String>,
    pub total: u32,
    pub counts: Counts,
    pub created_at: OffsetDateTime,
    /// `None`: a preview.
    pub started_at: Option<OffsetDateTime>,
    pub finished_at: Option<OffsetDateTime>,
}

/// How the names of an import are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// What people paste is cleaned first.
    Cleaned,
    /// By the API's rules.
    Strict,
}

/// Which domains a job is for.
#[derive(Debug, Clone)]
pub enum Chosen {
    Named(Vec<String>),
    /// All that the list shows, page after page.
    Matching(DomainQuery),
}

impl JobView {
    pub fn is_finished(&self) -> bool {
        self.finished_at.is_some()
    }

    pub fn waiting(&self) -> u32 {
        self.total.saturating_sub(self.counts.done + self.counts.refused + self.counts.failed)
    }

    fn new(row: JobRow, counts: Counts) -> Self {
        Self {
            id: row.id,
            kind: JobKind::find(&row.kind).unwrap_or(JobKind::Verify),
            by: row.by_whom,
            tags: row.tags,
            total: row.total,
            counts,
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

impl Console {
    /// Keeps a list of names as a preview: lines that cannot be used are refused at once, the others wait for
    /// [`Console::start_job`].
    pub async fn preview_import(
        &self,
        actor: &Actor,
        text: &str,
        shape: Shape,
        names: Names,
    ) -> Result<JobView, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        self.required_profile(&mut conn).await?;
        drop(conn);
        let mut seen = HashMap::new();
        let mut rows = Vec::new();
        for listed in name_list::read(text, shape) {
            if rows.len() == MAX_LINES {
                return Err(Failure::field("body", format!("It has over {MAX_LINES} lines; that many are accepted.")));
            }
            rows.push(line(listed, names, &mut seen));
        }
        if rows.is_empty() {
            return Err(Failure::field("body", "It names no domain; one name a line is accepted."));
        }
        self.keep_job(actor, JobKind::Import, BTreeMap::new(), rows).await
    }

    /// A job for domains that the team has; it begins with [`Console::start_job`].
    pub async fn plan_job(
        &self,
        actor: &Actor,
        kind: JobKind,
        tags: BTreeMap<String, String>,
        chosen: Chosen,
    ) -> Result<JobView, Failure> {
        check_tags(&tags)?;
        if kind == JobKind::Tag && tags.is_empty() {
            return Err(Failure::field("tags", "No tag was typed; key=value is accepted, such as customer=acme."));
        }
        let names = match chosen {
            Chosen::Named(names) => names,
            Chosen::Matching(query) => self.names_matching(actor, query).await?,
        };
        if names.is_empty() {
            return Err(Failure::field("domain", "No domain was chosen."));
        }
        let row = |(name, number)| LineRow { number, name, ..LineRow::default() };
        self.keep_job(actor, kind, tags, names.into_iter().zip(1..).map(row).collect()).await
    }

    async fn names_matching(&self, actor: &Actor, query: DomainQuery) -> Result<Vec<String>, Failure> {
        let mut query = DomainQuery { limit: CHUNK as u32, after: None, ..query };
        let mut names = Vec::new();
        loop {
            let page = self.list_domains(actor, &query).await?;
            names.extend(page.domains.iter().map(|domain| domain.name.to_string()));
            if names.len() > MAX_LINES {
                return Err(Failure::field(
                    "domain",
                    format!("Over {MAX_LINES} domains match; narrow the list first."),
                ));
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(names),
            }
        }
    }

    async fn keep_job(
        &self,
        actor: &Actor,
        kind: JobKind,
        tags: BTreeMap<String, String>,
        mut rows: Vec<LineRow>,
    ) -> Result<JobView, Failure> {
        let job = JobRow {
            id: Uuid::now_v7(),
            team_id: actor.team_id,
            user_id: actor.user_id,
            by_whom: actor.label(),
            kind: kind.as_str().to_owned(),
            tags,
            total: u32::try_from(rows.len()).unwrap_or(u32::MAX),
            created_at: self.now(),
            started_at: None,
            finished_at: None,
        };
        let mut tx = store::begin(&self.0.pool).await?;
        store::jobs::insert(&mut tx, &job).await?;
        for chunk in rows.chunks_mut(CHUNK) {
            if kind == JobKind::Import {
                refuse_known(&mut tx, actor.team_id, chunk).await?;
            }
            lines::insert(&mut tx, job.id, chunk).await?;
        }
        let counts = lines::count(&mut tx, job.id).await?;
        store::commit(tx).await?;
        Ok(JobView::new(job, counts))
    }

    /// Lets a preview begin. One that has begun goes on.
    pub async fn start_job(&self, actor: &Actor, id: Uuid) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let is_started = store::jobs::start(&mut conn, actor.team_id, id, self.now()).await?;
        drop(conn);
        if is_started { Ok(()) } else { self.find_job(actor, id).await.map(drop) }
    }

    /// Leaves undone what is not done yet; what is done stays.
    pub async fn stop_job(&self, actor: &Actor, id: Uuid) -> Result<(), Failure> {
        let mut tx = store::begin(&self.0.pool).await?;
        store::jobs::find(&mut tx, actor.team_id, id).await?.ok_or(Failure::NotFound("job"))?;
        lines::refuse_waiting(&mut tx, id, "It was stopped before this line.").await?;
        store::jobs::start(&mut tx, actor.team_id, id, self.now()).await?;
        store::jobs::release(&mut tx, id, self.now()).await?;
        Ok(store::commit(tx).await?)
    }

    pub async fn find_job(&self, actor: &Actor, id: Uuid) -> Result<JobView, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let row = store::jobs::find(&mut conn, actor.team_id, id).await?.ok_or(Failure::NotFound("job"))?;
        let counts = lines::count(&mut conn, id).await?;
        Ok(JobView::new(row, counts))
    }

    /// Lines behind `after`; those alone that could not be done where `is_bad_only`.
    pub async fn list_job_lines(
        &self,
        job: &JobView,
        after: u32,
        limit: u32,
        is_bad_only: bool,
    ) -> Result<Vec<LineRow>, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        Ok(lines::list(&mut conn, job.id, after, limit, is_bad_only).await?)
    }

    /// What runs, and what ended lately.
    pub async fn recent_jobs(&self, actor: &Actor) -> Result<Vec<JobView>, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let rows = store::jobs::list_recent(&mut conn, actor.team_id, self.now() - RECENT).await?;
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            let counts = lines::count(&mut conn, row.id).await?;
            views.push(JobView::new(row, counts));
        }
        Ok(views)
    }
}
