//! From nodes to typed values: each reader reports what is wrong and goes on, so that one run finds everything.

use std::borrow::Cow;
use std::time::Duration;

use jiff::civil::Date;

use crate::calendar::{Written, Zone};
use crate::diagnostic::Place;
use crate::diagnostic::nearest::nearest;
use crate::duration;
use crate::resource::{Rate, composed};
use crate::selector::Selector;
use crate::spec::Placed;
use crate::spec::fields::Path;
use crate::spec::finding::{Code, Finding, Spelling, ValueFault};
use crate::spec::findings::Findings;
use crate::spec::keys::{Grammar, Key, Kind, Type};
use crate::spec::slips::{self, dash};
use crate::spec::syntax::{Node, NodeKind, Word, is_old_boolean, unquoted_kind};
use crate::spec::words::shorten;
use crate::windows::Clock;

mod slipped;

pub(super) use slipped::{behind, slipped, tight};

/// Reports a value that cannot be.
pub(super) fn refuse(path: Path<'_>, place: Place, fault: ValueFault, findings: &mut Findings) {
    findings.report(fault.code(), place, || Finding::Value { path: path.to_string(), fault });
}

/// Reports a value of another type than `wanted`.
pub(super) fn wrong_type(path: Path<'_>, node: &Node<'_>, wanted: Type, findings: &mut Findings) {
    let fault = match (node.kind(), node) {
        (NodeKind::Refused, _) => return,
        (NodeKind::String, Node::Word(word))
            if wanted == Type::Mapping && !word.quoted && slipped(&word.text, word.place, findings) =>
        {
            return;
        }
        (NodeKind::String, _) if slipped::foreign(node, findings) => return,
        (NodeKind::Mapping, Node::Mapping(_, entries))
            if wanted == Type::List && entries.first().is_some_and(|(key, _)| tight(key, findings)) =>
        {
            return;
        }
        (NodeKind::Null, _) => ValueFault::Nothing { remark: false, wanted },
        (found, Node::Word(word)) if word.quoted => ValueFault::WrongType { found, wanted, spelling: Spelling::Quoted },
        (found, Node::Word(word)) => {
            let spelling = Spelling::Plain(shorten(&word.text).into_owned());
            ValueFault::WrongType { found, wanted, spelling }
        }
        (found, _) => ValueFault::WrongType { found, wanted, spelling: Spelling::Structure },
    };
    refuse(path, node.place(), fault, findings);
}

/// Reads a string that is quoted, or that no YAML reader takes for anything else.
fn string<'a>(path: Path<'_>, node: Node<'a>, findings: &mut Findings) -> Option<Placed<Cow<'a, str>>> {
    match node {
        Node::Word(word) if word.quoted || unquoted_kind(&word.text).is_none() || is_old_boolean(&word.text) => {
            Some(Placed { value: word.text, place: word.place })
        }
        other => {
            wrong_type(path, &other, Type::String, findings);
            None
        }
    }
}

/// Reads a string that is shown to people and never parsed; what says nothing is a finding.
pub(super) fn said(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Placed<String>> {
    let said = text(path, node, findings)?;
    if said.value.trim().is_empty() {
        refuse(path, said.place, ValueFault::EmptyLine, findings);
        return None;
    }
    Some(said)
}

/// Reads a string that is shown to people and never parsed.
pub(super) fn text(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Placed<String>> {
    string(path, node, findings).map(|text| Placed { value: text.value.into_owned(), place: text.place })
}

/// Reads a string that something else will read again, such as a file name: neither empty nor with control characters.
pub(super) fn line(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Placed<String>> {
    let line = text(path, node, findings)?;
    let fault = if line.value.is_empty() {
        ValueFault::EmptyLine
    } else if line.value.contains(char::is_control) {
        ValueFault::ControlCharacter
    } else {
        return Some(line);
    };
    refuse(path, line.place, fault, findings);
    None
}

/// Reads a word of a grammar.
pub(super) fn word<T: for<'t> From<&'t str>>(
    path: Path<'_>,
    node: Node<'_>,
    grammar: Grammar,
    findings: &mut Findings,
) -> Option<Placed<T>> {
    if slipped::foreign(&node, findings) {
        return None;
    }
    let text = string(path, node, findings)?;
    word_of(path, text, grammar, findings)
}

fn word_of<T: for<'t> From<&'t str>>(
    path: Path<'_>,
    Placed { value: text, place }: Placed<Cow<'_, str>>,
    grammar: Grammar,
    findings: &mut Findings,
) -> Option<Placed<T>> {
    let text = composed(&text);
    let fault = match text.chars().find(|character| !grammar.admits(*character)) {
        _ if text.is_empty() => ValueFault::EmptyName { grammar },
        Some(character) => ValueFault::StrangeCharacter { character, grammar },
        // No character is shorter than a byte.
        None if text.len() > grammar.longest() && text.chars().count() > grammar.longest() => {
            ValueFault::NameTooLong { grammar }
        }
        None => return Some(Placed { value: T::from(&text), place }),
    };
    refuse(path, place, fault, findings);
    None
}

/// Reads the key or the value of a label, as it is written: what YAML calls a number, a boolean or null is a word here.
pub(super) fn label<T: for<'t> From<&'t str>>(
    path: Path<'_>,
    node: Node<'_>,
    findings: &mut Findings,
) -> Option<Placed<T>> {
    let Node::Word(Word { text, quoted, place }) = node else {
        wrong_type(path, &node, Type::String, findings);
        return None;
    };
    // Two slashes may begin a label.
    let is_label = || text.chars().all(|character| Grammar::Label.admits(character));
    if !quoted && !is_label() && slipped(&text, place, findings) {
        return None;
    }
    word_of(path, Placed { value: text, place }, Grammar::Label, findings)
}

/// Reads a key as a name; one that a YAML reader may take for something else must be quoted.
pub(super) fn name_of_entry<T: for<'t> From<&'t str>>(
    path: Path<'_>,
    key: Word<'_>,
    findings: &mut Findings,
) -> Option<Placed<T>> {
    if !key.quoted && slipped(&key.text, key.place, findings) {
        // What refers to the entry means the name without the slip; of an entry that is a comment nothing is left.
        let name = slips::name_in(&key.text);
        return (!name.is_empty()).then(|| Placed { value: T::from(&name), place: key.place });
    }
    let (text, place) = (key.text.clone(), key.place);
    let path = path.then(&text);
    // A key has no value to lack, and quotes make no name of what may not be part of one.
    let other = unquoted_kind(&text).filter(|_| {
        let may_be_name = !text.is_empty() && text.chars().all(|character| Grammar::Name.admits(character));
        may_be_name && !key.quoted && !is_old_boolean(&text)
    });
    let name = match other {
        Some(found) => {
            let spelling = Spelling::Plain(shorten(&text).into_owned());
            refuse(path, place, ValueFault::WrongType { found, wanted: Type::String, spelling }, findings);
            None
        }
        None => word_of(path, Placed { value: key.text, place }, Grammar::Name, findings),
    };
    // What else is wrong with the entry, and what refers to it, is judged under the name that it has.
    Some(name.unwrap_or_else(|| Placed { value: T::from(&composed(&text)), place }))
}

/// Reads a whole number within the bounds of its kind.
pub(super) fn number(path: Path<'_>, node: Node<'_>, kind: Kind, findings: &mut Findings) -> Option<Placed<u32>> {
    let word = match node {
        Node::Word(word) if !word.quoted && unquoted_kind(&word.text) == Some(NodeKind::Number) => word,
        other => {
            wrong_type(path, &other, Type::WholeNumber, findings);
            return None;
        }
    };
    let (least, most) = match kind {
        Kind::Number { least, most } => (least, most.unwrap_or(u32::MAX)),
        _ => (0, u32::MAX),
    };
    let is_plain = word.text == "0" || word.text.bytes().all(|b| b.is_ascii_digit()) && !word.text.starts_with('0');
    let fault = match word.text.parse::<u32>().ok().filter(|number| is_plain && *number >= least) {
        Some(value) if value <= most => return Some(Placed { value, place: word.place }),
        Some(_) => ValueFault::NumberTooLarge { least, most },
        None => ValueFault::NotANumber { text: shorten(&word.text).into_owned(), least },
    };
    refuse(path, word.place, fault, findings);
    None
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
    wrong_type(path, &node, Type::Boolean, findings);
    None
}

/// Reads a duration such as `1h30m`; zero only where its kind admits that.
pub(super) fn duration(path: Path<'_>, node: Node<'_>, kind: Kind, findings: &mut Findings) -> Option<Duration> {
    if slipped::foreign(&node, findings) {
        return None;
    }
    let word = match node {
        Node::Word(word)
            if word.quoted || !matches!(unquoted_kind(&word.text), Some(NodeKind::Null | NodeKind::Boolean)) =>
        {
            word
        }
        other => {
            wrong_type(path, &other, Type::Duration, findings);
            return None;
        }
    };
    let may_be_zero = kind == Kind::Duration { may_be_zero: true };
    let fault = match duration::parse(&word.text) {
        Ok(duration) if may_be_zero || !duration.is_zero() => return Some(duration),
        Ok(_) => ValueFault::ZeroDuration,
        Err(why) => ValueFault::NotADuration { text: shorten(&word.text).into_owned(), why },
    };
    refuse(path, word.place, fault, findings);
    None
}

/// Reads a rate such as `1Mbit/s`, which is above zero.
pub(super) fn rate(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Placed<Rate>> {
    let Word { text, place, .. } = as_written(path, node, Type::Rate, findings)?;
    let fault = match text.parse::<Rate>() {
        Ok(rate) if rate.bits_per_second() > 0 => return Some(Placed { value: rate, place }),
        Ok(_) => ValueFault::ZeroRate,
        Err(why) => ValueFault::NotARate { text: shorten(&text).into_owned(), why },
    };
    refuse(path, place, fault, findings);
    None
}

/// Reads a share such as `50%`, in percent.
pub(super) fn share(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Placed<u32>> {
    let Word { text, place, .. } = as_written(path, node, Type::Share, findings)?;
    let digits = text.strip_suffix('%').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let percent = digits.filter(|digits| !digits.starts_with('0')).and_then(|digits| digits.parse().ok());
    match percent.filter(|percent| (1..=100).contains(percent)) {
        Some(value) => Some(Placed { value, place }),
        None => {
            refuse(path, place, ValueFault::NotAShare { text: shorten(&text).into_owned() }, findings);
            None
        }
    }
}

/// Reads a calendar day, quoted or not.
pub(super) fn date(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Date> {
    if slipped::foreign(&node, findings) {
        return None;
    }
    match node {
        Node::Word(word)
            if !matches!(unquoted_kind(&word.text), Some(NodeKind::Null | NodeKind::Boolean | NodeKind::Number)) =>
        {
            let date = (word.text.len() == 10).then(|| word.text.parse().ok()).flatten();
            if date.is_none() {
                let fault = ValueFault::NotADay { text: shorten(&word.text).into_owned() };
                refuse(path, word.place, fault, findings);
            }
            date
        }
        other => {
            wrong_type(path, &other, Type::Day, findings);
            None
        }
    }
}

/// Reads a word that is no number, boolean or null to us, whatever a YAML reader takes it for: what is written counts.
fn as_written<'a>(path: Path<'_>, node: Node<'a>, wanted: Type, findings: &mut Findings) -> Option<Word<'a>> {
    if slipped::foreign(&node, findings) {
        return None;
    }
    match node {
        Node::Word(word)
            if word.quoted || !matches!(unquoted_kind(&word.text), Some(NodeKind::Null | NodeKind::Boolean)) =>
        {
            Some(word)
        }
        other => {
            wrong_type(path, &other, wanted, findings);
            None
        }
    }
}

/// Reads a time; what it means without an offset is said once the zone is known.
pub(super) fn moment(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Placed<Written>> {
    let Word { text, place, .. } = as_written(path, node, Type::Time, findings)?;
    match Written::parse(&text) {
        Ok(value) => Some(Placed { value, place }),
        Err(why) => {
            let fault = ValueFault::NotATime { text: shorten(&text).into_owned(), why };
            refuse(path, place, fault, findings);
            None
        }
    }
}

/// Reads a time of day.
pub(super) fn clock(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Placed<Clock>> {
    let Word { text, place, .. } = as_written(path, node, Type::TimeOfDay, findings)?;
    let clock = Clock::parse(&text);
    if clock.is_err() {
        refuse(path, place, ValueFault::NotATimeOfDay { text: shorten(&text).into_owned() }, findings);
    }
    clock.ok().map(|value| Placed { value, place })
}

/// Reads the name of a time zone.
pub(super) fn zone(path: Path<'_>, node: Node<'_>, findings: &mut Findings) -> Option<Placed<Zone>> {
    let Placed { value: text, place } = line(path, node, findings)?;
    let zone = Zone::named(&text);
    if zone.is_none() {
        findings.report(Code::NotATimeZone, place, || {
            let fault = ValueFault::NotATimeZone { near: Zone::near(&text), text: shorten(&text).into_owned() };
            Finding::Value { path: path.to_string(), fault }
        });
    }
    zone.map(|value| Placed { value, place })
}

/// Reads the list of selectors that a key holds; which interfaces they mean is said once all are known.
pub(super) fn selectors(
    path: Path<'_>,
    node: Node<'_>,
    key: &'static Key,
    findings: &mut Findings,
) -> Option<Vec<Placed<Selector>>> {
    let mut selectors = Vec::new();
    for node in full_list(path, node, key, findings)? {
        let Some(Placed { value: text, place }) = line(path, node, findings) else { continue };
        match Selector::parse(&text) {
            Ok(value) => selectors.push(Placed { value, place }),
            Err(why) => {
                let fault = ValueFault::NotASelector { text: shorten(&text).into_owned(), why };
                refuse(path, place, fault, findings);
            }
        }
    }
    Some(selectors)
}

/// Reads the list of words that a key holds; `meaning` has a value for each.
pub(super) fn choices<T>(
    path: Path<'_>,
    node: Node<'_>,
    key: &'static Key,
    meaning: fn(&str) -> Option<T>,
    findings: &mut Findings,
) -> Option<Vec<T>> {
    let nodes = full_list(path, node, key, findings)?;
    let values = nodes.into_iter().filter_map(|node| choice(path, node, key.kind, meaning, findings));
    Some(values.map(|value| value.value).collect())
}

/// Reads a list that says something.
pub(super) fn full_list<'a>(
    path: Path<'_>,
    node: Node<'a>,
    key: &'static Key,
    findings: &mut Findings,
) -> Option<Vec<Node<'a>>> {
    let place = node.place();
    let nodes = list(path, node, key, findings)?;
    if nodes.is_empty() {
        refuse(path, place, ValueFault::EmptyList { key }, findings);
        return None;
    }
    Some(nodes)
}

/// Reads the list that a key holds; one word alone is answered with how its row would be written.
pub(super) fn list<'a>(
    path: Path<'_>,
    node: Node<'a>,
    key: &'static Key,
    findings: &mut Findings,
) -> Option<Vec<Node<'a>>> {
    match node {
        Node::Sequence(_, nodes) => Some(nodes),
        Node::Word(ref word) if !node.is_null() => {
            if !word.quoted && slipped::report(dash::in_list(&word.text), word.place, findings) {
                return None;
            }
            refuse(path, word.place, ValueFault::OneWord { key, word: word.text.to_string() }, findings);
            None
        }
        other => {
            wrong_type(path, &other, Type::List, findings);
            None
        }
    }
}

/// Reads one of the words of a kind; `meaning` has a value for each.
pub(super) fn choice<T>(
    path: Path<'_>,
    node: Node<'_>,
    kind: Kind,
    meaning: fn(&str) -> Option<T>,
    findings: &mut Findings,
) -> Option<Placed<T>> {
    if slipped::foreign(&node, findings) {
        return None;
    }
    let word = match node {
        // `on` and `no` are better answered with what was meant than with a lecture on quotes.
        Node::Word(word) if word.quoted || !word.text.is_empty() => word,
        other => {
            wrong_type(path, &other, Type::String, findings);
            return None;
        }
    };
    let (known, synonyms) = match kind {
        Kind::Choice { words, synonyms } | Kind::Choices { words, synonyms } => (words, synonyms),
        _ => (&[][..], &[][..]),
    };
    if let Some(value) = known.contains(&&*word.text).then(|| meaning(&word.text)).flatten() {
        return Some(Placed { value, place: word.place });
    }
    let odd = word.text.chars().find(|character| slips::is_odd_blank(*character));
    if let Some(character) = odd {
        refuse(path, word.place, ValueFault::LookAlike { character }, findings);
        return None;
    }
    findings.report(Code::UnknownWord, word.place, || {
        let spellings = known.iter().map(|known| (*known, *known)).chain(synonyms.iter().copied());
        let near = nearest(&word.text, spellings.clone().map(|(spelling, _)| spelling));
        let meant = spellings.clone().find(|(spelling, _)| Some(*spelling) == near).map(|(_, meant)| meant);
        let fault = ValueFault::UnknownWord { word: shorten(&word.text).into_owned(), meant, known };
        Finding::Value { path: path.to_string(), fault }
    });
    None
}
