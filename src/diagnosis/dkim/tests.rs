use super::*;
use crate::diagnosis::Gathered;
use crate::diagnosis::observed::{Answer, Observation, Question, RecordType, Reply};
use crate::diagnosis::wording::say;
use crate::diagnosis::{Verdict, diagnose, questions as all_questions};
use crate::records::dkim::{KeyAlgorithm, decode, samples::*};
use crate::records::plan::{PlanInput, PlannedKey, RecordKey, SendingProfile, plan};
use crate::records::{DomainName, OwnerName};

mod harm;

fn rsa(base64: &str) -> DkimPublicKey {
    DkimPublicKey { algorithm: KeyAlgorithm::Rsa, bytes: decode(base64).expect("a sample") }
}

fn ed25519() -> DkimPublicKey {
    DkimPublicKey { algorithm: KeyAlgorithm::Ed25519, bytes: decode(ED25519).expect("a sample") }
}

fn ours() -> DkimPublicKey {
    rsa(RSA_2048)
}

const OWNER: &str = "s1._domainkey.mail.example.com";

/// `mail.example.com` with an RSA key at `s1`, an Ed25519 key at `s1e`, and an older RSA key.
fn own_plan() -> Plan {
    let key = |selector: &str, public, is_required| PlannedKey {
        selector: Selector::parse(selector).expect("a selector"),
        public,
        is_required,
    };
    let domain = DomainName::parse("mail.example.com").expect("a name");
    plan(&PlanInput {
        domain: &domain,
        profile: &SendingProfile::default(),
        keys: &[key("s1", ours(), true), key("s1e", ed25519(), false)],
        older_keys: &[rsa(RSA_1024)],
        is_mx_required: None,
    })
}

/// What `signet check --selector s1` expects: any valid key.
fn keyless_plan() -> Plan {
    let mut plan = own_plan();
    plan.records.truncate(1);
    let Wanted::Dkim { public, older, .. } = &mut plan.records[0].wanted else { unreachable!() };
    *public = None;
    older.clear();
    plan
}

/// Judges `key` of the plan with these TXT records at its name, each a list of strings, behind the alias if any.
fn judged(plan: &Plan, key: &str, texts: &[Vec<Vec<u8>>], alias: Option<&str>) -> (Verdict, Vec<Finding>) {
    let record = plan.records.iter().find(|record| record.key.to_string() == key).expect("it is planned");
    let mut observed = Observed::default();
    loop {
        let asks = all_questions(plan, &observed);
        if asks.is_empty() {
            break;
        }
        for ask in asks {
            let is_it = ask.question == Question::new(record.owner.clone(), RecordType::Txt);
            let records =
                texts.iter().filter(|_| is_it).map(|strings| RecordData::Txt(strings.clone())).collect::<Vec<_>>();
            let answer = if records.is_empty() { Answer::NoData } else { Answer::Found(records) };
            let aliases = alias.filter(|_| is_it).map(OwnerName::new).into_iter().collect();
            let resolver = Some(Reply { answer, aliases, ttl_s: 60 });
            observed.replies.insert(ask.question, Observation { servers: Vec::new(), resolver });
        }
    }
    let diagnosis = diagnose(plan, &observed);
    let seen = diagnosis.records.into_iter().find(|seen| seen.key == record.key).expect("it is planned");
    (seen.verdict, seen.findings)
}

fn one(text: &str) -> Vec<Vec<Vec<u8>>> {
    vec![vec![text.as_bytes().to_vec()]]
}

fn ids(findings: &[Finding]) -> Vec<String> {
    let id = |finding: &Finding| match &finding.variant {
        Some(variant) => format!("{}--{variant}", finding.code.as_str()),
        None => finding.code.as_str().to_owned(),
    };
    findings.iter().map(id).collect()
}

/// Every sentence is there and whole; an error says what to do, and what it offers passes.
fn check_findings(plan: &Plan, key: &str, findings: &[Finding]) {
    for finding in findings {
        let sentences = say(finding);
        // Missing messages show as their id; missing arguments fail an assertion in `say`.
        assert!(sentences.summary.contains(' ') && sentences.why.is_some(), "{finding:?}");
        assert!(!finding.is_error() || sentences.fix.is_some(), "{finding:?}");
        if let Some(value) = &finding.suggested_value {
            let (verdict, again) = judged(plan, key, &one(value), None);
            assert!(verdict.is_good(), "{value}: {again:?}");
        }
    }
}

/// A text at `s1`, and the id of every finding, none for a pass.
fn check(cases: &[(&str, &[&str])]) {
    let plan = own_plan();
    for (text, wanted) in cases {
        let (verdict, findings) = judged(&plan, "dkim-s1", &one(text), None);
        assert_eq!(ids(&findings), *wanted, "{text}");
        assert_eq!(verdict.is_good(), !findings.iter().any(Finding::is_error), "{text}");
        check_findings(&plan, "dkim-s1", &findings);
        let has_ours = findings.iter().filter(|finding| finding.is_error());
        assert!(has_ours.into_iter().all(|finding| finding.suggested_value == Some(ours().render())), "{text}");
    }
}

#[test]
fn our_key_passes_however_it_is_written() {
    let p = RSA_2048;
    let folded = p.as_bytes().chunks(60).map(|line| String::from_utf8_lossy(line)).collect::<Vec<_>>().join("\r\n\t");
    for text in [
        format!("v=DKIM1; k=rsa; p={p}"),
        format!("v=DKIM1;k=rsa;p={p};"),
        format!("v=DKIM1; p={p}"),
        format!("p={p}"),
        format!("k=rsa; p={p}"),
        format!(" v = DKIM1 ;\tk = rsa ; p = {folded} ; "),
        format!("v=DKIM1; h=sha256; k=rsa; s=email; t=s; p={p}"),
        format!("v=DKIM1; h=sha1:sha256; s=*; p={p}"),
        format!("v=DKIM1; h=sha1 : sha256 : sha512; s=web:email; t=s:x; p={p}"),
        format!("v=DKIM1; n=made by hand, key=1; g=*; x_unknown=1; p={p}"),
        format!("v=DKIM1; t=Y; p={p}"),
    ] {
        check(&[(&text, &[])]);
    }
}

#[test]
fn strings_are_joined_without_a_blank() {
    let record = ours().render();
    let three: Vec<Vec<u8>> = record.as_bytes().chunks(150).map(<[u8]>::to_vec).collect();
    assert_eq!(three.len(), 3);
    assert_eq!(judged(&own_plan(), "dkim-s1", &[three], None), (Verdict::Pass, vec![]));
}

#[test]
fn tags_that_forbid_our_mail_are_named() {
    let with = |tags: &str| format!("v=DKIM1; {tags}; p={RSA_2048}");
    check(&[
        (&with("h=sha1"), &["dkim-hash"]),
        (&with("h="), &["dkim-hash"]),
        (&with("h=SHA256"), &["dkim-hash--case"]),
        (&with("s=web"), &["dkim-service"]),
        (&with("s="), &["dkim-service"]),
        (&with("s=Email"), &["dkim-service--case"]),
        (&with("h=sha1; s=web"), &["dkim-hash", "dkim-service"]),
        (&with("t=y"), &["dkim-testing"]),
        (&with("t=s : y"), &["dkim-testing"]),
        (&with("k=ed25519"), &["dkim-wrong-type"]),
        (&with("k=dsa"), &["dkim-wrong-type"]),
        (&with("k=RSA"), &["dkim-wrong-type--case"]),
        ("v=DKIM1; k=rsa; p=", &["dkim-revoked"]),
        ("v=DKIM1; p= ;", &["dkim-revoked"]),
        ("v=DKIM1; h=sha1; p=", &["dkim-revoked"]),
    ]);
}

#[test]
fn the_version_is_compared_as_written_and_stands_first() {
    let p = format!("p={RSA_2048}");
    check(&[
        (&format!("v=dkim1; {p}"), &["dkim-version--case"]),
        (&format!("v=DKIM2; {p}"), &["dkim-version"]),
        (&format!("v=DKIM1.0; {p}"), &["dkim-version"]),
        (&format!("v=1; {p}"), &["dkim-version"]),
        (&format!("k=rsa; v=DKIM1; {p}"), &["dkim-version--not-first"]),
        (&format!("{p}; v=DKIM1"), &["dkim-version--not-first"]),
        (&format!("v=DKIM1 k=rsa; {p}"), &["dkim-version--semicolon"]),
        (&format!("v=dkim1; p={RSA_1024}"), &["dkim-version--case", "dkim-key-mismatch--older"]),
        // Another name than v, so an unknown tag.
        (&format!("V=DKIM9; {p}"), &[]),
    ]);
}

#[test]
fn a_broken_grammar_makes_the_record_unusable() {
    let p = format!("p={RSA_2048}");
    check(&[
        (&format!("v=DKIM1; hello; {p}"), &["dkim-key-malformed--piece"]),
        (&format!("v=DKIM1; {p}; -- key of 2026"), &["dkim-key-malformed--piece"]),
        (&format!("v=DKIM1;; {p}"), &["dkim-key-malformed--empty"]),
        (&format!("; {p}"), &["dkim-key-malformed--empty"]),
        (&format!("v=DKIM1; k=rsa; k=rsa; {p}"), &["dkim-key-malformed--repeated"]),
        (&format!("v=DKIM1; {p}; {p}"), &["dkim-key-malformed--repeated"]),
        (&format!("v=DKIM1; k=rsa {p}"), &["dkim-key-malformed--semicolon"]),
        (&format!("v=DKIM1; k=rsa; P={RSA_2048}"), &["dkim-key-malformed--capital"]),
        ("v=DKIM1; k=rsa", &["dkim-key-malformed--no-key"]),
        (&format!("v=DKIM1; k=rsa; \u{440}={RSA_2048}"), &["dkim-key-malformed--characters"]),
        (&format!("v=DKIM1; n=na\u{ef}ve; {p}"), &["dkim-key-malformed--characters"]),
    ]);
}

#[test]
fn what_is_pasted_along_is_named_and_not_what_it_hides() {
    let quoted = format!("\"{}\"", ours().render());
    let older = format!("\"{}\"", rsa(RSA_1024).render());
    let lines: Vec<String> =
        RSA_2048.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let pem = |lines: &str| format!("v=DKIM1; p=-----BEGIN PUBLIC KEY-----{lines}-----END PUBLIC KEY-----");
    check(&[
        (&quoted, &["value-quoted"]),
        (&format!("v=DKIM1; k=rsa; p=\"{RSA_2048}\""), &["value-quoted"]),
        (&format!("v=DKIM1\\; k=rsa\\; p={RSA_2048}"), &["value-quoted"]),
        (&format!("“{}”", ours().render()), &["value-quoted"]),
        (&format!("v=DKIM1; k=rsa;\np={RSA_2048}"), &["value-whitespace"]),
        (&format!("v=DKIM1; k=rsa; p={RSA_2048}\n"), &["value-whitespace"]),
        (&format!("v=DKIM1;\u{a0}p={RSA_2048}"), &["value-whitespace"]),
        (&format!("v=DKIM1; p={}\u{200b}{}", &RSA_2048[..99], &RSA_2048[99..]), &["value-whitespace"]),
        (&older, &["dkim-key-mismatch--older"]),
        (&pem(RSA_2048), &["value-pem--dkim"]),
        (&pem(&format!("\\n{}\\n", lines.join("\\n"))), &["value-pem--dkim"]),
        (&format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines.join("\n")), &["value-pem--dkim"]),
        (&pem(RSA_1024), &["value-pem--dkim", "dkim-key-mismatch--older"]),
        (&format!("s1._domainkey IN TXT ( \"v=DKIM1; p={RSA_2048}\" )"), &["dkim-key-malformed--zone-line"]),
    ]);
}

#[test]
fn a_key_that_was_cut_or_changed_is_told_from_another_one() {
    let with = |p: &str| format!("v=DKIM1; k=rsa; p={p}");
    let record = ours().render();
    let gap = format!("{}{}", &RSA_2048[..235], &RSA_2048[238..]);
    let typo =
        format!("{}{}{}", &RSA_2048[..100], if &RSA_2048[100..101] == "A" { "B" } else { "A" }, &RSA_2048[101..]);
    check(&[
        (&record[..255], &["dkim-key-truncated"]),
        (&record[..254], &["dkim-key-truncated"]),
        (&record[..60], &["dkim-key-truncated"]),
        (&with(&RSA_2048[..390]), &["dkim-key-truncated"]),
        (&record[255..], &["dkim-key-truncated--tail"]),
        (&with(&RSA_2048[255..]), &["dkim-key-truncated--beginning"]),
        (&with(&gap), &["dkim-key-truncated--gap"]),
        (&with(&RSA_2048.to_ascii_lowercase()), &["dkim-key-malformed--case"]),
        (&with(&RSA_2048.replace('+', " ")), &["dkim-key-malformed--plus"]),
        (&with(&typo), &["dkim-key-mismatch--altered"]),
        (&with(&RSA_2048.replacen("MII", "MIX", 1)), &["dkim-key-malformed--altered"]),
        (&with(&RSA_2048.replace('+', "-")), &["dkim-key-malformed--alphabet"]),
        (&with(RSA_2048_OTHER), &["dkim-key-mismatch"]),
        (&with(RSA_1024), &["dkim-key-mismatch--older"]),
        (&with(RSA_512), &["dkim-key-mismatch"]),
        (&format!("v=DKIM1; p={ED25519}"), &["dkim-key-mismatch--swapped"]),
        (&format!("v=DKIM1; p={}=", "A".repeat(43)), &["dkim-key-malformed--kind"]),
        (&format!("v=DKIM1; k=ed25519; p={ED25519}"), &["dkim-wrong-type"]),
        (&with(&RSA_2048_OTHER[..216]), &["dkim-key-malformed--cut"]),
        (&with(&RSA_2048_OTHER[..217]), &["dkim-key-malformed--cut"]),
    ]);
}

#[test]
fn what_is_no_key_in_the_shape_that_receivers_read_is_named() {
    let with = |p: &str| format!("v=DKIM1; k=rsa; p={p}");
    let base64 = |bytes: &[u8]| DkimPublicKey { algorithm: KeyAlgorithm::Rsa, bytes: bytes.to_vec() }.base64();
    let pkcs1 = base64(&decode(RSA_2048).unwrap()[24..]);
    let trailing = base64(&[decode(RSA_2048).unwrap(), vec![0]].concat());
    check(&[
        (&with(&pkcs1), &["dkim-key-malformed--pkcs1"]),
        (&with(&trailing), &["dkim-key-malformed--trailing"]),
        (&with(EC), &["dkim-key-malformed--kind"]),
        (&with(RSA_PSS), &["dkim-key-malformed--kind"]),
        (&with(CERTIFICATE), &["dkim-key-malformed--certificate"]),
        (&with("hello"), &["dkim-key-malformed--length"]),
        (&with("aGVsbG8="), &["dkim-key-malformed"]),
        (&with("AAAA=AAA"), &["dkim-key-malformed--after-padding"]),
        (&with(&format!("{RSA_2048}=")), &["dkim-key-malformed--surplus"]),
        (&with(&format!("{}x{}", &RSA_2048[..70], &RSA_2048[70..])), &["dkim-key-malformed--surplus"]),
        (RSA_2048, &["dkim-key-malformed--bare"]),
        (&format!("v=DKIM1; k=rsa; {RSA_2048}"), &["dkim-key-malformed--piece"]),
        ("v=DMARC1; p=none", &["dkim-key-malformed--unrelated"]),
        ("v=spf1 -all", &["dkim-key-malformed--unrelated"]),
        ("", &["dkim-key-malformed--unrelated"]),
    ]);
}

#[test]
fn a_private_key_is_called_one_whatever_stands_around_it() {
    let armour =
        |kind: &str, key: &str| format!("-----BEGIN {kind}PRIVATE KEY-----\n{key}\n-----END {kind}PRIVATE KEY-----");
    check(&[
        (&format!("v=DKIM1; k=rsa; p={PRIVATE_PKCS8}"), &["dkim-key-malformed--private"]),
        (&format!("v=DKIM1; p={PRIVATE_PKCS1}"), &["dkim-key-malformed--private"]),
        (&armour("RSA ", PRIVATE_PKCS1), &["dkim-key-malformed--private"]),
        (&armour("", PRIVATE_PKCS8), &["dkim-key-malformed--private"]),
        (&armour("EC ", PRIVATE_EC), &["dkim-key-malformed--private"]),
        (&armour("ENCRYPTED ", PRIVATE_ENCRYPTED), &["dkim-key-malformed--private"]),
        (&format!("\"p={PRIVATE_OURS}\""), &["dkim-key-malformed--private-ours"]),
        (PRIVATE_OURS, &["dkim-key-malformed--private-ours"]),
    ]);
    for text in [&format!("v=DKIM1; p={PRIVATE_PKCS8}"), &armour("EC ", PRIVATE_EC), &PRIVATE_PKCS1[..40]] {
        let data = RecordData::Txt(text.as_bytes().chunks(50).map(<[u8]>::to_vec).collect());
        assert_eq!(data.display(), "(a private key, not repeated here)");
        assert_eq!(quote(text.as_bytes()), data.display());
    }
    for text in [ours().render(), format!("p={RSA_1024}"), "google-site-verification=abcdefghijklmnopqrstuvwx".into()] {
        assert_eq!(RecordData::Txt(vec![text.clone().into_bytes()]).display(), text);
    }
    let (_, findings) = judged(&own_plan(), "dkim-s1", &one(&format!("v=DKIM1; p={PRIVATE_PKCS8}")), None);
    let said = say(&findings[0]);
    assert!(!format!("{said:?} {:?}", findings[0].args).contains(&PRIVATE_PKCS8[..20]), "a private key is not quoted");
}

#[test]
fn an_ed25519_key_is_its_32_bytes() {
    let plan = own_plan();
    let short = &ED25519[..40];
    for (text, wanted) in [
        (format!("v=DKIM1; k=ed25519; p={ED25519}"), vec![]),
        (format!("k=ed25519; p={ED25519}"), vec![]),
        (format!("v=DKIM1; p={ED25519}"), vec!["dkim-wrong-type--absent"]),
        (format!("v=DKIM1; k=Ed25519; p={ED25519}"), vec!["dkim-wrong-type--case"]),
        (format!("v=DKIM1; k=ed25519; p={ED25519_INFO}"), vec!["dkim-key-malformed--ed25519-info"]),
        (format!("v=DKIM1; k=ed25519; p={}", ED25519.trim_end_matches('=')), vec!["dkim-key-malformed--length"]),
        (format!("v=DKIM1; k=ed25519; p={short}"), vec!["dkim-key-truncated"]),
        (format!("v=DKIM1; k=ed25519; p={}", ED25519.replacen("RD", "rd", 1)), vec!["dkim-key-mismatch--case"]),
        (format!("v=DKIM1; k=ed25519; p={RSA_1024}"), vec!["dkim-key-mismatch--older"]),
        (format!("v=DKIM1; k=ed25519; p={RSA_512}"), vec!["dkim-key-malformed--kind"]),
        ("v=DKIM1; k=ed25519; p=aGVsbG8=".to_owned(), vec!["dkim-key-malformed--ed25519-length"]),
        (ours().render(), vec!["dkim-wrong-type"]),
    ] {
        let (_, findings) = judged(&plan, "dkim-s1e", &one(&text), None);
        assert_eq!(ids(&findings), wanted, "{text}");
        check_findings(&plan, "dkim-s1e", &findings);
    }
    let mut twins = plan.clone();
    let Wanted::Dkim { public, .. } = &mut twins.records[1].wanted else { unreachable!() };
    *public = Some(rsa(RSA_2048_OTHER));
    let (_, findings) = judged(&twins, "dkim-s1", &one(&rsa(RSA_2048_OTHER).render()), None);
    assert_eq!(ids(&findings), ["dkim-key-mismatch--swapped"]);
    check_findings(&twins, "dkim-s1", &findings);
}

#[test]
fn several_records_are_undefined_whatever_they_are_and_in_whatever_order() {
    let plan = own_plan();
    let (ours, older, other) = (ours().render(), rsa(RSA_1024).render(), rsa(RSA_2048_OTHER).render());
    let cases: &[(&[&str], &[&str])] = &[
        (&[&ours, &older], &["dkim-multiple--beside"]),
        (&[&ours, &other], &["dkim-multiple--beside"]),
        (&[&ours, "v=spf1 -all"], &["dkim-multiple--beside"]),
        (&[&ours, &ours[..255]], &["dkim-multiple--beside"]),
        (&[&ours, "v=DKIM1; p="], &["dkim-multiple--beside"]),
        (&[&ours, "v=DKIM1; p=?", &other], &["dkim-multiple--beside"]),
        (&[&ours, &format!("{ours};")], &["dkim-multiple--same"]),
        (&[&ours[..255], &ours[255..]], &["dkim-multiple--pieces"]),
        (&[&ours[..150], &ours[150..300], &ours[300..]], &["dkim-multiple--pieces"]),
        (&[&older, &other], &["dkim-multiple--none"]),
        (&[&older, "hello"], &["dkim-multiple--none"]),
        (&["hello", "v=spf1 -all"], &["dkim-key-malformed--unrelated-all"]),
    ];
    for (texts, wanted) in cases {
        let mut strings: Vec<_> = texts.iter().map(|text| vec![text.as_bytes().to_vec()]).collect();
        for _ in 0..texts.len() {
            strings.rotate_left(1);
            let (verdict, findings) = judged(&plan, "dkim-s1", &strings, None);
            assert_eq!(ids(&findings), *wanted, "{texts:?}");
            let is_several = wanted[0].starts_with("dkim-multiple");
            assert_eq!(verdict, if is_several { Verdict::Conflict } else { Verdict::Mismatch }, "{texts:?}");
            check_findings(&plan, "dkim-s1", &findings);
        }
    }
    let exposed = [vec![ours.clone().into_bytes()], vec![format!("p={PRIVATE_OURS}").into_bytes()]];
    let (_, findings) = judged(&plan, "dkim-s1", &exposed, None);
    assert_eq!(ids(&findings), ["dkim-multiple--private", "dkim-key-malformed--private-ours"]);
    check_findings(&plan, "dkim-s1", &findings);
}

#[test]
fn the_sentence_says_which_record_is_too_many() {
    let texts = [vec![rsa(RSA_1024).render().into_bytes()], vec![ours().render().into_bytes()]];
    let (_, findings) = judged(&own_plan(), "dkim-s1", &texts, None);
    let said = say(&findings[0]);
    assert_eq!(
        said.summary,
        format!("An older key of this domain stands at {OWNER} beside the present one: 2 TXT records instead of one.")
    );
    assert!(said.fix.expect("an error has one").contains("at the host s1._domainkey.mail, remove “v=DKIM1"));
}

#[test]
fn an_alias_is_followed_and_named() {
    let plan = own_plan();
    let at = |text: &str| judged(&plan, "dkim-s1", &one(text), Some("s1.keys.other.test"));
    assert_eq!(at(&ours().render()), (Verdict::Pass, vec![]));
    let (verdict, findings) = at(&rsa(RSA_2048_OTHER).render());
    assert_eq!((verdict, ids(&findings)), (Verdict::Mismatch, vec!["dkim-key-mismatch".to_owned()]));
    let said = say(&findings[0]);
    assert!(said.summary.contains("(an alias of s1.keys.other.test)"), "{said:?}");
    assert!(
        said.fix
            .expect("an error has one")
            .contains("remove the CNAME with the host s1._domainkey.mail and add a TXT record")
    );
    check_findings(&plan, "dkim-s1", &findings);
    let (verdict, findings) = judged(&plan, "dkim-s1", &[], Some("s1.keys.other.test"));
    assert_eq!((verdict, ids(&findings)), (Verdict::Missing, vec!["dkim-missing--alias".to_owned()]));
    let (verdict, findings) = judged(&plan, "dkim-s1", &[], None);
    assert_eq!((verdict, ids(&findings)), (Verdict::Missing, vec!["dkim-missing".to_owned()]));
    check_findings(&plan, "dkim-s1", &findings);
}

#[test]
fn without_a_key_of_ours_any_valid_one_does_and_a_broken_one_is_mended() {
    let plan = keyless_plan();
    let pkcs1 =
        DkimPublicKey { algorithm: KeyAlgorithm::Rsa, bytes: decode(RSA_1024).unwrap()[22..].to_vec() }.base64();
    let mended = |base64: &str| Some(rsa(base64).render());
    let cases = [
        (ours().render(), vec![], None),
        (ed25519().render(), vec![], None),
        (rsa(RSA_1024).render(), vec!["dkim-weak"], None),
        (rsa(RSA_512).render(), vec!["dkim-weak--refused"], None),
        (
            format!("v=DKIM1; k=ed25519; p={ED25519_INFO}"),
            vec!["dkim-key-malformed--ed25519-info"],
            Some(ed25519().render()),
        ),
        (format!("v=DKIM1; p={pkcs1}"), vec!["dkim-key-malformed--pkcs1"], mended(RSA_1024)),
        (format!("v=DKIM1; h=sha1; p={RSA_2048}"), vec!["dkim-hash"], mended(RSA_2048)),
        (format!("v=DKIM1; t=y; p={RSA_1024}"), vec!["dkim-weak", "dkim-testing"], None),
        (
            format!("v=dkim1; k=RSA; p={RSA_2048}"),
            vec!["dkim-version--case", "dkim-wrong-type--case"],
            mended(RSA_2048),
        ),
        (format!("v=DKIM1; k=dsa; p={RSA_2048}"), vec!["dkim-wrong-type--unknown"], mended(RSA_2048)),
        (RSA_2048.to_owned(), vec!["dkim-key-malformed--bare"], mended(RSA_2048)),
        (format!("v=DKIM1; p={}", &RSA_2048[..237]), vec!["dkim-key-malformed--cut"], None),
        (format!("v=DKIM1; k=ed25519; p={RSA_512}"), vec!["dkim-key-malformed--kind"], None),
        (format!("v=DKIM1; p={PRIVATE_PKCS8}"), vec!["dkim-key-malformed--private"], None),
        ("v=DKIM1; p=".to_owned(), vec!["dkim-revoked"], None),
    ];
    for (text, wanted, value) in cases {
        let (_, findings) = judged(&plan, "dkim-s1", &one(&text), None);
        assert_eq!(ids(&findings), wanted, "{text}");
        assert_eq!(findings.first().and_then(|finding| finding.suggested_value.clone()), value, "{text}");
        check_findings(&plan, "dkim-s1", &findings);
    }
    let two = [vec![ours().render().into_bytes()], vec![rsa(RSA_1024).render().into_bytes()]];
    assert_eq!(ids(&judged(&plan, "dkim-s1", &two, None).1), ["dkim-multiple--any"]);
}

#[test]
fn the_keys_place_is_named_in_its_own_zone() {
    let plan = own_plan();
    let zone = |zone: &str, parent: &str| crate::diagnosis::observed::ZoneFacts {
        zone: OwnerName::new(zone),
        parent: OwnerName::new(parent),
        delegation: vec![],
        own_ns: vec![],
        servers: vec![],
    };
    let observed = Observed { zones: vec![zone("_domainkey.mail.example.com", "example.com")], ..Observed::default() };
    let reply = Reply { answer: Answer::NoSuchName, aliases: vec![], ttl_s: 0 };
    let case = Case {
        plan: &plan,
        record: &plan.records[0],
        reply: &reply,
        observed: &Gathered::of(&observed),
        depth: crate::diagnosis::Depth::Whole,
    };
    let findings = judge(&case).findings;
    let fix = say(&findings[0]).fix.expect("an error has one");
    assert!(fix.starts_with("In the zone _domainkey.mail.example.com, add a TXT record with the host s1 "), "{fix}");
    assert_eq!(plan.records[0].key, RecordKey::Dkim(Selector::parse("s1").unwrap()));
}
