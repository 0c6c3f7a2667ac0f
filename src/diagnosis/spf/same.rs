//! Whether two mechanisms are the same, however they are written.

use crate::diagnosis::spf_eval::Family;
use crate::records::spf::{MacroString, Mechanism, Reading, SpfRecord};

/// Whether two mechanisms are the same, letter case, final dots and host bits aside.
pub(super) fn is_same(one: &Mechanism, other: &Mechanism) -> bool {
    canonical(one) == canonical(other)
}

fn canonical(mechanism: &Mechanism) -> String {
    match mechanism {
        Mechanism::Ip4 { address, prefix } => {
            format!("4 {:?}", Family::V4.network(u128::from(u32::from(*address)), *prefix))
        }
        Mechanism::Ip6 { address, prefix } => format!("6 {:?}", Family::V6.network(u128::from(*address), *prefix)),
        Mechanism::Include(name) => format!("include:{}", folded(name)),
        Mechanism::Exists(name) => format!("exists:{}", folded(name)),
        Mechanism::Ptr(name) => format!("ptr:{}", name.as_ref().map(folded).unwrap_or_default()),
        Mechanism::A { name, prefix4, prefix6 } => {
            format!("a:{}/{prefix4}//{prefix6}", name.as_ref().map(folded).unwrap_or_default())
        }
        Mechanism::Mx { name, prefix4, prefix6 } => {
            format!("mx:{}/{prefix4}//{prefix6}", name.as_ref().map(folded).unwrap_or_default())
        }
        Mechanism::All => "all".to_owned(),
    }
}

/// Macros keep their case: an upper-case letter escapes its value.
fn folded(name: &MacroString) -> String {
    let text = name.as_str();
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.contains('%') { text.to_owned() } else { text.to_ascii_lowercase() }
}

/// What a term of a record means, however it is written: equal for terms that are the same.
pub fn same_term(term: &str) -> String {
    match SpfRecord::parse_terms(term).terms.first().map(|term| &term.reading) {
        Some(Reading::Directive(directive)) => format!("{:?} {}", directive.qualifier, canonical(&directive.mechanism)),
        _ => term.to_ascii_lowercase(),
    }
}
