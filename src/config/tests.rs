use std::collections::BTreeMap;

use super::*;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

fn load(pairs: &[(&str, &str)]) -> Result<(Config, Vec<String>), ConfigError> {
    Config::load(&map(pairs), &BTreeMap::new())
}

fn error(pairs: &[(&str, &str)]) -> String {
    load(pairs).unwrap_err().to_string()
}

#[test]
fn nothing_set_gives_the_documented_defaults() {
    let (config, warnings) = load(&[]).unwrap();
    assert!(warnings.is_empty());
    assert!(config.database_url.is_none() && config.secret_key.is_none() && config.smtp_url.is_none());
    assert_eq!(config.data_dir, PathBuf::from("./data"));
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!((config.public_url.as_str(), config.is_public_url_default), ("http://127.0.0.1:8080", true));
    assert!(config.profile.spf.is_empty() && config.profile.mx.is_none());
    assert_eq!(config.profile.dmarc.render(), "v=DMARC1; p=none");
    assert_eq!(config.profile.selector_prefix, "s");
    assert!(config.dns_resolvers.is_empty() && config.trusted_proxies.is_empty());
    assert!(config.dns_direct && !config.dns_allow_private && config.has_verifier);
    assert_eq!(config.dns_authority_port, 53);
}

#[test]
fn each_setting_is_read() {
    let (config, warnings) = load(&[
        ("SIGNET_LISTEN", "[::]:0"),
        ("SIGNET_PUBLIC_URL", "https://console.mta.example/"),
        ("SIGNET_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1"),
        ("SIGNET_MX", "10 bounce.mta.example"),
        ("SIGNET_RETURN_PATH", "bounce rp.mta.example"),
        ("SIGNET_TRACKING", "click track.mta.example"),
        ("SIGNET_DMARC", "p=none; rua=mailto:dmarc@mta.example"),
        ("SIGNET_SELECTOR_PREFIX", "mta"),
        ("SIGNET_DNS_RESOLVERS", "192.0.2.53,[2001:db8::53]:5353 2001:db8::1"),
        ("SIGNET_DNS_DIRECT", "off"),
        ("SIGNET_DNS_AUTHORITY_PORT", "5300"),
        ("SIGNET_DNS_ALLOW_PRIVATE", "true"),
        ("SIGNET_VERIFIER", "OFF"),
        ("SIGNET_MAIL_FROM", "signet <signet@mta.example>"),
    ])
    .unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!((config.public_url.as_str(), config.is_public_url_default), ("https://console.mta.example", false));
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.profile.mx.unwrap().priority, 10);
    assert_eq!(config.profile.tracking.unwrap().label, "click");
    let resolvers: Vec<String> = config.dns_resolvers.iter().map(ToString::to_string).collect();
    assert_eq!(resolvers, ["192.0.2.53:53", "[2001:db8::53]:5353", "[2001:db8::1]:53"]);
    assert!(!config.dns_direct && config.dns_allow_private && !config.has_verifier);
}

#[test]
fn a_flag_counts_before_a_variable_and_an_empty_value_is_not_set() {
    let env = map(&[("SIGNET_LISTEN", "127.0.0.1:1"), ("SIGNET_MX", " ")]);
    let (config, _) = Config::load(&env, &map(&[("SIGNET_LISTEN", "127.0.0.1:2")])).unwrap();
    assert_eq!(config.listen.port(), 2);
    assert!(config.profile.mx.is_none());
}

#[test]
fn a_wrong_value_is_one_line_that_names_setting_value_and_what_is_accepted() {
    let table = [
        ("SIGNET_LISTEN", "8080", "127.0.0.1:8080"),
        ("SIGNET_TRUSTED_PROXIES", "proxy", "10.0.0.0/8"),
        ("SIGNET_ADMIN_EMAIL", "admin", "admin@mta.example"),
        ("SIGNET_MX", "bounce.mta.example", "PRIORITY HOST"),
        ("SIGNET_MX", "70000 bounce.mta.example", "0 to 65535"),
        ("SIGNET_RETURN_PATH", "bounce", "LABEL TARGET"),
        ("SIGNET_TRACKING", "a_b! x.example", "letters, digits"),
        ("SIGNET_SELECTOR_PREFIX", "a b", "letters, digits"),
        ("SIGNET_DNS_RESOLVERS", "dns.example", "192.0.2.53"),
        ("SIGNET_DNS_DIRECT", "maybe", "off"),
        ("SIGNET_DNS_AUTHORITY_PORT", "0", "1 to 65535"),
        ("SIGNET_DNS_ALLOW_PRIVATE", "2", "false"),
        ("SIGNET_MAIL_FROM", "nobody", "signet@mta.example"),
        ("SIGNET_VERIFIER", "none", "on"),
    ];
    for (name, value, accepted) in table {
        let line = error(&[(name, value)]);
        assert!(line.starts_with(name), "{line}");
        assert!(line.contains(value) && line.contains(accepted), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
}

#[test]
fn a_wrong_secret_or_url_is_named_and_not_told() {
    let table = [
        ("DATABASE_URL", "mysql://root:hunter2@db/x", "postgres://"),
        ("SIGNET_SECRET_KEY", "hunter2", "32 bytes in base64"),
        ("SIGNET_SMTP_URL", "http://a:hunter2@b", "smtps://"),
        ("SIGNET_PUBLIC_URL", "https://a:hunter2@console.example/", "https://console.example"),
        ("SIGNET_PUBLIC_URL", "https://console.example/hunter2", "without path"),
    ];
    for (name, value, accepted) in table {
        let line = error(&[(name, value)]);
        assert!(line.starts_with(name) && line.contains(accepted), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[test]
fn secrets_never_print() {
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let (config, _) = load(&[
        ("DATABASE_URL", "postgres://signet:hunter2@db/signet"),
        ("SIGNET_SECRET_KEY", key),
        ("SIGNET_ADMIN_EMAIL", "admin@mta.example"),
        ("SIGNET_ADMIN_PASSWORD", "hunter2"),
        ("SIGNET_SMTP_URL", "smtps://signet:hunter2@mail.example:465"),
        ("SIGNET_MAIL_FROM", "signet@mta.example"),
    ])
    .unwrap();
    assert_eq!(config.secret_key.as_ref().unwrap().expose()[..3], [0, 1, 2]);
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("AAEC") && !shown.contains("30, 31"), "{shown}");
}

#[test]
fn a_secret_may_stand_in_a_file() {
    let path = std::env::temp_dir().join(format!("signet-secret-{}", uuid::Uuid::now_v7()));
    std::fs::write(&path, "postgres://db/signet\n").unwrap();
    let file = path.display().to_string();
    let (config, warnings) = load(&[("DATABASE_URL_FILE", &file)]).unwrap();
    assert_eq!(config.database_url.unwrap().expose(), "postgres://db/signet");
    assert!(warnings.is_empty());
    let both = error(&[("DATABASE_URL_FILE", &file), ("DATABASE_URL", "postgres://db/x")]);
    assert!(both.contains("both set"), "{both}");
    std::fs::remove_file(&path).unwrap();
    let gone = error(&[("DATABASE_URL_FILE", &file)]);
    assert!(gone.starts_with("DATABASE_URL_FILE holds") && gone.contains("cannot be read"), "{gone}");
}

#[test]
fn halves_of_a_pair_are_refused() {
    assert!(error(&[("SIGNET_ADMIN_EMAIL", "a@mta.example")]).starts_with("SIGNET_ADMIN_PASSWORD is not set"));
    assert!(error(&[("SIGNET_ADMIN_PASSWORD", "x")]).starts_with("SIGNET_ADMIN_EMAIL is not set"));
    assert!(error(&[("SIGNET_SMTP_URL", "smtp://mail.example")]).starts_with("SIGNET_MAIL_FROM is not set"));
    let (config, _) = load(&[("DATABASE_URL", "postgres://db/signet")]).unwrap();
    assert!(config.check_for_serving().unwrap_err().to_string().starts_with("SIGNET_SECRET_KEY is not set"));
}

#[test]
fn an_unknown_variable_is_a_warning_with_the_nearest_name() {
    let (_, warnings) = load(&[("SIGNET_LISTN", "x"), ("SIGNET_SECRET_KEYFILE", "y"), ("HOME", "z")]).unwrap();
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].contains("SIGNET_LISTN") && warnings[0].ends_with("SIGNET_LISTEN"));
    assert!(warnings[1].ends_with("SIGNET_SECRET_KEY_FILE"));
}
