//! Findings in words. Nothing else of the spec writes a sentence, so another language is another [`words`].

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::did_you_mean;
use crate::spec::SUPPORTED_VERSION;
use crate::spec::finding::{FileFault, Finding, KeyFault};
use crate::spec::keys::{Grammar, KEYS, Presence, Type};
use crate::spec::syntax::NodeKind;

mod syntax;
mod value;
mod whole;

pub(super) use value::named;

/// Words a finding; where it stands is for the caller to say.
pub(super) fn words(finding: &Finding) -> Diagnostic {
    let code = finding.code();
    let said = match finding {
        Finding::File(fault) => file(fault),
        Finding::Syntax(fault) => syntax::words(fault),
        Finding::Key(fault) => key(fault),
        Finding::Value { path, fault } => value::words(path, fault),
        Finding::Whole(fault) => whole::words(fault),
        Finding::More { code, count } => {
            Diagnostic::error(format!("and {count} more like these: {}", code.kind())).label("the first of them")
        }
    };
    Diagnostic { severity: code.severity(), code: Some(code.as_str()), ..said }
}

/// Cuts text of the user's to what fits a message.
pub(super) fn shorten(text: &str) -> Cow<'_, str> {
    const SHOWN: usize = 64;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}

fn file(fault: &FileFault) -> Diagnostic {
    match fault {
        FileFault::None => {
            Diagnostic::error("there is no spec to read").hint("`rictl init` writes one from what is live")
        }
        FileFault::TooLarge { mebibytes } => Diagnostic::error(format!("the file is larger than {mebibytes} MiB"))
            .hint("is this a spec? several files in a directory are merged: `-f DIRECTORY`"),
        FileFault::Utf16 => Diagnostic::error("the file is UTF-16, a spec is UTF-8").hint("save it as UTF-8"),
        FileFault::NotUtf8 { byte } => {
            Diagnostic::error("the file is not UTF-8").label(format!("byte 0x{byte:02x}")).hint("save it as UTF-8")
        }
        FileFault::NulCharacter => Diagnostic::error("the file contains a NUL character")
            .label("here")
            .hint("is this a text file? save it as UTF-8"),
    }
}

fn key(fault: &KeyFault) -> Diagnostic {
    match fault {
        KeyFault::Unknown { key, at, near, known } => {
            let place = at.as_ref().map_or_else(|| "a spec".to_owned(), |path| format!("`{path}`"));
            let names: Vec<&str> = known.iter().map(|key| key.name).collect();
            let error = Diagnostic::error(format!("unknown key `{key}` in {place}"));
            let error = near.iter().fold(error, |error, near| error.label(did_you_mean(near)));
            let section =
                if at.is_none() { KEYS.iter().find(|known| known.path == format!("cloud.{key}")) } else { None };
            if section.is_some() {
                return Diagnostic::error(format!("unknown key `{key}` in a spec"))
                    .label("belongs under `cloud`")
                    .hint(format!("indent it: two blanks before `{key}`, below `cloud:`"));
            }
            let is_stray = at.is_none() && near.is_none();
            let more = match key.as_str() {
                "regions" | "settle" | "faults" | "quota" | "pairs" if at.is_none() => {
                    "; this one is of a world of the emulator, which belongs outside of the directory that -f names"
                }
                "members" | "interfaces" | "links" if at.as_ref().is_some_and(|path| path.starts_with("groups.")) => {
                    "; who belongs to a group says so itself: `group: NAME` in its entry of `interfaces`"
                }
                _ if is_stray => "; an entry of `interfaces` or `groups` is indented under it",
                _ => "",
            };
            error.hint(format!("the keys here are {}{more}", names.join(", ")))
        }
        KeyFault::Duplicate { path, first } => Diagnostic::error(format!("`{path}` is set twice"))
            .label("set again here")
            .related(*first, "first set here")
            .hint("keep one of the two"),
        KeyFault::Missing { path, key } => {
            let error = Diagnostic::error(format!("`{path}` has no `{}`", key.name));
            match key.presence {
                Presence::Required(how) => error.hint(how),
                Presence::Default(_) | Presence::Otherwise(_) | Presence::Optional => error,
            }
        }
        KeyFault::NoVersion => {
            Diagnostic::error(format!("the spec names no version, this rictl reads version {SUPPORTED_VERSION}"))
                .hint(format!("write `version: {SUPPORTED_VERSION}` on the first line"))
        }
        KeyFault::Endpoint => Diagnostic::error("an endpoint cannot be set in a spec")
            .label("whoever edits the spec could redirect signed requests")
            .hint("give it on the command line: `--endpoint URL`, or in RICTL_ENDPOINT"),
    }
}

fn wanted(wanted: Type) -> &'static str {
    match wanted {
        Type::Version => "the number 1",
        Type::Mapping => "a mapping",
        Type::List => "a list",
        Type::String => "a string",
        Type::WholeNumber => "a whole number",
        Type::Boolean => "`true` or `false`",
        Type::Duration => "a duration",
        Type::Rate => "a rate (1Mbit/s)",
        Type::Share => "a share (50%)",
        Type::Day => "a day (YYYY-MM-DD)",
        Type::Time => "a time",
        Type::TimeOfDay => "a time of day",
    }
}

fn found(found: NodeKind) -> &'static str {
    match found {
        NodeKind::Null => "null",
        NodeKind::String => "a string",
        NodeKind::Boolean => "a boolean",
        NodeKind::Date => "a date",
        NodeKind::Number => "a number",
        NodeKind::List => "a list",
        NodeKind::Mapping => "a mapping",
        NodeKind::Refused => "something else",
    }
}

fn allowed(grammar: Grammar) -> String {
    let described = match grammar {
        Grammar::Name => "letters, digits, `.`, `_` and `-`",
        Grammar::Label => "letters, digits, `.`, `_`, `-` and `/`",
        Grammar::Id => "ASCII letters, digits, `_` and `-`, such as ri-2zeo3xzyf38r4urzdpvfs",
        Grammar::Region => "lowercase letters, digits and `-`, such as cn-shanghai",
        Grammar::Digits => "digits, such as \"1234567890123456\"",
    };
    format!("allowed are {described}, at most {}", grammar.longest())
}
