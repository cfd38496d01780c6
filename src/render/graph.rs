//! Dependencies, groups and steps as a graph, for graphviz, for Mermaid, as a picture, or as data.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;

use super::escape::escape_terminal;
use super::{json, svg};
use crate::plan::{Plan, StepId};
use crate::resource::{Address, DesiredStatus, GroupName, RouterInterfaceId, Scope, Status};
use crate::spec::Spec;

/// The version of the JSON form.
const FORMAT_VERSION: &str = "1.0";

/// What the graph is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `dot -Tsvg`.
    Dot,
    /// A fenced `mermaid` block.
    Mermaid,
    /// A browser.
    Svg,
    /// A program.
    Json,
}

/// The graph of a spec; with a plan also what is live and what would be done.
#[derive(Clone, Debug, Serialize)]
pub struct Graph<'a> {
    format_version: &'static str,
    nodes: Vec<Node<'a>>,
    groups: BTreeMap<&'a GroupName, Vec<&'a Address>>,
    depends_on: Vec<Edge<&'a Address>>,
    steps: Vec<&'a StepId>,
    order: Vec<Edge<&'a StepId>>,
}

#[derive(Clone, Debug, Serialize)]
struct Node<'a> {
    address: &'a Address,
    id: &'a RouterInterfaceId,
    #[serde(flatten)]
    scope: &'a Scope,
    declared: DesiredStatus,
    live: Option<&'a Status>,
    steps: Vec<&'a StepId>,
}

/// `from` needs `to`: a dependency, or a step that must have ended before.
#[derive(Clone, Copy, Debug, Serialize)]
struct Edge<T> {
    from: T,
    to: T,
}

impl<'a> Graph<'a> {
    /// Reads the graph off a spec and, where there is one, its plan.
    pub fn new(spec: &'a Spec, plan: Option<&'a Plan>) -> Self {
        let changes = plan.iter().flat_map(|plan| &plan.resource_changes);
        let live: BTreeMap<_, _> =
            changes.filter_map(|change| Some((&change.address, &change.change.before.as_ref()?.status))).collect();
        let steps = || plan.iter().flat_map(|plan| &plan.steps);
        let mut by_address: BTreeMap<&Address, Vec<&StepId>> = BTreeMap::new();
        for step in steps() {
            by_address.entry(&step.address).or_default().push(&step.id);
        }
        let nodes = spec.interfaces.iter().map(|(address, entry)| Node {
            address,
            id: &entry.id.value,
            scope: &entry.scope,
            declared: entry.status.value,
            live: live.get(address).copied(),
            steps: by_address.remove(address).unwrap_or_default(),
        });
        let edges = spec.interfaces.iter();
        let edges = edges.flat_map(|(from, entry)| entry.needed().map(move |to| Edge { from, to }));
        Self {
            format_version: FORMAT_VERSION,
            nodes: nodes.collect(),
            groups: spec.groups.iter().map(|(name, group)| (name, group.members.iter().collect())).collect(),
            depends_on: edges.collect(),
            steps: steps().map(|step| &step.id).collect(),
            order: steps()
                .flat_map(|step| step.after.iter().map(|before| Edge { from: &step.id, to: before }))
                .collect(),
        }
    }

    /// Keeps to these interfaces, and to what is between them.
    #[must_use]
    pub fn only(mut self, addresses: &BTreeSet<Address>) -> Self {
        self.nodes.retain(|node| addresses.contains(node.address));
        self.groups.retain(|_, members| {
            members.retain(|member| addresses.contains(*member));
            !members.is_empty()
        });
        self.depends_on.retain(|edge| addresses.contains(edge.from) && addresses.contains(edge.to));
        let steps: BTreeSet<&StepId> = self.nodes.iter().flat_map(|node| node.steps.iter().copied()).collect();
        self.steps.retain(|step| steps.contains(step));
        self.order.retain(|edge| steps.contains(edge.from) && steps.contains(edge.to));
        self
    }

    /// Writes the graph.
    pub fn write<W: Write + ?Sized>(&self, out: &mut W, format: Format) -> io::Result<()> {
        match format {
            Format::Dot => out.write_all(self.dot().as_bytes()),
            Format::Mermaid => out.write_all(self.mermaid().as_bytes()),
            Format::Svg => out.write_all(self.svg().as_bytes()),
            Format::Json => json::line(out, self),
        }
    }

    fn dot(&self) -> String {
        let inert = |text: &str| escape_terminal(text).replace('\\', "\\\\").replace('"', "\\\"");
        let quoted = |text: &str| format!("\"{}\"", inert(text));
        let mut dot = String::from("digraph rictl {\n  rankdir=BT;\n  node [shape=box];\n");
        let mut line = |text: String| writeln!(dot, "{text}").expect("writing to a String cannot fail");
        for (number, (group, members)) in self.groups.iter().enumerate() {
            line(format!("  subgraph cluster_{number} {{\n    label={};", quoted(group.as_str())));
            members.iter().for_each(|member| line(format!("    {};", quoted(member.as_str()))));
            line("  }".to_owned());
        }
        for node in &self.nodes {
            let (address, note) = (inert(node.address.as_str()), inert(&node.note()));
            line(format!("  \"{address}\" [label=\"{address}\\n{note}\"];"));
        }
        for edge in &self.depends_on {
            line(format!("  {} -> {};", quoted(edge.from.as_str()), quoted(edge.to.as_str())));
        }
        for step in &self.steps {
            line(format!("  {} [shape=ellipse];", quoted(&step.0)));
        }
        for edge in &self.order {
            line(format!("  {} -> {} [style=dashed];", quoted(&edge.from.0), quoted(&edge.to.0)));
        }
        dot.push_str("}\n");
        dot
    }

    fn mermaid(&self) -> String {
        let numbers: BTreeMap<&Address, usize> = self.numbers();
        let steps: BTreeMap<&StepId, usize> = self.steps.iter().enumerate().map(|(number, id)| (*id, number)).collect();
        let mut text = String::from("flowchart BT\n");
        let mut line = |row: String| writeln!(text, "{row}").expect("writing to a String cannot fail");
        for node in &self.nodes {
            let label = entities(&format!("{}: {}", node.address, node.note()));
            line(format!("  n{}[\"{label}\"]", numbers[node.address]));
        }
        for (number, (group, members)) in self.groups.iter().enumerate() {
            line(format!("  subgraph g{number}[\"{}\"]", entities(group.as_str())));
            for member in members.iter().filter_map(|member| numbers.get(member)) {
                line(format!("    n{member}"));
            }
            line("  end".to_owned());
        }
        for edge in &self.depends_on {
            if let (Some(from), Some(to)) = (numbers.get(edge.from), numbers.get(edge.to)) {
                line(format!("  n{from} --> n{to}"));
            }
        }
        for (id, number) in &steps {
            line(format!("  s{number}([\"{}\"])", entities(&id.0)));
        }
        for edge in &self.order {
            if let (Some(from), Some(to)) = (steps.get(edge.from), steps.get(edge.to)) {
                line(format!("  s{from} -.-> s{to}"));
            }
        }
        text
    }

    fn svg(&self) -> String {
        let numbers = self.numbers();
        let needs = self.depends_on.iter();
        let needs = needs.filter_map(|edge| Some((*numbers.get(edge.to)?, *numbers.get(edge.from)?)));
        let steps: BTreeMap<&StepId, usize> =
            self.steps.iter().zip(self.nodes.len()..).map(|(id, at)| (*id, at)).collect();
        let order = self.order.iter().filter_map(|edge| Some((*steps.get(edge.to)?, *steps.get(edge.from)?)));
        let arrow = |is_order| move |(from, to)| svg::Arrow { from, to, is_order };
        let arrows: Vec<svg::Arrow> = needs.map(arrow(false)).chain(order.map(arrow(true))).collect();
        let groups: BTreeMap<&Address, &GroupName> = self
            .groups
            .iter()
            .flat_map(|(group, members)| members.iter().map(move |member| (*member, *group)))
            .collect();
        let group = |node: &Node<'_>| groups.get(node.address).map(|group| format!("in {group}")).unwrap_or_default();
        let things = self.nodes.iter().map(|node| [node.address.to_string(), node.note(), group(node)]);
        let things = things.map(|lines| svg::Node { lines, is_step: false });
        let step =
            |id: &&StepId| svg::Node { lines: [id.to_string(), "step".to_owned(), String::new()], is_step: true };
        let boxes: Vec<svg::Node> = things.chain(self.steps.iter().map(step)).collect();
        svg::layered(&boxes, &self.layers(&arrows), &arrows)
    }

    /// Lays out the interfaces, what is needed above what needs it, and below them the steps in their order.
    fn layers(&self, arrows: &[svg::Arrow]) -> Vec<Vec<usize>> {
        let edges: Vec<(usize, usize)> = arrows.iter().map(|arrow| (arrow.from, arrow.to)).collect();
        let mut layers: BTreeMap<(bool, usize), Vec<usize>> = BTreeMap::new();
        for (at, depth) in depths(self.nodes.len() + self.steps.len(), &edges).into_iter().enumerate() {
            layers.entry((at >= self.nodes.len(), depth)).or_default().push(at);
        }
        layers.into_values().collect()
    }

    fn numbers(&self) -> BTreeMap<&'a Address, usize> {
        self.nodes.iter().enumerate().map(|(number, node)| (node.address, number)).collect()
    }
}

impl Node<'_> {
    fn note(&self) -> String {
        match self.live {
            Some(live) if *live != self.declared.status() => format!("{live}, wants {}", self.declared),
            _ => self.declared.to_string(),
        }
    }
}

/// Returns the length of the longest path to each node. A spec has no cycles; nodes of one would stay where they are.
fn depths(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    let mut open = vec![0_usize; nodes];
    for (from, to) in edges {
        next[*from].push(*to);
        open[*to] += 1;
    }
    let mut depths = vec![0; nodes];
    let mut ready: Vec<usize> = (0..nodes).filter(|node| open[*node] == 0).collect();
    while let Some(node) = ready.pop() {
        for to in &next[node] {
            depths[*to] = depths[*to].max(depths[node] + 1);
            open[*to] -= 1;
            if open[*to] == 0 {
                ready.push(*to);
            }
        }
    }
    depths
}

/// Writes everything but plain letters and digits as Mermaid's character codes.
fn entities(text: &str) -> String {
    let mut label = String::new();
    for character in escape_terminal(text).chars() {
        if character.is_alphanumeric() || matches!(character, ' ' | '-' | '.') {
            label.push(character);
        } else {
            write!(label, "#{};", u32::from(character)).expect("writing to a String cannot fail");
        }
    }
    label
}

#[cfg(test)]
mod tests;
