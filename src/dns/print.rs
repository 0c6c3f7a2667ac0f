//! The print of an answer: what it says in 32 bytes, whatever the order of its records, letter case of names, TTLs and
//! packing. Two answers with one print are judged alike, so that an answer seen before need not be read again.
//!
//! Most answers are plain: records of the asked type at the asked name, or none. Their print is taken from the packet
//! itself; others are read by the codec first.

use aws_lc_rs::digest;
use hickory_proto::op::Message;

use super::packet::{self, Outcome};
use super::query::Sent;
use super::wire_name::push_wire;
use crate::diagnosis::observed::{Answer, Observed, RecordData};
use crate::diagnosis::{Question, RecordType, Reply};
use crate::records::OwnerName;

/// SHA-256, for whoever publishes a record would gain by another one with the same print.
pub type Print = [u8; 32];

const NXDOMAIN: u8 = 3;
const TRUNCATED: u8 = 0x02;
const CLASS_IN: u16 = 1;
const OPT: [u8; 2] = [0, 41];
/// A pointer to the question's name, which stands right behind the header (RFC 1035 section 4.1.4).
const TO_QUESTION: [u8; 2] = [0xc0, 0x0c];
/// More than a name can have labels.
const MAX_JUMPS: usize = 128;

/// What came of a question that was asked in bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    Print(Print),
    /// An answer without a print: cut off, a failure, garbled, in another letter case.
    Other,
    /// No answer in time.
    Nothing,
}

impl Heard {
    /// What was heard of a print that there may be.
    pub fn of(print: Option<Print>) -> Self {
        print.map_or(Self::Other, Self::Print)
    }
}

/// The print of a resolver's packet that answers `sent`; `None` where it is no answer: a failure, cut off, garbled.
pub fn of_packet(bytes: &[u8], sent: &Sent, question: &Question) -> Option<Print> {
    if bytes.len() < sent.question_end || bytes[2] & TRUNCATED != 0 {
        return None;
    }
    if let Some(said) = Plain::read(bytes, sent.question_end, question.rtype) {
        return Some(said.print());
    }
    let message = Message::from_vec(bytes).ok()?;
    match packet::read_recursive(&message, question) {
        Outcome::Reply(reply) => of_reply(&reply),
        _ => None,
    }
}

/// The print of what was said; `None` where nothing was.
pub fn of_reply(reply: &Reply) -> Option<Print> {
    let (kind, records) = match &reply.answer {
        Answer::Found(records) => (Kind::Found, &records[..]),
        Answer::NoData => (Kind::NoData, &[][..]),
        Answer::NoSuchName => (Kind::NoSuchName, &[][..]),
        Answer::Failed(_) => return None,
    };
    let mut said = Plain { kind, records: Vec::with_capacity(records.len()), aliases: Vec::new() };
    for record in records {
        said.records.push(data(record)?);
    }
    for alias in &reply.aliases {
        push_wire(alias.as_str(), &mut said.aliases)?;
    }
    Some(said.print())
}

/// The questions of a look that asked resolvers alone, and the print of everything that they answered; `None` where
/// something else was seen, or something was not answered.
pub fn of_observed(observed: &Observed) -> Option<(Vec<Question>, Print)> {
    let is_plain = observed.zones.is_empty() && observed.not_delegated.is_none() && !observed.is_exhausted;
    let mut prints = Vec::with_capacity(observed.replies.len());
    for observation in observed.replies.values().filter(|_| is_plain) {
        let reply = observation.resolver.as_ref().filter(|_| observation.servers.is_empty())?;
        prints.push(of_reply(reply)?);
    }
    (is_plain && !prints.is_empty()).then(|| (observed.replies.keys().cloned().collect(), of_all(&prints)))
}

/// The print of several answers, in the order of their questions.
pub fn of_all(prints: &[Print]) -> Print {
    digest(prints.as_flattened())
}

/// SHA-256.
pub fn digest(bytes: &[u8]) -> Print {
    let mut print = [0; 32];
    print.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    print
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Found,
    NoData,
    NoSuchName,
}

/// What an answer says, in bytes.
#[derive(Debug)]
struct Plain {
    kind: Kind,
    /// Names in lower case and whole.
    records: Vec<Vec<u8>>,
    aliases: Vec<u8>,
}

impl Plain {
    fn print(mut self) -> Print {
        self.records.sort_unstable();
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&[self.kind as u8]);
        for record in &self.records {
            context.update(&u32::try_from(record.len()).unwrap_or(u32::MAX).to_be_bytes());
            context.update(record);
        }
        context.update(&u32::MAX.to_be_bytes());
        context.update(&self.aliases);
        let mut print = [0; 32];
        print.copy_from_slice(context.finish().as_ref());
        print
    }

    /// Reads an answer whose records all stand at the asked name, without an alias. `None`: it is of another kind.
    fn read(bytes: &[u8], question_end: usize, rtype: RecordType) -> Option<Self> {
        let code = bytes[3] & 0x0f;
        let answers = u16::from_be_bytes([bytes[6], bytes[7]]);
        if code != 0 && code != NXDOMAIN || answers > 0 && code == NXDOMAIN {
            return None;
        }
        let kind = match (answers, code) {
            (0, NXDOMAIN) => Kind::NoSuchName,
            (0, _) => Kind::NoData,
            _ => Kind::Found,
        };
        let mut records = Vec::with_capacity(answers.into());
        let mut rest = bytes.get(question_end..)?;
        for _ in 0..answers {
            let fixed = rest.strip_prefix(&TO_QUESTION)?;
            let ([t0, t1, c0, c1, _, _, _, _, l0, l1], after) = fixed.split_first_chunk()?;
            let (found, class) = (u16::from_be_bytes([*t0, *t1]), u16::from_be_bytes([*c0, *c1]));
            if found != u16::from(packet::wire_type(rtype)) || class != CLASS_IN {
                return None;
            }
            let (rdata, after) = after.split_at_checked(u16::from_be_bytes([*l0, *l1]).into())?;
            records.push(canonical(bytes, rdata, rtype)?);
            rest = after;
        }
        // What else is there must be readable to the codec too; a truncated rest is no answer.
        is_whole(bytes, rest).then_some(Self { kind, records, aliases: Vec::new() })
    }
}

/// Whether the packet's other records end where it ends, and none says that the server failed (RFC 6891 section
/// 6.1.3: the upper bits of the code stand in the OPT record).
fn is_whole(bytes: &[u8], mut rest: &[u8]) -> bool {
    let count = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    for _ in 0..count(8) + count(10) {
        let Some(after) = skip_name(rest) else { return false };
        let Some(([t0, t1, _, _, upper, .., l0, l1], after)) = after.split_first_chunk::<10>() else { return false };
        if [*t0, *t1] == OPT && *upper != 0 {
            return false;
        }
        let Some((_, after)) = after.split_at_checked(u16::from_be_bytes([*l0, *l1]).into()) else { return false };
        rest = after;
    }
    rest.is_empty()
}

fn skip_name(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (&length, after) = rest.split_first()?;
        match length {
            0 => return Some(after),
            1..=63 => rest = after.get(length.into()..)?,
            0xc0.. => return after.get(1..),
            _ => return None,
        }
    }
}

/// Data as [`data`] writes it.
fn canonical(bytes: &[u8], rdata: &[u8], rtype: RecordType) -> Option<Vec<u8>> {
    match rtype {
        RecordType::A => (rdata.len() == 4).then(|| rdata.to_vec()),
        RecordType::Aaaa => (rdata.len() == 16).then(|| rdata.to_vec()),
        RecordType::Txt => {
            let mut strings = rdata;
            while let Some((&length, after)) = strings.split_first() {
                strings = after.get(length.into()..)?;
            }
            (!rdata.is_empty()).then(|| rdata.to_vec())
        }
        RecordType::Cname | RecordType::Ns | RecordType::Ptr => whole_name(bytes, rdata, Vec::new()),
        RecordType::Mx => {
            let (preference, name) = rdata.split_at_checked(2)?;
            whole_name(bytes, name, preference.to_vec())
        }
        RecordType::Soa | RecordType::Spf => None,
    }
}

/// A name in data, whole and in lower case, behind what is written already; it must fill the data.
fn whole_name(bytes: &[u8], data: &[u8], mut written: Vec<u8>) -> Option<Vec<u8>> {
    let mut rest = data;
    let mut has_jumped = false;
    for _ in 0..MAX_JUMPS {
        let (&length, after) = rest.split_first()?;
        match length {
            0 => {
                written.push(0);
                return (has_jumped || after.is_empty()).then_some(written);
            }
            1..=63 => {
                let label = after.get(..length.into())?;
                written.push(length);
                written.extend(label.iter().map(u8::to_ascii_lowercase));
                rest = &after[usize::from(length)..];
            }
            0xc0.. => {
                let (&low, behind) = after.split_first()?;
                if !has_jumped && !behind.is_empty() {
                    return None;
                }
                has_jumped = true;
                rest = bytes.get(usize::from(u16::from_be_bytes([length & 0x3f, low]))..)?;
            }
            _ => return None,
        }
    }
    None
}

fn data(record: &RecordData) -> Option<Vec<u8>> {
    let name = |name: &OwnerName, mut written: Vec<u8>| {
        push_wire(name.as_str(), &mut written)?;
        Some(written)
    };
    match record {
        RecordData::A(address) => Some(address.octets().to_vec()),
        RecordData::Aaaa(address) => Some(address.octets().to_vec()),
        RecordData::Cname(target) | RecordData::Ns(target) | RecordData::Ptr(target) => name(target, Vec::new()),
        RecordData::Mx { preference, exchange } => name(exchange, preference.to_be_bytes().to_vec()),
        RecordData::Soa { serial, minimum_s, .. } => Some([serial.to_be_bytes(), minimum_s.to_be_bytes()].concat()),
        RecordData::Txt(strings) => {
            let mut written = Vec::with_capacity(strings.iter().map(|string| string.len() + 1).sum());
            for string in strings {
                written.push(u8::try_from(string.len()).ok()?);
                written.extend_from_slice(string);
            }
            Some(written)
        }
    }
}
