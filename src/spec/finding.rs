//! What can be wrong with a spec, as data: a code and typed arguments. The sentences are in `spec/words`.

use crate::calendar::WrittenError;
use crate::diagnostic::Place;
use crate::duration::DurationError;
use crate::resource::{AccountName, Address, ChangeName, GroupName, RateError, RouterInterfaceId};
use crate::selector::{Fault, Selector, SelectorError};
use crate::spec::keys::{Grammar, Key, Type};
use crate::spec::slips::Slip;
use crate::spec::syntax::NodeKind;

mod code;

pub use code::Code;

/// Something that is wrong with a spec. Texts of the user's are cut to what fits a message.
#[derive(Debug)]
pub(super) enum Finding {
    File(FileFault),
    Syntax(SyntaxFault),
    Key(KeyFault),
    /// `path` leads to the value.
    Value {
        path: String,
        fault: ValueFault,
    },
    Whole(WholeFault),
    /// More of a kind than are shown.
    More {
        code: Code,
        count: usize,
    },
}

/// A file that is no text.
#[derive(Debug)]
pub(super) enum FileFault {
    None,
    TooLarge { mebibytes: usize },
    Utf16,
    Utf32,
    NotUtf8 { byte: u8 },
    NulCharacter,
}

/// A text that is no tree of words.
#[derive(Debug)]
pub(super) enum SyntaxFault {
    Empty,
    NotAMapping { found: NodeKind },
    TooDeep { levels: usize },
    TooMany { what: Crowd, limit: usize },
    TextTooLong { bytes: usize, limit: usize },
    HalfCharacter,
    NotJson { reason: String },
    NotYaml(YamlFault),
    Tab,
    SeveralDocuments,
    KeyIsNoWord,
    EndlessValue { kibibytes: usize },
    NotAllowed(Mark),
    Slip(Slip),
}

/// What YAML has, and a spec has not.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    MergeKey,
    Alias,
    Anchor,
    Tag,
}

/// What there can be too many of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Crowd {
    Sections,
    Entries,
    Values,
}

/// What the YAML parser complains of.
#[derive(Debug)]
pub(super) enum YamlFault {
    ColonInText,
    NoColon,
    OpenQuote,
    OpenBracket,
    TextAfterQuote,
    UnknownEscape,
    /// The line is indented as none above it is.
    OddIndent,
    /// The line is indented as none is that it could belong to.
    UnfitIndent,
    /// The spec begins further to the right than a line below it.
    IndentedStart {
        below: u32,
    },
    /// A line with a colon goes on with the text above it.
    GoesOn,
    /// Within brackets, neither a comma nor the closing bracket.
    NoComma,
    /// Within brackets, a comma before which nothing stands.
    NothingBeforeComma,
    TextAfterBracket,
    /// In the parser's own words.
    UnexpectedCharacter(String),
    /// In the parser's own words.
    Other(String),
}

/// A key that cannot be, or is not there.
#[derive(Debug)]
pub(super) enum KeyFault {
    /// `at` leads to the mapping; none is the document.
    Unknown {
        key: String,
        at: Option<String>,
        near: Option<&'static str>,
        known: &'static [Key],
    },
    Duplicate {
        path: String,
        first: Place,
    },
    /// `path` leads to the mapping.
    Missing {
        path: String,
        key: &'static Key,
    },
    NoVersion,
    Endpoint,
}

/// A value that cannot be.
#[derive(Debug)]
pub(super) enum ValueFault {
    OtherVersion {
        found: String,
    },
    Nothing {
        /// A comment stands where the value belongs, and reads like one.
        remark: bool,
        wanted: Type,
    },
    WrongType {
        found: NodeKind,
        wanted: Type,
        spelling: Spelling,
    },
    OneWord {
        key: &'static Key,
        word: String,
    },
    UnknownWord {
        word: String,
        meant: Option<&'static str>,
        known: &'static [&'static str],
    },
    EmptyLine,
    ControlCharacter,
    EmptyName {
        grammar: Grammar,
    },
    StrangeCharacter {
        character: char,
        grammar: Grammar,
    },
    NameTooLong {
        grammar: Grammar,
    },
    LookAlike {
        character: char,
    },
    NotANumber {
        text: String,
        least: u32,
    },
    NumberTooLarge {
        least: u32,
        most: u32,
    },
    NotADuration {
        text: String,
        why: DurationError,
    },
    ZeroDuration,
    NotARate {
        text: String,
        why: RateError,
    },
    ZeroRate,
    NotAShare {
        text: String,
    },
    NotADay {
        text: String,
    },
    /// `key` is the list.
    EmptyList {
        key: &'static Key,
    },
    NotATime {
        text: String,
        why: WrittenError,
    },
    /// The local time occurs twice; both ways to write it.
    Twice {
        text: String,
        ways: [String; 2],
    },
    NotATimeOfDay {
        text: String,
    },
    NotATimeZone {
        text: String,
        near: Option<String>,
    },
    NotASelector {
        text: String,
        why: SelectorError,
    },
    /// A time that is not later than the one of another key.
    NotLater {
        than: &'static str,
    },
    Window(WindowFault),
    Cloud(CloudFault),
}

/// What cannot be of a window.
#[derive(Clone, Copy, Debug)]
pub(super) enum WindowFault {
    NoName,
    TwoNames,
    SameTimes,
    BeginsAtTheEnd,
    DailyAndOnce,
    HalfASpan,
}

/// What cannot be in the section `cloud`.
#[derive(Clone, Copy, Debug)]
pub(super) enum CloudFault {
    NotARole,
    TwoCredentials,
    NoCredentials,
    ReservedName,
    WorldWithoutEmulator,
}

/// How a value of another type is written.
#[derive(Debug)]
pub(super) enum Spelling {
    Quoted,
    Plain(String),
    /// A list or a mapping.
    Structure,
}

/// What entries say of each other.
#[derive(Debug)]
pub(super) enum WholeFault {
    NoInterfaces,
    NoRegion {
        address: Address,
    },
    UnknownAccount {
        address: Address,
        account: AccountName,
        near: Option<String>,
    },
    UnknownGroup {
        address: Address,
        group: GroupName,
        near: Option<String>,
    },
    UnknownInterface {
        address: Address,
        needed: Address,
        near: Option<String>,
    },
    DuplicateId {
        id: RouterInterfaceId,
        first: (Address, Place),
        again: Address,
    },
    /// A name looks like another one, its twin, or like Latin letters.
    Confusable {
        section: &'static str,
        name: String,
        /// The first of its letters that is not what it looks like.
        letter: char,
        latin: char,
        twin: Option<(String, Place)>,
    },
    DependsOnItself {
        address: Address,
    },
    Cycle(Circle),
    Stranded {
        address: Address,
        declared: Place,
        needed: Address,
    },
    EmptyGroup {
        group: GroupName,
    },
    AlwaysDenied {
        window: Box<str>,
    },
    ImpossibleMinActive {
        floor: u32,
        members: Members,
    },
    ImpossibleMaxUnavailable {
        most: u32,
        members: Members,
    },
    /// `at` leads to the selector.
    SelectsNothing {
        at: String,
        fault: Fault,
    },
    SelectsByChange {
        at: String,
        selector: Selector,
    },
    NoExpect {
        change: ChangeName,
        found: usize,
    },
}

/// Dependencies that go round.
#[derive(Debug)]
pub(super) struct Circle {
    /// The way round; the first stands at both ends.
    pub(super) way: Vec<Address>,
    /// Where each says that it needs the next; the first place is the finding's own.
    pub(super) said: Vec<Option<Place>>,
    /// What else hangs together with it.
    pub(super) others: Vec<Address>,
}

/// The members of a group as declared.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) group: GroupName,
    pub(super) total: usize,
    pub(super) inactive: Vec<Address>,
}

impl Finding {
    /// Returns its code.
    pub(super) fn code(&self) -> Code {
        match self {
            Self::File(fault) => fault.code(),
            Self::Syntax(fault) => fault.code(),
            Self::Key(fault) => fault.code(),
            Self::Value { fault, .. } => fault.code(),
            Self::Whole(fault) => fault.code(),
            Self::More { code, .. } => *code,
        }
    }
}

impl FileFault {
    pub(super) fn code(&self) -> Code {
        match self {
            Self::None => Code::NoFiles,
            Self::TooLarge { .. } => Code::FileTooLarge,
            Self::Utf16 => Code::Utf16,
            Self::Utf32 | Self::NotUtf8 { .. } => Code::NotUtf8,
            Self::NulCharacter => Code::NulCharacter,
        }
    }
}

impl SyntaxFault {
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Empty => Code::EmptyFile,
            Self::NotAMapping { .. } => Code::NotAMapping,
            Self::TooDeep { .. } => Code::NestedTooDeep,
            Self::TooMany { .. } => Code::TooMany,
            Self::TextTooLong { .. } => Code::TextTooLong,
            Self::HalfCharacter | Self::NotJson { .. } => Code::NotJson,
            Self::NotYaml(_) => Code::NotYaml,
            Self::Tab => Code::Tab,
            Self::SeveralDocuments => Code::SeveralDocuments,
            Self::KeyIsNoWord => Code::KeyIsNoWord,
            Self::EndlessValue { .. } => Code::EndlessValue,
            Self::NotAllowed(Mark::MergeKey) => Code::MergeKey,
            Self::NotAllowed(Mark::Alias) => Code::Alias,
            Self::NotAllowed(Mark::Anchor) => Code::Anchor,
            Self::NotAllowed(Mark::Tag) => Code::Tag,
            Self::Slip(Slip::LookAlike(_)) => Code::LookAlike,
            Self::Slip(Slip::NoBlank) => Code::NoBlank,
            Self::Slip(Slip::NoColon) => Code::NoColon,
            Self::Slip(Slip::NoDash | Slip::TightDash) => Code::NoDash,
            Self::Slip(Slip::Comma) => Code::Comma,
            Self::Slip(Slip::NoComment) => Code::NoComment,
            Self::Slip(Slip::Remark) => Code::Remark,
            Self::Slip(Slip::ConflictMark) => Code::ConflictMark,
        }
    }
}

impl KeyFault {
    pub(super) fn code(&self) -> Code {
        match self {
            Self::Unknown { .. } => Code::UnknownKey,
            Self::Duplicate { .. } => Code::DuplicateKey,
            Self::Missing { .. } => Code::MissingKey,
            Self::NoVersion => Code::NoVersion,
            Self::Endpoint => Code::EndpointInSpec,
        }
    }
}

impl ValueFault {
    pub(super) fn code(&self) -> Code {
        match self {
            Self::OtherVersion { .. } => Code::OtherVersion,
            Self::Nothing { .. } => Code::NoValue,
            Self::WrongType { .. } | Self::OneWord { .. } => Code::WrongType,
            Self::UnknownWord { .. } => Code::UnknownWord,
            Self::EmptyLine | Self::EmptyName { .. } => Code::Empty,
            Self::ControlCharacter => Code::ControlCharacter,
            Self::StrangeCharacter { .. } => Code::StrangeCharacter,
            Self::NameTooLong { .. } => Code::NameTooLong,
            Self::LookAlike { .. } => Code::StrangeCharacter,
            Self::NotANumber { .. } => Code::NotANumber,
            Self::NumberTooLarge { .. } => Code::NumberTooLarge,
            Self::NotADuration { .. } => Code::NotADuration,
            Self::ZeroDuration => Code::ZeroDuration,
            Self::NotARate { .. } => Code::NotARate,
            Self::ZeroRate => Code::ZeroRate,
            Self::NotAShare { .. } => Code::NotAShare,
            Self::NotADay { .. } => Code::NotADay,
            Self::EmptyList { .. } => Code::EmptyList,
            Self::NotATime { .. } => Code::NotATime,
            Self::Twice { .. } => Code::AmbiguousTime,
            Self::NotATimeOfDay { .. } => Code::NotATimeOfDay,
            Self::NotATimeZone { .. } => Code::NotATimeZone,
            Self::NotASelector { .. } => Code::NotASelector,
            Self::NotLater { .. } => Code::NotLater,
            Self::Window(_) => Code::BadWindow,
            Self::Cloud(CloudFault::NotARole) => Code::NotARole,
            Self::Cloud(CloudFault::TwoCredentials) => Code::TwoCredentials,
            Self::Cloud(CloudFault::NoCredentials) => Code::NoCredentials,
            Self::Cloud(CloudFault::ReservedName) => Code::ReservedName,
            Self::Cloud(CloudFault::WorldWithoutEmulator) => Code::WorldWithoutEmulator,
        }
    }
}

impl WholeFault {
    pub(super) fn code(&self) -> Code {
        match self {
            Self::NoInterfaces => Code::NoInterfaces,
            Self::NoRegion { .. } => Code::NoRegion,
            Self::UnknownAccount { .. } => Code::UnknownAccount,
            Self::UnknownGroup { .. } => Code::UnknownGroup,
            Self::UnknownInterface { .. } => Code::UnknownInterface,
            Self::DuplicateId { .. } => Code::DuplicateId,
            Self::Confusable { .. } => Code::Confusable,
            Self::DependsOnItself { .. } => Code::DependsOnItself,
            Self::Cycle(_) => Code::Cycle,
            Self::Stranded { .. } => Code::Stranded,
            Self::EmptyGroup { .. } => Code::EmptyGroup,
            Self::AlwaysDenied { .. } => Code::AlwaysDenied,
            Self::ImpossibleMinActive { .. } => Code::ImpossibleMinActive,
            Self::ImpossibleMaxUnavailable { .. } => Code::ImpossibleMaxUnavailable,
            Self::SelectsNothing { .. } => Code::SelectsNothing,
            Self::SelectsByChange { .. } => Code::SelectsByChange,
            Self::NoExpect { .. } => Code::NoExpect,
        }
    }
}
