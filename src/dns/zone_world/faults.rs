//! What is wrong with a server, word by word.

use super::WorldError;

/// What a server does beside answering well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    pub is_silent: bool,
    pub is_refusing: bool,
    pub is_failing: bool,
    /// Answers without authority, and passes on to the root.
    pub is_lame: bool,
    /// A forged NXDOMAIN with another id comes first.
    pub is_spoofed: bool,
    /// Every answer has another id than its question.
    pub has_wrong_ids: bool,
    /// Every answer comes from another port.
    pub is_elsewhere: bool,
    /// The name in the answer is in lower case, whatever was asked.
    pub is_folding: bool,
    /// Answers leave out the question.
    pub has_no_question: bool,
    /// Every answer by UDP is empty and truncated.
    pub is_truncating: bool,
    pub has_no_tcp: bool,
    /// Over TCP comes a megabyte of nothing.
    pub is_flooding: bool,
    /// FORMERR to whatever has EDNS.
    pub dislikes_edns: bool,
    /// NXDOMAIN for empty names in between (RFC 8020 forbids it).
    pub denies_empty_names: bool,
    /// Of a resolver: does not ask for what is below a name that was denied (RFC 8020 section 2).
    pub believes_denials: bool,
    /// How packets are broken on their way.
    pub breakage: Option<Breakage>,
    pub delay_ms: u64,
}

/// What becomes of a packet behind its question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// Counts that lie, and no records.
    Garbage,
    /// A compression pointer to itself.
    Looping,
    /// The second half is missing.
    Chopped,
}

impl Faults {
    pub fn add(&mut self, word: &str) -> Result<(), WorldError> {
        match word {
            "silent" => self.is_silent = true,
            "refuse" => self.is_refusing = true,
            "servfail" => self.is_failing = true,
            "lame" => self.is_lame = true,
            "spoofed" => self.is_spoofed = true,
            "wrong-id" => self.has_wrong_ids = true,
            "elsewhere" => self.is_elsewhere = true,
            "folding" => self.is_folding = true,
            "no-question" => self.has_no_question = true,
            "truncating" => self.is_truncating = true,
            "no-tcp" => self.has_no_tcp = true,
            "flooding" => self.is_flooding = true,
            "no-edns" => self.dislikes_edns = true,
            "denies-empty" => self.denies_empty_names = true,
            "believes-denials" => self.believes_denials = true,
            "garbage" => self.breakage = Some(Breakage::Garbage),
            "looping" => self.breakage = Some(Breakage::Looping),
            "chopped" => self.breakage = Some(Breakage::Chopped),
            other => {
                let delay = other.strip_prefix("delay=").and_then(|ms| ms.parse().ok());
                self.delay_ms = delay.ok_or_else(|| WorldError::script(format!("{other:?} is no fault")))?;
            }
        }
        Ok(())
    }

    /// Whether a resolver gets an answer out of the server.
    pub fn is_usable(&self) -> bool {
        let is_dumb = self.is_silent || self.has_wrong_ids || self.is_elsewhere || self.breakage.is_some();
        !(is_dumb || self.is_refusing || self.is_failing || self.is_lame)
    }
}

impl Breakage {
    /// The packet as it arrives; `question_end` is where its question ends.
    pub fn apply(self, mut packet: Vec<u8>, question_end: usize) -> Vec<u8> {
        match self {
            Self::Garbage => {
                packet.truncate(question_end);
                packet[7] = 9;
                packet.extend([0xff; 7]);
            }
            Self::Looping => {
                packet.truncate(question_end);
                packet[7] = 1;
                let [.., high, low] = question_end.to_be_bytes();
                packet.extend([0xc0 | high, low, 0, 16, 0, 1, 0, 0, 0, 60, 0, 1, 0]);
            }
            Self::Chopped => packet.truncate(question_end + (packet.len() - question_end) / 2),
        }
        packet
    }
}
