//! What pages and API both do: the product's verbs, with who may. They only extract, parse, call and render.

pub mod view;

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::failure::Failure;
use crate::lifecycle::Status;
use crate::records::Selector;
use crate::records::plan::{RecordKey, SendingProfile};
pub use view::{DomainPage, DomainView, EventView, EvidenceView, NewToken, RecordView, TokenView, User};

/// Everything that the pages and the API act on. Cheap to clone (an `Arc` inside).
#[derive(Clone)]
pub struct Console {}

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
    // Domains. `domain` is the id or the name. What belongs to another team is `NotFound`.
    pub async fn create_domain(&self, _actor: &Actor, _new: NewDomain) -> Result<DomainView, Failure> {
        todo!()
    }
    pub async fn list_domains(&self, _actor: &Actor, _query: &DomainQuery) -> Result<DomainPage, Failure> {
        todo!()
    }
    pub async fn find_domain(&self, _actor: &Actor, _domain: &str) -> Result<DomainView, Failure> {
        todo!()
    }
    pub async fn find_evidence(
        &self,
        _actor: &Actor,
        _domain: &str,
        _key: &RecordKey,
    ) -> Result<EvidenceView, Failure> {
        todo!()
    }
    pub async fn set_tags(
        &self,
        _actor: &Actor,
        _domain: &str,
        _tags: BTreeMap<String, String>,
    ) -> Result<DomainView, Failure> {
        todo!()
    }
    pub async fn delete_domain(&self, _actor: &Actor, _domain: &str) -> Result<(), Failure> {
        todo!()
    }
    /// Asks DNS now; at most 10 s.
    pub async fn verify_domain(&self, _actor: &Actor, _domain: &str) -> Result<DomainView, Failure> {
        todo!()
    }
    /// Newest first, with the cursor of the next page.
    pub async fn list_events(
        &self,
        _actor: &Actor,
        _domain: &str,
        _limit: u32,
        _after: Option<String>,
    ) -> Result<(Vec<EventView>, Option<String>), Failure> {
        todo!()
    }
    /// A BIND zone fragment.
    pub async fn zone_file(&self, _actor: &Actor, _domain: &str) -> Result<String, Failure> {
        todo!()
    }

    // Tokens.
    pub async fn create_token(&self, _actor: &Actor, _name: &str) -> Result<NewToken, Failure> {
        todo!()
    }
    pub async fn list_tokens(&self, _actor: &Actor) -> Result<Vec<TokenView>, Failure> {
        todo!()
    }
    pub async fn delete_token(&self, _actor: &Actor, _id: Uuid) -> Result<(), Failure> {
        todo!()
    }

    // Who may.
    pub async fn actor_of_session(&self, _session: &str) -> Result<Option<Actor>, Failure> {
        todo!()
    }
    pub async fn actor_of_token(&self, _secret: &str) -> Result<Option<Actor>, Failure> {
        todo!()
    }
    /// Throttled: the 11th failure in 15 minutes for an account from one address is `TooMany`.
    pub async fn sign_in(&self, _email: &str, _password: &str, _address: std::net::IpAddr) -> Result<SignIn, Failure> {
        todo!()
    }
    pub async fn sign_out(&self, _session: &str) -> Result<(), Failure> {
        todo!()
    }
    /// Ends the user's other sessions; the one given goes on.
    pub async fn change_password(&self, _actor: &Actor, _session: &str, _old: &str, _new: &str) -> Result<(), Failure> {
        todo!()
    }

    // Setup: the first administrator by the one-time link.
    pub async fn is_setup_token(&self, _token: &str) -> Result<bool, Failure> {
        todo!()
    }
    /// Creates the administrator, spends the link, signs in; returns the session.
    pub async fn set_up(&self, _token: &str, _email: &str, _password: &str) -> Result<String, Failure> {
        todo!()
    }

    // The sending profile; `None` before an SPF mechanism is known.
    pub async fn profile(&self) -> Result<Option<SendingProfile>, Failure> {
        todo!()
    }
    pub async fn save_profile(&self, _actor: &Actor, _profile: SendingProfile) -> Result<(), Failure> {
        todo!()
    }

    /// Whether the database answers (`/readyz`).
    pub async fn is_ready(&self) -> bool {
        todo!()
    }
    /// What links start with; `https` turns on `Secure` cookies and HSTS.
    pub fn public_url(&self) -> &str {
        todo!()
    }
    /// The visitor's address: the peer's, or what a trusted proxy says in `X-Forwarded-For`.
    pub fn client_address(&self, _peer: std::net::IpAddr, _forwarded_for: Option<&str>) -> std::net::IpAddr {
        todo!()
    }
    /// The link of the demo's DNS panel, in the demo.
    pub fn demo_panel_url(&self) -> Option<&str> {
        todo!()
    }
}
