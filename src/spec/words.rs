//! Findings in words. Nothing else of the spec writes a sentence, so another language is another [`words`].

use std::borrow::Cow;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::did_you_mean;
use crate::language::{say, word};
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
            Diagnostic::error(say!("and {count} more like these: {kind}", count, kind = word(code.kind())))
                .label(say!("the first of them"))
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
            Diagnostic::error(say!("there is no spec to read")).hint(say!("`rictl init` writes one from what is live"))
        }
        FileFault::TooLarge { mebibytes } => {
            Diagnostic::error(say!("the file is larger than {mebibytes} MiB", mebibytes))
                .hint(say!("is this a spec? several files in a directory are merged: `-f DIRECTORY`"))
        }
        FileFault::Utf16 => {
            Diagnostic::error(say!("the file is UTF-16, a spec is UTF-8")).hint(say!("save it as UTF-8"))
        }
        FileFault::Utf32 => {
            Diagnostic::error(say!("the file is UTF-32, a spec is UTF-8")).hint(say!("save it as UTF-8"))
        }
        FileFault::NotUtf8 { byte } => Diagnostic::error(say!("the file is not UTF-8"))
            .label(say!("byte 0x{byte}", byte = format!("{byte:02x}")))
            .hint(say!("save it as UTF-8")),
        FileFault::NulCharacter => Diagnostic::error(say!("the file contains a NUL character"))
            .label(say!("here"))
            .hint(say!("is this a text file? save it as UTF-8")),
    }
}

fn key(fault: &KeyFault) -> Diagnostic {
    match fault {
        KeyFault::Unknown { key, at, near, known } => {
            let place = at.as_ref().map_or_else(|| say!("a spec").to_owned(), |path| format!("`{path}`"));
            let names: Vec<&str> = known.iter().map(|key| key.name).collect();
            let error = Diagnostic::error(say!("unknown key `{key}` in {place}", key, place));
            let error = near.iter().fold(error, |error, near| error.label(did_you_mean(near)));
            let section =
                if at.is_none() { KEYS.iter().find(|known| known.path == format!("cloud.{key}")) } else { None };
            if section.is_some() {
                return Diagnostic::error(say!("unknown key `{key}` in a spec", key))
                    .label(say!("belongs under `cloud`"))
                    .hint(say!("indent it: two blanks before `{key}`, below `cloud:`", key));
            }
            let is_stray = at.is_none() && near.is_none();
            let more = match key.as_str() {
                "regions" | "settle" | "faults" | "quota" | "pairs" if at.is_none() => {
                    say!(
                        "; this one is of a world of the emulator, which belongs outside of the directory that -f names"
                    )
                }
                "members" | "interfaces" | "links" if at.as_ref().is_some_and(|path| path.starts_with("groups.")) => {
                    say!("; who belongs to a group says so itself: `group: NAME` in its entry of `interfaces`")
                }
                _ if is_stray => say!("; an entry of `interfaces` or `groups` is indented under it"),
                _ => "",
            };
            error.hint(say!("the keys here are {names}{more}", names = names.join(", "), more))
        }
        KeyFault::Duplicate { path, first } => Diagnostic::error(say!("`{path}` is set twice", path))
            .label(say!("set again here"))
            .related(*first, say!("first set here"))
            .hint(say!("keep one of the two")),
        KeyFault::Missing { path, key } => {
            let error = Diagnostic::error(say!("`{path}` has no `{name}`", path, name = key.name));
            match key.presence {
                Presence::Required(how) => error.hint(word(how)),
                Presence::Default(_) | Presence::Otherwise(_) | Presence::Optional => error,
            }
        }
        KeyFault::NoVersion => Diagnostic::error(say!(
            "the spec names no version, this rictl reads version {ours}",
            ours = SUPPORTED_VERSION
        ))
        .hint(say!("write `version: {ours}` on the first line", ours = SUPPORTED_VERSION)),
        KeyFault::Endpoint => Diagnostic::error(say!("an endpoint cannot be set in a spec"))
            .label(say!("whoever edits the spec could redirect signed requests"))
            .hint(say!("give it on the command line: `--endpoint URL`, or in RICTL_ENDPOINT")),
    }
}

fn wanted(wanted: Type) -> &'static str {
    match wanted {
        Type::Version => say!("the number 1"),
        Type::Mapping => say!("a mapping"),
        Type::List => say!("a list"),
        Type::String => say!("a string"),
        Type::WholeNumber => say!("a whole number"),
        Type::Boolean => say!("`true` or `false`"),
        Type::Duration => say!("a duration"),
        Type::Rate => say!("a rate (1Mbit/s)"),
        Type::Share => say!("a share (50%)"),
        Type::Day => say!("a day (YYYY-MM-DD)"),
        Type::Time => say!("a time"),
        Type::TimeOfDay => say!("a time of day"),
    }
}

fn found(found: NodeKind) -> &'static str {
    match found {
        NodeKind::Null => say!("null"),
        NodeKind::String => say!("a string"),
        NodeKind::Boolean => say!("a boolean"),
        NodeKind::Date => say!("a date"),
        NodeKind::Number => say!("a number"),
        NodeKind::List => say!("a list"),
        NodeKind::Mapping => say!("a mapping"),
        NodeKind::Refused => say!("something else"),
    }
}

fn allowed(grammar: Grammar) -> String {
    let described = match grammar {
        Grammar::Name => say!("letters, digits, `.`, `_` and `-`"),
        Grammar::Label => say!("letters, digits, `.`, `_`, `-` and `/`"),
        Grammar::Id => say!("ASCII letters, digits, `_` and `-`, such as ri-2zeo3xzyf38r4urzdpvfs"),
        Grammar::Region => say!("lowercase letters, digits and `-`, such as cn-shanghai"),
        Grammar::Digits => say!("digits, such as \"1234567890123456\""),
    };
    say!("allowed are {described}, at most {longest}", described, longest = grammar.longest())
}
