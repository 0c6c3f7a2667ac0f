//! The strip of days of each record, moved on by a whole look.

use sqlx::PgConnection;
use time::{OffsetDateTime, UtcOffset};

use crate::diagnosis::Verdict;
use crate::lifecycle::history::{LookedDays, Strip};
use crate::store::domains::DomainRow;
use crate::store::records::RecordRow;
use crate::store::{self, StoreError};

/// The days since the last whole look on which the domain was found as it was; `None` where there was no such look,
/// as between the looks of a domain that waits.
pub(super) async fn unchanged_days(
    tx: &mut PgConnection,
    before: &DomainRow,
    stored: &[RecordRow],
) -> Result<Option<LookedDays>, StoreError> {
    let last_whole = stored.iter().map(|row| row.days.until()).max();
    let last = before.last_checked_at.map(|at| at.to_offset(UtcOffset::UTC).date());
    match last_whole {
        Some(_) if last > last_whole => store::domains::looked_days(tx, before.id).await,
        _ => Ok(None),
    }
}

/// A record's days with what this look saw.
pub(super) fn days_with(
    old: Option<&RecordRow>,
    unchanged: Option<&LookedDays>,
    verdict: Verdict,
    now: OffsetDateTime,
) -> Strip {
    let today = now.to_offset(UtcOffset::UTC).date();
    let mut days = old.map(|row| row.days).unwrap_or_default();
    if let (Some(old), Some(unchanged)) = (old, unchanged) {
        days.carry(old.verdict, unchanged, today);
    }
    days.note(today, verdict);
    days
}
