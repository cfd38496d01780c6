//! A largest matching of a bipartite graph, by augmenting paths.

/// Who on the right belongs to whom on the left. A vertex on the left may stand there several times.
pub(in super::super) struct Matching<'a> {
    neighbours: Vec<&'a [usize]>,
    of_right: Vec<Option<usize>>,
    /// The round in which a right vertex was last tried, so that it need not be cleared.
    tried: Vec<usize>,
}

impl<'a> Matching<'a> {
    pub(in super::super) fn new(right: usize) -> Self {
        Self { neighbours: Vec::new(), of_right: vec![None; right], tried: vec![0; right] }
    }

    /// Adds a vertex to the left; returns whether it, too, got a neighbour of its own.
    pub(in super::super) fn add(&mut self, neighbours: &'a [usize]) -> bool {
        self.neighbours.push(neighbours);
        self.augment(self.neighbours.len() - 1, self.neighbours.len())
    }

    fn augment(&mut self, left: usize, round: usize) -> bool {
        for &right in self.neighbours[left] {
            if self.tried[right] == round {
                continue;
            }
            self.tried[right] = round;
            let is_free = self.of_right[right].is_none_or(|other| self.augment(other, round));
            if is_free {
                self.of_right[right] = Some(left);
                return true;
            }
        }
        false
    }
}
