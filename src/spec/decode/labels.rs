//! `labels`, of an interface or a group.

use crate::resource::{LabelKey, LabelValue};
use crate::spec::Labels;
use crate::spec::decode::insert_once;
use crate::spec::fields::{Fields, Path};
use crate::spec::finding::ValueFault;
use crate::spec::findings::Findings;
use crate::spec::keys::Type;
use crate::spec::read;
use crate::spec::syntax::Node;

/// Reads the labels of an entry.
pub(super) fn decode(fields: &mut Fields<'_>, path: Path<'_>, findings: &mut Findings) -> Labels {
    let mut labels = Labels::new();
    let Some((key, node)) = fields.take("labels") else { return labels };
    let path = path.then(key.name);
    let entries = match node {
        Node::Mapping(_, entries) => entries,
        // All of them are commented out.
        ref nothing if nothing.is_null() => return labels,
        ref other => {
            read::wrong_type(path, other, Type::Mapping, findings);
            return labels;
        }
    };
    for (key, node) in entries {
        let text = key.text.clone();
        let path = path.then(&text);
        let place = node.place();
        let name = read::label::<LabelKey>(path, Node::Word(key), findings);
        let value = match node {
            Node::Word(word) if word.text.is_empty() && !word.quoted => {
                read::refuse(path, place, ValueFault::Nothing { remark: false, wanted: Type::String }, findings);
                continue;
            }
            node => read::label::<LabelValue>(path, node, findings),
        };
        if let Some(value) = value {
            insert_once(&mut labels, name, value, |value| value.place, path, findings);
        }
    }
    labels
}
