//! The order: which interface must have reached its goal before another one's call may be sent.
//!
//! An interface has at most one wait and one call, and every edge runs from the last step of one to the call of
//! another, so the graph is kept per interface; steps and their names appear only on the way out. petgraph's
//! indices never leave this module.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs as Search, GraphRef, IntoNeighbors, Reversed, Visitable};

use crate::plan::{Action, BlockCode, RolloutPlan, Step, StepId};
use crate::resource::{Address, DesiredStatus};

use super::pairs::Pairs;
use super::{Draft, Subject};

/// Who must be done before whom. Subjects are named by their number.
pub(super) struct Graph {
    graph: DiGraph<usize, ()>,
    nodes: BTreeMap<usize, NodeIndex>,
    needs: Vec<Vec<usize>>,
}

impl Graph {
    /// Orders what `draft` holds by `depends_on` and by pairs, and blocks what needs something blocked.
    pub(super) fn new(
        subjects: &[Subject<'_>],
        index: &BTreeMap<&Address, usize>,
        pairs: &Pairs,
        draft: &mut Draft,
    ) -> Self {
        let needs = needs(subjects, index);
        block_dependants(subjects, &needs, draft);
        let mut graph = DiGraph::new();
        let nodes: BTreeMap<usize, NodeIndex> = (0..subjects.len())
            .filter(|number| !draft.steps[*number].is_empty())
            .map(|number| (number, graph.add_node(number)))
            .collect();
        let mut ordered = Self { graph, nodes, needs };
        for number in 0..subjects.len() {
            for needed in ordered.needs[number].clone() {
                ordered.add(needed, number);
            }
        }
        for (initiating, accepting) in pairs.iter(subjects) {
            ordered.add_pair(subjects, initiating, accepting);
        }
        ordered
    }

    /// Returns what `number` needs to be done before it, by `depends_on`.
    pub(super) fn needs(&self, number: usize) -> &[usize] {
        &self.needs[number]
    }

    /// Adds an edge; both ends must have steps, otherwise there is nothing to order.
    pub(super) fn add(&mut self, before: usize, after: usize) {
        if let (Some(before), Some(after)) = (self.nodes.get(&before), self.nodes.get(&after)) {
            self.graph.update_edge(*before, *after, ());
        }
    }

    /// Takes an edge away.
    pub(super) fn remove(&mut self, before: usize, after: usize) {
        if let (Some(before), Some(after)) = (self.nodes.get(&before), self.nodes.get(&after))
            && let Some(edge) = self.graph.find_edge(*before, *after)
        {
            self.graph.remove_edge(edge);
        }
    }

    /// Returns everything that must be done before `number`.
    pub(super) fn ancestors(&self, number: usize) -> BTreeSet<usize> {
        self.reachable(Reversed(&self.graph), number)
    }

    /// Returns everything that must wait for `number`.
    pub(super) fn descendants(&self, number: usize) -> BTreeSet<usize> {
        self.reachable(&self.graph, number)
    }

    fn reachable<G>(&self, graph: G, number: usize) -> BTreeSet<usize>
    where
        G: GraphRef + Visitable<NodeId = NodeIndex> + IntoNeighbors,
    {
        let Some(start) = self.nodes.get(&number) else { return BTreeSet::new() };
        let mut search = Search::new(graph, *start);
        let mut found = BTreeSet::new();
        while let Some(node) = search.next(graph) {
            found.insert(self.graph[node]);
        }
        found.remove(&number);
        found
    }

    /// The vendor's procedure: down, the initiating side first; up, the accepting side first. `depends_on` wins.
    fn add_pair(&mut self, subjects: &[Subject<'_>], initiating: usize, accepting: usize) {
        if subjects[initiating].desired() != subjects[accepting].desired() {
            return;
        }
        let (first, second) = match subjects[initiating].desired() {
            DesiredStatus::Inactive => (initiating, accepting),
            DesiredStatus::Active => (accepting, initiating),
        };
        if !self.ancestors(first).contains(&second) {
            self.add(first, second);
        }
    }

    /// Returns the subjects that have steps, each after everything it waits for; ties by number.
    pub(super) fn in_order(&self, draft: &Draft) -> Vec<usize> {
        let levels = self.levels(draft);
        let mut order: Vec<usize> = levels.keys().copied().collect();
        order.sort_by_key(|number| (levels[number], *number));
        order
    }

    /// Returns the earliest wave of each interface's last step, from 1.
    pub(super) fn levels(&self, draft: &Draft) -> BTreeMap<usize, u32> {
        let order = petgraph::algo::toposort(&self.graph, None)
            .expect("spec refuses cycles, and pair and guard edges are added only where they close none");
        let mut levels: BTreeMap<usize, u32> = BTreeMap::new();
        for node in order {
            let number = self.graph[node];
            let steps = u32::try_from(draft.steps[number].len()).unwrap_or(u32::MAX);
            if steps == 0 {
                continue;
            }
            let before = self
                .graph
                .neighbors_directed(node, petgraph::Direction::Incoming)
                .filter_map(|other| levels.get(&self.graph[other]).copied())
                .max()
                .unwrap_or(0);
            levels.insert(number, steps.max(before + 1));
        }
        levels
    }

    /// Names the steps and lists them in one allowed order.
    pub(super) fn into_steps(
        self,
        subjects: &[Subject<'_>],
        draft: &Draft,
        levels: &BTreeMap<usize, u32>,
        rollout: Option<&RolloutPlan>,
        guards: &BTreeMap<usize, Vec<String>>,
    ) -> Vec<Step> {
        let rollout_waves: BTreeMap<&Address, u32> = rollout
            .iter()
            .flat_map(|rollout| rollout.waves.iter().zip(1u32..))
            .flat_map(|(wave, number)| wave.iter().map(move |address| (address, number)))
            .collect();
        let mut steps: Vec<((u32, u32), Step)> = Vec::new();
        for (number, level) in levels {
            let subject = &subjects[*number];
            let mut before: Vec<StepId> = self
                .graph
                .neighbors_directed(self.nodes[number], petgraph::Direction::Incoming)
                .filter_map(|other| last_step(subjects, draft, self.graph[other]))
                .collect();
            before.sort();
            let lowered = &draft.steps[*number];
            for (position, step) in lowered.iter().enumerate() {
                let is_last = position + 1 == lowered.len();
                let mut after = if step.action == Action::Wait { Vec::new() } else { before.clone() };
                if position > 0 {
                    after.push(StepId::new(subject.address, lowered[position - 1].action));
                }
                let step_level = if is_last { *level } else { 1 };
                let wave = rollout_waves.get(subject.address).copied();
                steps.push((
                    (wave.unwrap_or(step_level), step_level),
                    Step {
                        id: StepId::new(subject.address, step.action),
                        address: subject.address.clone(),
                        action: step.action,
                        interface_id: subject.declared.id.value.clone(),
                        scope: subject.declared.scope.clone(),
                        expect: step.expect.clone(),
                        goal: step.goal,
                        after,
                        wave: wave.unwrap_or(step_level),
                        guards: if step.action == Action::Wait {
                            Vec::new()
                        } else {
                            guards.get(number).cloned().unwrap_or_default()
                        },
                        settle_timeout_ms: settle_timeout_ms(subject, step.goal),
                    },
                ));
            }
        }
        steps.sort_by(|(left_key, left), (right_key, right)| {
            (left_key, &left.address).cmp(&(right_key, &right.address))
        });
        steps.into_iter().map(|(_, step)| step).collect()
    }
}

fn settle_timeout_ms(subject: &Subject<'_>, goal: crate::plan::Goal) -> Option<u64> {
    let timeout = match goal {
        crate::plan::Goal::Active => subject.declared.activate_timeout,
        crate::plan::Goal::Inactive | crate::plan::Goal::Stable => subject.declared.deactivate_timeout,
    };
    timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX))
}

fn last_step(subjects: &[Subject<'_>], draft: &Draft, number: usize) -> Option<StepId> {
    draft.steps[number].last().map(|step| StepId::new(subjects[number].address, step.action))
}

/// Up after what it depends on, down before it; only between interfaces that are to go the same way.
fn needs(subjects: &[Subject<'_>], index: &BTreeMap<&Address, usize>) -> Vec<Vec<usize>> {
    let mut needs = vec![Vec::new(); subjects.len()];
    for (number, subject) in subjects.iter().enumerate() {
        for other in subject.declared.depends_on.keys().filter_map(|address| index.get(address).copied()) {
            match (subject.desired(), subjects[other].desired()) {
                (DesiredStatus::Active, DesiredStatus::Active) => needs[number].push(other),
                (DesiredStatus::Inactive, DesiredStatus::Inactive) => needs[other].push(number),
                _ => {}
            }
        }
    }
    needs
}

/// Blocks every call that needs what is blocked or left out, and what needs those in turn.
fn block_dependants(subjects: &[Subject<'_>], needs: &[Vec<usize>], draft: &mut Draft) {
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); subjects.len()];
    for (number, needed) in needs.iter().enumerate() {
        for other in needed {
            needed_by[*other].push(number);
        }
    }
    let mut open: Vec<usize> =
        (0..subjects.len()).filter(|number| is_undeliverable(subjects, draft, *number)).collect();
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

/// Claims that a change is wanted and is not going to happen.
pub(super) fn is_undeliverable(subjects: &[Subject<'_>], draft: &Draft, number: usize) -> bool {
    let subject = &subjects[number];
    draft.blocked[number].is_some()
        || (draft.steps[number].is_empty()
            && subject.live().is_none_or(|live| live.status != subject.desired().status()))
}

/// Blocks `number` because it needs `needed`.
pub(super) fn block_on(subjects: &[Subject<'_>], draft: &mut Draft, number: usize, needed: usize) {
    let why = match &draft.blocked[needed] {
        Some(blocked) => format!("is blocked ({})", blocked.code.as_str()),
        None => "is left out of this plan".to_owned(),
    };
    let detail = format!("{} has to wait for {}, which {why}", subjects[number].title(), subjects[needed].address);
    draft.block(&subjects[number], number, BlockCode::Dependency, detail);
}
