//! Sets of addresses, IPv4 and IPv6 apart, so that coverage is decided for every address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::intervals::Intervals;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    V4,
    V6,
}

impl Family {
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];

    pub fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    /// Every address of the family.
    pub fn all(self) -> Intervals {
        match self {
            Self::V4 => Intervals::one(0, u128::from(u32::MAX)),
            Self::V6 => Intervals::one(0, u128::MAX),
        }
    }

    /// Family and number of an address; IPv4-mapped ones are IPv4 (RFC 7208 section 5).
    pub fn number(address: IpAddr) -> (Self, u128) {
        match address.to_canonical() {
            IpAddr::V4(address) => (Self::V4, u128::from(u32::from(address))),
            IpAddr::V6(address) => (Self::V6, u128::from(address)),
        }
    }

    pub fn address(self, number: u128) -> IpAddr {
        match self {
            Self::V4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX))),
            Self::V6 => IpAddr::V6(Ipv6Addr::from(number)),
        }
    }

    /// The first and the last address of the network that holds `number`.
    pub fn network(self, number: u128, prefix: u8) -> (u128, u128) {
        let host_bits = u32::from(self.bits().saturating_sub(prefix));
        let mask = if host_bits == 0 { 0 } else { u128::MAX >> (128 - host_bits) };
        (number & !mask, number | mask)
    }
}

/// A set of IPv4 and IPv6 addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressSet {
    v4: Intervals,
    v6: Intervals,
}

impl AddressSet {
    /// Every address of both families.
    pub fn all() -> Self {
        Self { v4: Family::V4.all(), v6: Family::V6.all() }
    }

    pub fn one(address: IpAddr) -> Self {
        let (family, number) = Family::number(address);
        let mut set = Self::default();
        set.add(family, &Intervals::one(number, number));
        set
    }

    pub fn of(&self, family: Family) -> &Intervals {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    pub fn add(&mut self, family: Family, more: &Intervals) {
        let set = match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        };
        *set = set.union(more);
    }

    pub fn add_network(&mut self, address: IpAddr, prefix: u8) {
        let (family, number) = match address {
            IpAddr::V4(address) => (Family::V4, u128::from(u32::from(address))),
            IpAddr::V6(address) => (Family::V6, u128::from(address)),
        };
        let (low, high) = family.network(number, prefix);
        self.add(family, &Intervals::one(low, high));
    }

    pub fn union(&self, other: &Self) -> Self {
        Self { v4: self.v4.union(&other.v4), v6: self.v6.union(&other.v6) }
    }

    pub fn common(&self, other: &Self) -> Self {
        Self { v4: self.v4.common(&other.v4), v6: self.v6.common(&other.v6) }
    }

    pub fn without(&self, other: &Self) -> Self {
        Self { v4: self.v4.without(&other.v4), v6: self.v6.without(&other.v6) }
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let (family, number) = Family::number(address);
        self.of(family).contains(number)
    }

    /// The lowest address, to name one.
    pub fn first(&self) -> Option<IpAddr> {
        Family::BOTH.into_iter().find_map(|family| Some(family.address(self.of(family).first()?)))
    }

    /// The set as networks in ascending order, at most `limit` of them.
    pub fn networks(&self, limit: usize) -> Vec<(IpAddr, u8)> {
        let of = |family: Family| {
            let ranges = self.of(family).as_slice().iter();
            ranges.flat_map(move |range| Networks { family, rest: Some(*range) })
        };
        Family::BOTH.into_iter().flat_map(of).take(limit).collect()
    }
}

/// An interval cut into networks, the largest that fit first from its start.
struct Networks {
    family: Family,
    rest: Option<(u128, u128)>,
}

impl Iterator for Networks {
    type Item = (IpAddr, u8);

    fn next(&mut self) -> Option<Self::Item> {
        let (low, high) = self.rest?;
        let bits = self.family.bits();
        // As many host bits as the start has zeros at its end, and as do not reach past the end.
        let room = (high - low).checked_add(1).map_or(128, u128::ilog2);
        let host_bits = low.trailing_zeros().min(room).min(u32::from(bits));
        let prefix = bits - u8::try_from(host_bits).unwrap_or(bits);
        let (_, end) = self.family.network(low, prefix);
        self.rest = end.checked_add(1).filter(|next| *next <= high).map(|next| (next, high));
        Some((self.family.address(low), prefix))
    }
}

/// A network as people write it: a single address without its length.
pub fn written((address, prefix): (IpAddr, u8)) -> String {
    let full = if address.is_ipv4() { 32 } else { 128 };
    if prefix == full { address.to_string() } else { format!("{address}/{prefix}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str, prefix: u8) -> AddressSet {
        let mut set = AddressSet::default();
        set.add_network(text.parse().unwrap(), prefix);
        set
    }

    #[test]
    fn halves_make_the_whole() {
        let halves = network("192.0.2.0", 25).union(&network("192.0.2.128", 25));
        assert_eq!(halves, network("192.0.2.77", 24));
        assert!(network("192.0.2.0", 24).without(&halves).is_empty());
    }

    #[test]
    fn a_set_is_written_in_the_fewest_networks() {
        let set = network("192.0.2.0", 24).without(&network("192.0.2.7", 32)).union(&network("2001:db8::", 32));
        let written: Vec<String> = set.networks(20).into_iter().map(written).collect();
        assert_eq!(written.first().map(String::as_str), Some("192.0.2.0/30"));
        assert_eq!(written.last().map(String::as_str), Some("2001:db8::/32"));
        assert_eq!(
            AddressSet::all().networks(9).into_iter().map(super::written).collect::<Vec<_>>(),
            ["0.0.0.0/0", "::/0"]
        );
    }

    #[test]
    fn a_mapped_address_is_ipv4() {
        assert!(network("192.0.2.0", 24).contains("::ffff:192.0.2.9".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn a_set_is_its_parts_and_its_networks(a in any::<u32>(), p in 0u8..=32, b in any::<u32>(), q in 0u8..=32) {
            let one = network(&Ipv4Addr::from(a).to_string(), p);
            let other = network(&Ipv4Addr::from(b).to_string(), q);
            let rest = one.without(&other);
            prop_assert_eq!(one.common(&other).union(&rest), one.clone());
            prop_assert!(one.without(&AddressSet::all()).is_empty());
            let mut again = AddressSet::default();
            rest.networks(usize::MAX).into_iter().for_each(|(address, prefix)| again.add_network(address, prefix));
            prop_assert_eq!(again, rest);
        }
    }
}
