//! The codes of findings: stable words for machines, and for whoever words findings in another language.

use crate::diagnostic::Severity;

macro_rules! codes {
    ($(#[doc = $meaning:literal] $code:ident, $word:literal, $severity:ident, $kind:literal;)+) => {
        /// What a finding is about. The words are stable; new ones may come.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $code,)+
        }

        impl Code {
            /// Every code, in the order of the work: files, syntax, keys, values, what entries say of each other.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// Returns the code as a word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $word,)+ }
            }

            /// Returns what it means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning.trim_ascii(),)+ }
            }

            /// Returns how bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity,)+ }
            }

            /// Returns what findings of its kind are called when they are counted together.
            pub const fn kind(self) -> &'static str {
                match self { $(Self::$code => $kind,)+ }
            }
        }
    };
}

codes! {
    /// There is no file to read.
    NoFiles, "no_files", Error, "no files";
    /// A file is too large to be a spec.
    FileTooLarge, "file_too_large", Error, "file too large";
    /// A file is UTF-16.
    Utf16, "utf16", Error, "encoding";
    /// A file is not UTF-8.
    NotUtf8, "not_utf8", Error, "encoding";
    /// A file contains a NUL character.
    NulCharacter, "nul_character", Error, "encoding";
    /// A file says nothing.
    EmptyFile, "empty_file", Error, "empty file";
    /// A file is no mapping.
    NotAMapping, "not_a_mapping", Error, "wrong type";
    /// Values nest too deep.
    NestedTooDeep, "nested_too_deep", Error, "nested too deep";
    /// There are more entries or values than any spec needs.
    TooMany, "too_many", Error, "too many";
    /// A text is too long.
    TextTooLong, "text_too_long", Error, "text too long";
    /// A file is not JSON.
    NotJson, "not_json", Error, "broken syntax";
    /// A file is not YAML.
    NotYaml, "not_yaml", Error, "broken syntax";
    /// A line is indented with a tab.
    Tab, "tab", Error, "broken syntax";
    /// A character looks like one that means something in YAML, or like nothing, and is another.
    LookAlike, "look_alike", Error, "broken syntax";
    /// A colon has no blank after it.
    NoBlank, "no_blank", Error, "broken syntax";
    /// A key has no colon after it.
    NoColon, "no_colon", Error, "broken syntax";
    /// An entry of a list has no `-` with a blank behind it.
    NoDash, "no_dash", Error, "broken syntax";
    /// A comma stands outside of brackets.
    Comma, "comma", Error, "broken syntax";
    /// A comment begins as in another language, and not with `#`.
    NoComment, "no_comment", Error, "broken syntax";
    /// A `#` makes a comment of a text within braces, and of the brace that closes them.
    Remark, "remark", Error, "broken syntax";
    /// A merge left its marks behind.
    ConflictMark, "conflict_mark", Error, "broken syntax";
    /// A file holds several documents.
    SeveralDocuments, "several_documents", Error, "broken syntax";
    /// A merge key (`<<`) is used.
    MergeKey, "merge_key", Error, "broken syntax";
    /// A key is a list or a mapping.
    KeyIsNoWord, "key_is_no_word", Error, "broken syntax";
    /// A value does not end within what may be held of it.
    EndlessValue, "endless_value", Error, "broken syntax";
    /// An alias (`*`) is used.
    Alias, "alias", Error, "alias";
    /// An anchor (`&`) is used.
    Anchor, "anchor", Error, "anchor";
    /// A tag (`!`) is used.
    Tag, "tag", Error, "tag";
    /// The spec names no version.
    NoVersion, "no_version", Error, "version";
    /// The spec is of another version.
    OtherVersion, "other_version", Error, "version";
    /// An endpoint is set, which only the command line can.
    EndpointInSpec, "endpoint_in_spec", Error, "endpoint";
    /// A key means nothing where it stands.
    UnknownKey, "unknown_key", Error, "unknown key";
    /// A key is set twice.
    DuplicateKey, "duplicate_key", Error, "duplicate key";
    /// A key that must be there is not.
    MissingKey, "missing_key", Error, "missing key";
    /// A key has no value.
    NoValue, "no_value", Error, "wrong type";
    /// A value is of another type.
    WrongType, "wrong_type", Error, "wrong type";
    /// A word is none of those that can be.
    UnknownWord, "unknown_word", Error, "unknown word";
    /// A text or name is empty.
    Empty, "empty", Error, "bad value";
    /// A line contains a control character.
    ControlCharacter, "control_character", Error, "bad value";
    /// A name contains a character that it cannot.
    StrangeCharacter, "strange_character", Error, "bad value";
    /// A name is too long.
    NameTooLong, "name_too_long", Error, "bad value";
    /// A number is none, or too small.
    NotANumber, "not_a_number", Error, "bad value";
    /// A number is too large.
    NumberTooLarge, "number_too_large", Error, "bad value";
    /// A text is no duration.
    NotADuration, "not_a_duration", Error, "bad value";
    /// A duration is zero that cannot be.
    ZeroDuration, "zero_duration", Error, "bad value";
    /// A text is no rate of traffic.
    NotARate, "not_a_rate", Error, "bad value";
    /// A rate is zero that cannot be.
    ZeroRate, "zero_rate", Error, "bad value";
    /// A text is no share.
    NotAShare, "not_a_share", Error, "bad value";
    /// A text is no calendar day.
    NotADay, "not_a_day", Error, "bad value";
    /// A list is empty that cannot be.
    EmptyList, "empty_list", Error, "bad value";
    /// A text is no time.
    NotATime, "not_a_time", Error, "bad value";
    /// A local time occurs twice, as clocks go back.
    AmbiguousTime, "ambiguous_time", Error, "bad value";
    /// A text is no time of day.
    NotATimeOfDay, "not_a_time_of_day", Error, "bad value";
    /// A text is no name of a time zone.
    NotATimeZone, "not_a_time_zone", Error, "bad value";
    /// A text is no selector.
    NotASelector, "not_a_selector", Error, "bad value";
    /// A time is not later than the one that it must follow.
    NotLater, "not_later", Error, "bad value";
    /// A window is none, or two.
    BadWindow, "bad_window", Error, "bad value";
    /// A text is no ARN of a role.
    NotARole, "not_a_role", Error, "bad value";
    /// An account has both a profile and a role.
    TwoCredentials, "two_credentials", Error, "bad value";
    /// An account has neither a profile nor a role.
    NoCredentials, "no_credentials", Error, "bad value";
    /// An account has the name of the spec's own.
    ReservedName, "reserved_name", Error, "bad value";
    /// A world is named without the emulator.
    WorldWithoutEmulator, "world_without_emulator", Error, "bad value";
    /// The spec declares no interfaces.
    NoInterfaces, "no_interfaces", Warning, "no interfaces";
    /// An interface has no region, and there is no default.
    NoRegion, "no_region", Error, "missing region";
    /// An account is named that is not declared.
    UnknownAccount, "unknown_account", Error, "unknown reference";
    /// A group is named that is not declared.
    UnknownGroup, "unknown_group", Error, "unknown reference";
    /// An interface is depended on that is not declared.
    UnknownInterface, "unknown_interface", Error, "unknown reference";
    /// One id is declared twice.
    DuplicateId, "duplicate_id", Error, "duplicate id";
    /// An interface depends on itself.
    DependsOnItself, "depends_on_itself", Error, "cycle";
    /// Dependencies go round in a circle.
    Cycle, "cycle", Error, "cycle";
    /// A name looks like another one, or like Latin letters, and is written with letters of another script.
    Confusable, "confusable", Warning, "confusable name";
    /// An interface is to be up although what it depends on is to be down.
    Stranded, "stranded", Warning, "stranded";
    /// A group has no members.
    EmptyGroup, "empty_group", Warning, "empty group";
    /// A deny window is open always: what it covers can never be done.
    AlwaysDenied, "always_denied", Warning, "always denied";
    /// The declared statuses alone leave fewer up than `min_active`.
    ImpossibleMinActive, "impossible_min_active", Error, "impossible floor";
    /// The declared statuses alone take more down than `max_unavailable`, whichever members are one link (in one region of one account each is its own).
    ImpossibleMaxUnavailable, "impossible_max_unavailable", Error, "impossible floor";
    /// A selector selects nothing.
    SelectsNothing, "selects_nothing", Error, "selects nothing";
    /// A change selects by a change.
    SelectsByChange, "selects_by_change", Error, "selects by change";
    /// A change does not say how many interfaces it is about.
    NoExpect, "no_expect", Error, "wrong expectation";
    /// A change is about another number of interfaces than it says; a warning once it has ended.
    WrongExpect, "wrong_expect", Error, "wrong expectation";
    /// Two changes want different statuses of one interface at one time.
    ConflictingChanges, "conflicting_changes", Error, "conflicting changes";
    /// Changes break a guard together, or one alone; a warning where it is on already, and where nothing is planned.
    Clash, "clash", Error, "clash";
    /// Windows are closed for all of a change.
    ClosedChange, "closed_change", Error, "closed window";
    /// A change begins or ends while a window is closed for it.
    ClosedWindow, "closed_window", Warning, "closed window";
    /// A change is short, or windows leave little of it.
    ShortChange, "short_change", Warning, "short change";
}
