//! How this console itself is doing, for administrators: the verifier, DNS, the database, backups.

use std::time::Duration;

use time::OffsetDateTime;

use super::{Actor, Console};
use crate::dns::tally::Reading;
use crate::failure::Failure;
use crate::lifecycle::Status;
use crate::lifecycle::schedule::SWEEP_PERIOD;
use crate::store;
use crate::store::deliveries::Channel;
use crate::store::profile::ProfileCheckRow;

/// The facts, as of one moment.
#[derive(Debug, Clone)]
pub struct HealthView {
    pub now: OffsetDateTime,
    /// For when the slot was planned that was walked last, by any replica; `None` before the first.
    pub walked: Option<OffsetDateTime>,
    /// Looks and slots that are overdue.
    pub overdue: u64,
    pub oldest_overdue: Option<OffsetDateTime>,
    pub dns: Reading,
    /// False: there is no sending profile yet.
    pub has_profile: bool,
    /// The last look at the profile in force.
    pub profile_check: Option<ProfileCheckRow>,
    pub database: store::about::About,
    /// How long the database took to answer all of this.
    pub database_took: Duration,
    /// Connections of this replica's pool: open, and of those idle.
    pub connections: (u32, u32),
    pub last_backup: Option<OffsetDateTime>,
    /// There is an SMTP server.
    pub sends_mail: bool,
    /// Messages that wait, and since when the oldest does.
    pub waiting: Vec<(Channel, u64, Option<OffsetDateTime>)>,
}

impl Console {
    /// Administrators only.
    pub async fn health(&self, actor: &Actor) -> Result<HealthView, Failure> {
        if !actor.is_admin {
            return Err(Failure::Forbidden("Only administrators see how the console is doing.".into()));
        }
        let (now, began) = (self.now(), std::time::Instant::now());
        let mut conn = self.0.pool.acquire().await?;
        let (due, oldest_due) = store::due_looks::overdue(&mut conn, now).await?;
        let (slots, oldest_slot) = store::sweep_slots::overdue(&mut conn, now).await?;
        let newest = store::sweep_slots::newest_plan(&mut conn).await?;
        let versions = store::profile::list_versions(&mut conn).await?;
        let in_force = versions.iter().map(|version| version.number).max();
        let check = store::profile::find_check(&mut conn).await?;
        let last_backup = store::last_backup::find(&mut conn).await?;
        let database = store::about::about(&mut conn).await?;
        let mut waiting = Vec::new();
        for channel in Channel::ALL {
            let (count, oldest) = store::deliveries::waiting(&mut conn, channel).await?;
            waiting.push((channel, u64::try_from(count).unwrap_or(0), oldest));
        }
        Ok(HealthView {
            now,
            // A walked slot is planned anew, half a day after its minute.
            walked: newest.map(|at| at - SWEEP_PERIOD).filter(|_| in_force.is_some()),
            overdue: u64::try_from(due + slots).unwrap_or(0),
            oldest_overdue: oldest_due.into_iter().chain(oldest_slot).min(),
            dns: self.0.dns.tally().read(),
            has_profile: in_force.is_some(),
            profile_check: check.filter(|check| Some(check.version) == in_force),
            database,
            database_took: began.elapsed(),
            connections: (self.0.pool.size(), u32::try_from(self.0.pool.num_idle()).unwrap_or(u32::MAX)),
            last_backup,
            sends_mail: self.0.alerts.sends_mail,
            waiting,
        })
    }

    /// How many domains of all teams have each status. Reads the whole table.
    pub async fn count_domains_by_status(&self) -> Result<Vec<(Status, u64)>, Failure> {
        let mut conn = self.0.pool.acquire().await?;
        let counted = store::domains::count_by_status(&mut conn).await?;
        let count = |status| counted.iter().find(|(held, _)| *held == status).map_or(0, |(_, count)| *count);
        Ok(Status::ALL.into_iter().map(|status| (status, count(status))).collect())
    }
}
