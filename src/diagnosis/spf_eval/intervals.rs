//! Numbers as sorted, disjoint, inclusive intervals that do not touch. Every operation is linear in what it reads.

/// A set of numbers: the addresses of one family.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Intervals(Vec<(u128, u128)>);

impl Intervals {
    pub fn one(low: u128, high: u128) -> Self {
        Self(vec![(low, high)])
    }

    /// Any intervals, in any order.
    pub fn collect(mut intervals: Vec<(u128, u128)>) -> Self {
        intervals.sort_unstable();
        let mut out: Vec<(u128, u128)> = Vec::with_capacity(intervals.len());
        for (low, high) in intervals {
            match out.last_mut() {
                Some((_, end)) if low <= end.saturating_add(1) => *end = high.max(*end),
                _ => out.push((low, high)),
            }
        }
        Self(out)
    }

    pub fn as_slice(&self) -> &[(u128, u128)] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn first(&self) -> Option<u128> {
        self.0.first().map(|(low, _)| *low)
    }

    pub fn contains(&self, number: u128) -> bool {
        let at = self.0.partition_point(|(_, high)| *high < number);
        self.0.get(at).is_some_and(|(low, _)| *low <= number)
    }

    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        Self::collect([self.0.as_slice(), &other.0].concat())
    }

    /// Takes what lies between `low` and `high` out of the set, and gives it.
    pub fn take_range(&mut self, low: u128, high: u128) -> Self {
        let from = self.0.partition_point(|(_, end)| *end < low);
        let to = self.0.partition_point(|(start, _)| *start <= high);
        if from >= to {
            return Self::default();
        }
        let taken = self.0[from..to].iter().map(|(start, end)| (low.max(*start), high.min(*end))).collect();
        let (first, last) = (self.0[from].0, self.0[to - 1].1);
        let before = (first < low).then(|| (first, low - 1));
        let after = (last > high).then(|| (high + 1, last));
        self.0.splice(from..to, before.into_iter().chain(after));
        Self(taken)
    }

    /// Takes what lies in `other` out of the set, and gives it.
    pub fn take(&mut self, other: &Self) -> Self {
        if let [(low, high)] = other.0[..] {
            return self.take_range(low, high);
        }
        let taken = self.common(other);
        if !taken.is_empty() {
            *self = self.without(&taken);
        }
        taken
    }

    pub fn common(&self, other: &Self) -> Self {
        let (mut one, mut two) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut out = Vec::new();
        while let (Some((a, b)), Some((c, d))) = (one.peek(), two.peek()) {
            let (low, high) = (*a.max(c), *b.min(d));
            if low <= high {
                out.push((low, high));
            }
            if b < d {
                one.next()
            } else {
                two.next()
            };
        }
        Self(out)
    }

    pub fn without(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        let mut taken = other.0.iter().peekable();
        for &(low, high) in &self.0 {
            let mut start = Some(low);
            while let Some(&&(c, d)) = taken.peek() {
                let Some(at) = start.filter(|_| c <= high) else { break };
                if d >= at {
                    if c > at {
                        out.push((at, c - 1));
                    }
                    start = d.checked_add(1).filter(|next| *next <= high);
                }
                // What reaches further may still cut the next interval.
                if d > high {
                    break;
                }
                taken.next();
            }
            out.extend(start.map(|at| (at, high)));
        }
        Self(out)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn sets() -> impl Strategy<Value = Intervals> {
        proptest::collection::vec((0u128..60, 0u128..6), 0..8)
            .prop_map(|ranges| Intervals::collect(ranges.into_iter().map(|(low, n)| (low, low + n)).collect()))
    }

    fn numbers(set: &Intervals) -> BTreeSet<u128> {
        set.0.iter().flat_map(|(low, high)| *low..=*high).collect()
    }

    fn is_normal(set: &Intervals) -> bool {
        set.0.iter().all(|(low, high)| low <= high) && set.0.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0)
    }

    proptest! {
        #[test]
        fn intervals_do_what_sets_of_numbers_do(one in sets(), two in sets(), low in 0u128..60, n in 0u128..20) {
            let (a, b) = (numbers(&one), numbers(&two));
            for (got, wanted) in [
                (one.union(&two), a.union(&b).copied().collect::<BTreeSet<_>>()),
                (one.common(&two), a.intersection(&b).copied().collect()),
                (one.without(&two), a.difference(&b).copied().collect()),
            ] {
                prop_assert_eq!(numbers(&got), wanted);
                prop_assert!(is_normal(&got));
            }
            let (mut rest, mut part) = (one.clone(), one.clone());
            let taken = rest.take_range(low, low + n);
            prop_assert_eq!(numbers(&taken), a.iter().copied().filter(|x| (low..=low + n).contains(x)).collect());
            prop_assert_eq!(numbers(&rest), &a - &numbers(&taken));
            prop_assert_eq!(numbers(&part.take(&two)), &a & &b);
            prop_assert_eq!(numbers(&part), &a - &b);
            prop_assert!((0..90).all(|x| one.contains(x) == a.contains(&x)));
        }
    }

    #[test]
    fn the_last_number_is_no_overflow() {
        let mut all = Intervals::one(0, u128::MAX);
        assert_eq!(all.take_range(5, u128::MAX), Intervals::one(5, u128::MAX));
        assert_eq!(all, Intervals::one(0, 4));
        assert!(Intervals::one(7, u128::MAX).without(&Intervals::one(0, u128::MAX)).is_empty());
    }
}
