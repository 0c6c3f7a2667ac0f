//! Users, as the command line manages them.

use super::{Actor, Console, User};
use crate::failure::Failure;
use crate::password;
use crate::store;

impl Console {
    pub async fn list_users(&self) -> Result<Vec<User>, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let rows = store::users::list(&mut conn).await?;
        let view = |row: store::users::UserRow| User {
            id: row.id,
            is_disabled: row.disabled_at.is_some(),
            email: row.email,
            is_admin: row.is_admin,
            team: row.team,
        };
        Ok(rows.into_iter().map(view).collect())
    }

    /// Sets a password that was forgotten; ends every session of the user.
    pub async fn reset_password(&self, email: &str, password: &str) -> Result<(), Failure> {
        let hash = password::hash(password).await;
        let mut tx = self.0.pool.begin().await?;
        let user = find(&mut tx, email).await?;
        store::users::set_password(&mut tx, user.id, &hash).await?;
        store::password_resets::delete_of_user(&mut tx, user.id).await?;
        store::sessions::delete_of_user_except(&mut tx, user.id, None).await?;
        Ok(tx.commit().await?)
    }

    /// The user cannot sign in any more, and is signed out everywhere.
    pub async fn disable_user(&self, email: &str) -> Result<(), Failure> {
        let mut tx = self.0.pool.begin().await?;
        let user = find(&mut tx, email).await?;
        store::users::disable(&mut tx, user.id, self.now()).await?;
        store::sessions::delete_of_user_except(&mut tx, user.id, None).await?;
        store::password_resets::delete_of_user(&mut tx, user.id).await?;
        store::alert_addresses::delete_address(&mut tx, user.team_id, &user.email).await?;
        Ok(tx.commit().await?)
    }

    /// Who acts when the command line acts for a user.
    pub async fn actor_of_email(&self, email: &str) -> Result<Actor, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        Ok(super::session::actor_of(find(&mut conn, email).await?))
    }
}

async fn find(conn: &mut sqlx::PgConnection, email: &str) -> Result<store::users::UserRow, Failure> {
    store::users::find_by_email(conn, &email.trim().to_lowercase())
        .await?
        .ok_or(Failure::NotFound("user of that address"))
}
