//! Who runs a zone's nameservers, by their names: people edit at one provider while the zone is delegated to another.

use crate::records::OwnerName;

/// Suffix of the nameservers' names → what the provider is called.
const PROVIDERS: &[(&str, &str)] = &[
    ("akam.net", "Akamai"),
    ("alidns.com", "Alibaba Cloud DNS"),
    ("hichina.com", "Alibaba Cloud DNS"),
    ("azure-dns.com", "Azure DNS"),
    ("azure-dns.info", "Azure DNS"),
    ("azure-dns.net", "Azure DNS"),
    ("azure-dns.org", "Azure DNS"),
    ("bluehost.com", "Bluehost"),
    ("bunny.net", "bunny.net"),
    ("cloudflare.com", "Cloudflare"),
    ("cloudns.net", "ClouDNS"),
    ("constellix.com", "Constellix"),
    ("desec.io", "deSEC"),
    ("desec.org", "deSEC"),
    ("digitalocean.com", "DigitalOcean"),
    ("dnsimple.com", "DNSimple"),
    ("dnsmadeeasy.com", "DNS Made Easy"),
    ("dnspod.com", "DNSPod"),
    ("dnspod.net", "DNSPod"),
    ("dnsv2.com", "DNSPod"),
    ("domaincontrol.com", "GoDaddy"),
    ("dreamhost.com", "DreamHost"),
    ("easydns.com", "easyDNS"),
    ("gandi.net", "Gandi"),
    ("googledomains.com", "Google Cloud DNS"),
    ("he.net", "Hurricane Electric"),
    ("hetzner.com", "Hetzner"),
    ("hetzner.de", "Hetzner"),
    ("hostgator.com", "HostGator"),
    ("hostinger.com", "Hostinger"),
    ("dns-parking.com", "Hostinger"),
    ("hover.com", "Hover"),
    ("infomaniak.ch", "Infomaniak"),
    ("inwx.de", "INWX"),
    ("ionos.com", "IONOS"),
    ("ui-dns.com", "IONOS"),
    ("ui-dns.de", "IONOS"),
    ("ui-dns.org", "IONOS"),
    ("ui-dns.biz", "IONOS"),
    ("linode.com", "Linode"),
    ("loopia.se", "Loopia"),
    ("name.com", "Name.com"),
    ("name-services.com", "Enom"),
    ("namesilo.com", "NameSilo"),
    ("netcup.net", "netcup"),
    ("nsone.net", "NS1"),
    ("one.com", "one.com"),
    ("ovh.net", "OVHcloud"),
    ("ovh.ca", "OVHcloud"),
    ("porkbun.com", "Porkbun"),
    ("rackspace.com", "Rackspace"),
    ("registrar-servers.com", "Namecheap"),
    ("squarespacedns.com", "Squarespace"),
    ("strato.de", "STRATO"),
    ("rzone.de", "STRATO"),
    ("transip.nl", "TransIP"),
    ("ultradns.com", "UltraDNS"),
    ("ultradns.net", "UltraDNS"),
    ("vercel-dns.com", "Vercel"),
    ("vultr.com", "Vultr"),
    ("wixdns.net", "Wix"),
    ("wordpress.com", "WordPress.com"),
    ("worldnic.com", "Network Solutions"),
    ("yandex.net", "Yandex"),
];

/// The provider of a nameserver, where it is a known one.
pub fn find(server: &OwnerName) -> Option<&'static str> {
    // Amazon numbers its domains: ns-1536.awsdns-00.co.uk.
    if server.labels().get(1).is_some_and(|label| label.starts_with("awsdns-")) {
        return Some("Amazon Route 53");
    }
    PROVIDERS.iter().find(|(suffix, _)| server.is_within(&OwnerName::new(suffix))).map(|(_, provider)| *provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_known_by_its_nameservers() {
        let cases = [
            ("ada.ns.cloudflare.com", Some("Cloudflare")),
            ("ns-12.awsdns-01.org", Some("Amazon Route 53")),
            ("ns1.notcloudflare.com", None),
        ];
        for (server, provider) in cases {
            assert_eq!(find(&OwnerName::new(server)), provider, "{server}");
        }
    }
}
