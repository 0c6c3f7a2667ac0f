use proptest::prelude::*;
use time::macros::datetime;

use super::*;

const NOON: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);
const BAD: [Verdict; 3] = [Verdict::Missing, Verdict::Mismatch, Verdict::Conflict];

fn told(verdict: Verdict) -> Seen {
    Seen { verdict, hearsay_for: None }
}

fn heard(verdict: Verdict, ttl: Duration) -> Seen {
    Seen { verdict, hearsay_for: Some(ttl) }
}

#[test]
fn whatever_is_seen_of_a_record_never_verified_it_stays_pending() {
    for verdict in [Verdict::Missing, Verdict::Mismatch, Verdict::Conflict, Verdict::Unknown] {
        assert_eq!(advance(Standing::NEW, told(verdict), NOON), Standing::NEW);
    }
}

#[test]
fn a_verified_record_is_at_risk_first_and_fails_after_72_hours_of_evidence() {
    let verified = advance(Standing::NEW, told(Verdict::Pass), NOON);
    let risk = advance(verified, told(Verdict::Missing), NOON);
    assert_eq!(risk.status, Status::AtRisk);
    let just_before = NOON + GRACE - Duration::SECOND;
    assert_eq!(advance(risk, told(Verdict::Missing), just_before).status, Status::AtRisk);
    assert_eq!(advance(risk, told(Verdict::Unknown), NOON + GRACE * 2).status, Status::AtRisk);
    let failed = advance(risk, told(Verdict::Mismatch), NOON + GRACE);
    assert_eq!(failed.status, Status::Failed);
    let again = advance(failed, told(Verdict::Warn), NOON + GRACE * 2);
    assert_eq!((again.status, again.verified_at, again.at_risk_since), (Status::Verified, Some(NOON), None));
}

#[test]
fn a_resolvers_no_counts_when_it_is_repeated_after_its_ttl() {
    let ttl = Duration::seconds(300);
    let verified = advance(Standing::NEW, heard(Verdict::Pass, ttl), NOON);
    assert_eq!(verified.status, Status::Verified);
    let doubted = advance(verified, heard(Verdict::Missing, ttl), NOON);
    assert_eq!((doubted.status, doubted.doubted_until), (Status::Verified, Some(NOON + ttl)));
    let cached = advance(doubted, heard(Verdict::Missing, ttl), NOON + ttl - Duration::SECOND);
    assert_eq!(cached, doubted);
    let risk = advance(cached, heard(Verdict::Missing, ttl), NOON + ttl);
    assert_eq!((risk.status, risk.at_risk_since, risk.doubted_until), (Status::AtRisk, Some(NOON + ttl), None));
    // A nameserver's word ends the doubt, either way.
    assert_eq!(advance(doubted, told(Verdict::Missing), NOON).status, Status::AtRisk);
    assert_eq!(advance(doubted, told(Verdict::Pass), NOON), verified);
}

#[test]
fn no_ttl_silences_a_doubt_for_ever() {
    let verified = advance(Standing::NEW, told(Verdict::Pass), NOON);
    let doubted = advance(verified, heard(Verdict::Missing, Duration::seconds(i64::from(u32::MAX))), NOON);
    assert_eq!(advance(doubted, heard(Verdict::Missing, Duration::ZERO), NOON + LONGEST_TTL).status, Status::AtRisk);
    // A clock that was years ahead is not waited for.
    let ahead = Standing { doubted_until: Some(NOON + Duration::days(900)), ..verified };
    let mended = advance(ahead, heard(Verdict::Missing, Duration::ZERO), NOON);
    assert_eq!(mended.doubted_until, Some(NOON + LONGEST_TTL));
}

#[test]
fn a_domain_is_as_good_as_its_worst_required_record() {
    use Status::*;
    assert_eq!(domain_status([Verified, AtRisk, Pending, Failed]), Failed);
    assert_eq!(domain_status([Verified, AtRisk, Pending]), Pending);
    assert_eq!(domain_status([Verified, AtRisk]), AtRisk);
    assert_eq!(domain_status([Verified, Verified]), Verified);
    assert_eq!(Status::ALL.map(Status::can_send), [false, true, true, false]);
}

#[test]
fn what_an_edit_adds_is_required_of_a_verified_domain_from_its_first_pass_on() {
    let passed = advance(Standing::NEW, told(Verdict::Pass), NOON);
    let lost = advance(passed, told(Verdict::Missing), NOON);
    for (standing, was_domain_verified, expected) in [
        (Standing::NEW, false, true),
        (Standing::NEW, true, false),
        (passed, true, true),
        (lost, true, true),
        (passed, false, true),
    ] {
        assert_eq!(is_required(true, standing, was_domain_verified), expected, "{standing:?} {was_domain_verified}");
        assert!(!is_required(false, standing, was_domain_verified));
    }
}

/// A look and how long after the one before it came, in minutes.
type Look = (i64, Seen);

fn look() -> impl Strategy<Value = Look> {
    let verdict = prop::sample::select(vec![
        Verdict::Pass,
        Verdict::Warn,
        Verdict::Missing,
        Verdict::Mismatch,
        Verdict::Conflict,
        Verdict::Unknown,
    ]);
    let ttl = prop::option::of((0i64..3_000).prop_map(Duration::minutes));
    let minutes = prop_oneof![0i64..90, 0i64..6_000];
    (minutes, verdict, ttl).prop_map(|(minutes, verdict, hearsay_for)| (minutes, Seen { verdict, hearsay_for }))
}

fn timed(looks: &[Look]) -> Vec<(OffsetDateTime, Seen)> {
    let mut now = NOON;
    let at = |(minutes, seen): &Look| {
        now += Duration::minutes(*minutes);
        (now, *seen)
    };
    looks.iter().map(at).collect()
}

/// The contract's section 4 read off a whole history at once, without steps.
fn told_by_history(history: &[(OffsetDateTime, Seen)]) -> Standing {
    let known: Vec<_> = history.iter().filter(|(_, seen)| seen.verdict != Verdict::Unknown).collect();
    let first_good = known.iter().find(|(_, seen)| seen.verdict.is_good());
    let Some(verified_at) = first_good.map(|(at, _)| *at) else { return Standing::NEW };
    let last_good = known.iter().rposition(|(_, seen)| seen.verdict.is_good()).expect("there is a first one");
    let bad = &known[last_good + 1..];
    let verified = Standing { status: Status::Verified, verified_at: Some(verified_at), ..Standing::NEW };
    let first_hearsay = bad.iter().position(|(_, seen)| seen.hearsay_for.is_some());
    let doubt = first_hearsay.map(|at| (at, bad[at].0 + bad[at].1.hearsay_for.expect("it was found by this")));
    let is_evidence = |at: usize| match doubt {
        Some((first, until)) if bad[at].1.hearsay_for.is_some() => at > first && bad[at].0 >= until,
        _ => true,
    };
    let Some(left) = (0..bad.len()).find(|at| is_evidence(*at)) else {
        return Standing { doubted_until: doubt.map(|(_, until)| until), ..verified };
    };
    let since = bad[left].0;
    let is_failed = bad.iter().any(|(at, _)| *at - since >= GRACE);
    let status = if is_failed { Status::Failed } else { Status::AtRisk };
    Standing { status, at_risk_since: Some(since), ..verified }
}

proptest! {
    #[test]
    fn a_standing_is_what_the_whole_history_says(looks in prop::collection::vec(look(), 0..40)) {
        let history = timed(&looks);
        let mut standing = Standing::NEW;
        for (count, (at, seen)) in history.iter().enumerate() {
            standing = advance(standing, *seen, *at);
            prop_assert_eq!(standing, told_by_history(&history[..=count]), "after look {}", count);
        }
    }

    #[test]
    fn every_change_of_status_is_one_of_the_contracts_and_rests_on_evidence(
        looks in prop::collection::vec(look(), 1..60),
    ) {
        let mut before = Standing::NEW;
        for (at, seen) in timed(&looks) {
            let after = advance(before, seen, at);
            let is_good = seen.verdict.is_good();
            match (before.status, after.status) {
                (Status::Pending | Status::AtRisk | Status::Failed, Status::Verified) => prop_assert!(is_good),
                (Status::Verified, Status::AtRisk) => {
                    prop_assert!(BAD.contains(&seen.verdict));
                    prop_assert_eq!(after.at_risk_since, Some(at));
                }
                (Status::AtRisk, Status::Failed) => {
                    prop_assert!(BAD.contains(&seen.verdict));
                    prop_assert!(at - before.at_risk_since.expect("at risk since some time") >= GRACE);
                }
                (from, to) => prop_assert_eq!(from, to),
            }
            if seen.verdict == Verdict::Unknown {
                prop_assert_eq!(after, before);
            }
            prop_assert_eq!(after.verified_at.is_some(), after.status != Status::Pending);
            prop_assert!(before.verified_at.is_none() || after.verified_at == before.verified_at);
            let is_bad_status = matches!(after.status, Status::AtRisk | Status::Failed);
            prop_assert_eq!(after.at_risk_since.is_some(), is_bad_status);
            prop_assert!(after.doubted_until.is_none() || after.status == Status::Verified);
            before = after;
        }
    }

    #[test]
    fn a_clock_that_jumps_fails_nothing_that_was_never_verified(
        looks in prop::collection::vec((-100_000i64..100_000, look()), 1..40),
    ) {
        let mut standing = Standing::NEW;
        let mut was_good = false;
        for (jump, (minutes, seen)) in looks {
            was_good |= seen.verdict.is_good();
            standing = advance(standing, seen, NOON + Duration::minutes(jump + minutes));
            prop_assert_eq!(standing.status == Status::Pending, !was_good);
        }
    }

    #[test]
    fn a_domain_can_send_while_no_required_record_is_pending_or_failed(
        statuses in prop::collection::vec(prop::sample::select(Status::ALL.to_vec()), 1..6),
    ) {
        let status = domain_status(statuses.iter().copied());
        prop_assert!(statuses.contains(&status));
        let is_whole = !statuses.iter().any(|one| matches!(one, Status::Pending | Status::Failed));
        prop_assert_eq!(status.can_send(), is_whole);
        let expected = [Status::Failed, Status::Pending, Status::AtRisk, Status::Verified]
            .into_iter()
            .find(|one| statuses.contains(one));
        prop_assert_eq!(Some(status), expected);
    }

    #[test]
    fn a_domain_is_at_risk_since_its_first_required_record_was_lost(
        records in prop::collection::vec(prop::collection::vec(look(), 1..20), 1..5),
    ) {
        let last = |looks: Vec<Look>| {
            timed(&looks).into_iter().fold(Standing::NEW, |standing, (at, seen)| advance(standing, seen, at))
        };
        let standings: Vec<Standing> = records.into_iter().map(last).collect();
        let status = domain_status(standings.iter().map(|standing| standing.status));
        let since = domain_at_risk_since(status, &standings);
        let is_bad = matches!(status, Status::AtRisk | Status::Failed);
        prop_assert_eq!(since.is_some(), is_bad);
        if let Some(since) = since {
            prop_assert!(standings.iter().filter_map(|one| one.at_risk_since).all(|one| since <= one));
        }
    }
}
