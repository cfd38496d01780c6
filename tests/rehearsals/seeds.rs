//! Many worlds: what a rehearsal says of each is what the real run then does.

#![allow(clippy::print_stdout, reason = "prints what it counted")]

use std::time::Duration;

use rictl::duration::milliseconds;
use rictl::ops::rehearse::lowest;
use rictl::run::Lowest;

use super::case::{Came, Case, came, epoch};

/// Says on how many worlds, and which; `REHEARSAL_SEED` is the one that is shown.
fn seeds() -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().map(|number: String| number.parse::<u64>().unwrap());
    match number("REHEARSAL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..number("REHEARSAL_SEEDS").unwrap_or(60) + 1,
    }
}

/// One world, played twice.
struct Pair {
    seed: u64,
    said: (Came, Vec<Lowest>),
    real: (Came, Vec<Lowest>),
    /// What a rehearsal would say that counts at the end only.
    at_the_end: Vec<Lowest>,
    /// What it would say to which nothing is recorded.
    unrecorded: (Came, Vec<Lowest>),
    assumes: bool,
}

fn pairs() -> Vec<Pair> {
    let pair = |seed| {
        let case = Case::new(seed);
        let (rehearsed, live, project) = case.rehearsed(true)?;
        let end = epoch() + jiff::SignedDuration::try_from(rehearsed.duration).unwrap();
        let (blind, ..) = case.rehearsed(false)?;
        Some(Pair {
            seed,
            real: case.real(),
            at_the_end: lowest(&project.spec, &live, &rehearsed.world, (end, end)),
            unrecorded: (came(&blind.applied, blind.duration), blind.groups),
            assumes: !rehearsed.assumed.is_empty(),
            said: (came(&rehearsed.applied, rehearsed.duration), rehearsed.groups),
        })
    };
    seeds().filter_map(pair).collect()
}

#[test]
fn what_is_said_of_a_run_is_what_it_does() {
    let pairs = pairs();
    for pair in &pairs {
        let spec = || Case::new(pair.seed).spec();
        assert_eq!(pair.said, pair.real, "REHEARSAL_SEED={}\n{}", pair.seed, spec());
    }
    let count = |is: &dyn Fn(&Pair) -> bool| pairs.iter().filter(|pair| is(pair)).count();
    let falls = |group: &Lowest| group.lowest < group.end;
    let summary = format!(
        "{} worlds, {} with a run, {} that failed, {} with a group that falls and rises, {} with assumed times; \
         caught: {} by counting at the end only, {} without what is recorded; longest {}s, {} steps",
        pairs.len(),
        count(&|pair| pair.said.0.exit.is_some()),
        count(&|pair| pair.said.0.exit.is_some_and(|exit| exit != 0)),
        count(&|pair| pair.said.1.iter().any(falls)),
        count(&|pair| pair.assumes),
        count(&|pair| lows(&pair.at_the_end) != lows(&pair.real.1)),
        count(&|pair| pair.unrecorded != pair.real),
        pairs.iter().map(|pair| pair.real.0.took).max().unwrap_or(Duration::ZERO).as_secs(),
        pairs.iter().map(|pair| pair.real.0.steps.len()).sum::<usize>(),
    );
    println!("{summary}");
    if pairs.len() > 30 {
        // What would not be noticed here is not shown here.
        assert!(count(&|pair| pair.said.0.exit.is_some()) * 2 > pairs.len(), "{summary}");
        assert!(count(&|pair| pair.said.0.exit == Some(5)) > 3, "{summary}");
        assert!(count(&|pair| lows(&pair.at_the_end) != lows(&pair.real.1)) > 3, "{summary}");
        assert!(count(&|pair| pair.unrecorded != pair.real) > 3, "{summary}");
        let is_late = |group: &Lowest| group.at_ms.is_some_and(|at| at > 0);
        assert!(count(&|pair| pair.said.1.iter().any(is_late)) > 3, "{summary}");
        assert!(count(&|pair| pair.assumes) > 3, "{summary}");
    }
}

/// The fewest that were up of each group.
fn lows(groups: &[Lowest]) -> Vec<Option<u32>> {
    groups.iter().map(|group| group.lowest).collect()
}

#[test]
fn a_rehearsal_says_the_same_twice() {
    for seed in 1..6 {
        let said = || {
            let (rehearsed, ..) = Case::new(seed).rehearsed(true)?;
            Some((came(&rehearsed.applied, rehearsed.duration), rehearsed.groups))
        };
        assert_eq!(said(), said(), "{seed}");
        let said = said().map(|(came, _)| milliseconds(came.took));
        assert!(said.is_none_or(|took| took < 3_600_000), "{seed}");
    }
}
