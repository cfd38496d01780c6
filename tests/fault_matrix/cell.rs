//! One cell: a world, a fault at one place, a real run against it, and everything that must hold afterwards.

use std::collections::BTreeMap;

use super::classes::{Class, Then};
use crate::harness::binary::{Desk, Ran, flat};
use crate::harness::emulator::{Call, Emulator};

/// The interfaces, in the order in which they are changed: one after the other.
const NAMES: [&str; 3] = ["a", "b", "c"];

/// Whose the interfaces are.
pub(crate) const SPEC_ACCOUNT: &str = crate::harness::emulator::ACCOUNT;

/// Which calls meet the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Of {
    /// Describe, in a run that deactivates.
    Describe,
    Activate,
    Deactivate,
}

impl Of {
    pub(crate) fn action(self) -> &'static str {
        match self {
            Self::Describe => "DescribeRouterInterfaces",
            Self::Activate => "ActivateRouterInterface",
            Self::Deactivate => "DeactivateRouterInterface",
        }
    }

    pub(crate) fn goal(self) -> &'static str {
        if self == Self::Activate { "Active" } else { "Inactive" }
    }

    pub(crate) fn before(self) -> &'static str {
        if self == Self::Activate { "Inactive" } else { "Active" }
    }
}

/// One cell of the matrix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) class: Class,
    pub(crate) of: Of,
    /// First, in the middle, last: 0 to 2.
    pub(crate) place: usize,
    /// The fault stays from there on.
    pub(crate) stays: bool,
}

impl Cell {
    /// Returns what must come of it; `None` where the class has no such cell.
    fn then(&self) -> Option<Then> {
        match (self.of, self.stays) {
            (Of::Describe, false) => self.class.read,
            // Reads from another time are reads; all others say nothing, and for good.
            (Of::Describe, true) if self.class.name.starts_with("A1 ") => Some(Then::Absorbed),
            // All that was asked for is there, however often, and whatever the count says.
            (Of::Describe, true) if self.class.name.starts_with("A9 ") => Some(Then::Absorbed),
            (Of::Describe, true) if self.class.name.starts_with("A11 ") => Some(Then::Absorbed),
            (Of::Describe, true) if self.class.read == Some(Then::Strange) => Some(Then::Strange),
            (Of::Describe, true) if self.class.name.starts_with("A22 ") => Some(Then::Absorbed),
            // Flow control that never says how long is waited out for minutes, whatever the settings.
            (Of::Describe, true) if matches!(self.class.write, Some((_, None))) => None,
            (Of::Describe, true) => self.class.read.map(|_| Then::Refused),
            (_, false) => self.class.write.map(|(once, _)| once),
            (_, true) => self.class.write.and_then(|(_, stays)| stays),
        }
    }

    pub(crate) fn exists(&self) -> bool {
        self.then().is_some()
    }

    fn fault(&self) -> String {
        let fault = self.class.fault.replace("GOAL", self.of.goal()).replace("TARGET", &id(self.place));
        let when = if self.stays { "from" } else { "nth" };
        match self.of {
            // Of the reads that show it: 1 is the refresh, which is young enough for its call, 2 the first one after.
            Of::Describe => {
                let (interface, number) = (id(self.place), self.place.min(1) + 1);
                format!("{fault}, action: {}, interface: {interface}, {when}: {number}", self.of.action())
            }
            _ => format!("{fault}, action: {}, {when}: {}", self.of.action(), self.place + 1),
        }
    }

    fn world(&self) -> String {
        let interfaces: Vec<String> =
            (0..3).map(|number| format!("  - {{id: {}, status: {}}}\n", id(number), self.of.before())).collect();
        format!(
            "regions: [cn-shanghai]\nsettle: {{activate: 20ms, deactivate: 20ms}}\nfaults:\n  - {{{}}}\ninterfaces:\n{}",
            self.fault(),
            interfaces.concat()
        )
    }

    fn spec(&self) -> String {
        let interfaces: Vec<String> = NAMES
            .iter()
            .enumerate()
            .map(|(number, name)| format!("  {name}: {{id: {}, status: {}}}\n", id(number), self.of.goal()))
            .collect();
        format!(
            "version: 1\ncloud: {{provider: alibaba, region: cn-shanghai, account_id: \"{}\"}}\ninterfaces:\n{}",
            SPEC_ACCOUNT,
            interfaces.concat()
        )
    }

    /// Runs the cell; `Err` says everything that is not as it must be.
    pub(crate) fn run(&self) -> Result<i32, String> {
        let emulator = Emulator::serve(&self.world());
        // Keys that can be renewed: the metadata face gives others each time.
        let uri = format!("{}/latest/meta-data/ram/security-credentials/emulator-role", emulator.url());
        let desk = Desk::new(&self.spec()).variable("ALIBABA_CLOUD_CREDENTIALS_URI", &uri);
        let apply = ["apply", "--auto-approve", "--parallelism", "1", "--max-read-age", "1m", "--json-into", "events"];
        let ran = desk.quick(&emulator.url(), &apply);
        let mut wrong = desk.ends_that_differ(&ran, "events");
        self.check(&ran, &emulator, &mut wrong);
        if !self.stays
            && !matches!(self.then(), Some(Then::Unsettled | Then::Unstable))
            && !self.class.name.starts_with("A5 gone at")
        {
            // The fault is over: what is left is done, and nothing of what was done is done again.
            let again = desk.quick(&emulator.url(), &apply);
            if again.code != 0 {
                wrong.push(format!("the next apply ends with {}:\n{}", again.code, again.text()));
            }
            self.check_effects(&emulator, &mut wrong);
            let statuses: Vec<String> = (0..3).map(|number| emulator.status(&id(number))).collect();
            if statuses.iter().any(|status| status != self.of.goal()) {
                wrong.push(format!("after the next apply the world is {statuses:?}"));
            }
        }
        if wrong.is_empty() {
            return Ok(ran.code);
        }
        let calls: Vec<String> = emulator
            .calls()
            .iter()
            .map(|call| {
                format!(
                    "  {} {:?} {:?} {:?} {}",
                    call.action, call.interface, call.http_status, call.code, call.mutated
                )
            })
            .collect();
        Err(format!("{}\n{}\n{}", wrong.join("\n"), ran.text(), calls.join("\n")))
    }

    fn check(&self, ran: &Ran, emulator: &Emulator, wrong: &mut Vec<String>) {
        let Some(then) = self.then() else { return };
        let undone = self.undone(then);
        let expected = match (then, undone.len()) {
            (_, 0) => 0,
            // In doubt or sent and unsettled is "something was done".
            (Then::Refused | Then::Stopped, 3) => 1,
            _ => 5,
        };
        // A read that fails after the call and then works leaves nothing undone.
        if ran.code != expected {
            wrong.push(format!("ended with {}, not {expected}", ran.code));
        }
        for number in 0..3 {
            let status = emulator.status(&id(number));
            let wanted = if undone.contains(&number) && !self.ends_at_goal(then) { None } else { Some(self.of.goal()) };
            match wanted {
                Some(goal) if status != goal => wrong.push(format!("{} is {status}, not {goal}", id(number))),
                None if self.is_untouched(then) && status != self.of.before() && status != "Gone" => {
                    wrong.push(format!("{} is {status}, not {}", id(number), self.of.before()));
                }
                _ => {}
            }
        }
        self.check_effects(emulator, wrong);
        if expected != 0 && !undone.is_empty() {
            self.check_words(ran, emulator, &undone, wrong);
        }
    }

    /// Which interfaces' steps are not at their goals at the end, as far as the run can know.
    fn undone(&self, then: Then) -> Vec<usize> {
        let (place, last) = (self.place, 2);
        match (self.of, then, self.stays) {
            (_, Then::Absorbed, _) => vec![],
            (_, Then::Strange, _) => vec![place],
            // One listing for all; then one read of many while it settles.
            (Of::Describe, _, _) if place == 0 => vec![0, 1, 2],
            (Of::Describe, _, false) => vec![],
            (Of::Describe, _, _) => vec![place],
            (_, Then::Stopped, _) | (_, _, true) => (place..=last).collect(),
            (_, _, false) => vec![place],
        }
    }

    /// The calls took effect although the run cannot say so.
    fn ends_at_goal(&self, then: Then) -> bool {
        self.of == Of::Describe && self.place > 0 && matches!(then, Then::Refused | Then::Strange)
    }

    fn is_untouched(&self, then: Then) -> bool {
        !matches!(then, Then::Unsettled | Then::Unstable)
    }

    /// No interface was changed twice, none was asked more often than its class allows.
    fn check_effects(&self, emulator: &Emulator, wrong: &mut Vec<String>) {
        let mut effects: BTreeMap<String, usize> = BTreeMap::new();
        for call in emulator.mutating_calls() {
            let id = call.interface.unwrap_or_default();
            *effects.entry(id).or_default() += usize::from(call.mutated);
        }
        for (id, effects) in effects {
            if effects > 1 {
                wrong.push(format!("{id} was changed {effects} times"));
            }
        }
    }

    /// The last word on each step that is not done names interface, region, code and RequestId.
    fn check_words(&self, ran: &Ran, emulator: &Emulator, undone: &[usize], wrong: &mut Vec<String>) {
        let text = ran.flat();
        let mut need = |what: &str| {
            if !text.contains(what) {
                wrong.push(format!("the output does not say {what:?}"));
            }
        };
        // A read that is repeated until its step's time is over has nothing to say yet.
        let is_silent = self.of == Of::Describe && self.place > 0;
        if !is_silent {
            need(self.class.says);
        }
        need("cn-shanghai");
        let report = &ran.out[ran.out.find("\n\n").map_or(0, |_| ran.out.rfind("\n\na/").unwrap_or(0))..];
        // What the plan has blocked has no step.
        let has_step = self.then() != Some(Then::Strange) || self.place > 0;
        for number in undone.iter().filter(|_| expected_in_report(ran)) {
            let block = flat(block(report, NAMES[*number]));
            let started = !block.contains("not started") && self.then() != Some(Then::Unstable) && has_step;
            for what in [id(*number), "cn-shanghai".to_owned()] {
                if started && !block.contains(&what) {
                    wrong.push(format!("the report on {} does not name {what}: {block}", NAMES[*number]));
                }
            }
        }
        // The answer that counts is one that was sent with a code.
        let answers: Vec<Call> = emulator
            .calls()
            .into_iter()
            .filter(|call| call.action == self.of.action() && call.code.is_some())
            .collect();
        if !is_silent && !answers.is_empty() && !answers.iter().any(|call| text.contains(&call.request_id)) {
            wrong.push("the output does not give the RequestId of any refused call".to_owned());
        }
    }
}

fn expected_in_report(ran: &Ran) -> bool {
    ran.out.contains("\nApply ")
}

/// The lines about one step in the table at the end.
fn block<'t>(report: &'t str, name: &str) -> &'t str {
    let start = report.find(&format!("\n{name}/")).map_or(0, |start| start + 1);
    let rest = &report[start..];
    let end =
        rest.match_indices('\n').find(|(at, _)| !rest[at + 1..].starts_with(' ')).map_or(rest.len(), |(at, _)| at);
    &rest[..end]
}

pub(crate) fn id(number: usize) -> String {
    format!("ri-{}", number + 1)
}
