//! A link by mail for who forgot a password. Nobody learns by it who has an account: a request is written down whatever
//! was typed, and looked at when the mail is made.

use std::net::IpAddr;

use uuid::Uuid;

use super::Console;
use super::session::{FAILURE_WINDOW, MAX_FAILURES, checked_email, fingerprint};
use crate::failure::Failure;
use crate::password;
use crate::store;
use crate::store::deliveries::{Message, NewDelivery, Target};

/// Requests from one address within [`FAILURE_WINDOW`], whomever they name.
const MAX_OF_ADDRESS: u32 = 30;

impl Console {
    /// Asks for a link. Throttled like signing in; without an SMTP server there is no such page.
    pub async fn request_reset(&self, email: &str, address: IpAddr) -> Result<(), Failure> {
        if !self.sends_mail() {
            return Err(Failure::NotFound("page"));
        }
        let email = checked_email(email)?;
        let now = self.now();
        let since = now - FAILURE_WINDOW;
        let mut tx = self.0.pool.begin().await?;
        let (one, all) = (format!("reset {email}"), "reset");
        let of_account = store::login_failures::count_since(&mut tx, &one, address, since).await?;
        let of_address = store::login_failures::count_since(&mut tx, all, address, since).await?;
        if of_account >= MAX_FAILURES || of_address >= MAX_OF_ADDRESS {
            return Err(Failure::TooMany { retry_after_s: FAILURE_WINDOW.whole_seconds().unsigned_abs() });
        }
        store::login_failures::insert(&mut tx, &one, address, now).await?;
        store::login_failures::insert(&mut tx, all, address, now).await?;
        let request = NewDelivery {
            id: Uuid::now_v7(),
            team_id: None,
            target: Target::Somebody,
            recipient: email,
            message: Message::Reset,
            notices: Vec::new(),
        };
        store::deliveries::insert(&mut tx, &[request], now).await?;
        Ok(tx.commit().await?)
    }

    /// Whether a link is good.
    pub async fn is_reset_token(&self, token: &str) -> Result<bool, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let user = store::password_resets::find_user(&mut conn, &fingerprint(token), self.now()).await?;
        Ok(user.is_some())
    }

    /// Spends a link: sets the password, ends every session and every other link of its user.
    pub async fn reset_by_token(&self, token: &str, password: &str) -> Result<(), Failure> {
        if let Some(objection) = password::objection(password) {
            return Err(Failure::field("password", objection));
        }
        if !self.is_reset_token(token).await? {
            return Err(Failure::NotFound("link; it works once, for an hour"));
        }
        let hash = password::hash(password).await;
        let mut tx = self.0.pool.begin().await?;
        let user_id = store::password_resets::take(&mut tx, &fingerprint(token), self.now()).await?;
        let user_id = user_id.ok_or(Failure::NotFound("link; it works once, for an hour"))?;
        store::users::set_password(&mut tx, user_id, &hash).await?;
        store::sessions::delete_of_user_except(&mut tx, user_id, None).await?;
        store::password_resets::delete_of_user(&mut tx, user_id).await?;
        Ok(tx.commit().await?)
    }
}
