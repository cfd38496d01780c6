//! What a saved plan says otherwise than the plan made again, in words.

use std::time::Duration;

use jiff::Timestamp;

use crate::calendar::Zone;
use crate::duration;
use crate::language::say;
use crate::plan::{Difference, Returning, Sides, StepPart};

/// Says what a saved plan would do otherwise than the plan made again, and what each says.
pub(crate) fn difference(difference: &Difference, zone: &Zone) -> String {
    let ms = |ms: &u64| duration::format(Duration::from_millis(*ms));
    match difference {
        Difference::OnlySaved(step) => {
            say!("the saved plan has the step {step}, which the spec does not give now", step)
        }
        Difference::OnlyNow(step) => {
            say!("the spec gives the step {step} now, which the saved plan does not have", step)
        }
        Difference::Order => {
            say!("the saved plan has the steps in another order than the spec gives them now").to_owned()
        }
        Difference::Step(step, part) => say!("{step}: {part}", step, part = step_part(part, zone)),
        Difference::Floor(group, floor) => {
            let number = |floor: &Option<u32>| floor.map_or(say!("none").to_owned(), |floor| floor.to_string());
            say!("{group}: floor {floor}", group, floor = told(floor, number))
        }
        Difference::Links(group) => {
            say!("{group}: the saved plan counts other links towards its floor than there are now", group)
        }
        Difference::Rollout(is_there) => {
            let word = |is_there: &bool| if *is_there { say!("some") } else { say!("none") }.to_owned();
            say!("rollout: {is_there}", is_there = told(is_there, word))
        }
        Difference::Waves => say!("rollout: the saved plan cuts the waves otherwise than the spec does now").to_owned(),
        Difference::Pause(pause) => say!("rollout: pause {pause}", pause = told(pause, ms)),
        Difference::Check(check) => {
            let arguments = |check: &Option<Vec<String>>| check.as_deref().map_or(say!("none").to_owned(), arguments);
            say!("rollout: check {check}", check = told(check, arguments))
        }
        Difference::CheckTimeout(timeout) => say!("rollout: check_timeout {timeout}", timeout = told(timeout, ms)),
        Difference::Returning(returning) => {
            let word = |returning: &Option<Returning>| {
                returning.as_ref().map_or(say!("none").to_owned(), super::traffic::returning)
            };
            say!("rollout: traffic {returning}", returning = told(returning, word))
        }
        Difference::Windows(windows) => {
            let names = |names: &Vec<String>| if names.is_empty() { say!("none").to_owned() } else { names.join(", ") };
            say!("windows overridden: {windows}", windows = told(windows, names))
        }
        Difference::Unnamed => say!("the digest of what is made now is another one").to_owned(),
    }
}

fn step_part(part: &StepPart, zone: &Zone) -> String {
    match part {
        StepPart::Interface(interface) => told(interface, |(id, scope)| say!("{id} in {scope}", id, scope)),
        StepPart::Action => say!("it does something else").to_owned(),
        StepPart::Expect(expect) => say!("it expects {expect}", expect = told(expect, ToString::to_string)),
        StepPart::Goal(goal) => say!("it ends at {goal}", goal = told(goal, ToString::to_string)),
        StepPart::After => say!("it waits for other steps").to_owned(),
        StepPart::Wave(wave) => say!("wave {wave}", wave = told(wave, ToString::to_string)),
        StepPart::Timeout(timeout) => {
            let ms = |ms: &Option<u64>| {
                ms.map_or(say!("of the run").to_owned(), |ms| duration::format(Duration::from_millis(ms)))
            };
            say!("timeout {timeout}", timeout = told(timeout, ms))
        }
        StepPart::Change(change) => {
            say!(
                "asked for by {change}",
                change =
                    told(change, |change| change.as_ref().map_or(say!("no change").to_owned(), ToString::to_string))
            )
        }
        StepPart::ValidUntil(until) => {
            let shown =
                |until: &Option<Timestamp>| until.map_or(say!("without an end").to_owned(), |until| zone.shown(until));
            say!("valid until {until}", until = told(until, shown))
        }
        StepPart::Reason(reason) => {
            say!(
                "reason {reason}",
                reason = told(reason, |reason| reason
                    .clone()
                    .map_or(say!("none").to_owned(), |reason| format!("{reason:?}")))
            )
        }
    }
}

fn told<T>(sides: &Sides<T>, word: impl Fn(&T) -> String) -> String {
    say!("{saved} in the plan, {now} now", saved = word(&sides.saved), now = word(&sides.now))
}

/// Writes an argument list so that no argument can be taken for two: as JSON.
pub(super) fn arguments(arguments: &[String]) -> String {
    let arguments: Vec<String> =
        arguments.iter().map(|argument| serde_json::Value::from(argument.as_str()).to_string()).collect();
    format!("[{}]", arguments.join(", "))
}
