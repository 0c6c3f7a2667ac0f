//! `signet check` against nsd and unbound as they are: a zone whose signatures hold until 2090, one whose signatures ran
//! out in 2020, and a resolver that validates. Where the two are not installed, the test says so and passes.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Parent's server, the zones' two servers, the resolver.
const PARENT: &str = "127.60.0.1";
const CHILDREN: [&str; 2] = ["127.60.0.2", "127.60.0.3"];
const RESOLVER: &str = "127.60.0.9";
const STARTS_WITHIN: Duration = Duration::from_secs(30);

/// Signed in the year that stands in the files; the keys are in `anchors.key`, their private halves nowhere.
const ZONES: [(&str, &str); 2] =
    [("example.com", include_str!("example.com.signed")), ("example.net", include_str!("example.net.signed"))];

/// Started here, and ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn start(program: &Path, arguments: &[&str]) -> Running {
    Running(Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

/// The top-level zone that delegates one of [`ZONES`].
fn parent(zone: &str) -> (String, String) {
    let top = zone.rsplit('.').next().unwrap();
    let text = format!(
        "$ORIGIN {top}.\n$TTL 300\n@ SOA a.nic hostmaster 1 7200 900 1209600 300\n@ NS a.nic\na.nic A {PARENT}\n\
         {zone}. NS ns1.{zone}.\n{zone}. NS ns2.{zone}.\nns1.{zone}. A {}\nns2.{zone}. A {}\n",
        CHILDREN[0], CHILDREN[1]
    );
    (top.to_owned(), text)
}

fn nsd(folder: &Path, name: &str, addresses: &[&str], port: u16, zones: &[(String, String)]) -> Vec<String> {
    let at = folder.join(name);
    std::fs::create_dir_all(&at).unwrap();
    let addresses: String = addresses.iter().map(|address| format!("  ip-address: {address}@{port}\n")).collect();
    let mut text = format!(
        "server:\n{addresses}  zonesdir: \"{0}\"\n  pidfile: \"{0}/pid\"\n  username: \"\"\n  server-count: 1\n  \
         xfrdfile: \"{0}/xfrd\"\n  xfrdir: \"{0}\"\n  zonelistfile: \"{0}/list\"\n  logfile: \"{0}/log\"\n  \
         cookie-secret-file: \"{0}/cookie\"\n  database: \"\"\nremote-control:\n  control-enable: no\n",
        at.display()
    );
    for (zone, records) in zones {
        std::fs::write(at.join(zone), records).unwrap();
        text.push_str(&format!("zone:\n  name: {zone}\n  zonefile: {zone}\n"));
    }
    let file = at.join("nsd.conf");
    std::fs::write(&file, text).unwrap();
    ["-d", "-c", file.to_str().unwrap()].map(str::to_owned).to_vec()
}

/// Knows nobody but the servers here, and validates the two zones.
fn unbound(folder: &Path, port: u16) -> Vec<String> {
    let anchors = folder.join("anchors.key");
    std::fs::write(&anchors, include_str!("anchors.key")).unwrap();
    let mut text = format!(
        "server:\n  interface: {RESOLVER}@{port}\n  port: {port}\n  access-control: 127.0.0.0/8 allow\n  \
         do-not-query-localhost: no\n  do-daemonize: no\n  use-syslog: no\n  username: \"\"\n  chroot: \"\"\n  \
         directory: \"{0}\"\n  pidfile: \"{0}/unbound.pid\"\n  logfile: \"{0}/unbound.log\"\n  num-threads: 1\n  \
         module-config: \"validator iterator\"\n  trust-anchor-file: \"{1}\"\nremote-control:\n  control-enable: no\n",
        folder.display(),
        anchors.display()
    );
    let mut stub = |zone: &str, addresses: &[&str]| {
        let addresses: String = addresses.iter().map(|address| format!("  stub-addr: {address}@{port}\n")).collect();
        text.push_str(&format!("stub-zone:\n  name: \"{zone}\"\n{addresses}"));
    };
    for top in [".", "com", "net"] {
        stub(top, &[PARENT]);
    }
    for (zone, _) in ZONES {
        stub(zone, &CHILDREN);
    }
    let file = folder.join("unbound.conf");
    std::fs::write(&file, text).unwrap();
    ["-d", "-c", file.to_str().unwrap()].map(str::to_owned).to_vec()
}

/// A port that is free at every address, by UDP and by TCP, and below those that a system hands out by itself.
fn free_port() -> u16 {
    let first = rand::random::<u16>() % 10_000;
    let mut ports = (0..10_000).map(|step| 20_000 + (first + step) % 10_000);
    let is_free = |port: &u16| {
        let (udp, tcp) = (UdpSocket::bind(("0.0.0.0", *port)), std::net::TcpListener::bind(("0.0.0.0", *port)));
        udp.is_ok() && tcp.is_ok()
    };
    ports.find(is_free).unwrap()
}

/// What the servers wrote, for a test that fails.
fn logs(folder: &Path) -> String {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    ["parent/log", "children/log", "unbound.log"].map(read).join("\n")
}

/// Until all of them answer a question; they are asked again and again.
fn wait_for(port: u16, folder: &Path) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    // A question for the root's SOA.
    let query = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1];
    let begun = Instant::now();
    for address in [PARENT, CHILDREN[0], CHILDREN[1], RESOLVER] {
        loop {
            socket.send_to(&query, (address, port)).unwrap();
            if socket.recv_from(&mut [0; 512]).is_ok() {
                break;
            }
            let log = || logs(folder);
            assert!(begun.elapsed() < STARTS_WITHIN, "{address} port {port} does not answer\n{}", log());
        }
    }
}

fn check(domain: &str, port: u16) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_signet"))
        .args(["check", domain, "--selector", "s1"])
        .env("SIGNET_DNS_RESOLVERS", format!("{RESOLVER}:{port}"))
        .env("SIGNET_DNS_AUTHORITY_PORT", port.to_string())
        .env("SIGNET_DNS_ALLOW_PRIVATE", "true")
        .env("SIGNET_SPF", "ip4:192.0.2.0/24")
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    eprintln!("{text}");
    (output, text)
}

#[test]
fn real_servers_are_understood_in_good_order_and_bad() {
    let (Some(nsd_program), Some(unbound_program)) = (program("nsd"), program("unbound")) else {
        eprintln!("skipped: nsd and unbound are not installed");
        return;
    };
    let folder = scratch();
    let port = free_port();
    let parents: Vec<_> = ZONES.iter().map(|(zone, _)| parent(zone)).collect();
    let children: Vec<_> = ZONES.iter().map(|(zone, text)| ((*zone).to_owned(), (*text).to_owned())).collect();
    let above = nsd(&folder, "parent", &[PARENT], port, &parents);
    let below = nsd(&folder, "children", &CHILDREN, port, &children);
    let resolver = unbound(&folder, port);
    let start = |program: &Path, arguments: &[String]| {
        start(program, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let _parents = start(&nsd_program, &above);
    let (children, resolver) = (start(&nsd_program, &below), start(&unbound_program, &resolver));
    wait_for(port, &folder);

    let (output, text) = check("example.com", port);
    assert_eq!(output.status.code(), Some(0), "{text}");
    let (output, text) = check("example.net", port);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("dns-bogus"), "{text}");
    let (output, text) = check("nobody-registered-this.com", port);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("zone-not-delegated"), "{text}");

    // The resolver still keeps what the nameservers said; after that nobody says anything.
    drop(children);
    let (output, text) = check("example.com", port);
    assert_eq!(output.status.code(), Some(0), "{text}");
    drop(resolver);
    let begun = Instant::now();
    let (output, text) = check("example.com", port);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("dns-unreachable") && begun.elapsed() < Duration::from_secs(10), "{text}");
    std::fs::remove_dir_all(&folder).unwrap();
}

fn scratch() -> PathBuf {
    let folder = std::env::temp_dir().join(format!("signet-real-servers-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
