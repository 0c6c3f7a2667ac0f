//! A query in bytes, and which packet answers it. What an answer says is not read here.

use hickory_proto::op::Message;

use super::packet::wire_type;
use super::wire_name::push_wire;
use crate::diagnosis::Question;

/// What a UDP answer may measure (DNS flag day 2020).
const UDP_PAYLOAD: u16 = 1232;
const HEADER_LENGTH: usize = 12;
/// The TC bit in the third byte of a header.
const TRUNCATED: u8 = 0x02;
const FORMERR: u8 = 1;
/// RD in the third byte of a header, CD in the fourth.
const RECURSION_DESIRED: u8 = 0x01;
const CHECKING_DISABLED: u8 = 0x10;
const CLASS_IN: u16 = 1;
/// The OPT record (RFC 6891 section 6.1.2), version 0, no flags, no options.
const OPT: [u8; 11] = {
    let [high, low] = UDP_PAYLOAD.to_be_bytes();
    [0, 0, 41, high, low, 0, 0, 0, 0, 0, 0]
};

/// A query on its way.
#[derive(Debug)]
pub struct Sent {
    pub bytes: Vec<u8>,
    /// Where its question section ends: an answer repeats it, letter case included (0x20).
    pub question_end: usize,
    has_edns: bool,
}

impl Sent {
    pub fn set_id(&mut self, id: u16) {
        self.bytes[..2].copy_from_slice(&id.to_be_bytes());
    }
}

/// A query in bytes, without an id yet; `coin` decides the case of each letter (draft-vixie-dnsext-dns0x20). `None`:
/// the name does not fit.
pub fn compose(question: &Question, flags: Flags, coin: impl FnMut() -> bool) -> Option<Sent> {
    let recursion = if flags.is_recursive { RECURSION_DESIRED } else { 0 };
    let checking = if flags.is_checking_disabled { CHECKING_DISABLED } else { 0 };
    let mut bytes = Vec::with_capacity(HEADER_LENGTH + question.name.as_str().len() + 6 + OPT.len());
    bytes.extend_from_slice(&[0, 0, recursion, checking, 0, 1, 0, 0, 0, 0, 0, u8::from(flags.has_edns)]);
    push_wire(question.name.as_str(), &mut bytes)?;
    mix_case(&mut bytes[HEADER_LENGTH..], coin);
    bytes.extend_from_slice(&u16::from(wire_type(question.rtype)).to_be_bytes());
    bytes.extend_from_slice(&CLASS_IN.to_be_bytes());
    let question_end = bytes.len();
    if flags.has_edns {
        bytes.extend_from_slice(&OPT);
    }
    Some(Sent { bytes, question_end, has_edns: flags.has_edns })
}

/// Letters in random case: a forger must guess them too. The length of a label is no letter, being 63 at most.
fn mix_case(name: &mut [u8], mut coin: impl FnMut() -> bool) {
    for byte in name.iter_mut().filter(|byte| byte.is_ascii_alphabetic()) {
        if coin() {
            *byte ^= 0x20;
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Flags {
    pub is_recursive: bool,
    pub is_checking_disabled: bool,
    pub has_edns: bool,
}

/// Whether a packet answers this very query, letter case included.
#[derive(Debug)]
pub enum Match {
    Yes(Box<Message>),
    /// The server says that there is more; what it left is not looked at.
    Truncated,
    /// The same name in other case: a server that folds, or a forger that guesses.
    Folded,
    /// Answers this query, and cannot be read: counts that lie, pointers that loop, data cut off.
    Garbled,
    No,
}

/// How a packet compares to a query, by header and question alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    Same,
    Folded,
    None,
}

fn likeness(bytes: &[u8], sent: &Sent) -> Likeness {
    let is_answer = bytes.len() >= HEADER_LENGTH && bytes[..2] == sent.bytes[..2] && bytes[2] & 0x80 != 0;
    if !is_answer {
        return Likeness::None;
    }
    let asked = &sent.bytes[HEADER_LENGTH..sent.question_end];
    match ([bytes[4], bytes[5]], bytes.get(HEADER_LENGTH..sent.question_end)) {
        ([0, 1], Some(question)) if question == asked => Likeness::Same,
        ([0, 1], Some(question)) if question.eq_ignore_ascii_case(asked) => Likeness::Folded,
        // Servers that choke on EDNS answer FORMERR without the question.
        ([0, 0], _) if sent.has_edns && bytes[3] & 0x0f == FORMERR => Likeness::Same,
        _ => Likeness::None,
    }
}

/// The id that a packet bears; `None`: it is too short for a header.
pub fn id_of(bytes: &[u8]) -> Option<u16> {
    (bytes.len() >= HEADER_LENGTH).then(|| u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// Whether a packet answers this query, in whatever case.
pub fn is_reply_to(bytes: &[u8], sent: &Sent) -> bool {
    likeness(bytes, sent) != Likeness::None
}

/// Whether a packet answers this query, letter case included.
pub fn is_exact_reply(bytes: &[u8], sent: &Sent) -> bool {
    likeness(bytes, sent) == Likeness::Same
}

/// Compares header and question before anything else is read.
pub fn matches(bytes: &[u8], sent: &Sent) -> Match {
    match likeness(bytes, sent) {
        Likeness::Same if bytes[2] & TRUNCATED != 0 => Match::Truncated,
        Likeness::Same => Message::from_vec(bytes).map_or(Match::Garbled, |message| Match::Yes(Box::new(message))),
        Likeness::Folded => Match::Folded,
        Likeness::None => Match::No,
    }
}

/// Reads what came over TCP, where nobody off the path answers: letter case is the server's habit. `None`: another
/// question's, not readable, or truncated here too.
pub fn read_from_stream(bytes: &[u8], sent: &Sent) -> Option<Message> {
    let message = is_reply_to(bytes, sent).then(|| Message::from_vec(bytes).ok())??;
    (!message.metadata.truncation).then_some(message)
}
