//! The commands of contract section 1, one file each.

mod backup;
mod check;
mod database;
mod demo;
mod migrate;
mod report;
mod restore;
mod serve;
mod token;
mod user;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, ConfigError};

/// A self-hosted sender-domain console.
#[derive(Parser)]
#[command(name = "signet", version, about, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Migrate the database, then serve pages and API until SIGTERM or ctrl-C (the default)
    Serve,
    /// Serve a throw-away console with sample domains in a private DNS world on loopback
    Demo,
    /// Diagnose one domain without a database
    Check(check::Check),
    /// Apply the database migrations and stop
    Migrate,
    /// Write everything but the secret key into one file, also while a server runs
    Backup(backup::Backup),
    /// Fill an empty database from a file that `backup` wrote
    Restore(restore::Restore),
    /// Manage users
    #[command(subcommand)]
    User(user::User),
    /// Manage API tokens
    #[command(subcommand)]
    Token(token::Token),
}

macro_rules! flags {
    ($($field:ident: $variable:literal, $help:literal;)*) => {
        /// The settings that are no secrets, as flags; each stands for the environment variable of its name.
        #[derive(Args)]
        struct Flags {
            $(
                #[doc = $help]
                #[arg(long, global = true, value_name = "VALUE", help_heading = "Settings", hide_env = true)]
                $field: Option<String>,
            )*
        }

        impl Flags {
            fn into_settings(self) -> BTreeMap<String, String> {
                let mut settings = BTreeMap::new();
                $(if let Some(value) = self.$field { settings.insert($variable.to_owned(), value); })*
                settings
            }
        }
    };
}

flags! {
    data_dir: "SIGNET_DATA_DIR", "Embedded database and generated key";
    listen: "SIGNET_LISTEN", "Address and port";
    public_url: "SIGNET_PUBLIC_URL", "What links start with";
    trusted_proxies: "SIGNET_TRUSTED_PROXIES", "Networks whose X-Forwarded-* is believed";
    admin_email: "SIGNET_ADMIN_EMAIL", "Create this administrator if there is none";
    spf: "SIGNET_SPF", "SPF mechanisms of this platform's servers";
    mx: "SIGNET_MX", "Bounce host, PRIORITY HOST";
    return_path: "SIGNET_RETURN_PATH", "LABEL TARGET";
    tracking: "SIGNET_TRACKING", "LABEL TARGET";
    dmarc: "SIGNET_DMARC", "DMARC policy tags offered";
    selector_prefix: "SIGNET_SELECTOR_PREFIX", "What generated selectors start with";
    dns_resolvers: "SIGNET_DNS_RESOLVERS", "Recursive resolvers, ip[:port] separated by commas";
    dns_direct: "SIGNET_DNS_DIRECT", "off: never ask a zone's nameservers";
    dns_authority_port: "SIGNET_DNS_AUTHORITY_PORT", "Port on which nameservers are asked";
    dns_allow_private: "SIGNET_DNS_ALLOW_PRIVATE", "true: ask nameservers at private addresses";
    mail_from: "SIGNET_MAIL_FROM", "Sender of alerts";
    verifier: "SIGNET_VERIFIER", "off: pages and API only";
}

/// Runs the command that the arguments name. 2 for unusable settings or arguments, 1 for any other failure.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    start_log();
    let flags = arguments.flags.into_settings();
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let config = match Config::load(&environment, &flags) {
        Ok((config, warnings)) => {
            warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            config
        }
        Err(error) => {
            eprintln!("signet: {error}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("signet: no runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let command = arguments.command.unwrap_or(Command::Serve);
    let outcome = runtime.block_on(async {
        match command {
            Command::Serve => serve::run(config).await,
            Command::Demo => demo::run(config).await,
            Command::Check(check) => check.run(&config).await,
            Command::Migrate => migrate::run(config).await,
            Command::Backup(backup) => backup.run(config).await,
            Command::Restore(restore) => restore.run(config).await,
            Command::User(user) => user.run(config).await,
            Command::Token(token) => token.run(config).await,
        }
    });
    outcome.unwrap_or_else(|error| {
        eprintln!("signet: {error:#}");
        if error.is::<ConfigError>() { ExitCode::from(2) } else { ExitCode::FAILURE }
    })
}

/// Logs go to standard error; `RUST_LOG` chooses what is shown.
fn start_log() {
    use std::io::IsTerminal;
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sqlx=warn,hyper=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
