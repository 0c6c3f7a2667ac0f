//! `signet user …`.

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Subcommand;

use super::database;
use crate::app;
use crate::config::Config;
use crate::console::Console;
use crate::password;

#[derive(Subcommand)]
pub enum User {
    /// Add a user; the password is read from the terminal or from standard input
    Add {
        email: String,
        /// May change the sending profile and manage users
        #[arg(long)]
        admin: bool,
        /// Join this team; without it the user gets a team of their own
        #[arg(long)]
        team: Option<String>,
    },
    /// List the users
    List,
    /// Set a user's password; ends their sessions
    Password { email: String },
    /// Forbid a user to sign in; ends their sessions
    Disable { email: String },
}

impl User {
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        config.check_for_serving()?;
        let database = database::attach(&config).await?;
        let console = app::console(&config, &database.pool, None).await?;
        let outcome = self.act(&console).await;
        database.close().await;
        outcome?;
        Ok(ExitCode::SUCCESS)
    }

    async fn act(self, console: &Console) -> anyhow::Result<()> {
        match self {
            Self::Add { email, admin, team } => {
                let password = read_password()?;
                console.add_user(&email, &password, admin, team.as_deref()).await.map_err(plain)?;
                println!("added {email}");
            }
            Self::List => {
                for user in console.list_users().await.map_err(plain)? {
                    let role = if user.is_admin { "administrator" } else { "user" };
                    let state = if user.is_disabled { "disabled" } else { "active" };
                    println!("{}\t{role}\t{state}\t{}", user.email, user.team);
                }
            }
            Self::Password { email } => {
                let password = read_password()?;
                console.reset_password(&email, &password).await.map_err(plain)?;
                println!("changed the password of {email}");
            }
            Self::Disable { email } => {
                console.disable_user(&email).await.map_err(plain)?;
                println!("disabled {email}");
            }
        }
        Ok(())
    }
}

/// A failure as one line for a terminal.
pub fn plain(failure: crate::failure::Failure) -> anyhow::Error {
    match failure {
        crate::failure::Failure::Unacceptable(errors) => {
            let lines: Vec<String> = errors.into_iter().map(|error| error.message).collect();
            anyhow::anyhow!(lines.join(" "))
        }
        other => other.into(),
    }
}

fn read_password() -> anyhow::Result<String> {
    let password = if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password("Password: ").context("no password was read")?;
        let again = rpassword::prompt_password("Once more: ").context("no password was read")?;
        if first != again {
            bail!("the two passwords differ");
        }
        first
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("no password was read")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    match password::objection(&password) {
        Some(objection) => bail!("{objection}"),
        None => Ok(password),
    }
}
