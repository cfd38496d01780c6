//! An entry of `changes`.

use crate::calendar::Written;
use crate::diagnostic::Place;
use crate::resource::DesiredStatus;
use crate::selector::Selector;
use crate::spec::Placed;
use crate::spec::decode::interface::status;
use crate::spec::fields::{Fields, Path};
use crate::spec::findings::Findings;
use crate::spec::keys;
use crate::spec::syntax::Node;

/// A change before it is known what its selectors and times mean.
pub(in crate::spec) struct ChangeDraft {
    pub(in crate::spec) reason: String,
    pub(in crate::spec) select: Vec<Placed<Selector>>,
    /// Whether all that it selects could be read.
    pub(in crate::spec) is_whole: bool,
    pub(in crate::spec) expect: Option<Placed<u32>>,
    pub(in crate::spec) status: Placed<DesiredStatus>,
    pub(in crate::spec) from: Option<Placed<Written>>,
    pub(in crate::spec) until: Option<Placed<Written>>,
    pub(in crate::spec) owner: Option<String>,
    pub(in crate::spec) place: Place,
}

/// Reads a change.
pub(super) fn decode(path: Path<'_>, place: Place, node: Node<'_>, findings: &mut Findings) -> ChangeDraft {
    let mut fields = Fields::of(path, place, node, keys::CHANGE, findings);
    let named = match fields.node_of("select") {
        Some(Node::Sequence(_, nodes)) => Some(nodes.len()),
        _ => None,
    };
    let select = fields.selectors(path, "select", findings).unwrap_or_default();
    let names_expect = fields.place_of("expect").is_some() || fields.misspelt.may_mean("expect");
    let expect = fields.number(path, "expect", findings);
    ChangeDraft {
        reason: fields.text(path, "reason", findings).unwrap_or_default(),
        is_whole: named == Some(select.len()) && (expect.is_some() || !names_expect),
        select,
        expect,
        status: fields
            .choice(path, "status", status, findings)
            .unwrap_or(Placed { value: DesiredStatus::Active, place }),
        from: fields.moment(path, "from", findings),
        until: fields.moment(path, "until", findings),
        owner: fields.line(path, "owner", findings).map(|owner| owner.value),
        place,
    }
}
