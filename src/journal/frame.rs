//! The frame of a line: its number, the first line of its write, and the seal. What stands between is not looked at.

use serde::Deserialize;

use crate::state::RunId;

/// A line whose seal holds.
pub(super) struct Line<'a> {
    pub(super) number: u64,
    /// The first line of the same write.
    pub(super) batch: u64,
    /// The members of its object, without its braces.
    pub(super) body: &'a [u8],
}

/// Returns whether `rest`, which starts with a bad line, is what a crash left of the last write.
pub(super) fn is_torn(rest: &[u8], expected: u64) -> bool {
    let mut lines = rest.split_inclusive(|byte| *byte == b'\n').skip(1).peekable();
    if lines.peek().is_none() {
        return true;
    }
    let mut good = lines.filter_map(|text| Line::parse(text).ok()).peekable();
    good.peek().is_some() && good.all(|line| line.batch <= expected)
}

const SEAL_LENGTH: usize = r#","crc":"00000000"}"#.len();

fn seal(content: &[u8]) -> String {
    format!(r#","crc":"{:08x}"}}"#, crc32c::crc32c(content))
}

impl<'a> Line<'a> {
    /// Writes the line, sealed.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(format!(r#"{{"n":{},"#, self.number).as_bytes());
        if self.batch != self.number {
            out.extend_from_slice(format!(r#""b":{},"#, self.batch).as_bytes());
        }
        out.extend_from_slice(self.body);
        let seal = seal(&out[start..]);
        out.extend_from_slice(seal.as_bytes());
        out.push(b'\n');
    }

    /// Reads a line whose seal holds.
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, &'static str> {
        let text = text.strip_suffix(b"\n").ok_or("it is cut off")?;
        let (content, end) = text.split_at(text.len().saturating_sub(SEAL_LENGTH));
        if end != seal(content).as_bytes() {
            return Err("it does not fit its checksum");
        }
        let (number, body) = leading_number(content, br#"{"n":"#).ok_or("it has no number")?;
        let (batch, body) = leading_number(body, br#""b":"#).unwrap_or((number, body));
        Ok(Self { number, batch, body })
    }

    /// Returns the version of the run that begins here, if one does, whatever else it says.
    pub(super) fn version(&self) -> Option<u64> {
        #[derive(Deserialize)]
        struct Run {
            // The lines of the first releases do not say it.
            #[serde(default = "first_version")]
            format_version: u64,
        }
        self.started().map(|run: Run| run.format_version)
    }

    /// Returns the id of the run that begins here, if one does.
    pub(super) fn run_id(&self) -> Option<RunId> {
        #[derive(Deserialize)]
        struct Run {
            run_id: RunId,
        }
        self.started().map(|run: Run| run.run_id)
    }

    /// Reads a part of the head of the run that begins here.
    fn started<T: for<'de> Deserialize<'de>>(&self) -> Option<T> {
        #[derive(Deserialize)]
        struct Head<T> {
            run_started: T,
        }
        if !self.body.starts_with(br#""run_started":"#) {
            return None;
        }
        let head: Head<T> = serde_json::from_slice(&[b"{", self.body, b"}"].concat()).ok()?;
        Some(head.run_started)
    }
}

fn first_version() -> u64 {
    1
}

/// Reads `KEY DIGITS ,` at the start of `text`; returns the number and what follows.
fn leading_number<'a>(text: &'a [u8], key: &[u8]) -> Option<(u64, &'a [u8])> {
    let text = text.strip_prefix(key)?;
    let comma = text.iter().position(|byte| *byte == b',')?;
    let number = std::str::from_utf8(&text[..comma]).ok()?.parse().ok()?;
    Some((number, &text[comma + 1..]))
}
