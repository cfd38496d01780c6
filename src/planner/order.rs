//! The order: which interface must have reached its goal before another one's call may be sent.
//!
//! An interface has at most one wait and one call, and every edge runs from the last step of one to the call of
//! another, so the graph is kept per interface; steps and their names appear only on the way out. petgraph's
//! indices never leave this module.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, GraphRef, IntoNeighbors, Reversed, Visitable};

use crate::attribute::Goal;
use crate::duration::milliseconds;
use crate::plan::{Action, BlockReason, Guard, RolloutPlan, Step, StepId};
use crate::resource::{Address, DesiredStatus};

use super::draft::Draft;
use super::lower::Lowered;
use super::pairs::{Pair, Pairs};
use super::subject::{PerSubject, Subject, SubjectNumber, Subjects};

/// What each interface needs to be done before it, by `depends_on`.
pub(super) struct Needs(PerSubject<Vec<SubjectNumber>>);

impl Needs {
    /// Up after what it depends on, down before it; only between interfaces that are to go the same way.
    /// `counts` says of which interfaces it matters.
    pub(super) fn new(subjects: &Subjects<'_>, draft: &Draft, counts: impl Fn(SubjectNumber) -> bool) -> Self {
        let mut needs = PerSubject::of_each(subjects, Vec::new());
        for number in subjects.numbers().filter(|number| !draft.is_settled(*number)) {
            let subject = &subjects[number];
            let needed = subject.declared.needed().filter_map(|address| subjects.number_of(address));
            for other in needed.filter(|other| counts(*other) && counts(number)) {
                match (subject.desired(), subjects[other].desired()) {
                    (DesiredStatus::Active, DesiredStatus::Active) => needs[number].push(other),
                    (DesiredStatus::Inactive, DesiredStatus::Inactive) => needs[other].push(number),
                    _ => {}
                }
            }
        }
        Self(needs)
    }
}

/// Who must be done before whom.
pub(super) struct Graph {
    graph: DiGraph<SubjectNumber, ()>,
    nodes: PerSubject<Option<NodeIndex>>,
    needs: Needs,
}

impl Graph {
    /// Orders what `draft` holds by `depends_on` and by pairs.
    pub(super) fn new(subjects: &Subjects<'_>, pairs: &Pairs, needs: Needs, draft: &Draft) -> Self {
        let mut graph = DiGraph::new();
        let nodes = subjects.map(|(number, _)| draft.is_moving(number).then(|| graph.add_node(number)));
        let mut ordered = Self { graph, nodes, needs };
        // A wait sends nothing, so there is nothing to hold back.
        for number in subjects.numbers().filter(|number| draft.changes(*number)) {
            ordered.add_all(number);
        }
        for pair in pairs.iter(subjects) {
            let Some((first, second)) = in_pair_order(subjects, pair) else { continue };
            // `depends_on` wins.
            if draft.moves_traffic(first)
                && draft.moves_traffic(second)
                && draft.changes(second)
                && !ordered.is_before(second, first)
            {
                ordered.add(first, second);
            }
        }
        ordered
    }

    /// Returns what `number` needs to be done before it, by `depends_on`.
    pub(super) fn needs(&self, number: SubjectNumber) -> &[SubjectNumber] {
        &self.needs.0[number]
    }

    /// Adds the edges from what `number` needs: no node of theirs has one to it yet, so that none is looked for.
    fn add_all(&mut self, number: SubjectNumber) {
        let Self { graph, nodes, needs } = self;
        let Some(after) = nodes[number] else { return };
        let needed: BTreeSet<NodeIndex> = needs.0[number].iter().filter_map(|needed| nodes[*needed]).collect();
        for before in needed {
            graph.add_edge(before, after, ());
        }
    }

    /// Adds an edge; both ends must have steps, otherwise there is nothing to order.
    pub(super) fn add(&mut self, before: SubjectNumber, after: SubjectNumber) {
        if let (Some(before), Some(after)) = (self.nodes[before], self.nodes[after]) {
            self.graph.update_edge(before, after, ());
        }
    }

    /// Takes an edge away.
    pub(super) fn remove(&mut self, before: SubjectNumber, after: SubjectNumber) {
        if let (Some(before), Some(after)) = (self.nodes[before], self.nodes[after])
            && let Some(edge) = self.graph.find_edge(before, after)
        {
            self.graph.remove_edge(edge);
        }
    }

    /// Takes away the edges of what was blocked since: nothing is ordered by what does not happen.
    pub(super) fn forget_blocked(&mut self, draft: &Draft) {
        self.graph.retain_edges(|graph, edge| {
            let ends = graph.edge_endpoints(edge);
            ends.is_some_and(|(before, after)| [before, after].iter().all(|end| draft.is_moving(graph[*end])))
        });
    }

    /// Returns everything that must be done before `number`, in the order of numbers.
    pub(super) fn before(&self, number: SubjectNumber) -> Vec<SubjectNumber> {
        self.reachable(Reversed(&self.graph), number)
    }

    /// Returns everything that must wait for `number`, in the order of numbers.
    pub(super) fn behind(&self, number: SubjectNumber) -> Vec<SubjectNumber> {
        self.reachable(&self.graph, number)
    }

    /// Returns whether `first` must be done before `second`.
    pub(super) fn is_before(&self, first: SubjectNumber, second: SubjectNumber) -> bool {
        first != second && self.search(Reversed(&self.graph), second).any(|number| number == first)
    }

    fn reachable<G>(&self, graph: G, number: SubjectNumber) -> Vec<SubjectNumber>
    where
        G: GraphRef + Visitable<NodeId = NodeIndex> + IntoNeighbors,
    {
        let mut found: Vec<SubjectNumber> = self.search(graph, number).filter(|other| *other != number).collect();
        found.sort_unstable();
        found
    }

    fn search<G>(&self, graph: G, number: SubjectNumber) -> impl Iterator<Item = SubjectNumber>
    where
        G: GraphRef + Visitable<NodeId = NodeIndex> + IntoNeighbors,
    {
        let mut search = self.nodes[number].map(|start| Dfs::new(graph, start));
        std::iter::from_fn(move || Some(self.graph[search.as_mut()?.next(graph)?]))
    }

    /// Returns the subjects that have steps, each after everything it waits for; ties by number.
    pub(super) fn in_order(&self, draft: &Draft) -> Vec<SubjectNumber> {
        in_order(&self.levels(draft))
    }

    /// Returns the earliest wave of each interface's last step, from 1; 0 where it has no steps.
    pub(super) fn levels(&self, draft: &Draft) -> PerSubject<u32> {
        let order = petgraph::algo::toposort(&self.graph, None)
            .expect("spec refuses cycles, and pair and guard edges are added only where they close none");
        let mut levels = PerSubject::of_each(&self.nodes, 0);
        for node in order {
            let number = self.graph[node];
            let steps = u32::try_from(draft.steps[number].len()).unwrap_or(u32::MAX);
            if steps > 0 {
                let before = self.graph.neighbors_directed(node, Direction::Incoming);
                let before = before.map(|other| levels[self.graph[other]]).max().unwrap_or(0);
                levels[number] = steps.max(before + 1);
            }
        }
        levels
    }

    /// Names the steps and lists them in one allowed order.
    pub(super) fn into_steps(
        self,
        subjects: &Subjects<'_>,
        draft: &Draft,
        levels: &PerSubject<u32>,
        rollout: Option<&RolloutPlan>,
        guards: &BTreeMap<SubjectNumber, Vec<Guard>>,
    ) -> Vec<Step> {
        let waves = rollout.iter().flat_map(|rollout| rollout.waves.iter().zip(1u32..));
        let waves: BTreeMap<&Address, u32> =
            waves.flat_map(|(wave, number)| wave.iter().map(move |address| (address, number))).collect();
        let mut steps: Vec<((u32, u32), Step)> = Vec::new();
        for number in in_order(levels) {
            let subject = &subjects[number];
            let last = draft.steps[number].len() - 1;
            for (position, lowered) in draft.steps[number].iter().enumerate() {
                let level = if position == last { levels[number] } else { 1 };
                let mut step = step_of(subject, lowered);
                step.wave = waves.get(subject.address).copied().unwrap_or(level);
                if step.action != Action::Wait {
                    step.after = self.last_steps_before(number, subjects, draft);
                    step.guards = guards.get(&number).cloned().unwrap_or_default();
                }
                if position > 0 {
                    step.after.push(StepId::new(subject.address, draft.steps[number][position - 1].action));
                }
                steps.push(((step.wave, level), step));
            }
        }
        // Within a level by address, which is the order of numbers.
        steps.sort_by_key(|(key, _)| *key);
        steps.into_iter().map(|(_, step)| step).collect()
    }

    fn last_steps_before(&self, number: SubjectNumber, subjects: &Subjects<'_>, draft: &Draft) -> Vec<StepId> {
        let Some(node) = self.nodes[number] else { return Vec::new() };
        let others = self.graph.neighbors_directed(node, Direction::Incoming).map(|other| self.graph[other]);
        let mut before: Vec<StepId> = others
            .filter_map(|other| Some(StepId::new(subjects[other].address, draft.steps[other].last()?.action)))
            .collect();
        before.sort();
        before
    }
}

fn in_order(levels: &PerSubject<u32>) -> Vec<SubjectNumber> {
    let mut order: Vec<SubjectNumber> = levels.numbers().filter(|number| levels[*number] > 0).collect();
    order.sort_by_key(|number| levels[*number]);
    order
}

fn step_of(subject: &Subject<'_>, lowered: &Lowered) -> Step {
    Step {
        id: StepId::new(subject.address, lowered.action),
        address: subject.address.clone(),
        action: lowered.action,
        interface_id: subject.declared.id.value.clone(),
        scope: subject.declared.scope.clone(),
        expect: lowered.expect.clone(),
        goal: lowered.goal,
        after: Vec::new(),
        wave: 1,
        guards: Vec::new(),
        settle_timeout_ms: settle_timeout_ms(subject, lowered.goal),
        change_id: subject.change().cloned(),
        valid_until: subject.declared.planned.valid_until,
    }
}

/// The vendor's procedure: down, the initiating side first; up, the accepting side first.
fn in_pair_order(subjects: &Subjects<'_>, pair: Pair) -> Option<(SubjectNumber, SubjectNumber)> {
    let Pair { initiating, accepting } = pair;
    match (subjects[initiating].desired(), subjects[accepting].desired()) {
        (DesiredStatus::Inactive, DesiredStatus::Inactive) => Some((initiating, accepting)),
        (DesiredStatus::Active, DesiredStatus::Active) => Some((accepting, initiating)),
        _ => None,
    }
}

fn settle_timeout_ms(subject: &Subject<'_>, goal: Goal) -> Option<u64> {
    let timeout = match goal {
        Goal::Active => subject.declared.activate_timeout,
        Goal::Inactive | Goal::Stable | Goal::Connected => subject.declared.deactivate_timeout,
    };
    timeout.map(milliseconds)
}

/// Blocks every call that needs what is blocked or left out, and what needs those in turn.
pub(super) fn block_dependants(subjects: &Subjects<'_>, needs: &Needs, draft: &mut Draft) {
    let mut needed_by: PerSubject<Vec<SubjectNumber>> = PerSubject::of_each(subjects, Vec::new());
    for (number, needed) in needs.0.iter() {
        for other in needed {
            needed_by[*other].push(number);
        }
    }
    let mut open: Vec<SubjectNumber> = subjects.numbers().filter(|number| draft.is_undeliverable(*number)).collect();
    open.reverse();
    while let Some(number) = open.pop() {
        for dependant in &needed_by[number] {
            if draft.changes(*dependant) {
                block_on(subjects, draft, *dependant, number);
                open.push(*dependant);
            }
        }
    }
}

/// Blocks `number` because it needs `needed`.
pub(super) fn block_on(subjects: &Subjects<'_>, draft: &mut Draft, number: SubjectNumber, needed: SubjectNumber) {
    let why = draft.why_undeliverable(needed);
    let needed = subjects[needed].address.clone();
    draft.block(&subjects[number], number, BlockReason::Dependency { needed, why });
}
