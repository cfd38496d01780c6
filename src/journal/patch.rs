//! JSON merge patches (RFC 7386): what one document says otherwise than another.

use serde_json::{Map, Value};

/// Returns the patch that makes `to` of `from`; `None` where none can, since a null in it would take something out.
pub(super) fn between(from: &Value, to: &Value) -> Option<Value> {
    if has_null(to) || !to.is_object() { None } else { Some(difference(from, to)) }
}

fn difference(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else { return to.clone() };
    let gone = from.keys().filter(|key| !to.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let other = to.iter().filter_map(|(key, value)| match from.get(key) {
        Some(before) if before == value => None,
        Some(before) => Some((key.clone(), difference(before, value))),
        None => Some((key.clone(), value.clone())),
    });
    Value::Object(gone.chain(other).collect())
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Makes of a document what a patch makes of it.
pub(super) fn apply(document: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *document = patch;
        return;
    };
    if !document.is_object() {
        *document = Value::Object(Map::new());
    }
    let Value::Object(members) = document else { return };
    for (key, value) in patch {
        if value.is_null() {
            members.remove(&key);
        } else {
            apply(members.entry(key).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn document() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![any::<bool>().prop_map(Value::from), (0..3).prop_map(Value::from), Just(json!([{"a": 1}]))];
        let inner = leaf.prop_recursive(4, 24, 4, |inner| {
            prop::collection::btree_map("[abc]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect()))
        });
        prop::collection::btree_map("[abc]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn a_patch_makes_one_document_of_another(mut from in document(), to in document()) {
            let patch = between(&from, &to).unwrap();
            apply(&mut from, patch);
            prop_assert_eq!(from, to);
        }
    }

    #[test]
    fn what_holds_a_null_is_not_told_by_a_patch() {
        assert_eq!(between(&json!({}), &json!({"a": {"b": [null]}})), None);
        assert_eq!(between(&json!({}), &json!(3)), None);
    }
}
