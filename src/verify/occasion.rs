//! Why a domain is looked at, what saving the look depends on, and when it is looked at next.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Progress;
use crate::lifecycle::Standing;
use crate::lifecycle::schedule::{Looked, next_look};
use crate::store::domains::DomainRow;
use crate::store::due_looks::DueLease;
use crate::store::{self, StoreError};

#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// Stands in the events: a user, a token or `sweep`.
    pub by: &'a str,
    /// The claim under which the look is saved: once it is another's, nothing is. `None`: somebody waits for it.
    pub lease: Option<DueLease>,
    /// Drawn evenly from 0 to 1.
    pub jitter: f64,
    /// Where somebody watches the check.
    pub progress: Option<&'a Progress>,
}

impl Occasion<'_> {
    /// Whether the look may still be saved; the claim is held until the transaction ends.
    pub(super) async fn may_save(&self, tx: &mut PgConnection) -> Result<bool, StoreError> {
        match &self.lease {
            None => Ok(true),
            Some(lease) => store::due_looks::is_held(tx, *lease).await,
        }
    }

    /// Plans the look after this one, and says when it will be unless a slot decides. Somebody's click begins the short pauses anew; what the sweep finds goes on with
    /// those that run.
    pub(super) async fn plan_next(
        &self,
        tx: &mut PgConnection,
        domain: &DomainRow,
        required: &[Standing],
        now: OffsetDateTime,
    ) -> Result<Option<OffsetDateTime>, StoreError> {
        let since = match self.lease {
            None => now,
            Some(_) => store::due_looks::find(tx, domain.id).await?.map_or(now, |planned| planned.since),
        };
        let looked = Looked {
            status: domain.status,
            since,
            at_risk_since: domain.at_risk_since,
            doubted_until: required.iter().filter_map(|standing| standing.doubted_until).min(),
            not_before: None,
            now,
        };
        let mut due = next_look(&looked, self.jitter);
        if let Some(due) = &mut due {
            // As exact as it is kept.
            due.at = due.at.truncate_to_microsecond();
        }
        store::due_looks::plan(tx, domain.id, since, due).await?;
        Ok(due.map(|due| due.at))
    }
}
