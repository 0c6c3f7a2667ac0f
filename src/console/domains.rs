//! The domains of a team: create, list, show, verify, delete.

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::joining::until_done;
use super::view::{DomainPage, DomainView, EventView, EvidenceView};
use super::{Actor, Console, DomainQuery, KeyChoice, NewDomain, internal};
use crate::failure::{Failure, FieldError};
use crate::keys::{KeyKind, NewKey};
use crate::lifecycle::Status;
use crate::records::plan::{RecordKey, SendingProfile};
use crate::records::zonefile::{self, ZoneEntry};
use crate::records::{DomainName, NameError, Selector};
use crate::store::domains::DomainRow;
use crate::store::{self, StoreError};
use crate::verify::{self, Planned};

/// How long the answer to a creation waits for the first check.
const FIRST_CHECK_WAIT: Duration = Duration::from_secs(3);

impl Console {
    /// Makes the domain with its key, and waits up to 3 s for the first check.
    pub async fn create_domain(&self, actor: &Actor, new: NewDomain) -> Result<DomainView, Failure> {
        let name = DomainName::parse_sender(&new.name).map_err(|error| name_failure(&new.name, &error))?;
        check_tags(&new.tags)?;
        let profile = self.required_profile().await?;
        let id = self.insert_domain(actor, &name, &new, &profile).await?;
        let check = self.start_check(actor, id);
        // What is not answered by then goes on in the background.
        let _ = tokio::time::timeout(FIRST_CHECK_WAIT, check).await;
        self.find_domain(actor, &id.to_string()).await
    }

    async fn insert_domain(
        &self,
        actor: &Actor,
        name: &DomainName,
        new: &NewDomain,
        profile: &SendingProfile,
    ) -> Result<Uuid, Failure> {
        let now = self.now();
        let id = Uuid::now_v7();
        let selector = new.selector.clone().unwrap_or_else(|| generated_selector(&profile.selector_prefix, now));
        let taken = || Failure::Conflict(format!("This team has {name} already."));
        let mut conn = self.0.pool.acquire().await?;
        if store::domains::find(&mut conn, actor.team_id, name.as_str()).await?.is_some() {
            return Err(taken());
        }
        drop(conn);
        let mut pairs = vec![(selector.clone(), self.main_key(new.key).await?, true)];
        if new.with_ed25519 {
            let second = Selector::parse(&format!("{selector}e"))
                .map_err(|error| Failure::field("dkim.selector", format!("With an e behind it, {error}.")))?;
            pairs.push((second, self.0.keys.take_kind(KeyKind::Ed25519).await.map_err(internal)?, false));
        }
        let mut tx = self.0.pool.begin().await?;
        let row = new_row(id, actor.team_id, name, &new.tags, now);
        match store::domains::insert(&mut tx, &row).await {
            Ok(()) => {}
            Err(StoreError::Duplicate) => return Err(taken()),
            Err(other) => return Err(other.into()),
        }
        for (selector, pair, is_required) in pairs {
            let sealed = self.0.sealer.seal(name, &selector, pair.private.pkcs8()).map_err(internal)?;
            let key = store::keys::KeyRow {
                id: Uuid::now_v7(),
                domain_id: id,
                selector,
                public: pair.public,
                sealed,
                is_required,
                state: store::keys::KeyState::Active,
                created_at: now,
            };
            store::keys::insert(&mut tx, &key).await?;
        }
        let event = store::events::EventRow {
            id: Uuid::now_v7(),
            domain_id: id,
            at: now,
            kind: "created".to_owned(),
            by_whom: actor.label(),
            record: None,
            from_status: None,
            to_status: Some(Status::Pending.as_str().to_owned()),
            evidence: None,
        };
        store::events::insert(&mut tx, &event).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn main_key(&self, choice: KeyChoice) -> Result<NewKey, Failure> {
        match choice {
            KeyChoice::Rsa2048 => self.0.keys.take().await.map_err(internal),
            KeyChoice::Rsa4096 => self.0.keys.take_kind(KeyKind::Rsa4096).await.map_err(internal),
        }
    }

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
        Ok(DomainPage { domains: rows.into_iter().map(|row| DomainView::new(row, Vec::new())).collect(), next })
    }

    /// `domain` is the id or the name. What belongs to another team is not found.
    pub async fn find_domain(&self, actor: &Actor, domain: &str) -> Result<DomainView, Failure> {
        let planned = self.load(actor, domain).await?;
        self.view(planned).await
    }

    pub async fn find_evidence(&self, actor: &Actor, domain: &str, key: &RecordKey) -> Result<EvidenceView, Failure> {
        let planned = self.load(actor, domain).await?;
        let mut conn = self.0.pool.acquire().await?;
        let rows = store::records::list(&mut conn, actor.team_id, planned.domain.id).await?;
        drop(conn);
        let evidence = rows.into_iter().find(|row| row.key == *key).and_then(|row| row.evidence);
        let domain = self.view(planned).await?;
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

    /// Asks DNS now; a check takes at most 10 s.
    pub async fn verify_domain(&self, actor: &Actor, domain: &str) -> Result<DomainView, Failure> {
        let planned = self.load(actor, domain).await?;
        let before = planned.domain.last_checked_at;
        self.start_check(actor, planned.domain.id).await;
        let view = self.find_domain(actor, domain).await?;
        if view.last_checked_at == before { Err(Failure::Unavailable) } else { Ok(view) }
    }

    /// Runs, or joins, the check of a domain in a task of its own; the future ends when it is done.
    fn start_check(&self, actor: &Actor, id: Uuid) -> impl Future<Output = ()> + use<> {
        let (console, actor) = (self.clone(), actor.clone());
        let done = self.0.running.join_or_start(id, move || async move {
            if let Err(failure) = console.check(&actor, id).await {
                tracing::warn!(domain = %id, error = &failure as &dyn std::error::Error, "a check was not saved");
            }
        });
        until_done(done)
    }

    async fn check(&self, actor: &Actor, id: Uuid) -> Result<(), Failure> {
        let planned = self.load(actor, &id.to_string()).await?;
        verify::check_domain(&self.0.pool, &self.0.dns, &planned, &actor.label(), || self.now()).await?;
        Ok(())
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
        let view = self.find_domain(actor, domain).await?;
        let offered = view.records.iter().filter(|record| record.is_offered());
        let entries: Vec<ZoneEntry> = offered
            .map(|record| ZoneEntry {
                name: record.name.clone(),
                rtype: record.rtype,
                value: record.suggested_value.clone().unwrap_or_else(|| record.value.clone()),
                priority: record.priority,
                replaces: record.replaced(),
            })
            .collect();
        Ok(zonefile::render(&entries))
    }

    async fn load(&self, actor: &Actor, domain: &str) -> Result<Planned, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let profile = store::profile::get(&mut conn).await?.unwrap_or_default();
        drop(conn);
        verify::load(&self.0.pool, actor.team_id, domain, &profile).await?.ok_or(Failure::NotFound("domain"))
    }

    async fn view(&self, planned: Planned) -> Result<DomainView, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let rows = store::records::list(&mut conn, planned.domain.team_id, planned.domain.id).await?;
        Ok(DomainView::with_records(planned, &rows))
    }
}

fn new_row(
    id: Uuid,
    team_id: Uuid,
    name: &DomainName,
    tags: &BTreeMap<String, String>,
    created_at: OffsetDateTime,
) -> DomainRow {
    DomainRow {
        id,
        team_id,
        name: name.clone(),
        unicode_name: name.unicode(),
        zone: name.registrable().to_string(),
        status: Status::Pending,
        tags: tags.clone(),
        created_at,
        verified_at: None,
        last_checked_at: None,
        at_risk_since: None,
        unknown_since: None,
        is_mx_required: None,
        required_verified: 0,
        required_total: 0,
        findings: Vec::new(),
    }
}

/// `PREFIX` and the day, so that a person can tell the age of a key by its selector: `s20260601`.
fn generated_selector(prefix: &str, now: OffsetDateTime) -> Selector {
    let prefix = if prefix.is_empty() { "s" } else { prefix };
    let text = format!("{prefix}{:04}{:02}{:02}", now.year(), u8::from(now.month()), now.day());
    Selector::parse(&text).unwrap_or_else(|_| Selector::parse("s1").expect("s1 is a selector"))
}

fn name_failure(text: &str, error: &NameError) -> Failure {
    let code = match error {
        NameError::PublicSuffix => Some("name-is-public-suffix"),
        NameError::MailboxProvider => Some("name-is-mailbox-provider"),
        _ => None,
    };
    let shown: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    let message = match error {
        NameError::Empty => format!("The name {error}."),
        _ => format!("“{shown}” {error}."),
    };
    Failure::Unacceptable(vec![FieldError { field: "name".into(), message, code }])
}

fn parse_cursor(text: &str) -> Result<String, Failure> {
    DomainName::parse(text).map(String::from).map_err(|_| Failure::field("after", "This is no cursor of this list."))
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Failure> {
    let is_plain = |text: &str| !text.chars().any(char::is_control);
    let is_key = |key: &str| !key.is_empty() && key.chars().count() <= 64 && is_plain(key) && !key.contains([':', '=']);
    if tags.len() > 50 {
        return Err(Failure::field("tags", format!("There are {} tags; at most 50 are accepted.", tags.len())));
    }
    for (key, value) in tags {
        if !is_key(key) {
            return Err(Failure::field("tags", "A tag's key has 1 to 64 visible characters, without “:” and “=”."));
        }
        if value.chars().count() > 256 || !is_plain(value) {
            return Err(Failure::field("tags", "A tag's value has at most 256 visible characters."));
        }
    }
    Ok(())
}
