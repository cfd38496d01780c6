//! What the steps of a run have each, written down once for all that have the same.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// One value for each of some things, in their order.
///
/// `at` names of each the place of its value in `of`. Without it the one value of `of` is that of all, or each has its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Column<T> {
    of: Vec<T>,
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    at: Vec<usize>,
}

/// How long a value may be, as JSON, that many share: whoever reads a short line makes no long story of it.
const LONGEST_SHARED: usize = 1024;

impl<T: Clone + Serialize + DeserializeOwned> Column<T> {
    /// Writes these values down in the shortest way.
    pub(super) fn new(values: Vec<T>) -> Self {
        let texts: Vec<String> = values.iter().map(json).collect();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let (mut of, mut at, mut shared_length) = (Vec::new(), Vec::with_capacity(values.len()), 0);
        for (value, text) in values.iter().zip(&texts) {
            let next = places.len();
            let place = *places.entry(text).or_insert(next);
            if place == next {
                of.push(value.clone());
                shared_length += text.len() + 1;
            }
            at.push(place);
        }
        let can_share = texts.iter().all(|text| text.len() <= LONGEST_SHARED);
        if can_share && of.len() == 1 {
            return Self { of, at: Vec::new() };
        }
        let each_length: usize = texts.iter().map(|text| text.len() + 1).sum();
        let at_length: usize = at.iter().map(|place| place.checked_ilog10().unwrap_or(0) as usize + 2).sum();
        // Two that differ are never taken for one that all have.
        if can_share && shared_length + at_length < each_length {
            Self { of, at }
        } else {
            Self { of: values, at: Vec::new() }
        }
    }

    /// Returns the values of `count` things.
    pub(super) fn each(self, count: usize) -> Result<Vec<T>, String> {
        let Self { of, at } = self;
        if at.is_empty() && of.len() == count {
            return Ok(of);
        }
        if of.iter().any(|value| json(value).len() > LONGEST_SHARED) {
            return Err("steps share a value that is too long for that".to_owned());
        }
        match (at.len(), of.as_slice()) {
            (0, [one]) => Ok(vec![one.clone(); count]),
            (length, of) if length == count => {
                let value = |place: usize| of.get(place).cloned().ok_or("a step has a value that is not there");
                at.into_iter().map(|place| value(place).map_err(str::to_owned)).collect()
            }
            _ => Err("it does not say of each step what it has".to_owned()),
        }
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("what is written into a line has string keys only")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_column_holds_what_was_put_into_it(values in prop::collection::vec(prop::option::of("[ab]{0,3}"), 0..20)) {
            let column = Column::new(values.clone());
            let read: Column<Option<String>> = serde_json::from_str(&json(&column)).unwrap();
            prop_assert_eq!(read.each(values.len()), Ok(values));
        }
    }

    #[test]
    fn a_column_is_as_short_as_what_differs() {
        let column = |values: Vec<&str>| json(&Column::new(values.into_iter().map(str::to_owned).collect::<Vec<_>>()));
        assert_eq!(column(vec!["one reason"; 9]), r#"{"of":["one reason"]}"#);
        assert_eq!(column(vec!["long", "words", "long", "long"]), r#"{"of":["long","words"],"at":[0,1,0,0]}"#);
        assert_eq!(column(vec!["a", "b"]), r#"{"of":["a","b"]}"#);
    }

    #[test]
    fn a_short_line_makes_no_long_story() {
        let long = Column { of: vec!["x".repeat(2000)], at: vec![0; 9] };
        assert!(long.clone().each(9).is_err());
        assert_eq!(Column::new(long.of.clone()).each(1), Ok(long.of));
        assert!(Column { of: vec![1, 2], at: vec![0, 2] }.each(2).is_err());
        assert!(Column { of: vec![1, 2], at: vec![] }.each(3).is_err());
    }
}
