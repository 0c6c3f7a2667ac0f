//! What pages and API both do: the product's verbs, with who may. They only extract, parse, call and render.

pub mod alerts;
mod domains;
pub mod health;
pub mod jobs;
pub mod joining;
mod profile;
mod published;
pub mod request;
mod reset;
mod session;
pub mod shares;
mod users;
pub mod view;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::dns::Dns;
use crate::failure::Failure;
use crate::keys::KeyPool;
use crate::lifecycle::Status;
use crate::records::Selector;
use crate::seal::Sealer;
use crate::store;
pub use domains::MOST_COUNTED;
pub use joining::Running;
pub use profile::{CountedChange, ProfileEdit, ProfilePreview, ProfileView};
pub use session::{FAILURE_WINDOW, fingerprint, new_secret};
pub use view::{DayStrip, DomainPage, DomainView, EventView, EvidenceView, NewToken, RecordView, TokenView, User};

/// Everything that the pages and the API act on. Cheap to clone (an `Arc` inside).
#[derive(Clone)]
pub struct Console(Arc<Parts>);

/// What a console is put together from; `app` makes it.
pub struct Parts {
    pub pool: PgPool,
    pub dns: Dns,
    pub sealer: Sealer,
    pub keys: KeyPool,
    pub running: Running,
    pub public_url: String,
    pub trusted_proxies: Vec<IpNet>,
    pub alerts: AlertSettings,
    /// In the demo: what its pages point to.
    pub demo: Option<DemoLinks>,
    /// The time in UTC.
    pub clock: fn() -> OffsetDateTime,
}

/// What alerts can be sent by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertSettings {
    /// There is an SMTP server.
    pub sends_mail: bool,
    /// Webhooks may lead to addresses that are not reachable from everywhere, without encryption: tests alone.
    pub allows_private_webhooks: bool,
}

/// Where the demo begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoLinks {
    /// The DNS panel; `URL/ZONE` has one zone.
    pub panel_url: String,
    /// The domain to begin with.
    pub first_domain: String,
}

/// Who acts: written into events as `by`, and whose team's domains are seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub team_id: Uuid,
    pub user_id: Uuid,
    pub email: String,
    pub is_admin: bool,
    /// The token's name and id, where one is used.
    pub token: Option<(Uuid, String)>,
}

/// `POST /domains`.
#[derive(Debug, Clone, Default)]
pub struct NewDomain {
    /// As typed; the API's rules. The browser form cleans it first with `DomainName::clean`.
    pub name: String,
    pub key: KeyChoice,
    pub selector: Option<Selector>,
    pub with_ed25519: bool,
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyChoice {
    #[default]
    Rsa2048,
    Rsa4096,
}

/// `GET /domains`.
#[derive(Debug, Clone, Default)]
pub struct DomainQuery {
    /// 1 to 200.
    pub limit: u32,
    /// The opaque cursor of the page before.
    pub after: Option<String>,
    pub q: Option<String>,
    pub status: Option<Status>,
    pub tag: Option<(String, String)>,
}

/// How signing in ended.
pub enum SignIn {
    /// The session's secret for the cookie.
    Done {
        session: String,
    },
    WrongPassword,
}

impl Console {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// What it was put together from; the background verifier works with the same.
    pub fn parts(&self) -> &Parts {
        &self.0
    }

    /// Whether the database answers (`/readyz`).
    pub async fn is_ready(&self) -> bool {
        store::is_ready(&self.0.pool).await
    }

    /// What links start with; `https` turns on `Secure` cookies and HSTS.
    pub fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// In the demo: what its pages point to.
    pub fn demo(&self) -> Option<&DemoLinks> {
        self.0.demo.as_ref()
    }

    /// The visitor's address: the peer's, or the last one in `X-Forwarded-For` that is no trusted proxy's, where the
    /// peer is one.
    pub fn client_address(&self, peer: IpAddr, forwarded_for: Option<&str>) -> IpAddr {
        let is_trusted = |address: &IpAddr| self.0.trusted_proxies.iter().any(|net| net.contains(address));
        if !is_trusted(&peer) {
            return peer;
        }
        let mut nearest = peer;
        for text in forwarded_for.unwrap_or_default().rsplit(',') {
            let Ok(address) = text.trim().parse() else { break };
            nearest = address;
            if !is_trusted(&nearest) {
                break;
            }
        }
        nearest
    }

    /// To the microsecond, as the database keeps it: what is answered now is what is read later.
    pub fn now(&self) -> OffsetDateTime {
        let now = (self.0.clock)();
        now.replace_nanosecond(now.microsecond() * 1000).unwrap_or(now)
    }
}

impl Actor {
    /// Who an event names: the token's name, else the user's address.
    fn label(&self) -> String {
        self.token.as_ref().map_or_else(|| self.email.clone(), |(_, name)| format!("token {name}"))
    }
}

/// What went wrong on our side.
fn internal(error: impl Into<anyhow::Error>) -> Failure {
    Failure::Internal(error.into())
}
