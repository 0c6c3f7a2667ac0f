//! What may be done to our record without harm, and what may not.

use proptest::prelude::*;

use super::*;
use crate::records::dkim;

/// One of the ways in which our key may be written.
fn harmless() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let blank = || prop::sample::select(vec!["", " ", "\t", "  ", "\r\n ", " \r\n\t"]);
    let extra = prop::sample::select(vec![
        "h=sha256",
        "h=sha1:sha256",
        "s=email",
        "s=*",
        "s=web : email",
        "t=s",
        "n=a note",
        "x_unknown=1",
        "g=*",
        "k=rsa",
    ]);
    let extras = prop::collection::btree_set(extra, 0..4);
    let p_blanks = prop::collection::btree_map(0usize..392, blank(), 0..5);
    let cuts = prop::collection::vec(1usize..120, 0..8);
    (extras, any::<bool>(), any::<bool>(), 0usize..5, blank(), blank(), p_blanks, cuts).prop_map(
        |(extras, has_version, has_end, at, before, after, p_blanks, cuts)| {
            let mut p = RSA_2048.to_owned();
            for (at, blank) in p_blanks.into_iter().rev() {
                p.insert_str(at, blank);
            }
            let mut tags: Vec<String> = Vec::new();
            for extra in extras {
                let name = extra.split('=').next().expect("a tag");
                if !tags.iter().any(|tag| tag.split('=').next() == Some(name)) {
                    tags.push(extra.to_owned());
                }
            }
            tags.insert(at.min(tags.len()), format!("p={before}{p}{after}"));
            if has_version {
                tags.insert(0, format!("v{before}={after}DKIM1"));
            }
            let separator = format!("{before};{after}");
            let text = format!("{before}{}{}", tags.join(&separator), if has_end { ";" } else { "" });
            let mut strings = vec![text.into_bytes()];
            for cut in cuts {
                let last = strings.last_mut().expect("it began with one");
                if cut < last.len() {
                    let rest = last.split_off(cut);
                    strings.push(rest);
                }
            }
            strings
        },
    )
}

/// Something that keeps receivers from using a key record, done to a text in which our key stands.
fn harmed(text: &str, how: usize, at: usize) -> String {
    let p = text.find("p=").expect("a record of ours") + 2;
    let swap = |from: &str, to: &str| text.replacen(from, to, 1);
    let near = p + 50 + at % 100;
    match how {
        0 => text[..near].to_owned(),
        1 => format!(
            "{}{}",
            &text[..near],
            &text[near + text[near..].find(|c: char| c.is_ascii_alphanumeric()).unwrap() + 1..]
        ),
        2 => swap("p=", "P="),
        3 => swap("p=", "p=\""),
        4 => format!("{}\u{200b}{}", &text[..near], &text[near..]),
        5 => format!("{}\u{a0}{}", &text[..near], &text[near..]),
        6 => swap("p=", "h=md5;p=").replacen("h=sha", "x=sha", 1),
        7 => swap("p=", "s=web;p=")
            .replacen("s=email", "y=email", 1)
            .replacen("s=*", "y=*", 1)
            .replacen("s=web : ", "y=web : ", 1),
        8 => swap("p=", "k=ed25519;p=").replacen("k=rsa", "y=rsa", 1),
        9 => format!("{text};;x=1"),
        10 => format!("x=0;v=DKIM1;{}", swap("DKIM1", "x").replacen("v", "y", 1)),
        11 => format!("v=DKIM1.0;{}", text.replacen("DKIM1", "x", 1).replacen('v', "y", 1)),
        12 => swap("p=", "q=1;q=2;p="),
        13 => swap("p=", "junk;p="),
        14 => format!("{text}\u{440}=1"),
        15 => swap("p=", "p=-----BEGIN PUBLIC KEY-----"),
        16 => format!("\"{text}\""),
        17 => format!("{text};\n"),
        18 => swap("p=", "p=;z="),
        _ => format!("{}{}{}", &text[..near], "-", &text[near..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_harmless_way_of_writing_our_record_is_faulted(strings in harmless()) {
        let (verdict, findings) = judged(&own_plan(), "dkim-s1", std::slice::from_ref(&strings), None);
        prop_assert_eq!(verdict, Verdict::Pass, "{:?}: {:?}", String::from_utf8_lossy(&strings.concat()), findings);
    }

    #[test]
    fn nothing_that_harms_our_record_passes(strings in harmless(), how in 0usize..20, at in 0usize..100) {
        let text = harmed(&String::from_utf8(strings.concat()).unwrap(), how, at);
        let plan = own_plan();
        let (verdict, findings) = judged(&plan, "dkim-s1", &one(&text), None);
        prop_assert!(!verdict.is_good() && verdict != Verdict::Unknown, "{how}: {text:?}");
        check_findings(&plan, "dkim-s1", &findings);
    }

    #[test]
    fn whatever_is_offered_without_a_key_of_ours_passes(strings in harmless(), how in 0usize..20, at in 0usize..100) {
        let text = harmed(&String::from_utf8(strings.concat()).unwrap(), how, at);
        let plan = keyless_plan();
        let (_, findings) = judged(&plan, "dkim-s1", &one(&text), None);
        check_findings(&plan, "dkim-s1", &findings);
        for value in findings.iter().filter_map(|finding| finding.suggested_value.as_deref()) {
            prop_assert!(dkim::parse(value).public_key().is_some());
        }
    }

    #[test]
    fn any_texts_are_judged(texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..4), text in "[v=DKIM1;pk \r\n\"+/A-Za]*|.*") {
        let mut all: Vec<Vec<Vec<u8>>> = texts.into_iter().map(|text| vec![text]).collect();
        for plan in [own_plan(), keyless_plan()] {
            let (_, findings) = judged(&plan, "dkim-s1", &all, None);
            check_findings(&plan, "dkim-s1", &findings);
            all.push(vec![text.clone().into_bytes()]);
        }
    }
}
