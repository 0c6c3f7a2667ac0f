//! Broken worlds: one zone file beside this one for each way in which a domain's DNS goes wrong, or nearly does. Each is
//! served over real sockets and looked at as the program looks; what was seen and said is snapshotted.
//!
//! A world costs one file. It opens with a comment that names the rule it breaks, then lines that begin with `;>`:
//!
//! ```text
//! ;> domain mail.example.com      what is checked
//! ;> key s1 ours                  a key of the domain, see `keys.rs`; without this line s1 has `ours`; `;> key none`
//! ;> older older                  a key that the domain had before
//! ;> spf include:spf.mta.example  the sending profile: spf, mx, return-path, tracking, dmarc, as SIGNET_… takes them;
//!                                 without these lines that SPF mechanism alone
//! ;> mx-required no               what an earlier check decided; without this line none has
//! ;> direct off                   as SIGNET_DNS_DIRECT
//! ;> resolver closed              nobody listens at the resolver's address
//! ;> raises spf-multiple …        codes that must be found
//! ;> near spf-syntax …            codes that must not be found, though little is missing
//! ```
//!
//! The rest is what `dns::zone_world` serves. `@KEY@` stands for the record of `ours`, `@KEY:older@` for another key's,
//! `@P@` and `@P:older@` for the text of `p=` alone; `@KEY[..255]@` for a piece of it. A quoted string of more than 255
//! bytes is split. The platform's own zone `mta.example` is added unless the world has one.
//!
//! `SIGNET_WORLD=spf cargo test --test zones` looks only at worlds with `spf` in their names; `INSTA_UPDATE=always`
//! writes the snapshots, which are then to be read.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod cli;
mod complete;
mod keys;
mod mistakes;
mod report;
mod second_opinion;
mod world;

use std::collections::BTreeSet;

use signet::diagnosis::{Diagnosis, Finding};

use world::BrokenWorld;

/// Every finding of a look.
pub fn findings(diagnosis: &Diagnosis) -> impl Iterator<Item = &Finding> {
    diagnosis.findings.iter().chain(diagnosis.records.iter().flat_map(|record| &record.findings))
}

fn codes(diagnosis: &Diagnosis) -> BTreeSet<&'static str> {
    findings(diagnosis).map(|finding| finding.code.as_str()).collect()
}

/// What a look got wrong by the world's own words.
fn complaints(world: &BrokenWorld, diagnosis: &Diagnosis) -> Vec<String> {
    let seen = codes(diagnosis);
    let lacks = world.raises.iter().filter(|code| !seen.contains(code.as_str()));
    let has = world.near.iter().filter(|code| seen.contains(code.as_str()));
    lacks
        .map(|code| format!("{}: {code} was not raised, but {seen:?}", world.name))
        .chain(has.map(|code| format!("{}: {code} was raised", world.name)))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_world_is_told_for_what_it_is() {
    let mut wrong = Vec::new();
    for (world, looked) in world::look_at_all(world::chosen()).await {
        wrong.extend(complaints(&world, &looked));
        let text = report::text(&world, &looked);
        let snapshot = || {
            let mut settings = insta::Settings::clone_current();
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_snapshot!(world.name.as_str(), text));
        };
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(snapshot)).is_err() {
            wrong.push(format!("{}: the snapshot differs", world.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
