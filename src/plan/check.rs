//! An inspector of finished plans that shares nothing with the planner's guards.
//!
//! It asks what has to hold of any plan, wherever it came from: names resolve, nothing waits for itself, no step
//! touches what is blocked, the sides of a link go down one after the other, and no order that the edges allow takes a
//! group below its floor or a route its next hops. The last is bounded, not enumerated: for each Deactivate, the worst moment to send it is
//! found by a largest matching.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::graph::{DiGraph, NodeIndex, UnGraph};
use petgraph::visit::{Dfs, Reversed};

use super::{Action, Floor, FloorLink, Goal, Plan, RouteLeft, Step, StepId};
use crate::resource::{Address, Call, GroupName};

/// A promise that a plan does not keep. From a plan that this tool made it is a bug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenPromise {
    /// Two steps of one name.
    #[error("step {0} stands twice")]
    Twice(StepId),
    /// An edge from nowhere.
    #[error("step {step} waits for {before}, which does not exist")]
    NoSuchStep {
        /// The step.
        step: StepId,
        /// What it waits for.
        before: StepId,
    },
    /// A cycle.
    #[error("step {0} waits for itself")]
    Cycle(StepId),
    /// A step for what the plan does not list.
    #[error("step {0} is for an interface that the plan does not list")]
    Unlisted(StepId),
    /// A step for what is blocked.
    #[error("step {0} is for a blocked interface")]
    Blocked(StepId),
    /// A step for what is left alone.
    #[error("step {0} is for an interface that is left alone")]
    LeftAlone(StepId),
    /// The sides of a link go down together.
    #[error("{one} and {other} are the two sides of one link, and neither waits for the other")]
    SidesTogether {
        /// One side's step.
        one: StepId,
        /// The other's.
        other: StepId,
    },
    /// What is said to remain of a route does not.
    #[error("{step} is said to leave {prefix} in {table} with {hop}, which does not remain")]
    Route {
        /// The Deactivate.
        step: StepId,
        /// The destination.
        prefix: Box<str>,
        /// The route table.
        table: Box<str>,
        /// What is said to remain.
        hop: Address,
    },
    /// An allowed order takes a group below its floor.
    #[error("{step} may be sent with {up} other links of {group} up, floor {floor}")]
    Floor {
        /// The Deactivate.
        step: StepId,
        /// How many other links can be up when it is sent.
        up: usize,
        /// The group.
        group: GroupName,
        /// How many have to be up.
        floor: usize,
    },
}

impl Plan {
    /// Inspects the plan.
    ///
    /// # Errors
    /// Every promise that the plan does not keep.
    pub fn check(&self) -> Result<(), Vec<BrokenPromise>> {
        let order = Order::new(self)?;
        let mut faults = order.faults(self);
        faults.extend(self.floors.iter().flat_map(|floor| order.broken_by(floor)));
        faults.extend(order.routes_broken(&self.routes));
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

/// The steps as a graph; a node is the position of its step.
struct Order<'a> {
    steps: &'a [Step],
    graph: DiGraph<(), ()>,
    of: HashMap<&'a Address, Vec<usize>>,
}

impl<'a> Order<'a> {
    fn new(plan: &'a Plan) -> Result<Self, Vec<BrokenPromise>> {
        let mut graph = DiGraph::new();
        let mut nodes: HashMap<&StepId, NodeIndex> = HashMap::with_capacity(plan.steps.len());
        let mut of: HashMap<&Address, Vec<usize>> = HashMap::with_capacity(plan.steps.len());
        for (number, step) in plan.steps.iter().enumerate() {
            of.entry(&step.address).or_default().push(number);
            if nodes.insert(&step.id, graph.add_node(())).is_some() {
                return Err(vec![BrokenPromise::Twice(step.id.clone())]);
            }
        }
        for step in &plan.steps {
            for before in &step.after {
                let Some(node) = nodes.get(before) else {
                    return Err(vec![BrokenPromise::NoSuchStep { step: step.id.clone(), before: before.clone() }]);
                };
                // One that stands twice says nothing more, and to look for it costs what the node has.
                graph.add_edge(*node, nodes[&step.id], ());
            }
        }
        if let Err(cycle) = petgraph::algo::toposort(&graph, None) {
            return Err(vec![BrokenPromise::Cycle(plan.steps[cycle.node_id().index()].id.clone())]);
        }
        Ok(Self { steps: &plan.steps, graph, of })
    }

    fn faults(&self, plan: &Plan) -> Vec<BrokenPromise> {
        let blocked: BTreeSet<&Address> = plan.blocked.iter().map(|blocked| &blocked.address).collect();
        let left_alone: BTreeSet<&Address> = plan.left_alone.iter().map(|left| &left.address).collect();
        self.steps
            .iter()
            .filter_map(|step| {
                if plan.change(&step.address).is_none() {
                    Some(BrokenPromise::Unlisted(step.id.clone()))
                } else if blocked.contains(&step.address) {
                    Some(BrokenPromise::Blocked(step.id.clone()))
                } else if left_alone.contains(&step.address) {
                    Some(BrokenPromise::LeftAlone(step.id.clone()))
                } else {
                    None
                }
            })
            .collect()
    }

    /// Every step that must be done before another.
    fn before(&self, step: usize) -> BTreeSet<usize> {
        let reversed = Reversed(&self.graph);
        let mut search = Dfs::new(reversed, NodeIndex::new(step));
        std::iter::from_fn(|| search.next(reversed)).map(NodeIndex::index).filter(|other| *other != step).collect()
    }

    /// Names what some allowed order does to a floor, call by call.
    fn broken_by(&self, floor: &Floor) -> Vec<BrokenPromise> {
        let mut rises = Rises::default();
        let mut calls: Vec<Deactivation> = Vec::new();
        for (number, link) in floor.links.iter().enumerate() {
            let steps = link.sides.iter().filter_map(|side| self.of.get(&side.address)).flatten().copied();
            let (down, up): (Vec<usize>, Vec<usize>) =
                steps.partition(|step| self.steps[*step].action == Action::Call(Call::Deactivate));
            if link.rises {
                rises.add(number, &up);
            }
            calls.extend(down.iter().map(|step| {
                let before = self.before(*step);
                let is_first = !down.iter().any(|other| before.contains(other));
                Deactivation { link: number, step: *step, is_first, before, risen: BTreeSet::new() }
            }));
        }
        for call in &mut calls {
            call.risen = rises.done_in(&call.before);
        }
        self.judge(floor, &calls)
    }

    /// Returns whether a link is out, and stays so whatever the plan does.
    fn is_out(&self, link: &FloorLink) -> bool {
        let steps = link.sides.iter().filter_map(|side| self.of.get(&side.address)).flatten();
        link.out && !link.up && steps.into_iter().all(|step| self.steps[*step].goal == Goal::Inactive)
    }

    fn judge(&self, floor: &Floor, calls: &[Deactivation]) -> Vec<BrokenPromise> {
        let up = floor.links.iter().filter(|link| link.up).count();
        let min_up = floor.min_up as usize;
        let firsts: Vec<&Deactivation> = calls.iter().filter(|call| call.is_first).collect();
        if let Some(pair) = firsts.windows(2).find(|pair| pair[0].link == pair[1].link) {
            let [one, other] = [pair[0].step, pair[1].step].map(|step| self.steps[step].id.clone());
            return vec![BrokenPromise::SidesTogether { one, other }];
        }
        let falling: Vec<&Deactivation> = firsts.into_iter().filter(|call| floor.links[call.link].up).collect();
        // No order takes down more than cannot each be given a link of their own that comes up before.
        let most_down = falling.len() - largest_matching(falling.iter().map(|call| &call.risen));
        if up >= min_up + most_down {
            return Vec::new();
        }
        // Nothing that was up goes down, nor does anything that could come up: a link that is out takes nothing, once all
        // that comes up has.
        let rises = floor.links.iter().filter(|link| link.rises).count();
        let takes_nothing = |call: &Deactivation| {
            falling.is_empty() && call.risen.len() == rises && self.is_out(&floor.links[call.link])
        };
        let worst = calls.iter().map(|call| (call, fewest_others_up(floor, call, &falling, up)));
        worst
            .filter(|(call, worst)| *worst < min_up && !takes_nothing(call))
            .map(|(call, up)| {
                let (step, group) = (self.steps[call.step].id.clone(), floor.group.clone());
                BrokenPromise::Floor { step, up, group, floor: min_up }
            })
            .collect()
    }
}

impl Order<'_> {
    /// Finds what is said to remain of a route although a step takes it down, or brings it up and nothing that goes down waits
    /// for that.
    fn routes_broken(&self, routes: &[RouteLeft]) -> Vec<BrokenPromise> {
        let mut awaited: BTreeMap<usize, bool> = BTreeMap::new();
        let mut faults = Vec::new();
        for left in routes {
            let Some(own) = self.call_to(&left.address, Call::Deactivate) else { continue };
            for hop in left.remains.iter().filter_map(|hop| hop.address.as_ref()) {
                let rise = self.last_step(hop).filter(|step| self.steps[*step].goal == Goal::Active);
                let is_awaited =
                    rise.is_none_or(|rise| *awaited.entry(rise).or_insert_with(|| self.is_awaited_to_fall(rise)));
                if self.call_to(hop, Call::Deactivate).is_some() || !is_awaited {
                    faults.push(BrokenPromise::Route {
                        step: self.steps[own].id.clone(),
                        prefix: left.prefix.clone(),
                        table: left.table.clone(),
                        hop: hop.clone(),
                    });
                }
            }
        }
        faults
    }

    fn call_to(&self, address: &Address, call: Call) -> Option<usize> {
        let mut own = self.of.get(address)?.iter().copied();
        own.rfind(|step| self.steps[*step].action == Action::Call(call))
    }

    fn last_step(&self, address: &Address) -> Option<usize> {
        self.of.get(address)?.last().copied()
    }

    /// Returns whether something goes down behind a step, which may be what leads over the same route by its other end.
    fn is_awaited_to_fall(&self, rise: usize) -> bool {
        let mut search = Dfs::new(&self.graph, NodeIndex::new(rise));
        while let Some(node) = search.next(&self.graph) {
            if self.steps[node.index()].action == Action::Call(Call::Deactivate) {
                return true;
            }
        }
        false
    }
}

/// The Deactivate of one side of a link.
struct Deactivation {
    link: usize,
    step: usize,
    /// No other side goes down before.
    is_first: bool,
    /// The steps that are done before.
    before: BTreeSet<usize>,
    /// The links that have come up before.
    risen: BTreeSet<usize>,
}

/// The links that come up, by the steps that bring them up.
#[derive(Default)]
struct Rises {
    link_of: BTreeMap<usize, usize>,
    steps: BTreeMap<usize, usize>,
}

impl Rises {
    fn add(&mut self, link: usize, steps: &[usize]) {
        self.link_of.extend(steps.iter().map(|step| (*step, link)));
        self.steps.insert(link, steps.len());
    }

    /// The links that are up once `done` is.
    fn done_in(&self, done: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for link in done.iter().filter_map(|step| self.link_of.get(step)) {
            *counts.entry(*link).or_default() += 1;
        }
        counts.into_iter().filter(|(link, count)| self.steps[link] == *count).map(|(link, _)| link).collect()
    }
}

/// The fewest other links that can be up when `call` is sent, over all allowed orders.
fn fewest_others_up(floor: &Floor, call: &Deactivation, falling: &[&Deactivation], up: usize) -> usize {
    // What can have been sent before it, and which further links that needs to have come up.
    let rivals = falling.iter().filter(|other| other.link != call.link && !other.before.contains(&call.step));
    let needed: Vec<BTreeSet<usize>> =
        rivals.map(|rival| rival.risen.difference(&call.risen).copied().collect()).collect();
    let others_up = up - usize::from(floor.links[call.link].up);
    others_up + call.risen.len() + largest_matching(&needed) - needed.len()
}

/// How many of `left` can each be given an element of its own.
fn largest_matching<'a>(left: impl IntoIterator<Item = &'a BTreeSet<usize>>) -> usize {
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
