//! What people get wrong most often, commonest first, each with the sentence that ends the ticket.

use signet::diagnosis::{Diagnosis, wording};

use crate::world;

struct Mistake {
    name: &'static str,
    world: &'static str,
    /// The record's key; `domain` for what is said of the domain as a whole.
    at: &'static str,
    says: &'static str,
}

const fn mistake(name: &'static str, world: &'static str, at: &'static str, says: &'static str) -> Mistake {
    Mistake { name, world, at, says }
}

const MISTAKES: [Mistake; 13] = [
    mistake(
        "the name ends in the zone twice",
        "name-doubled",
        "dkim-s1",
        "The DKIM key is published one level too deep, at s1._domainkey.mail.example.com.example.com; in the provider's form type “s1._domainkey.mail” as the host, without “example.com” behind it.",
    ),
    mistake(
        "a record under the wrong host for a subdomain",
        "host-without-the-subdomain",
        "dkim-s1",
        "The DKIM key stands at s1._domainkey.example.com, where it does not count for mail.example.com; in the provider's form type “s1._domainkey.mail” as the host.",
    ),
    mistake(
        "blanks or quotes pasted along",
        "value-in-quotes",
        "dkim-s1",
        "The value at s1._domainkey.mail.example.com has quotation marks or backslashes in it that do not belong there: “\"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAA …”.",
    ),
    mistake(
        "two SPF records",
        "spf-two-records",
        "spf",
        "2 SPF records stand at mail.example.com, so receivers ignore all of them: “v=spf1 include:spf.mta.example ~all”, “v=spf1 ip4:198.51.100.7 -all”.",
    ),
    mistake(
        "a key cut at 255",
        "dkim-key-cut",
        "dkim-s1",
        "The key at s1._domainkey.mail.example.com is ours, cut off behind 237 of 392 characters.",
    ),
    mistake(
        "edited at a provider that is not the one delegated to",
        "nothing-has-arrived",
        "domain",
        "Nothing has arrived for mail.example.com at DNSimple, which serves example.com (ns1.dnsimple.com, ns2.dnsimple.com).",
    ),
    mistake(
        "a proxied CNAME",
        "cname-proxied",
        "return-path",
        "rp.mail.example.com has addresses (203.0.113.80, 203.0.113.81) and no CNAME: a proxy is switched on, or A records were typed.",
    ),
    mistake(
        "DMARC at the apex",
        "host-dmarc-at-the-zone",
        "dmarc",
        "The DMARC record is published at example.com itself instead of _dmarc.example.com; in the provider's form type “_dmarc” as the host.",
    ),
    mistake(
        "an old key left beside the new",
        "dkim-two-keys",
        "dkim-s1",
        "An older key of this domain stands at s1._domainkey.mail.example.com beside the present one: 2 TXT records instead of one.",
    ),
    mistake(
        "a PEM header in p=",
        "value-pem",
        "dkim-s1",
        "The value at s1._domainkey.mail.example.com contains the lines of a key file (“-----BEGIN …”).",
    ),
    mistake(
        "SPF merged over 10 lookups",
        "spf-eleven-lookups-before-ours",
        "spf",
        "The SPF record at mail.example.com needs more than 10 DNS lookups before our servers are reached; receivers stop at “include:spf.mta.example”.",
    ),
    mistake(
        "waiting for a negative cache",
        "stale-negative-cache",
        "dkim-s1",
        "s1._domainkey.mail.example.com is right at the nameservers; the resolver keeps the answer from before (no such name) for another 300 seconds.",
    ),
    mistake(
        "a domain held by the registry",
        "zone-not-delegated",
        "domain",
        "example.com does not exist in the DNS: the nameservers of com (a.nic.com) do not know it.",
    ),
];

fn first_sentence(diagnosis: &Diagnosis, at: &str) -> String {
    let of_record = diagnosis.records.iter().find(|record| record.key.to_string() == at);
    let findings = of_record.map_or(&diagnosis.findings, |record| &record.findings);
    wording::say(findings.first().unwrap_or_else(|| panic!("nothing is said of {at}"))).summary
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_thirteen_commonest_mistakes_is_said_in_one_sentence() {
    let is_one = |world: &world::BrokenWorld| MISTAKES.iter().any(|mistake| mistake.world == world.name);
    let looked = world::look_at_all(world::all().into_iter().filter(is_one).collect()).await;
    for Mistake { name, world, at, says } in MISTAKES {
        let (_, diagnosis) = looked.iter().find(|(one, _)| one.name == world).unwrap_or_else(|| panic!("{world}"));
        assert_eq!(first_sentence(diagnosis, at), says, "{name}");
    }
}
