//! `signet demo`: a throw-away console over a private DNS world on loopback. Nothing leaves the machine.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, bail};
use axum::Router;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use tokio::net::TcpListener;

use super::user::plain;
use crate::app;
use crate::config::Config;
use crate::console::{Actor, Console, DomainView, NewDomain, new_secret};
use crate::dns::zone_world::World;
use crate::records::OwnerName;
use crate::records::plan::SendingProfile;
use crate::records::spf::ProfileMechanism;
use crate::records::zonefile::{self, ZoneEntry};
use crate::store;
use crate::store::embedded::Embedded;

const ACCOUNT: &str = "demo@signet.example";

/// What goes wrong with a sample domain, as people really get it wrong.
enum Story {
    Healthy,
    Unpublished,
    SpfOfTheirOwn,
    SpfTwice,
    KeyCut,
    KeyQuoted,
    KeyDoubled,
    DmarcMissing,
}

const SAMPLES: &[(&str, Story)] = &[
    ("mail.bakery.example", Story::Healthy),
    ("news.florist.example", Story::Unpublished),
    ("shop.garage.example", Story::SpfOfTheirOwn),
    ("mail.hotel.example", Story::SpfTwice),
    ("mail.library.example", Story::KeyCut),
    ("post.museum.example", Story::KeyQuoted),
    ("mail.orchard.example", Story::KeyDoubled),
    ("mail.theatre.example", Story::DmarcMissing),
];

pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    if !config.listen.ip().is_loopback() {
        eprintln!(
            "signet: SIGNET_LISTEN is {}; the demo listens on loopback only, such as 127.0.0.1:8080",
            config.listen
        );
        return Ok(ExitCode::from(2));
    }
    let data_dir = std::env::temp_dir().join(format!("signet-demo-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&data_dir)?;
    let database = Embedded::start(&data_dir).await?;
    let pool = store::connect_with(database.options()).await?;
    let served = serve(&config, &data_dir, &pool).await;
    pool.close().await;
    database.stop().await;
    std::fs::remove_dir_all(&data_dir).context("the demo's directory is left behind")?;
    served?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: &Config, data_dir: &std::path::Path, pool: &store::Pool) -> anyhow::Result<()> {
    store::migrate(pool).await?;
    let listener = TcpListener::bind(config.listen).await.context("SIGNET_LISTEN cannot be listened on")?;
    let address = listener.local_addr()?;
    let world = World::start(&world_text()).await?;
    let mut own = config.clone();
    own.database_url = None;
    own.secret_key = None;
    own.data_dir = data_dir.to_owned();
    own.public_url = format!("http://{address}");
    let demo = app::Demo { dns: world.settings(), panel_url: None };
    let console = app::console(&own, pool, Some(&demo)).await?;
    let actor = account(&console).await?;
    fill(&console, &actor, &world).await?;
    let ticket = new_secret();
    println!("sample account, signed in: http://{address}/demo/enter/{ticket}");
    app::announce(address);
    app::serve_on(listener, app::router(&console).merge(entrance(console.clone(), actor, ticket))).await
}

async fn account(console: &Console) -> anyhow::Result<Actor> {
    let profile = SendingProfile {
        spf: ProfileMechanism::parse_list("include:spf.mta.example").map_err(anyhow::Error::msg)?,
        selector_prefix: "s".into(),
        ..SendingProfile::default()
    };
    console.seed_profile(&profile).await.map_err(plain)?;
    console.add_user(ACCOUNT, &new_secret(), true, None).await.map_err(plain)?;
    console.actor_of_email(ACCOUNT).await.map_err(plain)
}

/// The platform's names, and an empty zone for each sample.
fn world_text() -> String {
    let samples: String = SAMPLES.iter().map(|(name, _)| format!(";; zone {}\n", zone_of(name))).collect();
    format!(";; zone mta.example\nspf TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n{samples}")
}

fn zone_of(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, zone)| zone)
}

/// Makes every sample, publishes what its owner would have, and verifies it.
async fn fill(console: &Console, actor: &Actor, world: &World) -> anyhow::Result<()> {
    for (name, story) in SAMPLES {
        let new = NewDomain { name: (*name).to_owned(), tags: BTreeMap::new(), ..NewDomain::default() };
        let domain = console.create_domain(actor, new).await.map_err(plain)?;
        world.set_zone(&OwnerName::new(zone_of(name)), &published(&domain, story), &[])?;
        console.verify_domain(actor, name).await.map_err(plain)?;
    }
    Ok(())
}

/// The zone as its owner has it.
fn published(domain: &DomainView, story: &Story) -> String {
    let zone = OwnerName::new(zone_of(domain.name.as_str()));
    let entry = |record: &crate::console::RecordView| ZoneEntry {
        name: record.name.clone(),
        rtype: record.rtype,
        value: record.value.clone(),
        priority: record.priority,
        replaces: None,
    };
    let mut entries: Vec<ZoneEntry> = domain.records.iter().map(entry).collect();
    match story {
        Story::Healthy => {}
        Story::Unpublished => entries.clear(),
        Story::SpfOfTheirOwn => entries[1].value = "v=spf1 ip4:198.51.100.0/24 -all".into(),
        Story::SpfTwice => {
            let other = ZoneEntry { value: "v=spf1 ip4:198.51.100.7 ~all".into(), ..entries[1].clone() };
            entries.push(other);
        }
        Story::KeyCut => entries[0].value.truncate(255),
        Story::KeyQuoted => entries[0].value = format!("\"{}\"", entries[0].value),
        Story::KeyDoubled => entries[0].name = format!("{}.{zone}", entries[0].name),
        Story::DmarcMissing => {
            entries.pop();
        }
    }
    zonefile::render(&entries)
}

/// The link that signs the sample account in.
fn entrance(console: Console, actor: Actor, ticket: String) -> Router {
    let enter = move |axum::extract::Path(given): axum::extract::Path<String>| {
        let (console, user_id, ticket) = (console.clone(), actor.user_id, ticket.clone());
        async move { enter(&console, user_id, given == ticket).await.unwrap_or((StatusCode::NOT_FOUND, HeaderMap::new())) }
    };
    Router::new().route("/demo/enter/{ticket}", get(enter))
}

async fn enter(console: &Console, user_id: uuid::Uuid, is_valid: bool) -> anyhow::Result<(StatusCode, HeaderMap)> {
    if !is_valid {
        bail!("no such link");
    }
    let session = console.session_for(user_id).await.map_err(plain)?;
    let mut headers = HeaderMap::new();
    headers.insert(LOCATION, "/domains".parse()?);
    headers.insert(SET_COOKIE, format!("signet_session={session}; HttpOnly; SameSite=Lax; Path=/").parse()?);
    Ok((StatusCode::SEE_OTHER, headers))
}
