//! Quotes and blanks that were pasted along: told by what the same text would do without them.

use super::super::observed::{Answer, RecordData, Reply};
use super::super::{Case, Code, Depth, Finding, Verdict, wording};
use super::told;
use crate::records::plan::Wanted;

/// A way to take off what was pasted along, and the code that says so.
type Repair = (Code, fn(&[u8]) -> Vec<u8>);

/// The gentlest first.
const REPAIRS: &[Repair] = &[
    (Code::ValueWhitespace, without_blanks),
    (Code::ValueQuoted, without_quotes),
    (Code::ValueQuoted, |text| without_blanks(&without_quotes(text))),
];

/// What is broken in the value by quotes or blanks alone, and the text without them.
pub fn broken(case: &Case<'_>) -> Option<(Finding, String)> {
    let texts: Vec<Vec<u8>> = case.reply.records().iter().filter_map(RecordData::txt_joined).collect();
    REPAIRS.iter().find_map(|(code, repair)| {
        let broken: Vec<&Vec<u8>> = texts.iter().filter(|text| repair(text) != **text).collect();
        let first = broken.first()?;
        if !does_the_job(case, texts.iter().map(|text| repair(text)).collect()) {
            return None;
        }
        let ours = broken.iter().find(|text| does_the_job(case, vec![repair(text)])).unwrap_or(first);
        let repaired = repair(ours);
        let seen = wording::quote_around(ours, first_difference(ours, &repaired));
        // Theirs, made readable; a key is ours alone.
        let value = match &case.record.wanted {
            Wanted::Dkim { public: Some(_), .. } => case.record.value(),
            _ => String::from_utf8_lossy(&repaired).into_owned(),
        };
        let finding = told(case, Finding::error(*code)).arg("seen", seen).arg("value", &value);
        Some((finding.suggest(&value), value))
    })
}

fn does_the_job(case: &Case<'_>, texts: Vec<Vec<u8>>) -> bool {
    let records = texts.into_iter().map(|text| RecordData::Txt(vec![text])).collect();
    let reply = Reply { answer: Answer::Found(records), ..case.reply.clone() };
    Verdict::of(&super::super::judge(&Case { reply: &reply, depth: Depth::Codes, ..*case }).findings).is_good()
}

/// At which character two texts part.
fn first_difference(one: &[u8], other: &[u8]) -> usize {
    let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

/// The text without literal quotation marks, typographic ones too, and backslashes.
pub fn without_quotes(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let is_quote = |c: char| matches!(c, '"' | '\\' | '“' | '”' | '„' | '«' | '»');
    let kept: String = text.chars().filter(|c| !is_quote(*c)).collect();
    kept.trim_matches(['\'', '‘', '’', '`']).as_bytes().to_vec()
}

/// The text with runs of blanks of any kind as one blank, none at the ends, and no invisible characters.
pub fn without_blanks(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let is_invisible = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\0');
    let kept: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ").into_bytes()
}
