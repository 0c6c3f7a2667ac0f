//! Unusable settings, at the real program: one line that names the setting, what it held unless it is a secret or a
//! URL, what is accepted; exit 2 and nothing made.

use std::collections::BTreeMap;

use crate::program::{Directory, run};

/// `(setting, unusable value, what the line says is accepted)`.
const UNUSABLE: &[(&str, &str, &str)] = &[
    ("DATABASE_URL", "mysql://root:hunter2@db/x", "postgres://"),
    ("SIGNET_LISTEN", "8080", "127.0.0.1:8080"),
    ("SIGNET_LISTEN", "localhost:99999", "127.0.0.1:8080"),
    ("SIGNET_LISTEN", "192.0.2.1:0", "127.0.0.1:8080"),
    ("SIGNET_PUBLIC_URL", "console.hunter2.example", "https://console.example"),
    ("SIGNET_PUBLIC_URL", "ftp://hunter2.example", "https://console.example"),
    ("SIGNET_TRUSTED_PROXIES", "10.0.0.0/33", "10.0.0.0/8"),
    ("SIGNET_SECRET_KEY", "hunter2", "32 bytes in base64"),
    ("SIGNET_ADMIN_EMAIL", "admin", "admin@mta.example"),
    ("SIGNET_SPF", "all", "ip4:"),
    ("SIGNET_SPF", "+ip4:192.0.2.1", "ip4:"),
    ("SIGNET_SPF", "ip4:192.0.2.300", "ip4:"),
    ("SIGNET_SPF", "redirect=mta.example", "ip4:"),
    ("SIGNET_SPF", "include:%{d}.mta.example", "ip4:"),
    ("SIGNET_SPF", "ptr", "ip4:"),
    ("SIGNET_MX", "bounce.mta.example", "PRIORITY HOST"),
    ("SIGNET_MX", "70000 bounce.mta.example", "0 to 65535"),
    ("SIGNET_RETURN_PATH", "bounce", "LABEL TARGET"),
    ("SIGNET_TRACKING", "a_b x.example", "letters, digits"),
    ("SIGNET_DMARC", "p=maybe", "quarantine"),
    ("SIGNET_SELECTOR_PREFIX", "a b", "letters, digits"),
    ("SIGNET_DNS_RESOLVERS", "dns.example", "192.0.2.53"),
    ("SIGNET_DNS_DIRECT", "maybe", "off"),
    ("SIGNET_DNS_AUTHORITY_PORT", "65536", "1 to 65535"),
    ("SIGNET_DNS_ALLOW_PRIVATE", "2", "false"),
    ("SIGNET_SMTP_URL", "http://a:hunter2@b", "smtps://"),
    ("SIGNET_MAIL_FROM", "nobody", "signet@mta.example"),
    ("SIGNET_VERIFIER", "none", "on"),
];

/// Those of the settings whose value is told to nobody.
const HIDDEN: &[&str] =
    &["DATABASE_URL", "SIGNET_PUBLIC_URL", "SIGNET_SECRET_KEY", "SIGNET_ADMIN_PASSWORD", "SIGNET_SMTP_URL"];

fn in_directory(directory: &Directory, pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut settings: BTreeMap<String, String> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    settings.insert("SIGNET_DATA_DIR".into(), directory.0.join("data").display().to_string());
    settings
}

/// The line that `serve` ends with, and that it ended as it should.
async fn refusal(arguments: &[&str], settings: &BTreeMap<String, String>) -> String {
    let ended = run(arguments, settings).await;
    let log = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{settings:?}: {log}");
    assert!(ended.stdout.is_empty(), "{settings:?}");
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with("signet: ")).collect();
    assert_eq!(lines.len(), 1, "{log}");
    lines[0].trim_start_matches("signet: ").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_unusable_setting_ends_the_start_with_one_line_and_2() {
    let directory = Directory::new();
    for (name, value, accepted) in UNUSABLE {
        let line = refusal(&["serve"], &in_directory(&directory, &[(name, value)])).await;
        assert!(line.starts_with(name) && line.contains(accepted), "{line}");
        assert_eq!(line.contains(value), !HIDDEN.contains(name), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn halves_of_pairs_and_a_database_without_a_key_are_refused_and_nothing_is_made() {
    let directory = Directory::new();
    let pair = ("SIGNET_ADMIN_EMAIL", "a@mta.example");
    for (pairs, named) in [
        (&[("DATABASE_URL", "postgres://signet:hunter2@127.0.0.1:1/signet")][..], "SIGNET_SECRET_KEY"),
        (&[pair], "SIGNET_ADMIN_PASSWORD"),
        (&[("SIGNET_ADMIN_PASSWORD", "hunter2")], "SIGNET_ADMIN_EMAIL"),
        (&[("SIGNET_SMTP_URL", "smtp://hunter2.example")], "SIGNET_MAIL_FROM"),
        (&[("SIGNET_SECRET_KEY_FILE", "/nowhere/key")], "SIGNET_SECRET_KEY_FILE"),
        (&[("DATABASE_URL", "postgres://db/x"), ("DATABASE_URL_FILE", "/nowhere")], "DATABASE_URL"),
    ] {
        let line = refusal(&["serve"], &in_directory(&directory, pairs)).await;
        assert!(line.starts_with(named) && !line.contains("hunter2"), "{line}");
    }
    assert!(!directory.0.join("data").exists(), "nothing was made");
    let short = in_directory(&directory, &[pair, ("SIGNET_ADMIN_PASSWORD", "hunter2")]);
    let line = refusal(&["serve"], &short).await;
    assert!(line.starts_with("SIGNET_ADMIN_PASSWORD") && line.contains("at least 10"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_counts_before_its_variable_and_an_unknown_variable_is_warned_of() {
    let directory = Directory::new();
    let settings = in_directory(&directory, &[("SIGNET_LISTEN", "127.0.0.1:0"), ("SIGNET_LISTN", "x")]);
    let line = refusal(&["serve", "--listen", "nonsense"], &settings).await;
    assert!(line.starts_with("SIGNET_LISTEN holds \"nonsense\""), "{line}");
    let ended = run(&["serve", "--mx", "x"], &settings).await;
    assert_eq!(ended.status.code(), Some(2));
    let settings = in_directory(&directory, &[("SIGNET_LISTN", "x")]);
    let listed = run(&["user", "list"], &settings).await;
    let log = String::from_utf8(listed.stderr).unwrap();
    assert!(listed.status.success() && log.contains("SIGNET_LISTN") && log.contains("SIGNET_LISTEN"), "{log}");
    for secret in ["--secret-key", "--admin-password", "--database-url", "--smtp-url"] {
        let ended = run(&["serve", secret, "x"], &settings).await;
        assert_eq!(ended.status.code(), Some(2), "{secret} is no flag");
    }
}
