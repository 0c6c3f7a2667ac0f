//! What is wrong with one text at a selector, in the order of RFC 6376 section 6.1.2.

use super::super::wording::quote_record;
use super::super::{Code, Finding};
use super::{Keys, dkim, key};
use crate::records::dkim::{DkimPublicKey, DkimRecord, KeyMaterial, Version, decode_beginning, material};
use crate::records::tags::Flaw;

/// A tail of our key shorter than this could be anybody's.
const LEAST_TAIL: usize = 16;

/// Everything that keeps receivers from using the text, or, where nothing does, what weakens it.
pub fn faults(bytes: &[u8], keys: &Keys<'_>) -> Vec<Finding> {
    let text = String::from_utf8_lossy(bytes);
    let bare = tidied(&text);
    if let Some(found) = private_key(&bare, keys) {
        return vec![found];
    }
    let strict = strict_faults(&text, keys);
    let is_form = |finding: &Finding| matches!(finding.code, Code::DkimKeyMalformed | Code::DkimVersion);
    if bare == text || !strict.iter().any(is_form) {
        return strict;
    }
    // What was pasted along hides what stands there.
    let hidden: Vec<Finding> = strict_faults(&bare, keys).into_iter().filter(Finding::is_error).collect();
    if is_armoured(&text) {
        let pem = Finding::error(Code::ValuePem).variant("dkim");
        return [vec![pem], hidden.into_iter().filter(|finding| !is_form(finding)).collect()].concat();
    }
    match hidden.as_slice() {
        [] => vec![pasted(&text)],
        [first, ..] if first.code != Code::DkimKeyMalformed => hidden,
        _ => strict,
    }
}

/// The key that the text means, whatever else is wrong with it.
pub fn key_meant(bytes: &[u8]) -> Option<DkimPublicKey> {
    let bare = tidied(&String::from_utf8_lossy(bytes));
    let record = dkim::parse(&bare);
    let p = record.p.unwrap_or_else(|| bare.chars().filter(|c| !c.is_whitespace()).collect());
    dkim::mend(&decode_beginning(&p))
}

fn malformed(variant: &str) -> Finding {
    Finding::error(Code::DkimKeyMalformed).variant(variant)
}

fn strict_faults(text: &str, keys: &Keys<'_>) -> Vec<Finding> {
    let record = dkim::parse(text);
    if !record.is_attempt() {
        return vec![no_key_record(text, keys)];
    }
    let mut found: Vec<Finding> = version(&record).into_iter().collect();
    // RFC 6376 section 6.1.2 step 5: what breaks the grammar is ignored whole.
    if let Some(broken) = grammar(text, &record) {
        found.push(broken);
        return found;
    }
    let Some(p) = record.p.as_deref() else {
        found.push(without_key(&record));
        return found;
    };
    // Step 7.
    if p.is_empty() {
        found.push(Finding::error(Code::DkimRevoked));
        return found;
    }
    match kind(&record, keys) {
        Some(wrong) => found.push(wrong),
        None => found.extend(key::fault(p, record.kind(), keys)),
    }
    found.extend(listed(&record, "h", &["sha256"], Code::DkimHash));
    found.extend(listed(&record, "s", &["email", "*"], Code::DkimService));
    if found.is_empty() { weaknesses(&record) } else { found }
}

fn version(record: &DkimRecord) -> Option<Finding> {
    let wrong = Finding::error(Code::DkimVersion);
    match record.version() {
        Version::Absent | Version::Good => None,
        Version::NotFirst => Some(wrong.variant("not-first")),
        Version::Wrong(value) => {
            let wrong = wrong.arg("version", quote_record(value.as_bytes()));
            Some(match value {
                value if value.eq_ignore_ascii_case("DKIM1") => wrong.variant("case"),
                value if value.starts_with("DKIM1 ") || value.starts_with("DKIM1,") => wrong.variant("semicolon"),
                _ => wrong,
            })
        }
    }
}

fn grammar(text: &str, record: &DkimRecord) -> Option<Finding> {
    let problem = record.tags.problems.first()?;
    if is_zone_line(text) {
        return Some(malformed("zone-line"));
    }
    let piece = &text[problem.span.clone()];
    Some(match problem.flaw {
        Flaw::Character(c) => malformed("characters").arg("characters", named(c)),
        Flaw::NotATag => malformed("piece").arg("piece", quote_record(piece.as_bytes())),
        Flaw::Empty => malformed("empty"),
        Flaw::Repeated => malformed("repeated").arg("tag", piece.split('=').next().unwrap_or_default().trim_end()),
    })
}

/// Why there is no `p=`, which RFC 6376 section 3.6.1 requires.
fn without_key(record: &DkimRecord) -> Finding {
    let swallowed = |tag: &crate::records::tags::Tag| tag.value.contains(" p=") || tag.value.contains(",p=");
    if let Some(tag) = record.tags.tags.iter().find(|tag| swallowed(tag)) {
        return malformed("semicolon").arg("tag", &tag.name);
    }
    let is_capital = record.tags.tags.iter().any(|tag| tag.name == "P");
    malformed(if is_capital { "capital" } else { "no-key" })
}

/// `k=` is compared as written (RFC 6376 section 3.2); receivers ignore kinds that they do not know (section 3.6.1).
fn kind(record: &DkimRecord, keys: &Keys<'_>) -> Option<Finding> {
    let kind = record.kind();
    let is_good = match keys.ours {
        Some(ours) => kind == ours.algorithm.as_str(),
        None => matches!(kind, "rsa" | "ed25519"),
    };
    if is_good {
        return None;
    }
    let wanted = keys.ours.map_or("rsa", |ours| ours.algorithm.as_str());
    let wrong = Finding::error(Code::DkimWrongType).arg("kind", quote_record(kind.as_bytes())).arg("wanted", wanted);
    Some(match record.tags.get("k") {
        None => wrong.variant("absent"),
        Some(k) if keys.ours.is_none() && !k.eq_ignore_ascii_case("rsa") && !k.eq_ignore_ascii_case("ed25519") => {
            wrong.variant("unknown")
        }
        Some(k) if keys.ours.is_none() || k.eq_ignore_ascii_case(wanted) => wrong.variant("case"),
        Some(_) => wrong,
    })
}

/// A list tag that leaves out what we need (RFC 6376 section 6.1.2 step 6, section 3.6.1).
fn listed(record: &DkimRecord, tag: &str, wanted: &[&str], code: Code) -> Option<Finding> {
    let items = record.list(tag)?;
    if items.iter().any(|item| wanted.contains(item)) {
        return None;
    }
    let wrong = Finding::error(code).arg("list", quote_record(record.tags.get(tag).unwrap_or_default().as_bytes()));
    let is_case = items.iter().any(|item| wanted.iter().any(|wanted| item.eq_ignore_ascii_case(wanted)));
    Some(if is_case { wrong.variant("case") } else { wrong })
}

fn weaknesses(record: &DkimRecord) -> Vec<Finding> {
    let bits = record.public_key().and_then(|key| key.rsa_bits());
    let mut found = Vec::new();
    match bits {
        Some(bits) if bits < key::LEAST_BITS => {
            return vec![Finding::error(Code::DkimWeak).variant("refused").arg("bits", bits)];
        }
        Some(bits) if bits < key::NORMAL_BITS => found.push(Finding::warning(Code::DkimWeak).arg("bits", bits)),
        _ => {}
    }
    if record.is_testing() {
        found.push(Finding::warning(Code::DkimTesting));
    }
    found
}

/// What stands there instead of a key record.
fn no_key_record(text: &str, keys: &Keys<'_>) -> Finding {
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | ';')).collect();
    let is_piece = |ours: &DkimPublicKey| squeezed.len() >= LEAST_TAIL && ours.base64().contains(&squeezed);
    if keys.ours.is_some_and(|ours| is_piece(ours) && ours.base64() != squeezed) {
        let total = keys.ours.map(|ours| ours.render().len()).unwrap_or_default();
        return Finding::error(Code::DkimKeyTruncated).variant("tail").arg("seen", squeezed.len()).arg("total", total);
    }
    if !matches!(material(&decode_beginning(&squeezed)), KeyMaterial::Unreadable | KeyMaterial::Raw32) {
        return malformed("bare");
    }
    malformed(if is_zone_line(text) { "zone-line" } else { "unrelated" })
}

/// Name, type and value of a zone file, as generators of keys print them.
fn is_zone_line(text: &str) -> bool {
    let words = || text.split_whitespace();
    text.contains("p=")
        && words().any(|word| word == "TXT")
        && words().any(|word| word == "IN" || word.contains("_domainkey"))
}

/// Whether a text holds a private key, in armour or bare, whole or cut: it is never repeated.
pub fn is_private_key(bytes: &[u8]) -> bool {
    /// No beginning of a private key is shorter than this in base64.
    const LEAST: usize = 20;
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let could_hold_one = bytes.split(|byte| !is_base64(byte)).any(|run| run.len() >= LEAST);
    could_hold_one && private_text(&tidied(&String::from_utf8_lossy(bytes))).is_some()
}

/// The base64 text of a private key; its first bytes tell one.
fn private_text(bare: &str) -> Option<String> {
    let record = dkim::parse(bare);
    let p: String = record.p.unwrap_or_else(|| bare.chars().filter(|c| !c.is_whitespace()).collect());
    let beginning = decode_beginning(p.get(..64).unwrap_or(&p));
    (material(&beginning) == KeyMaterial::Private).then_some(p)
}

/// A private key, which anybody can read there.
fn private_key(bare: &str, keys: &Keys<'_>) -> Option<Finding> {
    let p = private_text(bare)?;
    let is_ours = keys.ours.is_some_and(|ours| ours.is_held_by(&decode_beginning(&p)));
    Some(malformed(if is_ours { "private-ours" } else { "private" }))
}

// What is pasted along ---------------------------------------------------------------------------------------------

fn is_armoured(text: &str) -> bool {
    text.contains("-----BEGIN")
}

/// The text without armour, quotation marks, backslashes and invisible characters, every blank a plain one.
fn tidied(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !is_wrapping(char::from(byte))) && !is_armoured(text) {
        return text.to_owned();
    }
    let text = text.replace("\\n", " ").replace("\\r", " ");
    let unarmoured: String = text
        .split("-----")
        .filter(|piece| !is_armoured(&text) || !(piece.starts_with("BEGIN ") || piece.starts_with("END ")))
        .collect::<Vec<_>>()
        .join(if is_armoured(&text) { " " } else { "-----" });
    let kept = unarmoured.chars().filter(|c| !is_wrapping(*c) && !is_invisible(*c));
    let plain: String = kept.map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c }).collect();
    if plain == text { plain } else { plain.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ") }
}

fn is_wrapping(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\' | '“' | '”' | '„' | '‘' | '’' | '«' | '»')
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
}

/// The characters that spoil an otherwise good text.
fn pasted(text: &str) -> Finding {
    let is_pasted =
        |c: &char| is_wrapping(*c) || is_invisible(*c) || (*c != ' ' && (c.is_whitespace() || c.is_control()));
    let mut seen: Vec<char> = text.chars().filter(is_pasted).collect();
    seen.sort_unstable();
    seen.dedup();
    let seen: Vec<String> = seen.into_iter().take(5).map(named).collect();
    malformed("characters").arg("characters", seen.join(", "))
}

/// A character as a sentence shows it: a look-alike cannot be told from what it looks like without its number.
fn named(c: char) -> String {
    let number = format!("U+{:04X}", c as u32);
    if c.is_alphanumeric() || c.is_ascii_graphic() { format!("“{c}” ({number})") } else { number }
}
