//! What a saved plan says otherwise than the plan made again, in words.

use std::time::Duration;

use jiff::Timestamp;

use crate::calendar::Zone;
use crate::duration;
use crate::plan::{Difference, Returning, Sides, StepPart};

/// Says what a saved plan would do otherwise than the plan made again, and what each says.
pub(crate) fn difference(difference: &Difference, zone: &Zone) -> String {
    let ms = |ms: &u64| duration::format(Duration::from_millis(*ms));
    match difference {
        Difference::OnlySaved(step) => format!("the file has the step {step}, which the spec does not give now"),
        Difference::OnlyNow(step) => format!("the spec gives the step {step} now, which the file does not have"),
        Difference::Order => "the file has the steps in another order than the spec gives them now".to_owned(),
        Difference::Step(step, part) => format!("{step}: {}", step_part(part, zone)),
        Difference::Floor(group, floor) => {
            let number = |floor: &Option<u32>| floor.map_or("none".to_owned(), |floor| floor.to_string());
            format!("{group}: floor {}", told(floor, number))
        }
        Difference::Links(group) => {
            format!("{group}: the file counts other links towards its floor than there are now")
        }
        Difference::Rollout(is_there) => {
            let word = |is_there: &bool| if *is_there { "some" } else { "none" }.to_owned();
            format!("rollout: {}", told(is_there, word))
        }
        Difference::Waves => "rollout: the file cuts the waves otherwise than the spec does now".to_owned(),
        Difference::Pause(pause) => format!("rollout: pause {}", told(pause, ms)),
        Difference::Check(check) => {
            let arguments = |check: &Option<Vec<String>>| check.as_deref().map_or("none".to_owned(), arguments);
            format!("rollout: check {}", told(check, arguments))
        }
        Difference::CheckTimeout(timeout) => format!("rollout: check_timeout {}", told(timeout, ms)),
        Difference::Returning(returning) => {
            let word =
                |returning: &Option<Returning>| returning.as_ref().map_or("none".to_owned(), super::traffic::returning);
            format!("rollout: traffic {}", told(returning, word))
        }
        Difference::Windows(windows) => {
            let names = |names: &Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            format!("windows overridden: {}", told(windows, names))
        }
        Difference::Unnamed => "the digest of what is made now is another one".to_owned(),
    }
}

fn step_part(part: &StepPart, zone: &Zone) -> String {
    match part {
        StepPart::Interface(interface) => told(interface, |(id, scope)| format!("{id} in {scope}")),
        StepPart::Action => "it does something else".to_owned(),
        StepPart::Expect(expect) => format!("it expects {}", told(expect, ToString::to_string)),
        StepPart::Goal(goal) => format!("it ends at {}", told(goal, ToString::to_string)),
        StepPart::After => "it waits for other steps".to_owned(),
        StepPart::Wave(wave) => format!("wave {}", told(wave, ToString::to_string)),
        StepPart::Timeout(timeout) => {
            let ms =
                |ms: &Option<u64>| ms.map_or("of the run".to_owned(), |ms| duration::format(Duration::from_millis(ms)));
            format!("timeout {}", told(timeout, ms))
        }
        StepPart::Change(change) => {
            format!(
                "asked for by {}",
                told(change, |change| change.as_ref().map_or("no change".to_owned(), ToString::to_string))
            )
        }
        StepPart::ValidUntil(until) => {
            let shown =
                |until: &Option<Timestamp>| until.map_or("without an end".to_owned(), |until| zone.shown(until));
            format!("valid until {}", told(until, shown))
        }
        StepPart::Reason(reason) => {
            format!(
                "reason {}",
                told(reason, |reason| reason.clone().map_or("none".to_owned(), |reason| format!("{reason:?}")))
            )
        }
    }
}

fn told<T>(sides: &Sides<T>, word: impl Fn(&T) -> String) -> String {
    format!("{} in the file, {} now", word(&sides.saved), word(&sides.now))
}

/// Writes an argument list so that no argument can be taken for two: as JSON.
pub(super) fn arguments(arguments: &[String]) -> String {
    let arguments: Vec<String> =
        arguments.iter().map(|argument| serde_json::Value::from(argument.as_str()).to_string()).collect();
    format!("[{}]", arguments.join(", "))
}
