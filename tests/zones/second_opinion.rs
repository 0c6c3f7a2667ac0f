//! A second opinion: checkdmarc over the same worlds. `script/second-opinion` installs it and names its Python; without
//! that nothing is asked. Each difference is listed with the rule that explains it; one without a rule fails.

use std::sync::Arc;

use signet::diagnosis::spf_eval::SpfMark;
use signet::diagnosis::{RecordDiagnosis, Verdict};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::world;

const MAX_SERVED: usize = 3;

/// Why the other may say something else of a record, told by what we found; `None`: it may not.
fn explanation(record: &RecordDiagnosis) -> Option<&'static str> {
    let has = |code: &str| record.findings.iter().any(|finding| finding.code.as_str() == code);
    let is_good = record.verdict.is_good();
    let is_in_capitals = record.current.iter().any(|text| text.contains("V=SPF1"));
    let rules = [
        (record.verdict == Verdict::Unknown, "what could not be asked is no verdict of ours"),
        (has("stale-cache") || has("nameservers-disagree"), "it asks one resolver, we ask the nameservers"),
        (has("spf-not-authorized"), "a valid record that leaves out our servers is no mistake to it"),
        (
            has("spf-lookups-near-limit") && is_good,
            "it counts the whole record, we the way to our servers (RFC 7208 4.6.4)",
        ),
        (
            has("spf-loop") || has("spf-after-all") || has("spf-ptr"),
            "it stops at what RFC 7208 lets receivers pass over",
        ),
        (has("spf-too-large"), "it follows any number of terms, we 2,000"),
        (is_good && leads_on_behind_ours(record), "what stands behind our servers is the domain owner's business"),
        (has("dmarc-syntax") || has("dmarc-obsolete-tag"), "it judges DMARC by RFC 7489, we by RFC 9989"),
        (has("dmarc-multiple"), "RFC 9989 section 4.10: several are dropped and the walk goes on"),
        (has("dmarc-report-unauthorized"), "reports that are not accepted leave the policy in force"),
        (has("wildcard") || has("wrong-type"), "it does not look for wildcards and other types"),
        (has("value-whitespace"), "it splits terms at any blank, RFC 7208 section 4.6.1 at SP alone"),
        (is_good && is_in_capitals, "it wants small letters, RFC 7208 section 4.6.1 takes any case"),
    ];
    rules.into_iter().find(|(holds, _)| *holds).map(|(_, rule)| rule)
}

/// Whether something is included behind the term that lets our servers pass.
fn leads_on_behind_ours(record: &RecordDiagnosis) -> bool {
    let terms = record.evidence.spf_tree.iter().flat_map(|tree| &tree.terms);
    let behind = terms.skip_while(|term| term.mark != Some(SpfMark::Found)).skip(1);
    behind.into_iter().any(|term| term.term.contains("include:"))
}

async fn ask(python: &str, resolver: std::net::SocketAddr, domain: &str) -> [String; 2] {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/script/second-opinion.py");
    let (address, port) = (resolver.ip().to_string(), resolver.port().to_string());
    let output = Command::new(python).args([script, &address, &port, domain]).output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let mut words = said.split_whitespace().map(str::to_owned);
    [words.next(), words.next()].map(|word| word.unwrap_or_else(|| String::from_utf8_lossy(&output.stderr).into()))
}

#[tokio::test(flavor = "multi_thread")]
async fn second_opinion_differs_only_where_a_rule_says_why() {
    let Ok(python) = std::env::var("SIGNET_SECOND_OPINION") else { return };
    let room = Arc::new(Semaphore::new(MAX_SERVED));
    let mut checks = JoinSet::new();
    for world in world::chosen() {
        let (room, python) = (Arc::clone(&room), python.clone());
        checks.spawn(async move {
            let _permit = room.acquire_owned().await.unwrap();
            let served = world.serve().await;
            let diagnosis = served.look(&world.plan).await;
            let theirs = ask(&python, served.settings.resolvers[0], world.plan.domain.as_str()).await;
            let mut told = Vec::new();
            for (key, theirs) in ["spf", "dmarc"].into_iter().zip(theirs) {
                let ours = diagnosis.records.iter().find(|record| record.key.to_string() == key).unwrap();
                if ours.verdict.is_good() != (theirs == "valid") {
                    let rule = explanation(ours);
                    let line = format!("{} {key}: {} here, {theirs} there", world.name, ours.verdict.as_str());
                    told.push((line, rule));
                }
            }
            told
        });
    }
    let mut told = checks.join_all().await.concat();
    told.sort();
    told.iter().for_each(|(line, rule)| println!("{line}: {}", rule.unwrap_or("no rule explains it")));
    assert!(told.iter().all(|(_, rule)| rule.is_some()));
}
