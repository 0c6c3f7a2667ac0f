//! Why mail from some of our servers does not pass: the sentence that ends the support ticket.

use super::remedy::Suggestion;
use super::repair;
use super::same::is_same;
use super::{finding as about, remedied};
use crate::diagnosis::spf_eval::addresses::written;
use crate::diagnosis::spf_eval::{AddressSet, Evaluation, Family, Outcome, Place, Stop};
use crate::diagnosis::wording::quote;
use crate::diagnosis::{Case, Code, Finding, reach};
use crate::records::plan::Wanted;
use crate::records::spf::{Directive, MacroString, Mechanism, ProfileMechanism, Qualifier, Reading, SpfRecord, Term};

/// Networks of ours named in one sentence.
const MAX_NETWORKS: usize = 3;

/// A record that loses some of our servers.
pub(super) struct Seen<'a> {
    pub case: &'a Case<'a>,
    /// Empty where our servers are not known.
    pub mechanisms: &'a [ProfileMechanism],
    pub ours: &'a AddressSet,
    pub record: &'a SpfRecord,
    pub text: &'a str,
    pub judged: &'a Evaluation,
}

/// The finding, with what to publish.
pub(super) fn finding(seen: &Seen<'_>, suggestion: &Suggestion) -> Finding {
    let is_known = !seen.mechanisms.is_empty();
    let stop = seen.judged.stops().find(|stop| !stop.is_temporary());
    let is_stop_first = matches!(seen.judged.first_lost().map(|lost| &lost.outcome), Some(Outcome::Stopped(_)));
    let found = match stop {
        Some(stop) if is_stop_first || !is_known => stopped(seen, stop),
        _ => not_authorized(seen),
    };
    let lost = seen.judged.lost();
    let found = found
        .arg("current", quote(seen.text.as_bytes()))
        .arg("address", lost.first().map(|address| address.to_string()).unwrap_or_default())
        .arg("networks", networks(&lost));
    remedied(seen.case, found, suggestion)
}

/// A temporary error on the way to our servers: evidence of nothing.
pub(super) fn unanswered(case: &Case<'_>, stop: &Stop) -> Finding {
    let (at, failure) = match stop {
        Stop::Unanswered { at, failure, .. } => (at, *failure),
        other => (other.place(), crate::diagnosis::AskFailure::Local),
    };
    let term = format!("{} at {}", quote(at.term.as_bytes()), at.domain);
    reach::failure_finding(failure, case).arg("name", term)
}

/// Receivers end in an error before they come to our servers.
fn stopped(seen: &Seen<'_>, stop: &Stop) -> Finding {
    let place = stop.place();
    let error = |code| about(seen.case, Finding::error(code)).arg("term", quote(place.term.as_bytes()));
    // Below the record itself, the sentence names the record where it happens.
    let below = place.domain != seen.case.record.owner;
    let vary = |finding: Finding, variant: &str| {
        let finding = finding.arg("where", &place.domain);
        let anybody = if seen.mechanisms.is_empty() { "anybody" } else { "" };
        let parts = [variant, if below { "below" } else { "" }, anybody];
        let variant = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        if variant.is_empty() { finding } else { finding.variant(&variant) }
    };
    match stop {
        Stop::Syntax(_) if below => error(Code::SpfSyntax).arg("where", &place.domain).variant("below"),
        Stop::Syntax(_) => syntax(seen, &place.term, error(Code::SpfSyntax)),
        Stop::LookupLimit(_) => vary(error(Code::SpfLookupLimit).arg("count", seen.judged.lookups), ""),
        Stop::MxLimit(_) => vary(error(Code::SpfLookupLimit), "mx"),
        Stop::VoidLimit(_) => vary(error(Code::SpfVoidLimit), ""),
        Stop::Loop { target, .. } => vary(error(Code::SpfLoop).arg("target", target), ""),
        Stop::TooLarge(_) => error(Code::SpfTooLarge).arg("where", &place.domain),
        Stop::NoRecord { target, .. } => {
            let nowhere = error(Code::SpfNotAuthorized).arg("target", target);
            match misspelt(seen) {
                Some((written, ours)) if written == place.term => {
                    nowhere.variant("misspelt").arg("ours", quote(ours.as_bytes()))
                }
                _ => vary(nowhere, "nowhere"),
            }
        }
        Stop::SeveralRecords { target, .. } => vary(error(Code::SpfNotAuthorized).arg("target", target), "several"),
        Stop::Unanswered { .. } => unanswered(seen.case, stop),
    }
}

/// What is wrong with a term of the record itself.
fn syntax(seen: &Seen<'_>, term: &str, error: Finding) -> Finding {
    let at = seen.record.terms.iter().position(|known| known.text == term);
    let next = at.and_then(|at| seen.record.terms.get(at + 1)).map(|next| next.text.as_str());
    match repair::meant(term, next) {
        Some(meant) => error.variant(meant.kind).arg("meant", quote(meant.terms.join(" ").as_bytes())),
        None => match seen.record.terms.iter().filter(|known| repeats(known, term)).count() {
            0 | 1 => error,
            _ => error.variant("repeated"),
        },
    }
}

/// Two modifiers of a kind that may stand once.
fn repeats(known: &Term, term: &str) -> bool {
    let kind = |text: &str| text.split('=').next().unwrap_or_default().to_ascii_lowercase();
    ["redirect", "exp"].contains(&kind(term).as_str()) && kind(&known.text) == kind(term)
}

/// The record is evaluated to its end, and our servers are not among those that pass.
fn not_authorized(seen: &Seen<'_>) -> Finding {
    let error = about(seen.case, Finding::error(Code::SpfNotAuthorized));
    let (qualifier, place) = match seen.judged.first_lost().map(|lost| &lost.outcome) {
        Some(Outcome::Matched(qualifier, place)) => (Some(*qualifier), Some(place)),
        _ => (None, None),
    };
    let result = match qualifier {
        Some(Qualifier::Fail) => "fail",
        Some(Qualifier::SoftFail) => "softfail",
        _ => "neutral",
    };
    let error = error.arg("result", result);
    if let Some((variant, term, ours)) = mistake(seen) {
        return error.variant(variant).arg("term", quote(term.as_bytes())).arg("ours", quote(ours.as_bytes()));
    }
    let passed = seen.judged.passed();
    let whole = Family::BOTH
        .into_iter()
        .find(|family| !seen.ours.of(*family).is_empty() && passed.of(*family).is_empty() && !passed.is_empty());
    let error = match whole {
        Some(Family::V4) => error.arg("family", "IPv4").arg("other", "IPv6"),
        Some(Family::V6) | None => error.arg("family", "IPv6").arg("other", "IPv4"),
    };
    let (variant, term) = match (place, whole, passed.is_empty()) {
        (_, Some(_), _) => ("family", place.map(term_of)),
        (Some(place), None, true) => ("decided", Some(term_of(place))),
        (Some(place), None, false) => ("partly", Some(term_of(place))),
        (None, None, true) => return error,
        (None, None, false) => ("partly-end", None),
    };
    error.variant(variant).arg("term", term.unwrap_or_default())
}

fn term_of(place: &Place) -> String {
    quote(place.term.as_bytes())
}

/// A mistake that people make often, as the variant of the sentence, the term, and what is ours.
fn mistake(seen: &Seen<'_>) -> Option<(&'static str, String, String)> {
    let own: Vec<Directive> =
        seen.mechanisms.iter().filter_map(|mechanism| Directive::parse(&mechanism.to_string())).collect();
    let ours_of =
        |mechanism: &Mechanism| own.iter().find(|own| is_same(&own.mechanism, mechanism)).map(ToString::to_string);
    let mut is_over = false;
    for (term, directive) in seen.record.directives() {
        if let Some(ours) = ours_of(&directive.mechanism) {
            if is_over {
                return Some(("after-all", term.text.clone(), ours));
            }
            if directive.qualifier != Qualifier::Pass {
                return Some(("qualifier", term.text.clone(), ours));
            }
        }
        is_over = is_over || directive.mechanism == Mechanism::All;
    }
    let redirect = seen.record.redirect().filter(|_| is_over);
    if let Some((term, target)) = redirect
        && let Some(ours) = ours_of(&Mechanism::Include(target.clone()))
    {
        return Some(("redirect-ignored", term.text.clone(), ours));
    }
    for term in seen.record.terms.iter().filter(|term| term.reading == Reading::Modifier) {
        let meant = repair::meant_modifier(&term.text).and_then(|meant| Directive::parse(&meant));
        if let Some(ours) = meant.and_then(|meant| ours_of(&meant.mechanism)) {
            return Some(("modifier", term.text.clone(), ours));
        }
    }
    let first = seen.mechanisms.first()?.to_string();
    if let Some(term) = return_path(seen) {
        return Some(("return-path", term, first));
    }
    misspelt(seen).map(|(term, ours)| ("misspelt", term, ours))
}

/// An include of the return path's name or target in place of ours.
fn return_path(seen: &Seen<'_>) -> Option<String> {
    let records = seen.case.plan.records.iter();
    let names: Vec<String> = records
        .filter_map(|record| match &record.wanted {
            Wanted::Cname { target, is_tracking: false } => Some([record.owner.to_string(), target.to_string()]),
            _ => None,
        })
        .flatten()
        .collect();
    let is_it = |name: &&str| names.iter().any(|known| known.eq_ignore_ascii_case(name.trim_end_matches('.')));
    named(seen.record).find(|(_, name)| is_it(name)).map(|(term, _)| term.text.clone())
}

/// A name of ours with a letter or two wrong: the term, and what is ours.
fn misspelt(seen: &Seen<'_>) -> Option<(String, String)> {
    named(seen.record).find_map(|(term, name)| {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let is_near = |ours: &&ProfileMechanism| {
            let distance = ours.name().map_or(usize::MAX, |ours| strsim::damerau_levenshtein(ours.as_str(), &name));
            (1..=2).contains(&distance)
        };
        let is_ours = seen.mechanisms.iter().any(|ours| ours.name().is_some_and(|ours| ours.as_str() == name));
        let near = seen.mechanisms.iter().filter(|_| !is_ours).find(is_near)?;
        Some((term.text.clone(), near.to_string()))
    })
}

/// The terms that name another domain without macros.
fn named(record: &SpfRecord) -> impl Iterator<Item = (&Term, &str)> {
    record.terms.iter().filter_map(|term| {
        let name: Option<&MacroString> = match &term.reading {
            Reading::Directive(directive) => match &directive.mechanism {
                Mechanism::Include(name) => Some(name),
                Mechanism::A { name, .. } | Mechanism::Mx { name, .. } => name.as_ref(),
                _ => None,
            },
            Reading::Redirect(name) => Some(name),
            _ => None,
        };
        Some((term, name?.plain()?))
    })
}

/// The first networks of a set, and how many more there are.
fn networks(set: &AddressSet) -> String {
    let all = set.networks(MAX_NETWORKS + 1);
    let shown: Vec<String> = all.iter().take(MAX_NETWORKS).copied().map(written).collect();
    if all.len() > MAX_NETWORKS { format!("{} and more", shown.join(", ")) } else { shown.join(", ") }
}
