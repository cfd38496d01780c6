//! Sets of positions that can say which is their n-th: what a page needs to begin in the middle of a listing.

/// A set of numbers below a fixed size (a Fenwick tree): adding, taking out and finding the n-th cost its logarithm.
#[derive(Clone, Debug)]
pub(super) struct Ranks {
    /// At `n`, from 1: how many numbers are in the set of those that `n` covers, which end with `n - 1`.
    counts: Vec<u32>,
    len: usize,
}

impl Ranks {
    /// Makes an empty set of numbers below `size`.
    pub(super) fn below(size: usize) -> Self {
        Self { counts: vec![0; size + 1], len: 0 }
    }

    /// Returns the same set, with room for numbers below `size`, which is no less than before.
    pub(super) fn grown(&self, size: usize) -> Self {
        let mut grown = Self::below(size);
        (0..self.len).filter_map(|rank| nth(&[self], rank)).for_each(|number| grown.insert(number));
        grown
    }

    /// Returns how many numbers are in the set.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a number that is not in the set.
    pub(super) fn insert(&mut self, number: usize) {
        self.len += 1;
        self.each_cover(number, |count| *count += 1);
    }

    /// Takes out a number that is in the set.
    pub(super) fn remove(&mut self, number: usize) {
        self.len -= 1;
        self.each_cover(number, |count| *count -= 1);
    }

    fn each_cover(&mut self, number: usize, change: impl Fn(&mut u32)) {
        let mut at = number + 1;
        while let Some(count) = self.counts.get_mut(at) {
            change(count);
            at += at & at.wrapping_neg();
        }
    }
}

/// Returns the number of a rank, from 0, among those of several sets that have one size and no number in common.
pub(super) fn nth(sets: &[&Ranks], rank: usize) -> Option<usize> {
    if rank >= sets.iter().map(|set| set.len).sum() {
        return None;
    }
    let size = sets.first()?.counts.len() - 1;
    let (mut passed, mut left) = (0, rank);
    let mut step = size.next_power_of_two();
    while step > 0 {
        if passed + step <= size {
            let count: usize = sets.iter().map(|set| set.counts[passed + step] as usize).sum();
            if count <= left {
                passed += step;
                left -= count;
            }
        }
        step /= 2;
    }
    Some(passed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranks_are_those_of_the_sorted_union(size in 1_usize..70, flips: Vec<(bool, u8)>) {
            let mut sets = [Ranks::below(size), Ranks::below(size)];
            let mut models = [BTreeSet::new(), BTreeSet::new()];
            for (second, number) in flips {
                let (which, number) = (usize::from(second), usize::from(number) % size);
                if models[which].remove(&number) {
                    sets[which].remove(number);
                } else if !models[1 - which].contains(&number) {
                    models[which].insert(number);
                    sets[which].insert(number);
                }
            }
            let union: Vec<usize> = (0..size).filter(|number| models.iter().any(|model| model.contains(number))).collect();
            let found: Vec<usize> = (0..=size).map_while(|rank| nth(&[&sets[0], &sets[1]], rank)).collect();
            prop_assert_eq!(&found, &union);
            let grown = [sets[0].grown(size * 2 + 1), sets[1].grown(size * 2 + 1)];
            let found: Vec<usize> = (0..=size).map_while(|rank| nth(&[&grown[0], &grown[1]], rank)).collect();
            prop_assert_eq!(found, union);
            prop_assert_eq!(sets[1].len(), models[1].len());
        }
    }
}
