//! A few lines that are drawn in place, over what was drawn before: never more than fit, and never a cleared screen.
//!
//! The cursor stands in a row of its own below them. Its moves are the only raw sequences that `render` writes.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::text::{Line, Screen, View};

/// What stands on the screen.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    /// The columns of each row; none where nothing stands there.
    drawn: Vec<usize>,
    /// What was written, so that what would look the same is not drawn again.
    text: String,
}

/// Returns how many lines fit on a screen of `rows`: what scrolls off the top cannot be taken away.
pub(crate) fn room(rows: u16) -> usize {
    usize::from(rows).saturating_sub(1).max(1)
}

impl Frame {
    /// Draws lines over what stands there, each cut to one row; nothing where they would look the same.
    pub(crate) fn draw<W: Write + ?Sized>(&mut self, out: &mut W, lines: &[Line<'_>], view: View) -> io::Result<()> {
        let plain = written(lines, View { color: false, ..view })?;
        self.show(out, written(lines, view)?, &plain, view.width)
    }

    /// Shows a text over what stands there; `plain` is the same without colours.
    pub(crate) fn show<W: Write + ?Sized>(
        &mut self,
        out: &mut W,
        text: String,
        plain: &str,
        columns: u16,
    ) -> io::Result<()> {
        if !self.drawn.is_empty() && text == self.text {
            return Ok(());
        }
        self.clear(out, columns)?;
        out.write_all(text.as_bytes())?;
        self.drawn = plain.lines().map(UnicodeWidthStr::width).collect();
        self.text = text;
        out.flush()
    }

    /// Leaves what stands there for good: others may have written below it.
    pub(crate) fn leave(&mut self) {
        self.drawn.clear();
    }

    /// Takes away what stands there, on a screen that is `columns` wide now.
    pub(crate) fn clear<W: Write + ?Sized>(&mut self, out: &mut W, columns: u16) -> io::Result<()> {
        if self.drawn.is_empty() {
            return Ok(());
        }
        // A terminal that has become narrower has broken what stood there into more rows.
        let columns = usize::from(columns).max(1);
        let rows: usize = std::mem::take(&mut self.drawn).into_iter().map(|row| row.div_ceil(columns).max(1)).sum();
        // Cursor up over it, then erase from there to the end of the screen.
        write!(out, "\x1b[{rows}A\r\x1b[J")
    }
}

fn written(lines: &[Line<'_>], view: View) -> io::Result<String> {
    let mut text = Vec::new();
    let mut screen = Screen::new(&mut text, view);
    lines.iter().try_for_each(|line| screen.cut(line))?;
    String::from_utf8(text).map_err(io::Error::other)
}
