//! The composition root: puts the console together from the settings and serves it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::net::TcpListener;

use crate::config::Config;
use crate::console::{Console, DemoLinks, Parts, Running};
use crate::dns::{Dns, DnsSettings};
use crate::keys::KeyPool;
use crate::password;
use crate::records::plan::SendingProfile;
use crate::seal::Sealer;
use crate::{api, web};

/// RSA-2048 keys kept ready, so that adding a domain does not wait for primes.
const READY_KEYS: usize = 4;
/// How long requests in hand may take once the program was told to stop.
const STOPPING_TAKES_AT_MOST: Duration = Duration::from_secs(10);

/// Between two questions whether the profile is to be looked at: long enough to cost nothing, short enough for a
/// clock that was set and for edits by other replicas.
const SHORTEST_SLEEP: Duration = Duration::from_secs(60);
const LONGEST_SLEEP: Duration = Duration::from_secs(600);

/// What only the demo has.
pub struct Demo {
    pub dns: DnsSettings,
    pub links: DemoLinks,
}

/// The console on an open, migrated database.
pub async fn console(config: &Config, pool: &PgPool, demo: Option<&Demo>) -> anyhow::Result<Console> {
    config.check_for_serving()?;
    let sealer = match &config.secret_key {
        Some(key) => Sealer::new(key.expose()),
        None => Sealer::load_or_generate(&config.data_dir)?,
    };
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
    Router::new().merge(web::router(console.clone())).merge(api::router(console.clone()))
}

/// Serves until SIGTERM or ctrl-C.
pub async fn serve(config: &Config, pool: &PgPool, extra: Option<Router>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("SIGNET_LISTEN: {} cannot be listened on", config.listen))?;
    let address = listener.local_addr()?;
    let mut config = config.clone();
    if config.is_public_url_default {
        config.public_url = format!("http://{address}");
    }
    let console = console(&config, pool, None).await?;
    prepare(&config, &console).await?;
    announce(address);
    let watch = config.has_verifier.then(|| tokio::spawn(watch_profile(console.clone())));
    let served = serve_on(listener, router(&console).merge(extra.unwrap_or_default())).await;
    if let Some(watch) = watch {
        watch.abort();
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

/// Says where it serves, as soon as it does.
pub fn announce(address: SocketAddr) {
    println!("listening on http://{address}");
}

/// Serves a router until SIGTERM or ctrl-C; what is in hand then has ten seconds.
pub async fn serve_on(listener: TcpListener, router: Router) -> anyhow::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async {
        until_told_to_stop().await;
        let _ = stop.send(());
    });
    let overdue = async {
        if stopping.await.is_ok() {
            tokio::time::sleep(STOPPING_TAKES_AT_MOST).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = serving => served.context("the listener failed"),
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
    if let (Some(email), Some(secret)) = (&config.admin_email, &config.admin_password) {
        let has_admin = console.list_users().await?.iter().any(|user| user.is_admin);
        if !has_admin {
            if let Some(objection) = password::objection(secret.expose()) {
                bail!("SIGNET_ADMIN_PASSWORD: {objection}");
            }
            console.add_user(email, secret.expose(), true, None).await.map_err(|failure| match failure {
                crate::failure::Failure::Unacceptable(errors) => {
                    anyhow::anyhow!(
                        "SIGNET_ADMIN_EMAIL: {}",
                        errors.first().map_or("not usable", |error| &error.message)
                    )
                }
                other => other.into(),
            })?;
        }
    }
    if let Some(token) = console.offer_setup().await? {
        eprintln!("first start: open {}/setup?token={token} to create the administrator", console.public_url());
    }
    Ok(())
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
