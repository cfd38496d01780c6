//! Which language is in force, on which thread and for how long, and which one the environment asks for.

use std::cell::Cell;
use std::thread::LocalKey;

/// A language that people are told things in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// The one that the source is written in.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// Returns the language that the environment asks for: `RICTL_LANG`, else the first of `LC_ALL`, `LC_MESSAGES` and `LANG`
    /// that is set, as POSIX has it. What is none of ours is English.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        ["RICTL_LANG", "LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(set)
            .map_or(Self::English, |value| Self::named(&value))
    }

    /// Returns the language that a value names, such as `zh_CN.UTF-8`, `zh-CN` or `zh`.
    fn named(value: &str) -> Self {
        let (name, encoding) = value.split_once('.').unwrap_or((value, "UTF-8"));
        let language = name.split(['_', '-', '@']).next().unwrap_or_default();
        // What is written is UTF-8, which a terminal of another encoding cannot show.
        let encoding = encoding.split('@').next().unwrap_or_default().to_ascii_uppercase();
        let is_utf8 = ["UTF-8", "UTF8"].contains(&encoding.as_str());
        if language.eq_ignore_ascii_case("zh") && is_utf8 { Self::Chinese } else { Self::English }
    }
}

thread_local! {
    static IN_FORCE: Cell<Language> = const { Cell::new(Language::English) };
    static READER: Cell<Language> = const { Cell::new(Language::English) };
}

/// Has a language in force while something is said on this thread.
pub fn speak<T>(language: Language, say: impl FnOnce() -> T) -> T {
    with(&IN_FORCE, language, say)
}

/// Says who reads, in the end, what comes of some work on this thread: a finding is then worded for them as well, where it is
/// made, while its facts are at hand. Nothing else of the work depends on it.
pub fn for_reader<T>(language: Language, work: impl FnOnce() -> T) -> T {
    with(&READER, language, work)
}

fn with<T>(key: &'static LocalKey<Cell<Language>>, language: Language, work: impl FnOnce() -> T) -> T {
    struct Before(&'static LocalKey<Cell<Language>>, Language);
    impl Drop for Before {
        fn drop(&mut self) {
            self.0.set(self.1);
        }
    }
    let _before = Before(key, key.replace(language));
    work()
}

/// Returns the language of whoever reads in the end.
pub fn reader() -> Language {
    READER.get()
}

/// Returns the language that is in force on this thread.
pub fn in_force() -> Language {
    IN_FORCE.get()
}
