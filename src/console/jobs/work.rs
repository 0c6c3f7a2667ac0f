//! Does the lines of jobs, a piece at a time, under leases: any number of replicas share the work, and one that is
//! killed leaves nothing half-done.

use std::time::Duration;

use tokio::task::JoinSet;

use super::{JobKind, first_message};
use crate::console::{Actor, Console, NewDomain};
use crate::failure::Failure;
use crate::store;
use crate::store::jobs::lines::{self, LineRow};
use crate::store::jobs::{JobRow, claim, release};

/// How long a claim lasts. A piece takes two rounds of checks of ten seconds each, at most.
const LEASE_S: f64 = 90.0;
/// How often work is looked for where there was none.
const POLL: Duration = Duration::from_millis(500);
const AFTER_FAILURE: Duration = Duration::from_secs(3);
/// Lines of one piece, and how many of them are done at once.
const PIECE: u32 = 32;
const AT_ONCE: usize = 16;

impl Console {
    /// Does whatever jobs ask for, until the task is dropped. What is in hand then is done again by another.
    pub async fn work_on_jobs(self) {
        loop {
            match self.work_on_a_piece().await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(POLL).await,
                Err(failure) => {
                    tracing::warn!(error = &failure as &dyn std::error::Error, "a job was not worked on");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Does the next lines of the job that waited longest. False where there is none.
    pub async fn work_on_a_piece(&self) -> Result<bool, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let Some(job) = claim(&mut conn, LEASE_S).await? else { return Ok(false) };
        let waiting = lines::list_waiting(&mut conn, job.id, PIECE).await?;
        drop(conn);
        let mut open = JoinSet::new();
        let mut outcome = Ok(());
        for line in waiting {
            if open.len() >= AT_ONCE {
                outcome = outcome.and(joined(open.join_next().await));
            }
            let (console, job) = (self.clone(), job.clone());
            open.spawn(async move { console.do_line(&job, line).await });
        }
        while let Some(done) = open.join_next().await {
            outcome = outcome.and(joined(Some(done)));
        }
        let mut conn = self.0.pool.acquire().await?;
        release(&mut conn, job.id, self.now()).await?;
        outcome.map(|()| true)
    }

    /// One line, done or refused. An error means that nothing was written: the line waits for its next turn.
    async fn do_line(&self, job: &JobRow, line: LineRow) -> Result<(), Failure> {
        let actor = actor_of(job);
        let done = match JobKind::find(&job.kind) {
            Some(JobKind::Import) => self.import_line(&actor, job, &line).await.map(|()| None),
            Some(JobKind::Delete) => self.delete_line(&actor, job, &line).await.map(|()| None),
            Some(JobKind::Verify) => self.verify_line(&actor, &line).await.map(Some),
            Some(JobKind::Tag) => self.tag_line(&actor, job, &line).await.map(Some),
            None => return Ok(()),
        };
        match done {
            Ok(None) => Ok(()),
            Ok(Some(message)) => self.finish_line(job, &line, "done", &message).await,
            Err(Failure::Unavailable) => Err(Failure::Unavailable),
            Err(Failure::Internal(error)) => {
                tracing::error!(job = %job.id, line = line.number, "{error:#}");
                self.finish_line(job, &line, "failed", "Something went wrong on our side.").await
            }
            Err(failure) => self.finish_line(job, &line, "refused", &first_message(&failure)).await,
        }
    }

    async fn finish_line(&self, job: &JobRow, line: &LineRow, outcome: &str, message: &str) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        lines::finish(&mut conn, job.id, line.number, outcome, message).await?;
        Ok(())
    }

    async fn import_line(&self, actor: &Actor, job: &JobRow, line: &LineRow) -> Result<(), Failure> {
        let new = NewDomain { name: line.name.clone(), tags: line.tags.clone(), ..NewDomain::default() };
        self.create_unseen(actor, new, (job.id, line.number)).await
    }

    async fn delete_line(&self, actor: &Actor, job: &JobRow, line: &LineRow) -> Result<(), Failure> {
        let mut tx = store::begin(&self.0.pool).await?;
        let found = store::domains::find(&mut tx, actor.team_id, &line.name).await?;
        let domain = found.ok_or(Failure::NotFound("domain"))?;
        store::domains::delete(&mut tx, actor.team_id, domain.id).await?;
        if lines::finish(&mut tx, job.id, line.number, "done", "Deleted.").await? {
            store::commit(tx).await?;
        }
        Ok(())
    }

    async fn verify_line(&self, actor: &Actor, line: &LineRow) -> Result<String, Failure> {
        let domain = self.verify_domain(actor, &line.name).await?;
        let (verified, total) = (domain.required_verified, domain.required_total);
        Ok(format!("{verified} of {total} required records verified."))
    }

    async fn tag_line(&self, actor: &Actor, job: &JobRow, line: &LineRow) -> Result<String, Failure> {
        let mut tags = self.find_domain(actor, &line.name).await?.tags;
        tags.extend(job.tags.clone());
        self.set_tags(actor, &line.name, tags).await?;
        Ok("Tagged.".to_owned())
    }
}

fn joined(done: Option<Result<Result<(), Failure>, tokio::task::JoinError>>) -> Result<(), Failure> {
    match done {
        None => Ok(()),
        Some(Ok(outcome)) => outcome,
        Some(Err(error)) => Err(Failure::Internal(error.into())),
    }
}

/// Whoever asked for the job, as far as its lines need to know.
fn actor_of(job: &JobRow) -> Actor {
    Actor { team_id: job.team_id, user_id: job.user_id, email: job.by_whom.clone(), is_admin: false, token: None }
}
