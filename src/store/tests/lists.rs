//! Lists that are longer than what is walked to see how rare something is.

use super::*;
use crate::store::domains::{Filter, list};

/// Of 22,000 names: every seventh at risk, every third tagged `env=live`, one in 5,000 tagged `kind=odd`.
const FILL: &str = "SET statement_timeout = 0;
    INSERT INTO domains (id, team_id, name, unicode_name, zone, status, tags, created_at)
    SELECT gen_random_uuid(), teams.id, domain, replace(domain, 'uxu', 'ü'), 'example',
        CASE WHEN n % 7 = 0 THEN 'at_risk' ELSE 'verified' END,
        jsonb_strip_nulls(jsonb_build_object('env', CASE WHEN n % 3 = 0 THEN 'live' END,
            'kind', CASE WHEN n % 5000 = 4999 THEN 'odd' END)),
        now()
    FROM teams, generate_series(0, 21999) AS n, LATERAL (SELECT format('%s%s.%s', CASE WHEN n % 5000 = 77 THEN 'uxu' END, left(md5(n::text), 9),
        CASE WHEN n % 2 = 0 THEN 'example.com' ELSE 'example' END) AS domain) AS named;
    ANALYZE domains";

fn all_filters<'a>() -> Vec<Filter<'a>> {
    let texts = ["", "a", "3f", "ü", "example.com", "abc", "12ab", "üb", "q", "zz", "no such name", "%", "a.e"];
    let tags = [None, Some(("env", "live")), Some(("kind", "odd")), Some(("kind", "none"))];
    let mut filters = Vec::new();
    for q in texts {
        for status in [None, Some(Status::AtRisk), Some(Status::Failed)] {
            for tag in tags {
                for after in [None, Some("7f"), Some("fffa"), Some("~")] {
                    let limit = if q.len() == 2 { 500 } else { 51 };
                    filters.push(Filter { limit, after, q: Some(q).filter(|q| !q.is_empty()), status, tag });
                }
            }
        }
    }
    filters
}

fn fits(row: &domains::DomainRow, filter: &Filter<'_>) -> bool {
    let has = |q: &str| row.name.as_str().contains(q) || row.unicode_name.contains(q);
    filter.after.is_none_or(|after| row.name.as_str() > after)
        && filter.q.is_none_or(has)
        && filter.status.is_none_or(|status| row.status == status)
        && filter.tag.is_none_or(|(key, value)| row.tags.get(key).is_some_and(|held| held == value))
}

#[tokio::test]
async fn a_long_list_shows_the_same_whichever_way_it_is_found() {
    let database = Database::new().await;
    let mut connection = database.pool.acquire().await.unwrap();
    let team_id = add_user(&mut connection, "ours@example.com").await.team_id;
    sqlx::raw_sql(FILL).execute(&mut *connection).await.unwrap();
    let all = list(&mut connection, team_id, &Filter { limit: 30_000, ..Filter::default() }).await.unwrap();
    assert_eq!(all.len(), 22_000);
    assert!(all.is_sorted_by_key(|row| row.name.as_str().to_owned()));
    for filter in all_filters() {
        let expected: Vec<&domains::DomainRow> =
            all.iter().filter(|row| fits(row, &filter)).take(filter.limit as usize).collect();
        let found = list(&mut connection, team_id, &filter).await.unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
    }
}
