//! Records as a BIND zone fragment (RFC 1035 section 5): names absolute, TXT split at 255 bytes (RFC 7208 section 3.3).

use super::plan::PlannedType;

/// A record of the fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneEntry {
    /// Absolute, without the final dot.
    pub name: String,
    pub rtype: PlannedType,
    /// The text, the host of an MX, the target of a CNAME.
    pub value: String,
    pub priority: Option<u16>,
    /// The record that a merged one replaces.
    pub replaces: Option<String>,
}

/// The most bytes that one TXT string holds (RFC 1035 section 3.3).
const STRING_BYTES: usize = 255;

/// One line a record, which `named-checkzone` accepts below a SOA and NS; a comment in front says what is replaced.
pub fn render(entries: &[ZoneEntry]) -> String {
    entries.iter().map(render_entry).collect()
}

fn render_entry(entry: &ZoneEntry) -> String {
    let comment = entry.replaces.as_ref().map_or(String::new(), |old| {
        let visible: String = old.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        format!("; replaces the record that stands there: {visible}\n")
    });
    let data = match entry.rtype {
        PlannedType::Txt => quoted_strings(&entry.value),
        PlannedType::Mx => format!("{} {}.", entry.priority.unwrap_or(10), entry.value),
        PlannedType::Cname => format!("{}.", entry.value),
    };
    format!("{comment}{}. IN {} {data}\n", entry.name, entry.rtype.as_str())
}

fn quoted_strings(value: &str) -> String {
    let quoted = |chunk: &[u8]| {
        let escaped: String = chunk.iter().map(|byte| escape(*byte)).collect();
        format!("\"{escaped}\"")
    };
    let strings: Vec<String> = value.as_bytes().chunks(STRING_BYTES).map(quoted).collect();
    strings.join(" ")
}

fn escape(byte: u8) -> String {
    match byte {
        b'"' | b'\\' => format!("\\{}", byte as char),
        b' '..=b'~' => (byte as char).to_string(),
        other => format!("\\{other:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_into_strings_of_255_bytes() {
        let entry = ZoneEntry {
            name: "s1._domainkey.example.com".into(),
            rtype: PlannedType::Txt,
            value: format!("p={}", "A".repeat(400)),
            priority: None,
            replaces: None,
        };
        let text = render(&[entry]);
        assert_eq!(
            text,
            format!("s1._domainkey.example.com. IN TXT \"p={}\" \"{}\"\n", "A".repeat(253), "A".repeat(147))
        );
    }

    #[test]
    fn what_is_replaced_stands_in_a_comment_of_one_line() {
        let entry = ZoneEntry {
            name: "example.com".into(),
            rtype: PlannedType::Mx,
            value: "bounce.mta.example".into(),
            priority: Some(10),
            replaces: Some("a\nb".into()),
        };
        assert_eq!(
            render(&[entry]),
            "; replaces the record that stands there: a?b\nexample.com. IN MX 10 bounce.mta.example.\n"
        );
    }
}
