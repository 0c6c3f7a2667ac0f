//! Whether two mechanisms are the same, however they are written.

use crate::diagnosis::spf_eval::Family;
use crate::records::spf::{MacroString, Mechanism, Reading, SpfRecord};

/// Whether two mechanisms are the same, letter case, final dots and host bits aside.
pub(super) fn is_same(one: &Mechanism, other: &Mechanism) -> bool {
    use Mechanism::{A, All, Exists, Include, Ip4, Ip6, Mx, Ptr};
    match (one, other) {
        (Ip4 { address: a, prefix: p }, Ip4 { address: b, prefix: q }) => {
            let network = |address: u32, prefix| Family::V4.network(u128::from(address), prefix);
            network(u32::from(*a), *p) == network(u32::from(*b), *q)
        }
        (Ip6 { address: a, prefix: p }, Ip6 { address: b, prefix: q }) => {
            Family::V6.network(u128::from(*a), *p) == Family::V6.network(u128::from(*b), *q)
        }
        (Include(a), Include(b)) | (Exists(a), Exists(b)) => is_same_name(a, b),
        (Ptr(a), Ptr(b)) => is_same_option(a.as_ref(), b.as_ref()),
        (A { name: a, prefix4: p, prefix6: q }, A { name: b, prefix4: r, prefix6: s })
        | (Mx { name: a, prefix4: p, prefix6: q }, Mx { name: b, prefix4: r, prefix6: s }) => {
            (p, q) == (r, s) && is_same_option(a.as_ref(), b.as_ref())
        }
        (All, All) => true,
        _ => false,
    }
}

fn is_same_option(one: Option<&MacroString>, other: Option<&MacroString>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => is_same_name(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn is_same_name(one: &MacroString, other: &MacroString) -> bool {
    let (one, other) = (bare(one), bare(other));
    if one.contains('%') { one == other } else { one.eq_ignore_ascii_case(other) }
}

/// What a term of a record means, however it is written: equal for terms that are the same.
pub fn same_term(term: &str) -> String {
    match SpfRecord::parse_terms(term).terms.first().map(|term| &term.reading) {
        Some(Reading::Directive(directive)) => format!("{:?} {}", directive.qualifier, canonical(&directive.mechanism)),
        _ => term.to_ascii_lowercase(),
    }
}

fn canonical(mechanism: &Mechanism) -> String {
    let lengths = |prefix4: u8, prefix6: u8| format!("/{prefix4}//{prefix6}");
    match mechanism {
        Mechanism::Ip4 { address, prefix } => {
            format!("4 {:?}", Family::V4.network(u128::from(u32::from(*address)), *prefix))
        }
        Mechanism::Ip6 { address, prefix } => format!("6 {:?}", Family::V6.network(u128::from(*address), *prefix)),
        Mechanism::Include(name) => format!("include:{}", folded(name)),
        Mechanism::Exists(name) => format!("exists:{}", folded(name)),
        Mechanism::Ptr(name) => format!("ptr:{}", name.as_ref().map(folded).unwrap_or_default()),
        Mechanism::A { name, prefix4, prefix6 } => {
            format!("a:{}{}", name.as_ref().map(folded).unwrap_or_default(), lengths(*prefix4, *prefix6))
        }
        Mechanism::Mx { name, prefix4, prefix6 } => {
            format!("mx:{}{}", name.as_ref().map(folded).unwrap_or_default(), lengths(*prefix4, *prefix6))
        }
        Mechanism::All => "all".to_owned(),
    }
}

fn bare(name: &MacroString) -> &str {
    name.as_str().strip_suffix('.').unwrap_or(name.as_str())
}

/// Macros keep their case: an upper-case letter escapes its value.
fn folded(name: &MacroString) -> String {
    let text = bare(name);
    if text.contains('%') { text.to_owned() } else { text.to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::spf::Directive;

    #[test]
    fn terms_are_the_same_by_either_way_to_compare_them() {
        let terms = [
            "ip4:192.0.2.9/24",
            "ip4:192.0.2.0/24",
            "ip4:192.0.2.0",
            "ip6:2001:db8::1/32",
            "ip6:2001:DB8::/32",
            "a",
            "a/24",
            "a:a.example",
            "a:A.example.",
            "mx",
            "mx:a.example",
            "ptr",
            "ptr:a.example",
            "include:a.example",
            "INCLUDE:A.example.",
            "exists:%{i}.a.example",
            "exists:%{I}.a.example",
            "exists:a.example",
            "all",
        ];
        let read = |term| Directive::parse(term).unwrap().mechanism;
        let mut same = 0;
        for one in terms {
            for other in terms {
                let is_one = is_same(&read(one), &read(other));
                assert_eq!(is_one, same_term(one) == same_term(other), "{one} and {other}");
                same += usize::from(is_one);
            }
        }
        assert_eq!(same, terms.len() + 2 * 4);
    }
}
