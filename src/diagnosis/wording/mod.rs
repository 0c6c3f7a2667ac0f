//! The sentences of every finding, in Fluent files beside this one: `CODE` or `CODE--VARIANT` is the message, with
//! the attributes `summary` (what was seen), `why` (why receivers care) and `fix` (what to type and where; every error
//! has one). A second language is a second folder.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

use super::Finding;
use super::dkim::is_private_key;

/// The sentences of one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentences {
    pub summary: String,
    pub why: Option<String>,
    pub fix: Option<String>,
}

const ENGLISH: &[&str] = &[
    include_str!("en/spf.ftl"),
    include_str!("en/dkim.ftl"),
    include_str!("en/dmarc.ftl"),
    include_str!("en/mx.ftl"),
    include_str!("en/cname.ftl"),
    include_str!("en/placement.ftl"),
    include_str!("en/reach.ftl"),
    include_str!("en/domain.ftl"),
    include_str!("en/profile.ftl"),
];

static BUNDLE: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| {
    let english = "en".parse().expect("en is a language tag");
    let mut bundle = FluentBundle::new_concurrent(vec![english]);
    bundle.set_use_isolating(false);
    for source in ENGLISH {
        let resource = FluentResource::try_new((*source).to_owned())
            .unwrap_or_else(|(_, errors)| panic!("the catalogue is compiled in and tested: {errors:?}"));
        bundle.add_resource(resource).unwrap_or_else(|errors| panic!("each message stands once: {errors:?}"));
    }
    bundle
});

/// Says a finding in English. A message or argument that is not there shows as its own name, which the tests of the
/// catalogue refuse.
pub fn say(finding: &Finding) -> Sentences {
    let id = match &finding.variant {
        Some(variant) => format!("{}--{variant}", finding.code.as_str()),
        None => finding.code.as_str().to_owned(),
    };
    let mut args = FluentArgs::new();
    for (name, value) in &finding.args {
        args.set(name.as_str(), value.as_str());
    }
    Sentences {
        summary: attribute(&id, "summary", &args).unwrap_or_else(|| id.clone()),
        why: attribute(&id, "why", &args),
        fix: attribute(&id, "fix", &args),
    }
}

fn attribute(id: &str, name: &str, args: &FluentArgs<'_>) -> Option<String> {
    let message = BUNDLE.get_message(id)?;
    let pattern = message.get_attribute(name)?.value();
    let mut errors = Vec::new();
    let text = BUNDLE.format_pattern(pattern, Some(args), &mut errors).into_owned();
    debug_assert!(errors.is_empty(), "{id}.{name}: {errors:?}");
    Some(text)
}

/// Text out of DNS as a sentence may hold it: in quotation marks, invisible characters made visible, shortened in the
/// middle to about `QUOTE_LENGTH` characters.
pub fn quote(bytes: &[u8]) -> String {
    shortened(bytes, push_visible)
}

/// As [`quote`], for a record that may hold ASCII alone: letters of other scripts, which can look like those that
/// belong there, are followed by their numbers.
pub fn quote_record(bytes: &[u8]) -> String {
    shortened(bytes, |c, shown| {
        push_visible(c, shown);
        if !c.is_ascii() && c.is_alphanumeric() {
            shown.push_str(&format!("[U+{:04X}]", c as u32));
        }
    })
}

/// What is shown where a private key stands.
pub const MASKED: &str = "(a private key, not repeated here)";

fn shortened(bytes: &[u8], push: impl Fn(char, &mut String)) -> String {
    if is_private_key(bytes) {
        return MASKED.to_owned();
    }
    let text = String::from_utf8_lossy(bytes);
    let count = text.chars().count();
    let (head, tail) = if count > QUOTE_LENGTH { (QUOTE_LENGTH * 2 / 3, QUOTE_LENGTH / 3) } else { (count, 0) };
    let mut shown = String::from("“");
    text.chars().take(head).for_each(|c| push(c, &mut shown));
    if head < count {
        shown.push_str(" … ");
        text.chars().skip(count - tail).for_each(|c| push(c, &mut shown));
    }
    shown.push('”');
    shown
}

/// As [`quote`], with what stands around the character `at` kept.
pub fn quote_around(bytes: &[u8], at: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let count = text.chars().count();
    if count <= QUOTE_LENGTH || is_private_key(bytes) {
        return quote(bytes);
    }
    let from = at.saturating_sub(QUOTE_LENGTH / 2);
    let to = (at + QUOTE_LENGTH / 2).min(count);
    let mut shown = String::from(if from > 0 { "“… " } else { "“" });
    text.chars().take(to).skip(from).for_each(|c| push_visible(c, &mut shown));
    shown.push_str(if to < count { " …”" } else { "”" });
    shown
}

/// A span of time as a sentence may hold it, rounded up to whole units.
pub fn duration(seconds: u32) -> String {
    let counted = |count: u32, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match seconds {
        0..=119 => counted(seconds, "second"),
        120..=7_199 => counted(seconds.div_ceil(60), "minute"),
        7_200..=172_799 => counted(seconds.div_ceil(3_600), "hour"),
        _ => counted(seconds.div_ceil(86_400), "day"),
    }
}

const QUOTE_LENGTH: usize = 90;

fn push_visible(c: char, shown: &mut String) {
    match c {
        ' '..='~' => shown.push(c),
        '\t' => shown.push('⇥'),
        '\n' | '\r' => shown.push('⏎'),
        '\u{a0}' => shown.push('⍽'),
        c if c.is_alphanumeric() || matches!(c, '“' | '”' | '‘' | '’' | '–' | '—' | '…') => shown.push(c),
        c => shown.push_str(&format!("[U+{:04X}]", c as u32)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Code;

    fn messages() -> Vec<(String, bool)> {
        let ids = |source: &str| -> Vec<(String, bool)> {
            source.split('\n').fold(Vec::<(String, bool)>::new(), |mut blocks, line| {
                if let Some(id) = line.strip_suffix(" =").filter(|id| !id.starts_with(' ')) {
                    blocks.push((id.to_owned(), false));
                } else if line.trim_start().starts_with(".fix =") {
                    blocks.iter_mut().last().expect("an attribute follows its message").1 = true;
                }
                blocks
            })
        };
        ENGLISH.iter().flat_map(|source| ids(source)).collect()
    }

    #[test]
    fn every_message_is_named_by_a_code_and_has_a_summary() {
        for (id, _) in messages() {
            let code = id.split("--").next().expect("a split has a first part");
            assert!(Code::find(code).is_some(), "{id} is named by no code");
            let message = BUNDLE.get_message(&id).expect("the message was read from the catalogue");
            assert!(message.get_attribute("summary").is_some(), "{id} has no summary");
        }
    }

    #[test]
    fn every_code_has_a_sentence() {
        for code in Code::ALL {
            let has_message = messages().iter().any(|(id, _)| id.split("--").next() == Some(code.as_str()));
            assert!(has_message, "{} has no message", code.as_str());
        }
    }

    #[test]
    fn every_code_about_places_hosts_and_reach_says_what_to_do() {
        let others = ["spf-", "dkim-", "dmarc-"];
        for code in Code::ALL.iter().filter(|code| !others.iter().any(|prefix| code.as_str().starts_with(prefix))) {
            let mut of_code = messages().into_iter().filter(|(id, _)| id.split("--").next() == Some(code.as_str()));
            assert!(of_code.clone().next().is_some(), "{} has no message", code.as_str());
            assert!(of_code.all(|(_, has_fix)| has_fix), "{} has a message without a fix", code.as_str());
        }
    }

    #[test]
    fn what_is_wrong_in_a_long_text_is_in_its_quotation() {
        let text = format!("{}\u{200b}{}", "a".repeat(200), "b".repeat(200));
        let shown = quote_around(text.as_bytes(), 200);
        assert!(shown.starts_with("“… a") && shown.contains("a[U+200B]b") && shown.ends_with("b …”"), "{shown}");
        assert_eq!(quote_around(b"short", 3), "“short”");
    }

    #[test]
    fn a_span_of_time_is_rounded_up() {
        let cases =
            [(1, "1 second"), (119, "119 seconds"), (3_599, "60 minutes"), (7_200, "2 hours"), (200_000, "3 days")];
        for (seconds, said) in cases {
            assert_eq!(duration(seconds), said);
        }
    }

    #[test]
    fn quoted_text_is_short_and_shows_what_cannot_be_seen() {
        assert_eq!(quote(b"a\tb\nc"), "“a⇥b⏎c”");
        assert_eq!(quote("x\u{200b}y\u{a0}".as_bytes()), "“x[U+200B]y⍽”");
        assert_eq!(quote("\u{440}=é".as_bytes()), "“\u{440}=é”");
        assert_eq!(quote_record("\u{440}=n\u{a0}".as_bytes()), "“\u{440}[U+0440]=n⍽”");
        let long = quote("k".repeat(400).as_bytes());
        assert!(long.contains(" … ") && long.chars().count() <= QUOTE_LENGTH + 5, "{long}");
    }
}
