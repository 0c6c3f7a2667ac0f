//! One record whole: expected and current, every finding, SPF's tree, who was asked and what each answered.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::difference::DifferenceView;
use super::domains::RecordRow;
use super::failures::PageFailure;
use super::findings::FindingView;
use super::forms::page;
use super::layout::{Layout, Section};
use super::moment::Moment;
use super::pill::Tone;
use super::provider::ProviderView;
use super::session::SignedIn;
use super::spf_tree::SpfTreeView;
use super::strip::StripView;
use crate::console::{Console, EvidenceView};
use crate::diagnosis::evidence::{Evidence, Heard, Outcome};
use crate::diagnosis::{AnsweredBy, Code, Finding, Verdict};
use crate::failure::Failure;
use crate::records::plan::RecordKey;

#[derive(Template)]
#[template(path = "records/show.html")]
struct RecordPage {
    layout: Layout,
    domain: String,
    zone: String,
    row: RecordRow,
    difference: DifferenceView,
    /// Where to publish it, as long as it is not right.
    provider: Option<ProviderView>,
    /// Of the domain, where they may be why this record is not seen: who serves the zone, and whether anybody does.
    about_zone: Vec<FindingView>,
    /// Until when the value from before an edit of the profile passes as well.
    old_value_until: Option<Moment>,
    answered_by: &'static str,
    heard: Vec<HeardView>,
    digs: Vec<String>,
    nslookups: Vec<String>,
    spf_tree: Option<SpfTreeView>,
    days: Option<StripView>,
}

/// What one server said.
struct HeardView {
    server: String,
    address: String,
    outcome: &'static str,
    tone: &'static str,
    records: Vec<String>,
    aliases: String,
    ttl_s: u32,
}

/// `GET /domains/NAME/records/KEY`
pub async fn show(
    State(console): State<Console>,
    user: SignedIn,
    Path((domain, key)): Path<(String, String)>,
) -> Result<Response, PageFailure> {
    let key: RecordKey = key.parse().map_err(|_| Failure::NotFound("record"))?;
    let view = console.find_evidence(&user.actor, &domain, &key).await?;
    let title = format!("{} of {}", view.record.key, view.domain.name);
    let layout = Layout::new(&console, &user.actor, Section::Domains, title);
    page(StatusCode::OK, &record_page(layout, &view))
}

fn record_page(layout: Layout, view: &EvidenceView) -> RecordPage {
    let nothing = Evidence::default();
    let evidence = view.evidence.as_ref().unwrap_or(&nothing);
    let row = RecordRow::new(&view.record);
    RecordPage {
        layout,
        difference: DifferenceView::new(&view.record, &row.value),
        provider: provider(view, evidence, &row),
        domain: view.domain.name.to_string(),
        zone: view.domain.zone.clone(),
        row,
        about_zone: about_zone(view),
        old_value_until: Moment::maybe(view.record.old_value_until),
        answered_by: match view.record.answered_by {
            Some(AnsweredBy::Authoritative) => "the zone's own nameservers",
            Some(AnsweredBy::Recursive) => "the resolver",
            None => "",
        },
        heard: evidence.heard.iter().map(HeardView::new).collect(),
        digs: digs(evidence),
        nslookups: nslookups(evidence),
        spf_tree: evidence.spf_tree.as_ref().map(SpfTreeView::new),
        days: StripView::whole(view.record.days.as_ref()),
    }
}

/// By the servers that were asked about this record: it may stand in a zone of its own.
fn provider(view: &EvidenceView, evidence: &Evidence, row: &RecordRow) -> Option<ProviderView> {
    if row.is_good() || row.is_inherited {
        return None;
    }
    let mut servers: Vec<String> = evidence.heard.iter().filter_map(|heard| heard.server.clone()).collect();
    servers.dedup();
    let servers = if servers.is_empty() { &view.domain.nameservers } else { &servers };
    ProviderView::find(servers, &view.domain.zone, &[row])
}

fn about_zone(view: &EvidenceView) -> Vec<FindingView> {
    if view.record.verdict.is_none_or(Verdict::is_good) {
        return Vec::new();
    }
    let tells = [Code::DelegatedTo, Code::DelegationDiffers, Code::ZoneNotDelegated];
    let found: Vec<Finding> =
        view.domain.findings.iter().filter(|finding| tells.contains(&finding.code)).cloned().collect();
    FindingView::all(&found, "zone")
}

/// The lines that repeat the question: at each server once, then as everybody sees it.
fn digs(evidence: &Evidence) -> Vec<String> {
    let question = evidence.dig.trim_start_matches("+norecurse ");
    if question.is_empty() {
        return Vec::new();
    }
    let mut servers: Vec<&str> = evidence.heard.iter().filter_map(|heard| heard.server.as_deref()).collect();
    servers.dedup();
    let direct = servers.iter().map(|server| format!("dig +norecurse @{server} {question}"));
    direct.chain([format!("dig {question}")]).collect()
}

/// The same for Windows: at the first server, then as everybody sees it.
fn nslookups(evidence: &Evidence) -> Vec<String> {
    let question = evidence.dig.trim_start_matches("+norecurse ");
    let Some((rtype, name)) = question.split_once(' ') else { return Vec::new() };
    let line = format!("nslookup -type={rtype} {name}");
    let server = evidence.heard.iter().find_map(|heard| heard.server.as_deref());
    server.map(|server| format!("{line} {server}")).into_iter().chain([line]).collect()
}

impl HeardView {
    fn new(heard: &Heard) -> Self {
        let (tone, outcome) = outcome(heard.outcome);
        Self {
            server: heard.server.clone().unwrap_or_else(|| "the resolver".to_owned()),
            address: heard.address.clone().unwrap_or_default(),
            outcome,
            tone: tone.as_str(),
            records: heard.records.clone(),
            aliases: heard.aliases.join(" → "),
            ttl_s: heard.ttl_s,
        }
    }
}

fn outcome(outcome: Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Found => (Tone::Good, "Answered"),
        Outcome::NoData => (Tone::Wait, "The name exists, without a record of this type"),
        Outcome::NoSuchName => (Tone::Wait, "No such name (NXDOMAIN)"),
        Outcome::Timeout => (Tone::Warn, "No reply in time"),
        Outcome::Servfail => (Tone::Warn, "Server failure (SERVFAIL)"),
        Outcome::Refused => (Tone::Warn, "Refused to answer"),
        Outcome::Bogus => (Tone::Warn, "DNSSEC validation fails"),
        Outcome::Unreachable => (Tone::Warn, "Could not be reached"),
        Outcome::Malformed => (Tone::Warn, "No usable reply"),
        Outcome::Local => (Tone::Warn, "We could not ask"),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::diagnosis::spf_eval::{SpfMark, SpfOutcome, SpfTree, SpfTreeTerm};
    use crate::web::domains::samples::{broken_spf, domain};

    fn heard(server: Option<&str>, outcome: Outcome, records: &[&str]) -> Heard {
        Heard {
            server: server.map(str::to_owned),
            address: server.map(|_| "192.0.2.53".to_owned()),
            outcome,
            records: records.iter().map(|text| (*text).to_owned()).collect(),
            aliases: Vec::new(),
            ttl_s: 300,
        }
    }

    fn term(term: &str, lookups: u32, mark: Option<SpfMark>, child: Option<SpfTree>) -> SpfTreeTerm {
        SpfTreeTerm {
            term: term.into(),
            more: 0,
            lookups,
            outcome: if mark.is_some() { SpfOutcome::Fail } else { SpfOutcome::NoMatch },
            decided: mark.map(|_| "192.0.2.0/24".to_owned()).into_iter().collect(),
            found: Vec::new(),
            mark,
            child: child.map(Box::new),
        }
    }

    pub fn sample() -> String {
        let inner = SpfTree {
            name: "_spf.google.com".into(),
            record: "v=spf1 include:_netblocks.google.com ~all".into(),
            omitted: 0,
            terms: vec![term("include:_netblocks.google.com", 2, None, None), term("~all", 2, None, None)],
        };
        let tree = SpfTree {
            name: "mail.example.com".into(),
            record: "v=spf1 include:_spf.google.com -all".into(),
            omitted: 0,
            terms: vec![
                term("include:_spf.google.com", 1, None, Some(inner)),
                term("-all", 2, Some(SpfMark::Lost), None),
            ],
        };
        let evidence = Evidence {
            heard: vec![
                heard(Some("ns1.example.net"), Outcome::Found, &["v=spf1 include:_spf.google.com -all"]),
                heard(Some("ns2.example.net"), Outcome::Timeout, &[]),
                heard(None, Outcome::Found, &["v=spf1 include:_spf.google.com -all"]),
            ],
            dig: "TXT mail.example.com".into(),
            spf_tree: Some(tree),
        };
        let mut layout = Layout::bare("spf of mail.example.com");
        layout.email = Some("admin@mta.example".into());
        let view = EvidenceView { domain: domain(), record: broken_spf(), evidence: Some(evidence) };
        record_page(layout, &view).render().unwrap()
    }

    #[test]
    fn the_page_shows_each_server_the_dig_lines_and_the_tree() {
        let page = sample().replace("<span class=\"w\">", "").replace("</span>", "");
        for text in [
            "ns2.example.net",
            "No reply in time",
            "dig +norecurse @ns1.example.net TXT mail.example.com",
            "dig TXT mail.example.com",
            "nslookup -type=TXT mail.example.com ns1.example.net",
            "include:_netblocks.google.com",
            "<mark class=\"w\">include:spf.mta.example",
            "Missing there",
        ] {
            assert!(page.contains(text), "{text}");
        }
    }

    #[test]
    fn a_wrong_record_says_where_its_zone_is_delegated_and_a_good_one_does_not() {
        let elsewhere =
            Finding::info(Code::DelegatedTo).arg("zone", "example.com").arg("servers", "ns1.oldhost.example");
        let mut view = EvidenceView { domain: domain(), record: broken_spf(), evidence: None };
        view.domain.findings = vec![elsewhere];
        assert!(record_page(Layout::bare("spf"), &view).render().unwrap().contains("ns1.oldhost.example"));
        view.record.verdict = Some(Verdict::Pass);
        assert!(!record_page(Layout::bare("spf"), &view).render().unwrap().contains("oldhost"));
    }

    #[test]
    fn before_the_first_check_there_is_nothing_to_show_of_it() {
        let view = EvidenceView { domain: domain(), record: broken_spf(), evidence: None };
        let html = record_page(Layout::bare("spf"), &view).render().unwrap();
        assert!(!html.contains("dig +norecurse"));
    }
}
