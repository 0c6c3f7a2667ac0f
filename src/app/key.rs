//! The instance's secret key: the setting, else the data directory's. A key that does not open what is sealed already
//! is told before anything else is done.

use anyhow::Context;

use crate::config::{Config, ConfigError};
use crate::seal::{self, Sealer};
use crate::store::{self, Pool};

/// The key at hand; `None` where none is set or kept. None is made.
pub fn find(config: &Config) -> anyhow::Result<Option<Sealer>> {
    config.check_for_serving()?;
    match &config.secret_key {
        Some(key) => Ok(Some(Sealer::new(key.expose()))),
        None => Ok(Sealer::load(&config.data_dir)?),
    }
}

/// The key of the console on this database; made in the data directory where nothing is sealed yet and none is set.
pub(super) async fn of_console(config: &Config, pool: &Pool) -> anyhow::Result<Sealer> {
    let held = find(config)?;
    let mut connection = pool.acquire().await.context("the database does not answer")?;
    let sealed = store::keys::find_any_sealed(&mut connection).await?;
    let wanted = sealed.as_deref().and_then(seal::key_id_of);
    match (held, wanted) {
        (Some(sealer), Some(wanted)) if sealer.key_id() != wanted => {
            Err(refusal(config, Some(&sealer), &wanted).into())
        }
        (None, Some(wanted)) => Err(refusal(config, None, &wanted).into()),
        (Some(sealer), _) => Ok(sealer),
        (None, None) => Ok(Sealer::load_or_generate(&config.data_dir)?),
    }
}

/// One line for a key that is not the `wanted` one, by their ids.
pub fn refusal(config: &Config, held: Option<&Sealer>, wanted: &str) -> ConfigError {
    let path = seal::key_file(&config.data_dir);
    let place = match (&config.secret_key, held) {
        (Some(_), _) => "SIGNET_SECRET_KEY holds".to_owned(),
        (None, Some(_)) => format!("SIGNET_SECRET_KEY is not set, and {} holds", path.display()),
        (None, None) => format!("SIGNET_SECRET_KEY is not set, and {} is not there", path.display()),
    };
    let key = held.map(|sealer| format!(" the key {}", sealer.key_id())).unwrap_or_default();
    ConfigError::new(format!("{place}{key}; the key {wanted}, which sealed what is kept, is accepted"))
}
