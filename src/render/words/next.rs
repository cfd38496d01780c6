//! What to run next, as commands that can be typed: every report ends with it.

use std::collections::BTreeSet;

use super::super::past::PastRun;
use super::super::phrase::Phrase;
use crate::diagnostic::quoted;
use crate::drift::{Drift, DriftCause, DriftItem};
use crate::journal::Operation;
use crate::language::say;
use crate::plan::{BlockCode, BlockReason, Blocked, Plan, Warning};
use crate::resource::{Address, Provider, ScopeFailure};
use crate::run::{Exit, Reason, Report, RunOutcome, StepReason, StepResult};
use crate::state::RunId;

/// The spec that commands read where none is named.
const DEFAULT_SPEC: &str = "rictl.yaml";

/// What a command was typed with, so that the next one can be typed with the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// `-C`.
    pub chdir: Option<String>,
    /// `-f`.
    pub file: Option<String>,
    /// The file of the saved plan that it is about.
    pub saved: Option<String>,
    /// The run that has used that plan, where one is known.
    pub used_by: Option<RunId>,
    /// What chose the cloud, as flags of every command and their values.
    pub cloud: Vec<(&'static str, String)>,
    /// `--at`, as it was typed.
    pub at: Option<String>,
    /// `--target` and `--exclude`.
    pub selection: Vec<(&'static str, String)>,
    /// What else chose what is planned, or lets a plan do more: `--redo`, `--override-window` and the like.
    pub planning: Vec<(&'static str, Option<String>)>,
    /// The spec leaves alone what only the cloud has moved (`drift: leave`).
    pub leaves_drift: bool,
}

impl Given {
    /// Returns a command with what was given, as it stands in a sentence.
    pub fn next(&self, rest: &str) -> String {
        format!("`{}`", self.command(rest))
    }

    /// Returns a command with what was given.
    pub fn command(&self, rest: &str) -> String {
        self.of(self.file.as_deref(), rest)
    }

    /// Returns a text in which every command is about the spec that was given, where it names none yet.
    pub fn in_text(&self, text: &str) -> String {
        // What chose the cloud is typed again by whoever needs it: it would bury what a hint is about. Where the history is
        // kept decides what it tells.
        let is_place = |(flag, _): &(&str, String)| *flag == "--state";
        let given = Self { cloud: self.cloud.iter().filter(|flag| is_place(flag)).cloned().collect(), ..self.clone() };
        let mut pieces = text.split('`');
        let mut told = pieces.next().unwrap_or_default().to_owned();
        for (number, piece) in pieces.enumerate() {
            let is_quoted = number % 2 == 0;
            told.push('`');
            match piece.strip_prefix("rictl ").filter(|rest| is_quoted && takes_a_spec(rest)) {
                // The plan that a hint is about is the one that was asked for.
                Some("plan") => told.push_str(&given.plan()),
                Some(rest @ "plan --at open") => {
                    told.push_str(&given.command(&format!(
                        "{rest}{}{}",
                        flagged(&given.selection),
                        typed(&given.planning)
                    )));
                }
                // Elsewhere they are the keys of somebody else.
                Some("whoami") => told.push_str(&self.command("whoami")),
                Some(rest) => told.push_str(&given.command(rest)),
                None => told.push_str(piece),
            }
        }
        told
    }

    /// Returns a command about a spec, from where the one before it was typed.
    pub(crate) fn about(&self, spec: Option<&str>, rest: &str) -> String {
        self.of(spec.filter(|spec| *spec != DEFAULT_SPEC), rest)
    }

    fn of(&self, file: Option<&str>, rest: &str) -> String {
        let flags = [("-C", self.chdir.as_deref()), ("-f", file)];
        let given = flags.into_iter().filter_map(|(flag, value)| Some(format!(" {flag} {}", path(value?))));
        format!("rictl{}{} {rest}", given.collect::<String>(), flagged(&self.cloud))
    }

    /// Returns the command that plans what was given.
    pub fn plan(&self) -> String {
        self.command(&format!("plan{}", self.view()))
    }

    /// Returns the command that takes a run back, or what is left of it.
    pub fn rollback(&self, run_id: &RunId) -> String {
        self.command(&self.back(run_id))
    }

    /// Returns the flags that choose what a plan or a drift check looks at, as of when, and what it may do.
    fn view(&self) -> String {
        let at = self.at.as_ref().map(|at| format!(" --at {}", quoted(at))).unwrap_or_default();
        format!("{}{at}{}", flagged(&self.selection), typed(&self.planning))
    }

    fn back(&self, run_id: &RunId) -> String {
        format!("rollback {}", quoted(&run_id.0))
    }

    /// Returns the command that takes back what a way back has left of a run: what is declared no more has to be asked for.
    fn back_further(&self, run_id: &RunId, report: &Report) -> String {
        let reasons = report.end.iter().flat_map(|end| &end.reasons);
        let is_undeclared =
            |reason: &Reason| matches!(reason, Reason::Blocked(it) if it.code() == BlockCode::Undeclared);
        let flag = if reasons.into_iter().any(is_undeclared) { " --undeclared" } else { "" };
        format!("{}{flag}", self.back(run_id))
    }
}

/// Returns whether a command is about a spec, and does not name one already.
fn takes_a_spec(rest: &str) -> bool {
    // `init` writes one under the name that it is given with --output.
    const OF_NONE: [&str; 6] = ["emulator", "schema", "completions", "man", "version", "init"];
    let names_one = rest.split(' ').any(|word| matches!(word, "-f" | "--file" | "-C" | "--chdir"));
    !rest.starts_with('-')
        && !rest.starts_with("explain --key")
        && !names_one
        && !OF_NONE.contains(&rest.split(' ').next().unwrap_or_default())
}

/// Writes a path behind its flag: one that begins like a flag would be taken for one.
fn path(path: &str) -> String {
    let is_like_a_flag = path.starts_with('-') && path != "-";
    if is_like_a_flag { quoted(&format!("./{path}")) } else { quoted(path) }
}

/// Returns flags with their values, each after a blank.
fn flagged(flags: &[(&'static str, String)]) -> String {
    flags.iter().map(|(name, value)| flag(name, Some(value))).collect()
}

/// The same of flags of which some have no value.
fn typed(flags: &[(&'static str, Option<String>)]) -> String {
    flags.iter().map(|(name, value)| flag(name, value.as_deref())).collect()
}

fn flag(name: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!(" {name} {}", quoted(value)),
        None => format!(" {name}"),
    }
}

/// Returns what to run after a plan. Nothing where nothing is to be done.
pub(crate) fn after_plan(plan: &Plan, given: &Given) -> Option<Phrase> {
    let spec = plan.basis.spec.as_deref();
    let command = |rest: &str| given.about(spec, rest);
    let loosened = loosened(plan);
    let at = plan.at.map(|at| format!(" --at {}", plan.time_zone.exact(at))).unwrap_or_default();
    let again = || command(&format!("plan{}{at}{loosened}", choices(plan)));
    if plan.is_errored() && plan.steps.is_empty() {
        return Some(after_unread(&plan.failures, plan.target.provider, again()));
    }
    let is_beside_a_run = plan.warnings.iter().any(|warning| matches!(warning, Warning::RunGoingOn { .. }));
    if is_beside_a_run && !(plan.steps.is_empty() && plan.blocked.is_empty()) {
        let out = given.saved.as_deref().map(|file| format!(" --out {}", quoted(file))).unwrap_or_default();
        let anew = format!("{}{out}", again());
        return Some(one(say!("wait for the run that goes on, then {command} plans what is left"), anew));
    }
    let held = plan.held_elsewhere().filter(|_| !plan.steps.is_empty());
    if let Some((state, _)) = held {
        let out = given.saved.as_deref().map(|file| format!(" --out {}", quoted(file))).unwrap_or_default();
        return Some(Phrase::of(
            say!("apply the spec of {state} first, without what it still has, then {plan}"),
            [("state", Phrase::theirs(state)), ("plan", Phrase::command(format!("{}{out}", again())))],
        ));
    }
    if let Some(Warning::OtherAccount { declared, at, .. }) =
        plan.warnings.iter().find(|warning| matches!(warning, Warning::OtherAccount { .. }))
        && !plan.steps.is_empty()
    {
        return Some(Phrase::of(
            say!("use the credentials of account {account}, or correct `cloud.account_id` at {at}, then {plan}"),
            [
                ("account", Phrase::theirs(declared.to_string())),
                ("at", Phrase::theirs(at.as_str())),
                ("plan", Phrase::command(again())),
            ],
        ));
    }
    if plan.looks_back() && !(plan.steps.is_empty() && plan.blocked.is_empty()) {
        let now = command(&format!("plan{}{loosened}", choices(plan)));
        return Some(one(say!("nothing is applied as of the past: {command} plans as of now"), now));
    }
    if plan.steps.is_empty() {
        return after_blocked(plan, command(&format!("plan{} --at open{loosened}", choices(plan))), again);
    }
    let leaves_blocked = !plan.blocked.is_empty();
    Some(match given.saved.as_deref() {
        // Only plans that cannot be applied do not say which spec they are of.
        Some(file) if spec.is_none() => {
            one(say!("{command} makes it again"), command(&format!("plan --out {}", quoted(file))))
        }
        Some(file) if given.used_by.is_some() => {
            let run_id = given.used_by.as_ref().map(|run_id| quoted(&run_id.0)).unwrap_or_default();
            let show = command(&format!("show {run_id}"));
            let anew = command(&format!("plan{}{at} --out {}", choices(plan), quoted(file)));
            Phrase::of(
                say!("it was used: {show} shows its run, {plan} makes it anew"),
                [("show", Phrase::command(show)), ("plan", Phrase::command(anew))],
            )
        }
        Some(file) => {
            let apply = command(&format!("apply {}{loosened}", quoted(file)));
            match plan.at.filter(|at| *at > plan.timestamp) {
                Some(at) => Phrase::of(
                    say!("{apply} does exactly this, from {from} on"),
                    [("apply", Phrase::command(apply)), ("from", Phrase::theirs(plan.time_zone.shown(at)))],
                ),
                None if leaves_blocked => {
                    one(say!("{command} does exactly this, and nothing of what is blocked"), apply)
                }
                None => one(say!("{command} does exactly this"), apply),
            }
        }
        None if plan.at.is_some_and(|at| at.as_second() > plan.timestamp.as_second()) => {
            one(say!("{command} saves it for then"), format!("{} --out FILE", again()))
        }
        None => {
            let apply = format!("apply{}{loosened}", choices(plan));
            let says = match leaves_blocked {
                true => say!("{command} does this, and nothing of what is blocked"),
                false => say!("{command} does this"),
            };
            one(says, command(&apply))
        }
    })
}

/// Returns what to do where nothing was found but that something cannot be read: `again` does not help where a region is misspelt.
fn after_unread(failures: &[ScopeFailure], provider: Provider, again: String) -> Phrase {
    if !failures.iter().all(|failure| failure.may_be_misspelt) {
        return one(say!("{command} reads again what could not be read"), again);
    }
    let regions: BTreeSet<&str> = failures.iter().map(|failure| failure.scope.region.as_str()).collect();
    let regions = Vec::from_iter(regions).join(", ");
    let told = match provider {
        Provider::Emulator => {
            say!("correct {regions} in the spec, or add it to the `regions` of the world, then {plan}")
        }
        Provider::Alibaba => say!("correct {regions} in the spec where it is misspelt, then {plan}"),
    };
    Phrase::of(told, [("regions", Phrase::theirs(regions)), ("plan", Phrase::command(again))])
}

/// Returns what to run where all that is wanted is blocked: an apply would do nothing. What windows alone hold back, nobody has to lift.
fn after_blocked(plan: &Plan, at_open: String, again: impl Fn() -> String) -> Option<Phrase> {
    if plan.blocked.is_empty() {
        return None;
    }
    let opens = |blocked: &Blocked| matches!(blocked.reason, BlockReason::Window { opens_at: Some(_), .. });
    Some(match plan.at.is_none() && plan.blocked.iter().all(opens) {
        true => one(say!("{command} plans for when the windows let all of it through"), at_open),
        false => one(say!("lift what is blocked, then {command}"), again()),
    })
}

/// Fills a sentence about one command.
fn one(sentence: &'static str, command: String) -> Phrase {
    Phrase::of(sentence, [("command", Phrase::command(command))])
}

/// Returns the flags that loosen a guard, as they were given.
fn loosened(plan: &Plan) -> String {
    let caps = plan.inputs.allow_changes.map(|number| format!(" --allow-changes {number}"));
    let redo = plan.inputs.redo.then(|| " --redo".to_owned());
    let windows = plan.overridden.as_ref().map(|windows| format!(" --override-window {}", quoted(&windows.reason)));
    let forgotten = plan.inputs.allow_forgotten.map(|number| format!(" --allow-forgotten {number}"));
    let routes =
        plan.inputs.allow_last_route.iter().map(|address| format!(" --allow-last-route {}", quoted(address.as_str())));
    [caps, redo, windows, forgotten].into_iter().flatten().chain(routes).collect()
}

/// Returns the flags that choose what a plan looks at.
fn choices(plan: &Plan) -> String {
    let drift = plan.inputs.drift.map(|drift| format!(" --drift {}", <&str>::from(drift)));
    let flags = [("--target", &plan.inputs.target), ("--exclude", &plan.inputs.exclude)];
    let given = flags.into_iter().flat_map(|(flag, names)| names.iter().map(move |name| (flag, name)));
    given.map(|(flag, name)| format!(" {flag} {}", quoted(name.as_str()))).chain(drift).collect()
}

/// Returns what to run after a drift check, if there is something.
pub(crate) fn after_drift(drift: &Drift, given: &Given) -> Option<Phrase> {
    let command = |rest: &str| given.about(Some(&drift.spec), rest);
    let view = given.view();
    let plan = || command(&format!("plan{view}"));
    let all = |is_so: fn(&DriftItem) -> bool| drift.findings().next().is_some() && drift.findings().all(is_so);
    if all(|item| item.cause == DriftCause::RolledBack) {
        // An apply is of now.
        let verb = if given.at.is_some() { "plan" } else { "apply" };
        let redo = command(&format!("{verb}{view} --redo"));
        let says = match given.at.is_some() {
            true => say!("alter the spec, or {command} shows what would be done again"),
            false => say!("alter the spec, or {command} does again what was taken back"),
        };
        Some(one(says, redo))
    } else if all(|item| !item.has_moved()) && drift.broken_groups().next().is_none() {
        let says = match given.at.is_some() {
            true => say!("{command} shows what is asked for then"),
            false => say!("{command} shows what apply would do"),
        };
        Some(one(says, plan()))
    } else if drift.has_moved() && !drift.findings().any(DriftItem::can_be_brought_back) {
        // What is gone, locked as it is declared, or left alone, no plan brings back.
        Some(one(say!("no apply brings it back: {command} says why"), command(&why(drift))))
    } else if drift.has_moved() {
        let fix = if given.leaves_drift { " --drift fix" } else { "" };
        Some(one(say!("{command} shows what would bring it back"), format!("{}{fix}", plan())))
    } else if drift.failures.is_empty() {
        None
    } else {
        Some(after_unread(&drift.failures, drift.target.provider, command(&format!("drift{view}"))))
    }
}

/// Returns the command that says why what was found stays as it is.
fn why(drift: &Drift) -> String {
    let mut found = drift.findings();
    match (found.next(), found.next()) {
        (Some(item), None) => format!("explain {}", quoted(item.address.as_str())),
        _ => "status".to_owned(),
    }
}

/// Returns what to run right after a run has ended; nothing after a way back that left nothing.
pub(crate) fn after_run(report: &Report, given: &Given) -> Option<Phrase> {
    after(report, given, |rest| given.command(rest))
}

/// Returns what to run after a run; `command` makes a command of its words.
fn after(report: &Report, given: &Given, command: impl Fn(&str) -> String) -> Option<Phrase> {
    let show = || Phrase::command(command(&format!("show {}", quoted(&report.run_id.0))));
    let back = can_be_taken_back(report).then(|| command(&given.back(&report.run_id)));
    if report.exit() == Some(Exit::Done) {
        return back.map(|back| one(say!("{command} takes it back"), back));
    }
    if report.outcome() == RunOutcome::TakenBack {
        return Some(done_again(report, command));
    }
    let (plan, shows) = what_is_left(report, given, &command);
    let is_back = report.operation == Operation::Rollback;
    Some(match report.exit() {
        Some(Exit::Refused) if report.results.iter().any(has_answer) => Phrase::of(
            say!("nothing was changed; {show} has the API's answers; lift what the guard names, then run {plan}"),
            [("show", show()), ("plan", Phrase::command(plan))],
        ),
        Some(Exit::Refused) => one(say!("nothing was changed; lift what the guard names, then run {command}"), plan),
        Some(Exit::Moved) if is_back => one(say!("nothing was changed; {command} plans it afresh"), plan),
        Some(Exit::Moved) if report.is_too_late() => {
            one(say!("nothing was changed; {command} shows what is asked for now"), plan)
        }
        Some(Exit::Moved) => one(say!("nothing was changed; {command} shows what moved"), plan),
        Some(Exit::Partial | Exit::Interrupted) => {
            let left = one(shows, plan);
            let done = match is_back {
                true => Phrase::of(say!("{left}, {show} shows what was done"), [("left", left), ("show", show())]),
                false => Phrase::of(say!("{left}, {show} what was done"), [("left", left), ("show", show())]),
            };
            match back {
                Some(back) => taken_back_too(done, back),
                None => done,
            }
        }
        None => one(say!("{command} settles what is open before anything else"), command("apply")),
        // Nobody can show a run of which nothing is kept.
        Some(Exit::Error) if report.unrecorded.is_some() => {
            one(say!("nothing was changed; {command} shows what is left"), plan)
        }
        Some(Exit::Done | Exit::Error | Exit::Changes | Exit::Locked) => {
            let sentence = match report.results.iter().any(has_answer) {
                true => say!("nothing was changed; {show} has the API's answers, {plan} tries afresh"),
                false => say!("nothing was changed; {show} shows why, {plan} what is left"),
            };
            Phrase::of(sentence, [("show", show()), ("plan", Phrase::command(plan))])
        }
    })
}

/// Adds how what was done is taken back.
fn taken_back_too(done: Phrase, back: String) -> Phrase {
    Phrase::of(say!("{done}, {back} takes that back"), [("done", done), ("back", Phrase::command(back))])
}

/// Returns whether the API has refused the call of a step: one that a guard held back, or a mere wait, has no answer.
fn has_answer(result: &StepResult) -> bool {
    matches!(result.because, Some(StepReason::Failed { .. } | StepReason::Told { .. }))
}

/// Returns the command that shows, or does, what a run has left, and the sentence that says so of it. What is left of a way back
/// no plan shows: that is made from the spec, which asks for the opposite.
fn what_is_left(report: &Report, given: &Given, command: impl Fn(&str) -> String) -> (String, &'static str) {
    match report.takes_back.first().filter(|_| report.operation == Operation::Rollback) {
        Some(taken) if !report.left_nothing() => {
            (command(&given.back_further(taken, report)), say!("{command} takes back what is left"))
        }
        _ if report.exit() == Some(Exit::Interrupted) && is_all_done(report) => {
            (command(&format!("plan{}", given.view())), say!("{command} shows whether anything is left"))
        }
        _ => (command(&format!("plan{}", given.view())), say!("{command} shows what is left")),
    }
}

/// Returns whether a run has done all that it was to do, whatever ended it then.
fn is_all_done(report: &Report) -> bool {
    report.results.iter().all(StepResult::is_at_goal) && super::report::blocked(report) == 0
}

fn can_be_taken_back(report: &Report) -> bool {
    report.operation == Operation::Apply && report.did_something() && report.taken_back_by.is_none()
}

/// Returns what to run after a run that nobody confirmed: what was taken back stays so until somebody asks for it.
fn done_again(report: &Report, command: impl Fn(&str) -> String) -> Phrase {
    let own: BTreeSet<&Address> =
        report.results.iter().filter(|result| result.step.call.is_some()).map(|result| &result.step.address).collect();
    // Other runs may have been taken back as well.
    let only: String = own.iter().map(|address| format!(" --target {}", quoted(address.as_str()))).collect();
    let again = |verb: &str| Phrase::command(command(&format!("{verb}{only} --redo")));
    Phrase::of(
        say!("{plan} shows what was taken back, {apply} does it again"),
        [("plan", again("plan")), ("apply", again("apply"))],
    )
}

/// Returns what to run once a past run has been looked at; nothing while it goes on.
pub(crate) fn after_show(past: &PastRun, given: &Given) -> Option<Phrase> {
    let (report, spec) = (&past.report, past.evidence.spec.as_deref());
    let command = |rest: &str| given.about(spec, rest);
    let is_back = report.operation == Operation::Rollback;
    Some(match past.outcome()? {
        RunOutcome::Died if past.resolved.is_none() => return after(report, given, command),
        RunOutcome::Complete if can_be_taken_back(report) => return after(report, given, command),
        RunOutcome::Complete => one(say!("{command} shows whether anything is left"), command("plan")),
        RunOutcome::AwaitingConfirmation if past.is_due => {
            one(say!("{command} takes it back, as the next apply does"), command("confirm --expired"))
        }
        RunOutcome::AwaitingConfirmation => {
            let keep = command(&format!("confirm {}", quoted(&report.run_id.0)));
            let back = command(&given.back(&report.run_id));
            Phrase::of(
                say!("{keep} keeps it, {back} takes it back"),
                [("keep", Phrase::command(keep)), ("back", Phrase::command(back))],
            )
        }
        RunOutcome::TakenBack => done_again(report, command),
        _ => match report.takes_back.first().filter(|_| is_back) {
            Some(taken) if !report.left_nothing() => {
                one(say!("{command} takes back what is left"), command(&given.back_further(taken, report)))
            }
            _ if is_all_done(report) => one(say!("{command} shows whether anything is left"), command("plan")),
            _ => {
                let left = one(say!("{command} shows what is left"), command("plan"));
                if can_be_taken_back(report) {
                    taken_back_too(left, command(&given.back(&report.run_id)))
                } else {
                    left
                }
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::Given;

    #[test]
    fn a_command_names_the_spec_unless_it_is_the_usual_one_and_the_directory_that_was_given() {
        let given = Given::default();
        assert_eq!(given.about(Some("rictl.yaml"), "plan"), "rictl plan");
        assert_eq!(given.about(Some("sites/office-1.yaml"), "plan"), "rictl -f sites/office-1.yaml plan");
        assert_eq!(given.about(Some("it's here.yaml"), "plan"), r#"rictl -f 'it'"'"'s here.yaml' plan"#);
        let given = Given { chdir: Some("site 1".to_owned()), ..Given::default() };
        assert_eq!(given.about(Some("rictl.yaml"), "plan"), "rictl -C 'site 1' plan");
        assert_eq!(given.about(Some("net.yaml"), "plan"), "rictl -C 'site 1' -f net.yaml plan");
    }

    #[test]
    fn the_commands_of_a_hint_have_what_was_given_unless_they_have_their_own() {
        let given = Given { chdir: Some("a".to_owned()), file: Some("net.yaml".to_owned()), ..Given::default() };
        let hint = "`rictl history` lists the runs; `rictl -f x plan`, `rictl init -f y`, `rictl emulator generate`";
        let told = "`rictl -C a -f net.yaml history` lists the runs; `rictl -f x plan`, `rictl init -f y`, `rictl emulator generate`";
        assert_eq!(given.in_text(hint), told);
        assert_eq!(given.in_text("rictl plan, and `limits`"), "rictl plan, and `limits`");
        assert_eq!(Given::default().in_text(hint), hint);
        let cloud = vec![("--profile", "net".to_owned()), ("--state", "file:hist/x.json".to_owned())];
        let elsewhere = Given { cloud, ..Given::default() };
        assert_eq!(elsewhere.in_text("`rictl history`"), "`rictl --state file:hist/x.json history`");
    }

    #[test]
    fn a_command_is_about_the_same_cloud() {
        let cloud = vec![("--endpoint", "http://127.0.0.1:8080".to_owned()), ("--profile", "net prod".to_owned())];
        let given = Given { cloud, ..Given::default() };
        assert_eq!(
            given.about(Some("net.yaml"), "plan"),
            "rictl -f net.yaml --endpoint http://127.0.0.1:8080 --profile 'net prod' plan"
        );
    }
}
