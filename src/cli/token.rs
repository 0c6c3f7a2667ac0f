//! `signet token …`.

use std::process::ExitCode;

use clap::Subcommand;

use super::database;
use super::user::plain;
use crate::app;
use crate::config::Config;

#[derive(Subcommand)]
pub enum Token {
    /// Print the secret of a new API token, alone on standard output, once
    Create {
        #[arg(long, value_name = "EMAIL")]
        user: String,
        #[arg(long)]
        name: String,
    },
}

impl Token {
    pub async fn run(self, config: Config) -> anyhow::Result<ExitCode> {
        let Self::Create { user, name } = self;
        config.check_for_serving()?;
        let database = database::attach(&config).await?;
        let console = app::console(&config, &database.pool, None).await?;
        let made = async {
            let actor = console.actor_of_email(&user).await?;
            console.create_token(&actor, &name).await
        };
        let made = made.await;
        database.close().await;
        println!("{}", made.map_err(plain)?.secret);
        Ok(ExitCode::SUCCESS)
    }
}
