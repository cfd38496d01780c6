//! Values that cannot be, in words.

use super::{allowed, found, wanted};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::nearest::did_you_mean;
use crate::spec::SUPPORTED_VERSION;
use crate::spec::finding::{CloudFault, Spelling, ValueFault};
use crate::spec::keys::{Key, Kind, Type};
use crate::spec::slips::meant;

const ONE_LINE: &str = "write it as one line of plain text";

pub(super) fn words(path: &str, fault: &ValueFault) -> Diagnostic {
    let cannot = |problem: &str| Diagnostic::error(format!("`{path}` {problem}"));
    match fault {
        ValueFault::OtherVersion { found } => {
            Diagnostic::error(format!("the spec is of version {found}, this rictl reads version {SUPPORTED_VERSION}"))
                .hint(format!("write `version: {SUPPORTED_VERSION}`, or use the rictl that reads version {found}"))
        }
        ValueFault::Nothing { wanted: kind } => cannot("has no value")
            .label(format!("expected {}", wanted(*kind)))
            .hint("give it a value, or remove the key"),
        ValueFault::WrongType { found: kind, wanted: other, spelling } => {
            let error = cannot(&format!("is {}, not {}", found(*kind), wanted(*other)));
            error.label(respelt(*other, spelling))
        }
        ValueFault::OneWord { key } => cannot("is one word, not a list").label(as_list(key)),
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
        ValueFault::NotADay { text } => {
            cannot(&format!("is `{text}`, not a day")).hint("write a calendar day as YYYY-MM-DD")
        }
        ValueFault::EmptyList => cannot("is an empty list").hint("name a program, or remove `check`"),
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
        Spelling::Plain(text) if other == Type::String => format!("quote it: \"{text}\""),
        Spelling::Quoted if other != Type::List && other != Type::Mapping => "write it without quotes".to_owned(),
        _ => format!("expected {}", wanted(other)),
    }
}

fn as_list(key: &Key) -> String {
    let what = match key.kind {
        Kind::Arguments => "an argument list, never shell text",
        _ => "a list of addresses",
    };
    format!("write {what}: {}", key.example)
}

fn named(character: char) -> String {
    if character.is_ascii_graphic() {
        return format!("`{character}`");
    }
    let name = meant(character).map(|(_, name)| format!(", a {name}")).unwrap_or_default();
    format!("U+{:04X}{name}", u32::from(character))
}
