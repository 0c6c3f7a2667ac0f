//! SPF over generated zones: sets of addresses against single ones, our evaluator against the `mail-auth` crate, and
//! the offered record against both. `SPF_CASES` says how many zones are made; `make test-long` makes 10,000.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod generated;
mod receivers;

use std::net::IpAddr;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use signet::diagnosis::spf_eval::{AddressSet, CheckResult, Stop, evaluate};
use signet::diagnosis::{Code, RecordDiagnosis, Verdict, diagnose, questions};
use signet::records::plan::{Plan, PlanInput, RecordKey, SendingProfile, plan};
use signet::records::spf::ProfileMechanism;
use signet::records::{DomainName, OwnerName};

use generated::{OWN, World, interesting, own_records, world};
use receivers::MailAuth;

fn config() -> ProptestConfig {
    let cases = std::env::var("SPF_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(300);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Why the two may differ: rules about what `mail-auth` does otherwise, each with the section that it leaves.
fn is_explained(world: &World, stop: Option<&Stop>) -> bool {
    match stop {
        // Section 4.6.4: it does not count lookups that find nothing.
        Some(Stop::VoidLimit(_)) => true,
        // Section 4.6.4: it looks at the first ten hosts of an mx before it minds the eleventh, and
        // one of them may match, or not be there to be asked.
        Some(Stop::MxLimit(_)) => true,
        // Sections 4.6.1 and 5.6: it passes over unknown mechanisms and cuts prefix lengths that are too long.
        Some(Stop::Syntax(at)) => world.is_leniently_read(&at.term),
        // Section 5.7: it counts AAAA records for exists, and asks for them where there is no A. Section 5.2: an include
        // that matches inside an included record ends its whole check, with that include's qualifier.
        _ => world.has_exists_of_ipv6_host() || world.has_qualified_include(),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_set_is_judged_as_each_of_its_addresses(world in world(false)) {
        let name = OwnerName::new(OWN);
        for text in world.records_at(OWN) {
            let (observed, whole) = world.gathered(|observed| {
                let seen = evaluate(observed, &name, &text, &AddressSet::all());
                (seen.needs.clone(), seen)
            });
            let passed = whole.passed();
            let single = world.with_only(OWN, &text);
            for ip in interesting() {
                let one = evaluate(&observed, &name, &text, &AddressSet::one(ip));
                prop_assert_eq!(passed.contains(ip), one.passed().contains(ip), "{} of {:?}", ip, world);
                let checked = single.check(OWN, ip);
                let is_temporary = whole.select(|some| {
                    matches!(&some.outcome, signet::diagnosis::spf_eval::Outcome::Stopped(stop) if stop.is_temporary())
                });
                prop_assert_eq!(passed.contains(ip), checked.result == CheckResult::Pass, "{} of {:?}", ip, world);
                prop_assert_eq!(is_temporary.contains(ip), checked.result == CheckResult::TempError, "{} of {:?}", ip, world);
            }
        }
    }

    #[test]
    fn records_come_out_as_mail_auth_has_them(world in world(true), is_plain in prop::bool::weighted(0.7)) {
        let world = if is_plain { world.with_plain_includes() } else { world };
        let mail_auth = MailAuth::of(&world);
        for ip in interesting() {
            let ours = world.check(OWN, ip);
            let theirs = mail_auth.check(OWN, ip);
            let is_same = ours.result == theirs || is_explained(&world, ours.stop.as_ref());
            prop_assert!(is_same, "{ip}: ours {ours:?}, theirs {theirs:?} of {world:?}");
        }
    }

    #[test]
    fn the_offered_record_passes_for_ours_and_for_whoever_passed(
        world in world(false),
        own in own_records(),
        is_plain in prop::bool::weighted(0.7),
    ) {
        let world = world.with_own(&own);
        let world = if is_plain { world.with_plain_includes() } else { world };
        offer_holds(&world)?;
    }
}

/// Our servers in the generated worlds, by the profile.
const PROFILE: &str = "include:spf.mta.test ip6:2001:db8:9::/64";

fn our_addresses() -> Vec<IpAddr> {
    ["10.9.0.0", "10.9.0.255", "10.9.0.17", "10.9.1.5", "2001:db8:9::", "2001:db8:9::ffff", "2001:db8:9:1::5"]
        .map(|ip| ip.parse().unwrap())
        .to_vec()
}

fn our_plan() -> Plan {
    let profile = SendingProfile { spf: ProfileMechanism::parse_list(PROFILE).unwrap(), ..SendingProfile::default() };
    let domain = DomainName::parse(OWN).unwrap();
    plan(&PlanInput { domain: &domain, profile: &profile, keys: &[], older_keys: &[], is_mx_required: None })
}

fn diagnosed(world: &World, plan: &Plan) -> RecordDiagnosis {
    let (observed, ()) =
        world.gathered(|observed| (questions(plan, observed).into_iter().map(|ask| ask.question).collect(), ()));
    diagnose(plan, &observed).records.into_iter().find(|record| record.key == RecordKey::Spf).unwrap()
}

fn offer_holds(world: &World) -> Result<(), TestCaseError> {
    let plan = our_plan();
    let seen = diagnosed(world, &plan);
    if seen.verdict == Verdict::Pass || seen.verdict == Verdict::Warn {
        for ip in our_addresses() {
            prop_assert_eq!(world.check(OWN, ip).result, CheckResult::Pass, "{} of {:?}", ip, world);
        }
        return Ok(());
    }
    let Some(value) = &seen.suggested_value else {
        let offers_none = [Verdict::Unknown, Verdict::Missing].contains(&seen.verdict)
            || seen.findings.iter().any(|finding| finding.args.get("remedy").is_some_and(|kind| kind == "subdomain"));
        prop_assert!(offers_none, "nothing is offered for {world:?}: {:?}", seen.findings);
        return Ok(());
    };
    let offered = world.with_only(OWN, value);
    let mail_auth = MailAuth::of(&offered);
    let passes = |ip: IpAddr| {
        prop_assert_eq!(offered.check(OWN, ip).result, CheckResult::Pass, "{} by {} of {:?}", ip, value, world);
        let theirs = mail_auth.check(OWN, ip);
        let is_same = theirs == CheckResult::Pass || is_explained(&offered, None);
        prop_assert!(is_same, "{ip}: {theirs:?} by mail-auth, by {value} of {world:?}");
        Ok(())
    };
    for ip in our_addresses() {
        passes(ip)?;
    }
    // What passed by +all alone is not meant to.
    let named = world.without_plus_all(OWN);
    for ip in interesting() {
        if named.check(OWN, ip).result == CheckResult::Pass {
            passes(ip)?;
        }
    }
    let again = diagnosed(&offered, &plan);
    prop_assert!(again.verdict.is_good(), "{value} of {world:?}: {:?}", again.findings);
    let is_over = |code: Code| again.findings.iter().any(|finding| finding.code == code && finding.variant.is_some());
    let was_over = seen.findings.iter().any(|finding| finding.args.get("remedy").is_some_and(|kind| kind == "over"));
    prop_assert!(was_over || !is_over(Code::SpfLookupsNearLimit), "{value} needs over ten lookups in {world:?}");
    let all = value.split(' ').filter(|term| term.to_ascii_lowercase().ends_with("all")).count();
    prop_assert!(all + value.matches("redirect=").count() == 1, "{value} ends once");
    Ok(())
}
