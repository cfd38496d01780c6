//! Which causes somebody wants to hear of.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::item::DriftCause;
use crate::diagnostic::nearest::nearest;

/// The word for a group below its floor, or DOWN, among the causes.
pub const GROUP: &str = "group";

/// Causes, and whether groups are among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Causes {
    /// Of interfaces.
    pub of: BTreeSet<DriftCause>,
    /// Groups that are below their floor, or DOWN.
    pub groups: bool,
}

impl Causes {
    /// Lists every word, in the order of the documents.
    pub fn words() -> impl Iterator<Item = &'static str> {
        DriftCause::ALL.into_iter().map(DriftCause::as_str).chain([GROUP])
    }
}

/// A word that is no cause; empty where one is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCause {
    /// The word.
    pub word: String,
    /// The cause that may be meant.
    pub near: Option<&'static str>,
}

impl FromStr for Causes {
    type Err = UnknownCause;

    /// Reads words with `,` between them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut causes = Self { of: BTreeSet::new(), groups: false };
        for word in text.split(',').map(str::trim) {
            let cause = DriftCause::ALL.into_iter().find(|cause| cause.as_str() == word);
            match cause {
                Some(cause) => drop(causes.of.insert(cause)),
                None if word == GROUP => causes.groups = true,
                None => return Err(UnknownCause { word: word.to_owned(), near: nearest(word, Self::words()) }),
            }
        }
        Ok(causes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ActionReason;

    #[test]
    fn reads_words_and_names_what_is_near() {
        let causes: Causes = "drift, group".parse().unwrap();
        assert_eq!(causes, Causes { of: [DriftCause::Differs(ActionReason::Drift)].into(), groups: true });
        let unknown = |text: &str| text.parse::<Causes>().unwrap_err();
        assert_eq!(unknown("drfit"), UnknownCause { word: "drfit".to_owned(), near: Some("drift") });
        assert_eq!(unknown("drift,"), UnknownCause { word: String::new(), near: None });
    }
}
