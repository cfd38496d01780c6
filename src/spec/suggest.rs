//! Near misses: the word that was probably meant.

use similar::get_close_matches;

/// How alike two words must be, as a share of their characters; below it a suggestion is noise.
const CUTOFF: f32 = 0.7;
/// Longer words are never near misses of ours, and comparing costs the square of the length.
const LONGEST: usize = 128;

/// Returns the candidate most like `word`, whatever its case.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() > LONGEST {
        return None;
    }
    let candidates: Vec<(String, &str)> =
        candidates.into_iter().map(|candidate| (candidate.to_ascii_lowercase(), candidate)).collect();
    let lowercase: Vec<&str> = candidates.iter().map(|(lowercase, _)| lowercase.as_str()).collect();
    let best = get_close_matches(word.to_ascii_lowercase().as_str(), &lowercase, 1, CUTOFF).pop()?;
    candidates.iter().find(|(lowercase, _)| lowercase == best).map(|(_, candidate)| *candidate)
}

/// Writes the question for a suggestion.
pub(super) fn did_you_mean(suggestion: &str) -> String {
    format!("did you mean `{suggestion}`?")
}
