//! What became of each step of a run.

use super::table::Table;
use crate::render::phrase::Phrase;
use crate::render::text::Tone;

/// What became of one step.
#[derive(Clone, Debug)]
pub(crate) struct StepRow {
    /// Its name.
    pub(crate) id: String,
    /// The interface.
    pub(crate) interface_id: String,
    /// The region.
    pub(crate) scope: String,
    /// Why, as the spec says.
    pub(crate) reason: Option<String>,
    /// The status that it was to begin at.
    pub(crate) before: String,
    /// The status that it was to reach.
    pub(crate) goal: String,
    /// The status that was read last.
    pub(crate) status: Option<String>,
    /// How it ended.
    pub(crate) outcome: String,
    /// How that is meant.
    pub(crate) tone: Tone,
    /// When it began.
    pub(crate) began: Option<String>,
    /// When it ended.
    pub(crate) ended: Option<String>,
    /// How long it took.
    pub(crate) took: Option<String>,
    /// The API's id of its answer to the call.
    pub(crate) request_id: Option<String>,
    /// Why it ended so.
    pub(crate) detail: Option<String>,
    /// Its goal was seen.
    pub(crate) is_at_goal: bool,
    /// A reader of the detail alone must know which interface it is about.
    pub(crate) is_located: bool,
}

impl StepRow {
    /// Returns steps as rows.
    pub(crate) fn table(rows: &[Self]) -> Table {
        let theirs = |text: &Option<String>| text.as_ref().map_or_else(Phrase::default, Phrase::theirs);
        let ours = |text: &Option<String>| text.clone().map_or_else(Phrase::default, Phrase::ours);
        let row = |row: &Self| {
            [
                Phrase::theirs(row.id.as_str()),
                Phrase::theirs(row.interface_id.as_str()).and(" in ").and_theirs(row.scope.as_str()),
                theirs(&row.reason),
                Phrase::theirs(row.before.as_str()).and(" -> ").and_theirs(row.goal.as_str()),
                Phrase::theirs(row.outcome.as_str()),
                theirs(&row.status),
                ours(&row.began),
                ours(&row.ended),
                ours(&row.took),
                theirs(&row.request_id),
                theirs(&row.detail),
            ]
        };
        let heads =
            ["Step", "Where", "Why", "Wanted", "Outcome", "Status", "Began", "Ended", "Took", "RequestId", "Detail"];
        Table::of(heads, rows.iter().map(row))
    }
}
