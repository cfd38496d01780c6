//! Rows under heads, for the views that have tables.

use crate::render::phrase::Phrase;
use crate::render::text::Tone;

/// Rows under heads, for the views that have tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    /// The head of each column.
    pub(crate) heads: Vec<&'static str>,
    /// The cells of each row, as many as there are heads.
    pub(crate) rows: Vec<Vec<Phrase>>,
    /// How each row is meant, where that differs.
    pub(crate) tones: Vec<Tone>,
}

impl Table {
    /// Makes a table, without the columns in which no cell says anything.
    pub(crate) fn of<const N: usize>(heads: [&'static str; N], rows: impl IntoIterator<Item = [Phrase; N]>) -> Self {
        let rows: Vec<[Phrase; N]> = rows.into_iter().collect();
        let says_something: Vec<bool> = (0..N).map(|column| rows.iter().any(|row| !row[column].is_nothing())).collect();
        let kept = |column: usize| says_something[column];
        let heads = heads.into_iter().enumerate().filter(|(column, _)| kept(*column)).map(|(_, head)| head).collect();
        let cells = |row: [Phrase; N]| {
            row.into_iter().enumerate().filter(|(column, _)| kept(*column)).map(|(_, cell)| cell).collect()
        };
        Self { heads, rows: rows.into_iter().map(cells).collect(), tones: Vec::new() }
    }

    /// Says how each row is meant.
    pub(crate) fn toned(self, tones: impl IntoIterator<Item = Tone>) -> Self {
        Self { tones: tones.into_iter().collect(), ..self }
    }
}
