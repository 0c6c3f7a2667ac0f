//! Sets of addresses as sorted, disjoint, inclusive intervals, so that coverage is decided for every address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

type Intervals = Vec<(u128, u128)>;

/// A set of IPv4 and IPv6 addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressSet {
    v4: Intervals,
    v6: Intervals,
}

impl AddressSet {
    /// Every address of both families.
    pub fn all() -> Self {
        Self { v4: vec![(0, u128::from(u32::MAX))], v6: vec![(0, u128::MAX)] }
    }

    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    pub fn add_v4(&mut self, address: Ipv4Addr, prefix: u8) {
        let host_bits = 32 - u32::from(prefix.min(32));
        let mask = u128::from(u32::MAX) >> (32 - host_bits);
        let mask = if host_bits == 0 { 0 } else { mask };
        let low = u128::from(u32::from(address)) & !mask;
        self.v4 = union(&self.v4, (low, low | mask));
    }

    pub fn add_v6(&mut self, address: Ipv6Addr, prefix: u8) {
        let host_bits = 128 - u32::from(prefix.min(128));
        let mask = if host_bits == 0 { 0 } else { u128::MAX >> (128 - host_bits) };
        let low = u128::from(address) & !mask;
        self.v6 = union(&self.v6, (low, low | mask));
    }

    pub fn extend(&mut self, other: &Self) {
        self.v4 = other.v4.iter().fold(std::mem::take(&mut self.v4), |all, one| union(&all, *one));
        self.v6 = other.v6.iter().fold(std::mem::take(&mut self.v6), |all, one| union(&all, *one));
    }

    pub fn intersection(&self, other: &Self) -> Self {
        Self { v4: common(&self.v4, &other.v4), v6: common(&self.v6, &other.v6) }
    }

    pub fn without(&self, other: &Self) -> Self {
        Self { v4: minus(&self.v4, &other.v4), v6: minus(&self.v6, &other.v6) }
    }

    /// The lowest address, to name one.
    pub fn first(&self) -> Option<IpAddr> {
        let v4 = self.v4.first().map(|(low, _)| IpAddr::V4(Ipv4Addr::from(u32::try_from(*low).unwrap_or(u32::MAX))));
        v4.or_else(|| self.v6.first().map(|(low, _)| IpAddr::V6(Ipv6Addr::from(*low))))
    }

    pub fn has_v4(&self) -> bool {
        !self.v4.is_empty()
    }

    pub fn has_v6(&self) -> bool {
        !self.v6.is_empty()
    }
}

fn union(set: &[(u128, u128)], (low, high): (u128, u128)) -> Intervals {
    let mut merged = (low, high);
    let mut out = Intervals::new();
    for &(a, b) in set {
        let touches = a <= merged.1.saturating_add(1) && merged.0 <= b.saturating_add(1);
        if touches {
            merged = (merged.0.min(a), merged.1.max(b));
        } else {
            out.push((a, b));
        }
    }
    out.push(merged);
    out.sort_unstable();
    out
}

fn common(one: &[(u128, u128)], other: &[(u128, u128)]) -> Intervals {
    let overlaps = one.iter().flat_map(|&(a, b)| other.iter().map(move |&(c, d)| (a.max(c), b.min(d))));
    let mut out: Intervals = overlaps.filter(|(low, high)| low <= high).collect();
    out.sort_unstable();
    out
}

fn minus(set: &[(u128, u128)], taken: &[(u128, u128)]) -> Intervals {
    taken.iter().fold(set.to_vec(), |left, &(c, d)| {
        let mut out = Intervals::new();
        for (a, b) in left {
            if d < a || b < c {
                out.push((a, b));
                continue;
            }
            if a < c {
                out.push((a, c - 1));
            }
            if d < b {
                out.push((d + 1, b));
            }
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn v4(text: &str, prefix: u8) -> AddressSet {
        let mut set = AddressSet::default();
        set.add_v4(text.parse().unwrap(), prefix);
        set
    }

    #[test]
    fn halves_make_the_whole() {
        let mut halves = v4("192.0.2.0", 25);
        halves.extend(&v4("192.0.2.128", 25));
        assert_eq!(halves, v4("192.0.2.77", 24));
        assert!(v4("192.0.2.0", 24).without(&halves).is_empty());
    }

    proptest! {
        #[test]
        fn a_set_is_its_parts(a in any::<u32>(), p in 0u8..=32, b in any::<u32>(), q in 0u8..=32) {
            let (one, other) = (v4(&Ipv4Addr::from(a).to_string(), p), v4(&Ipv4Addr::from(b).to_string(), q));
            let mut parts = one.intersection(&other);
            parts.extend(&one.without(&other));
            prop_assert_eq!(parts, one.clone());
            prop_assert!(one.without(&AddressSet::all()).is_empty());
        }
    }
}
