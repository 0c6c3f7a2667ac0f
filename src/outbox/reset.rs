//! The link that sets a new password: its token is made when the mail is made, and stands in no other place.

use time::{Duration, OffsetDateTime};

use super::Outbox;
use crate::console::{fingerprint, new_secret};
use crate::store::deliveries::Claimed;
use crate::store::{self, StoreError};

/// How long a link is good, and a request for one.
const GOOD_FOR: Duration = Duration::hours(1);
/// Links of one user that are good at once: nobody fills a mailbox with them.
const GOOD_AT_ONCE: u32 = 3;

impl Outbox {
    /// A token for whoever has the address, with the time until which it is good. `None` where there is nobody to
    /// send one to, or the request is too old.
    pub(super) async fn make_token(
        &self,
        claimed: &Claimed,
        now: OffsetDateTime,
    ) -> Result<Option<(String, OffsetDateTime)>, StoreError> {
        if now - claimed.created_at > GOOD_FOR {
            return Ok(None);
        }
        let mut tx = store::begin(&self.pool).await?;
        let user = store::users::find_by_email(&mut tx, &claimed.recipient).await?;
        let Some(user) = user.filter(|user| user.disabled_at.is_none()) else { return Ok(None) };
        store::password_resets::lock(&mut tx, user.id).await?;
        if store::password_resets::count_good(&mut tx, user.id, now).await? >= GOOD_AT_ONCE {
            return Ok(None);
        }
        let token = new_secret();
        store::password_resets::insert(&mut tx, &fingerprint(&token), user.id, now, now + GOOD_FOR).await?;
        store::commit(tx).await?;
        Ok(Some((token, now + GOOD_FOR)))
    }
}
