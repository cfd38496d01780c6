//! A largest matching of a bipartite graph, by augmenting paths.

/// Who is matched with whom.
pub(super) struct Matching {
    left: Vec<Option<usize>>,
    right: Vec<Option<usize>>,
}

impl Matching {
    pub(super) fn size(&self) -> usize {
        self.left.iter().flatten().count()
    }

    pub(super) fn of_left(&self, left: usize) -> Option<usize> {
        self.left[left]
    }

    pub(super) fn of_right(&self, right: usize) -> Option<usize> {
        self.right[right]
    }
}

/// Matches as many of the left as possible, each with one of its own neighbours among `0..right`.
pub(super) fn maximum(neighbours: &[Vec<usize>], right: usize) -> Matching {
    let mut matching = Matching { left: vec![None; neighbours.len()], right: vec![None; right] };
    let mut visited = vec![usize::MAX; right];
    for left in 0..neighbours.len() {
        augment(left, left, neighbours, &mut visited, &mut matching);
    }
    matching
}

/// `visited` carries the round in which a right vertex was last tried, so that it need not be cleared.
fn augment(
    left: usize,
    round: usize,
    neighbours: &[Vec<usize>],
    visited: &mut [usize],
    matching: &mut Matching,
) -> bool {
    for &right in &neighbours[left] {
        if visited[right] == round {
            continue;
        }
        visited[right] = round;
        let is_free = match matching.right[right] {
            None => true,
            Some(other) => augment(other, round, neighbours, visited, matching),
        };
        if is_free {
            matching.left[left] = Some(right);
            matching.right[right] = Some(left);
            return true;
        }
    }
    false
}
