use proptest::prelude::*;

use super::*;

fn record(text: &str) -> DmarcRecord {
    match parse(text) {
        DmarcText::Record(record) => record,
        other => panic!("{text:?} is {other:?}"),
    }
}

fn kinds(text: &str) -> Vec<FlawKind> {
    record(text).flaws.into_iter().map(|flaw| flaw.kind).collect()
}

#[test]
fn only_a_first_tag_of_v_dmarc1_makes_a_record() {
    for (text, flaw) in [
        ("v=dmarc1; p=none", AttemptFlaw::Case),
        ("V=DMARC1; p=none", AttemptFlaw::Case),
        ("p=none; v=DMARC1", AttemptFlaw::Order),
        ("v=DMARC1 p=none", AttemptFlaw::Semicolon),
        ("v=DMARC1, p=none", AttemptFlaw::Semicolon),
        ("p=none; rua=mailto:a@example.com", AttemptFlaw::NoVersion),
        ("rua=mailto:a@example.com", AttemptFlaw::NoVersion),
        (" v=DMARC1; p=none", AttemptFlaw::Other),
        ("\"v=DMARC1; p=none\"", AttemptFlaw::Other),
        ("v=DMARC1\u{a0}; p=none", AttemptFlaw::Other),
        ("v=DMARC2; p=none", AttemptFlaw::Other),
        ("v=DMARC1.0; p=none", AttemptFlaw::Other),
        ("DMARC1; p=none", AttemptFlaw::NoVersion),
        ("junk; v=DMARC1", AttemptFlaw::Other),
    ] {
        assert_eq!(parse(text), DmarcText::Attempt(flaw), "{text}");
    }
    for text in ["", "v=spf1 -all", "hello", "v=DKIM1; p=MIGf", "p=MIGf", "rua=a@example.com"] {
        assert_eq!(parse(text), DmarcText::Unrelated, "{text}");
    }
    for text in ["v = DMARC1", "v=DMARC1", "v=DMARC1;", "v\t=\tDMARC1 ; p = none ;"] {
        assert_eq!(record(text).p, Policy::None, "{text}");
    }
}

#[test]
fn a_bad_policy_counts_as_none_where_reports_can_be_sent() {
    let told = record("v=DMARC1; p=block; sp=reject; rua=mailto:a@example.com!10m");
    assert_eq!((told.p, told.sp, told.is_ignored), (Policy::None, None, false));
    assert_eq!((told.rua, told.has_size_limit), (vec!["mailto:a@example.com".to_owned()], true));
    assert!(!record("v=DMARC1; p=block; rua=https://example.com/dmarc").is_ignored);
    for text in [
        "v=DMARC1; p=block",
        "v=DMARC1; p=",
        "v=DMARC1; p=reject; np=block",
        "v=DMARC1; p=none; sp=block; rua=a@example.com",
        "v=DMARC1; p=block; rua=mailto:",
        "v=DMARC1; p=block; ruf=mailto:a@example.com",
    ] {
        assert!(record(text).is_ignored, "{text}");
    }
}

#[test]
fn every_flaw_is_named_by_what_receivers_make_of_it() {
    for (text, flaws) in [
        ("v=DMARC1; p=None; sp=REJECT; adkim=S; fo=1:d:s; t=Y; psd=N; extra=1", vec![]),
        ("v=DMARC1; p=none; aspf=x", vec![FlawKind::Value("r")]),
        (
            "v=DMARC1; p=none; t=yes; psd=x; fo=2",
            vec![FlawKind::Value("n"), FlawKind::Value("u"), FlawKind::Value("0")],
        ),
        ("v=DMARC1; p=none; p=reject", vec![FlawKind::Repeated]),
        ("v=DMARC1; P=reject", vec![FlawKind::Capital]),
        ("v=DMARC1; p=none; hello", vec![FlawKind::Piece]),
        ("v=DMARC1; p=none; \u{440}ua=mailto:a@example.com", vec![FlawKind::Piece]),
        ("v=DMARC1; p=none; rua=a@example.com", vec![FlawKind::Address]),
        ("v=DMARC1; p=none; rua=mailto:a@example.com mailto:b@example.com", vec![FlawKind::Address]),
        ("v=DMARC1; p=quarentine; rua=mailto:a@example.com", vec![FlawKind::Policy]),
        ("v=DMARC1; p=none\u{200b}; rua=mailto:a@example.com", vec![FlawKind::Policy]),
        ("v=DMARC1; p=none; pct=50; rf=afrf; ri=86400", vec![]),
    ] {
        assert_eq!(kinds(text), flaws, "{text}");
    }
    assert_eq!(record("v=DMARC1; p=none; pct=50; ri=1").obsolete, ["pct=50", "ri=1"]);
}

#[test]
fn a_test_asks_for_one_level_below() {
    let test = record("v=DMARC1; p=reject; t=y");
    let asked = Policy::ALL.map(|policy| test.asked(policy));
    assert_eq!(asked, [Policy::None, Policy::None, Policy::Quarantine]);
    assert_eq!(record("v=DMARC1; p=reject; t=n").asked(Policy::Reject), Policy::Reject);
}

#[test]
fn a_flawed_record_is_mended_as_it_was_meant() {
    for (text, mended) in [
        ("v=DMARC1; p=quarentine; rua=a@example.com", "v=DMARC1; p=quarantine; rua=mailto:a@example.com"),
        ("v=DMARC1 p=reject", "v=DMARC1; p=reject"),
        ("p=none; rua=mailto:dmarc1@example.com", "v=DMARC1; p=none; rua=mailto:dmarc1@example.com"),
        ("“v=dmarc1\u{a0}; P=Reject;;”", "v=DMARC1; p=Reject"),
        ("v=DMARC1; p=block; sp=blck; np=reject; pct=20", "v=DMARC1; p=none; np=reject"),
        (
            "rua=mailto:a@example.com!5m; v=DMARC1; adkim=x; aspf=s; x=1",
            "v=DMARC1; p=none; rua=mailto:a@example.com; aspf=s; x=1",
        ),
        ("v=DMARC1; p=none; p=reject; junk", "v=DMARC1; p=none"),
    ] {
        assert_eq!(mend::mended(text), mended);
    }
    assert_eq!(record("v=DMARC1; p=none; aspf=s ; x=1").without("aspf"), "v=DMARC1; p=none; x=1");
}

#[test]
fn an_offer_names_the_tag_that_is_wrong() {
    for (text, part) in [
        ("", "is empty"),
        ("p=block", "p=\"block\""),
        ("rua=mailto:a@example.com", "no p tag"),
        ("p=none; pct=50", "the tag pct"),
        ("p=none; rua=a@example.com", "mailto:"),
        ("p=none; p=reject", "twice"),
        ("p=none; hello", "\"hello\""),
    ] {
        let error = DmarcOffer::parse(text).expect_err(text);
        assert!(error.contains(part), "{text}: {error}");
    }
}

/// Records as receivers read them whole.
fn any_record() -> impl Strategy<Value = DmarcRecord> {
    let policy = || prop::sample::select(Policy::ALL.to_vec());
    let addresses = || prop::collection::vec("mailto:[a-z]{1,6}@[a-z]{1,6}[.]example", 0..3);
    let psd = prop::sample::select(vec![Psd::Yes, Psd::No, Psd::Unsaid]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (policy(), prop::option::of(policy()), prop::option::of(policy()), psd, flags, addresses(), addresses()).prop_map(
        |(p, sp, np, psd, (is_test, is_spf_strict, is_dkim_strict), rua, ruf)| {
            let record = DmarcRecord {
                text: String::new(),
                p,
                sp,
                np,
                is_test,
                psd,
                is_spf_strict,
                is_dkim_strict,
                rua,
                ruf,
                obsolete: Vec::new(),
                has_size_limit: false,
                flaws: Vec::new(),
                is_ignored: false,
            };
            DmarcRecord { text: record.render(), ..record }
        },
    )
}

proptest! {
    #[test]
    fn a_record_survives_rendering(record in any_record()) {
        prop_assert_eq!(parse(&record.render()), DmarcText::Record(record));
    }

    #[test]
    fn an_offer_survives_rendering(p in "none|quarantine|reject", aspf in proptest::option::of("r|s"), local in "[a-z]{1,8}") {
        let aspf = aspf.map(|aspf| format!("; aspf={aspf}")).unwrap_or_default();
        let offer = DmarcOffer::parse(&format!("p={p}{aspf}; rua=mailto:{local}@mta.example")).expect("a good offer");
        prop_assert_eq!(DmarcOffer::parse(&offer.render()), Ok(offer));
    }

    #[test]
    fn blanks_letter_case_of_values_and_unknown_tags_change_nothing(
        record in any_record(),
        blank in "[ \t]{0,3}",
        shift in any::<bool>(),
    ) {
        let rest = record.render().replace("v=DMARC1; ", "");
        let folded = if shift { rest.to_ascii_uppercase() } else { rest.clone() };
        // Names stay as they are; addresses too, for their first parts are compared as written.
        let tags: Vec<String> = rest.split("; ").zip(folded.split("; ")).map(|(tag, folded)| {
            let (name, value) = tag.split_once('=').expect("a tag");
            let value = if name.starts_with("ru") { value } else { &folded[name.len() + 1..] };
            format!("{blank}{name}{blank}={blank}{value}{blank}")
        }).collect();
        let text = format!("v{blank}={blank}DMARC1{blank};{}; x_new=1;", tags.join(";"));
        let DmarcText::Record(read) = parse(&text) else { panic!("{text:?}") };
        prop_assert_eq!(DmarcRecord { text: record.text.clone(), ..read }, record);
    }

    #[test]
    fn what_is_mended_has_no_flaw(text in "(v=DMARC1)?[;, ]{0,2}([a-zA-Z]{1,5} ?= ?[a-z0-9@:,!. ]{0,20};? ?){0,6}|.*") {
        let mended = record(&mend::mended(&text));
        prop_assert!(mended.flaws.is_empty() && !mended.is_ignored && mended.obsolete.is_empty(), "{mended:?}");
        prop_assert!(!mended.has_size_limit, "{mended:?}");
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..80), text in "[v=DMARC1;p \t\r\n:@!,]*") {
        parse(&String::from_utf8_lossy(&bytes));
        parse(&text);
        DmarcOffer::parse(&text).ok();
    }
}
