//! Values that cannot be, in words.

use super::{allowed, found, wanted};
use crate::calendar::Zone;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::did_you_mean;
use crate::spec::SUPPORTED_VERSION;
use crate::spec::finding::{CloudFault, Spelling, ValueFault, WindowFault};
use crate::spec::keys::{KEYS, Key, Kind, Presence, Type};
use crate::spec::slips::meant;
use crate::spec::syntax::NodeKind;
use crate::windows::NotAClock;

const ONE_LINE: &str = "write it as one line of plain text";

pub(super) fn words(path: &str, fault: &ValueFault) -> Diagnostic {
    let cannot = |problem: &str| Diagnostic::error(format!("`{path}` {problem}"));
    match fault {
        ValueFault::OtherVersion { found } => {
            Diagnostic::error(format!("the spec is of version {found}, this rictl reads version {SUPPORTED_VERSION}"))
                .hint(format!("write `version: {SUPPORTED_VERSION}`, or use the rictl that reads version {found}"))
        }
        ValueFault::Nothing { wanted: kind } => nothing(cannot("has no value"), path, *kind),
        ValueFault::WrongType { found: kind, wanted: other, spelling } => {
            let error = cannot(&format!("is {}, not {}", what_stands(*kind, *other, spelling), wanted(*other)));
            let error = error.label(below(path, *other).unwrap_or_else(|| respelt(*other, spelling)));
            match entry_of(path, *kind) {
                Some(entry) => error.hint(format!("write each under its name, as in `{entry}`")),
                None => error,
            }
        }
        ValueFault::OneWord { key, word } => cannot("is one word, not a list").label(as_list(key, word)),
        ValueFault::UnknownWord { word, meant, known } => {
            let error = cannot(&format!("cannot be `{word}`"));
            let error = meant.iter().fold(error, |error, meant| error.label(did_you_mean(meant)));
            let known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
            error.hint(format!("it is {}; nothing else can be asked for", known.join(" or ")))
        }
        ValueFault::NotANumber { text, least } => cannot(&format!("cannot be `{text}`"))
            .hint(format!("write a whole number in decimal digits, at least {least}")),
        ValueFault::NumberTooLarge { least, most } => {
            cannot(&format!("is above {most}")).hint(format!("write a percentage from {least} to {most}"))
        }
        ValueFault::NotADuration { text, why } => cannot(&format!("is `{text}`, not a duration")).hint(why.to_string()),
        ValueFault::ZeroDuration => cannot("is zero").hint("give it time to succeed, such as `10m`"),
        ValueFault::NotARate { text, why } => {
            cannot(&format!("is `{text}`, not a rate of traffic")).hint(why.to_string())
        }
        ValueFault::ZeroRate => {
            cannot("is zero").hint("health checks never stop on what is Active: give it some room, such as `1Mbit/s`")
        }
        ValueFault::NotAShare { text } => {
            cannot(&format!("is `{text}`, not a share")).hint("write whole percent from `1%` to `100%`")
        }
        ValueFault::NotADay { text } => {
            cannot(&format!("is `{text}`, not a day")).hint("write a calendar day as YYYY-MM-DD")
        }
        ValueFault::EmptyList { key } => cannot("is an empty list").hint(instead_of_nothing(key)),
        ValueFault::NotATime { text, why } => cannot(&format!("is `{text}`, not a time")).hint(why.to_string()),
        ValueFault::Twice { text, ways: [one, other] } => {
            let twice =
                cannot(&format!("is `{text}`, which occurs twice in the spec's time zone: clocks go back then"));
            twice.hint(format!("write `{one}` or `{other}`"))
        }
        ValueFault::NotATimeOfDay { text } => {
            cannot(&format!("is `{text}`, not a time of day")).hint(NotAClock.to_string())
        }
        ValueFault::NotATimeZone { text, near } => {
            let error = cannot(&format!("is `{text}`, not a time zone"));
            let error = near.iter().fold(error, |error, near| error.label(did_you_mean(near)));
            if Zone::is_offset(text) {
                return error.hint("a name is wanted, not an offset: `Asia/Shanghai` is +08:00 all year");
            }
            error.hint("it is a name of the IANA database, such as `Asia/Shanghai` or `UTC`")
        }
        ValueFault::NotASelector { text, why } => cannot(&format!("is `{text}`, not a selector")).hint(why.to_string()),
        ValueFault::NotLater { than } => cannot(&format!("is not later than `{than}`"))
            .hint("it is the first moment at which all is over: it has to lie after the beginning"),
        ValueFault::Window(fault) => window(path, *fault),
        ValueFault::EmptyLine => cannot("is empty").hint(ONE_LINE),
        ValueFault::ControlCharacter => cannot("contains a control character").hint(ONE_LINE),
        ValueFault::EmptyName { grammar } => cannot("is empty").hint(allowed(*grammar)),
        ValueFault::StrangeCharacter { character, grammar } => {
            cannot(&format!("contains {}", named(*character))).hint(allowed(*grammar))
        }
        ValueFault::LookAlike { character } => cannot(&format!("contains {}", named(*character)))
            .hint("remove it; it comes with text that is copied from elsewhere"),
        ValueFault::NameTooLong { grammar } => {
            cannot(&format!("is longer than {} characters", grammar.longest())).hint(allowed(*grammar))
        }
        ValueFault::Cloud(fault) => cloud(path, *fault),
    }
}

/// Says what stands there. A word that only other YAML readers take for `true` or `false` is quoted: it is a boolean, and is none.
fn what_stands(kind: NodeKind, other: Type, spelling: &Spelling) -> String {
    match spelling {
        Spelling::Plain(text) if kind == NodeKind::Boolean && other == Type::Boolean => format!("`{text}`"),
        _ => found(kind).to_owned(),
    }
}

/// Says what belongs where nothing stands.
fn nothing(error: Diagnostic, path: &str, kind: Type) -> Diagnostic {
    let key = key_at(path).filter(|key| key.kind.value_type() == kind);
    let expected = key.filter(|key| matches!(key.kind, Kind::Choice { .. })).map(|key| key.kind.to_string());
    let error = error.label(format!("expected {}", expected.unwrap_or_else(|| wanted(kind).to_owned())));
    match key.map(|key| key.presence) {
        Some(Presence::Required(how)) => error.hint(how),
        _ => error.hint("give it a value, or remove the key"),
    }
}

/// Returns the key that a path leads to, whatever the names in it.
fn key_at(path: &str) -> Option<&'static Key> {
    let section = path.split('.').next()?;
    // Names may hold dots.
    let ends_so = |key: &&Key| {
        let ends = path.strip_suffix(key.name).is_some_and(|before| before.ends_with('.'));
        ends && key.name != "*" && key.path.split('.').next() == Some(section)
    };
    KEYS.iter().find(|key| key.is_at(path)).or_else(|| KEYS.iter().find(ends_so))
}

/// How many keys of a mapping are named where another value stands; of more, those that must be there.
const MOST_NAMED: usize = 6;

/// Says which keys the mapping has that belongs there, where they are known.
fn below(path: &str, other: Type) -> Option<String> {
    let key = key_at(path).filter(|_| other == Type::Mapping)?;
    let children: Vec<&Key> = key.children().collect();
    let is_required = |child: &&&Key| matches!(child.presence, Presence::Required(_));
    let named = |children: Vec<&&Key>| {
        let names: Vec<String> = children.iter().map(|child| format!("`{}`", child.name)).collect();
        (!names.is_empty()).then(|| format!("expected a mapping of {}", names.join(", ")))
    };
    match children.as_slice() {
        [one] if one.name == "*" => Some("expected a mapping, each under a name of your choice".to_owned()),
        few if few.len() <= MOST_NAMED => named(few.iter().collect()),
        many => Some(format!("{} and more", named(many.iter().filter(is_required).collect())?)),
    }
}

/// Returns how an entry looks of what is no list, where somebody wrote one.
fn entry_of(path: &str, found: NodeKind) -> Option<&'static str> {
    match path {
        "interfaces" if found == NodeKind::List => Some("sh-primary: { id: ri-2zeo3xzyf38r4urzdpvfs, status: Active }"),
        "groups" if found == NodeKind::List => Some("idc-shanghai: { min_active: 1 }"),
        _ => None,
    }
}

fn instead_of_nothing(key: &Key) -> String {
    match key.kind {
        Kind::Arguments => format!("name a program, or remove `{}`", key.name),
        _ => match key.presence {
            Presence::Otherwise(what) => format!("write nothing for {what}: remove `{}`", key.name),
            _ => format!("say which, as in `{}: {}`", key.name, key.example),
        },
    }
}

fn window(path: &str, fault: WindowFault) -> Diagnostic {
    let (problem, hint) = match fault {
        WindowFault::NoName => {
            ("is neither `deny` nor `allow`", "give it a name: `deny: Friday night` or `allow: nightly works`")
        }
        WindowFault::TwoNames => ("is both `deny` and `allow`", "write two windows"),
        WindowFault::SameTimes => (
            "has a `to` that is its `from`",
            "leave both out for the whole day; what spans midnight has a `to` before its `from`",
        ),
        WindowFault::BeginsAtTheEnd => ("begins at 24:00", "write `from: \"00:00\"` of the next day"),
        WindowFault::DailyAndOnce => {
            ("is daily and open once", "give it `days`, `from` and `to`, or `start` and `end`")
        }
        WindowFault::HalfASpan => ("has only one of `start` and `end`", "give it both"),
    };
    Diagnostic::error(format!("`{path}` {problem}")).hint(hint)
}

fn cloud(path: &str, fault: CloudFault) -> Diagnostic {
    let either = "give either `profile`, of the credential files, or `role_arn`, a role to assume";
    let (problem, hint) = match fault {
        CloudFault::TwoCredentials => ("has both `profile` and `role_arn`", either),
        CloudFault::NoCredentials => ("names no credentials", either),
        CloudFault::NotARole => ("is not a role's ARN", "a role is written acs:ram::ACCOUNT_ID:role/NAME"),
        CloudFault::ReservedName => {
            ("has an entry `default`, the name of the spec's own account", "choose another name")
        }
        CloudFault::WorldWithoutEmulator => {
            ("is only for the emulator", "write `provider: emulator`, or remove `world`")
        }
    };
    Diagnostic::error(format!("`{path}` {problem}")).hint(hint)
}

/// How a value of another type could be written.
fn respelt(other: Type, spelling: &Spelling) -> String {
    match spelling {
        // Of all strings that look like an offset, it is meant for one.
        Spelling::Plain(text) if other == Type::String && Zone::is_offset(text) => {
            "a time zone is named, such as `Asia/Shanghai`".to_owned()
        }
        Spelling::Plain(text) if other == Type::String => format!("quote it: \"{text}\""),
        Spelling::Plain(text) if other == Type::Boolean && is_yes(text) => "write `true`".to_owned(),
        Spelling::Plain(text) if other == Type::Boolean && is_no(text) => "write `false`".to_owned(),
        Spelling::Quoted if other == Type::Boolean => "write `true` or `false`, without quotes".to_owned(),
        Spelling::Quoted if other != Type::List && other != Type::Mapping => "write it without quotes".to_owned(),
        _ => format!("expected {}", wanted(other)),
    }
}

/// Returns whether some YAML reader takes a word for `true`.
fn is_yes(word: &str) -> bool {
    ["yes", "y", "on"].iter().any(|yes| word.eq_ignore_ascii_case(yes))
}

fn is_no(word: &str) -> bool {
    ["no", "n", "off"].iter().any(|no| word.eq_ignore_ascii_case(no))
}

/// Says how the list would be written: with the word that stands there, where that can be all of it.
fn as_list(key: &Key, word: &str) -> String {
    let of_it = || format!("[{}]", serde_json::Value::from(word));
    let example = if key.kind == Kind::Arguments { key.example.to_owned() } else { of_it() };
    let what = match key.kind {
        Kind::Arguments => "an argument list, never shell text",
        Kind::Addresses => "a list of addresses",
        Kind::Selectors => "a list of selectors",
        _ => "a list",
    };
    format!("write {what}: {example}")
}

/// Names a character for people: a blank as such, what cannot be told by looking at it by its number.
pub(in crate::spec) fn named(character: char) -> String {
    match character {
        ' ' => return "a blank".to_owned(),
        '\t' => return "a tab".to_owned(),
        '\n' | '\r' => return "a line end".to_owned(),
        graphic if graphic.is_ascii_graphic() => return format!("`{graphic}`"),
        _ => {}
    }
    let name = meant(character).map(|(_, name)| format!(", a {name}")).unwrap_or_default();
    format!("U+{:04X}{name}", u32::from(character))
}
