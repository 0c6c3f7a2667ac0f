use proptest::prelude::*;

use super::samples::*;
use super::*;

fn material_of(base64: &str) -> KeyMaterial {
    material(&decode_beginning(base64))
}

#[test]
fn each_kind_of_key_is_told_from_the_others() {
    let pkcs1 = der::public_key_info(&decode(RSA_2048).unwrap()).map(|(.., key)| key.to_vec()).unwrap();
    let trailing = [decode(RSA_1024).unwrap(), vec![0, 1]].concat();
    assert_eq!(material(&pkcs1), KeyMaterial::Pkcs1 { bits: 2048 });
    assert_eq!(material(&trailing), KeyMaterial::Trailing { bytes: 2 });
    for (base64, kind) in [
        (RSA_2048, KeyMaterial::Rsa { bits: 2048 }),
        (RSA_1024, KeyMaterial::Rsa { bits: 1024 }),
        (RSA_512, KeyMaterial::Rsa { bits: 512 }),
        (ED25519, KeyMaterial::Raw32),
        (ED25519_INFO, KeyMaterial::Ed25519Info),
        (EC, KeyMaterial::OtherInfo { kind: "EC" }),
        (RSA_PSS, KeyMaterial::OtherInfo { kind: "RSA-PSS" }),
        (PRIVATE_PKCS8, KeyMaterial::Private),
        (PRIVATE_PKCS1, KeyMaterial::Private),
        (PRIVATE_EC, KeyMaterial::Private),
        (PRIVATE_ENCRYPTED, KeyMaterial::Private),
        ("b3BlbnNzaC1rZXktdjEAAAAABG5vbmU=", KeyMaterial::Private),
        (CERTIFICATE, KeyMaterial::Certificate),
        (&RSA_2048[..200], KeyMaterial::Cut { bytes: 150, announced: 294 }),
        (&RSA_2048[..237], KeyMaterial::Cut { bytes: 177, announced: 294 }),
        ("hello", KeyMaterial::Unreadable),
        ("", KeyMaterial::Unreadable),
    ] {
        assert_eq!(material_of(base64), kind, "{base64}");
    }
}

#[test]
fn base64_is_read_strictly_and_its_flaw_is_named() {
    for (text, flaw) in [
        ("AAA", Base64Flaw::Length(3)),
        ("AAAAA", Base64Flaw::Length(5)),
        ("AA=", Base64Flaw::Length(3)),
        ("A===", Base64Flaw::Length(4)),
        ("AA==AA==", Base64Flaw::AfterPadding),
        ("AA-A", Base64Flaw::Character('-', 2)),
        ("AA\u{430}A", Base64Flaw::Character('\u{430}', 2)),
        ("AB==", Base64Flaw::Bits),
    ] {
        assert_eq!(decode(text), Err(flaw), "{text}");
    }
    assert_eq!(decode("AA=="), Ok(vec![0]));
}

#[test]
fn a_key_of_another_shape_is_mended_to_the_one_that_receivers_read() {
    let ours = DkimPublicKey { algorithm: KeyAlgorithm::Rsa, bytes: decode(RSA_2048).unwrap() };
    let pkcs1 = der::public_key_info(&ours.bytes).map(|(.., key)| key.to_vec()).unwrap();
    assert_eq!(mend(&pkcs1), Some(ours.clone()));
    assert_eq!(mend(&[ours.bytes.clone(), vec![7]].concat()), Some(ours.clone()));
    let ed25519 = DkimPublicKey { algorithm: KeyAlgorithm::Ed25519, bytes: decode(ED25519).unwrap() };
    assert_eq!(mend(&decode(ED25519_INFO).unwrap()), Some(ed25519.clone()));
    assert_eq!(mend(&ed25519.bytes), Some(ed25519));
    for base64 in [EC, PRIVATE_PKCS8, CERTIFICATE, &RSA_2048[..200]] {
        assert_eq!(mend(&decode_beginning(base64)), None, "{base64}");
    }
    assert!(ours.is_held_by(&decode_beginning(PRIVATE_OURS)));
    assert!(!ours.is_held_by(&decode_beginning(PRIVATE_PKCS8)));
}

#[test]
fn a_key_record_is_told_from_other_texts() {
    for text in [
        "v=DKIM1; k=rsa; p=",
        "v=DKIM1",
        "v=dkim1; t=y",
        "k=rsa; t=s",
        "p=",
        &format!("v=1; p={RSA_1024}"),
        "V=DKIM1; P=AAAA",
    ] {
        assert!(parse(text).is_attempt(), "{text}");
    }
    for text in
        ["", "v=spf1 -all", "v=DMARC1; p=none", "v=DMARC1; p=reject; sp=none", "v=TLSRPTv1; rua=x", "hello; world"]
    {
        assert!(!parse(text).is_attempt(), "{text}");
    }
}

fn any_key() -> impl Strategy<Value = DkimPublicKey> {
    let rsa = [RSA_2048, RSA_2048_OTHER, RSA_1024, RSA_512].map(|base64| decode(base64).unwrap());
    let rsa =
        prop::sample::select(rsa.to_vec()).prop_map(|bytes| DkimPublicKey { algorithm: KeyAlgorithm::Rsa, bytes });
    let ed25519 = prop::collection::vec(any::<u8>(), 32)
        .prop_map(|bytes| DkimPublicKey { algorithm: KeyAlgorithm::Ed25519, bytes });
    prop_oneof![rsa, ed25519]
}

proptest! {
    #[test]
    fn a_key_survives_rendering(key in any_key()) {
        prop_assert_eq!(parse(&key.render()).public_key(), Some(key));
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[v=DKIM1;kp \t\r\n:+/A-Z]*") {
        material(&bytes);
        mend(&bytes);
        parse(&String::from_utf8_lossy(&bytes)).public_key();
        decode_beginning(&String::from_utf8_lossy(&bytes));
        parse(&text).public_key();
    }

    /// Whatever is cut off or put into DER, nothing but the key itself is taken for it.
    #[test]
    fn a_damaged_key_is_never_the_same_key(at in 0usize..294, byte in any::<u8>(), cut in any::<bool>()) {
        let whole = decode(RSA_2048).unwrap();
        let mut damaged = whole.clone();
        if cut { damaged.truncate(at) } else { damaged[at] = byte }
        prop_assert!(damaged == whole || mend(&damaged).is_none_or(|key| key.bytes != whole));
    }
}
