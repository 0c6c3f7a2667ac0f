//! `signet demo`: a throw-away console over a private DNS world on loopback. Nothing leaves the machine, and nothing
//! stays on it.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::user::plain;
use crate::app;
use crate::config::Config;
use crate::console::{Actor, Console, DemoLinks, new_secret};
use crate::demo::{self, Place, Ticket};
use crate::store;
use crate::store::embedded::Embedded;

const ACCOUNT: &str = "demo@mta.example";

pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    if !config.listen.ip().is_loopback() {
        eprintln!(
            "signet: SIGNET_LISTEN is {}; the demo listens on loopback only, such as 127.0.0.1:8080",
            config.listen
        );
        return Ok(ExitCode::from(2));
    }
    // Heard from here on: whatever is under way when a signal comes is ended in order, and the directory goes.
    let stop = tokio::spawn(app::until_told_to_stop());
    let parent = std::env::temp_dir();
    demo::remove_left(&parent).await;
    let place = Place::make(&parent)?;
    let served = run_in(&config, place.path(), stop).await;
    place.remove()?;
    served?;
    Ok(ExitCode::SUCCESS)
}

async fn run_in(config: &Config, data_dir: &Path, stop: JoinHandle<()>) -> anyhow::Result<()> {
    let database = Embedded::start(data_dir).await?;
    let served = tokio::select! {
        served = serve(config, data_dir, &database) => served,
        _ = stop => Ok(()),
    };
    database.remove().await?;
    served
}

async fn serve(config: &Config, data_dir: &Path, database: &Embedded) -> anyhow::Result<()> {
    let pool = store::open(database.options()).await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("SIGNET_LISTEN: {} cannot be listened on", config.listen))?;
    let address = listener.local_addr()?;
    let providers = Arc::new(demo::providers().await?);
    let own = Config {
        database_url: None,
        secret_key: None,
        smtp_url: None,
        data_dir: data_dir.to_owned(),
        public_url: format!("http://{address}"),
        ..config.clone()
    };
    let links = DemoLinks { panel_url: demo::PANEL_URL.into(), first_domain: demo::FIRST_DOMAIN.into() };
    let console = app::console(&own, &pool, Some(&app::Demo { dns: providers.settings(), links })).await?;
    let actor = account(&console).await?;
    console.check_profile().await.map_err(plain)?;
    demo::fill(&console, &actor, &providers).await?;
    let ticket = Ticket::new(actor.user_id);
    println!("sample account, signed in: http://{address}{}", ticket.path());
    app::announce(address);
    let router = app::router(&console).merge(demo::router(&console, providers, ticket));
    tokio::spawn(console.clone().work_on_jobs());
    // Nothing leaves the machine: there is no outbox.
    let background = app::Background { sweep: Some(app::sweep(&console, pool.clone())), outbox: None };
    app::serve_on(listener, router, background).await
}

/// An administrator whom nobody can sign in as but by the link.
async fn account(console: &Console) -> anyhow::Result<Actor> {
    console.seed_profile(&demo::profile()?).await.map_err(plain)?;
    console.add_user(ACCOUNT, &new_secret(), true, None).await.map_err(plain)?;
    console.actor_of_email(ACCOUNT).await.map_err(plain)
}
