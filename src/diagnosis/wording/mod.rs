//! The sentences of every finding, in Fluent files beside this one: `CODE` or `CODE--VARIANT` is the message, with
//! the attributes `summary` (what was seen), `why` (why receivers care) and `fix` (what to type and where; every error
//! has one). A second language is a second folder.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

use super::Finding;

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
    let visible: Vec<String> = String::from_utf8_lossy(bytes).chars().map(visible).collect();
    let text = if visible.len() > QUOTE_LENGTH {
        let (head, tail) = (&visible[..QUOTE_LENGTH * 2 / 3], &visible[visible.len() - QUOTE_LENGTH / 3..]);
        format!("{} … {}", head.concat(), tail.concat())
    } else {
        visible.concat()
    };
    format!("“{text}”")
}

const QUOTE_LENGTH: usize = 90;

fn visible(c: char) -> String {
    match c {
        ' '..='~' => c.to_string(),
        '\t' => "⇥".to_owned(),
        '\n' | '\r' => "⏎".to_owned(),
        '\u{a0}' => "⍽".to_owned(),
        c if c.is_alphanumeric() || matches!(c, '“' | '”' | '‘' | '’' | '–' | '—' | '…') => c.to_string(),
        c => format!("[U+{:04X}]", c as u32),
    }
}
