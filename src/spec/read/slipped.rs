//! Slips of the keyboard in words that mean nothing where they stand: each is a finding of its own, in place of what it led to.

use crate::diagnostic::Place;
use crate::spec::finding::{Finding, SyntaxFault};
use crate::spec::findings::Findings;
use crate::spec::slips::{self, Slip, dash, foreign};
use crate::spec::syntax::{Node, Word};

/// Reports the slip that made an unquoted word of what was meant to be more, if there is one.
pub(in crate::spec) fn slipped(text: &str, place: Place, findings: &mut Findings) -> bool {
    report(slips::in_word(text), place, findings)
}

/// Reports a dash without its blank before a key that stands where an entry of a list belongs.
pub(in crate::spec) fn tight(key: &Word<'_>, findings: &mut Findings) -> bool {
    let is_tight = !key.quoted && dash::is_tight(&key.text);
    report(is_tight.then_some((0, Slip::TightDash)), key.place, findings)
}

/// Reports what another language would have behind a word, where it is a part of one that cannot be.
pub(super) fn foreign(node: &Node<'_>, findings: &mut Findings) -> bool {
    let Node::Word(Word { text, quoted: false, place }) = node else { return false };
    // Nearly all words have neither, and there may be very many.
    let may_be = text.ends_with(',') || text.contains('/');
    report(if may_be { foreign::in_word(text) } else { None }, *place, findings)
}

pub(super) fn report(found: Option<(u32, Slip)>, place: Place, findings: &mut Findings) -> bool {
    let Some((before, slip)) = found else { return false };
    let fault = SyntaxFault::Slip(slip);
    let place = Place { column: place.column.saturating_add(before), length: 1, ..place };
    findings.report(fault.code(), place, || Finding::Syntax(fault));
    true
}

/// Returns what stands behind a key; of one that has swallowed it, nothing that could be judged.
pub(in crate::spec) fn behind<'a>(key: &Word<'_>, node: Node<'a>) -> Node<'a> {
    let swallows = !key.quoted && slips::in_word(&key.text).is_some_and(|(_, slip)| slips::swallows(slip));
    if swallows { Node::Refused(node.place()) } else { node }
}
