//! Names between text and packet, with the escapes of RFC 1035 section 5.1: `\DDD` in decimal, `\X` for any other.
//! (The codec's own texts have octal escapes, and refuse labels that are no host names.)

use std::fmt::Write;

use hickory_proto::rr::Name;
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};

use crate::records::OwnerName;

/// The longest name in a packet, and the longest label (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 255;
const MAX_LABEL: usize = 63;

/// The name for the codec, letter case kept; `None` where it does not fit into a packet.
pub fn to_wire(text: &str) -> Option<Name> {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    push_wire(text, &mut bytes)?;
    Name::read(&mut BinDecoder::new(&bytes)).ok()
}

/// Writes the name as it stands in a packet, uncompressed, letter case kept; `None` where it does not fit into one.
pub fn push_wire(text: &str, bytes: &mut Vec<u8>) -> Option<()> {
    let text = text.strip_suffix('.').filter(|text| !text.ends_with('\\')).unwrap_or(text);
    let start = bytes.len();
    if !text.is_empty() {
        // Where the length of the label that is being written stands.
        let mut length_at = start;
        bytes.push(0);
        let mut rest = text.as_bytes();
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            match byte {
                b'.' => {
                    end_label(bytes, length_at)?;
                    length_at = bytes.len();
                    bytes.push(0);
                }
                b'\\' => {
                    let (byte, length) = unescape(rest)?;
                    rest = &rest[length..];
                    bytes.push(byte);
                }
                other => bytes.push(*other),
            }
        }
        end_label(bytes, length_at)?;
    }
    bytes.push(0);
    (bytes.len() - start <= MAX_NAME).then_some(())
}

/// `None`: the label is empty or too long.
fn end_label(bytes: &mut [u8], length_at: usize) -> Option<()> {
    let length = bytes.len() - length_at - 1;
    bytes[length_at] = u8::try_from(length).ok().filter(|_| (1..=MAX_LABEL).contains(&length))?;
    Some(())
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
