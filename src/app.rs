//! The composition root: puts the console together from the settings and serves it.

pub mod key;
mod requests;

mod background;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::middleware::from_fn;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

pub use self::background::{Background, outbox, sweep};
use crate::config::{Config, ConfigError};
use crate::console::jobs::RESULTS_KEPT;
use crate::console::{AlertSettings, Console, DemoLinks, FAILURE_WINDOW, Parts, Running};
use crate::dns::{Dns, DnsSettings};
use crate::failure::Failure;
use crate::keys::KeyPool;
use crate::outbox::Outbox;
use crate::password;
use crate::records::plan::SendingProfile;
use crate::store::{self, Pool, StoreError};
use crate::{api, web};

/// RSA-2048 keys kept ready, so that adding a domain does not wait for primes.
const READY_KEYS: usize = 4;
/// How long requests in hand may take once the program was told to stop.
const STOPPING_TAKES_AT_MOST: Duration = Duration::from_secs(10);

/// Between two questions whether the profile is to be looked at: long enough to cost nothing, short enough for a
/// clock that was set and for edits by other replicas.
const SHORTEST_SLEEP: Duration = Duration::from_secs(60);
const LONGEST_SLEEP: Duration = Duration::from_secs(600);

/// Brotli's and gzip's: most of what the highest wins, at a tenth of the time.
const COMPRESSION: CompressionLevel = CompressionLevel::Precise(4);

/// How often what has expired is deleted.
const TIDIES_EVERY: Duration = Duration::from_secs(15 * 60);

/// What only the demo has.
pub struct Demo {
    pub dns: DnsSettings,
    pub links: DemoLinks,
}

/// The console on an open, migrated database.
pub async fn console(config: &Config, pool: &Pool, demo: Option<&Demo>) -> anyhow::Result<Console> {
    let sealer = key::of_console(config, pool).await?;
    let settings = demo.map_or_else(|| dns_settings(config), |demo| demo.dns.clone());
    let dns = Dns::start(settings).await.context("the sockets for DNS cannot be opened")?;
    Ok(Console::new(Parts {
        pool: pool.clone(),
        dns,
        sealer,
        keys: KeyPool::start(READY_KEYS),
        running: Running::default(),
        public_url: config.public_url.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        alerts: AlertSettings { sends_mail: config.smtp_url.is_some(), allows_private_webhooks: false },
        demo: demo.map(|demo| demo.links.clone()),
        clock: OffsetDateTime::now_utc,
    }))
}

/// The DNS settings of a configuration; the system's resolvers where none is named.
pub fn dns_settings(config: &Config) -> DnsSettings {
    let resolvers = match &config.dns_resolvers {
        resolvers if resolvers.is_empty() => crate::dns::recursive::system_resolvers(),
        resolvers => resolvers.clone(),
    };
    DnsSettings {
        resolvers,
        is_direct: config.dns_direct,
        authority_port: config.dns_authority_port,
        allows_private: config.dns_allow_private,
    }
}

/// Every page and call.
pub fn router(console: &Console) -> Router {
    api::metrics::install();
    let is_https = web::headers::is_https(console.public_url());
    Router::new()
        .merge(web::router(console.clone()))
        .merge(api::router(console.clone()))
        .merge(web::docs::router(console.clone(), api::description()))
        .layer(from_fn(move |request, next| web::headers::secure(is_https, request, next)))
        // Events are left alone: they must not wait for a block to fill.
        .layer(CompressionLayer::new().quality(COMPRESSION))
        .layer(from_fn(requests::observe))
}

/// Serves until SIGTERM or ctrl-C. `background` is the pool of the work that serves no team.
pub async fn serve(config: &Config, pool: &Pool, background: Pool) -> anyhow::Result<()> {
    let listener = listen(config.listen).await?;
    let address = listener.local_addr()?;
    let mut config = config.clone();
    if config.is_public_url_default {
        config.public_url = format!("http://{address}");
    }
    let console = console(&config, pool, None).await?;
    prepare(&config, &console).await?;
    let tidying = tokio::spawn(tidy_for_ever(background.clone()));
    let folding = tokio::spawn(api::metrics::fold_for_ever());
    announce(address);
    let watch = config.has_verifier.then(|| tokio::spawn(watch_profile(console.clone())));
    let jobs = config.has_verifier.then(|| tokio::spawn(console.clone().work_on_jobs()));
    let background = match config.has_verifier {
        true => Background {
            sweep: Some(sweep(&console, background.clone())),
            outbox: Some(outbox(&config, &console, background)),
        },
        false => Background::default(),
    };
    let served = serve_on(listener, router(&console), background).await;
    tidying.abort();
    folding.abort();
    for task in [watch, jobs].into_iter().flatten() {
        task.abort();
    }
    served
}

/// Looks at the sending profile's own names now, and again whenever that is due. Ends with the program.
async fn watch_profile(console: Console) {
    let mut outcome = console.check_profile().await.map(|()| LONGEST_SLEEP);
    loop {
        if let Err(failure) = &outcome {
            tracing::warn!(error = failure as &dyn std::error::Error, "the sending profile was not looked at");
        }
        tokio::time::sleep(outcome.unwrap_or(SHORTEST_SLEEP).clamp(SHORTEST_SLEEP, LONGEST_SLEEP)).await;
        let due = console.check_profile_if_due().await;
        outcome = due.map(|pause| Duration::try_from(pause).unwrap_or(SHORTEST_SLEEP));
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        // Whoever has it may be about to leave; the setting itself is not wrong.
        std::io::ErrorKind::AddrInUse => {
            anyhow::anyhow!("SIGNET_LISTEN: {address} is in use by another program")
        }
        _ => ConfigError::new(format!(
            "SIGNET_LISTEN holds \"{address}\", which cannot be listened on ({error}); an address of this machine \
             and a free port, such as 127.0.0.1:8080, are accepted"
        ))
        .into(),
    })
}

/// Forgets sessions that have ended and failed sign-ins that count no more.
async fn tidy_for_ever(pool: Pool) {
    let mut every = tokio::time::interval(TIDIES_EVERY);
    loop {
        every.tick().await;
        if let Err(error) = tidy(&pool, OffsetDateTime::now_utc()).await {
            tracing::warn!("what has expired was not deleted, and will be later: {error}");
        }
    }
}

async fn tidy(pool: &Pool, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut transaction = store::begin(pool).await?;
    store::sessions::delete_expired(&mut transaction, now).await?;
    store::login_failures::delete_before(&mut transaction, now - FAILURE_WINDOW).await?;
    store::shares::delete_expired(&mut transaction, now).await?;
    store::jobs::delete_before(&mut transaction, now - RESULTS_KEPT).await?;
    store::commit(transaction).await?;
    Outbox::tidy(pool, now).await
}

/// Says where it serves, as soon as it does.
pub fn announce(address: SocketAddr) {
    println!("listening on http://{address}");
}

/// Serves a router and does the background work until SIGTERM or ctrl-C; what is in hand then has ten seconds.
pub async fn serve_on(listener: TcpListener, router: Router, background: Background) -> anyhow::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        until_told_to_stop().await;
        stop.send_replace(true);
    });
    let told = |mut stopping: watch::Receiver<bool>| async move {
        // The sender goes only after it has told.
        let _ = stopping.wait_for(|is_told| *is_told).await;
    };
    let serving = axum::serve(listener, service).with_graceful_shutdown(told(stopping.clone()));
    let working = async {
        background.run(stopping.clone()).await;
        told(stopping.clone()).await;
    };
    let overdue = async {
        told(stopping.clone()).await;
        tokio::time::sleep(STOPPING_TAKES_AT_MOST).await;
    };
    let both = async {
        tokio::try_join!(async { serving.await.context("the listener failed") }, async {
            working.await;
            Ok(())
        })
    };
    tokio::select! {
        served = both => served.map(|_| ()),
        () = overdue => Ok(()),
    }
}

/// First things: the administrator, the profile, the setup link.
async fn prepare(config: &Config, console: &Console) -> anyhow::Result<()> {
    if let Some(seed) = profile_seed(config)
        && console.seed_profile(&seed).await?
    {
        tracing::warn!("the sending profile kept in the database differs from the settings; the kept one counts");
    }
    if let (Some(email), Some(password)) = (&config.admin_email, &config.admin_password) {
        add_administrator(console, email, password.expose()).await?;
    }
    if let Some(token) = console.offer_setup().await? {
        eprintln!("first start: open {}/setup?token={token} to create the administrator", console.public_url());
    }
    Ok(())
}

/// Creates the administrator that the settings name, where there is none. Another replica may be quicker.
async fn add_administrator(console: &Console, email: &str, password: &str) -> anyhow::Result<()> {
    let has_one = async || Ok::<_, Failure>(console.list_users().await?.iter().any(|user| user.is_admin));
    if has_one().await? {
        return Ok(());
    }
    if let Some(objection) = password::objection(password) {
        return Err(ConfigError::new(format!("SIGNET_ADMIN_PASSWORD is not usable: {objection}")).into());
    }
    match console.add_user(email, password, true, None).await {
        Ok(_) => Ok(()),
        Err(Failure::Unacceptable(errors)) => {
            let objection = errors.first().map_or("it is not usable", |error| &error.message);
            Err(ConfigError::new(format!("SIGNET_ADMIN_EMAIL holds {email:?}: {objection}")).into())
        }
        Err(Failure::Conflict(_)) if has_one().await? => Ok(()),
        Err(other) => Err(other.into()),
    }
}

/// The profile that the settings name; `None` where they name no SPF mechanism.
pub fn profile_seed(config: &Config) -> Option<SendingProfile> {
    (!config.profile.spf.is_empty()).then(|| config.profile.clone())
}

/// Ends at SIGTERM or ctrl-C.
pub async fn until_told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
