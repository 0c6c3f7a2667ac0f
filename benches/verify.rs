//! How long Verify takes for its DNS, the confirmation over TCP included, in a loopback world whose servers all answer
//! after 20 ms: a healthy domain, one with a silent nameserver, one with nothing but silent ones, and no DNS at all.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set itself up has failed")]

mod figures;
#[path = "../tests/zones/keys.rs"]
mod keys;
#[path = "../tests/zones/world.rs"]
#[expect(dead_code, reason = "written for the tests beside it")]
mod world;

use std::process::ExitCode;

use figures::{Limit, Samples, Table};
use signet::diagnosis::Verdict;
use signet::dns::Dns;
use signet::verify;

/// Every kind of record that a profile can ask for, and a server that answers late wherever there is one.
const HEALTHY: &str = "
; RFC 1034: everything is there, and every answer takes 20 ms.
;> domain mail.example.com
;> spf include:spf.mta.example
;> mx 10 bounce.mta.example
;> return-path rp rp.mta.example
;> tracking click click.mta.example
;> dmarc p=none
;; zone example.com
s1._domainkey.mail TXT \"@KEY@\"
mail TXT \"v=spf1 include:spf.mta.example ~all\"
mail MX 10 bounce.mta.example.
_dmarc.mail TXT \"v=DMARC1; p=reject; rua=mailto:reports@mail.example.com\"
rp.mail CNAME rp.mta.example.
click.mail CNAME click.mta.example.
;; server ns1.example.com delay=20
;; server ns2.example.com delay=20
;; server ns1.mta.example delay=20
;; server ns2.mta.example delay=20
;; server a.nic.com delay=20
;; server a.nic.example delay=20
";

/// All of the example's servers silent, and nobody at the resolver's address.
const NAMESERVERS_DEAD: &str = "
;; server ns1.example.com silent
;; server ns2.example.com silent
";
const ALL_DEAD: &str = ";; resolver silent
;; server ns1.example.com silent
;; server ns2.example.com silent
;; server ns1.mta.example silent
;; server ns2.mta.example silent
;; server a.nic.com silent
;; server a.nic.example silent
";

struct Case {
    what: &'static str,
    faults: &'static str,
    times: usize,
    p50: Limit,
    p95: Limit,
    is_expected: fn(Verdict) -> bool,
}

const CASES: &[Case] = &[
    Case {
        what: "healthy",
        faults: ";; resolver delay=20\n",
        times: 200,
        p50: Limit::None,
        p95: Limit::AtMost(300.0),
        is_expected: Verdict::is_good,
    },
    Case {
        what: "one of two nameservers silent",
        faults: ";; resolver delay=20\n;; server ns2.example.com silent\n",
        times: 10,
        p50: Limit::None,
        p95: Limit::AtMost(3_000.0),
        is_expected: Verdict::is_good,
    },
    Case {
        what: "both nameservers silent",
        faults: NAMESERVERS_DEAD,
        times: 5,
        p50: Limit::None,
        p95: Limit::AtMost(10_000.0),
        is_expected: |verdict| verdict != Verdict::Missing,
    },
    Case {
        what: "everything dead",
        faults: ALL_DEAD,
        times: 3,
        p50: Limit::None,
        p95: Limit::AtMost(10_000.0),
        is_expected: |verdict| verdict == Verdict::Unknown,
    },
];

#[tokio::main]
async fn main() -> ExitCode {
    let mut table = Table::default();
    for case in CASES {
        let world = world::parse(case.what, &format!("{}{}", HEALTHY.trim_start(), case.faults));
        let served = world.serve().await;
        let mut samples = Samples::default();
        for _ in 0..case.times {
            let dns = Dns::start(served.settings.clone()).await.unwrap();
            let began = std::time::Instant::now();
            // As for a domain that was never verified: every pass is confirmed.
            let diagnosis = verify::look_and_confirm(&dns, &world.plan, None, |_| false).await;
            samples.push(began.elapsed());
            let odd = diagnosis.records.iter().find(|record| !(case.is_expected)(record.verdict));
            assert!(odd.is_none(), "{}: {odd:?}", case.what);
        }
        table.row(format!("Verify, {}, p50", case.what), samples.p50_ms(), "ms", case.p50);
        table.row(format!("Verify, {}, p95", case.what), samples.p95_ms(), "ms", case.p95);
    }
    table.publish("Verify", &[])
}
