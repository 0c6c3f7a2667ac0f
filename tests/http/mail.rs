//! The real program and a mail server: what happens to a domain arrives, a forgotten password is set by link, and no
//! link is in a log. With a small server of the tests', and with Postfix where that is installed.

#[path = "../../src/outbox/tests/receivers.rs"]
#[expect(dead_code, reason = "the tests of the outbox use the rest")]
mod receivers;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use signet::dns::zone_world::World;
use signet::records::OwnerName;

use self::receivers::{SmtpServer, unquoted};
use crate::browser::{Browser, text_of};
use crate::program::{Directory, Program, settings};
use crate::server::{EMAIL, PASSWORD, WORLD};

const PATIENCE: Duration = Duration::from_secs(60);

/// Looks again and again until there is one.
async fn eventually<T>(what: &str, mut find: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = find().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{what} never comes");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The text of the mail whose subject has this.
fn with_subject(mails: &[String], subject: &str) -> Option<String> {
    mails.iter().find(|mail| mail.contains(&format!("\nSubject: {subject}"))).cloned()
}

/// Walks the way with whatever server hands its mails out by `mails`.
async fn walk(smtp_url: &str, mails: impl Fn() -> Vec<String>) {
    let (directory, world) = (Directory::new(), World::start(WORLD).await.unwrap());
    let mut settings = settings(&directory.0, &world);
    settings.insert("SIGNET_SMTP_URL".into(), smtp_url.into());
    settings.insert("SIGNET_MAIL_FROM".into(), "signet <alerts@mta.example>".into());
    settings.insert("RUST_LOG".into(), "debug".into());
    let program = Program::start(&settings).await;
    let browser = Browser::new(&program.base);
    browser.submit("/login", &[("email", EMAIL), ("password", PASSWORD)]).await;
    browser.submit("/domains/new", &[("name", "mail.example.com")]).await;
    let zone = browser.open("/domains/mail.example.com/zone").await.text;
    world.set_zone(&OwnerName::new("example.com"), &zone, &[]).unwrap();
    browser.submit("/domains/mail.example.com/verify", &[]).await;
    let verified = eventually("the alert", async || with_subject(&mails(), "mail.example.com is verified")).await;
    for header in ["List-Unsubscribe: <", "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Auto-Submitted: "] {
        assert!(verified.contains(&format!("\n{header}")), "{header}: {verified}");
    }

    let stranger = Browser::new(&program.base);
    stranger.submit("/login/reset", &[("email", EMAIL)]).await;
    let letter = eventually("the link", async || with_subject(&mails(), "A new password for signet")).await;
    let token: String =
        letter.split_once("reset?token=").unwrap().1.chars().take_while(char::is_ascii_hexdigit).collect();
    assert_eq!(token.len(), 64);
    let form = stranger.open(&format!("/login/reset?token={token}")).await;
    assert_eq!(text_of(&form.text, "h1"), "Set a new password");
    let new = [("token", token.as_str()), ("password", "another horse battery")];
    assert_eq!(stranger.submit("/login/reset", &new).await.header("location"), "/login");
    let key = verified.split_once("&key=").unwrap().1.chars().take(64).collect::<String>();
    let metrics = stranger.open("/metrics").await.text;
    assert!(metrics.contains("signet_outbox_messages_total{channel=\"mail\",outcome=\"sent\"} "), "{metrics}");

    // An address that the server refuses is given up, and said so.
    let browser = Browser::new(&program.base);
    browser.submit("/login", &[("email", EMAIL), ("password", "another horse battery")]).await;
    browser.submit("/settings/alerts/addresses", &[("address", "gone@example.com")]).await;
    let page = browser.open("/settings/alerts").await.text;
    let at = page.find("gone@example.com").unwrap();
    let path = page[at..].split('"').find(|part| part.ends_with("/test")).unwrap();
    browser.submit(path, &[]).await;
    let said = eventually("the refusal", async || {
        let said = text_of(&browser.open("/settings/alerts").await.text, ".alert");
        (!said.is_empty()).then_some(said)
    })
    .await;
    assert!(said.contains("550") && said.contains("no such user"), "{said}");
    let log = program.stop().await;
    assert!(!log.contains(&token) && !log.contains(&key) && log.len() > 100, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_arrives_by_mail_and_no_link_is_in_a_log() {
    let server = SmtpServer::start().await;
    server.refuse("gone@example.com", "550 5.1.1 no such user");
    walk(&server.url(), || server.mails().into_iter().map(|mail| mail.text).collect()).await;
}

/// A Postfix of its own: configuration, queue and mailboxes below one folder, nothing sent elsewhere.
struct Postfix {
    folder: PathBuf,
    child: std::process::Child,
}

impl Postfix {
    /// `None`, with a line that says why: it is not installed, or only root may start it.
    fn start(folder: &Path, port: u16) -> Option<Self> {
        let program =
            ["/usr/sbin/postfix", "/usr/local/sbin/postfix"].into_iter().find(|path| Path::new(path).is_file());
        let Some(program) = program.filter(|_| nix::unistd::geteuid().is_root()) else {
            println!("skipped: Postfix is not installed, or this is not root");
            return None;
        };
        let (mail_owner, nobody) = (user("postfix")?, user("nobody")?);
        for name in ["conf", "queue", "data", "mail"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        nix::unistd::chown(&folder.join("data"), Some(mail_owner.uid), None).unwrap();
        nix::unistd::chown(&folder.join("mail"), Some(nobody.uid), None).unwrap();
        let main = include_str!("postfix/main.cf").replace("FOLDER", &folder.display().to_string());
        let main = main.replace("NOBODY", &nobody.uid.to_string()).replace("NOGROUP", &nobody.gid.to_string());
        std::fs::write(folder.join("conf/main.cf"), main).unwrap();
        let master = include_str!("postfix/master.cf").replace("PORT", &port.to_string());
        std::fs::write(folder.join("conf/master.cf"), master).unwrap();
        let mut command = std::process::Command::new(program);
        command.arg("-c").arg(folder.join("conf")).arg("start-fg");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Some(Self { folder: folder.to_owned(), child })
    }

    fn mails(&self) -> Vec<String> {
        let Ok(found) = std::fs::read_dir(self.folder.join("mail/box/new")) else { return Vec::new() };
        found.map(|file| unquoted(&std::fs::read_to_string(file.unwrap().path()).unwrap())).collect()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // Its master; the rest ends with it.
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(self.child.id().cast_signed()),
            nix::sys::signal::Signal::SIGTERM,
        )
        .ok();
        self.child.wait().ok();
    }
}

fn user(name: &str) -> Option<nix::unistd::User> {
    nix::unistd::User::from_name(name).ok().flatten()
}

/// A port that no system hands out by itself.
fn free_port() -> u16 {
    (23_000..24_000).find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_postfix_receives_the_mails() {
    let directory = Directory::new();
    let port = free_port();
    let Some(postfix) = Postfix::start(&directory.0, port) else { return };
    eventually("Postfix", async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
    walk(&format!("smtp://127.0.0.1:{port}"), || postfix.mails()).await;
}
