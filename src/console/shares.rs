//! Links that show one domain to whoever manages its DNS: no account, seven days, read-only, revocable.

use rand::Rng;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Actor, Console, DomainView, fingerprint};
use crate::failure::Failure;
use crate::store;
use crate::store::shares::ShareRow;

/// How long a link works.
const WORKS_FOR: Duration = Duration::days(7);

/// A domain as its link shows it.
#[derive(Debug, Clone)]
pub struct SharedDomain {
    pub domain: DomainView,
    pub expires_at: OffsetDateTime,
}

impl Console {
    /// Makes a link; gives its address, which is told this once.
    pub async fn share_domain(&self, actor: &Actor, domain: &str) -> Result<String, Failure> {
        let domain = self.find_domain(actor, domain).await?;
        let token = new_token();
        let now = self.now();
        let row = ShareRow {
            id: Uuid::now_v7(),
            domain_id: domain.id,
            by_whom: actor.label(),
            created_at: now,
            expires_at: now + WORKS_FOR,
        };
        let mut conn = self.0.pool.acquire().await?;
        store::shares::insert(&mut conn, &row, &fingerprint(&token)).await?;
        Ok(format!("{}/s/{token}", self.public_url()))
    }

    /// The links of a domain that work, newest first.
    pub async fn list_shares(&self, actor: &Actor, domain: &DomainView) -> Result<Vec<ShareRow>, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        Ok(store::shares::list(&mut conn, actor.team_id, domain.id, self.now()).await?)
    }

    pub async fn revoke_share(&self, actor: &Actor, domain: &DomainView, id: Uuid) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let is_gone = store::shares::delete(&mut conn, actor.team_id, domain.id, id).await?;
        if is_gone { Ok(()) } else { Err(Failure::NotFound("link")) }
    }

    /// What a link shows: what was stored of one domain. Nothing is asked, and nothing tells whose it is.
    pub async fn find_shared(&self, token: &str) -> Result<SharedDomain, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let found = store::shares::find(&mut conn, &fingerprint(token), self.now()).await?;
        drop(conn);
        let shared = found.ok_or(Failure::NotFound("link"))?;
        let visitor =
            Actor { team_id: shared.team_id, user_id: Uuid::nil(), email: String::new(), is_admin: false, token: None };
        let domain = self.find_domain(&visitor, &shared.domain_id.to_string()).await?;
        Ok(SharedDomain { domain, expires_at: shared.expires_at })
    }
}

/// 128 random bits, in hexadecimal.
fn new_token() -> String {
    let mut bytes = [0u8; 16];
    rand::rng().fill_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
