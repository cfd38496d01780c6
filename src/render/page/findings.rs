//! What a drift check found, interface by interface.

use super::table::Table;
use crate::render::phrase::Phrase;
use crate::render::text::Tone;

/// One interface that is not where the spec or the last apply put it.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// Its key in the spec.
    pub(crate) address: String,
    /// The cloud's id.
    pub(crate) id: String,
    /// The region.
    pub(crate) scope: String,
    /// How it is meant.
    pub(crate) tone: Tone,
    /// Its mark on a terminal.
    pub(crate) mark: &'static str,
    /// Why it is listed.
    pub(crate) cause: &'static str,
    /// It is on its way, and neither moved nor settled.
    pub(crate) is_moving: bool,
    /// The declared status.
    pub(crate) spec: String,
    /// The status that was last applied.
    pub(crate) last_applied: String,
    /// The live status.
    pub(crate) live: String,
    /// Since when that is known.
    pub(crate) since: Option<String>,
    /// What else is to be said.
    pub(crate) note: Option<String>,
    /// How that is meant.
    pub(crate) note_tone: Tone,
}

impl Finding {
    /// Returns findings as rows.
    pub(crate) fn table(findings: &[Self]) -> Table {
        let row = |finding: &Self| {
            let since = finding.since.clone();
            [
                Phrase::theirs(finding.address.as_str()),
                Phrase::ours(finding.cause),
                Phrase::ours(finding.spec.clone()),
                Phrase::ours(finding.last_applied.clone()),
                Phrase::theirs(finding.live.as_str()),
                since.map_or_else(Phrase::default, Phrase::ours),
                Phrase::theirs(finding.id.as_str()).and(" in ").and_theirs(finding.scope.as_str()),
                finding.note.as_ref().map_or_else(Phrase::default, Phrase::theirs),
            ]
        };
        let heads = ["Interface", "Finding", "Spec", "Last applied", "Live", "Since", "Where", "Note"];
        Table::of(heads, findings.iter().map(row))
    }
}
