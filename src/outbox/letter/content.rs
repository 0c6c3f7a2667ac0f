//! What a letter holds, and the two templates that show it.

use askama::Template;
use fluent_bundle::FluentValue;

use super::{Envelope, Letter};
use crate::lifecycle::notice::ToPublish;
use crate::outbox::wording::{Args, Words};

/// A longer subject is cut.
const LONGEST_SUBJECT: usize = 150;

#[derive(Template)]
#[template(path = "outbox/letter.html")]
struct HtmlPage<'a>(&'a Content);

#[derive(Template)]
#[template(path = "outbox/letter.txt")]
struct TextPage<'a>(&'a Content);

/// What a letter holds; both templates show it.
#[derive(Debug, Default)]
pub struct Content {
    pub subject: String,
    /// What is wrong, the first sentence of all.
    pub findings: Vec<Said>,
    pub body: String,
    pub publish: String,
    pub labels: Labels,
    pub records: Vec<ToPublish>,
    /// One line a change, of a digest.
    pub lines: Vec<Line>,
    pub more: String,
    pub link: Link,
    pub why: String,
    pub unsubscribe: Option<Link>,
}

#[derive(Debug)]
pub struct Said {
    pub summary: String,
    pub fix: String,
}

#[derive(Debug)]
pub struct Line {
    pub domain: String,
    pub text: String,
    pub finding: String,
    pub url: String,
}

#[derive(Debug, Default)]
pub struct Link {
    pub url: String,
    pub text: String,
}

#[derive(Debug, Default)]
pub struct Labels {
    pub rtype: String,
    pub host: String,
    pub name: String,
    pub value: String,
    pub priority: String,
}

impl Content {
    /// Rendered both ways.
    pub fn letter(mut self, words: &Words, envelope: &Envelope<'_>) -> Letter {
        self.subject = self.subject.chars().map(visible).take(LONGEST_SUBJECT).collect();
        self.labels = Labels {
            rtype: words.say("part-type", &[]),
            host: words.say("part-host", &[]),
            name: words.say("part-name", &[]),
            value: words.say("part-value", &[]),
            priority: words.say("part-priority", &[]),
        };
        if let Some(url) = &envelope.unsubscribe {
            let args: Args<'_> = &[
                ("email", FluentValue::from(envelope.recipient)),
                ("console", FluentValue::from(envelope.public_url)),
            ];
            self.why = words.say("part-why", args);
            self.unsubscribe = Some(Link { url: url.clone(), text: words.say("part-unsubscribe", &[]) });
        }
        Letter {
            text: TextPage(&self).render().unwrap_or_default(),
            html: HtmlPage(&self).render().unwrap_or_default(),
            subject: self.subject,
            unsubscribe: envelope.unsubscribe.clone(),
        }
    }
}

/// A record's texts may come out of DNS: merged with what stood there.
pub fn shown(record: &ToPublish) -> ToPublish {
    ToPublish { host: one_line(&record.host), value: one_line(&record.value), ..record.clone() }
}

pub fn one_line(text: &str) -> String {
    text.chars().map(visible).collect()
}

/// Nothing that ends a line or hides what comes after it.
fn visible(c: char) -> char {
    let is_hidden = c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    if is_hidden { '\u{fffd}' } else { c }
}
