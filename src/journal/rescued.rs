//! Lines that could not be appended, as they are kept in a second place: the very rest of a journal, and a last line that says of
//! which history they are, since nobody else can tell.

use serde::{Deserialize, Serialize};

use super::chain::LineHash;
use super::frame::Line;
use super::line::Journal;
use super::wire;
use super::{Entry, Illegal, Reserved};
use crate::state::RunId;

/// Whose the lines are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rescued {
    /// The lineage of the history that they go on.
    pub lineage: String,
    /// The run that wrote them.
    pub run_id: RunId,
}

impl Journal {
    /// Writes the line that ends what is kept elsewhere; nothing where no run ever began here.
    pub fn give_up(&mut self) -> Result<Vec<u8>, Illegal> {
        let Some(last) = self.replay().runs().last() else { return Ok(Vec::new()) };
        let rescued = Rescued { lineage: last.started.lineage.clone(), run_id: last.id().clone() };
        let body = match serde_json::to_value(rescued) {
            Ok(serde_json::Value::Object(body)) => body,
            _ => serde_json::Map::new(),
        };
        self.encode(&[Entry::Reserved { kind: Reserved::Released, body }])
    }
}

/// Reads lines that were kept elsewhere: none is missing, none was changed, and the last one says whose they are.
///
/// # Errors
/// What shows that they are something else.
pub fn rescued(bytes: &[u8]) -> Result<Rescued, String> {
    #[derive(Deserialize)]
    struct Last {
        released: Option<Rescued>,
    }
    let mut before: Option<(u64, LineHash)> = None;
    let mut last = None;
    for (number, text) in (1_u64..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
        let wrong = |detail: &str| format!("line {number}: {detail}");
        let line = Line::parse(text).map_err(wrong)?;
        let object = [b"{", line.body, b"}"].concat();
        let follows = before
            .is_none_or(|(known, hash)| line.number == known + 1 && wire::prev(&object).is_ok_and(|prev| prev == hash));
        if !follows {
            return Err(wrong("it does not follow the line before it"));
        }
        before = Some((line.number, LineHash::of(text.strip_suffix(b"\n").unwrap_or(text))));
        last = serde_json::from_slice::<Last>(&object).ok().and_then(|last| last.released);
    }
    last.ok_or_else(|| match before {
        Some(_) => "its last line does not say of which history it is".to_owned(),
        None => "there is nothing in it".to_owned(),
    })
}
