//! Making a domain: its name checked, its keys sealed, its row and its first event written at once.

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::checks::asked_by;
use super::tags::check_tags;
use crate::console::profile::profile_findings;
use crate::console::view::DomainView;
use crate::console::{Actor, Console, KeyChoice, NewDomain, internal};
use crate::failure::{Failure, FieldError};
use crate::keys::{KeyKind, NewKey};
use crate::lifecycle::Status;
use crate::lifecycle::schedule::{Due, Rank};
use crate::records::profile::ProfileInForce;
use crate::records::{DomainName, NameError, Selector};
use crate::store::domains::DomainRow;
use crate::store::keys::{KeyRow, KeyState};
use crate::store::profile::ProfileCheckRow;
use crate::store::{self, StoreError};
use crate::verify::{self, Look, Planned, Saved};

/// How long the answer to a creation waits for the first check.
const FIRST_CHECK_WAIT: Duration = Duration::from_secs(3);

/// On what occasion a domain is made.
enum Making<'a> {
    /// Somebody waits for it; what was seen by then.
    Looked(Option<&'a Look>),
    /// A line of a job.
    Line((Uuid, u32)),
}

/// A domain that is not written yet, and what it is planned by.
struct Prepared {
    row: DomainRow,
    keys: Vec<KeyRow>,
    profile: ProfileInForce,
    profile_look: Option<ProfileCheckRow>,
}

impl Console {
    /// Makes the domain with its key. What its first check sees within 3 s is written with it; a longer one goes on in
    /// the background. A caller who leaves does not stop it.
    pub async fn create_domain(&self, actor: &Actor, new: NewDomain) -> Result<DomainView, Failure> {
        let (console, actor) = (self.clone(), actor.clone());
        let making = tokio::spawn(async move { console.create(&actor, new).await });
        making.await.map_err(internal)?
    }

    /// Makes the domain of a job's line without a look, and is done with the line in the same transaction. The look
    /// is due at once.
    pub(in crate::console) async fn create_unseen(
        &self,
        actor: &Actor,
        new: NewDomain,
        line: (Uuid, u32),
    ) -> Result<(), Failure> {
        let made = self.prepare(actor, &new).await?;
        let planned = verify::planned(made.row, &made.keys, &made.profile);
        self.insert_domain(actor, &planned, &made.keys, Making::Line(line)).await.map(drop)
    }

    async fn create(&self, actor: &Actor, new: NewDomain) -> Result<DomainView, Failure> {
        let Prepared { row, keys, profile, profile_look } = self.prepare(actor, &new).await?;
        let planned = verify::planned(row, &keys, &profile);
        let mut first_look = self.start_first_look(planned.clone());
        let look = tokio::time::timeout(FIRST_CHECK_WAIT, &mut first_look).await.ok().transpose().map_err(internal)?;
        let id = planned.domain.id;
        match self.insert_domain(actor, &planned, &keys, Making::Looked(look.as_ref())).await? {
            Some(saved) if saved.next_at.is_some() => {
                let planned = verify::planned(saved.domain, &keys, &profile);
                let mut view = DomainView::with_records(planned, &saved.records);
                view.next_check_at = saved.next_at;
                view.findings.extend(profile_findings(actor, profile_look.as_ref()));
                Ok(view)
            }
            Some(_) => self.find_domain(actor, &id.to_string()).await,
            None => {
                self.save_when_done(actor, planned, first_look);
                self.find_domain(actor, &id.to_string()).await
            }
        }
    }

    /// What is made, before anything is written.
    async fn prepare(&self, actor: &Actor, new: &NewDomain) -> Result<Prepared, Failure> {
        let name = DomainName::parse_sender(&new.name).map_err(|error| name_failure(&new.name, &error))?;
        check_tags(&new.tags)?;
        let mut conn = self.0.pool.acquire().await?;
        let (profile, profile_look) = self.required_profile(&mut conn).await?;
        // Before a key is taken for it; the unique constraint decides.
        if store::domains::find(&mut conn, actor.team_id, name.as_str()).await?.is_some() {
            return Err(taken(&name));
        }
        drop(conn);
        let row = new_row(actor.team_id, &name, &new.tags, self.now());
        let keys = self.new_keys(&row, new, &profile).await?;
        Ok(Prepared { row, keys, profile, profile_look })
    }

    fn start_first_look(&self, planned: Planned) -> JoinHandle<Look> {
        let console = self.clone();
        tokio::spawn(async move { Look::first(&console.0.dns, &planned, || console.now()).await })
    }

    /// Writes everything at once: the domain, its keys, its first event, and what was seen of it if that is known.
    async fn insert_domain(
        &self,
        actor: &Actor,
        planned: &Planned,
        keys: &[KeyRow],
        making: Making<'_>,
    ) -> Result<Option<Saved>, Failure> {
        let (row, by) = (&planned.domain, actor.label());
        let mut tx = store::begin(&self.0.pool).await?;
        match store::domains::insert(&mut tx, row).await {
            Ok(()) => {}
            Err(StoreError::Duplicate) => return Err(taken(&row.name)),
            Err(other) => return Err(other.into()),
        }
        for key in keys {
            store::keys::insert(&mut tx, key).await?;
        }
        store::events::insert(&mut tx, &[created(row, &by)]).await?;
        let saved = match making {
            Making::Looked(Some(look)) => Some(verify::save_first(&mut tx, planned, look, &asked_by(&by, None)).await?),
            Making::Looked(None) => {
                // The look goes on; this is the one after it, or instead of it where the program is killed.
                let due = Due { at: row.created_at + time::Duration::MINUTE, rank: Rank::Awaited };
                store::due_looks::plan(&mut tx, row.id, row.created_at, Some(due)).await?;
                None
            }
            Making::Line((job, number)) => {
                let due = Due { at: row.created_at, rank: Rank::Other };
                store::due_looks::plan(&mut tx, row.id, row.created_at, Some(due)).await?;
                if !store::jobs::lines::finish(&mut tx, job, number, "done", "Added.").await? {
                    // Another has done the line, and made the domain.
                    return Ok(None);
                }
                None
            }
        };
        store::commit(tx).await?;
        Ok(saved)
    }

    /// The domain's key, and the additional one if it is wanted, sealed.
    async fn new_keys(
        &self,
        row: &DomainRow,
        new: &NewDomain,
        profile: &ProfileInForce,
    ) -> Result<Vec<KeyRow>, Failure> {
        let prefix = &profile.profile.selector_prefix;
        let selector = new.selector.clone().unwrap_or_else(|| generated_selector(prefix, row.created_at));
        let mut pairs = vec![(selector.clone(), self.main_key(new.key).await?, true)];
        if new.with_ed25519 {
            let second = Selector::parse(&format!("{selector}e"))
                .map_err(|error| Failure::field("dkim.selector", format!("With an e behind it, {error}.")))?;
            pairs.push((second, self.0.keys.take_kind(KeyKind::Ed25519).await.map_err(internal)?, false));
        }
        let sealed = pairs.into_iter().map(|(selector, pair, is_required)| {
            let sealed = self.0.sealer.seal(&row.name, &selector, pair.private.pkcs8()).map_err(internal)?;
            Ok(KeyRow {
                id: Uuid::now_v7(),
                domain_id: row.id,
                selector,
                public: pair.public,
                sealed,
                is_required,
                state: KeyState::Active,
                created_at: row.created_at,
            })
        });
        sealed.collect()
    }

    async fn main_key(&self, choice: KeyChoice) -> Result<NewKey, Failure> {
        match choice {
            KeyChoice::Rsa2048 => self.0.keys.take().await.map_err(internal),
            KeyChoice::Rsa4096 => self.0.keys.take_kind(KeyKind::Rsa4096).await.map_err(internal),
        }
    }
}

fn taken(name: &DomainName) -> Failure {
    Failure::Conflict(format!("This team has {name} already."))
}

/// A domain's first event.
fn created(row: &DomainRow, by: &str) -> store::events::EventRow {
    store::events::EventRow {
        id: Uuid::now_v7(),
        domain_id: row.id,
        at: row.created_at,
        kind: "created".to_owned(),
        by_whom: by.to_owned(),
        record: None,
        from_status: None,
        to_status: Some(Status::Pending.as_str().to_owned()),
        evidence: None,
    }
}

fn new_row(team_id: Uuid, name: &DomainName, tags: &BTreeMap<String, String>, created_at: OffsetDateTime) -> DomainRow {
    DomainRow {
        id: Uuid::now_v7(),
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

pub(in crate::console) fn name_failure(text: &str, error: &NameError) -> Failure {
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
