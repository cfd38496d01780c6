//! From nodes to typed values: each reader reports what is wrong and goes on, so that one run finds everything.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use jiff::civil::Date;

use crate::diagnostic::nearest::{did_you_mean, nearest};
use crate::diagnostic::{Diagnostic, Place};
use crate::duration;
use crate::spec::Placed;
use crate::spec::findings::Findings;
use crate::spec::syntax::{Node, Word, unquoted_kind};

/// How long an id, address or name may be.
const MAX_NAME: usize = 128;

/// The way to a value, as people write it: `interfaces.sh-primary.status`.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    key: &'p str,
}

impl<'p> Path<'p> {
    pub(super) fn root(key: &'p str) -> Self {
        Self { parent: None, key }
    }

    pub(super) fn then(&'p self, key: &'p str) -> Self {
        Self { parent: Some(self), key }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}.")?;
        }
        f.write_str(&shorten(if self.key.is_empty() { "\"\"" } else { self.key }))
    }
}

/// Cuts text of the user's to what fits a message.
pub(super) fn shorten(text: &str) -> Cow<'_, str> {
    const SHOWN: usize = 64;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}

/// The values of a mapping whose keys are known, each at most once.
pub(super) struct Fields<'a, const N: usize> {
    keys: [&'static str; N],
    values: [Option<(Place, Node<'a>)>; N],
}

impl<'a, const N: usize> Fields<'a, N> {
    pub(super) fn new(keys: [&'static str; N]) -> Self {
        Self { keys, values: [const { None }; N] }
    }

    /// Takes the entries of the mapping at `path`; anything but a mapping is reported.
    pub(super) fn of(path: Path<'_>, node: Node<'a>, keys: [&'static str; N], findings: &mut Findings) -> Self {
        let mut fields = Self::new(keys);
        match node {
            Node::Mapping(_, entries) => {
                for (key, value) in entries {
                    fields.put(path, key, value, findings);
                }
            }
            Node::Refused(_) => {}
            other if other.is_null() => {}
            other => wrong_type(path, &other, "a mapping", findings),
        }
        fields
    }

    /// Takes one entry; an unknown key and one that was set before are reported.
    pub(super) fn put(&mut self, path: Path<'_>, key: Word<'a>, value: Node<'a>, findings: &mut Findings) {
        let Some(index) = self.keys.iter().position(|known| *known == key.text) else {
            unknown_key(Some(path), &key, &self.keys, findings);
            return;
        };
        match &self.values[index] {
            Some((first, _)) => duplicate(path.then(&key.text), key.place, *first, findings),
            None => self.values[index] = Some((key.place, value)),
        }
    }

    /// Returns the values in the order of the keys, an absent one as nothing.
    pub(super) fn take(self) -> [Option<Node<'a>>; N] {
        self.values.map(|value| value.map(|(_, node)| node))
    }

    /// Returns where the first key stands.
    pub(super) fn place(&self) -> Option<Place> {
        self.values.iter().flatten().map(|(place, _)| *place).min()
    }
}

/// Reports a key that means nothing at `path`, or at the top of the document.
pub(super) fn unknown_key(path: Option<Path<'_>>, key: &Word<'_>, known: &[&str], findings: &mut Findings) {
    findings.report("unknown key", key.place, || {
        let place = path.map_or_else(|| "a spec".to_owned(), |path| format!("`{path}`"));
        let mut error = Diagnostic::error(format!("unknown key `{}` in {place}", shorten(&key.text)));
        if let Some(near) = nearest(&key.text, known.iter().copied()) {
            error = error.label(did_you_mean(near));
        }
        error.hint(format!("the keys here are {}", known.join(", ")))
    });
}

/// Reports a key that was set before.
pub(super) fn duplicate(path: Path<'_>, place: Place, first: Place, findings: &mut Findings) {
    findings.report("duplicate key", place, || {
        Diagnostic::error(format!("`{path}` is set twice"))
            .label("set again here")
            .related(first, "first set here")
            .hint("keep one of the two")
    });
}

/// Reports a value of another type than `wanted`.
pub(super) fn wrong_type(path: Path<'_>, node: &Node<'_>, wanted: &str, findings: &mut Findings) {
    if matches!(node, Node::Refused(_)) {
        return;
    }
    findings.report("wrong type", node.place(), || {
        if node.is_null() {
            return Diagnostic::error(format!("`{path}` has no value"))
                .label(format!("expected {wanted}"))
                .hint("give it a value, or remove the key");
        }
        let error = Diagnostic::error(format!("`{path}` is {}, not {wanted}", node.kind()));
        match node {
            Node::Word(word) if !word.quoted && wanted == "a string" => {
                error.label(format!("quote it: \"{}\"", shorten(&word.text)))
            }
            Node::Word(word) if word.quoted && wanted != "a list" && wanted != "a mapping" => {
                error.label("write it without quotes")
            }
            _ => error.label(format!("expected {wanted}")),
        }
    });
}

/// Reports a value that cannot be.
pub(super) fn bad_value(path: Path<'_>, place: Place, problem: &str, hint: &str, findings: &mut Findings) {
    findings.report("bad value", place, || Diagnostic::error(format!("`{path}` {problem}")).hint(hint));
}

/// Reads a string that is quoted, or that no YAML reader takes for anything else.
pub(super) fn string<'a>(path: Path<'_>, node: Node<'a>, findings: &mut Findings) -> Option<Placed<Cow<'a, str>>> {
    match node {
        Node::Word(word) if word.quoted || unquoted_kind(&word.text).is_none() => {
            Some(Placed { value: word.text, place: word.place })
        }
        other => {
            wrong_type(path, &other, "a string", findings);
            None
        }
    }
}

/// Reads a string that is shown to people and never parsed.
pub(super) fn text(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Placed<String>> {
    string(path, node, findings).map(|text| Placed { value: text.value.into_owned(), place: text.place })
}

/// Reads a string that something else will read again, such as a file name: neither empty nor with control characters.
pub(super) fn line(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Placed<String>> {
    let line = text(path, node, findings)?;
    let problem = if line.value.is_empty() {
        "is empty"
    } else if line.value.contains(char::is_control) {
        "contains a control character"
    } else {
        return Some(line);
    };
    bad_value(path, line.place, problem, "write it as one line of plain text", findings);
    None
}

/// The characters of one kind of name.
#[derive(Clone, Copy)]
pub(super) struct Grammar {
    belongs: fn(u8) -> bool,
    described: &'static str,
}

/// Addresses, and names of groups and accounts. No `/`, which parts an address from the verb in a step's id.
pub(super) const NAME: Grammar = Grammar {
    belongs: |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'),
    described: "ASCII letters, digits, `.`, `_` and `-`",
};
/// Ids that the cloud gives.
pub(super) const ID: Grammar = Grammar {
    belongs: |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
    described: "ASCII letters, digits, `_` and `-`, such as ri-2zeo3xzyf38r4urzdpvfs",
};
/// Regions.
pub(super) const REGION: Grammar = Grammar {
    belongs: |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-',
    described: "lowercase letters, digits and `-`, such as cn-shanghai",
};
/// Numbers of accounts, which do not fit what most YAML readers hold a number in.
pub(super) const DIGITS: Grammar =
    Grammar { belongs: |byte| byte.is_ascii_digit(), described: "digits, such as \"1234567890123456\"" };

impl Grammar {
    /// Claims that `text` is made of the grammar's characters; what is wrong is reported.
    pub(super) fn admits(self, path: Path<'_>, text: &str, place: Place, findings: &mut Findings) -> bool {
        let problem = match text.bytes().position(|byte| !(self.belongs)(byte)) {
            _ if text.is_empty() => "is empty".to_owned(),
            Some(at) => {
                let odd = text[at..].chars().next().unwrap_or_default();
                let named =
                    if odd.is_ascii_graphic() { format!("`{odd}`") } else { format!("U+{:04X}", u32::from(odd)) };
                format!("contains {named}")
            }
            None if text.len() > MAX_NAME => format!("is longer than {MAX_NAME} characters"),
            None => return true,
        };
        let hint = format!("allowed are {}, at most {MAX_NAME}", self.described);
        bad_value(path, place, &problem, &hint, findings);
        false
    }

    /// Reads a name.
    pub(super) fn read<T: for<'t> From<&'t str>>(
        self,
        path: Path<'_>,
        node: Node<'_>,
        findings: &mut Findings,
    ) -> Option<Placed<T>> {
        let word = string(path, node, findings)?;
        self.admits(path, &word.value, word.place, findings)
            .then(|| Placed { value: T::from(&*word.value), place: word.place })
    }

    /// Reads a key as a name; one that a YAML reader may take for something else must be quoted.
    pub(super) fn read_key<T: for<'t> From<&'t str>>(
        self,
        path: Path<'_>,
        key: Word<'_>,
        findings: &mut Findings,
    ) -> Option<Placed<T>> {
        let text = key.text.clone();
        self.read(path.then(&text), Node::Word(key), findings)
    }
}

/// Reads a whole number of at least `least`.
pub(super) fn number(path: Path<'_>, node: Node<'_>, least: u32, findings: &mut Findings) -> Option<Placed<u32>> {
    let word = match node {
        Node::Word(word) if !word.quoted && unquoted_kind(&word.text) == Some("a number") => word,
        other => {
            wrong_type(path, &other, "a whole number", findings);
            return None;
        }
    };
    let is_plain = word.text == "0" || word.text.bytes().all(|b| b.is_ascii_digit()) && !word.text.starts_with('0');
    match word.text.parse::<u32>().ok().filter(|number| is_plain && *number >= least) {
        Some(value) => Some(Placed { value, place: word.place }),
        None => {
            let hint = format!("write a whole number in decimal digits, at least {least}");
            bad_value(path, word.place, &format!("cannot be `{}`", shorten(&word.text)), &hint, findings);
            None
        }
    }
}

/// Reads `true` or `false`.
pub(super) fn boolean(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Placed<bool>> {
    if let Node::Word(word) = &node
        && !word.quoted
    {
        let value = match &*word.text {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        };
        if let Some(value) = value {
            return Some(Placed { value, place: word.place });
        }
    }
    wrong_type(path, &node, "`true` or `false`", findings);
    None
}

/// Reads a duration such as `1h30m`.
pub(super) fn duration(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Placed<Duration>> {
    let word = match node {
        Node::Word(word) if word.quoted || !matches!(unquoted_kind(&word.text), Some("null" | "a boolean")) => word,
        other => {
            wrong_type(path, &other, "a duration", findings);
            return None;
        }
    };
    match duration::parse(&word.text) {
        Ok(value) => Some(Placed { value, place: word.place }),
        Err(error) => {
            let hint = error.to_string();
            bad_value(path, word.place, &format!("is `{}`, not a duration", shorten(&word.text)), &hint, findings);
            None
        }
    }
}

/// Reads a duration that is not zero.
pub(super) fn timeout(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Duration> {
    let timeout = duration(path, node, findings)?;
    if timeout.value.is_zero() {
        bad_value(path, timeout.place, "is zero", "give it time to succeed, such as `10m`", findings);
        return None;
    }
    Some(timeout.value)
}

/// Reads a calendar day, quoted or not.
pub(super) fn date(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Date> {
    match node {
        Node::Word(word) if !matches!(unquoted_kind(&word.text), Some("null" | "a boolean" | "a number")) => {
            let date = (word.text.len() == 10).then(|| word.text.parse().ok()).flatten();
            if date.is_none() {
                let problem = format!("is `{}`, not a day", shorten(&word.text));
                bad_value(path, word.place, &problem, "write a calendar day as YYYY-MM-DD", findings);
            }
            date
        }
        other => {
            wrong_type(path, &other, "a day (YYYY-MM-DD)", findings);
            None
        }
    }
}

/// Reads a list; anything else is reported, with `example` as the way to write it.
pub(super) fn list<'a>(
    path: Path<'_>,
    node: Node<'a>,
    example: &str,
    findings: &mut Findings,
) -> Option<Vec<Node<'a>>> {
    match node {
        Node::Sequence(_, nodes) => Some(nodes),
        Node::Word(ref word) if !node.is_null() => {
            findings.report("wrong type", word.place, || {
                Diagnostic::error(format!("`{path}` is one word, not a list")).label(format!("write {example}"))
            });
            None
        }
        other => {
            wrong_type(path, &other, "a list", findings);
            None
        }
    }
}

/// Reads one of a few words; `synonyms` are what else people write, and what it most likely means.
pub(super) fn choice<T: Copy>(
    path: Path<'_>,
    node: Node<'_>,
    choices: &[(&'static str, T)],
    synonyms: &[(&'static str, &'static str)],
    findings: &mut Findings,
) -> Option<Placed<T>> {
    let word = match node {
        // `on` and `no` are better answered with what was meant than with a lecture on quotes.
        Node::Word(word) if !word.text.is_empty() => word,
        other => {
            wrong_type(path, &other, "a string", findings);
            return None;
        }
    };
    if let Some((_, value)) = choices.iter().find(|(known, _)| *known == word.text) {
        return Some(Placed { value: *value, place: word.place });
    }
    findings.report("unknown word", word.place, || {
        let error = Diagnostic::error(format!("`{path}` cannot be `{}`", shorten(&word.text)));
        let known = choices.iter().map(|(known, _)| (*known, *known)).chain(synonyms.iter().copied());
        let near = nearest(&word.text, known.clone().map(|(spelling, _)| spelling));
        let meant = known.clone().find(|(spelling, _)| Some(*spelling) == near).map(|(_, meant)| meant);
        let error = meant.map_or(error.clone(), |meant| error.label(did_you_mean(meant)));
        let words: Vec<String> = choices.iter().map(|(known, _)| format!("`{known}`")).collect();
        error.hint(format!("it is {}; nothing else can be asked for", words.join(" or ")))
    });
    None
}
