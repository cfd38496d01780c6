//! Names in a store that many share: of states, and of what is kept beside one.

use std::fmt;

use strum::{EnumIter, EnumString, IntoStaticStr};

/// The name of a state in a store: 1 to 63 of a-z, 0-9, `.`, `_`, `-`, in segments that are joined by `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateName(String);

/// Why a text is no name of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misnamed {
    /// Nothing, or too much.
    #[error("it has {0} characters, and names have 1 to 63")]
    Length(usize),
    /// A character that no name has.
    #[error("it contains {0:?}; names are made of a-z, 0-9, `.`, `_`, `-` and `/`")]
    Strange(char),
    /// A segment that is empty, `.` or `..`.
    #[error("a part of it between `/` is empty, `.` or `..`")]
    Segment,
}

impl StateName {
    /// Reads a name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Misnamed> {
        /// As much as fits anywhere.
        const LONGEST: usize = 63;
        let length = text.chars().count();
        if length == 0 || length > LONGEST {
            return Err(Misnamed::Length(length));
        }
        let is_plain = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '/');
        if let Some(strange) = text.chars().find(|c| !is_plain(c)) {
            return Err(Misnamed::Strange(strange));
        }
        if text.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(Misnamed::Segment);
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes one out of the states of each.
    pub(in crate::store) fn but_for(one: &Self, of: Vec<(String, Vec<Self>)>) -> Vec<(String, Vec<Self>)> {
        let without = |(key, mut names): (String, Vec<Self>)| {
            names.retain(|name| name != one);
            (key, names)
        };
        of.into_iter().map(without).filter(|(_, names)| !names.is_empty()).collect()
    }

    /// Reads names, one a line; what is none is passed over.
    pub(in crate::store) fn parse_lines(bytes: &[u8]) -> Vec<Self> {
        String::from_utf8_lossy(bytes).lines().filter_map(|line| Self::parse(line).ok()).collect()
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of thing is kept beside a state; its word is what stands in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Folder {
    /// Ended runs, under their ids. The first bytes stand.
    Runs,
    /// What is noted of runs that have to be confirmed. The first bytes stand.
    Words,
    /// Of runs that were taken back, by which. Replaced.
    TakenBack,
    /// Of digests, the newest run that has sent a call. Replaced.
    Sent,
    /// Approvals. The first bytes stand.
    Approvals,
    /// Approvals that are over. The first bytes stand.
    Over,
    /// What could not be trusted, or was of an older format. The first bytes stand.
    Aside,
    /// Lines that could not be appended, and were brought later. The first bytes stand.
    Rescued,
    /// What the last check found. Replaced.
    Findings,
    /// What the store has to remember of the state itself: whose it is, where it went. The first bytes stand, or it is replaced.
    About,
}

impl Folder {
    /// Returns its word.
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// The name of something that is kept beside a state: a folder, and a name in it of letters, digits, `.`, `_` and `-`, which
/// does not begin with `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteName {
    folder: Folder,
    name: String,
}

impl NoteName {
    /// Makes a name; `None` for a text that is none.
    pub fn new(folder: Folder, name: impl Into<String>) -> Option<Self> {
        /// With folder and state it fits into a file's name and an object's key.
        const LONGEST: usize = 160;
        let name = name.into();
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        (is_plain && !name.is_empty() && name.len() <= LONGEST && !name.starts_with('.'))
            .then_some(Self { folder, name })
    }

    /// Returns what kind of thing it is.
    pub fn folder(&self) -> Folder {
        self.folder
    }

    /// Returns its name within the folder.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for NoteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.folder.word(), self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_has_a_name_that_is_good_anywhere() {
        for good in ["a", "site-a", "network/site_a.1", &"x".repeat(63)] {
            assert_eq!(StateName::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(StateName::parse(""), Err(Misnamed::Length(0)));
        assert_eq!(StateName::parse(&"x".repeat(64)), Err(Misnamed::Length(64)));
        assert_eq!(StateName::parse("Site"), Err(Misnamed::Strange('S')));
        assert_eq!(StateName::parse("a b"), Err(Misnamed::Strange(' ')));
        for bad in ["/a", "a/", "a//b", "..", "a/../b", "./a"] {
            assert_eq!(StateName::parse(bad), Err(Misnamed::Segment), "{bad}");
        }
    }

    #[test]
    fn a_note_leads_nowhere_else() {
        assert_eq!(NoteName::new(Folder::Runs, "20260101-1.x").unwrap().to_string(), "runs/20260101-1.x");
        for bad in ["", ".", "..", "a/b", "a b", ".a", "ü"] {
            assert_eq!(NoteName::new(Folder::Runs, bad), None, "{bad}");
        }
    }
}
