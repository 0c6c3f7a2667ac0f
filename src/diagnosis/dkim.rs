//! Judges a DKIM key record (RFC 6376 section 3.6.1, RFC 8301, RFC 8463).

use super::observed::{Observed, RecordData};
use super::wording::quote;
use super::{Asks, Case, Code, Finding, Judgement};
use crate::records::dkim::{self, DkimPublicKey, DkimRecord, KeyAlgorithm, rsa_bits};
use crate::records::plan::{Plan, PlannedRecord, Wanted};

/// Under this receivers must fail the key (RFC 8301 section 3.2).
const LEAST_BITS: usize = 1024;
const NORMAL_BITS: usize = 2048;

/// The record's own question is all that is needed.
pub fn questions(_plan: &Plan, _record: &PlannedRecord, _observed: &Observed, _asks: &mut Asks) {}

/// Judges one answer; never called with a failed one.
pub fn judge(case: &Case<'_>) -> Judgement {
    let texts: Vec<Vec<u8>> = case.reply.records().iter().filter_map(RecordData::txt_joined).collect();
    let findings = match texts.as_slice() {
        [] => vec![finding(case, Finding::error(Code::DkimMissing))],
        [text] => judge_text(case, text),
        several => vec![finding(case, Finding::error(Code::DkimMultiple)).arg("count", several.len())],
    };
    Judgement { findings, ..Judgement::default() }
}

fn judge_text(case: &Case<'_>, bytes: &[u8]) -> Vec<Finding> {
    let Wanted::Dkim { public, older, .. } = &case.record.wanted else { return Vec::new() };
    let text = String::from_utf8_lossy(bytes);
    let record = dkim::parse(&text);
    let error = |code| finding(case, Finding::error(code)).arg("current", quote(bytes));
    if let Some(code) = placement(&text, &record) {
        return vec![error(code).variant("dkim")];
    }
    if !record.is_attempt() {
        return vec![error(Code::DkimKeyMalformed).variant("unrelated")];
    }
    if !record.has_good_version() {
        return vec![error(Code::DkimVersion)];
    }
    if record.p.as_deref() == Some("") {
        return vec![error(Code::DkimRevoked)];
    }
    let kind = record.kind();
    let wanted_kind = public.as_ref().map(|key| kind_of(key.algorithm));
    if wanted_kind.is_some_and(|wanted| wanted != kind) || !matches!(kind.as_str(), "rsa" | "ed25519") {
        return vec![error(Code::DkimWrongType).arg("kind", &kind)];
    }
    if let Some(wrong) = wrong_key(&record, public.as_ref(), older, &kind) {
        let (code, variant) = wrong;
        let error = error(code);
        return vec![if variant.is_empty() { error } else { error.variant(variant) }];
    }
    if !record.allows("h", &["sha256"]) {
        return vec![error(Code::DkimHash)];
    }
    if !record.allows("s", &["email", "*"]) {
        return vec![error(Code::DkimService)];
    }
    usable(case, &record, &kind)
}

/// Quotes, PEM armour, backslashes: what is pasted along.
fn placement(text: &str, record: &DkimRecord) -> Option<Code> {
    if text.contains("-----") {
        return Some(Code::ValuePem);
    }
    let is_quoted = text.contains(['"', '\\', '“', '”']) && text.contains("p=");
    let is_blanked = !is_quoted && text.starts_with(char::is_whitespace) && !record.has_good_version();
    match (is_quoted, is_blanked) {
        (true, _) => Some(Code::ValueQuoted),
        (_, true) => Some(Code::ValueWhitespace),
        _ => None,
    }
}

/// Why the key is not ours; `None` where it is, or where any valid one does.
fn wrong_key(
    record: &DkimRecord,
    public: Option<&DkimPublicKey>,
    older: &[DkimPublicKey],
    kind: &str,
) -> Option<(Code, &'static str)> {
    let Some(bytes) = record.key_bytes() else {
        return Some(if is_prefix(record, public) {
            (Code::DkimKeyTruncated, "")
        } else {
            (Code::DkimKeyMalformed, "")
        });
    };
    if public.is_some_and(|ours| same_key(&ours.bytes, &bytes)) {
        return None;
    }
    if older.iter().any(|key| same_key(&key.bytes, &bytes)) {
        return Some((Code::DkimKeyMismatch, "older"));
    }
    if is_prefix(record, public) {
        return Some((Code::DkimKeyTruncated, ""));
    }
    let is_key = if kind == "rsa" { rsa_bits(&bytes).is_some() } else { bytes.len() == 32 };
    match (is_key, public) {
        (false, _) => Some((Code::DkimKeyMalformed, "")),
        (true, Some(_)) => Some((Code::DkimKeyMismatch, "")),
        (true, None) => None,
    }
}

/// The same key, also where one of them stands as bare PKCS#1 inside the other's SubjectPublicKeyInfo.
fn same_key(ours: &[u8], theirs: &[u8]) -> bool {
    ours == theirs || (theirs.len() > 64 && ours.ends_with(theirs) && rsa_bits(theirs) == rsa_bits(ours))
}

/// What stands there is the beginning of ours.
fn is_prefix(record: &DkimRecord, public: Option<&DkimPublicKey>) -> bool {
    let (Some(p), Some(ours)) = (record.p.as_deref(), public) else { return false };
    let rendered = ours.render();
    let whole = rendered.rsplit("p=").next().unwrap_or_default();
    p.len() >= 16 && p.len() < whole.trim_end_matches('=').len() && whole.starts_with(p)
}

fn usable(case: &Case<'_>, record: &DkimRecord, kind: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let bits = record.key_bytes().filter(|_| kind == "rsa").and_then(|bytes| rsa_bits(&bytes));
    match bits {
        Some(bits) if bits < LEAST_BITS => {
            return vec![finding(case, Finding::error(Code::DkimWeak)).variant("refused").arg("bits", bits)];
        }
        Some(bits) if bits < NORMAL_BITS => {
            found.push(finding(case, Finding::warning(Code::DkimWeak)).arg("bits", bits))
        }
        _ => {}
    }
    if record.is_testing() {
        found.push(finding(case, Finding::warning(Code::DkimTesting)));
    }
    found
}

fn kind_of(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rsa => "rsa",
        KeyAlgorithm::Ed25519 => "ed25519",
    }
}

fn finding(case: &Case<'_>, finding: Finding) -> Finding {
    let value = case.record.value();
    let finding = finding.arg("name", &case.record.owner).arg("host", case.host()).arg("value", &value);
    if finding.is_error() && !value.is_empty() { finding.suggest(value) } else { finding }
}
