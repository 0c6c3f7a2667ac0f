//! Each code of the contract has a world that raises it and a near miss that does not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use signet::diagnosis::Code;

use crate::world;

/// The codes of the contract's section 6, as they stand there.
const CONTRACT: &str = "
spf-missing spf-multiple spf-not-authorized spf-syntax spf-lookup-limit spf-void-limit spf-loop spf-too-large
spf-lookups-near-limit spf-plus-all spf-no-all spf-ptr spf-after-all
dkim-missing dkim-multiple dkim-key-mismatch dkim-key-truncated dkim-key-malformed dkim-revoked dkim-wrong-type
dkim-version dkim-hash dkim-service dkim-testing dkim-weak
dmarc-missing dmarc-inherited dmarc-multiple dmarc-syntax dmarc-not-enforced dmarc-no-reports dmarc-weak-subdomain
dmarc-report-unauthorized dmarc-obsolete-tag dmarc-strict-alignment
mx-missing mx-wrong-target mx-others mx-cname cname-missing cname-wrong-target cname-proxied cname-conflict
value-quoted value-whitespace value-pem name-doubled wrong-host wrong-type wildcard
nameservers-disagree stale-cache lame-nameserver
dns-timeout dns-servfail dns-refused dns-bogus dns-unreachable dns-malformed dns-local dns-profile
delegation-differs delegated-to zone-not-delegated unreachable existing-mail profile-broken
name-is-public-suffix name-is-mailbox-provider";

/// Codes that hang on a profile, an account or the time gone by, not on a zone: the code, a folder, and what stands
/// there in the tests that raise it and nearly raise it.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("name-is-public-suffix", "src/records", "nobody_sends_from_a_public_suffix_or_a_mailbox_providers_domain"),
    ("name-is-mailbox-provider", "tests/http", "name-is-mailbox-provider"),
    ("profile-broken", "src/diagnosis", "each_part_is_broken_by_its_own_fault_and_by_no_other"),
    ("unreachable", "src/verify", "a_domain_is_unreachable_after_a_day_in_which_another_was_answered"),
];

fn contract() -> BTreeSet<&'static str> {
    CONTRACT.split_whitespace().collect()
}

#[test]
fn the_codes_are_those_of_the_contract() {
    let known: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(known, contract());
}

#[test]
fn worlds_speak_of_codes_that_there_are() {
    for world in world::all() {
        for code in world.raises.iter().chain(&world.near) {
            assert!(contract().contains(code.as_str()), "{}: there is no code {code}", world.name);
        }
        assert!(!world.raises.is_empty() || !world.near.is_empty(), "{} expects nothing", world.name);
    }
}

#[test]
fn every_snapshot_is_of_a_world() {
    let names: BTreeSet<String> = world::all().into_iter().map(|world| world.name).collect();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/zones/snapshots")) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(name.ends_with(".snap") || names.contains(&name), "{} is of no world", path.display());
    }
}

#[test]
fn every_code_is_raised_by_a_world_and_nearly_raised_by_another() {
    let worlds = world::all();
    let told = |list: fn(&world::BrokenWorld) -> &[String]| -> BTreeSet<String> {
        worlds.iter().flat_map(|world| list(world).to_vec()).collect()
    };
    let (raised, nearly) = (told(|world| &world.raises), told(|world| &world.near));
    let is_elsewhere = |code: &str| ELSEWHERE.iter().any(|(other, ..)| *other == code);
    let lacking: Vec<String> = contract()
        .into_iter()
        .filter(|code| !is_elsewhere(code))
        .flat_map(|code| {
            let no_world = (!raised.contains(code)).then(|| format!("no world raises {code}"));
            let no_near = (!nearly.contains(code)).then(|| format!("no world nearly raises {code}"));
            no_world.into_iter().chain(no_near)
        })
        .collect();
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

#[test]
fn the_tests_of_the_other_codes_are_where_they_are_said_to_be() {
    for (code, folder, text) in ELSEWHERE {
        let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        let is_there = sources.iter().any(|path| std::fs::read_to_string(path).unwrap().contains(text));
        assert!(is_there, "{code}: nothing in {folder} has {text}");
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}
