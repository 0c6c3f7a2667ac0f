//! `GET /domains`: name, status, how many required records are verified, last look; searched, filtered, in pages.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use uuid::Uuid;

use crate::console::jobs::JobView;
use crate::console::{Console, DomainQuery, DomainView, MOST_COUNTED};
use crate::diagnosis::{Code, Finding, wording};
use crate::lifecycle::Status;
use crate::web::failures::PageFailure;
use crate::web::forms::page;
use crate::web::jobs::said;
use crate::web::layout::{Layout, Section};
use crate::web::moment::Moment;
use crate::web::numbers::grouped;
use crate::web::pill::{Pill, status_word};
use crate::web::session::SignedIn;

const PAGE_SIZE: u32 = 50;
const UNSEEN: &str = "None of its records is seen in DNS yet.";

#[derive(Template)]
#[template(path = "domains/list.html")]
struct ListPage {
    layout: Layout,
    search: Search,
    filters: Vec<Filter>,
    is_filtered: bool,
    is_first: bool,
    rows: Vec<Row>,
    /// Empty on the last page.
    next_url: String,
    /// Work on many domains that runs, or ended lately.
    jobs: Vec<Work>,
}

/// A status with how many have it, as a link that narrows the list.
struct Filter {
    word: &'static str,
    count: String,
    url: String,
    is_chosen: bool,
}

struct Work {
    id: Uuid,
    heading: String,
    glance: String,
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
    tags: Vec<Tag>,
}

/// A tag, and the list of all that have it.
struct Tag {
    text: String,
    url: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    status: String,
    /// `key=value`.
    #[serde(default)]
    tag: String,
    #[serde(default)]
    after: String,
}

impl Search {
    pub fn new(q: &str, status: &str, tag: &str) -> Self {
        Self { q: q.to_owned(), status: status.to_owned(), tag: tag.to_owned(), after: String::new() }.cleaned()
    }

    fn cleaned(mut self) -> Self {
        self.q = self.q.trim().chars().filter(|c| !c.is_control()).collect();
        self.status = Status::find(&self.status).map(|status| status.as_str().to_owned()).unwrap_or_default();
        self.tag = if self.tag.contains('=') { self.tag } else { String::new() };
        self
    }

    pub fn query(&self) -> DomainQuery {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let tag = self.tag.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        let status = Status::find(&self.status);
        DomainQuery { limit: PAGE_SIZE, after: given(&self.after), q: given(&self.q), status, tag }
    }

    fn is_narrow(&self) -> bool {
        !(self.q.is_empty() && self.status.is_empty() && self.tag.is_empty())
    }

    fn url(&self) -> String {
        let fields = [("q", &self.q), ("status", &self.status), ("tag", &self.tag), ("after", &self.after)];
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let given = fields.iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<String> = given.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        if pairs.is_empty() { "/domains".to_owned() } else { format!("/domains?{}", pairs.join("&")) }
    }
}

/// `GET /domains`
pub async fn list(
    State(console): State<Console>,
    user: SignedIn,
    Query(search): Query<Search>,
) -> Result<Response, PageFailure> {
    let search = search.cleaned();
    let found = console.list_domains(&user.actor, &search.query()).await?;
    let foremost = console.foremost_findings(&user.actor, &found.domains).await?;
    let counts = console.count_by_status(&user.actor).await?;
    let jobs = console.recent_jobs(&user.actor).await?;
    let next_url = found.next.map(|after| Search { after, ..search.clone() }.url()).unwrap_or_default();
    let list = ListPage {
        layout: Layout::new(&console, &user.actor, Section::Domains, "Domains"),
        filters: filters(&search, &counts),
        is_filtered: search.is_narrow(),
        is_first: search.after.is_empty(),
        rows: found.domains.iter().map(|domain| Row::new(domain, foremost.get(&domain.id))).collect(),
        next_url,
        jobs: jobs.iter().map(Work::new).collect(),
        search,
    };
    page(StatusCode::OK, &list)
}

/// All, then each status that some domain has or that is chosen.
fn filters(search: &Search, counts: &[(Status, u32)]) -> Vec<Filter> {
    let to = |status: &str| Search { status: status.to_owned(), after: String::new(), ..search.clone() }.url();
    let shown = |count: u32| match count {
        count if count > MOST_COUNTED => format!("{}+", grouped(u64::from(MOST_COUNTED))),
        count => grouped(u64::from(count)),
    };
    let is_more = counts.iter().any(|(_, count)| *count > MOST_COUNTED);
    let all: u32 = counts.iter().map(|(_, count)| (*count).min(MOST_COUNTED)).sum();
    let count = format!("{}{}", grouped(u64::from(all)), if is_more { "+" } else { "" });
    let mut filters = vec![Filter { word: "All", count, url: to(""), is_chosen: search.status.is_empty() }];
    for (status, count) in counts {
        let is_chosen = search.status == status.as_str();
        if *count > 0 || is_chosen {
            let url = to(status.as_str());
            filters.push(Filter { word: status_word(*status), count: shown(*count), url, is_chosen });
        }
    }
    filters
}

impl Work {
    fn new(job: &JobView) -> Self {
        let (heading, glance) = said(job);
        Self { id: job.id, heading, glance }
    }
}

/// What is wrong, in one sentence: of a domain of which nothing is seen, that, and who serves its zone where this may
/// be why.
fn what_is_wrong(domain: &DomainView, foremost: Option<&Finding>) -> String {
    match foremost {
        None => String::new(),
        Some(finding) if domain.required_verified == 0 && finding.code.as_str().ends_with("-missing") => {
            let served = domain.findings.iter().find(|finding| finding.code == Code::DelegatedTo);
            served.map_or_else(|| UNSEEN.to_owned(), |by| wording::say(by).summary)
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
            tags: domain.tags.iter().map(Tag::new).collect(),
        }
    }
}

impl Tag {
    fn new((key, value): (&String, &String)) -> Self {
        let text = format!("{key}={value}");
        Self { url: Search { tag: text.clone(), ..Search::default() }.url(), text }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::web::domains::show::tests::domain;

    fn list_of(rows: Vec<Row>, is_filtered: bool) -> String {
        let mut layout = Layout::bare("Domains");
        layout.email = Some("admin@mta.example".into());
        layout.section = Section::Domains;
        let search = Search::default();
        let filters = filters(&search, &[(Status::Failed, 0), (Status::Pending, 3), (Status::Verified, 12_000)]);
        let (next_url, jobs) = (String::new(), Vec::new());
        let list = ListPage { layout, search, filters, is_filtered, is_first: true, rows, next_url, jobs };
        list.render().unwrap()
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
        let mut search = Search::new(" a&b ", "at_risk", "k=v");
        search.after = "x/y".into();
        assert_eq!(search.url(), "/domains?q=a%26b&status=at%5Frisk&tag=k%3Dv&after=x%2Fy");
        assert_eq!(Search::new("", "nonsense", "k").url(), "/domains");
    }

    #[test]
    fn each_status_that_some_domain_has_is_a_link_with_its_count() {
        let html = sample();
        for said in ["Pending <span class=\"filter-count\">3<", "Verified <span class=\"filter-count\">10,000+<"] {
            assert!(html.contains(said), "{said}\n{html}");
        }
        assert!(!html.contains("Failed <span"));
    }

    #[test]
    fn a_row_says_what_is_wrong_first() {
        let mut sample = domain();
        let doubled = Finding::error(Code::NameDoubled).variant("sample");
        let row = Row::new(&sample, Some(&doubled));
        assert_eq!(row.wrong, wording::say(&doubled).summary);
        sample.required_verified = 0;
        assert_eq!(Row::new(&sample, Some(&Finding::error(Code::SpfMissing))).wrong, UNSEEN);
        sample.findings =
            vec![Finding::info(Code::DelegatedTo).arg("zone", "example.com").arg("servers", "ns1.oldhost.example")];
        let elsewhere = Row::new(&sample, Some(&Finding::error(Code::SpfMissing))).wrong;
        assert!(elsewhere.contains("is served by") && elsewhere.contains("oldhost"), "{elsewhere}");
        assert_eq!(Row::new(&sample, None).wrong, "");
    }
}
