//! Lists of domains, in bytewise order of their names, however many there are.
//!
//! Names are walked in order where what is looked for turns up often enough; where it is rare, an index finds it and
//! the few that are found are sorted. Which of the two is seen by walking a little. (PostgreSQL would have to guess,
//! and a wrong guess costs a hundred times as much.)

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{DomainRow, StoredDomain};
use crate::lifecycle::Status;
use crate::store::StoreError;
use crate::store::text::storable_json;

/// What a list is narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter<'a> {
    /// At most so many rows.
    pub limit: u32,
    /// Only names that come after this one, bytewise.
    pub after: Option<&'a str>,
    /// A substring of either form of the name, lower case.
    pub q: Option<&'a str>,
    pub status: Option<Status>,
    pub tag: Option<(&'a str, &'a str)>,
}

/// Names walked to see how rare it is what is looked for.
const A_LITTLE: i64 = 1_000;
/// Names walked where it is not: a page of 50 that is one in 200 stands within them, twice over.
const A_LOT: i64 = 20_000;
/// Found in [`A_LITTLE`], so many are often.
const OFTEN: usize = 5;
/// Shorter texts are in no index.
const SHORTEST_GRAM: usize = 2;
/// Comes after every name, which is ASCII without this one.
const BEHIND_ALL: &str = "~";

/// A [`Filter`] as the queries take it.
struct Wanted<'a> {
    team_id: Uuid,
    after: &'a str,
    q: &'a str,
    status: Option<&'a str>,
    tag: Option<Value>,
    limit: i64,
}

/// The team's domains in bytewise order of their names.
pub async fn list(
    connection: &mut PgConnection,
    team_id: Uuid,
    filter: &Filter<'_>,
) -> Result<Vec<DomainRow>, StoreError> {
    let (q, after) = (filter.q.unwrap_or_default(), filter.after.unwrap_or_default());
    if q.contains('\0') || after.contains('\0') {
        return Ok(Vec::new());
    }
    let tag = filter.tag.map(|(key, value)| storable_json("tags", &BTreeMap::from([(key, value)]))).transpose()?;
    let (status, limit) = (filter.status.map(Status::as_str), i64::from(filter.limit));
    let wanted = Wanted { team_id, after, q, status, tag, limit };
    let rows = wanted.find(connection).await?;
    rows.into_iter().map(DomainRow::try_from).collect()
}

/// How many of the team's domains have that status, counted no further than `most`.
pub async fn count(connection: &mut PgConnection, team_id: Uuid, status: Status, most: i64) -> Result<u32, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM (SELECT FROM domains WHERE team_id = $1 AND status = $2 LIMIT $3) AS few"#,
        team_id,
        status.as_str(),
        most,
    )
    .fetch_one(connection)
    .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

impl Wanted<'_> {
    async fn find(&self, connection: &mut PgConnection) -> Result<Vec<StoredDomain>, StoreError> {
        let has_grams = self.q.chars().count() >= SHORTEST_GRAM;
        if !has_grams && self.tag.is_none() {
            return self.walk(connection, BEHIND_ALL).await;
        }
        for reach in [A_LITTLE, A_LOT] {
            let Some(until) = self.name_after(connection, reach).await? else {
                return self.walk(connection, BEHIND_ALL).await;
            };
            let rows = self.walk(connection, &until).await?;
            if rows.len() as i64 >= self.limit {
                return Ok(rows);
            }
            if rows.len() < OFTEN {
                break;
            }
        }
        if has_grams { self.by_grams(connection).await } else { self.by_tag(connection).await }
    }

    /// The name that stands so many places on, whatever is looked for; `None` where the list ends before.
    async fn name_after(&self, connection: &mut PgConnection, places: i64) -> Result<Option<String>, StoreError> {
        let (team_id, after) = (self.team_id, self.after);
        let found = match self.status {
            None => {
                sqlx::query_scalar!(
                    "SELECT name FROM domains WHERE team_id = $1 AND name > $2 ORDER BY name LIMIT 1 OFFSET $3",
                    team_id,
                    after,
                    places,
                )
                .fetch_optional(connection)
                .await?
            }
            Some(status) => {
                sqlx::query_scalar!(
                    "SELECT name FROM domains
                     WHERE team_id = $1 AND name > $2 AND status = $3
                     ORDER BY name LIMIT 1 OFFSET $4",
                    team_id,
                    after,
                    status,
                    places,
                )
                .fetch_optional(connection)
                .await?
            }
        };
        Ok(found)
    }

    /// In the order of names, as far as `until`.
    async fn walk(&self, connection: &mut PgConnection, until: &str) -> Result<Vec<StoredDomain>, StoreError> {
        let (team_id, after, q, tag) = (self.team_id, self.after, self.q, self.tag.as_ref());
        let rows = match self.status {
            None => {
                select_domains!(
                    r#"FROM domains
                       WHERE team_id = $1
                         AND name > $2
                         AND name <= $3
                         AND ($4 = '' OR position($4 IN name) > 0 OR position($4 IN unicode_name) > 0)
                         AND ($5::jsonb IS NULL OR tags @> $5)
                       ORDER BY name
                       LIMIT $6"#,
                    team_id,
                    after,
                    until,
                    q,
                    tag,
                    self.limit,
                )
                .fetch_all(connection)
                .await?
            }
            Some(status) => {
                select_domains!(
                    r#"FROM domains
                       WHERE team_id = $1
                         AND name > $2
                         AND name <= $3
                         AND ($4 = '' OR position($4 IN name) > 0 OR position($4 IN unicode_name) > 0)
                         AND ($5::jsonb IS NULL OR tags @> $5)
                         AND status = $7
                       ORDER BY name
                       LIMIT $6"#,
                    team_id,
                    after,
                    until,
                    q,
                    tag,
                    self.limit,
                    status,
                )
                .fetch_all(connection)
                .await?
            }
        };
        Ok(rows)
    }

    /// By the runs of letters that the text has. `OFFSET 0` keeps the order of names out of the plan.
    async fn by_grams(&self, connection: &mut PgConnection) -> Result<Vec<StoredDomain>, StoreError> {
        let rows = select_domains!(
            r#"FROM (
                   SELECT *
                   FROM domains
                   WHERE name_grams(name || ' ' || unicode_name) @> name_grams($4)
                     AND team_id = $1
                     AND name > $2
                     AND ($3::text IS NULL OR status = $3)
                     AND (position($4 IN name) > 0 OR position($4 IN unicode_name) > 0)
                     AND ($5::jsonb IS NULL OR tags @> $5)
                   OFFSET 0
               ) AS found
               ORDER BY name
               LIMIT $6"#,
            self.team_id,
            self.after,
            self.status,
            self.q,
            self.tag.as_ref(),
            self.limit,
        )
        .fetch_all(connection)
        .await?;
        Ok(rows)
    }

    /// By the tag.
    async fn by_tag(&self, connection: &mut PgConnection) -> Result<Vec<StoredDomain>, StoreError> {
        let rows = select_domains!(
            r#"FROM (
                   SELECT *
                   FROM domains
                   WHERE tags @> $4
                     AND team_id = $1
                     AND name > $2
                     AND ($3::text IS NULL OR status = $3)
                     AND ($5 = '' OR position($5 IN name) > 0 OR position($5 IN unicode_name) > 0)
                   OFFSET 0
               ) AS found
               ORDER BY name
               LIMIT $6"#,
            self.team_id,
            self.after,
            self.status,
            self.tag.as_ref(),
            self.q,
            self.limit,
        )
        .fetch_all(connection)
        .await?;
        Ok(rows)
    }
}
