//! A domain's records: their standing over time and what the last check saw.

use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use super::text::{read_json, read_word, storable, storable_json};
use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::{AnsweredBy, Finding, Verdict};
use crate::lifecycle::Standing;
use crate::lifecycle::history::Strip;
use crate::records::plan::RecordKey;

#[derive(Debug, Clone, PartialEq)]
pub struct RecordRow {
    pub key: RecordKey,
    /// Status, first verified, at risk since.
    pub standing: Standing,
    /// `None` before the first check.
    pub verdict: Option<Verdict>,
    pub is_required: bool,
    /// Each record seen at the name.
    pub current: Vec<String>,
    pub answered_by: Option<AnsweredBy>,
    pub checked_at: Option<OffsetDateTime>,
    pub findings: Vec<Finding>,
    pub suggested_value: Option<String>,
    pub is_inherited: bool,
    pub evidence: Option<Evidence>,
    /// Its days up to this look.
    pub days: Strip,
}

/// The records of the team's domain, by key.
pub async fn list(connection: &mut PgConnection, team_id: Uuid, domain_id: Uuid) -> Result<Vec<RecordRow>, StoreError> {
    let rows = sqlx::query_as!(
        StoredRecord,
        "SELECT
             records.key,
             records.status,
             records.verdict,
             records.is_required,
             records.current,
             records.answered_by,
             records.checked_at,
             records.verified_at,
             records.at_risk_since,
             records.doubted_until,
             records.findings,
             records.suggested_value,
             records.is_inherited,
             records.evidence,
             records.days
         FROM records
         JOIN domains ON domains.id = records.domain_id
         WHERE domains.team_id = $1
           AND domains.id = $2
         ORDER BY records.key",
        team_id,
        domain_id,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(RecordRow::try_from).collect()
}

/// What people should read first of each of the team's domains: the findings of a required record that does not do its
/// job, one that is somewhere else before one that is nowhere.
pub async fn list_foremost(
    connection: &mut PgConnection,
    team_id: Uuid,
    domain_ids: &[Uuid],
) -> Result<Vec<(Uuid, Vec<Finding>)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT DISTINCT ON (records.domain_id)
             records.domain_id,
             records.findings
         FROM records
         JOIN domains ON domains.id = records.domain_id
         WHERE domains.team_id = $1
           AND records.domain_id = ANY($2)
           AND records.is_required
           AND records.verdict IN ('missing', 'mismatch', 'conflict')
         ORDER BY records.domain_id, (records.findings -> 0 ->> 'code') LIKE '%-missing', records.key",
        team_id,
        domain_ids,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ok((row.domain_id, read_json("findings", row.findings)?))).collect()
}

/// Adds or replaces records of domains that the caller holds, in one statement; no record stands in `rows` twice.
pub async fn save(connection: &mut PgConnection, rows: &[(Uuid, RecordRow)]) -> Result<(), StoreError> {
    let columns = Columns::of(rows)?;
    sqlx::query!(
        r#"WITH touched AS (
             INSERT INTO look_prints (domain_id, touched)
             SELECT DISTINCT domain_id, 1 FROM UNNEST($1::uuid[]) AS saved (domain_id)
             ON CONFLICT (domain_id) DO UPDATE SET touched = look_prints.touched + 1, print = NULL
         )
         INSERT INTO records
             (domain_id, key, status, verdict, is_required, current, answered_by, checked_at, verified_at,
              at_risk_since, doubted_until, findings, suggested_value, is_inherited, evidence, days)
         SELECT
             domain_id, key, status, verdict, is_required,
             ARRAY(SELECT value FROM jsonb_array_elements_text(current) WITH ORDINALITY AS seen (value, n) ORDER BY n),
             answered_by, checked_at, verified_at,
             at_risk_since, doubted_until, findings, suggested_value, is_inherited, evidence, days
         FROM UNNEST(
             $1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::jsonb[], $7::text[], $8::timestamptz[],
             $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::jsonb[], $13::text[], $14::boolean[],
             $15::jsonb[], $16::bytea[])
             AS saved (domain_id, key, status, verdict, is_required, current, answered_by, checked_at, verified_at,
                       at_risk_since, doubted_until, findings, suggested_value, is_inherited, evidence, days)
         ON CONFLICT (domain_id, key) DO UPDATE
         SET status = excluded.status,
             verdict = excluded.verdict,
             is_required = excluded.is_required,
             current = excluded.current,
             answered_by = excluded.answered_by,
             checked_at = excluded.checked_at,
             verified_at = excluded.verified_at,
             at_risk_since = excluded.at_risk_since,
             doubted_until = excluded.doubted_until,
             findings = excluded.findings,
             suggested_value = excluded.suggested_value,
             is_inherited = excluded.is_inherited,
             evidence = excluded.evidence,
             days = excluded.days"#,
        &columns.domain_ids,
        &columns.keys,
        &columns.statuses as &[&str],
        &columns.verdicts as &[Option<&str>],
        &columns.required,
        &columns.current,
        &columns.answered_by as &[Option<&str>],
        &columns.checked_at as &[Option<OffsetDateTime>],
        &columns.verified_at as &[Option<OffsetDateTime>],
        &columns.at_risk_since as &[Option<OffsetDateTime>],
        &columns.doubted_until as &[Option<OffsetDateTime>],
        &columns.findings,
        &columns.suggested as &[Option<String>],
        &columns.inherited,
        &columns.evidence as &[Option<Value>],
        &columns.days,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Rows turned on their side, an array a column.
#[derive(Default)]
struct Columns {
    domain_ids: Vec<Uuid>,
    keys: Vec<String>,
    statuses: Vec<&'static str>,
    verdicts: Vec<Option<&'static str>>,
    required: Vec<bool>,
    /// Lists of different lengths, so JSON: PostgreSQL's arrays of arrays are rectangles.
    current: Vec<Value>,
    answered_by: Vec<Option<&'static str>>,
    checked_at: Vec<Option<OffsetDateTime>>,
    verified_at: Vec<Option<OffsetDateTime>>,
    at_risk_since: Vec<Option<OffsetDateTime>>,
    doubted_until: Vec<Option<OffsetDateTime>>,
    findings: Vec<Value>,
    suggested: Vec<Option<String>>,
    inherited: Vec<bool>,
    evidence: Vec<Option<Value>>,
    days: Vec<Vec<u8>>,
}

impl Columns {
    fn of(rows: &[(Uuid, RecordRow)]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for (domain_id, row) in rows {
            columns.domain_ids.push(*domain_id);
            columns.keys.push(row.key.to_string());
            columns.statuses.push(row.standing.status.as_str());
            columns.verdicts.push(row.verdict.map(Verdict::as_str));
            columns.required.push(row.is_required);
            columns.current.push(storable_json("current", &row.current)?);
            columns.answered_by.push(row.answered_by.map(answered_by_word));
            columns.checked_at.push(row.checked_at);
            columns.verified_at.push(row.standing.verified_at);
            columns.at_risk_since.push(row.standing.at_risk_since);
            columns.doubted_until.push(row.standing.doubted_until);
            columns.findings.push(storable_json("findings", &row.findings)?);
            columns.suggested.push(row.suggested_value.as_deref().map(storable));
            columns.inherited.push(row.is_inherited);
            columns.evidence.push(row.evidence.as_ref().map(|seen| storable_json("evidence", seen)).transpose()?);
            columns.days.push(row.days.to_bytes().to_vec());
        }
        Ok(columns)
    }
}

/// Forgets the records of a domain that are no longer planned.
pub async fn delete_except(
    connection: &mut PgConnection,
    domain_id: Uuid,
    planned: &[RecordKey],
) -> Result<(), StoreError> {
    let planned: Vec<String> = planned.iter().map(RecordKey::to_string).collect();
    // It touches no print: it stands beside a save of the domain's other records.
    sqlx::query!("DELETE FROM records WHERE domain_id = $1 AND key <> ALL($2)", domain_id, &planned)
        .execute(connection)
        .await?;
    Ok(())
}

fn answered_by_word(by: AnsweredBy) -> &'static str {
    match by {
        AnsweredBy::Authoritative => "authoritative",
        AnsweredBy::Recursive => "recursive",
    }
}

/// A row as PostgreSQL has it.
struct StoredRecord {
    key: String,
    status: String,
    verdict: Option<String>,
    is_required: bool,
    current: Vec<String>,
    answered_by: Option<String>,
    checked_at: Option<OffsetDateTime>,
    verified_at: Option<OffsetDateTime>,
    at_risk_since: Option<OffsetDateTime>,
    doubted_until: Option<OffsetDateTime>,
    findings: Value,
    suggested_value: Option<String>,
    is_inherited: bool,
    evidence: Option<Value>,
    days: Option<Vec<u8>>,
}

impl TryFrom<StoredRecord> for RecordRow {
    type Error = StoreError;
    fn try_from(row: StoredRecord) -> Result<Self, StoreError> {
        Ok(Self {
            key: read_word("key", row.key)?,
            standing: Standing {
                status: read_word("status", row.status)?,
                verified_at: row.verified_at,
                at_risk_since: row.at_risk_since,
                doubted_until: row.doubted_until,
            },
            verdict: row.verdict.map(|word| read_word("verdict", word)).transpose()?,
            is_required: row.is_required,
            current: row.current,
            answered_by: row.answered_by.map(|word| read_word("answered_by", word)).transpose()?,
            checked_at: row.checked_at,
            findings: read_json("findings", row.findings)?,
            suggested_value: row.suggested_value,
            is_inherited: row.is_inherited,
            evidence: row.evidence.map(|json| read_json("evidence", json)).transpose()?,
            // Unreadable ones are begun anew: they are no evidence.
            days: row.days.as_deref().and_then(Strip::from_bytes).unwrap_or_default(),
        })
    }
}
