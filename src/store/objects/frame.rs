//! The records of a log in a bucket: a line that says who wrote it under which claim, and the bytes that it carries.
//!
//! Every record says all that is known besides the journal: epoch, claim, state, whose calls may still be on their way. So
//! the last one is enough to know who writes, and from the last one that carries the journal whole everything follows.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::lock::Holder;
use crate::store::remote::Lost;

/// The version of this format.
pub(super) const VERSION: u32 = 1;

/// More than any line has that stands before a record's bytes.
const LINE_BYTES: usize = 64 << 10;

/// What a record does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Ends an object of OSS: the next epoch has begun, in an object of its own.
    Taking,
    /// A claim was won; carries the journal as it was.
    Claimed,
    /// Carries more of the journal.
    Lines,
    /// Renews the lease.
    Beat,
    /// Another state counts.
    State,
    /// Carries the journal anew.
    Restarted,
    /// The claim was given back.
    Released,
    /// The claim was ended by force, and with it the epoch.
    Freed,
}

/// A claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claim {
    pub(super) holder: Holder,
    pub(super) ttl_ms: u64,
}

impl Claim {
    pub(super) fn ttl(&self) -> Duration {
        Duration::from_millis(self.ttl_ms)
    }
}

/// Somebody who lost a state without giving it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gone {
    pub(super) holder: Holder,
    pub(super) forced: bool,
    /// When it could begin its last call, by the store's clock.
    pub(super) rights_end: Timestamp,
}

impl Gone {
    pub(super) fn how(&self) -> Lost {
        if self.forced { Lost::Forced } else { Lost::Lapsed }
    }
}

/// How an epoch began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    /// Who claimed the state then; `None` where its claim was ended by force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<Holder>,
    /// When, as far as its writer knew what the store's clock shows.
    pub(super) at: Timestamp,
}

/// Which state counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) key: String,
    pub(super) serial: u64,
    pub(super) sha256: String,
}

/// What stands before the bytes of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    /// The format's version.
    #[serde(rename = "rictl_log")]
    pub(super) version: u32,
    pub(super) kind: Kind,
    pub(super) epoch: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claim: Option<Claim>,
    /// How its epoch began, which is still known once the claim was given back. The first logs do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) begun: Option<Begun>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Gone>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<Kept>,
    /// Whether the bytes are the journal whole.
    #[serde(default)]
    pub(super) whole: bool,
    /// Whether there ever was a journal.
    #[serde(default)]
    pub(super) has_journal: bool,
    /// In S3, the segment from which the journal is whole.
    #[serde(default)]
    pub(super) since: u64,
    /// When it was written, as far as its writer knew what the store's clock shows.
    pub(super) at: Timestamp,
    /// How many bytes follow.
    pub(super) bytes: u64,
}

/// A record as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) head: Head,
    pub(super) payload: Vec<u8>,
}

/// Why records cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Not what was written; where, and how.
    Damaged(String),
    /// Written by a newer rictl, with this version.
    Newer(u64),
}

/// Writes a record.
pub(super) fn encode(head: &Head, payload: &[u8]) -> Vec<u8> {
    let head = Head { bytes: payload.len() as u64, ..head.clone() };
    let mut bytes = serde_json::to_vec(&head).expect("a head is plain data");
    bytes.push(b'\n');
    bytes.extend_from_slice(payload);
    bytes
}

/// Reads the records that stand one after the other.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Record>, Unread> {
    let mut records = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (record, length) = first(&bytes[at..]).map_err(|unread| match unread {
            Unread::Damaged(detail) => Unread::Damaged(format!("at byte {at}: {detail}")),
            newer @ Unread::Newer(_) => newer,
        })?;
        records.push(record);
        at += length;
    }
    Ok(records)
}

fn first(bytes: &[u8]) -> Result<(Record, usize), Unread> {
    #[derive(Deserialize)]
    struct Versioned {
        rictl_log: u64,
    }
    let damaged = |detail: &str| Unread::Damaged(detail.to_owned());
    let end = bytes.iter().take(LINE_BYTES).position(|byte| *byte == b'\n');
    let line = &bytes[..end.ok_or_else(|| damaged("a record without an end of its first line"))?];
    let versioned: Versioned = serde_json::from_slice(line).map_err(|_| damaged("no record of a log"))?;
    if versioned.rictl_log > u64::from(VERSION) {
        return Err(Unread::Newer(versioned.rictl_log));
    }
    let mut head: Head = serde_json::from_slice(line).map_err(|error| Unread::Damaged(error.to_string()))?;
    // Whose words these are is not known.
    if let Some(claim) = &mut head.claim {
        claim.holder = clean(&claim.holder).ok_or_else(|| damaged("a claim of nobody"))?;
    }
    if let Some(gone) = &mut head.before {
        gone.holder = clean(&gone.holder).ok_or_else(|| damaged("a claim of nobody"))?;
    }
    if let Some(by) = head.begun.as_mut().and_then(|begun| begun.by.as_mut()) {
        *by = clean(by).ok_or_else(|| damaged("a claim of nobody"))?;
    }
    let begin = line.len() + 1;
    let length = usize::try_from(head.bytes).ok().filter(|length| *length <= bytes.len() - begin);
    let end = begin + length.ok_or_else(|| damaged("a record that is cut off"))?;
    Ok((Record { head, payload: bytes[begin..end].to_vec() }, end))
}

fn clean(holder: &Holder) -> Option<Holder> {
    Holder::parse(&serde_json::to_vec(holder).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(kind: Kind) -> Head {
        Head {
            version: VERSION,
            kind,
            epoch: 7,
            claim: None,
            begun: None,
            before: None,
            state: Some(Kept { key: "a/state/1".into(), serial: 1, sha256: "00".into() }),
            whole: false,
            has_journal: true,
            since: 0,
            at: Timestamp::from_second(1_790_000_000).unwrap(),
            bytes: 0,
        }
    }

    #[test]
    fn records_are_read_as_they_were_written_whatever_they_carry() {
        let written = [(Kind::Claimed, b"one\ntwo\n".as_slice()), (Kind::Beat, b""), (Kind::Lines, &[0xff, 0, b'\n'])];
        let bytes: Vec<u8> = written.iter().flat_map(|(kind, payload)| encode(&head(*kind), payload)).collect();
        let read: Vec<_> =
            decode(&bytes).unwrap().into_iter().map(|record| (record.head.kind, record.payload)).collect();
        assert_eq!(read, written.map(|(kind, payload)| (kind, payload.to_vec())));
    }

    #[test]
    fn what_is_cut_off_or_newer_is_told_apart() {
        let bytes = encode(&head(Kind::Lines), b"one\n");
        for length in 1..bytes.len() {
            assert!(matches!(decode(&bytes[..length]), Err(Unread::Damaged(_))), "{length}");
        }
        let newer = String::from_utf8(bytes).unwrap().replace("\"rictl_log\":1", "\"rictl_log\":2,\"x\":[]");
        assert_eq!(decode(newer.as_bytes()), Err(Unread::Newer(2)));
        assert_eq!(decode(b"{}\n"), Err(Unread::Damaged("at byte 0: no record of a log".to_owned())));
    }
}
