//! The background sweep and the lists at a million domains: how many questions a second the engine asks beside dnsperf at
//! the same server, the whole sweep, what silent domains cost the others, saving, pages, memory.
//!
//! `SIGNET_BENCH_DOMAINS` says how many domains there are, a million unless told otherwise; that takes about ten
//! minutes, 4 GB of memory for the nameserver and the database, and 5 GB of disk. Needs nsd and dnsperf.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set itself up has failed")]

mod figures;
mod lab;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use figures::{Limit, Samples, Table};
use lab::Nameserver;
use lab::platform::Platform;
use signet::diagnosis::{Question, RecordType};
use signet::dns::print::Heard;
use signet::dns::{Dns, DnsSettings};
use signet::records::OwnerName;
use tokio::task::JoinSet;

const ROUNDS: usize = 5;
/// How long each side is measured a round.
const SECONDS: u32 = 3;
/// Domains of one sweep.
const SWEPT: usize = 100_000;
/// Requests of each page; the slowest of a hundred is told.
const LOOKS: usize = 400;
const FEW: usize = 1_000;
const SOME: usize = 10_000;

fn domains() -> usize {
    std::env::var("SIGNET_BENCH_DOMAINS").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000)
}

/// Of the 720 slots, as many as hold about so many domains.
fn slots() -> i16 {
    i16::try_from((720 * SWEPT / domains()).clamp(7, 720)).unwrap()
}

fn settings(server: &Nameserver) -> DnsSettings {
    DnsSettings {
        resolvers: vec![server.address],
        is_direct: true,
        authority_port: server.address.port(),
        allows_private: true,
    }
}

/// What a look at the n-th domain asks at its own names.
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

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Asks for so long; gives questions a second and processor time a question.
async fn ask(dns: &Dns, count: usize) -> (f64, Duration) {
    let (began, used) = (Instant::now(), lab::own_cpu());
    let mut open = JoinSet::new();
    let (mut first, mut asked) = (0, 0usize);
    loop {
        while open.len() < 4 && began.elapsed() < Duration::from_secs(SECONDS.into()) {
            let questions: Vec<Question> = (first..first + 500).flat_map(|n| questions_of(n % count)).collect();
            first += 500;
            let dns = dns.clone();
            open.spawn(async move { dns.prints(questions).await });
        }
        let Some(prints) = open.join_next().await else { break };
        let prints = prints.unwrap();
        let lost = prints.iter().filter(|heard| !matches!(heard, Heard::Print(_))).count();
        assert!(lost <= prints.len() / 100, "{lost} of {} were not answered", prints.len());
        asked += prints.len();
    }
    (asked as f64 / began.elapsed().as_secs_f64(), (lab::own_cpu() - used).div_f64(asked as f64))
}

/// Our engine and dnsperf, in turns.
async fn engine(table: &mut Table, dns: &Dns, server: &Nameserver, file: &Path) {
    let (mut ratios, mut ours, mut theirs, mut cpu, mut their_cpu) = (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let perf = lab::dnsperf(server.address, file, SECONDS);
        let (per_second, used) = ask(dns, domains()).await;
        ratios.push(per_second / perf.per_second);
        ours.push(per_second);
        theirs.push(perf.per_second);
        cpu.push(micros(used));
        their_cpu.push(micros(perf.cpu));
    }
    table.rounds("questions a second, dnsperf", &theirs, "/s", Limit::None);
    table.rounds("questions a second, our engine", &ours, "/s", Limit::None);
    table.rounds("our engine : dnsperf", &ratios, "×", Limit::AtLeast(1.0));
    table.rounds("processor time a question, dnsperf", &their_cpu, "µs", Limit::None);
    table.rounds("processor time a question, our engine", &cpu, "µs", Limit::None);
}

/// The whole sweep and dnsperf, in turns. Gives the program's processor time a domain, in microseconds.
async fn whole(table: &mut Table, platform: &Platform, server: &Nameserver, file: &Path) -> f64 {
    let used = lab::own_cpu();
    let (judged, took) = platform.sweep(slots()).await;
    let judging = micros(lab::own_cpu() - used) / judged as f64;
    table.row(
        "domains a second, the first walk, which judges each",
        judged as f64 / took.as_secs_f64(),
        "/s",
        Limit::None,
    );
    table.row("processor time of the program a domain that is judged", judging, "µs", Limit::None);
    let a_domain = platform.questions_a_domain().await;
    let (mut ratios, mut rates, mut cpu, mut database) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        let perf = lab::dnsperf(server.address, file, SECONDS);
        let (used, database_used) = (lab::own_cpu(), platform.database_cpu());
        let (domains, took) = platform.sweep(slots()).await;
        cpu.push(micros(lab::own_cpu() - used) / domains as f64);
        database.push(micros(platform.database_cpu() - database_used) / domains as f64);
        rates.push(domains as f64 / took.as_secs_f64());
        ratios.push(domains as f64 * a_domain / took.as_secs_f64() / perf.per_second);
    }
    table.row("questions a domain at its own names", a_domain, "", Limit::None);
    table.rounds("domains a second, each walk after it", &rates, "/s", Limit::None);
    table.rounds("questions a second, the whole sweep : dnsperf", &ratios, "×", Limit::AtLeast(0.9));
    table.rounds("processor time of the program a domain", &cpu, "µs", Limit::None);
    table.rounds("processor time of PostgreSQL a domain", &database, "µs", Limit::None);
    rates.sort_by(f64::total_cmp);
    let a_day = rates[rates.len() / 2] * 86_400.0 / 2.0;
    table.row("domains kept at two looks a day by this machine, on paper", a_day / 1e6, "million", Limit::None);
    cpu.sort_by(f64::total_cmp);
    cpu[cpu.len() / 2]
}

/// With one domain in a hundred silent, and without, in turns.
async fn silent(table: &mut Table, platform: &Platform) {
    platform
        .sql(
            "INSERT INTO look_prints (domain_id, touched, asked, print, judged_by, judged_at)
             SELECT domains.id, 0, seen.asked, seen.print, seen.judged_by, seen.judged_at
             FROM domains, (SELECT * FROM look_prints WHERE print IS NOT NULL LIMIT 1) AS seen
             WHERE domains.zone LIKE '%.net'
             ON CONFLICT (domain_id) DO UPDATE SET asked = excluded.asked, print = excluded.print,
                 judged_by = excluded.judged_by, judged_at = excluded.judged_at",
        )
        .await;
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (domains, took) = platform.sweep(slots()).await;
        let without = domains as f64 / took.as_secs_f64();
        platform.sql("UPDATE domains SET status = 'verified' WHERE zone LIKE '%.net'").await;
        let (domains, took) = platform.sweep(slots()).await;
        ratios.push(domains as f64 / took.as_secs_f64() / without);
        platform.sql("UPDATE domains SET status = 'pending' WHERE zone LIKE '%.net'; TRUNCATE due_looks").await;
    }
    table.rounds("one in a hundred domains silent : none", &ratios, "×", Limit::AtLeast(0.85));
}

async fn median_saved(platform: &Platform, batch: usize, at_most: usize) -> f64 {
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        rates.push(platform.saved_a_second(slots().min(20), batch, at_most).await);
    }
    rates.sort_by(f64::total_cmp);
    rates[ROUNDS / 2]
}

/// Two pages in turns: the slowest of a hundred of each, in milliseconds.
async fn in_turns(one: (&Platform, &str), other: (&Platform, &str)) -> (f64, f64) {
    let (mut first, mut second) = (Samples::default(), Samples::default());
    for _ in 0..LOOKS {
        first.push(one.0.page(one.1).await);
        second.push(other.0.page(other.1).await);
    }
    (first.p99_ms(), second.p99_ms())
}

async fn lists(table: &mut Table, large: &Platform, small: &Platform) {
    // What is searched for stands in about as many names of either.
    let last = |count: usize| format!("/domains?after={}", lab::domain(count - 40));
    let pages = [
        ("list", "/domains".to_owned(), "/domains".to_owned()),
        ("last page", last(domains()), last(FEW)),
        (
            "searched",
            format!("/domains?q={}", lab::domain(domains() - 7).trim_end_matches("0.com")),
            "/domains?q=d000099".to_owned(),
        ),
        (
            "filtered by a status that none has",
            "/domains?status=failed".to_owned(),
            "/domains?status=failed".to_owned(),
        ),
        ("filtered by pending", "/domains?status=pending".to_owned(), "/domains?status=pending".to_owned()),
    ];
    for (what, at_large, at_small) in pages {
        let (large_ms, small_ms) = in_turns((large, &at_large), (small, &at_small)).await;
        table.row(format!("{what}, p99, at {} domains", domains()), large_ms, "ms", Limit::None);
        table.row(format!("{what}, p99, at {FEW} domains"), small_ms, "ms", Limit::None);
        table.row(format!("{what}, p99, many : few"), large_ms / small_ms, "×", Limit::AtMost(1.25));
    }
}

/// The list at rest, and while everything is swept as fast as it can be.
async fn list_while_sweeping(table: &mut Table, platform: &Platform) {
    let mut at_rest = Samples::default();
    for _ in 0..LOOKS {
        at_rest.push(platform.page("/domains").await);
    }
    let mut busy = Samples::default();
    {
        let sweeping = platform.sweep(720);
        tokio::pin!(sweeping);
        tokio::time::timeout(Duration::from_millis(200), &mut sweeping).await.ok();
        for _ in 0..LOOKS {
            tokio::select! {
                biased;
                took = platform.page("/domains") => busy.push(took),
                _ = &mut sweeping => break,
            }
        }
        if busy.len() == LOOKS {
            sweeping.await;
        }
    }
    table.row("list, p99, at rest", at_rest.p99_ms(), "ms", Limit::None);
    table.row(format!("list, p99 of {}, while sweeping", busy.len()), busy.p99_ms(), "ms", Limit::None);
    table.row("list, p99, while sweeping : at rest", busy.p99_ms() / at_rest.p99_ms(), "×", Limit::AtMost(3.0));
}

/// Processor time a domain of hickory-resolver, in microseconds: the same questions, 64 domains at once.
async fn hickory(server: &Nameserver, count: usize) -> f64 {
    use hickory_resolver::TokioResolver;
    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    use hickory_resolver::proto::rr::RecordType as WireType;
    let mut connection = ConnectionConfig::udp();
    connection.port = server.address.port();
    let nameserver = NameServerConfig::new(server.address.ip(), true, vec![connection]);
    let config = ResolverConfig::from_name_servers(vec![nameserver]);
    let resolver = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap();
    let used = lab::own_cpu();
    let mut open = JoinSet::new();
    for n in (0..count).filter(|n| n % 100 != 99) {
        if open.len() >= 64 {
            open.join_next().await;
        }
        let resolver = resolver.clone();
        open.spawn(async move {
            for question in questions_of(n) {
                let rtype = if question.rtype == RecordType::Mx { WireType::MX } else { WireType::TXT };
                resolver.lookup(format!("{}.", question.name), rtype).await.unwrap();
            }
        });
    }
    open.join_all().await;
    micros(lab::own_cpu() - used) / (count as f64 * 0.99)
}

/// Processor time a domain of checkdmarc and dnspython, in microseconds; empty where PyPI cannot be had.
fn pythons(server: &Nameserver, folder: &Path) -> Vec<(String, f64)> {
    let place = folder.join("python");
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (venv, pip, python) = (place.to_str().unwrap(), place.join("bin/pip"), place.join("bin/python"));
    let said = run(Path::new("python3"), &["-m", "venv", venv])
        .and_then(|_| run(&pip, &["install", "-q", "--timeout", "30", "checkdmarc==6.0.4"]))
        .and_then(|_| {
            let (address, port) = (server.address.ip().to_string(), server.address.port().to_string());
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/lab/others.py");
            run(&python, &[script, &address, &port, "300"])
        });
    let lines = said.unwrap_or_default();
    let row = |line: &str| line.split_once(' ').and_then(|(name, time)| Some((name.to_owned(), time.parse().ok()?)));
    lines.lines().filter_map(row).collect()
}

async fn compared(table: &mut Table, server: &Nameserver, folder: &Path, ours_us: f64) {
    let theirs = hickory(server, 5_000.min(domains())).await;
    let others = pythons(server, folder);
    if others.is_empty() {
        println!("checkdmarc and dnspython left out: they cannot be installed from PyPI here");
    }
    for (name, us) in others.into_iter().chain([("hickory-resolver".to_owned(), theirs)]) {
        let to_reach = match name.as_str() {
            "checkdmarc" => 150.0,
            "dnspython" => 45.0,
            _ => 5.0,
        };
        table.row(format!("processor time a domain, {name}"), us, "µs", Limit::None);
        table.row(format!("processor time a domain, {name} : ours"), us / ours_us, "×", Limit::AtLeast(to_reach));
    }
}

async fn measure(table: &mut Table, server: &Nameserver, folder: &Path) {
    let file = folder.join("questions");
    write_questions(&file, domains());
    let dns = Dns::start(settings(server)).await.unwrap();
    engine(table, &dns, server, &file).await;
    let mut small = Platform::start(&folder.join("small"), settings(server)).await;
    small.fill(FEW).await;
    let mut large = Platform::start(&folder.join("large"), settings(server)).await;
    large.fill(SOME).await;
    let at_some = median_saved(&large, 200, 4_000).await;
    let began = Instant::now();
    large.fill(domains()).await;
    println!("{} domains filled in {:.0?}", domains(), began.elapsed());
    let ours_us = whole(table, &large, server, &file).await;
    compared(table, server, folder, ours_us).await;
    silent(table, &large).await;
    let (batches, single) = (median_saved(&large, 200, 20_000).await, median_saved(&large, 1, 500).await);
    table.row("domains saved a second, 200 a transaction", batches, "/s", Limit::None);
    table.row("domains saved a second, one a transaction", single, "/s", Limit::None);
    table.row("saving, batches : a transaction a domain", batches / single, "×", Limit::AtLeast(50.0));
    table.row(format!("saving at {} domains : at {SOME}", domains()), batches / at_some, "×", Limit::AtLeast(0.8));
    lists(table, &large, &small).await;
    list_while_sweeping(table, &large).await;
    table.row("most memory of the program, with this benchmark", lab::own_memory_mib(), "MiB", Limit::AtMost(300.0));
    small.stop().await;
    large.stop().await;
}

fn main() -> ExitCode {
    if lab::program("dnsperf").is_none() || lab::program("nsd").is_none() {
        println!("left out: it needs the packages nsd and dnsperf");
        return ExitCode::SUCCESS;
    }
    let folder: PathBuf = std::env::temp_dir().join(format!("signet-sweep-bench-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut table = Table::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let server = Nameserver::start(&folder.join("nsd"), domains()).unwrap();
    runtime.block_on(measure(&mut table, &server, &folder));
    drop(server);
    std::fs::remove_dir_all(&folder).unwrap();
    let about = format!(
        "{} domains of four questions each; {}; {}. Everything on loopback and one machine; medians of {ROUNDS} rounds, in turns.",
        domains(),
        lab::version("nsd", "-v"),
        lab::version("dnsperf", "-V"),
    );
    let misses = "Misses: the whole sweep shares its cores with nsd, PostgreSQL and whatever else runs; where the load was \
                  high, processor times say more than rates.";
    table.publish("Sweep and lists", &[about, misses.to_owned()])
}
