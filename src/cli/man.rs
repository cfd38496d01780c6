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

mod pages;

use pages::PAGES;

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
    if let Some(told) = PAGES.iter().find(|told| told.page == name) {
        terms(&mut roff, "FILES", told.files);
        terms(&mut roff, "EXAMPLES", told.examples);
    }
    let others = if is_whole { "rictl.yaml(5)" } else { "rictl(1), rictl.yaml(5)" };
    roff.control("SH", ["SEE ALSO"]);
    roff.text([roman(others)]);
    roff
}

/// Adds a section of words with what each means; none where there are none.
fn terms(roff: &mut Roff, heading: &'static str, words: &[(&'static str, &'static str)]) {
    if !words.is_empty() {
        roff.control("SH", [heading]);
        words.iter().for_each(|(word, meaning)| term(roff, word, meaning));
    }
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

    use std::collections::BTreeMap;
    use std::ffi::OsString;

    use super::*;
    use crate::spec::{SpecFile, parse};

    /// Reads every page that is written, by its name.
    fn written() -> BTreeMap<String, String> {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path()).unwrap();
        let entries = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap());
        entries
            .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
            .collect()
    }

    #[test]
    fn every_page_tells_the_exit_codes_what_to_type_and_the_files() {
        let mut pages = written();
        assert!(pages.remove("rictl.yaml.5").unwrap().contains("interfaces.*.status"));
        let told: Vec<String> = PAGES.iter().map(|told| format!("{}.1", told.page)).collect();
        let commands: Vec<&String> = pages.keys().collect();
        let mut sorted: Vec<&String> = told.iter().collect();
        sorted.sort();
        assert_eq!(commands, sorted, "each command has its row in PAGES");
        for told in PAGES {
            let page = &pages[&format!("{}.1", told.page)];
            assert!(page.contains(".SH EXAMPLES") && page.contains(".SH \"EXIT STATUS\""), "{page}");
            assert_eq!(page.contains(".SH FILES"), !told.files.is_empty(), "{page}");
        }
        let whole = &pages["rictl.1"];
        assert!(whole.contains("RICTL_POLL_INTERVAL") || whole.contains("RICTL_POLL\\_INTERVAL"), "{whole}");
        assert!(whole.contains("journal") && whole.contains("130"), "{whole}");
        let plan = &pages["rictl-plan.1"];
        assert!(plan.contains("so do NO") && !plan.contains("color\\fR\n\n"), "{plan}");
    }

    #[test]
    fn every_example_is_of_its_command_and_is_one_that_the_grammar_takes() {
        for told in PAGES {
            assert!(!told.examples.is_empty(), "{} tells nothing to type", told.page);
            for (typed, _) in told.examples {
                let quoted = typed.split('\'').enumerate();
                let words: Vec<&str> = quoted
                    .flat_map(|(number, piece)| match number % 2 {
                        0 => piece.split_whitespace().collect(),
                        _ => vec![piece],
                    })
                    .collect();
                let refused = crate::cli::read(words.iter().map(OsString::from)).err();
                assert!(refused.is_none(), "{typed}: {}", refused.unwrap());
                let command = told.page.replace('-', " ");
                let names = command.split(' ').all(|name| words.contains(&name));
                // Of one whose name has a dash in it.
                let is_dashed = words.iter().any(|word| told.page.ends_with(word));
                assert!(names || is_dashed, "{typed} is no {}", told.page);
            }
        }
        assert!(crate::cli::read(["rictl", "plan", "--outt", "x"].map(OsString::from)).is_err());
    }

    #[test]
    fn the_spec_of_the_page_is_valid() {
        let file = SpecFile { name: "rictl.yaml".to_owned(), bytes: SPEC.as_bytes().to_vec() };
        assert!(parse(vec![file]).is_ok());
    }
}
