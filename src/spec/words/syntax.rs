//! Broken syntax, in words for someone who never read the YAML specification.

use super::found;
use crate::diagnostic::Diagnostic;
use crate::spec::finding::{Crowd, Mark, SyntaxFault, YamlFault};
use crate::spec::slips::{Slip, meant};

pub(super) fn words(fault: &SyntaxFault) -> Diagnostic {
    match fault {
        SyntaxFault::Empty => Diagnostic::error("the file is empty")
            .hint("a spec starts with `version: 1`; `rictl init` writes one from what is live"),
        SyntaxFault::NotAMapping { found: kind } => {
            Diagnostic::error(format!("a spec is a mapping, found {}", found(*kind)))
                .hint("start with `version: 1` and `interfaces:`, both at the left margin")
        }
        SyntaxFault::TooDeep { levels } => {
            Diagnostic::error(format!("values nest deeper than {levels} levels")).label("one level too many")
        }
        SyntaxFault::TooMany { what, limit } => {
            let what = match what {
                Crowd::Sections => "sections",
                Crowd::Entries => "entries in a section",
                Crowd::Values => "values in an entry",
            };
            Diagnostic::error(format!("more than {limit} {what}"))
                .hint("is this a spec? an estate this large is better kept as several specs")
        }
        SyntaxFault::TextTooLong { bytes, limit } => {
            Diagnostic::error(format!("text of {bytes} bytes, at most {limit} are allowed"))
        }
        SyntaxFault::EndlessValue { kibibytes } => {
            Diagnostic::error(format!("{kibibytes} KiB without one complete value"))
                .label("after this")
                .hint("write large collections one entry a line, without braces, or as JSON in a file named `*.json`")
        }
        SyntaxFault::KeyIsNoWord => Diagnostic::error("a key must be a word")
            .label("not a word")
            .hint("quote text that begins with a bracket; a template such as `{{ name }}` has to be filled in first"),
        SyntaxFault::SeveralDocuments => Diagnostic::error("the file holds several documents")
            .label("the second starts here")
            .hint("one document a file; the files of a directory are merged: `-f DIRECTORY`"),
        SyntaxFault::HalfCharacter => Diagnostic::error("not JSON: an escape is half a character")
            .hint("a character above U+FFFF is written as two escapes, a surrogate pair"),
        SyntaxFault::NotJson { reason } => Diagnostic::error(format!("not JSON: {reason}"))
            .hint("a file is read as JSON because its name ends in `.json`"),
        SyntaxFault::NotYaml(fault) => yaml(fault),
        SyntaxFault::Tab => Diagnostic::error("a tab is used as indentation")
            .label("a tab")
            .hint("YAML is indented with spaces; two a level are usual"),
        SyntaxFault::NotAllowed(mark) => not_allowed(*mark),
        SyntaxFault::Slip(slip) => slipped(*slip),
    }
}

fn not_allowed(mark: Mark) -> Diagnostic {
    let (what, label, hint) = match mark {
        Mark::MergeKey => (
            "merge keys",
            "`<<` copies from elsewhere",
            "write the values out, so that a reviewer sees what each entry says",
        ),
        Mark::Anchor => ("anchors", "`&` names a value for use elsewhere", "write the value out wherever it is meant"),
        Mark::Tag => ("tags", "`!` changes what the value is", "quote a value that is to be a string"),
        Mark::Alias => (
            "aliases",
            "`*` stands for a value from elsewhere",
            "write the value out, so that a reviewer sees what the entry says",
        ),
    };
    Diagnostic::error(format!("{what} are not allowed in a spec")).label(label).hint(hint)
}

fn slipped(slip: Slip) -> Diagnostic {
    match slip {
        Slip::LookAlike(character) => {
            let (wanted, name) = meant(character).unwrap_or((' ', "character"));
            let wanted = if wanted == ' ' { "a space".to_owned() } else { format!("`{wanted}`") };
            let error = Diagnostic::error(format!("a {name} (U+{:04X}) where {wanted} belongs", u32::from(character)));
            error.label(format!("not {wanted}")).hint(format!(
                "replace it by {wanted}, and look for more of them: they come with text that is copied from elsewhere"
            ))
        }
        Slip::NoBlank => Diagnostic::error("a `:` without a blank after it")
            .label("a space belongs after it")
            .hint("write `key: value`"),
        Slip::NoColon => Diagnostic::error("a key without a `:`").label("`: ` belongs here").hint("write `key: value`"),
        Slip::ConflictMark => Diagnostic::error("a merge conflict is not resolved").label("its mark").hint(
            "keep what is right of both sides, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>",
        ),
    }
}

fn yaml(fault: &YamlFault) -> Diagnostic {
    let (reason, hint) = match fault {
        YamlFault::ColonInText => {
            ("a `:` where no key can be", "quote text that contains `: `, and check the indentation of this line")
        }
        YamlFault::NoColon => ("a key without a `:`", "write `key: value`"),
        YamlFault::OpenQuote => ("a quote is opened here and never closed", "close it, or escape the quotes inside"),
        YamlFault::OpenBracket => {
            ("a bracket is opened here and never closed", "close it, or see whether a comma is missing")
        }
        YamlFault::TextAfterQuote => (
            "text after a closing quote",
            "inside of single quotes a single quote is written twice: 'it''s'; or put the text into double quotes",
        ),
        YamlFault::UnknownEscape => {
            ("a backslash escape that does not exist", "use single quotes where a backslash means itself")
        }
        YamlFault::OddIndent => {
            ("this line is indented as no line above it is", "lines that belong together begin in the same column")
        }
        YamlFault::UnexpectedCharacter(info) => (info.as_str(), "quote text that starts with such a character"),
        YamlFault::Other(info) => (info.as_str(), "check the indentation, quotes and brackets around this place"),
    };
    Diagnostic::error(format!("not YAML: {reason}")).hint(hint)
}
