//! How much of each input is read: every bound in one place.
//!
//! Each reader refuses what is beyond its bound with a message that names it, before it costs more than the bound allows.
//! What is looked up is linear in what was read, so that these are the only numbers that matter.
//! docs/reference/bounds.md is made from [`ALL`].

/// What a bound counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes; shown in KiB or MiB.
    Bytes,
    /// Pieces of whatever the bound is about.
    Count,
    /// Seconds.
    Seconds,
}

/// One bound, as the reference shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Which input.
    pub input: &'static str,
    /// What of it is counted.
    pub what: &'static str,
    /// The most that is accepted.
    pub most: u64,
    /// What is counted.
    pub unit: Unit,
}

impl Bound {
    /// Writes the bound for people: `64 MiB`, `250,000`, `30 s`.
    pub fn shown(&self) -> String {
        match self.unit {
            Unit::Bytes => size(self.most),
            Unit::Count => grouped(self.most),
            Unit::Seconds => format!("{} s", self.most),
        }
    }
}

/// Writes a size in the largest unit that divides it.
pub fn size(bytes: u64) -> String {
    match bytes {
        mib if mib >= 1 << 20 && mib % (1 << 20) == 0 => format!("{} MiB", mib >> 20),
        kib if kib >= 1 << 10 && kib % (1 << 10) == 0 => format!("{} KiB", kib >> 10),
        bytes => format!("{} bytes", grouped(bytes)),
    }
}

/// Writes a number with a comma between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

macro_rules! bounds {
    ($($(#[doc = $why:literal])+ $name:ident = $most:expr, $unit:ident, $input:literal, $what:literal;)+) => {
        $($(#[doc = $why])+ pub const $name: usize = $most;)+

        /// Every bound, in the order of the inputs.
        pub const ALL: &[Bound] = &[$(Bound { input: $input, what: $what, most: $name as u64, unit: Unit::$unit }),+];
    };
}

bounds! {
    /// Room for 200,000 interfaces.
    SPEC_BYTES = 64 << 20, Bytes, "spec", "all its files together";
    /// One for each interface of a small network; a directory of more holds something else.
    SPEC_FILES = 1000, Count, "spec", "files of a directory";
    /// No spec needs half of it.
    SPEC_DEPTH = 16, Count, "spec", "levels of nesting";
    /// Twice the largest network in mind, and what bounds the memory of nonsense.
    SPEC_ENTRIES = 250_000, Count, "spec", "entries of a section";
    /// For the same reason.
    SPEC_VALUES = 50_000, Count, "spec", "values in one entry";
    /// A `reason` is a sentence, not a book.
    SPEC_TEXT = 4096, Bytes, "spec", "one key or text";
    /// What the parser may read before it must tell something; its tokens take a hundred times as much.
    SPEC_LOOKAHEAD = 256 << 10, Bytes, "spec", "one YAML value in brackets or quotes";
    /// Beyond this many a reader mends the generator, not the lines.
    SPEC_FINDINGS = 20, Count, "spec", "findings of one kind that are described; the rest is counted";
    /// A directory is looked at for what may be meant, not listed.
    DIRECTORY_ENTRIES = 10_000, Count, "directory of a spec", "entries looked at";
    /// A larger one is named unseen.
    NEIGHBOUR_BYTES = 4 << 20, Bytes, "directory of a spec", "a `*.json` beside the spec that is looked into";
    /// Room for 250,000 interfaces.
    WORLD_BYTES = 64 << 20, Bytes, "world, fault schedule", "the file";
    /// As many as a spec may declare.
    WORLD_ENTRIES = 250_000, Count, "world, fault schedule", "entries of a list";
    /// Twice as deep as a world goes.
    WORLD_DEPTH = 16, Count, "world, fault schedule", "levels of nesting";
    /// Twenty for each of the interfaces.
    WORLD_VALUES = 5_000_000, Count, "world, fault schedule", "keys and values, where it is YAML";
    /// As for the spec, and four times as much: generated worlds are lists in brackets.
    WORLD_LOOKAHEAD = 1 << 20, Bytes, "world, fault schedule", "one YAML value in brackets or quotes";
    /// Beyond this many a reader mends the generator, not the lines.
    WORLD_CONTRADICTIONS = 20, Count, "world, fault schedule", "contradictions that are named; the rest is counted";
    /// An event of an interface that flaps as often as can be said has 4 MiB.
    WORLD_LOG_LINE = 16 << 20, Bytes, "log of a world", "one line; there may be any number";
    /// A state of 500,000 interfaces fits.
    STATE_BYTES = 256 << 20, Bytes, "state, saved plan, lock, memory of `drift`", "the file";
    /// A state with a hundred thousand runs.
    BACKUP_BYTES = 1 << 30, Bytes, "state, or backup of one, for `state push`", "the file";
    /// More than any holder writes; the file may be anybody's.
    LOCK_BYTES = 4096, Bytes, "lock of an account", "what is read of it";
    /// A state of 100,000 resources of any kind fits.
    TERRAFORM_BYTES = 256 << 20, Bytes, "Terraform state", "the file";
    /// A config of thousands of profiles is smaller.
    CREDENTIALS_BYTES = 1 << 20, Bytes, "credentials, config, token", "the file";
    /// A profile is a line.
    EXTERNAL_BYTES = 64 << 10, Bytes, "external credentials command", "what it prints";
    /// Credentials are a line.
    CREDENTIALS_ANSWER_BYTES = 64 << 10, Bytes, "STS, metadata service", "one answer";
    /// A page of 50 interfaces is 100 KiB.
    ANSWER_BYTES = 8 << 20, Bytes, "answer of the API", "its body";
    /// A VPC has ten.
    ROUTE_TABLES = 1000, Count, "answer of the API", "route tables of one router";
    /// A table has a few hundred.
    ROUTES = 10_000, Count, "answer of the API", "entries over router interfaces of one route table";
    /// Fifty interfaces have fifty points.
    METRIC_PAGES = 10, Count, "answer of the API", "pages of points of one call for traffic";
    /// Five thousand writes on one interface, newest first.
    EVENT_PAGES = 100, Count, "answer of the API", "pages of events of one interface";
    /// A user agent is a line.
    EVENT_TEXT = 512, Bytes, "answer of the API", "one text of an event; the rest is cut off";
    /// What a check says is shown on one screen.
    COMMAND_BYTES = 4096, Bytes, "check and notify commands", "what is kept of their standard error";
    /// A repository of 100,000 packed refs comes to 7 MB.
    CHECKOUT_FILE_BYTES = 16 << 20, Bytes, "git checkout that a spec lies in", "what is read of one of its files, where git cannot be asked";
    /// A robot says a line.
    ROBOT_ANSWER_BYTES = 64 << 10, Bytes, "answer of a chat robot or webhook", "what is read of it";
    /// No documented request comes near.
    REQUEST_BYTES = 1 << 20, Bytes, "request to the emulator", "its body";
    /// The gateway's own bound is not documented.
    REQUEST_HEAD_BYTES = 64 << 10, Bytes, "request to the emulator", "its line and headers";
    /// Signed requests have a dozen.
    REQUEST_HEADERS = 100, Count, "request to the emulator", "headers";
    /// Clients of ours keep a connection for 10 s at most.
    REQUEST_HEAD_SECONDS = 30, Seconds, "request to the emulator", "until its headers are there";
    /// On loopback.
    REQUEST_BODY_SECONDS = 30, Seconds, "request to the emulator", "until its body is there";
    /// A client that does not take its answer; every piece of one begins this anew.
    ANSWER_SECONDS = 30, Seconds, "answer of the emulator", "until some of it is taken";
    /// A certificate and a key have 2 KiB.
    CERTIFICATE_BYTES = 64 << 10, Bytes, "certificates of the emulator", "one file";
    /// Half of what a process may usually open.
    CONNECTIONS = 500, Count, "emulator", "connections at once; further ones wait";
    /// So long are answers finished after a signal.
    SHUTDOWN_SECONDS = 3, Seconds, "emulator", "for answers on their way after a signal";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_numbers_are_written_for_people() {
        assert_eq!(size(64 << 20), "64 MiB");
        assert_eq!(size(4096), "4 KiB");
        assert_eq!(size(1000), "1,000 bytes");
        assert_eq!([grouped(7), grouped(1000), grouped(250_000)], ["7", "1,000", "250,000"]);
        let bound = Bound { input: "a", what: "b", most: 30, unit: Unit::Seconds };
        assert_eq!(bound.shown(), "30 s");
    }
}
