//! Records as a BIND zone fragment (RFC 1035 section 5): names absolute, TXT split at 255 bytes (RFC 7208 section 3.3).

use std::fmt::Write;

use super::plan::PlannedType;

/// The longest character-string of a TXT record, in bytes (RFC 1035 section 3.3.14).
const MAX_STRING_LENGTH: usize = 255;

/// One record to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneEntry {
    /// Absolute, with or without the final dot.
    pub name: String,
    pub rtype: PlannedType,
    /// As typed at the provider: TXT text without quotes, else a host name.
    pub value: String,
    /// Of an MX; 10 where none is given.
    pub priority: Option<u16>,
    /// The record that stands there and that this merged one takes the place of.
    pub replaces: Option<String>,
}

/// The fragment; `named-checkzone` accepts it below a SOA and NS. Entries without a value are left out.
pub fn render(entries: &[ZoneEntry]) -> String {
    let mut text = String::new();
    for entry in entries.iter().filter(|entry| !entry.value.is_empty()) {
        if let Some(old) = &entry.replaces {
            let _ = writeln!(text, "; takes the place of: {}", comment(old));
        }
        let data = match entry.rtype {
            PlannedType::Txt => strings(&entry.value),
            PlannedType::Mx => format!("{} {}", entry.priority.unwrap_or(10), absolute(&entry.value)),
            PlannedType::Cname => absolute(&entry.value),
        };
        let _ = writeln!(text, "{} 3600 IN {} {data}", absolute(&entry.name), entry.rtype.as_str());
    }
    text
}

fn absolute(name: &str) -> String {
    format!("{}.", name.strip_suffix('.').unwrap_or(name))
}

/// A comment ends with its line, so nothing in it may end the line.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Quoted character-strings of at most 255 bytes; quotes, backslashes and whatever is not printable ASCII escaped.
fn strings(value: &str) -> String {
    let quoted = |bytes: &[u8]| format!("\"{}\"", bytes.iter().copied().map(escaped).collect::<String>());
    value.as_bytes().chunks(MAX_STRING_LENGTH).map(quoted).collect::<Vec<_>>().join(" ")
}

fn escaped(byte: u8) -> String {
    match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\{byte:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<ZoneEntry> {
        let entry = |name: &str, rtype, value: String, priority, replaces: Option<&str>| ZoneEntry {
            name: name.into(),
            rtype,
            value,
            priority,
            replaces: replaces.map(str::to_owned),
        };
        let key = format!("v=DKIM1; k=rsa; p={}", "A".repeat(392));
        vec![
            entry("s1._domainkey.mail.example.com", PlannedType::Txt, key, None, None),
            entry("mail.example.com", PlannedType::Txt, "v=spf1 a -all".into(), None, Some("v=spf1\n-all")),
            entry("_dmarc.mail.example.com", PlannedType::Txt, "v=DMARC1; p=none; x=\"a\\é".into(), None, None),
            entry("mail.example.com", PlannedType::Mx, "bounce.mta.example".into(), Some(10), None),
            entry("rp.mail.example.com", PlannedType::Cname, "rp.mta.example".into(), None, None),
        ]
    }

    #[test]
    fn long_text_is_split_and_special_bytes_are_escaped() {
        let text = render(&entries());
        let longest = text.split('"').map(str::len).max();
        assert!(longest <= Some(MAX_STRING_LENGTH), "{text}");
        assert!(text.contains("p=none; x=\\\"a\\\\\\195\\169\""), "{text}");
        assert!(text.contains("; takes the place of: v=spf1 -all\nmail.example.com. 3600 IN TXT \"v=spf1 a -all\"\n"));
        assert!(text.contains("mail.example.com. 3600 IN MX 10 bounce.mta.example.\n"));
        assert!(text.ends_with("rp.mail.example.com. 3600 IN CNAME rp.mta.example.\n"));
    }

    #[test]
    fn named_checkzone_accepts_the_fragment_below_a_soa_and_ns() {
        let head = "$TTL 60\nexample.com. IN SOA ns. root. 1 2 3 4 5\nexample.com. IN NS ns.test.\n";
        let file = std::env::temp_dir().join(format!("signet-zone-{}", std::process::id()));
        std::fs::write(&file, format!("{head}{}", render(&entries()))).expect("the temporary directory is writable");
        let run = std::process::Command::new("named-checkzone").arg("example.com").arg(&file).output();
        std::fs::remove_file(&file).expect("the file was written above");
        match run {
            Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
            Err(error) => println!("named-checkzone cannot be run, skipped: {error}"),
        }
    }
}
