//! What whoever holds a claim knows of the log, and the record that each of its writes becomes.

use jiff::Timestamp;

use super::frame::{self, Head, Kept, Kind};
use super::log::Place;

/// What whoever holds the claim knows.
#[derive(Clone, Debug)]
pub(super) struct Writing {
    pub(super) head: Head,
    pub(super) place: Place,
    pub(super) journal: Vec<u8>,
    /// The id of its claim.
    pub(super) id: String,
    /// What was sent for this place and not answered, with what it would be.
    pub(super) sent: Vec<Sent>,
    /// What was written last.
    pub(super) last: Option<Write>,
    /// The same without beats, for whoever asks again.
    pub(super) done: Option<Write>,
}

/// A record on its way.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) bytes: Vec<u8>,
    pub(super) head: Head,
    pub(super) write: Write,
}

/// What is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Write {
    Lines { position: u64, batch: Vec<u8> },
    Restart { position: u64, journal: Vec<u8> },
    State(Option<Kept>),
    Beat,
    Release,
}

impl Write {
    fn kind(&self) -> Kind {
        match self {
            Self::Lines { .. } => Kind::Lines,
            Self::Restart { .. } => Kind::Restarted,
            Self::State(_) => Kind::State,
            Self::Beat => Kind::Beat,
            Self::Release => Kind::Released,
        }
    }

    fn payload(&self) -> &[u8] {
        match self {
            Self::Lines { batch, .. } => batch,
            Self::Restart { journal, .. } => journal,
            _ => &[],
        }
    }

    /// Where the journal has to end for it.
    pub(super) fn position(&self) -> Option<u64> {
        match self {
            Self::Lines { position, .. } | Self::Restart { position, .. } => Some(*position),
            _ => None,
        }
    }
}

impl Writing {
    /// The record of a write; the same one where it was sent before.
    pub(super) fn record(&self, write: &Write, at: Timestamp, is_oss: bool) -> Sent {
        if let Some(sent) = self.sent.iter().find(|sent| sent.write == *write) {
            return sent.clone();
        }
        let mut head = Head { kind: write.kind(), at, whole: false, ..self.head.clone() };
        match write {
            Write::Lines { .. } => head.has_journal = true,
            Write::Restart { .. } => {
                (head.has_journal, head.whole, head.since) = (true, true, self.place.position + 1);
            }
            Write::State(kept) => head.state = kept.clone(),
            Write::Release => head.claim = None,
            Write::Beat => {}
        }
        // In S3 the last record of a log at rest is all of it: those before may be removed one by one.
        let is_all = *write == Write::Release && !is_oss;
        if is_all {
            (head.whole, head.since) = (true, self.place.position + 1);
        }
        let payload = if is_all { &self.journal } else { write.payload() };
        Sent { bytes: frame::encode(&head, payload), head, write: write.clone() }
    }

    /// Takes note that a record stands.
    pub(super) fn stands(&mut self, sent: Sent, place: Place) {
        match &sent.write {
            Write::Lines { batch, .. } => self.journal.extend_from_slice(batch),
            Write::Restart { journal, .. } => self.journal.clone_from(journal),
            _ => {}
        }
        self.head = sent.head;
        self.place = place;
        self.sent.clear();
        self.last = Some(sent.write.clone());
        // A beat between two tries of another write does not make that one unknown.
        if sent.write != Write::Beat {
            self.done = Some(sent.write);
        }
    }
}
