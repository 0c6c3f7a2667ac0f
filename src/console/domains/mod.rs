//! The domains of a team: list, show, tag, delete, and what happened to them. `create` makes one, `checks` verifies it.

mod checks;
mod create;
mod tags;

use std::collections::BTreeMap;

use sqlx::PgConnection;
use time::UtcOffset;
use uuid::Uuid;

pub(super) use self::create::name_failure;
pub(super) use self::tags::check_tags;
use super::profile::profile_findings;
use super::view::{DomainPage, DomainView, EventView, EvidenceView};
use super::{Actor, Console, DomainQuery};
use crate::diagnosis::Finding;
use crate::failure::Failure;
use crate::lifecycle::Status;
use crate::records::DomainName;
use crate::records::plan::RecordKey;
use crate::records::profile::ProfileInForce;
use crate::store;
use crate::store::domains::DomainRow;
use crate::store::records::RecordRow;
use crate::verify::{self, Planned};

/// Domains of one status are counted so far, for a page should not take longer than people notice.
pub const MOST_COUNTED: u32 = 10_000;

impl Console {
    pub async fn list_domains(&self, actor: &Actor, query: &DomainQuery) -> Result<DomainPage, Failure> {
        let after = query.after.as_deref().map(parse_cursor).transpose()?;
        let q = query.q.as_deref().map(str::trim).filter(|q| !q.is_empty()).map(str::to_lowercase);
        let mut conn = self.0.pool.acquire().await?;
        let filter = store::domains::Filter {
            limit: query.limit + 1,
            after: after.as_deref(),
            q: q.as_deref(),
            status: query.status,
            tag: query.tag.as_ref().map(|(key, value)| (key.as_str(), value.as_str())),
        };
        let mut rows = store::domains::list(&mut conn, actor.team_id, &filter).await?;
        let has_more = rows.len() > query.limit as usize;
        rows.truncate(query.limit as usize);
        let next = has_more.then(|| rows.last().map(|row| row.name.to_string())).flatten();
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let looks = store::sweep_slots::next_looks(&mut conn, &ids).await?;
        let view = |row: DomainRow| {
            let next_check_at = looks.get(&row.id).copied();
            DomainView { next_check_at, ..DomainView::new(row, Vec::new()) }
        };
        Ok(DomainPage { domains: rows.into_iter().map(view).collect(), next })
    }

    /// How many of the team's domains have each status, in the order of urgency; one more than [`MOST_COUNTED`] stands for
    /// any number above it.
    pub async fn count_by_status(&self, actor: &Actor) -> Result<Vec<(Status, u32)>, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let mut counts = Vec::new();
        for status in [Status::Failed, Status::AtRisk, Status::Pending, Status::Verified] {
            let most = i64::from(MOST_COUNTED) + 1;
            let count = store::domains::count(&mut conn, actor.team_id, status, most).await?;
            counts.push((status, count));
        }
        Ok(counts)
    }

    /// What people should read first of each of these domains, where something is wrong.
    pub async fn foremost_findings(
        &self,
        actor: &Actor,
        domains: &[DomainView],
    ) -> Result<BTreeMap<Uuid, Finding>, Failure> {
        let own = |domain: &DomainView| {
            let error = domain.findings.iter().find(|finding| finding.is_error()).cloned();
            error.map(|finding| (domain.id, finding))
        };
        let ids: Vec<Uuid> =
            domains.iter().filter(|domain| domain.status != Status::Verified).map(|domain| domain.id).collect();
        let mut conn = self.0.pool.acquire().await?;
        let found = store::records::list_foremost(&mut conn, actor.team_id, &ids).await?;
        let of_records = found.into_iter().filter_map(|(id, findings)| Some((id, findings.into_iter().next()?)));
        // What is wrong with the domain as a whole explains its records.
        Ok(of_records.chain(domains.iter().filter_map(own)).collect())
    }

    /// `domain` is the id or the name. What belongs to another team is not found.
    pub async fn find_domain(&self, actor: &Actor, domain: &str) -> Result<DomainView, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let (profile, check) = verify::profile::in_force_and_look(&mut conn, self.now()).await?;
        let planned = load_on(&mut conn, actor, domain, &profile).await?;
        let rows = store::records::list(&mut conn, actor.team_id, planned.domain.id).await?;
        let mut view = self.view(&mut conn, planned, &rows).await?;
        view.findings.extend(profile_findings(actor, check.as_ref()));
        Ok(view)
    }

    pub async fn find_evidence(&self, actor: &Actor, domain: &str, key: &RecordKey) -> Result<EvidenceView, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let profile = verify::profile::in_force(&mut conn, self.now()).await?;
        let planned = load_on(&mut conn, actor, domain, &profile).await?;
        let rows = store::records::list(&mut conn, actor.team_id, planned.domain.id).await?;
        let domain = self.view(&mut conn, planned, &rows).await?;
        let evidence = rows.into_iter().find(|row| row.key == *key).and_then(|row| row.evidence);
        let record =
            domain.records.iter().find(|record| record.key == *key).cloned().ok_or(Failure::NotFound("record"))?;
        Ok(EvidenceView { domain, record, evidence })
    }

    /// Replaces the tags.
    pub async fn set_tags(
        &self,
        actor: &Actor,
        domain: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<DomainView, Failure> {
        check_tags(&tags)?;
        let planned = self.load(actor, domain).await?;
        let mut conn = self.0.pool.acquire().await?;
        store::domains::set_tags(&mut conn, actor.team_id, planned.domain.id, &tags).await?;
        drop(conn);
        self.find_domain(actor, domain).await
    }

    pub async fn delete_domain(&self, actor: &Actor, domain: &str) -> Result<(), Failure> {
        let planned = self.load(actor, domain).await?;
        let mut conn = self.0.pool.acquire().await?;
        let is_gone = store::domains::delete(&mut conn, actor.team_id, planned.domain.id).await?;
        if is_gone { Ok(()) } else { Err(Failure::NotFound("domain")) }
    }

    /// Newest first, with the cursor of the next page.
    pub async fn list_events(
        &self,
        actor: &Actor,
        domain: &str,
        limit: u32,
        after: Option<String>,
    ) -> Result<(Vec<EventView>, Option<String>), Failure> {
        let unusable = || Failure::field("after", "This is no cursor of this list.");
        let after = after.map(|text| text.parse::<Uuid>()).transpose().map_err(|_| unusable())?;
        let planned = self.load(actor, domain).await?;
        let mut conn = self.0.pool.acquire().await?;
        let mut rows = store::events::list(&mut conn, actor.team_id, planned.domain.id, limit + 1, after).await?;
        let has_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = has_more.then(|| rows.last().map(|row| row.id.to_string())).flatten();
        Ok((rows.into_iter().map(EventView::from).collect(), next))
    }

    /// A BIND zone fragment of what is to be published.
    pub async fn zone_file(&self, actor: &Actor, domain: &str) -> Result<String, Failure> {
        Ok(self.find_domain(actor, domain).await?.zone_file())
    }

    async fn load(&self, actor: &Actor, domain: &str) -> Result<Planned, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let profile = verify::profile::in_force(&mut conn, self.now()).await?;
        load_on(&mut conn, actor, domain, &profile).await
    }

    async fn view(
        &self,
        connection: &mut PgConnection,
        planned: Planned,
        rows: &[RecordRow],
    ) -> Result<DomainView, Failure> {
        let id = planned.domain.id;
        let looks = store::sweep_slots::next_looks(&mut *connection, &[id]).await?;
        let view = DomainView { next_check_at: looks.get(&id).copied(), ..DomainView::with_records(planned, rows) };
        let today = self.now().to_offset(UtcOffset::UTC).date();
        let looked = store::domains::looked_days(connection, id).await?;
        Ok(match looked {
            Some(looked) => view.with_days(rows, &looked, today),
            None => view,
        })
    }
}

async fn load_on(
    connection: &mut PgConnection,
    actor: &Actor,
    domain: &str,
    profile: &ProfileInForce,
) -> Result<Planned, Failure> {
    verify::load(connection, actor.team_id, domain, profile).await?.ok_or(Failure::NotFound("domain"))
}

fn parse_cursor(text: &str) -> Result<String, Failure> {
    DomainName::parse(text).map(String::from).map_err(|_| Failure::field("after", "This is no cursor of this list."))
}
