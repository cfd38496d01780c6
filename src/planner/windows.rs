//! Windows: which calls may not be sent now, and what each step's call is judged by before it is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::plan::{ActionReason, BlockReason, OverriddenWindows, PlanOptions, Warning};
use crate::resource::{Address, Call, GroupName};
use crate::spec::Spec;
use crate::windows::{Closed, Gate, Verdict, Window};

use super::draft::Draft;
use super::pairs::Pairs;
use super::subject::{SubjectNumber, Subjects};

/// What windows say of a plan.
#[derive(Default)]
pub(super) struct Held {
    /// Of each interface that a call is sent to, the windows that cover it.
    pub(super) gates: BTreeMap<Address, Gate>,
    /// The windows that hold something back, and were overridden.
    pub(super) overridden: Option<OverriddenWindows>,
}

impl Held {
    /// Warns of what was overridden.
    pub(super) fn warning(&self) -> Option<Warning> {
        let OverriddenWindows { reason, windows } = self.overridden.clone()?;
        Some(Warning::WindowsOverridden { windows, reason })
    }
}

/// The windows that cover a call, by their places in the spec.
type Covering = Vec<usize>;

/// Blocks what windows hold back at the time of the plan. A way back is exempt, and an Activate in a group that is below its
/// floor.
pub(super) fn hold(
    spec: &Spec,
    subjects: &Subjects<'_>,
    pairs: &Pairs,
    options: &PlanOptions,
    draft: &mut Draft,
) -> Held {
    let mut held = Held::default();
    if spec.windows.is_empty() || options.is_way_back() {
        return held;
    }
    let below = below_their_floors(spec, subjects, pairs);
    let mut judged: BTreeMap<Covering, (Gate, Result<(), Closed>)> = BTreeMap::new();
    let mut overridden: BTreeSet<usize> = BTreeSet::new();
    let changing: Vec<SubjectNumber> = subjects.numbers().filter(|number| draft.changes(*number)).collect();
    for number in changing {
        let call = if draft.deactivates(number) { Call::Deactivate } else { Call::Activate };
        let sides = together(subjects, pairs, number);
        let is_in_need = |side: &SubjectNumber| {
            subjects[*side].declared.group.as_ref().is_some_and(|group| below.contains(&group.value))
        };
        if call == Call::Activate && sides.iter().any(is_in_need) {
            continue;
        }
        let mut covering = covering(spec, sides.iter().map(|side| subjects[*side].address), call);
        if subjects[number].reason() == ActionReason::ChangeEnded {
            // The return of a change waits for no allow window; a deny window holds it.
            covering.retain(|place| spec.windows[*place].window.verdict == Verdict::Deny);
        }
        let (gate, verdict) = judged.entry(covering).or_insert_with_key(|covering| {
            let windows = covering.iter().map(|place| spec.windows[*place].window.clone()).collect();
            let gate = Gate::new(spec.time_zone.clone(), windows);
            let verdict = gate.judge(options.moment());
            if verdict.is_err() && options.override_window.is_some() {
                let holding = gate.all_holding(options.moment());
                let holds =
                    |place: &&usize| holding.iter().any(|held| Arc::ptr_eq(held, &spec.windows[**place].window));
                overridden.extend(covering.iter().filter(holds).copied());
            }
            (gate, verdict)
        });
        if let (Err(Closed { window, opens_at }), None) = (verdict, &options.override_window) {
            let reason = BlockReason::Window { window: window.to_string(), opens_at: *opens_at };
            draft.block(&subjects[number], number, reason);
            continue;
        }
        if !gate.is_free() {
            held.gates.insert(subjects[number].address.clone(), gate.clone());
        }
    }
    if let Some(reason) = options.override_window.as_ref().filter(|_| !overridden.is_empty()) {
        let is_overridden =
            |window: &Arc<Window>| overridden.iter().any(|place| Arc::ptr_eq(window, &spec.windows[*place].window));
        held.gates = held
            .gates
            .into_iter()
            .map(|(address, gate)| (address, gate.without(|window| is_overridden(window))))
            .filter(|(_, gate)| !gate.is_free())
            .collect();
        // Two of one name are two.
        let mut windows: Vec<String> =
            overridden.iter().map(|place| spec.windows[*place].window.name.to_string()).collect();
        windows.sort();
        held.overridden = Some(OverriddenWindows { reason: reason.clone(), windows });
    }
    held
}

/// Returns an interface, and the other end of its link where both are to go to one status: a window over one covers both.
fn together(subjects: &Subjects<'_>, pairs: &Pairs, number: SubjectNumber) -> Vec<SubjectNumber> {
    let goes_along = |peer: &SubjectNumber| subjects[*peer].desired() == subjects[number].desired();
    std::iter::once(number).chain(pairs.peer(number).filter(goes_along)).collect()
}

fn covering<'s>(spec: &Spec, sides: impl Iterator<Item = &'s Address>, call: Call) -> Covering {
    let sides: Vec<&Address> = sides.collect();
    let windows = spec.windows.iter().enumerate();
    let covers = windows.filter(|(_, window)| sides.iter().any(|side| window.covers(side, call)));
    covers.map(|(place, _)| place).collect()
}

fn below_their_floors(spec: &Spec, subjects: &Subjects<'_>, pairs: &Pairs) -> BTreeSet<GroupName> {
    let groups = subjects.group_health(spec, |number| pairs.peer(number), &|_| None);
    groups.into_iter().filter(|group| group.below).map(|group| group.name).collect()
}
