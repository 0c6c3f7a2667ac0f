//! What does no harm to our mail and is worth a look.

use super::finding;
use crate::diagnosis::spf_eval::{Evaluation, MAX_LOOKUPS};
use crate::diagnosis::wording::quote;
use crate::diagnosis::{Case, Code, Finding};
use crate::records::spf::{Mechanism, Qualifier, SpfRecord, Term};

/// Lookups from which a record is near the limit of ten.
const NEAR_LIMIT: u32 = 8;
/// Terms named in one sentence.
const MAX_NAMED: usize = 4;

pub(super) fn findings(case: &Case<'_>, record: &SpfRecord, judged: &Evaluation, is_ours_known: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let warn = |code| finding(case, Finding::warning(code));
    let terms: Vec<(&Term, &Mechanism)> =
        record.directives().map(|(term, directive)| (term, &directive.mechanism)).collect();
    match record.all() {
        Some(all) => {
            if all.qualifier == Qualifier::Pass {
                found.push(warn(Code::SpfPlusAll));
            }
            let behind = terms.iter().skip_while(|(_, mechanism)| **mechanism != Mechanism::All).skip(1);
            let mut behind: Vec<&str> = behind.map(|(term, _)| term.text.as_str()).collect();
            behind.extend(record.redirect().map(|(term, _)| term.text.as_str()));
            if !behind.is_empty() {
                found.push(warn(Code::SpfAfterAll).arg("terms", named(&behind)));
            }
        }
        None if record.redirect().is_none() => found.push(warn(Code::SpfNoAll)),
        None => {}
    }
    if let Some((term, _)) = terms.iter().find(|(_, mechanism)| matches!(mechanism, Mechanism::Ptr(_))) {
        found.push(warn(Code::SpfPtr).arg("term", quote(term.text.as_bytes())));
    }
    if judged.lookups >= NEAR_LIMIT {
        let near = warn(Code::SpfLookupsNearLimit).arg("count", judged.lookups);
        found.push(if judged.lookups > MAX_LOOKUPS {
            let past: Vec<&str> = judged.past_limit.iter().map(String::as_str).collect();
            near.variant(if is_ours_known { "past" } else { "past-anybody" }).arg("terms", named(&past))
        } else {
            near
        });
    }
    found
}

/// Terms in a sentence, the first few by name.
pub(super) fn named(terms: &[&str]) -> String {
    let shown: Vec<String> = terms.iter().take(MAX_NAMED).map(|term| quote(term.as_bytes())).collect();
    match terms.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
