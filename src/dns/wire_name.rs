//! Names between text and packet, with the escapes of RFC 1035 section 5.1: `\DDD` in decimal, `\X` for any other.
//! (The codec's own texts have octal escapes, and refuse labels that are no host names.)

use std::fmt::Write;

use hickory_proto::rr::Name;

use crate::records::OwnerName;

/// The name for a packet, letter case kept; `None` where it does not fit into one.
pub fn to_wire(text: &str) -> Option<Name> {
    let text = text.strip_suffix('.').filter(|text| !text.ends_with('\\')).unwrap_or(text);
    if text.is_empty() {
        return Some(Name::root());
    }
    let mut labels: Vec<Vec<u8>> = vec![Vec::new()];
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'.' => labels.push(Vec::new()),
            b'\\' => {
                let (byte, length) = unescape(rest)?;
                rest = &rest[length..];
                labels.last_mut()?.push(byte);
            }
            other => labels.last_mut()?.push(*other),
        }
    }
    if labels.iter().any(Vec::is_empty) {
        return None;
    }
    Name::from_labels(labels).ok()
}

/// The byte that is meant behind a backslash, and how many bytes say so.
pub fn unescape(after: &[u8]) -> Option<(u8, usize)> {
    match after {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] => {
            let digit = |byte: &u8| u32::from(byte - b'0');
            let value = digit(a) * 100 + digit(b) * 10 + digit(c);
            Some((u8::try_from(value).ok()?, 3))
        }
        [byte, ..] => Some((*byte, 1)),
        [] => None,
    }
}

/// The name as text.
pub fn from_wire(name: &Name) -> OwnerName {
    let mut text = String::new();
    for (at, label) in name.iter().enumerate() {
        if at > 0 {
            text.push('.');
        }
        for byte in label {
            // Writing to a String cannot fail.
            let _ = match byte {
                b'.' | b'\\' => write!(text, "\\{}", char::from(*byte)),
                b'!'..=b'~' => write!(text, "{}", char::from(*byte)),
                other => write!(text, "\\{other:03}"),
            };
        }
    }
    OwnerName::new(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_comes_back_as_it_was() {
        let names = [
            "",
            "mail.example.com",
            "_dmarc.x--y.example",
            "v=dmarc1;\\032p=none.example.com",
            "a\\.b.example",
            "\\\\_dmarc.example",
            "\\195\\188.example",
        ];
        for name in names {
            assert_eq!(from_wire(&to_wire(name).unwrap()).as_str(), name);
        }
        assert_eq!(from_wire(&to_wire("Mail.\\_x.Example.").unwrap()).as_str(), "mail._x.example");
    }

    #[test]
    fn letter_case_is_kept_for_the_packet() {
        assert_eq!(to_wire("MaIl.example").unwrap().iter().next(), Some(&b"MaIl"[..]));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "a".repeat(64);
        for text in ["a..b", ".a", "a\\", "a\\999", long.as_str()] {
            assert_eq!(to_wire(text), None, "{text}");
        }
    }
}
