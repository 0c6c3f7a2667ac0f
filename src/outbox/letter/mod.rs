//! A message as people read it: subject, plain text and HTML, in the team's language and at its clock. Text out of DNS
//! is data in both.

mod content;

use fluent_bundle::FluentValue;

use self::content::{Content, Line, Link, Said, one_line, shown};
use super::wording::{Args, Words};
use crate::diagnosis::{Finding, wording};
use crate::lifecycle::notice::{Facts, Notice, NoticeKind};

/// How many changes a digest tells one by one.
const TOLD_IN_A_DIGEST: usize = 50;

/// A mail's content, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
    /// By which the address is taken off the list; `None` where it stands on none.
    pub unsubscribe: Option<String>,
}

/// Where links lead, and to whom the letter goes.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    pub public_url: &'a str,
    pub recipient: &'a str,
    pub unsubscribe: Option<String>,
}

/// The letter of one notice.
pub fn alert(words: &Words, envelope: &Envelope<'_>, notice: &Notice) -> Letter {
    let facts = &notice.facts;
    let id = format!("alert--{}", notice.kind.as_str());
    let args = args_of(words, notice);
    let zone = facts.domain.as_ref().map_or("", |domain| domain.zone.as_str());
    let count = FluentValue::from(i64::try_from(facts.records.len()).unwrap_or(i64::MAX));
    let publish = match facts.records.is_empty() {
        true => String::new(),
        false => words.say("part-publish", &[("zone", FluentValue::from(zone)), ("count", count)]),
    };
    let content = Content {
        subject: words.say(&format!("{id}.subject"), &args),
        findings: facts.findings.iter().map(|finding| said(words, finding)).collect(),
        body: words.say(&format!("{id}.body"), &args),
        publish,
        records: facts.records.iter().map(shown).collect(),
        link: link(words, envelope, facts, notice.kind),
        ..Content::default()
    };
    content.letter(words, envelope)
}

/// The letter of many notices at once; of one, its own.
pub fn digest(words: &Words, envelope: &Envelope<'_>, notices: &[Notice]) -> Letter {
    if let [only] = notices {
        return alert(words, envelope, only);
    }
    let number = |count: usize| FluentValue::from(i64::try_from(count).unwrap_or(i64::MAX));
    let count: Args<'_> = &[("count", number(notices.len()))];
    let left = notices.len().saturating_sub(TOLD_IN_A_DIGEST);
    let content = Content {
        subject: words.say("digest.subject", count),
        body: words.say("digest.body", count),
        lines: notices.iter().take(TOLD_IN_A_DIGEST).map(|notice| line(words, envelope, notice)).collect(),
        more: if left > 0 { words.say("digest.more", &[("count", number(left))]) } else { String::new() },
        link: Link { url: format!("{}/domains", envelope.public_url), text: words.say("part-open-list", &[]) },
        ..Content::default()
    };
    content.letter(words, envelope)
}

/// The letter of the test button.
pub fn test(words: &Words, envelope: &Envelope<'_>, at: time::OffsetDateTime) -> Letter {
    let args: Args<'_> = &[("at", FluentValue::from(words.moment(at)))];
    let content = Content {
        subject: words.say("test.subject", args),
        body: words.say("test.body", args),
        link: Link {
            url: format!("{}/settings/alerts", envelope.public_url),
            text: words.say("part-open-settings", &[]),
        },
        ..Content::default()
    };
    content.letter(words, envelope)
}

/// The letter with a link that sets a new password.
pub fn reset(words: &Words, envelope: &Envelope<'_>, token: &str, until: time::OffsetDateTime) -> Letter {
    let args: Args<'_> =
        &[("email", FluentValue::from(envelope.recipient)), ("until", FluentValue::from(words.moment(until)))];
    let content = Content {
        subject: words.say("reset.subject", args),
        body: words.say("reset.body", args),
        link: Link {
            url: format!("{}/login/reset?token={token}", envelope.public_url),
            text: words.say("part-open-reset", &[]),
        },
        ..Content::default()
    };
    content.letter(words, envelope)
}

fn args_of<'a>(words: &Words, notice: &'a Notice) -> Vec<(&'static str, FluentValue<'a>)> {
    let domain = notice.facts.domain.as_ref();
    let moment = |at: Option<time::OffsetDateTime>| FluentValue::from(words.moment(at.unwrap_or(notice.at)));
    vec![
        ("domain", FluentValue::from(domain.map_or("", |domain| domain.name.as_str()))),
        ("at", moment(None)),
        ("since", moment(domain.and_then(|domain| domain.at_risk_since))),
        ("until", moment(domain.and_then(|domain| domain.stops_sending_at))),
        ("count", FluentValue::from(i64::try_from(notice.facts.count.unwrap_or(0)).unwrap_or(i64::MAX))),
    ]
}

fn said(words: &Words, finding: &Finding) -> Said {
    let said = wording::say(finding);
    let fix = said.fix.map(|text| words.say("part-fix", &[("text", FluentValue::from(text))]));
    Said { summary: one_line(&said.summary), fix: one_line(&fix.unwrap_or_default()) }
}

fn line(words: &Words, envelope: &Envelope<'_>, notice: &Notice) -> Line {
    let id = format!("alert--{}.line", notice.kind.as_str());
    let finding = notice.facts.findings.first().map(|finding| one_line(&wording::say(finding).summary));
    Line {
        domain: notice.facts.domain.as_ref().map(|domain| domain.name.clone()).unwrap_or_default(),
        text: words.say(&id, &args_of(words, notice)),
        finding: finding.unwrap_or_default(),
        url: url_of(envelope, &notice.facts),
    }
}

fn link(words: &Words, envelope: &Envelope<'_>, facts: &Facts, kind: NoticeKind) -> Link {
    match kind {
        NoticeKind::ProfileBroken => {
            Link { url: format!("{}/settings/profile", envelope.public_url), text: words.say("part-open-profile", &[]) }
        }
        _ if facts.domain.is_none() => Link { url: url_of(envelope, facts), text: words.say("part-open-list", &[]) },
        _ => Link { url: url_of(envelope, facts), text: words.say("part-open-domain", &[]) },
    }
}

/// By name and not by id: it is what people look for where the domain was deleted and added anew.
fn url_of(envelope: &Envelope<'_>, facts: &Facts) -> String {
    match &facts.domain {
        Some(domain) => format!("{}/domains/{}", envelope.public_url, domain.name),
        None => format!("{}/domains", envelope.public_url),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::diagnosis::Code;
    use crate::lifecycle::Status;
    use crate::lifecycle::notice::{DomainFacts, ToPublish};
    use time::macros::datetime;
    use uuid::Uuid;

    pub fn notice(kind: NoticeKind) -> Notice {
        let since = datetime!(2026-06-01 12:00 UTC);
        let domain = DomainFacts {
            id: Uuid::nil(),
            name: "mail.example.com".into(),
            zone: "example.com".into(),
            status: Status::AtRisk,
            at_risk_since: Some(since),
            stops_sending_at: Some(since + time::Duration::hours(72)),
        };
        let record = ToPublish {
            key: "spf".into(),
            rtype: "TXT".into(),
            name: "mail.example.com".into(),
            host: "mail".into(),
            value: "v=spf1 include:spf.mta.example ~all".into(),
            priority: None,
        };
        let facts = Facts {
            domain: Some(domain),
            findings: vec![
                Finding::error(Code::SpfMissing)
                    .arg("name", "mail.example.com")
                    .arg("host", "mail")
                    .arg("zone", "example.com")
                    .arg("value", "v=spf1 include:spf.mta.example ~all"),
            ],
            records: vec![record],
            count: None,
        };
        Notice { id: Uuid::nil(), kind, at: since, facts }
    }

    fn envelope() -> Envelope<'static> {
        Envelope {
            public_url: "https://console.example",
            recipient: "ops@example.com",
            unsubscribe: Some("https://console.example/unsubscribe?a=1&b=2".into()),
        }
    }

    #[test]
    fn an_alert_begins_with_the_finding_and_has_record_and_link() {
        let letter = alert(&Words::of(None), &envelope(), &notice(NoticeKind::AtRisk));
        assert_eq!(letter.subject, "mail.example.com is at risk: a record was lost");
        let first = wording::say(&notice(NoticeKind::AtRisk).facts.findings[0]).summary;
        assert!(letter.text.starts_with(&first), "{}", letter.text);
        for part in [
            "v=spf1 include:spf.mta.example ~all",
            "TXT",
            "https://console.example/domains/mail.example.com",
            "4 June 2026, 12:00 UTC",
        ] {
            assert!(letter.text.contains(part) && letter.html.contains(part), "{part}: {}", letter.text);
        }
        assert!(letter.text.contains("unsubscribe?a=1&b=2") && letter.html.contains("unsubscribe?a=1&#38;b=2"));
    }

    #[test]
    fn text_out_of_dns_breaks_neither_lines_nor_html() {
        let mut hostile = notice(NoticeKind::Failed);
        hostile.facts.records[0].value = "v=spf1\r\nBcc: all@example.net\r\n<script>alert(1)</script>\u{202e}".into();
        hostile.facts.findings[0] = Finding::error(Code::SpfMissing)
            .arg("name", "</p><img src=x>\r\n\r\n.\r\nQUIT")
            .arg("host", "x")
            .arg("zone", "y")
            .arg("value", "z");
        hostile.facts.domain.as_mut().unwrap().name = "a\r\nSubject: b".into();
        let letter = alert(&Words::of(None), &envelope(), &hostile);
        assert!(!letter.subject.contains(['\r', '\n']), "{:?}", letter.subject);
        assert!(
            !letter.text.contains("\nBcc:") && !letter.text.contains("\nQUIT") && !letter.text.contains('\u{202e}')
        );
        assert!(!letter.html.contains("<script>") && !letter.html.contains("<img"), "{}", letter.html);
    }

    #[test]
    fn a_digest_tells_each_change_in_a_line_and_counts_the_rest() {
        let many: Vec<Notice> = (0..63).map(|_| notice(NoticeKind::AtRisk)).collect();
        let letter = digest(&Words::of(None), &envelope(), &many);
        assert_eq!(letter.subject, "63 changes to your domains");
        assert_eq!(letter.text.matches("at risk: a record was lost").count(), TOLD_IN_A_DIGEST);
        assert!(letter.text.contains("13 more are in the list of domains."), "{}", letter.text);
        let one = digest(&Words::of(None), &envelope(), &many[..1]);
        assert_eq!(one, alert(&Words::of(None), &envelope(), &many[0]));
    }

    #[test]
    fn a_reset_link_stands_on_no_list() {
        let alone = Envelope { unsubscribe: None, ..envelope() };
        let letter = reset(&Words::of(None), &alone, "abc", datetime!(2026-06-01 12:00 UTC));
        assert!(letter.text.contains("https://console.example/login/reset?token=abc"));
        assert!(!letter.text.contains("alert settings") && letter.unsubscribe.is_none());
    }
}
