//! A scenario's zone data as answers.

use std::collections::BTreeMap;

use signet::diagnosis::observed::{Answer, RecordData};
use signet::diagnosis::spf_eval::owner_of;
use signet::diagnosis::{AskFailure, Question, RecordType, Reply};
use signet::records::OwnerName;
use yaml_rust2::Yaml;

use super::{text, texts};

/// A line of zone data.
enum Entry {
    Data(RecordType, RecordData),
    /// Every type that was not given before it times out.
    Timeout,
}

pub struct Zone(BTreeMap<OwnerName, Vec<Entry>>);

impl Zone {
    pub fn read(yaml: &Yaml) -> Self {
        let mut zone = BTreeMap::new();
        for (name, lines) in yaml.as_hash().unwrap() {
            zone.insert(owner(&text(name)), entries(lines.as_vec().unwrap()));
        }
        Self(zone)
    }

    /// Follows CNAMEs; a loop of them is an error, as with any resolver.
    pub fn answer(&self, question: &Question) -> Reply {
        let mut name = &question.name;
        for _ in 0..8 {
            let Some(entries) = self.0.get(name) else { return reply(Answer::NoSuchName) };
            let mut found = Vec::new();
            let mut alias = None;
            for entry in entries {
                match entry {
                    Entry::Data(rtype, data) if *rtype == question.rtype => found.push(data.clone()),
                    Entry::Data(_, RecordData::Cname(target)) => alias = Some(target),
                    Entry::Timeout if found.is_empty() => return Reply::failed(AskFailure::Timeout),
                    Entry::Data(..) | Entry::Timeout => {}
                }
            }
            match alias {
                Some(target) if found.is_empty() => name = target,
                _ if found.is_empty() => return reply(Answer::NoData),
                _ => return reply(Answer::Found(found)),
            }
        }
        Reply::failed(AskFailure::Malformed)
    }
}

fn reply(answer: Answer) -> Reply {
    Reply { answer, aliases: Vec::new(), ttl_s: 300 }
}

fn owner(name: &str) -> OwnerName {
    owner_of(name.strip_suffix('.').unwrap_or(name))
}

/// The suite's SPF lines stand for TXT too, unless the name has TXT lines of its own.
fn entries(lines: &[Yaml]) -> Vec<Entry> {
    let has_txt = lines.iter().any(|line| !line["TXT"].is_badvalue());
    let mut out = Vec::new();
    for line in lines {
        if line.as_str() == Some("TIMEOUT") {
            out.push(Entry::Timeout);
            continue;
        }
        for (rtype, value) in line.as_hash().unwrap() {
            let entry = match rtype.as_str().unwrap() {
                "SPF" if has_txt => None,
                "TXT" if value.as_str() == Some("NONE") => None,
                "SPF" | "TXT" => {
                    Some((RecordType::Txt, RecordData::Txt(texts(value).iter().map(|text| bytes(text)).collect())))
                }
                "A" => Some((RecordType::A, RecordData::A(text(value).parse().unwrap()))),
                "AAAA" => Some((RecordType::Aaaa, RecordData::Aaaa(text(value).parse().unwrap()))),
                "CNAME" => Some((RecordType::Cname, RecordData::Cname(owner(&text(value))))),
                "PTR" => Some((RecordType::Ptr, RecordData::Ptr(owner(&text(value))))),
                "MX" => Some((
                    RecordType::Mx,
                    RecordData::Mx { preference: text(&value[0]).parse().unwrap(), exchange: owner(&text(&value[1])) },
                )),
                other => panic!("no such type: {other}"),
            };
            out.extend(entry.map(|(rtype, data)| Entry::Data(rtype, data)));
        }
    }
    out
}

/// The suite writes bytes as the characters of the same number.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}
