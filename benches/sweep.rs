//! The background sweep against its bounds: how many questions a second the engine asks beside dnsperf at the same
//! server, what the whole sweep of so many domains takes, and what a look costs.
//!
//! `SIGNET_BENCH_DOMAINS` says how many domains there are, a million unless told otherwise.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set itself up has failed")]

mod figures;
mod lab;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use figures::{Limit, Table};
use lab::Nameserver;
use signet::diagnosis::{Question, RecordType};
use signet::dns::{Dns, DnsSettings};
use signet::records::OwnerName;
use tokio::task::JoinSet;

const ROUNDS: usize = 5;
/// How long each side is measured a round.
const SECONDS: u32 = 3;

fn domains() -> usize {
    std::env::var("SIGNET_BENCH_DOMAINS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000)
}

fn settings(server: &Nameserver) -> DnsSettings {
    DnsSettings {
        resolvers: vec![server.address],
        is_direct: false,
        authority_port: server.address.port(),
        allows_private: true,
    }
}

/// What a look at the n-th domain asks.
fn questions_of(n: usize) -> [Question; 4] {
    let name = lab::domain(n);
    let ask = |name: String, rtype| Question::new(OwnerName::new(&name), rtype);
    [
        ask(name.clone(), RecordType::Txt),
        ask(name.clone(), RecordType::Mx),
        ask(format!("s1._domainkey.{name}"), RecordType::Txt),
        ask(format!("_dmarc.{name}"), RecordType::Txt),
    ]
}

/// The same questions for dnsperf.
fn write_questions(file: &Path, count: usize) {
    let line = |question: Question| format!("{} {}\n", question.name, question.rtype.as_str());
    let text: String = (0..count.min(250_000)).flat_map(|n| questions_of(n).map(line)).collect();
    std::fs::write(file, text).unwrap();
}

/// Asks for so long; gives questions a second and processor time a question.
async fn ask(dns: &Dns, count: usize) -> (f64, Duration) {
    let (began, used) = (Instant::now(), lab::own_cpu());
    let mut open = JoinSet::new();
    let mut first = 0;
    let mut asked = 0usize;
    loop {
        while open.len() < 4 && began.elapsed() < Duration::from_secs(SECONDS.into()) {
            let questions: Vec<Question> = (first..first + 500).flat_map(|n| questions_of(n % count)).collect();
            first += 500;
            let dns = dns.clone();
            open.spawn(async move { dns.prints(questions).await });
        }
        let Some(prints) = open.join_next().await else { break };
        let prints = prints.unwrap();
        assert!(prints.iter().filter(|print| print.is_none()).count() <= prints.len() / 1000);
        asked += prints.len();
    }
    (asked as f64 / began.elapsed().as_secs_f64(), (lab::own_cpu() - used).div_f64(asked as f64))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn engine(table: &mut Table, runtime: &tokio::runtime::Runtime, server: &Nameserver, folder: &Path) {
    let file = folder.join("questions");
    write_questions(&file, domains());
    let dns = runtime.block_on(Dns::start(settings(server))).unwrap();
    let (mut ratios, mut ours, mut theirs, mut cpu, mut their_cpu) = (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let perf = lab::dnsperf(server.address, &file, SECONDS);
        let (per_second, used) = runtime.block_on(ask(&dns, domains()));
        ratios.push(per_second / perf.per_second);
        ours.push(per_second);
        theirs.push(perf.per_second);
        cpu.push(used.as_secs_f64() * 1e6);
        their_cpu.push(perf.cpu.as_secs_f64() * 1e6);
    }
    println!("ratios {ratios:?}");
    table.row("questions a second, dnsperf", median(theirs), "/s", Limit::None);
    table.row("questions a second, our engine", median(ours), "/s", Limit::None);
    table.row("questions a second, our engine : dnsperf", median(ratios), "×", Limit::AtLeast(1.0));
    table.row("processor time a question, dnsperf", median(their_cpu), "µs", Limit::None);
    table.row("processor time a question, our engine", median(cpu), "µs", Limit::None);
}

fn main() -> ExitCode {
    let folder: PathBuf = std::env::temp_dir().join(format!("signet-sweep-bench-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut table = Table::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if lab::program("dnsperf").is_none() || lab::program("nsd").is_none() {
        println!("nsd and dnsperf are not installed: apt-get install nsd dnsperf");
        return ExitCode::SUCCESS;
    }
    let server = Nameserver::start(&folder.join("nsd"), domains()).unwrap();
    engine(&mut table, &runtime, &server, &folder);
    drop(server);
    std::fs::remove_dir_all(&folder).unwrap();
    table.print()
}
