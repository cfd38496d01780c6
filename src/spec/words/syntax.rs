//! Broken syntax, in words for someone who never read the YAML specification.

use super::found;
use crate::diagnostic::Diagnostic;
use crate::language::{say, sentence, word};
use crate::spec::finding::{Crowd, Mark, SyntaxFault, YamlFault};
use crate::spec::slips::{Slip, is_invisible, meant};

pub(super) fn words(fault: &SyntaxFault) -> Diagnostic {
    match fault {
        SyntaxFault::Empty => Diagnostic::error(say!("the file is empty"))
            .hint(say!("a spec starts with `version: 1`; `rictl init` writes one from what is live")),
        SyntaxFault::NotAMapping { found: kind } => {
            Diagnostic::error(say!("a spec is a mapping, found {found}", found = found(*kind)))
                .hint(say!("start with `version: 1` and `interfaces:`, both at the left margin"))
        }
        SyntaxFault::TooDeep { levels } => {
            Diagnostic::error(say!("values nest deeper than {levels} levels", levels)).label(say!("one level too many"))
        }
        SyntaxFault::TooMany { what, limit } => {
            let what = match what {
                Crowd::Sections => say!("sections"),
                Crowd::Entries => say!("entries in a section"),
                Crowd::Values => say!("values in an entry"),
            };
            Diagnostic::error(say!("more than {limit} {what}", limit, what))
                .hint(say!("is this a spec? an estate this large is better kept as several specs"))
        }
        SyntaxFault::TextTooLong { bytes, limit } => {
            Diagnostic::error(say!("text of {bytes} bytes, at most {limit} are allowed", bytes, limit))
        }
        SyntaxFault::EndlessValue { kibibytes } => {
            Diagnostic::error(say!("{kibibytes} KiB without one complete value", kibibytes))
                .label(say!("after this"))
                .hint(say!(
                    "write large collections one entry a line, without braces, or as JSON in a file named `*.json`"
                ))
        }
        SyntaxFault::KeyIsNoWord => Diagnostic::error(say!("a key must be a word")).label(say!("not a word")).hint(
            say!("quote text that begins with a bracket; a template such as `{{ name }}` has to be filled in first"),
        ),
        SyntaxFault::SeveralDocuments => Diagnostic::error(say!("the file holds several documents"))
            .label(say!("the second starts here"))
            .hint(say!("one document a file; the files of a directory are merged: `-f DIRECTORY`")),
        SyntaxFault::HalfCharacter => Diagnostic::error(say!("not JSON: an escape is half a character"))
            .hint(say!("a character above U+FFFF is written as two escapes, a surrogate pair")),
        SyntaxFault::NotJson { reason } => Diagnostic::error(say!("not JSON: {reason}", reason))
            .hint(say!("a file is read as JSON because its name ends in `.json`")),
        SyntaxFault::NotYaml(fault) => yaml(fault),
        SyntaxFault::Tab => Diagnostic::error(say!("a tab is used as indentation"))
            .label(say!("a tab"))
            .hint(say!("YAML is indented with spaces; two a level are usual")),
        SyntaxFault::NotAllowed(mark) => not_allowed(*mark),
        SyntaxFault::Slip(slip) => slipped(*slip),
    }
}

fn not_allowed(mark: Mark) -> Diagnostic {
    let (what, label, hint) = match mark {
        Mark::MergeKey => (
            say!("merge keys"),
            say!("`<<` copies from elsewhere"),
            say!("write the values out, so that a reviewer sees what each entry says"),
        ),
        Mark::Anchor => (
            say!("anchors"),
            say!("`&` names a value for use elsewhere"),
            say!("write the value out wherever it is meant"),
        ),
        Mark::Tag => {
            (say!("tags"), say!("`!` changes what the value is"), say!("quote a value that is to be a string"))
        }
        Mark::Alias => (
            say!("aliases"),
            say!("`*` stands for a value from elsewhere"),
            say!("write the value out, so that a reviewer sees what the entry says"),
        ),
    };
    Diagnostic::error(say!("{what} are not allowed in a spec", what)).label(label).hint(hint)
}

fn slipped(slip: Slip) -> Diagnostic {
    match slip {
        Slip::LookAlike(character) if is_invisible(character) => {
            let number = format!("{:04X}", u32::from(character));
            Diagnostic::error(say!("a character that takes no room (U+{number})", number))
                .label(say!("nothing belongs here"))
                .hint(say!("take it out, and look for more of them: they come with text that is copied from elsewhere"))
        }
        Slip::LookAlike(character) if meant(character).is_some_and(|(meant, _)| matches!(meant, '-' | '[' | '{')) => {
            let (wanted, name) = meant(character).unwrap_or((' ', sentence!("character")));
            let number = format!("{:04X}", u32::from(character));
            let error = Diagnostic::error(say!(
                "a {name} (U+{number}) where {wanted} belongs",
                name = word(name),
                number,
                wanted = format!("`{wanted}`")
            ));
            let instead = match wanted {
                '-' => say!("write `- ` and the entry: a hyphen and a blank"),
                '[' => say!("write `[a, b]`, with the brackets and the comma of ASCII"),
                _ => say!("write `{ a: b }`, with the brackets and the colon of ASCII"),
            };
            error.label(say!("not {wanted}", wanted = format!("`{wanted}`"))).hint(instead)
        }
        Slip::LookAlike(character) => {
            let (wanted, name) = meant(character).unwrap_or((' ', sentence!("character")));
            let wanted = if wanted == ' ' { say!("a space").to_owned() } else { format!("`{wanted}`") };
            let number = format!("{:04X}", u32::from(character));
            let error = Diagnostic::error(say!(
                "a {name} (U+{number}) where {wanted} belongs",
                name = word(name),
                number,
                wanted
            ));
            error.label(say!("not {wanted}", wanted)).hint(say!(
                "replace it by {wanted}, and look for more of them: they come with text that is copied from elsewhere",
                wanted
            ))
        }
        Slip::NoBlank => Diagnostic::error(say!("a `:` without a blank after it"))
            .label(say!("a space belongs after it"))
            .hint(say!("write `key: value`")),
        Slip::NoColon => Diagnostic::error(say!("a key without a `:`"))
            .label(say!("`: ` belongs here"))
            .hint(say!("write `key: value`")),
        Slip::NoDash => Diagnostic::error(say!("an entry of a list without its `-`"))
            .label(say!("`- ` belongs before it"))
            .hint(say!("write every entry of the list as `- entry`, in the same column")),
        Slip::TightDash => Diagnostic::error(say!("a `-` without a blank after it"))
            .label(say!("a space belongs after it"))
            .hint(say!("write every entry of the list as `- entry`, in the same column")),
        Slip::Comma => Diagnostic::error(say!("a `,` outside of brackets"))
            .label(say!("no comma belongs here"))
            .hint(say!("what stands in a line of its own takes none: remove it; a list in one line is `[a, b]`")),
        Slip::NoComment => Diagnostic::error(say!("a comment is not written with `//` or `/* */`"))
            .label(say!("this is text"))
            .hint(say!("begin each line of a comment with `#`")),
        Slip::Remark => {
            Diagnostic::error(say!("a `#` behind a blank begins a comment, which takes the rest of the line"))
                .label(say!("a comment from here on"))
                .hint(say!("quote a text that begins with it, as in `reason: \"#42\"`"))
        }
        Slip::ConflictMark => Diagnostic::error(say!("a merge conflict is not resolved")).label(say!("its mark")).hint(
            say!("keep what is right of both sides, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>"),
        ),
    }
}

fn yaml(fault: &YamlFault) -> Diagnostic {
    let (reason, hint) = match fault {
        YamlFault::IndentedStart { below } => {
            let error = say!("not YAML: the spec begins further to the right than its line {line}", line = below);
            let hint = say!("keys that belong together begin in the same column, those of a spec at the left margin");
            return Diagnostic::error(error).hint(hint);
        }
        YamlFault::UnfitIndent => (
            say!("this line is indented like none of the keys that it could belong to"),
            say!("lines that belong together begin in the same column"),
        ),
        YamlFault::NothingBeforeComma => {
            (say!("a comma before which nothing stands"), say!("remove it, or write what is missing before it"))
        }
        YamlFault::GoesOn => (
            say!("a `:` in a line that goes on with the text above it"),
            say!("a key of its own is indented as the key above it is; quote text that contains `: `"),
        ),
        YamlFault::NoComma => (
            say!("neither a `,` nor a closing bracket where one belongs"),
            say!(
                "separate what stands within brackets by commas; quote text that contains `: ` or begins with a quote"
            ),
        ),
        YamlFault::TextAfterBracket => {
            (say!("text after a closing bracket"), say!("begin it in a line of its own, or remove it"))
        }
        YamlFault::ColonInText => (
            say!("a `:` where no key can be"),
            say!("quote text that contains `: `, and check the indentation of this line"),
        ),
        YamlFault::NoColon => (say!("a key without a `:`"), say!("write `key: value`")),
        YamlFault::OpenQuote => {
            (say!("a quote is opened here and never closed"), say!("close it, or escape the quotes inside"))
        }
        YamlFault::OpenBracket => {
            (say!("a bracket is opened here and never closed"), say!("close it, or see whether a comma is missing"))
        }
        YamlFault::TextAfterQuote => (
            say!("text after a closing quote"),
            say!(
                "inside of single quotes a single quote is written twice: 'it''s'; or put the text into double quotes"
            ),
        ),
        YamlFault::UnknownEscape => {
            (say!("a backslash escape that does not exist"), say!("use single quotes where a backslash means itself"))
        }
        YamlFault::OddIndent => (
            say!("this line is indented as no line above it is"),
            say!("lines that belong together begin in the same column"),
        ),
        YamlFault::UnexpectedCharacter(info) => (info.as_str(), say!("quote text that starts with such a character")),
        YamlFault::Other(info) => (info.as_str(), say!("check the indentation, quotes and brackets around this place")),
    };
    Diagnostic::error(say!("not YAML: {reason}", reason)).hint(hint)
}
