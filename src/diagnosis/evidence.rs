//! What a record's page shows of how its verdict came about: who was asked, what each said, how to repeat it.

use serde::{Deserialize, Serialize};

use super::observed::{Answer, Observation, Reply};
use super::spf_eval::SpfTree;
use super::{Judgement, primary_type};
use crate::records::plan::PlannedRecord;

/// Kept with the record's last verdict.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub heard: Vec<Heard>,
    /// `dig` arguments that repeat the question, without server and flags: `TXT mail.example.com`.
    pub dig: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spf_tree: Option<SpfTree>,
}

/// What one server said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// The nameserver's name; `None` for the configured resolver.
    pub server: Option<String>,
    pub address: Option<String>,
    pub outcome: Outcome,
    /// The records, as people read them.
    pub records: Vec<String>,
    /// The CNAME targets followed, in order.
    pub aliases: Vec<String>,
    pub ttl_s: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Found,
    NoData,
    NoSuchName,
    Timeout,
    Servfail,
    Refused,
    Bogus,
    Unreachable,
    Malformed,
    Local,
}

/// Collects what was said to the record's own question.
pub fn collect(record: &PlannedRecord, observation: &Observation, judgement: &Judgement) -> Evidence {
    let servers = observation
        .servers
        .iter()
        .map(|said| heard(Some(said.server.to_string()), Some(said.address.to_string()), &said.reply));
    let resolver = observation.resolver.iter().map(|reply| heard(None, None, reply));
    Evidence {
        heard: servers.chain(resolver).collect(),
        dig: format!("{} {}", primary_type(record).as_str(), record.owner),
        spf_tree: judgement.spf_tree.clone(),
    }
}

fn heard(server: Option<String>, address: Option<String>, reply: &Reply) -> Heard {
    Heard {
        server,
        address,
        outcome: outcome(&reply.answer),
        records: reply.records().iter().map(super::observed::RecordData::display).collect(),
        aliases: reply.aliases.iter().map(ToString::to_string).collect(),
        ttl_s: reply.ttl_s,
    }
}

fn outcome(answer: &Answer) -> Outcome {
    use super::observed::AskFailure;
    match answer {
        Answer::Found(_) => Outcome::Found,
        Answer::NoData => Outcome::NoData,
        Answer::NoSuchName => Outcome::NoSuchName,
        Answer::Failed(failure) => match failure {
            AskFailure::Timeout => Outcome::Timeout,
            AskFailure::Servfail => Outcome::Servfail,
            AskFailure::Refused => Outcome::Refused,
            AskFailure::Bogus => Outcome::Bogus,
            AskFailure::Unreachable => Outcome::Unreachable,
            AskFailure::Malformed => Outcome::Malformed,
            AskFailure::Local => Outcome::Local,
        },
    }
}
