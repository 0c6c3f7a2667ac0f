//! The sending profile: read by everybody, changed by administrators.

use super::{Actor, Console};
use crate::failure::Failure;
use crate::records::plan::SendingProfile;
use crate::store;

impl Console {
    /// `None` before an SPF mechanism is known.
    pub async fn profile(&self) -> Result<Option<SendingProfile>, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        Ok(store::profile::get(&mut conn).await?.filter(|profile| !profile.spf.is_empty()))
    }

    pub async fn save_profile(&self, actor: &Actor, profile: SendingProfile) -> Result<(), Failure> {
        if !actor.is_admin {
            return Err(Failure::Forbidden("Only an administrator may change the sending profile.".into()));
        }
        if profile.spf.is_empty() {
            return Err(Failure::field(
                "spf",
                "At least one SPF mechanism is needed, such as include:spf.mta.example.",
            ));
        }
        let mut conn = self.0.pool.acquire().await?;
        Ok(store::profile::put(&mut conn, &profile).await?)
    }

    /// Puts the settings' profile in place where there is none yet. True: it differs from the one that is kept.
    pub async fn seed_profile(&self, seed: &SendingProfile) -> Result<bool, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        if store::profile::seed(&mut conn, seed).await? {
            return Ok(false);
        }
        Ok(store::profile::get(&mut conn).await?.as_ref() != Some(seed))
    }

    pub(super) async fn required_profile(&self) -> Result<SendingProfile, Failure> {
        let message = "There is no sending profile yet: an administrator sets at least one SPF mechanism under Settings, \
                       Sending profile (or SIGNET_SPF at the first start).";
        self.profile().await?.ok_or_else(|| Failure::Conflict(message.into()))
    }
}
