//! An inspector of finished plans that shares nothing with the planner's guards.
//!
//! It asks what has to hold of any plan, wherever it came from: names resolve, nothing waits for itself, no step
//! touches what is blocked, and no order that the edges allow takes a group below its floor. The last is bounded, not
//! enumerated: for each Deactivate, the worst moment to send it is found by a largest matching.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::{DiGraph, NodeIndex, UnGraph};
use petgraph::visit::{Dfs, Reversed};

use super::{Action, Floor, FloorLink, Plan, Step, StepId};
use crate::resource::{Address, Call};

impl Plan {
    /// Inspects the plan.
    ///
    /// # Errors
    /// Every promise that the plan does not keep, in words. From a plan that this tool made it is a bug.
    pub fn check(&self) -> Result<(), Vec<String>> {
        let order = Order::new(self)?;
        let mut faults = order.faults(self);
        faults.extend(self.floors.iter().flat_map(|floor| order.broken_by(self, floor)));
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// The steps as a graph.
struct Order {
    graph: DiGraph<usize, ()>,
    nodes: BTreeMap<StepId, NodeIndex>,
}

impl Order {
    fn new(plan: &Plan) -> Result<Self, Vec<String>> {
        let mut graph = DiGraph::new();
        let mut nodes = BTreeMap::new();
        for (number, step) in plan.steps.iter().enumerate() {
            if nodes.insert(step.id.clone(), graph.add_node(number)).is_some() {
                return Err(vec![format!("step {} stands twice", step.id)]);
            }
        }
        for step in &plan.steps {
            for before in &step.after {
                let Some(before) = nodes.get(before) else {
                    return Err(vec![format!("step {} waits for {before}, which does not exist", step.id)]);
                };
                graph.update_edge(*before, nodes[&step.id], ());
            }
        }
        if let Err(cycle) = petgraph::algo::toposort(&graph, None) {
            return Err(vec![format!("step {} waits for itself", plan.steps[graph[cycle.node_id()]].id)]);
        }
        Ok(Self { graph, nodes })
    }

    fn faults(&self, plan: &Plan) -> Vec<String> {
        let declared: BTreeSet<&Address> = plan.resource_changes.iter().map(|change| &change.address).collect();
        let blocked: BTreeSet<&Address> = plan.blocked.iter().map(|blocked| &blocked.address).collect();
        plan.steps
            .iter()
            .filter_map(|step| {
                if !declared.contains(&step.address) {
                    Some(format!("step {} is for an interface that the plan does not list", step.id))
                } else if blocked.contains(&step.address) {
                    Some(format!("step {} is for a blocked interface", step.id))
                } else {
                    None
                }
            })
            .collect()
    }

    /// Every step that must be done before `step`.
    fn before(&self, step: &Step) -> BTreeSet<usize> {
        let reversed = Reversed(&self.graph);
        let start = self.nodes[&step.id];
        let mut search = Dfs::new(reversed, start);
        let mut found = BTreeSet::new();
        while let Some(node) = search.next(reversed) {
            found.insert(self.graph[node]);
        }
        found.remove(&self.graph[start]);
        found
    }

    /// Names the Deactivate calls that some allowed order sends while too few other links are up.
    fn broken_by(&self, plan: &Plan, floor: &Floor) -> Vec<String> {
        let links = Links::new(plan, floor);
        let min_up = floor.min_up as usize;
        let up: Vec<usize> = (0..floor.links.len()).filter(|link| floor.links[*link].up).collect();
        let falling: Vec<usize> = up.iter().copied().filter(|link| !links.deactivations[*link].is_empty()).collect();
        let mut broken = Vec::new();
        for (own, calls) in links.deactivations.iter().enumerate() {
            let others_up = up.iter().filter(|link| **link != own).count();
            for call in calls {
                // Even with everything else down that goes down, and nothing come up yet?
                let others_falling = falling.iter().filter(|link| **link != own).count();
                if others_up >= min_up + others_falling {
                    continue;
                }
                let worst = self.fewest_up(plan, &links, &falling, own, *call, others_up);
                if worst < min_up {
                    broken.push(format!(
                        "{} may be sent with {worst} other links of {} up, floor {min_up}",
                        plan.steps[*call].id, floor.group
                    ));
                }
            }
        }
        broken
    }

    /// The fewest other links that can be up when `call` is sent, over all allowed orders.
    fn fewest_up(
        &self,
        plan: &Plan,
        links: &Links,
        falling: &[usize],
        own: usize,
        call: usize,
        others_up: usize,
    ) -> usize {
        let before_call = self.before(&plan.steps[call]);
        let risen: BTreeSet<usize> = links.risen_by(&before_call);
        // What can have been sent before it, and which further links that needs to have come up.
        let mut rivals: Vec<BTreeSet<usize>> = Vec::new();
        for link in falling.iter().filter(|link| **link != own) {
            let first_calls: Vec<BTreeSet<usize>> = links.deactivations[*link]
                .iter()
                .map(|other| self.before(&plan.steps[*other]))
                .filter(|before| !before.contains(&call))
                .collect();
            let needed = first_calls
                .iter()
                .map(|before| links.risen_by(before))
                .reduce(|left, right| left.intersection(&right).copied().collect());
            if let Some(needed) = needed {
                rivals.push(needed.difference(&risen).copied().collect());
            }
        }
        let matched = largest_matching(&rivals);
        others_up + risen.len() + matched - rivals.len()
    }
}

/// The steps of a floor's links.
struct Links {
    /// Per link, the Deactivate steps of its sides.
    deactivations: Vec<Vec<usize>>,
    /// Per link that comes up, all steps of its sides.
    rises: BTreeMap<usize, Vec<usize>>,
}

impl Links {
    fn new(plan: &Plan, floor: &Floor) -> Self {
        let mut by_address: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
        for (number, step) in plan.steps.iter().enumerate() {
            by_address.entry(&step.address).or_default().push(number);
        }
        let steps_of = |link: &FloorLink| -> Vec<usize> {
            link.sides.iter().filter_map(|side| by_address.get(&side.address)).flatten().copied().collect()
        };
        let is_deactivation = |number: &usize| plan.steps[*number].action == Action::Call(Call::Deactivate);
        Self {
            deactivations: floor
                .links
                .iter()
                .map(|link| steps_of(link).into_iter().filter(is_deactivation).collect())
                .collect(),
            rises: floor
                .links
                .iter()
                .enumerate()
                .filter(|(_, link)| link.rises)
                .map(|(number, link)| (number, steps_of(link)))
                .collect(),
        }
    }

    fn risen_by(&self, done: &BTreeSet<usize>) -> BTreeSet<usize> {
        self.rises
            .iter()
            .filter(|(_, steps)| steps.iter().all(|step| done.contains(step)))
            .map(|(link, _)| *link)
            .collect()
    }
}

/// How many of `left` can each be given an element of its own.
fn largest_matching(left: &[BTreeSet<usize>]) -> usize {
    let mut graph: UnGraph<(), ()> = UnGraph::new_undirected();
    let mut right: BTreeMap<usize, NodeIndex> = BTreeMap::new();
    for choices in left {
        let node = graph.add_node(());
        for choice in choices {
            let other = *right.entry(*choice).or_insert_with(|| graph.add_node(()));
            graph.add_edge(node, other, ());
        }
    }
    petgraph::algo::maximum_matching(&graph).edges().count()
}
