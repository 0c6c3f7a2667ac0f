//! Addresses that are not globally reachable (IANA special-purpose address registries): a zone's owner could point a
//! nameserver at one to make this program talk to its own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Not globally reachable, multicast and what is reserved included.
const V4: &[([u8; 4], u8)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 3),
];

/// Inside [`V4`], and globally reachable: Port Control Protocol and TURN anycast.
const REACHABLE_V4: &[([u8; 4], u8)] = &[([192, 0, 0, 9], 32), ([192, 0, 0, 10], 32)];

/// Inside 2000::/3; whatever is outside is not globally reachable, NAT64 aside.
const V6: &[([u16; 8], u8)] = &[
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// Inside [`V6`], and globally reachable: anycast services, AMT, AS112, ORCHIDv2, drone identifiers.
const REACHABLE_V6: &[([u16; 8], u8)] = &[
    ([0x2001, 1, 0, 0, 0, 0, 0, 1], 128),
    ([0x2001, 1, 0, 0, 0, 0, 0, 2], 128),
    ([0x2001, 1, 0, 0, 0, 0, 0, 3], 128),
    ([0x2001, 3, 0, 0, 0, 0, 0, 0], 32),
    ([0x2001, 4, 0x112, 0, 0, 0, 0, 0], 48),
    ([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28),
    ([0x2001, 0x30, 0, 0, 0, 0, 0, 0], 28),
];

/// Whether an address is globally reachable, after unwrapping IPv4-mapped (RFC 4291 section 2.5.5.2) and NAT64
/// (RFC 6052 section 2.1) forms.
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => match embedded_v4(v6) {
            Some(v4) => is_global_v4(v4),
            None => is_global_v6(v6),
        },
    }
}

fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = v6.segments();
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let [.., a, b, c, d] = v6.octets();
        return Some(Ipv4Addr::new(a, b, c, d));
    }
    v6.to_ipv4_mapped()
}

fn is_global_v4(v4: Ipv4Addr) -> bool {
    let is_in = |(net, length): &([u8; 4], u8)| Ipv4Net::new((*net).into(), *length).is_ok_and(|net| net.contains(&v4));
    !V4.iter().any(is_in) || REACHABLE_V4.iter().any(is_in)
}

fn is_global_v6(v6: Ipv6Addr) -> bool {
    let is_in =
        |(net, length): &([u16; 8], u8)| Ipv6Net::new((*net).into(), *length).is_ok_and(|net| net.contains(&v6));
    let is_unicast = v6.segments()[0] & 0xe000 == 0x2000;
    is_unicast && (!V6.iter().any(is_in) || REACHABLE_V6.iter().any(is_in))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_globally_reachable_addresses_may_be_asked() {
        // A line a row of the IANA registries (IPv4, IPv6), and the edges of some.
        let refused = "0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 100.127.255.255 127.0.0.1 169.254.169.254 172.16.0.1 \
            172.31.255.255 192.0.0.1 192.0.0.8 192.0.0.170 192.0.0.171 192.0.2.1 192.88.99.2 192.168.0.1 198.18.0.1 \
            198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 \
            :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:192.168.1.1 64:ff9b::a00:1 64:ff9b::7f00:1 64:ff9b:1::101:101 \
            100::1 100:0:0:1::1 2001::1 2001:2::1 2001:10::1 2001:db8::1 2002:808:808::1 3fff::1 3fff:fff::1 \
            5f00::1 fc00::1 fd00::1 fe80::1 fec0::1 ff02::1 4000::1";
        let reachable = "1.1.1.1 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1 192.0.0.9 192.0.0.10 192.0.1.1 \
            192.31.196.1 192.52.193.1 192.175.48.1 198.17.0.1 198.20.0.1 223.255.255.255 ::ffff:1.1.1.1 \
            64:ff9b::101:101 2001:1::1 2001:1::2 2001:1::3 2001:3::1 2001:4:112::1 2001:20::1 2001:30::1 2001:200::1 \
            2001:500:2f::f 2606:4700::1111 2620:4f:8000::1 2a00::1 3ffe::1";
        for (addresses, expected) in [(refused, false), (reachable, true)] {
            for address in addresses.split_whitespace() {
                assert_eq!(is_global(address.parse().unwrap()), expected, "{address}");
            }
        }
    }
}
