//! The panel's pages: the zones, and one zone with its records, as the form of a simple DNS provider shows them.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::providers::{NAMESERVERS, OLD_NAMESERVERS, PanelZone, Providers, Registrar};
use super::record::{Kind, PanelRecord, Typed};
use super::{FIRST_DOMAIN, PANEL_URL};
use crate::console::{Console, DomainQuery, DomainView};
use crate::failure::{Failure, FieldError};
use crate::records::OwnerName;
use crate::web::failures::PageFailure;
use crate::web::forms::{Form, Mistakes, page};
use crate::web::layout::{Layout, Section};
use crate::web::session::SignedIn;

type Zones = Extension<Arc<Providers>>;

#[derive(Template)]
#[template(path = "demo/list.html")]
struct ListPage {
    layout: Layout,
    rows: Vec<ZoneLine>,
    first: &'static str,
}

struct ZoneLine {
    name: String,
    count: usize,
    standing: &'static str,
}

#[derive(Template)]
#[template(path = "demo/zone.html")]
struct ZonePage {
    layout: Layout,
    zone: String,
    registrar: Registrar,
    nameservers: String,
    old_nameservers: String,
    /// What signet's domains of this zone ask for.
    offers: Vec<Offer>,
    rows: Vec<Row>,
    typed: Typed,
    kinds: Vec<&'static str>,
    mistakes: Mistakes,
    /// What was done, in a word; empty where nothing was.
    done: String,
}

struct Offer {
    domain: String,
    total: usize,
    absent: usize,
}

struct Row {
    id: String,
    record: PanelRecord,
}

#[derive(Debug, Default, Deserialize)]
pub struct Shown {
    #[serde(default)]
    done: String,
    #[serde(default)]
    edit: String,
}

#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    id: String,
    #[serde(default)]
    domain: String,
}

/// `GET /demo/dns`
pub async fn list(
    State(console): State<Console>,
    user: SignedIn,
    Extension(providers): Zones,
) -> Result<Response, PageFailure> {
    let zones = providers.names().into_iter().filter_map(|name| Some((providers.find(&name)?, name)));
    let line = |(held, name): (PanelZone, OwnerName)| ZoneLine {
        name: name.to_string(),
        count: held.records.len(),
        standing: match held.registrar {
            Registrar::Here => "",
            Registrar::Elsewhere => "delegated elsewhere",
            Registrar::OnHold => "on hold",
        },
    };
    let layout = Layout::new(&console, &user.actor, Section::None, "DNS panel");
    page(StatusCode::OK, &ListPage { layout, rows: zones.map(line).collect(), first: FIRST_DOMAIN })
}

/// `GET /demo/dns/ZONE`
pub async fn show(
    State(console): State<Console>,
    user: SignedIn,
    Extension(providers): Zones,
    Path(zone): Path<String>,
    Query(shown): Query<Shown>,
) -> Result<Response, PageFailure> {
    let opened = Opened::new(&console, &user, &providers, &zone)?;
    let edited = opened.held.records.iter().find(|record| record.id() == shown.edit);
    let typed = edited.map(typed_of).unwrap_or_default();
    opened.page(StatusCode::OK, typed, Mistakes::default(), shown.done).await
}

/// `POST /demo/dns/ZONE`: adds a record, or puts it in the place of another.
pub async fn save(
    State(console): State<Console>,
    user: SignedIn,
    Extension(providers): Zones,
    Path(zone): Path<String>,
    Form(typed): Form<Typed>,
) -> Result<Response, PageFailure> {
    let opened = Opened::new(&console, &user, &providers, &zone)?;
    let (name, held) = (&opened.name, &opened.held);
    let read = PanelRecord::read(&typed, name).and_then(|record| stands_beside(record, held, name, &typed.replaces));
    let outcome = match read {
        Ok(record) => edit(&providers, name, |held| {
            held.records.retain(|old| old.id() != typed.replaces && old.id() != record.id());
            held.records.push(record);
        }),
        Err(mistakes) => Err(Failure::Unacceptable(mistakes)),
    };
    match outcome {
        Ok(()) => Ok(back(name, "saved")),
        Err(failure) => {
            let (status, mistakes) = Mistakes::from_failure(failure, "value")?;
            opened.page(status, typed, mistakes, String::new()).await
        }
    }
}

/// `POST /demo/dns/ZONE/delete`
pub async fn delete(
    State(console): State<Console>,
    user: SignedIn,
    Extension(providers): Zones,
    Path(zone): Path<String>,
    Form(chosen): Form<Chosen>,
) -> Result<Response, PageFailure> {
    let opened = Opened::new(&console, &user, &providers, &zone)?;
    edit(&providers, &opened.name, |held| held.records.retain(|record| record.id() != chosen.id))?;
    Ok(back(&opened.name, "deleted"))
}

/// `POST /demo/dns/ZONE/publish`: what signet asks for, in one step.
pub async fn publish(
    State(console): State<Console>,
    user: SignedIn,
    Extension(providers): Zones,
    Path(zone): Path<String>,
    Form(chosen): Form<Chosen>,
) -> Result<Response, PageFailure> {
    let opened = Opened::new(&console, &user, &providers, &zone)?;
    let domain = console.find_domain(&user.actor, &chosen.domain).await?;
    let wanted = absent(&domain, &opened.held);
    let name = opened.name.clone();
    edit(&providers, &name, |held| {
        for record in wanted {
            held.records.retain(|old| !record.displaces(old, &name));
            held.records.push(record);
        }
    })?;
    Ok(back(&opened.name, "published"))
}

/// `POST /demo/dns/ZONE/registrar`: the registrar delegates the zone to this panel's nameservers.
pub async fn delegate(
    State(console): State<Console>,
    user: SignedIn,
    Extension(providers): Zones,
    Path(zone): Path<String>,
) -> Result<Response, PageFailure> {
    let opened = Opened::new(&console, &user, &providers, &zone)?;
    edit(&providers, &opened.name, |held| held.registrar = Registrar::Here)?;
    Ok(back(&opened.name, "delegated"))
}

fn back(zone: &OwnerName, done: &str) -> Response {
    Redirect::to(&format!("{PANEL_URL}/{zone}?done={done}")).into_response()
}

fn edit(providers: &Providers, zone: &OwnerName, change: impl FnOnce(&mut PanelZone)) -> Result<(), Failure> {
    providers.edit(zone, change).map_err(|error| Failure::field("value", format!("This cannot be served: {error}.")))
}

/// RFC 1034 section 3.6.2: a CNAME stands beside nothing else. Providers refuse it, and so does the panel.
fn stands_beside(
    record: PanelRecord,
    held: &PanelZone,
    zone: &OwnerName,
    replaces: &str,
) -> Result<PanelRecord, Vec<FieldError>> {
    let mut others = held.records.iter().filter(|other| other.id() != replaces && other.id() != record.id());
    let is_clash = |other: &PanelRecord| {
        other.owner(zone) == record.owner(zone) && (record.kind == Kind::Cname || other.kind == Kind::Cname)
    };
    if !others.any(is_clash) {
        return Ok(record);
    }
    let message = "A CNAME cannot stand beside other records of the same host. Delete those first.";
    Err(vec![FieldError { field: "host".into(), message: message.into(), code: None }])
}

fn typed_of(record: &PanelRecord) -> Typed {
    Typed {
        host: record.host.clone(),
        kind: record.kind.as_str().to_owned(),
        value: record.value.clone(),
        priority: record.priority.map(|priority| priority.to_string()).unwrap_or_default(),
        replaces: record.id(),
    }
}

/// What a domain asks for and its zone does not hold: a record that passes as it stands is no such thing.
fn absent(domain: &DomainView, held: &PanelZone) -> Vec<PanelRecord> {
    let offered = domain.records.iter().filter(|record| record.is_offered());
    let wanted = offered.filter_map(|record| {
        let wanted = PanelRecord::wanted(record);
        let is_good = record.verdict.is_some_and(|verdict| verdict.is_good());
        let has = |value: &str| {
            let mut same = held.records.iter().filter(|old| (&old.host, old.kind) == (&wanted.host, wanted.kind));
            same.any(|old| old.value == value)
        };
        let is_there = has(&wanted.value) || is_good && record.current.iter().any(|value| has(value));
        let spoils = |old: &PanelRecord| old.host == wanted.host && old.value != wanted.value;
        let zone = OwnerName::new(&domain.zone);
        let is_spoilt = !is_good && held.records.iter().any(|old| spoils(old) && wanted.displaces(old, &zone));
        (!is_there || is_spoilt).then_some(wanted)
    });
    wanted.collect()
}

/// A zone that somebody has open.
struct Opened<'a> {
    console: &'a Console,
    user: &'a SignedIn,
    name: OwnerName,
    held: PanelZone,
}

impl<'a> Opened<'a> {
    fn new(console: &'a Console, user: &'a SignedIn, providers: &Providers, zone: &str) -> Result<Self, Failure> {
        let name = OwnerName::new(zone);
        let held = providers.find(&name).ok_or(Failure::NotFound("zone in this panel"))?;
        Ok(Self { console, user, name, held })
    }

    async fn page(
        self,
        status: StatusCode,
        typed: Typed,
        mistakes: Mistakes,
        done: String,
    ) -> Result<Response, PageFailure> {
        let offers = self.offers().await?;
        let mut records = self.held.records;
        records.sort_by(|a, b| (a.host != "@", &a.host).cmp(&(b.host != "@", &b.host)));
        let shown = ZonePage {
            layout: Layout::new(self.console, &self.user.actor, Section::None, format!("DNS of {}", self.name)),
            zone: self.name.to_string(),
            registrar: self.held.registrar,
            nameservers: NAMESERVERS.join(", "),
            old_nameservers: OLD_NAMESERVERS.join(", "),
            offers,
            rows: records.into_iter().map(|record| Row { id: record.id(), record }).collect(),
            kinds: Kind::ALL.map(Kind::as_str).to_vec(),
            typed,
            mistakes,
            done,
        };
        page(status, &shown)
    }

    async fn offers(&self) -> Result<Vec<Offer>, Failure> {
        let query = DomainQuery { limit: 50, q: Some(self.name.to_string()), ..DomainQuery::default() };
        let mut offers = Vec::new();
        for found in self.console.list_domains(&self.user.actor, &query).await?.domains {
            if OwnerName::new(&found.zone) != self.name {
                continue;
            }
            let domain = self.console.find_domain(&self.user.actor, &found.id.to_string()).await?;
            let total = domain.records.iter().filter(|record| record.is_offered()).count();
            offers.push(Offer { absent: absent(&domain, &self.held).len(), total, domain: domain.name.to_string() });
        }
        Ok(offers)
    }
}
