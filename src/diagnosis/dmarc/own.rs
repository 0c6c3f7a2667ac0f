//! A domain's own policy record, the only one at its name.

use std::collections::BTreeSet;

use super::super::dmarc_walk::{self, Walk};
use super::super::wording::quote_record;
use super::super::{Case, Code, Finding, Judgement};
use super::{error, remarks, reports, strict_alignment, told, warning};
use crate::records::dmarc::{DmarcRecord, FlawKind, Psd};
use crate::records::plan::RecordKey;

pub fn judge(case: &Case<'_>, record: &DmarcRecord) -> Judgement {
    if record.is_ignored {
        let broken = error(case, Code::DmarcSyntax, &record.mended()).variant("policy");
        let broken = broken.arg("current", quote_record(record.text.as_bytes()));
        let suggested_value = broken.suggested_value.clone();
        return Judgement { findings: vec![broken], suggested_value, ..Judgement::default() };
    }
    let walk = dmarc_walk::walk(&case.plan.domain.owner(), case.reply, case.observed).ok();
    let mut found = flaws(case, record);
    found.extend(walk.as_ref().and_then(|walk| weak_subdomain(case, record, walk)));
    // Where the walk could not be finished, nobody knows which addresses are foreign.
    if let Some(walk) = &walk {
        found.extend(reports::unauthorized(case, &case.plan.domain.owner(), record, &walk.organisation));
    }
    let strict = strict_alignment(case, record, "own").map(|strict| {
        let value = record.without("aspf");
        strict.arg("value", &value).suggest(value)
    });
    found.extend(strict.or_else(|| public_suffix(case, record)));
    found.extend(remarks(case, record, record.p));
    found.extend(obsolete(case, record));
    // What stands there is offered again, never ours in its place.
    Judgement { findings: found, suggested_value: Some(record.text.clone()), ..Judgement::default() }
}

/// What receivers pass over, one finding for each kind of flaw.
fn flaws(case: &Case<'_>, record: &DmarcRecord) -> Vec<Finding> {
    if record.flaws.is_empty() {
        return Vec::new();
    }
    let mended = record.mended();
    let kinds: BTreeSet<&'static str> = record.flaws.iter().map(|flaw| variant(flaw.kind)).collect();
    let of_kind = |kind: &'static str| {
        let flaws: Vec<_> = record.flaws.iter().filter(|flaw| variant(flaw.kind) == kind).collect();
        let written: Vec<&str> = flaws.iter().map(|flaw| flaw.text.as_str()).collect();
        let counts: Vec<String> = flaws
            .iter()
            .filter_map(|flaw| match flaw.kind {
                FlawKind::Value(default) => Some(format!("{}={default}", flaw.text.split('=').next()?)),
                _ => None,
            })
            .collect();
        warning(case, Code::DmarcSyntax)
            .variant(kind)
            .arg("tags", quote_record(written.join("; ").as_bytes()))
            .arg("counts", counts.join("; "))
            .arg("value", &mended)
            .suggest(mended.clone())
    };
    kinds.into_iter().map(of_kind).collect()
}

fn variant(kind: FlawKind) -> &'static str {
    match kind {
        FlawKind::Policy => "policy-none",
        FlawKind::Value(_) => "tag",
        FlawKind::Address => "address",
        FlawKind::Repeated => "repeated",
        FlawKind::Capital => "capital",
        FlawKind::Piece => "piece",
    }
}

/// The `sp` and `np` of a record have an effect at the organisational domain alone (RFC 9989 section 4.7).
fn weak_subdomain(case: &Case<'_>, record: &DmarcRecord, walk: &Walk) -> Option<Finding> {
    let below = dmarc_walk::policy_below(record, false).min(dmarc_walk::policy_below(record, true));
    (below < record.p && walk.organisation == case.plan.domain.owner()).then(|| {
        let weak = warning(case, Code::DmarcWeakSubdomain).variant("own");
        weak.arg("p", record.p.as_str()).arg("below", below.as_str())
    })
}

/// With `psd=y` the return path below is another organisation's, so that SPF does not align (RFC 9989 section 4.10.2).
fn public_suffix(case: &Case<'_>, record: &DmarcRecord) -> Option<Finding> {
    let return_path = case.plan.records.iter().find(|planned| planned.key == RecordKey::ReturnPath)?;
    (record.psd == Psd::Yes).then(|| {
        let value = record.without("psd");
        let found = warning(case, Code::DmarcStrictAlignment).variant("suffix").arg("return_path", &return_path.owner);
        found.arg("value", &value).suggest(value)
    })
}

fn obsolete(case: &Case<'_>, record: &DmarcRecord) -> Option<Finding> {
    if record.obsolete.is_empty() && !record.has_size_limit {
        return None;
    }
    let found = told(case, Finding::info(Code::DmarcObsoleteTag)).arg("value", record.mended());
    let found = found.arg("tags", quote_record(record.obsolete.join("; ").as_bytes()));
    let is_partial = |tag: &String| tag.starts_with("pct=") && tag != "pct=100";
    if record.obsolete.iter().any(is_partial) {
        return Some(found.variant("pct"));
    }
    Some(if record.obsolete.is_empty() { found.variant("size") } else { found })
}
