//! Sample views, and what the domain's page says of them.

use std::collections::BTreeMap;

use time::macros::{date, datetime};
use uuid::Uuid;

use super::*;
use crate::console::{DayStrip, RecordView};
use crate::diagnosis::{AnsweredBy, Code, Finding, Verdict};
use crate::records::Selector;
use crate::records::plan::{PlannedType, RecordKey};

const NOW: OffsetDateTime = datetime!(2026-06-01 12:00:30 UTC);
const KEY: &str = "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAv7Xq0m1Zc0nQyJ3s8dPq4LkT2wRfYh6uBzXo9EaVg\
    W5iNtCjKpMlUrHs3bDxOe7yAvFqG1ZkJ8wTnR4mPcLhXuIoVbE2sYd6gKaQfCjNzWt9rMlHpUxB5eSyOvDi3kGqAa7FwZcTnJm1RhPuL8oXbVsE4yIgKd\
    2QfNaCjWzMt6rHlUpBx9SeyvODi3GkqA7aFwZTcnJm1hRPuLo8XVbsE4IyKgd2fQNaCjWzM6trHlpUB9xSevyODi3GkAq7aFwTZcJnm1hRPLuo8XVsbE4Q\
    IDAQAB";

pub fn record(key: RecordKey, verdict: Option<Verdict>) -> RecordView {
    let (rtype, name, host, value) = match &key {
        RecordKey::Dkim(_) => {
            (PlannedType::Txt, "s7k2._domainkey.mail.example.com", "s7k2._domainkey.mail", KEY.to_owned())
        }
        RecordKey::Spf => {
            (PlannedType::Txt, "mail.example.com", "mail", "v=spf1 include:spf.mta.example ~all".to_owned())
        }
        RecordKey::Dmarc => (PlannedType::Txt, "_dmarc.mail.example.com", "_dmarc.mail", "v=DMARC1; p=none".to_owned()),
        RecordKey::Mx => (PlannedType::Mx, "mail.example.com", "mail", "bounce.mta.example".to_owned()),
        _ => (PlannedType::Cname, "click.mail.example.com", "click.mail", "track.mta.example".to_owned()),
    };
    let is_good = verdict.is_some_and(Verdict::is_good);
    RecordView {
        priority: (key == RecordKey::Mx).then_some(10),
        is_required: key != RecordKey::Tracking,
        is_asked: key != RecordKey::Tracking,
        old_value_until: None,
        status: if is_good { Status::Verified } else { Status::Pending },
        current: if is_good { vec![value.clone()] } else { Vec::new() },
        key,
        rtype,
        name: name.into(),
        host: host.into(),
        value,
        suggested_value: None,
        is_inherited: false,
        verdict,
        answered_by: verdict.map(|_| AnsweredBy::Authoritative),
        checked_at: Some(datetime!(2026-06-01 12:00 UTC)),
        verified_at: None,
        findings: Vec::new(),
        days: Some(days(verdict)),
    }
}

/// Good for weeks, a gap, a warning, and then this.
pub fn days(verdict: Option<Verdict>) -> DayStrip {
    let mut days = vec![None; 90];
    days[30..84].fill(Some(Verdict::Pass));
    days[60..63].fill(None);
    days[70] = Some(Verdict::Unknown);
    days[84..88].fill(Some(Verdict::Warn));
    days[88..].fill(verdict);
    DayStrip { until: date!(2026 - 06 - 01), days }
}

pub fn broken_spf() -> RecordView {
    let merged = "v=spf1 include:_spf.google.com include:spf.mta.example -all";
    let mut spf = record(RecordKey::Spf, Some(Verdict::Mismatch));
    spf.current = vec!["v=spf1 include:_spf.google.com -all".into()];
    spf.suggested_value = Some(merged.into());
    spf.findings = vec![
        Finding::error(Code::SpfNotAuthorized).variant("sample").suggest(merged),
        Finding::warning(Code::StaleCache).variant("sample"),
    ];
    spf
}

pub fn domain() -> DomainView {
    let mut dkim = record(RecordKey::Dkim(Selector::parse("s7k2").unwrap()), Some(Verdict::Missing));
    dkim.findings = vec![Finding::error(Code::DkimMissing).variant("sample")];
    let mut dmarc = record(RecordKey::Dmarc, Some(Verdict::Pass));
    dmarc.is_inherited = true;
    dmarc.current = Vec::new();
    dmarc.findings = vec![Finding::info(Code::DmarcInherited).variant("sample")];
    let mx = record(RecordKey::Mx, Some(Verdict::Unknown));
    let tracking = record(RecordKey::Tracking, Some(Verdict::Missing));
    DomainView {
        id: Uuid::nil(),
        name: "mail.example.com".parse().unwrap(),
        unicode_name: "mail.example.com".into(),
        zone: "example.com".into(),
        status: Status::Pending,
        required_verified: 1,
        required_total: 4,
        tags: BTreeMap::from([("customer".into(), "acme".into())]),
        created_at: datetime!(2026-06-01 11:00 UTC),
        verified_at: None,
        last_checked_at: Some(datetime!(2026-06-01 12:00 UTC)),
        next_check_at: None,
        at_risk_since: None,
        stops_sending_at: None,
        unknown_since: None,
        findings: Vec::new(),
        days: Some(days(Some(Verdict::Missing))),
        nameservers: vec!["ada.ns.cloudflare.com".into(), "bob.ns.cloudflare.com".into()],
        records: vec![dkim, broken_spf(), dmarc, mx, tracking],
    }
}

pub fn html(domain: &DomainView) -> String {
    let mut layout = Layout::bare(domain.name.as_str());
    layout.email = Some("admin@mta.example".into());
    layout.section = Section::Domains;
    ShowPage {
        layout,
        was_cleaned: true,
        findings: FindingView::all(&domain.findings, "domain"),
        glance: sentences(&RecordRow::all(&domain.records), domain.required_verified, domain.required_total),
        step: step(domain, &RecordRow::all(&domain.records), NOW),
        provider: provider(domain, &RecordRow::all(&domain.records)),
        rows: RecordRow::all(&domain.records),
        domain: Head::new(domain, NOW),
        days: StripView::small(domain.days.as_ref()),
        events: Vec::new(),
        has_more_events: false,
    }
    .render()
    .unwrap()
}

/// The page as copying sees it: words of a value stand in spans, so that lines break at blanks alone.
fn text(domain: &DomainView) -> String {
    html(domain).replace("<span class=\"w\">", "").replace("</span>", "")
}

#[test]
fn the_record_that_needs_a_fix_comes_first_with_the_merged_value() {
    let page = text(&domain());
    let spf = page.find("data-key=\"spf\"").unwrap();
    assert!(spf < page.find("data-key=\"dkim-s7k2\"").unwrap());
    assert!(page.contains("v=spf1 include:_spf.google.com include:spf.mta.example -all"));
    assert!(page.contains("data-verdict=\"mismatch\""));
}

#[test]
fn an_inherited_policy_shows_nothing_to_publish() {
    let page = text(&domain());
    assert!(page.contains("Nothing to publish") && !page.contains("v=DMARC1"));
}

#[test]
fn without_a_next_look_none_is_promised() {
    let mut sample = domain();
    assert!(!html(&sample).contains("by ourselves"));
    sample.next_check_at = Some(datetime!(2026-06-01 13:00 UTC));
    let page = html(&sample);
    assert!(page.contains("by ourselves") && page.contains("data-again-in=\"3582\""));
}

#[test]
fn text_out_of_dns_is_escaped() {
    let mut sample = domain();
    sample.records[1].current = vec!["<script>alert(1)</script>".into()];
    let page = text(&sample);
    assert!(!page.contains("<script>alert") && page.contains("alert(1)"));
}

#[test]
fn where_no_spf_record_can_hold_everybody_ours_alone_is_not_offered_in_its_place() {
    let mut spf = broken_spf();
    spf.suggested_value = None;
    let theirs = spf.current[0].clone();
    spf.findings = vec![Finding::error(Code::SpfLookupLimit).arg("remedy", "subdomain")];
    assert!(!spf.is_offered());
    assert_eq!(crate::web::domains::row::shown_value(&spf), theirs);
    spf.findings = vec![Finding::error(Code::SpfLookupLimit).arg("remedy", "record")];
    assert!(spf.is_offered());
    assert_eq!(crate::web::domains::row::shown_value(&spf), spf.value);
}

#[test]
fn a_good_record_that_holds_more_than_ours_is_shown_as_it_stands() {
    let mut sample = domain();
    sample.records[1].verdict = Some(Verdict::Pass);
    sample.records[1].status = Status::Verified;
    sample.records[1].current = vec!["v=spf1 include:other.example include:spf.mta.example -all".into()];
    assert_eq!(RecordRow::new(&sample.records[1]).value, sample.records[1].current[0]);
}

#[test]
fn one_glance_tells_what_is_left() {
    let page = html(&domain());
    assert!(page.contains("1 of 4 required records verified; SPF is the one to fix"));
    let mut sample = domain();
    sample.records[0].findings = vec![Finding::error(Code::NameDoubled).variant("sample")];
    let page = html(&sample);
    let either = ["SPF and DKIM are the ones to fix", "DKIM and SPF are the ones to fix"];
    assert!(either.iter().any(|said| page.contains(said)));
    assert_eq!(title(&sample), "… mail.example.com");
}

#[test]
fn a_record_that_passes_folds_away_and_one_that_does_not_stands_open() {
    let mut sample = domain();
    sample.records[3].verdict = Some(Verdict::Pass);
    sample.records[3].current = vec![sample.records[3].value.clone()];
    let page = html(&sample);
    let row = |key: &str| {
        let from = page.find(&format!("data-key=\"{key}\"")).unwrap();
        page[from..].split("</tbody>").next().unwrap().to_owned()
    };
    assert!(row("mx").contains("<details class=\"published\">"));
    assert!(!row("spf").contains("<details class=\"published\">"));
}

#[test]
fn the_steps_of_the_first_time_are_gone_an_hour_after_the_first_pass() {
    let mut sample = domain();
    assert!(html(&sample).contains("class=\"stepper\""));
    (sample.status, sample.verified_at) = (Status::Verified, Some(NOW - Duration::minutes(5)));
    assert!(html(&sample).contains("class=\"stepper\""));
    sample.verified_at = Some(NOW - Duration::hours(2));
    assert!(!html(&sample).contains("class=\"stepper\""));
}

#[test]
fn the_provider_is_told_until_everything_is_in_place() {
    let mut sample = domain();
    assert!(html(&sample).contains("At your provider: Cloudflare"));
    sample.status = Status::Verified;
    assert!(!html(&sample).contains("At your provider"));
}
