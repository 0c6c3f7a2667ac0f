//! A nameserver that holds the zone data of many domains on loopback, and dnsperf to measure it with. Stands in for
//! the resolver: it knows every zone that is asked for.
#![allow(dead_code, reason = "each benchmark uses what it needs")]

pub mod platform;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The modulus of a 2048-bit key; all domains publish the same, for nobody looks at whose it is.
pub const KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo4lgOEePzNm0tRgeLezV6ffAt0gunVTLw7onLRnrq0/\
IzW7yWR7QkrmBL7jTKEn5u+qKhbwKfBstIs+bMY2Zkp18gnTxKLxoS2tFczGkPLPgizskuemMghRniWaoLcyehkd3qqGElvW/VDL5AaWTg0nLVkjRo9z+40RQzuVaE\
8AkAFmxZzow3x+VJYKdjykkJ0iT9wCS0DRTXu269V264Vf/3jvredZiKRkgwlL9xNAwxXFg0x/XFw005UWVRIkdgcKWTjpBP2dPwVZ4WWC+9aGVd+Gyn1o0CLelf4rEj\
GoXbAAEgAqeGUxrcIlbjXfbcmwIDAQAB";

/// The n-th domain.
pub fn domain(n: usize) -> String {
    format!("d{n:07}.com")
}

/// A domain of `net`, whose server says nothing: it is limited to an answer a second, which is the way to have nsd
/// drop questions.
pub const SILENT: &str = "net";

/// Ended with the benchmark.
pub struct Nameserver {
    child: Child,
    pub address: SocketAddr,
    folder: PathBuf,
}

impl Drop for Nameserver {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).expect("a process id fits"));
        // It may have ended by itself.
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.child.wait();
    }
}

pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The first line that a program says about its version.
pub fn version(name: &str, flag: &str) -> String {
    let said = Command::new(name).arg(flag).output();
    let text = said.map(|said| [said.stdout, said.stderr].concat()).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned()
}

/// A port on loopback below those that a system hands out by itself.
pub fn free_port() -> u16 {
    let first = 20_000 + u16::try_from(std::process::id() % 11_000).expect("it is small");
    let is_free =
        |port: &u16| UdpSocket::bind(("127.0.0.1", *port)).is_ok() && TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (first..32_000).find(is_free).expect("a port is free")
}

impl Nameserver {
    /// nsd with `count` domains, each with a key, SPF, DMARC policy and MX. `None` where nsd is not installed.
    pub fn start(folder: &Path, count: usize) -> Option<Self> {
        let nsd = program("nsd")?;
        std::fs::create_dir_all(folder).unwrap();
        write_zones(folder, count).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let at = folder.display();
        let config = format!(
            "server:\n  ip-address: 127.0.0.1@{}\n  server-count: 1\n  rrl-ratelimit: 0\n  \
             rrl-whitelist-ratelimit: 1\n  rrl-slip: 0\n  \
             zonesdir: \"{at}\"\n  pidfile: \"{at}/pid\"\n  username: \"\"\n  xfrdfile: \"{at}/xfrd\"\n  xfrdir: \"{at}\"\n  \
             zonelistfile: \"{at}/list\"\n  logfile: \"{at}/log\"\n  cookie-secret-file: \"{at}/cookie\"\n  database: \"\"\n\
             remote-control:\n  control-enable: no\nzone:\n  name: com\n  zonefile: com.zone\nzone:\n  name: example\n  \
             zonefile: example.zone\n\
             zone:\n  name: net\n  zonefile: net.zone\n  rrl-whitelist: all\n",
            address.port()
        );
        let file = folder.join("nsd.conf");
        std::fs::write(&file, config).unwrap();
        let child =
            Command::new(nsd).arg("-d").arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let server = Self { child: child.unwrap(), address, folder: folder.to_owned() };
        server.wait_until_it_answers(count);
        Some(server)
    }

    fn wait_until_it_answers(&self, count: usize) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let patient_until = Instant::now() + Duration::from_secs(180);
        let mut query = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in domain(count - 1).split('.') {
            query.push(u8::try_from(label.len()).unwrap());
            query.extend_from_slice(label.as_bytes());
        }
        query.extend_from_slice(&[0, 0, 16, 0, 1]);
        while Instant::now() < patient_until {
            let _ = socket.send_to(&query, self.address);
            let mut answer = [0; 512];
            if socket.recv(&mut answer).is_ok_and(|length| length > 12 && answer[7] > 0) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nsd does not answer: {}", std::fs::read_to_string(self.folder.join("log")).unwrap_or_default());
    }

    /// Processor time of the server's processes.
    pub fn cpu(&self) -> Duration {
        let first = self.child.id();
        let children = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap_or_default();
        let mut pids: Vec<u32> = children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
        for pid in pids.clone() {
            let below = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            pids.extend(below.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
        }
        pids.into_iter().chain([first]).map(cpu_of).sum()
    }
}

/// Processor time of a process and its threads, children aside.
pub fn cpu_of(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn write_zones(folder: &Path, count: usize) -> std::io::Result<()> {
    let apex = "$TTL 300\n@ SOA a.nic hostmaster 1 7200 900 1209600 300\n@ NS a.nic\na.nic A 127.0.0.1\n";
    let mut com = BufWriter::new(File::create(folder.join("com.zone"))?);
    write!(com, "$ORIGIN com.\n{apex}")?;
    let (first, second) = KEY.split_at(200);
    for n in 0..count {
        let name = domain(n);
        let label = name.trim_end_matches(".com");
        writeln!(com, "{label} TXT \"v=spf1 include:spf.mta.example ~all\"")?;
        writeln!(com, "{label} MX 10 mx.{label}")?;
        writeln!(com, "s1._domainkey.{label} TXT \"v=DKIM1; k=rsa; p={first}\" \"{second}\"")?;
        writeln!(com, "_dmarc.{label} TXT \"v=DMARC1; p=reject\"")?;
    }
    com.flush()?;
    let mta = "spf.mta TXT \"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all\"\n";
    std::fs::write(folder.join("net.zone"), format!("$ORIGIN net.\n{apex}"))?;
    std::fs::write(folder.join("example.zone"), format!("$ORIGIN example.\n{apex}{mta}"))
}

/// What dnsperf found.
#[derive(Debug, Clone, Copy)]
pub struct Perf {
    pub per_second: f64,
    /// Its own processor time a question.
    pub cpu: Duration,
}

/// Runs dnsperf for so many seconds with the questions in `file`.
pub fn dnsperf(server: SocketAddr, file: &Path, seconds: u32) -> Perf {
    let (address, port) = (server.ip().to_string(), server.port().to_string());
    let seconds = seconds.to_string();
    let before = children_cpu();
    let output = Command::new("dnsperf")
        .args(["-s", &address, "-p", &port, "-T1", "-c4", "-q200", "-e", "-l", &seconds, "-d"])
        .arg(file)
        .output()
        .unwrap();
    let used = children_cpu().saturating_sub(before);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let figure = |what: &str| -> f64 {
        let line = text.lines().find(|line| line.trim_start().starts_with(what)).unwrap_or_else(|| panic!("{text}"));
        let number = line.split(':').nth(1).unwrap().trim().split(' ').next().unwrap();
        number.parse().unwrap()
    };
    assert!(figure("Queries lost") <= figure("Queries sent") / 1000.0, "{text}");
    Perf { per_second: figure("Queries per second"), cpu: used.div_f64(figure("Queries completed")) }
}

/// Processor time of the children that were waited for.
fn children_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: u64 = [13, 14].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// Processor time of this process so far, all threads.
pub fn own_cpu() -> Duration {
    cpu_of(std::process::id())
}

/// The most memory that this process had resident so far, in MiB.
pub fn own_memory_mib() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
