//! Reads zone files (RFC 1035 section 5): byte for byte, so that a text may hold whatever people paste.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NS, NULL, PTR, SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::super::packet::SPF_TYPE;
use super::super::wire_name::{to_wire, unescape};

/// One word of a line, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: Vec<u8>,
    is_quoted: bool,
}

/// A line with those that parentheses join to it.
#[derive(Debug, Default)]
struct Line {
    words: Vec<Word>,
    /// It begins with a blank: the owner is that of the line before.
    is_indented: bool,
}

/// The records, relative to `origin`; `ttl_s` goes for those that name none. The error says where and what.
pub fn read(origin: &Name, ttl_s: u32, text: &str) -> Result<Vec<Record>, String> {
    let mut reading = Reading { origin: origin.clone(), ttl_s, owner: None };
    let mut records = Vec::new();
    for line in lines(text)? {
        let shown = || line.words.iter().map(|word| String::from_utf8_lossy(&word.text)).collect::<Vec<_>>().join(" ");
        let record = reading.line(&line).map_err(|error| format!("{:?} {error}", shown()))?;
        records.extend(record);
    }
    Ok(records)
}

fn lines(text: &str) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    let mut line = Line::default();
    let mut depth = 0usize;
    let mut is_start = true;
    let mut rest = text.as_bytes();
    while let Some(byte) = rest.first() {
        let taken = match byte {
            b'\n' => {
                is_start = true;
                if depth == 0 {
                    lines.push(std::mem::take(&mut line));
                }
                rest = &rest[1..];
                continue;
            }
            b';' => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
            b'(' => {
                depth += 1;
                1
            }
            b')' => {
                depth = depth.checked_sub(1).ok_or("a parenthesis closes that was not opened")?;
                1
            }
            byte if byte.is_ascii_whitespace() => {
                line.is_indented |= is_start && depth == 0;
                1
            }
            b'"' => {
                let length = quoted_length(&rest[1..]).ok_or("a quotation mark is not closed")?;
                line.words.push(Word { text: rest[1..=length].to_vec(), is_quoted: true });
                length + 2
            }
            _ => {
                let length = bare_length(rest);
                line.words.push(Word { text: rest[..length].to_vec(), is_quoted: false });
                length
            }
        };
        is_start = false;
        rest = &rest[taken..];
    }
    lines.push(line);
    if depth > 0 {
        return Err("a parenthesis is not closed".into());
    }
    Ok(lines)
}

/// Bytes up to the closing quotation mark; a string may go over several lines.
fn quoted_length(text: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    text.iter().position(|byte| match byte {
        _ if is_escaped => {
            is_escaped = false;
            false
        }
        b'\\' => {
            is_escaped = true;
            false
        }
        byte => *byte == b'"',
    })
}

fn bare_length(text: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = text.iter().position(|byte| {
        let is_end = !is_escaped && (byte.is_ascii_whitespace() || matches!(byte, b';' | b'(' | b')' | b'"'));
        is_escaped = !is_escaped && *byte == b'\\';
        is_end
    });
    end.unwrap_or(text.len())
}

struct Reading {
    origin: Name,
    ttl_s: u32,
    owner: Option<Name>,
}

impl Reading {
    fn line(&mut self, line: &Line) -> Result<Option<Record>, String> {
        let mut words = line.words.iter();
        match (line.words.first().map(|word| word.text.as_slice()), line.words.get(1)) {
            (None, _) => return Ok(None),
            (Some(b"$ORIGIN"), Some(origin)) => {
                self.origin = self.name(origin)?;
                return Ok(None);
            }
            (Some(b"$TTL"), Some(ttl)) => {
                self.ttl_s = seconds(ttl).ok_or("is no TTL")?;
                return Ok(None);
            }
            (Some([b'$', ..]), _) => return Err("is not accepted here".into()),
            _ => {}
        }
        if !line.is_indented {
            let owner = words.next().map(|word| self.name(word)).transpose()?;
            self.owner = owner;
        }
        let owner = self.owner.clone().ok_or("has no name in front")?;
        let mut ttl_s = self.ttl_s;
        let mut rtype = words.next().ok_or("has no type")?;
        while let Some(ttl) = seconds(rtype).or_else(|| rtype.text.eq_ignore_ascii_case(b"IN").then_some(ttl_s)) {
            ttl_s = ttl;
            rtype = words.next().ok_or("has no type")?;
        }
        let data = self.data(&String::from_utf8_lossy(&rtype.text).to_ascii_uppercase(), words.as_slice())?;
        Ok(Some(Record::from_rdata(owner, ttl_s, data)))
    }

    fn data(&self, rtype: &str, words: &[Word]) -> Result<RData, String> {
        Ok(match (rtype, words) {
            ("A", [address]) => RData::A(A(parsed::<Ipv4Addr>(address)?)),
            ("AAAA", [address]) => RData::AAAA(AAAA(parsed::<Ipv6Addr>(address)?)),
            ("CNAME", [target]) => RData::CNAME(CNAME(self.name(target)?)),
            ("NS", [server]) => RData::NS(NS(self.name(server)?)),
            ("PTR", [target]) => RData::PTR(PTR(self.name(target)?)),
            ("MX", [preference, host]) => RData::MX(MX::new(parsed(preference)?, self.name(host)?)),
            ("TXT", [_, ..]) => {
                let strings = strings(words)?;
                RData::TXT(TXT::from_bytes(strings.iter().map(Vec::as_slice).collect()))
            }
            ("SPF", [_, ..]) => {
                let length = |string: &Vec<u8>| u8::try_from(string.len()).unwrap_or(u8::MAX);
                let wire =
                    strings(words)?.iter().flat_map(|text| [&[length(text)], text.as_slice()].concat()).collect();
                RData::Unknown { code: RecordType::Unknown(SPF_TYPE), rdata: NULL::with(wire) }
            }
            ("SOA", [server, mailbox, serial, times @ ..]) => {
                let times: Vec<u32> = times.iter().filter_map(seconds).collect();
                let [refresh, retry, expire, minimum] = times[..] else { return Err("has not four times".into()) };
                let signed = |time: u32| i32::try_from(time).unwrap_or(i32::MAX);
                let (server, mailbox) = (self.name(server)?, self.name(mailbox)?);
                let (refresh, retry, expire) = (signed(refresh), signed(retry), signed(expire));
                RData::SOA(SOA::new(server, mailbox, parsed(serial)?, refresh, retry, expire, minimum))
            }
            _ => return Err("is no record; A, AAAA, CNAME, MX, NS, PTR, SOA, SPF and TXT are accepted".into()),
        })
    }

    fn name(&self, word: &Word) -> Result<Name, String> {
        let text = String::from_utf8_lossy(&word.text);
        if text == "@" {
            return Ok(self.origin.clone());
        }
        let name = to_wire(&text).ok_or_else(|| format!("has {text:?}, which is no name"))?;
        let is_absolute = text.ends_with('.') && !text.ends_with("\\.");
        if is_absolute { Ok(name) } else { name.append_domain(&self.origin).map_err(|error| format!("has {error}")) }
    }
}

fn strings(words: &[Word]) -> Result<Vec<Vec<u8>>, String> {
    let bytes = |word: &Word| {
        let mut out = Vec::new();
        let mut rest = word.text.as_slice();
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            if *byte == b'\\' {
                let (byte, length) = unescape(rest).ok_or("has an escape that stands for no byte")?;
                rest = &rest[length..];
                out.push(byte);
            } else {
                out.push(*byte);
            }
        }
        if out.len() > 255 { Err("has a string of more than 255 bytes".to_owned()) } else { Ok(out) }
    };
    words.iter().map(bytes).collect()
}

/// Seconds, also as BIND writes them: `1h30m`.
fn seconds(word: &Word) -> Option<u32> {
    let text = std::str::from_utf8(&word.text).ok().filter(|_| !word.is_quoted)?;
    let (mut total, mut number) = (0u32, None);
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0u32).checked_mul(10)?.checked_add(digit)?);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    match number {
        Some(rest) => total.checked_add(rest),
        None => (!text.is_empty()).then_some(total),
    }
}

fn parsed<T: FromStr>(word: &Word) -> Result<T, String> {
    let text = String::from_utf8_lossy(&word.text);
    text.parse().map_err(|_| format!("has {text:?}, which cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<Vec<String>, String> {
        let records = read(&to_wire("example.com").unwrap(), 300, text)?;
        let show = |record: &Record| format!("{} {} {}", record.name, record.ttl, record.data);
        Ok(records.iter().map(show).collect())
    }

    fn text_of(line: &str) -> Vec<Vec<u8>> {
        match &read(&to_wire("example.com").unwrap(), 300, line).unwrap()[0].data {
            RData::TXT(txt) => txt.txt_data.iter().map(|string| string.to_vec()).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn owners_ttls_and_comments_are_read_as_everywhere() {
        let text = "$TTL 1h\n@ IN MX 10 mx ; the only one\n   5m IN A 192.0.2.1\nwww.example.net. 60 CNAME @\n\
                    $ORIGIN sub\nx AAAA 2001:db8::1\n";
        let expected = [
            "example.com. 3600 10 mx.example.com.",
            "example.com. 300 192.0.2.1",
            "www.example.net. 60 example.com.",
            "x.sub.example.com. 3600 2001:db8::1",
        ];
        assert_eq!(shown(text).unwrap(), expected);
    }

    #[test]
    fn parentheses_join_lines() {
        let soa = "@ SOA ns1 hostmaster ( 7 ; serial\n 2h 15m\n 2w 300 )\n";
        assert_eq!(shown(soa).unwrap().len(), 1);
        assert_eq!(text_of("@ TXT ( \"one\"\n  \"two\" )"), [b"one".to_vec(), b"two".to_vec()]);
    }

    #[test]
    fn texts_come_byte_for_byte() {
        assert_eq!(
            text_of("@ TXT \"a\\010b\\194\\160c\\\"d\\\\;e\" bare\\ word"),
            [b"a\nb\xc2\xa0c\"d\\;e".to_vec(), b"bare word".to_vec()]
        );
        assert_eq!(text_of("@ TXT \"\\000ü\""), [b"\0\xc3\xbc".to_vec()]);
    }

    #[test]
    fn labels_may_be_anything() {
        let record = &read(&to_wire("example.com").unwrap(), 300, "_dmarc CNAME v=DMARC1\\;\\032p=none").unwrap()[0];
        let RData::CNAME(target) = &record.data else { panic!("{record:?}") };
        assert_eq!(target.0.iter().next(), Some(&b"v=DMARC1; p=none"[..]));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, part) in [
            ("@ TXTT x", "is no record"),
            ("@ A 192.0.2.300", "192.0.2.300"),
            ("@ TXT \"open", "not closed"),
            ("@ SOA a b (1 2 3", "not closed"),
            ("a..b A 192.0.2.1", "is no name"),
            ("  A 192.0.2.1", "no name in front"),
            ("$INCLUDE /etc/passwd", "not accepted"),
            ("@ TXT \"\\999\"", "no byte"),
        ] {
            let error = shown(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(shown(&format!("@ TXT \"{}\"", "x".repeat(256))).is_err());
    }
}
