//! What a look gives people to be told: written with what the look changes, or not at all.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Planned;
use crate::diagnosis::{Code, Diagnosis, Finding, Verdict};
use crate::lifecycle::notice::{self, DomainFacts, Facts, Looked, Notice, NoticeKind, ToPublish};
use crate::lifecycle::schedule::SECOND_LOOK;
use crate::lifecycle::{GRACE, Status};
use crate::records::OwnerName;
use crate::store::domains::DomainRow;
use crate::store::records::RecordRow;
use crate::store::{self, StoreError};

/// A domain before and after one look.
pub(super) struct Change<'a> {
    pub planned: &'a Planned,
    pub diagnosis: &'a Diagnosis,
    pub before: &'a DomainRow,
    pub after: &'a DomainRow,
    pub records: &'a [(Uuid, RecordRow)],
    /// It carries `unreachable` from this look on.
    pub is_newly_unreachable: bool,
    pub now: OffsetDateTime,
}

/// Writes what there is to tell. Asks nothing of the database where nothing changed and nothing is wrong.
pub(super) async fn write(tx: &mut PgConnection, change: &Change<'_>) -> Result<(), StoreError> {
    let (id, team_id) = (change.after.id, change.after.team_id);
    if change.is_newly_unreachable {
        store::notices::insert(tx, Some(team_id), &change.notice(NoticeKind::Unreachable)).await?;
    }
    let is_calm =
        change.before.status == change.after.status && !matches!(change.after.status, Status::AtRisk | Status::Failed);
    if is_calm {
        return Ok(());
    }
    let out = store::bad_news::find(tx, id).await?;
    let (told, next) = notice::tell(out, change.looked());
    if next != out {
        store::bad_news::set(tx, id, next).await?;
    }
    if let Some(kind) = told {
        store::notices::insert(tx, Some(team_id), &change.notice(kind)).await?;
    }
    Ok(())
}

impl Change<'_> {
    fn looked(&self) -> Looked {
        Looked {
            status: self.after.status,
            is_first: self.before.verified_at.is_none() && self.after.verified_at.is_some(),
            is_confirmed: self.bad().any(|row| self.is_second_look(row)),
        }
    }

    /// The required records that were seen bad by this look.
    fn bad(&self) -> impl Iterator<Item = &RecordRow> {
        let is_bad = |row: &RecordRow| row.verdict.is_some_and(|seen| !seen.is_good() && seen != Verdict::Unknown);
        self.records.iter().map(|(_, row)| row).filter(move |row| row.is_required && is_bad(row))
    }

    fn is_second_look(&self, row: &RecordRow) -> bool {
        row.standing.at_risk_since.is_some_and(|since| self.now - since >= SECOND_LOOK)
    }

    fn notice(&self, kind: NoticeKind) -> Notice {
        let (findings, records) = match kind {
            NoticeKind::AtRisk | NoticeKind::Failed => (self.findings(), self.to_publish()),
            NoticeKind::Unreachable => (vec![Finding::warning(Code::Unreachable)], Vec::new()),
            _ => (Vec::new(), Vec::new()),
        };
        let stops_sending_at = match self.after.status {
            Status::AtRisk => self.after.at_risk_since.map(|since| since + GRACE),
            _ => None,
        };
        let domain = DomainFacts {
            id: self.after.id,
            name: self.after.name.to_string(),
            zone: self.after.zone.clone(),
            status: self.after.status,
            at_risk_since: self.after.at_risk_since,
            stops_sending_at,
        };
        let facts = Facts { domain: Some(domain), findings, records, count: None };
        Notice { id: Uuid::now_v7(), kind, at: self.now, facts }
    }

    /// What is wrong with the domain as a whole explains its records.
    fn findings(&self) -> Vec<Finding> {
        let of_domain = self.diagnosis.findings.iter().filter(|finding| finding.is_error()).cloned();
        let foremost = |row: &RecordRow| row.findings.iter().find(|finding| finding.is_error()).cloned();
        of_domain.chain(self.bad().filter_map(foremost)).collect()
    }

    fn to_publish(&self) -> Vec<ToPublish> {
        let zone = OwnerName::new(&self.after.zone);
        let of_row = |row: &RecordRow| {
            let planned = self.planned.plan.records.iter().find(|record| record.key == row.key)?;
            Some(ToPublish {
                key: planned.key.to_string(),
                rtype: planned.rtype().as_str().to_owned(),
                name: planned.owner.to_string(),
                host: planned.owner.host_in(&zone),
                value: row.suggested_value.clone().unwrap_or_else(|| planned.value()),
                priority: planned.priority(),
            })
        };
        self.bad().filter_map(of_row).collect()
    }
}
