//! Windows as guards: what they are is compared by their content, never by how some version of this program holds it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Names, touched};
use crate::plan::{GuardWeakened, WindowBecame};
use crate::resource::Call;
use crate::signature::sha256_hex;
use crate::spec::{DeclaredWindow, Spec};
use crate::state::{Guards, Touched, WindowGuard};
use crate::windows::{Verdict, When};

/// Returns the windows of a spec as guards, in its order.
pub(super) fn guards(spec: &Spec) -> Vec<WindowGuard> {
    spec.windows.iter().map(|declared| guard(spec, declared)).collect()
}

fn guard(spec: &Spec, declared: &DeclaredWindow) -> WindowGuard {
    let window = &declared.window;
    let covered = declared.covered.as_ref().map(|covered| {
        let entries = covered.iter().filter_map(|address| spec.interfaces.get(address));
        entries.map(touched).collect()
    });
    WindowGuard {
        name: window.name.to_string(),
        verdict: window.verdict,
        digest: digest(&window.when, &spec.time_zone.to_string()),
        calls: window.calls,
        covered,
    }
}

/// When a window is open, as people write it.
#[derive(Serialize)]
#[serde(untagged)]
enum Written<'a> {
    Daily { zone: &'a str, days: Vec<&'static str>, from: String, to: String },
    Once { start: String, end: String },
}

/// Returns a word for when a window is open: of a daily one, that depends on the zone.
fn digest(when: &When, zone: &str) -> String {
    let written = match when {
        When::Daily { days, from, to } => {
            Written::Daily { zone, days: days.words().collect(), from: from.to_string(), to: to.to_string() }
        }
        When::Once { start, end } => Written::Once { start: start.to_string(), end: end.to_string() },
    };
    let text = serde_json::to_string(&written).expect("it has string keys only");
    sha256_hex(text.as_bytes())[..16].to_owned()
}

/// Lists the windows that let more through than before, or at other times.
pub(super) fn weakened(before: &Guards, now: &Guards, names: &Names<'_>) -> Vec<GuardWeakened> {
    if before.windows.is_empty() {
        return of_former(before, now);
    }
    let mut found = Vec::new();
    let (was, is) = (by_name(&before.windows), by_name(&now.windows));
    for ((verdict, name), was) in &was {
        let became = match is.get(&(*verdict, *name)) {
            Some(is) => is_changed(*verdict, was, is, names).then_some(WindowBecame::Changed),
            None if *verdict == Verdict::Deny => Some(WindowBecame::Gone),
            // What no other window confines now is let through at any time.
            None => was.iter().any(|was| lets_loose(was, now, names)).then_some(WindowBecame::Gone),
        };
        found.extend(became.map(|became| window(*verdict, name, became)));
    }
    let new = is.keys().filter(|(verdict, name)| *verdict == Verdict::Allow && !was.contains_key(&(*verdict, *name)));
    found.extend(new.map(|(verdict, name)| window(*verdict, name, WindowBecame::New)));
    found
}

/// Compares with what a version recorded that kept no content: what changed it cannot tell.
fn of_former(before: &Guards, now: &Guards) -> Vec<GuardWeakened> {
    let is = by_name(&now.windows);
    let has = |verdict, name: &str| is.contains_key(&(verdict, name));
    let gone = |verdict| move |name: &String| window(verdict, name, WindowBecame::Gone);
    let denies = before.denies.keys().filter(|name| !has(Verdict::Deny, name)).map(gone(Verdict::Deny));
    let allows_none = !is.keys().any(|(verdict, _)| *verdict == Verdict::Allow);
    let allows = before.allows.keys().filter(|_| allows_none).map(gone(Verdict::Allow));
    let is_new = |(verdict, name): &&(Verdict, &str)| *verdict == Verdict::Allow && !before.allows.contains_key(*name);
    let new = is.keys().filter(is_new).map(|(verdict, name)| window(*verdict, name, WindowBecame::New));
    denies.chain(allows).chain(new).collect()
}

/// Gathers windows by what they say and what they are called; several may have one name.
fn by_name(windows: &[WindowGuard]) -> BTreeMap<(Verdict, &str), Vec<&WindowGuard>> {
    let mut named: BTreeMap<(Verdict, &str), Vec<&WindowGuard>> = BTreeMap::new();
    for window in windows {
        named.entry((window.verdict, &window.name)).or_default().push(window);
    }
    named
}

/// Returns whether windows of one name let through what they did not: others, at other times, or for other interfaces, but for
/// one that is new to the spec.
fn is_changed(verdict: Verdict, was: &[&WindowGuard], is: &[&WindowGuard], names: &Names<'_>) -> bool {
    let same = |one: &WindowGuard, other: &WindowGuard| one.digest == other.digest && one.calls == other.calls;
    if was.len() != is.len() || !was.iter().zip(is).all(|(was, is)| same(was, is)) {
        return true;
    }
    let left =
        |from: &WindowGuard, to: &WindowGuard, counts: &dyn Fn(&Touched) -> bool| match (&from.covered, &to.covered) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(from), Some(to)) => from.iter().any(|touched| counts(touched) && !to.contains(touched)),
        };
    was.iter().zip(is).any(|(was, is)| {
        let has_left = left(was, is, &|touched| names.is_declared(touched));
        let is_more = verdict == Verdict::Allow && left(is, was, &|touched| names.was_declared(touched));
        has_left || is_more
    })
}

/// Returns whether something that a window confined which is gone is confined by none now.
fn lets_loose(was: &WindowGuard, now: &Guards, names: &Names<'_>) -> bool {
    let calls = [Call::Activate, Call::Deactivate].into_iter().filter(|call| was.calls.is_none_or(|of| of == *call));
    let loose = |call: Call| {
        let allows = now.windows.iter().filter(|window| window.verdict == Verdict::Allow);
        let left: Vec<&WindowGuard> = allows.filter(|window| window.calls.is_none_or(|of| of == call)).collect();
        let is_confined = |touched: &Touched| {
            left.iter().any(|window| window.covered.as_ref().is_none_or(|covered| covered.contains(touched)))
        };
        match &was.covered {
            None => left.iter().all(|window| window.covered.is_some()),
            Some(covered) => covered.iter().any(|touched| names.is_declared(touched) && !is_confined(touched)),
        }
    };
    calls.into_iter().any(loose)
}

fn window(verdict: Verdict, name: &str, became: WindowBecame) -> GuardWeakened {
    GuardWeakened::Window { name: name.to_owned(), verdict, became }
}
