//! `GET /domains`: name, status, how many required records are verified, last look; searched, filtered, in pages.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::console::{Console, DomainQuery, DomainView};
use crate::diagnosis::{Finding, wording};
use crate::lifecycle::Status;
use crate::web::failures::PageFailure;
use crate::web::forms::page;
use crate::web::layout::{Layout, Section};
use crate::web::moment::Moment;
use crate::web::pill::{Pill, status_word};
use crate::web::session::SignedIn;

const PAGE_SIZE: u32 = 50;

#[derive(Template)]
#[template(path = "domains/list.html")]
struct ListPage {
    layout: Layout,
    q: String,
    choices: Vec<Choice>,
    is_filtered: bool,
    is_first: bool,
    rows: Vec<Row>,
    /// Empty on the last page.
    next_url: String,
}

struct Choice {
    value: &'static str,
    word: &'static str,
    is_chosen: bool,
}

struct Row {
    name: String,
    /// Empty where it is the same.
    unicode_name: String,
    pill: Pill,
    status: &'static str,
    verified: u32,
    total: u32,
    /// Empty where nothing is.
    wrong: String,
    last_look: Option<Moment>,
    tags: Vec<String>,
}

#[derive(Deserialize)]
pub struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    after: String,
}

/// `GET /domains`
pub async fn list(
    State(console): State<Console>,
    user: SignedIn,
    Query(search): Query<Search>,
) -> Result<Response, PageFailure> {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let q: String = search.q.trim().chars().filter(|c| !c.is_control()).collect();
    let status = Status::find(&search.status);
    let query = DomainQuery { limit: PAGE_SIZE, after: given(&search.after), q: given(&q), status, tag: None };
    let found = console.list_domains(&user.actor, &query).await?;
    let foremost = console.foremost_findings(&user.actor, &found.domains).await?;
    let next_url = found.next.map(|after| next_url(&q, status, &after)).unwrap_or_default();
    let list = ListPage {
        layout: Layout::new(&console, &user.actor, Section::Domains, "Domains"),
        is_filtered: !q.is_empty() || status.is_some(),
        is_first: search.after.is_empty(),
        q,
        choices: choices(status),
        rows: found.domains.iter().map(|domain| Row::new(domain, foremost.get(&domain.id))).collect(),
        next_url,
    };
    page(StatusCode::OK, &list)
}

fn choices(chosen: Option<Status>) -> Vec<Choice> {
    let choice = |status: Status| Choice {
        value: status.as_str(),
        word: status_word(status),
        is_chosen: chosen == Some(status),
    };
    Status::ALL.into_iter().map(choice).collect()
}

fn next_url(q: &str, status: Option<Status>, after: &str) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut url = format!("/domains?after={}", encode(after));
    if !q.is_empty() {
        url.push_str(&format!("&q={}", encode(q)));
    }
    if let Some(status) = status {
        url.push_str(&format!("&status={}", status.as_str()));
    }
    url
}

/// What is wrong, in one sentence: of a domain that nothing was published for yet, that.
fn what_is_wrong(domain: &DomainView, foremost: Option<&Finding>) -> String {
    match foremost {
        None => String::new(),
        Some(finding) if domain.required_verified == 0 && finding.code.as_str().ends_with("-missing") => {
            "Nothing is published yet.".to_owned()
        }
        Some(finding) => wording::say(finding).summary,
    }
}

impl Row {
    fn new(domain: &DomainView, foremost: Option<&Finding>) -> Self {
        let name = domain.name.to_string();
        Self {
            unicode_name: if domain.unicode_name == name { String::new() } else { domain.unicode_name.clone() },
            name,
            pill: Pill::of_status(domain.status),
            status: domain.status.as_str(),
            verified: domain.required_verified,
            total: domain.required_total,
            wrong: what_is_wrong(domain, foremost),
            last_look: Moment::maybe(domain.last_checked_at),
            tags: domain.tags.iter().map(|(key, value)| format!("{key}={value}")).collect(),
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::diagnosis::Code;
    use crate::web::domains::show::tests::domain;

    fn list_of(rows: Vec<Row>, is_filtered: bool) -> String {
        let mut layout = Layout::bare("Domains");
        layout.email = Some("admin@mta.example".into());
        layout.section = Section::Domains;
        let choices = choices(None);
        let next_url = String::new();
        ListPage { layout, q: String::new(), choices, is_filtered, is_first: true, rows, next_url }.render().unwrap()
    }

    pub fn sample() -> String {
        let mut rows = vec![Row::new(&domain(), None)];
        for (at, status) in Status::ALL.into_iter().enumerate() {
            let mut other = domain();
            other.name = format!("news{at}.long-company-name.example").parse().unwrap();
            other.unicode_name = other.name.to_string();
            other.status = status;
            other.required_verified = at as u32;
            rows.push(Row::new(&other, None));
        }
        list_of(rows, false)
    }

    pub fn sample_empty() -> String {
        list_of(Vec::new(), false)
    }

    #[test]
    fn a_row_says_status_and_how_many_records_are_verified() {
        let html = sample();
        assert!(html.contains("mail.example.com") && html.contains("1 of 4") && html.contains("Pending"));
    }

    #[test]
    fn an_empty_list_teaches_and_an_empty_search_does_not() {
        assert!(sample_empty().contains("<ol"));
        assert!(!list_of(Vec::new(), true).contains("<ol"));
    }

    #[test]
    fn the_next_page_keeps_the_search() {
        assert_eq!(next_url("a&b", Some(Status::AtRisk), "x/y"), "/domains?after=x%2Fy&q=a%26b&status=at_risk");
    }

    #[test]
    fn a_row_says_what_is_wrong_first() {
        let mut sample = domain();
        let doubled = Finding::error(Code::NameDoubled).variant("sample");
        let row = Row::new(&sample, Some(&doubled));
        assert_eq!(row.wrong, wording::say(&doubled).summary);
        sample.required_verified = 0;
        assert_eq!(Row::new(&sample, Some(&Finding::error(Code::SpfMissing))).wrong, "Nothing is published yet.");
        assert_eq!(Row::new(&sample, None).wrong, "");
    }
}
