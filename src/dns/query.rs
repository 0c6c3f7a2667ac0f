//! A query in bytes, and which packet answers it. What an answer says is not read here.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::DNSClass;

use super::packet::wire_type;
use super::wire_name::to_wire;
use crate::diagnosis::Question;

/// What a UDP answer may measure (DNS flag day 2020).
const UDP_PAYLOAD: u16 = 1232;
const HEADER_LENGTH: usize = 12;
/// The TC bit in the third byte of a header.
const TRUNCATED: u8 = 0x02;
const FORMERR: u8 = 1;

/// A query on its way.
#[derive(Debug)]
pub struct Sent {
    pub bytes: Vec<u8>,
    /// Where its question section ends: an answer repeats it, letter case included (0x20).
    question_end: usize,
    has_edns: bool,
}

impl Sent {
    pub fn set_id(&mut self, id: u16) {
        self.bytes[..2].copy_from_slice(&id.to_be_bytes());
    }
}

/// A query in bytes, without an id yet; the name's letters are in the case given (0x20). `None`: the name does not
/// fit.
pub fn compose(question: &Question, cased: &str, flags: Flags) -> Option<Sent> {
    if !question.name.fits_the_wire() {
        return None;
    }
    let name = to_wire(cased)?;
    let mut message = Message::new(0, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = flags.is_recursive;
    message.metadata.checking_disabled = flags.is_checking_disabled;
    // The length bytes of the labels, the root's, type and class.
    let question_length = name.iter().map(|label| label.len() + 1).sum::<usize>() + 1 + 4;
    let mut asked = Query::query(name, wire_type(question.rtype));
    asked.query_class = DNSClass::IN;
    message.add_query(asked);
    if flags.has_edns {
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_PAYLOAD).set_version(0);
        message.set_edns(edns);
    }
    let bytes = message.to_vec().ok()?;
    let question_end = HEADER_LENGTH + question_length;
    (bytes.len() >= question_end).then_some(Sent { bytes, question_end, has_edns: flags.has_edns })
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
