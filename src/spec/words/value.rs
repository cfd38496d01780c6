//! Values that cannot be, in words.

use super::{allowed, found, wanted};
use crate::calendar::Zone;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::did_you_mean;
use crate::language::{say, sentence, word};
use crate::spec::SUPPORTED_VERSION;
use crate::spec::finding::{CloudFault, Spelling, ValueFault, WindowFault};
use crate::spec::keys::{KEYS, Key, Kind, Presence, Type};
use crate::spec::slips::meant;
use crate::spec::syntax::NodeKind;
use crate::windows::NotAClock;

const ONE_LINE: &str = sentence!("write it as one line of plain text");

pub(super) fn words(path: &str, fault: &ValueFault) -> Diagnostic {
    let cannot = |problem: &str| Diagnostic::error(format!("`{path}` {problem}"));
    match fault {
        ValueFault::OtherVersion { found } => Diagnostic::error(say!(
            "the spec is of version {found}, this rictl reads version {ours}",
            found,
            ours = SUPPORTED_VERSION
        ))
        .hint(say!(
            "write `version: {ours}`, or use the rictl that reads version {found}",
            ours = SUPPORTED_VERSION,
            found
        )),
        ValueFault::Nothing { remark: true, .. } => cannot(say!("has no value"))
            .label(say!("a comment from here on"))
            .hint(say!("quote a text that begins with `#`, as in `reason: \"#42\"`")),
        ValueFault::Nothing { wanted: kind, .. } => nothing(cannot(say!("has no value")), path, *kind),
        ValueFault::WrongType { found: kind, wanted: other, spelling } => {
            let error = cannot(&say!(
                "is {found}, not {wanted}",
                found = what_stands(*kind, *other, spelling),
                wanted = wanted(*other)
            ));
            let error = error.label(below(path, *other).unwrap_or_else(|| respelt(*other, spelling)));
            match entry_of(path, *kind) {
                Some(entry) => error.hint(say!("write each under its name, as in `{entry}`", entry)),
                None => error,
            }
        }
        ValueFault::OneWord { key, word } => cannot(say!("is one word, not a list")).label(as_list(key, word)),
        ValueFault::UnknownWord { word, meant, known } => {
            let error = cannot(&say!("cannot be `{word}`", word));
            if let Some(days) = span(word, known) {
                return error.hint(say!("there are no spans: write each, as in `[{days}]`", days = days.join(", ")));
            }
            let error = meant.iter().fold(error, |error, meant| error.label(did_you_mean(meant)));
            let known: Vec<String> = known.iter().map(|known| format!("`{known}`")).collect();
            error.hint(say!("it is {known}; nothing else can be asked for", known = known.join(say!(" or "))))
        }
        ValueFault::NotANumber { text, least } => cannot(&say!("cannot be `{text}`", text))
            .hint(say!("write a whole number in decimal digits, at least {least}", least)),
        ValueFault::NumberTooLarge { least, most } => {
            cannot(&say!("is above {most}", most)).hint(say!("write a percentage from {least} to {most}", least, most))
        }
        ValueFault::NotADuration { text, why } => {
            cannot(&say!("is `{text}`, not a duration", text)).hint(why.to_string())
        }
        ValueFault::ZeroDuration => cannot(say!("is zero")).hint(say!("give it time to succeed, such as `10m`")),
        ValueFault::NotARate { text, why } => {
            cannot(&say!("is `{text}`, not a rate of traffic", text)).hint(why.to_string())
        }
        ValueFault::ZeroRate => cannot(say!("is zero"))
            .hint(say!("health checks never stop on what is Active: give it some room, such as `1Mbit/s`")),
        ValueFault::NotAShare { text } => {
            cannot(&say!("is `{text}`, not a share", text)).hint(say!("write whole percent from `1%` to `100%`"))
        }
        ValueFault::NotADay { text } => {
            cannot(&say!("is `{text}`, not a day", text)).hint(say!("write a calendar day as YYYY-MM-DD"))
        }
        ValueFault::EmptyList { key } => cannot(say!("is an empty list")).hint(instead_of_nothing(key)),
        ValueFault::NotATime { text, why } => cannot(&say!("is `{text}`, not a time", text)).hint(why.to_string()),
        ValueFault::Twice { text, ways: [one, other] } => {
            let twice =
                cannot(&say!("is `{text}`, which occurs twice in the spec's time zone: clocks go back then", text));
            twice.hint(say!("write `{one}` or `{other}`", one, other))
        }
        ValueFault::NotATimeOfDay { text } => {
            cannot(&say!("is `{text}`, not a time of day", text)).hint(NotAClock.to_string())
        }
        ValueFault::NotATimeZone { text, near } => {
            let error = cannot(&say!("is `{text}`, not a time zone", text));
            let error = near.iter().fold(error, |error, near| error.label(did_you_mean(near)));
            if Zone::is_offset(text) {
                return error.hint(say!("a name is wanted, not an offset: `Asia/Shanghai` is +08:00 all year"));
            }
            error.hint(say!("it is a name of the IANA database, such as `Asia/Shanghai` or `UTC`"))
        }
        ValueFault::NotASelector { text, why } => {
            cannot(&say!("is `{text}`, not a selector", text)).hint(why.to_string())
        }
        ValueFault::NotLater { than } => cannot(&say!("is not later than `{than}`", than))
            .hint(say!("it is the first moment at which all is over: it has to lie after the beginning")),
        ValueFault::Window(fault) => window(path, *fault),
        ValueFault::EmptyLine => cannot(say!("is empty")).hint(word(ONE_LINE)),
        ValueFault::ControlCharacter => cannot(say!("contains a control character")).hint(word(ONE_LINE)),
        ValueFault::EmptyName { grammar } => cannot(say!("is empty")).hint(allowed(*grammar)),
        ValueFault::StrangeCharacter { character, grammar } => {
            cannot(&say!("contains {character}", character = named(*character))).hint(allowed(*grammar))
        }
        ValueFault::LookAlike { character } => cannot(&say!("contains {character}", character = named(*character)))
            .hint(say!("remove it; it comes with text that is copied from elsewhere")),
        ValueFault::NameTooLong { grammar } => {
            cannot(&say!("is longer than {longest} characters", longest = grammar.longest())).hint(allowed(*grammar))
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
    let error = error.label(say!("expected {wanted}", wanted = expected.unwrap_or_else(|| wanted(kind).to_owned())));
    match key.map(|key| key.presence) {
        Some(Presence::Required(how)) => error.hint(word(how)),
        _ => error.hint(say!("give it a value, or remove the key")),
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
        (!names.is_empty()).then(|| say!("expected a mapping of {names}", names = names.join(", ")))
    };
    match children.as_slice() {
        [one] if one.name == "*" => Some(say!("expected a mapping, each under a name of your choice").to_owned()),
        few if few.len() <= MOST_NAMED => named(few.iter().collect()),
        many => Some(say!("{named} and more", named = named(many.iter().filter(is_required).collect())?)),
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
        Kind::Arguments => say!("name a program, or remove `{name}`", name = key.name),
        _ => match key.presence {
            Presence::Otherwise(what) => {
                say!("write nothing for {what}: remove `{name}`", what = word(what), name = key.name)
            }
            _ => say!("say which, as in `{name}: {example}`", name = key.name, example = key.example),
        },
    }
}

fn window(path: &str, fault: WindowFault) -> Diagnostic {
    let (problem, hint) = match fault {
        WindowFault::NoName => (
            say!("is neither `deny` nor `allow`"),
            say!("give it a name: `deny: Friday night` or `allow: nightly works`"),
        ),
        WindowFault::TwoNames => (say!("is both `deny` and `allow`"), say!("write two windows")),
        WindowFault::SameTimes => (
            say!("has a `to` that is its `from`"),
            say!("leave both out for the whole day; what spans midnight has a `to` before its `from`"),
        ),
        WindowFault::BeginsAtTheEnd => (say!("begins at 24:00"), say!("write `from: \"00:00\"` of the next day")),
        WindowFault::DailyAndOnce => {
            (say!("is daily and open once"), say!("give it `days`, `from` and `to`, or `start` and `end`"))
        }
        WindowFault::HalfASpan => (say!("has only one of `start` and `end`"), say!("give it both")),
    };
    Diagnostic::error(format!("`{path}` {problem}")).hint(hint)
}

fn cloud(path: &str, fault: CloudFault) -> Diagnostic {
    let either = say!("give either `profile`, of the credential files, or `role_arn`, a role to assume");
    let (problem, hint) = match fault {
        CloudFault::TwoCredentials => (say!("has both `profile` and `role_arn`"), either),
        CloudFault::NoCredentials => (say!("names no credentials"), either),
        CloudFault::NotARole => (say!("is not a role's ARN"), say!("a role is written acs:ram::ACCOUNT_ID:role/NAME")),
        CloudFault::ReservedName => {
            (say!("has an entry `default`, the name of the spec's own account"), say!("choose another name"))
        }
        CloudFault::WorldWithoutEmulator => {
            (say!("is only for the emulator"), say!("write `provider: emulator`, or remove `world`"))
        }
    };
    Diagnostic::error(format!("`{path}` {problem}")).hint(hint)
}

/// How a value of another type could be written.
fn respelt(other: Type, spelling: &Spelling) -> String {
    match spelling {
        // Of all strings that look like an offset, it is meant for one.
        Spelling::Plain(text) if other == Type::String && Zone::is_offset(text) => {
            say!("a time zone is named, such as `Asia/Shanghai`").to_owned()
        }
        Spelling::Plain(text) if other == Type::String => say!("quote it: \"{text}\"", text),
        Spelling::Plain(text) if other == Type::Boolean && is_yes(text) => say!("write `true`").to_owned(),
        Spelling::Plain(text) if other == Type::Boolean && is_no(text) => say!("write `false`").to_owned(),
        Spelling::Quoted if other == Type::Boolean => say!("write `true` or `false`, without quotes").to_owned(),
        Spelling::Quoted if other != Type::List && other != Type::Mapping => say!("write it without quotes").to_owned(),
        _ => say!("expected {wanted}", wanted = wanted(other)),
    }
}

/// Returns whether some YAML reader takes a word for `true`.
fn is_yes(word: &str) -> bool {
    ["yes", "y", "on"].iter().any(|yes| word.eq_ignore_ascii_case(yes))
}

fn is_no(word: &str) -> bool {
    ["no", "n", "off"].iter().any(|no| word.eq_ignore_ascii_case(no))
}

/// Returns the words from one to another, in their order and over its end, where a word is such a span: `mon-fri`.
fn span<'k>(word: &str, known: &[&'k str]) -> Option<Vec<&'k str>> {
    let (from, to) = word.split_once(['-', '\u{2013}']).or_else(|| word.split_once(".."))?;
    let place = |word: &str| known.iter().position(|known| known.eq_ignore_ascii_case(word.trim()));
    let (from, to) = (place(from)?, place(to)?);
    let length = (to + known.len() - from) % known.len() + 1;
    Some((0..length).map(|step| known[(from + step) % known.len()]).collect())
}

/// Says how the list would be written: with the word that stands there, where that can be all of it.
fn as_list(key: &Key, word: &str) -> String {
    let of_it = || match key.kind {
        // No address has a blank or a comma in it.
        Kind::Addresses => {
            let addresses = word.split([' ', ',']).filter(|address| !address.is_empty());
            format!(
                "[{}]",
                addresses.map(|one| serde_json::Value::from(one).to_string()).collect::<Vec<_>>().join(", ")
            )
        }
        Kind::Choices { words, .. } => match span(word, words) {
            Some(words) => format!("[{}]", words.join(", ")),
            None => format!("[{}]", serde_json::Value::from(word)),
        },
        _ => format!("[{}]", serde_json::Value::from(word)),
    };
    let example = if key.kind == Kind::Arguments { key.example.to_owned() } else { of_it() };
    let what = match key.kind {
        Kind::Arguments => say!("an argument list, never shell text"),
        Kind::Addresses => say!("a list of addresses"),
        Kind::Selectors => say!("a list of selectors"),
        _ => say!("a list"),
    };
    say!("write {what}: {example}", what, example)
}

/// Names a character for people: a blank as such, what cannot be told by looking at it by its number.
pub(in crate::spec) fn named(character: char) -> String {
    match character {
        ' ' => return say!("a blank").to_owned(),
        '\t' => return say!("a tab").to_owned(),
        '\n' | '\r' => return say!("a line end").to_owned(),
        graphic if graphic.is_ascii_graphic() => return format!("`{graphic}`"),
        _ => {}
    }
    let name = meant(character).map(|(_, name)| say!(", a {name}", name = word(name))).unwrap_or_default();
    format!("U+{:04X}{name}", u32::from(character))
}
