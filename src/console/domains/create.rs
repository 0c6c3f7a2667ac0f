//! Making a domain: its name checked, its keys sealed, its row and its first event written at once.

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use super::tags::check_tags;
use crate::console::view::DomainView;
use crate::console::{Actor, Console, KeyChoice, NewDomain, internal};
use crate::failure::{Failure, FieldError};
use crate::keys::{KeyKind, NewKey};
use crate::lifecycle::Status;
use crate::lifecycle::schedule::{Due, Rank};
use crate::records::plan::SendingProfile;
use crate::records::{DomainName, NameError, Selector};
use crate::store::domains::DomainRow;
use crate::store::{self, StoreError};

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
        let _ = tokio::time::timeout(FIRST_CHECK_WAIT, check.until_done()).await;
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
        // The first check is made at once; this is the look after it, or instead of it where the program is killed.
        let due = Due { at: now + time::Duration::MINUTE, rank: Rank::Awaited };
        store::due_looks::plan(&mut tx, id, now, Some(due)).await?;
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
        store::events::insert(&mut tx, &[created(id, actor, now)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn main_key(&self, choice: KeyChoice) -> Result<NewKey, Failure> {
        match choice {
            KeyChoice::Rsa2048 => self.0.keys.take().await.map_err(internal),
            KeyChoice::Rsa4096 => self.0.keys.take_kind(KeyKind::Rsa4096).await.map_err(internal),
        }
    }
}

/// A domain's first event.
fn created(domain_id: Uuid, actor: &Actor, at: OffsetDateTime) -> store::events::EventRow {
    store::events::EventRow {
        id: Uuid::now_v7(),
        domain_id,
        at,
        kind: "created".to_owned(),
        by_whom: actor.label(),
        record: None,
        from_status: None,
        to_status: Some(Status::Pending.as_str().to_owned()),
        evidence: None,
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
