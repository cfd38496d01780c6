//! Manual pages: one for each command, named after the whole of it, and one for the spec.

use std::io;
use std::path::Path;

use clap::{Arg, Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::render::words::exit_code;
use crate::run::Exit;
use crate::spec::keys::{KEYS, Key, Presence};

use super::args::Cli;

/// What people type, and what it does, by the command that it begins with.
const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    (
        "rictl",
        &[
            ("rictl init --region cn-shanghai", "writes rictl.yaml from what is live"),
            ("rictl plan --out drain.plan", "shows what an apply would do, and keeps it"),
            ("rictl apply drain.plan", "does exactly that"),
            (
                "rictl drift --metrics-file /var/lib/node_exporter/rictl.prom",
                "for a timer: exit code 2 where something moved",
            ),
            ("rictl rollback last", "takes the last apply back"),
        ],
    ),
    (
        "rictl-apply",
        &[
            ("rictl apply", "plans, asks, and does it"),
            ("rictl apply drain.plan", "does what a saved plan says, or nothing"),
            ("rictl apply --approve-digest sha256:...@TIME", "does that plan and no other, without asking"),
            ("rictl apply --confirm-within 10m", "takes back what `rictl confirm` does not keep in time"),
        ],
    ),
    ("rictl-plan", &[("rictl plan --target group:sh --format markdown", "plans one group, for a review")]),
    ("rictl-rollback", &[("rictl rollback --change CHG-1042", "takes back what was done for a change")]),
    ("rictl-status", &[("rictl status group:sh --watch 5s", "shows a group again and again, until q")]),
    ("rictl-history", &[("rictl history --since 7d --change CHG-1042", "lists the runs of a change in the last week")]),
    (
        "rictl-report",
        &[("rictl report CHG-1042 --output ticket.html", "writes what was done for a change, for its ticket")],
    ),
    ("rictl-explain", &[("rictl explain sh-primary", "says why it is or is not planned, and whether it can go down")]),
];

/// The files of a spec's state, and what each is for.
const FILES: &[(&str, &str)] = &[
    ("rictl.yaml", "the spec, where -f names no other; see rictl.yaml(5)"),
    ("state/rictl.json, state/rictl.json.backup", "one record an interface, and the state before the last commit"),
    ("state/rictl.journal.jsonl", "intents and results, on disk before the next call"),
    ("state/rictl.runs/", "the runs that are over, a file each; never deleted by rictl"),
    ("state/rictl.approvals/", "what `rictl approve` keeps"),
    ("state/rictl.lock", "who is at work on the state"),
    ("/run/lock/rictl-PROVIDER-ACCOUNT.lock", "who is at work on the account, from whatever checkout"),
    (
        "~/.aliyun/config.json, ~/.alibabacloud/credentials",
        "profiles of credentials, as the vendor's CLI and SDKs read them",
    ),
];

/// The variables that set no option.
const VARIABLES: &[(&str, &str)] = &[
    (
        "PGPASSWORD, PGPASSFILE, PGSSLROOTCERT",
        "how a state in a Postgres is reached; no other variable of libpq is read",
    ),
    ("OSS_ENDPOINT, OSS_REGION", "where a bucket of OSS is; its keys are those of rictl's own chain"),
    (
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL",
        "how a bucket of S3 is reached",
    ),
    (
        "RICTL_NOTIFY_URL",
        "the address of the chat robot or webhook of --notify, with its token: https, or this machine's",
    ),
    ("RICTL_NOTIFY_SECRET", "what its messages are signed with"),
    ("RICTL_LANG, LC_ALL, LC_MESSAGES, LANG", "zh_CN.UTF-8: text for people in Simplified Chinese; else in English"),
    ("RICTL_RESCUE_DIR", "where lines are written that could not be recorded"),
];

/// What the pages are of, in the line at their foot.
const SOURCE: &str = concat!("rictl ", env!("CARGO_PKG_VERSION"));

/// A spec of one site, for the page of the spec.
const SPEC: &str = "\
version: 1
cloud: { region: cn-shanghai }
groups:
  idc-shanghai: { min_active: 1 }
interfaces:
  sh-primary: { id: ri-2zeo3xzyf38r4urzdpvfs, status: Inactive, group: idc-shanghai }
  sh-backup: { id: ri-2ze7fbuohmsl4bsdtpkdd, status: Active, group: idc-shanghai }
";

/// Writes every page into a directory.
///
/// # Errors
/// A page that cannot be written.
pub(super) fn write(directory: &Path) -> io::Result<()> {
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli = in_full(cli);
    cli.build();
    let environment = environment(&cli);
    pages(&cli, directory, &environment)?;
    std::fs::write(directory.join("rictl.yaml.5"), of_spec())
}

fn pages(command: &Command, directory: &Path, environment: &[(String, String)]) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        pages(below, directory, environment)?;
    }
    // A command below another has no version of its own.
    let man = Man::new(command.clone()).source(SOURCE);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if command.get_after_long_help().or(command.get_after_help()).is_some() {
        man.render_extra_section(&mut page)?;
    }
    sections(command, environment).to_writer(&mut page)?;
    std::fs::write(directory.join(man.get_filename()), page)
}

/// Gives every option its sentence in the long help too: pages leave out what the short help hides, unless it has one there.
fn in_full(command: Command) -> Command {
    let with_help = |argument: Arg| match (argument.get_long_help(), argument.get_help().cloned()) {
        (None, Some(help)) => argument.long_help(help),
        _ => argument,
    };
    command.mut_args(with_help).mut_subcommands(in_full)
}

/// The sections that every manual has and no grammar tells.
fn sections(command: &Command, environment: &[(String, String)]) -> Roff {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let is_whole = name == "rictl";
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    Exit::ALL.iter().for_each(|exit| term(&mut roff, &exit.to_string(), exit_code::meaning(*exit)));
    roff.control("SH", ["ENVIRONMENT"]);
    if is_whole {
        environment.iter().for_each(|(variable, help)| term(&mut roff, variable, help));
        VARIABLES.iter().for_each(|(variables, help)| term(&mut roff, variables, help));
    } else {
        roff.text([roman("See rictl(1): each option of every command that a variable sets names it.")]);
    }
    if is_whole {
        roff.control("SH", ["FILES"]);
        FILES.iter().for_each(|(path, what)| term(&mut roff, path, what));
    }
    if let Some((_, examples)) = EXAMPLES.iter().find(|(of, _)| *of == name) {
        roff.control("SH", ["EXAMPLES"]);
        examples.iter().for_each(|(typed, does)| term(&mut roff, typed, does));
    }
    let others = if is_whole { "rictl.yaml(5)" } else { "rictl(1), rictl.yaml(5)" };
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman(others)]);
    roff
}

fn term(roff: &mut Roff, word: &str, meaning: &str) {
    roff.control("TP", []);
    roff.text([bold(word)]);
    roff.text([roman(meaning)]);
}

/// Lists the variables that set options, each once, with what they set.
fn environment(cli: &Command) -> Vec<(String, String)> {
    let (mut found, mut open): (Vec<(String, String)>, Vec<&Command>) = (Vec::new(), vec![cli]);
    while let Some(command) = open.pop() {
        for argument in command.get_arguments() {
            let Some(variable) = argument.get_env().map(|variable| variable.to_string_lossy().into_owned()) else {
                continue;
            };
            if found.iter().all(|(known, _)| *known != variable) {
                let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
                let flag = argument.get_long().map(|long| format!("--{long}: ")).unwrap_or_default();
                found.push((variable, format!("{flag}{help}")));
            }
        }
        open.extend(command.get_subcommands());
    }
    found.sort();
    found
}

/// The page of the spec, from the table of its keys.
fn of_spec() -> Vec<u8> {
    let mut roff = Roff::new();
    roff.control("TH", ["rictl.yaml", "5", "", SOURCE]);
    roff.control("SH", ["NAME"]);
    roff.text([roman("rictl.yaml - which states router interfaces are to have")]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman(
        "YAML, or JSON in a file that ends in .json. `rictl validate` checks it, `rictl explain --key KEY` explains a key, `rictl schema` prints its JSON Schema.",
    )]);
    roff.control("SH", ["KEYS"]);
    KEYS.iter().for_each(|key| term(&mut roff, &format!("{}: {}", key.path, key.kind), &meaning(key)));
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    for line in SPEC.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman("rictl(1), rictl-validate(1), rictl-plan(1)")]);
    roff.to_roff().into_bytes()
}

fn meaning(key: &Key) -> String {
    match key.presence {
        Presence::Required(how) => format!("{} Required: {how}.", key.meaning),
        Presence::Default(value) => format!("{} Without it: {value}.", key.meaning),
        Presence::Otherwise(what) => format!("{} Without it: {what}.", key.meaning),
        Presence::Optional => key.meaning.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;
    use crate::spec::{SpecFile, parse};

    #[test]
    fn every_page_tells_the_exit_codes_and_every_example_is_of_a_command() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path()).unwrap();
        let page = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
        for (command, examples) in EXAMPLES {
            let page = page(&format!("{command}.1"));
            assert!(page.contains(".SH EXAMPLES") && page.contains(".SH \"EXIT STATUS\""), "{command}");
            assert!(
                examples.iter().all(|(typed, _)| typed.starts_with(&command.replace('-', " ")) || *command == "rictl")
            );
        }
        let whole = page("rictl.1");
        assert!(whole.contains("RICTL_POLL_INTERVAL") || whole.contains("RICTL_POLL\\_INTERVAL"), "{whole}");
        let plan = page("rictl-plan.1");
        assert!(plan.contains("so do NO") && !plan.contains("color\\fR\n\n"), "{plan}");
        assert!(whole.contains(".SH FILES") && whole.contains("journal") && whole.contains("130"), "{whole}");
        assert!(page("rictl.yaml.5").contains("interfaces.*.status"));
    }

    #[test]
    fn the_spec_of_the_page_is_valid() {
        let file = SpecFile { name: "rictl.yaml".to_owned(), bytes: SPEC.as_bytes().to_vec() };
        assert!(parse(vec![file]).is_ok());
    }
}
