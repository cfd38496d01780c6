//! What windows and changes mean, once the time zone and all interfaces are known.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::calendar::{Written, WrittenError, Zone};
use crate::resource::{Address, ChangeName};
use crate::selector::{Fault, Field, Selector};
use crate::spec::decode::Draft;
use crate::spec::decode::change::ChangeDraft;
use crate::spec::decode::window::{WhenDraft, WindowDraft};
use crate::spec::fields::Path;
use crate::spec::finding::{Code, Finding, ValueFault, WholeFault};
use crate::spec::findings::Findings;
use crate::spec::{Change, DeclaredWindow, Placed, read, selection};
use crate::windows::{When, Window};

/// What depends on the whole.
pub(super) struct Resolved {
    pub(super) windows: Vec<DeclaredWindow>,
    pub(super) changes: BTreeMap<ChangeName, Change>,
}

/// Resolves times and selectors.
pub(super) fn resolve(draft: &mut Draft, findings: &mut Findings) -> Resolved {
    let (windows, changes) = (std::mem::take(&mut draft.windows), std::mem::take(&mut draft.changes));
    if windows.is_empty() && changes.is_empty() {
        return Resolved { windows: Vec::new(), changes: BTreeMap::new() };
    }
    let zone = draft.zone();
    // With an interface or a group missing, what is said of a selector would be a guess.
    let knows = !draft.misspelt.may_mean("interfaces") && !draft.misspelt.may_mean("groups");
    let field = selection::field(&draft.interfaces, &draft.groups, &draft.cloud);
    let resolver = Resolver { zone: &zone, field, knows };
    let changes: BTreeMap<ChangeName, Change> =
        changes.into_iter().map(|(name, change)| (name.clone(), resolver.change(&name, change, findings))).collect();
    let about = changes.iter().map(|(name, change)| (name.as_str(), &*change.selected));
    let resolver = Resolver { field: resolver.field.with_changes(about), ..resolver };
    let windows = windows.into_iter().filter_map(|(path, window)| resolver.window(&path, window, findings)).collect();
    Resolved { windows, changes }
}

struct Resolver<'d> {
    zone: &'d Zone,
    field: Field<'d>,
    knows: bool,
}

impl Resolver<'_> {
    fn change(&self, name: &ChangeName, draft: ChangeDraft, findings: &mut Findings) -> Change {
        let changes = Path::root("changes");
        let path = changes.then(name.as_str());
        let by_change = draft.select.iter().find(|selector| selector.value.asks_for_changes());
        if let Some(Placed { value: selector, place }) = by_change {
            findings.report(Code::SelectsByChange, *place, || {
                let (at, selector) = (path.then("select").to_string(), selector.clone());
                Finding::Whole(WholeFault::SelectsByChange { at, selector })
            });
        }
        let (selected, missed) =
            if by_change.is_none() && self.knows { self.select(&draft.select) } else { Default::default() };
        let is_plain = draft.select.iter().all(|selector| selector.value.is_name());
        let is_known = self.knows && draft.is_whole && by_change.is_none() && missed.is_empty();
        if draft.expect.is_none() && !is_plain && is_known {
            findings.report(Code::NoExpect, draft.place, || {
                Finding::Whole(WholeFault::NoExpect { change: name.clone(), found: selected.len() })
            });
        }
        let from = self.moment(path.then("from"), draft.from.as_ref(), findings);
        let until = self.moment(path.then("until"), draft.until.as_ref(), findings);
        if let (Some(from), Some(until)) = (&from, &until)
            && until.value <= from.value
        {
            read::refuse(path.then("until"), until.place, ValueFault::NotLater { than: "from" }, findings);
        }
        Change {
            reason: draft.reason,
            select: draft.select,
            selected,
            missed,
            // Of a selection that was read in part the number would be a guess.
            expect: draft.expect.filter(|_| draft.is_whole),
            status: draft.status,
            from,
            until,
            owner: draft.owner,
            place: draft.place,
        }
    }

    fn window(&self, path: &str, draft: WindowDraft, findings: &mut Findings) -> Option<DeclaredWindow> {
        let at = Path::root(path);
        let when = match draft.when {
            WhenDraft::Daily { days, from, to } => When::Daily { days, from, to },
            WhenDraft::Once { start, end } => {
                let (one, other) = (start.value.instants(self.zone), end.value.instants(self.zone));
                if other.later() <= one.earlier() {
                    read::refuse(at.then("end"), end.place, ValueFault::NotLater { than: "start" }, findings);
                    return None;
                }
                let (start, end) = draft.verdict.span(one, other);
                When::Once { start, end }
            }
        };
        let covered = draft.covered.map(|selectors| {
            let (covered, missed) = if self.knows { self.select(&selectors) } else { Default::default() };
            for (selector, fault) in missed {
                findings.report(Code::SelectsNothing, selector.place, || {
                    Finding::Whole(WholeFault::SelectsNothing { at: at.then("for").to_string(), fault })
                });
            }
            covered
        });
        let window = Window { name: draft.name, verdict: draft.verdict, when, calls: draft.calls };
        // What is wrong with its times leaves it without any.
        if window.denies_always() && findings.has_no_error() {
            findings.report(Code::AlwaysDenied, draft.place, || {
                Finding::Whole(WholeFault::AlwaysDenied { window: window.name.clone() })
            });
        }
        Some(DeclaredWindow { window: Arc::new(window), covered, place: draft.place })
    }

    /// Returns what selectors mean together, and which of them mean nothing.
    fn select(&self, selectors: &[Placed<Selector>]) -> (Vec<Address>, Vec<(Placed<Selector>, Fault)>) {
        let (mut places, mut missed) = (Vec::new(), Vec::new());
        for selector in selectors {
            match self.field.select(&selector.value) {
                Ok(found) => places.extend(found),
                Err(fault) => missed.push((selector.clone(), fault)),
            }
        }
        places.sort_unstable();
        places.dedup();
        (places.into_iter().map(|place| self.field.address(place).clone()).collect(), missed)
    }

    fn moment(
        &self,
        path: Path<'_>,
        written: Option<&Placed<Written>>,
        findings: &mut Findings,
    ) -> Option<Placed<Timestamp>> {
        let Placed { value, place } = written?;
        if value.is_too_far() {
            let fault = ValueFault::NotATime { text: value.to_string(), why: WrittenError::TooFar };
            read::refuse(path, *place, fault, findings);
            return None;
        }
        match value.at(self.zone) {
            Ok(at) => Some(Placed { value: at, place: *place }),
            Err(ways) => {
                read::refuse(path, *place, ValueFault::Twice { text: value.to_string(), ways }, findings);
                None
            }
        }
    }
}
