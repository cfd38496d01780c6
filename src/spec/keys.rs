//! Every key of the spec, once: what it may hold, whether it must be there, what it means.
//!
//! The parser takes from here which keys there are, of what type, and what is near a misspelt one; the schema
//! ([`super::schema`]) and the tables of docs/reference/spec.md are written from it. Another key is a row here and its
//! typed decoding in `spec/decode`. `*` in a path stands for a name of the user's choice.

mod kind;
mod table;

pub use kind::{Grammar, Kind, Presence, Type};
pub use table::KEYS;

/// The keys of the document.
pub(super) const ROOT: &[Key] = below("");
/// The keys of `cloud`.
pub(super) const CLOUD: &[Key] = below("cloud");
/// The keys of an account.
pub(super) const ACCOUNT: &[Key] = below("cloud.accounts.*");
/// The keys of `state`.
pub(super) const STATE: &[Key] = below("state");
/// The keys of `limits`.
pub(super) const LIMITS: &[Key] = below("limits");
/// The keys of a group.
pub(super) const GROUP: &[Key] = below("groups.*");
/// The keys of `rollout`.
pub(super) const ROLLOUT: &[Key] = below("rollout");
/// The keys of `rollout.traffic`.
pub(super) const ROLLOUT_TRAFFIC: &[Key] = below("rollout.traffic");
/// The keys of an interface.
pub(super) const INTERFACE: &[Key] = below("interfaces.*");
/// The keys of a change.
pub(super) const CHANGE: &[Key] = below("changes.*");
/// The keys of a window.
pub(super) const WINDOW: &[Key] = below("windows.*");
/// The keys of `hands_off`.
pub(super) const HANDS_OFF: &[Key] = below("interfaces.*.hands_off");
/// The keys of `timeouts`.
pub(super) const TIMEOUTS: &[Key] = below("interfaces.*.timeouts");

/// A key of the spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The way to it, such as `interfaces.*.timeouts.deactivate`.
    pub path: &'static str,
    /// Its last word, or `*`.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// What holds where it is absent.
    pub presence: Presence,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// A value as one would write it, in YAML.
    pub example: &'static str,
    /// The section of the contract that asks for it.
    pub asked_in: &'static str,
}

impl Key {
    /// Returns whether a path means this key. `*` on either side stands for any word of the other.
    pub fn is_at(&self, path: &str) -> bool {
        let mut own = self.path.split('.');
        // `windows[].for`, as lists are written elsewhere.
        let path = path.replace("[]", ".*");
        let mut asked = path.split('.');
        loop {
            match (own.next(), asked.next()) {
                (None, None) => return true,
                (Some(own), Some(asked)) if own == asked || own == "*" || asked == "*" => {}
                _ => return false,
            }
        }
    }

    /// Returns whether a path is the way to this key without the names between.
    fn is_at_without_names(&self, path: &str) -> bool {
        let has_names = self.name != "*" && self.path.contains('*');
        has_names && self.path.split('.').filter(|word| *word != "*").eq(path.split('.'))
    }

    /// Returns the keys right below it, in the order of the table.
    pub fn children(&self) -> impl Iterator<Item = &'static Self> {
        let parent = self.path;
        KEYS.iter().filter(move |key| is_child(key.path, parent))
    }
}

/// Returns the keys that a path means, such as `limits.max_changes`, `interfaces.sh-primary.status`,
/// `interfaces.*.timeouts.*`, or `interfaces.hands_off`, which leaves out the name between: who asks for a key means a key,
/// whatever an interface may be called.
pub fn matching(path: &str) -> impl Iterator<Item = &'static Key> {
    let leaves_names_out = KEYS.iter().any(|key| key.is_at_without_names(path));
    KEYS.iter().filter(move |key| if leaves_names_out { key.is_at_without_names(path) } else { key.is_at(path) })
}

/// Returns the keys that end in this word, wherever they stand.
pub fn called(word: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| key.name == word)
}

/// Returns the rows of one level, found when the program is compiled: they stand together in the table.
const fn below(parent: &str) -> &'static [Key] {
    let mut from = 0;
    while from < KEYS.len() && !is_child(KEYS[from].path, parent) {
        from += 1;
    }
    let mut to = from;
    while to < KEYS.len() && is_child(KEYS[to].path, parent) {
        to += 1;
    }
    KEYS.split_at(to).0.split_at(from).1
}

/// Returns whether `path` is `parent` and one more word.
const fn is_child(path: &str, parent: &str) -> bool {
    let (path, parent) = (path.as_bytes(), parent.as_bytes());
    let start = if parent.is_empty() { 0 } else { parent.len() + 1 };
    if path.len() <= start || (start > 0 && path[start - 1] != b'.') {
        return false;
    }
    let mut at = 0;
    while at < path.len() {
        if at < parent.len() && path[at] != parent[at] || at >= start && path[at] == b'.' {
            return false;
        }
        at += 1;
    }
    true
}

/// Returns the last word of a path.
const fn last_word(path: &str) -> &str {
    let bytes = path.as_bytes();
    let mut start = bytes.len();
    while start > 0 && bytes[start - 1] != b'.' {
        start -= 1;
    }
    path.split_at(start).1
}

#[cfg(test)]
mod tests;
