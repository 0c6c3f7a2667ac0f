//! Signing in and out, the first administrator, tokens: who may.

use std::net::IpAddr;

use rand::Rng;
use time::Duration;
use uuid::Uuid;

use super::{Actor, Console, NewToken, SignIn, TokenView, internal};
use crate::failure::Failure;
use crate::password;
use crate::store;

/// Failures of one account from one address within [`FAILURE_WINDOW`] before it is told to wait.
pub(super) const MAX_FAILURES: u32 = 10;
pub const FAILURE_WINDOW: Duration = Duration::minutes(15);
const SESSION_LIFE: Duration = Duration::days(30);

impl Console {
    /// Who holds this session cookie; `None` for an ended or unknown one.
    pub async fn actor_of_session(&self, session: &str) -> Result<Option<Actor>, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let found = store::sessions::find_actor(&mut conn, &fingerprint(session), self.now()).await?;
        Ok(found.map(|found| Actor {
            team_id: found.team_id,
            user_id: found.user_id,
            email: found.email,
            is_admin: found.is_admin,
            token: None,
        }))
    }

    /// Who holds this API token; `None` for a deleted or unknown one.
    pub async fn actor_of_token(&self, secret: &str) -> Result<Option<Actor>, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let found = store::tokens::find_by_hash(&mut conn, &fingerprint(secret), self.now()).await?;
        Ok(found.map(|found| Actor {
            team_id: found.team_id,
            user_id: found.user_id,
            email: found.email,
            is_admin: found.is_admin,
            token: Some((found.token_id, found.token_name)),
        }))
    }

    /// Throttled: the 11th failure in 15 minutes for an account from one address is [`Failure::TooMany`], also after a
    /// restart and across replicas.
    pub async fn sign_in(&self, email: &str, password: &str, address: IpAddr) -> Result<SignIn, Failure> {
        let email = email.trim().to_lowercase();
        let now = self.now();
        let mut conn = self.0.pool.acquire().await?;
        let failures = store::login_failures::count_since(&mut conn, &email, address, now - FAILURE_WINDOW).await?;
        if failures >= MAX_FAILURES {
            return Err(Failure::TooMany { retry_after_s: FAILURE_WINDOW.whole_seconds().unsigned_abs() });
        }
        // Counted before the password is looked at, so that many tries at once cannot slip past the limit.
        store::login_failures::insert(&mut conn, &email, address, now).await?;
        let user = store::users::find_by_email(&mut conn, &email).await?.filter(|user| user.disabled_at.is_none());
        drop(conn);
        if !password::is_right(password, user.as_ref().map(|user| user.password_hash.as_str())).await {
            return Ok(SignIn::WrongPassword);
        }
        let Some(user) = user else { return Ok(SignIn::WrongPassword) };
        let mut tx = self.0.pool.begin().await?;
        store::login_failures::clear(&mut tx, &email, address).await?;
        let session = self.open_session(&mut tx, user.id).await?;
        tx.commit().await?;
        Ok(SignIn::Done { session })
    }

    pub async fn sign_out(&self, session: &str) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        Ok(store::sessions::delete(&mut conn, &fingerprint(session)).await?)
    }

    /// Ends the user's other sessions; the one given goes on.
    pub async fn change_password(&self, actor: &Actor, session: &str, old: &str, new: &str) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let user = store::users::find(&mut conn, actor.user_id).await?.ok_or(Failure::NotFound("user"))?;
        drop(conn);
        if !password::is_right(old, Some(&user.password_hash)).await {
            return Err(Failure::field("old", "This is not your present password."));
        }
        if let Some(objection) = password::objection(new) {
            return Err(Failure::field("new", objection));
        }
        let hash = password::hash(new).await;
        let mut tx = self.0.pool.begin().await?;
        store::users::set_password(&mut tx, user.id, &hash).await?;
        store::sessions::delete_of_user_except(&mut tx, user.id, Some(&fingerprint(session))).await?;
        tx.commit().await?;
        Ok(())
    }

    pub async fn is_setup_token(&self, token: &str) -> Result<bool, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        Ok(store::setup::exists(&mut conn, &fingerprint(token)).await?)
    }

    /// Creates the administrator, spends the link, signs in; returns the session's secret.
    pub async fn set_up(&self, token: &str, email: &str, password: &str) -> Result<String, Failure> {
        let email = checked_email(email)?;
        if let Some(objection) = password::objection(password) {
            return Err(Failure::field("password", objection));
        }
        let hash = password::hash(password).await;
        let mut tx = self.0.pool.begin().await?;
        if !store::setup::take(&mut tx, &fingerprint(token)).await? {
            return Err(Failure::NotFound("setup link; it works once"));
        }
        let user_id = self.insert_user(&mut tx, &email, &hash, true, None).await?;
        let session = self.open_session(&mut tx, user_id).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// A one-time `/setup` token, or `None` where there is an administrator already.
    pub async fn offer_setup(&self) -> Result<Option<String>, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        if store::users::count_admins(&mut conn).await? > 0 {
            return Ok(None);
        }
        let token = new_secret();
        store::setup::put(&mut conn, &fingerprint(&token), self.now()).await?;
        Ok(Some(token))
    }

    /// Creates a user; administrator where asked for or where there is none yet. A team of their own unless one is
    /// named. The password is taken as it is.
    pub async fn add_user(
        &self,
        email: &str,
        password: &str,
        is_admin: bool,
        team: Option<&str>,
    ) -> Result<Uuid, Failure> {
        let email = checked_email(email)?;
        let hash = password::hash(password).await;
        let mut tx = self.0.pool.begin().await?;
        store::users::lock_administrators(&mut tx).await?;
        let is_first = store::users::count_admins(&mut tx).await? == 0;
        let id = self.insert_user(&mut tx, &email, &hash, is_admin || is_first, team).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Makes a session for a user who is known by other means (the demo's link).
    pub async fn session_for(&self, user_id: Uuid) -> Result<String, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        self.open_session(&mut conn, user_id).await
    }

    pub async fn create_token(&self, actor: &Actor, name: &str) -> Result<NewToken, Failure> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(Failure::field("name", "A token needs a name of 1 to 100 visible characters."));
        }
        let secret = format!("signet_{}", new_secret());
        let token = TokenView { id: Uuid::now_v7(), name: name.to_owned(), created_at: self.now(), last_used_at: None };
        let mut conn = self.0.pool.acquire().await?;
        let row = store::tokens::TokenRow {
            id: token.id,
            team_id: actor.team_id,
            user_id: actor.user_id,
            name: name.to_owned(),
            created_at: token.created_at,
            last_used_at: None,
        };
        store::tokens::insert(&mut conn, &row, &fingerprint(&secret)).await?;
        Ok(NewToken { token, secret })
    }

    pub async fn list_tokens(&self, actor: &Actor) -> Result<Vec<TokenView>, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let rows = store::tokens::list(&mut conn, actor.team_id).await?;
        let view = |row: store::tokens::TokenRow| TokenView {
            id: row.id,
            name: row.name,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
        };
        Ok(rows.into_iter().map(view).collect())
    }

    pub async fn delete_token(&self, actor: &Actor, id: Uuid) -> Result<(), Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let is_gone = store::tokens::delete(&mut conn, actor.team_id, id).await?;
        if is_gone { Ok(()) } else { Err(Failure::NotFound("token")) }
    }

    async fn open_session(&self, conn: &mut sqlx::PgConnection, user_id: Uuid) -> Result<String, Failure> {
        let session = new_secret();
        let now = self.now();
        store::sessions::insert(conn, &fingerprint(&session), user_id, now, now + SESSION_LIFE).await?;
        Ok(session)
    }

    async fn insert_user(
        &self,
        conn: &mut sqlx::PgConnection,
        email: &str,
        hash: &str,
        is_admin: bool,
        team: Option<&str>,
    ) -> Result<Uuid, Failure> {
        let now = self.now();
        let team = team.unwrap_or(email);
        let team_id = store::users::find_or_insert_team(conn, Uuid::now_v7(), team, now).await?;
        let id = Uuid::now_v7();
        let row = store::users::UserRow {
            id,
            team_id,
            team: team.to_owned(),
            email: email.to_owned(),
            password_hash: hash.to_owned(),
            is_admin,
            created_at: now,
            disabled_at: None,
        };
        match store::users::insert(conn, &row).await {
            Ok(()) => {
                // Who looks after domains is told of them, until they choose otherwise.
                let kinds = super::alerts::kinds_of_user(is_admin);
                store::alert_addresses::insert_of_user(conn, Uuid::now_v7(), team_id, email, &kinds, now).await?;
                Ok(id)
            }
            Err(store::StoreError::Duplicate) => Err(Failure::Conflict(format!("There is a user {email} already."))),
            Err(other) => Err(other.into()),
        }
    }
}

pub(super) fn actor_of(user: store::users::UserRow) -> Actor {
    Actor { team_id: user.team_id, user_id: user.id, email: user.email, is_admin: user.is_admin, token: None }
}

/// An address as it is kept; anything without one `@` between two visible parts is refused.
pub(super) fn checked_email(text: &str) -> Result<String, Failure> {
    let email = text.trim().to_lowercase();
    let is_plain = email.len() <= 254 && !email.chars().any(|c| c.is_control() || c.is_whitespace());
    match email.split_once('@') {
        Some((local, host)) if is_plain && !local.is_empty() && !host.is_empty() && !host.contains('@') => Ok(email),
        _ => Err(Failure::field("email", "This is no e-mail address; one such as ops@example.com is accepted.")),
    }
}

/// 256 random bits, in hexadecimal.
pub fn new_secret() -> String {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is kept of a secret: its SHA-256.
pub fn fingerprint(secret: &str) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Self {
        match error {
            store::StoreError::Unavailable(_) => Self::Unavailable,
            store::StoreError::Duplicate => Self::Conflict("This is there already.".into()),
            other => internal(other),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        store::StoreError::from(error).into()
    }
}
