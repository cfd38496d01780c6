//! From bytes to text, and from offsets to places.
//!
//! What an editor may have left in a file is named here, with its place: another encoding, a NUL, broken UTF-8.

use crate::diagnostic::{Place, SourceId};
use crate::spec::BYTE_ORDER_MARK;
use crate::spec::finding::FileFault;

/// What a file is instead of UTF-8 text.
pub(in crate::spec) struct NotText {
    /// The text as far as it can be shown.
    pub(in crate::spec) shown: String,
    /// Where it goes wrong, in bytes of that text.
    pub(in crate::spec) offset: usize,
    pub(in crate::spec) fault: FileFault,
}

/// Decodes a file.
pub(in crate::spec) fn decode(bytes: Vec<u8>) -> Result<String, Box<NotText>> {
    let refuse = |shown, offset, fault| Err(Box::new(NotText { shown, offset, fault }));
    // The mark of UTF-32 begins with that of UTF-16.
    if bytes.starts_with(&[0xFF, 0xFE, 0, 0]) || bytes.starts_with(&[0, 0, 0xFE, 0xFF]) {
        return refuse(String::new(), 0, FileFault::Utf32);
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return refuse(String::new(), 0, FileFault::Utf16);
    }
    let bytes = match bytes.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => rest.to_vec(),
        None => bytes,
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            let shown = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let byte = error.as_bytes().get(offset).copied().unwrap_or_default();
            return refuse(shown, offset, FileFault::NotUtf8 { byte });
        }
    };
    match text.find('\0') {
        Some(offset) => refuse(text, offset, FileFault::NulCharacter),
        None => Ok(text),
    }
}

/// Turns byte offsets that only grow into places, in one pass over the text however many are asked for.
#[derive(Clone)]
pub(in crate::spec) struct Cursor<'a> {
    source: SourceId,
    text: &'a str,
    offset: usize,
    line: u32,
    column: u32,
}

impl<'a> Cursor<'a> {
    pub(in crate::spec) fn new(source: SourceId, text: &'a str) -> Self {
        Self { source, text, offset: 0, line: 1, column: 1 }
    }

    /// Returns the place of `length` characters at `offset`, which must not be before an earlier one.
    pub(in crate::spec) fn place(&mut self, offset: usize, length: usize) -> Place {
        let bytes = self.text.as_bytes();
        let offset = offset.min(bytes.len());
        let passed = bytes.get(self.offset..offset).unwrap_or_default();
        self.offset = self.offset.max(offset);
        // A line ends at `\n`, `\r\n` or a lone `\r`, as in YAML; continuation bytes take no column.
        let mut columns = 0;
        let mut rest = passed.iter();
        while let Some(byte) = rest.next() {
            match byte {
                b'\n' => (self.line, self.column, columns) = (self.line + 1, 1, 0),
                b'\r' => {
                    let next = rest.as_slice().first().or_else(|| bytes.get(offset));
                    if next == Some(&b'\n') {
                        columns += 1;
                    } else {
                        (self.line, self.column, columns) = (self.line + 1, 1, 0);
                    }
                }
                _ => columns += u32::from(byte & 0xC0 != 0x80),
            }
        }
        self.column += columns;
        let length = u32::try_from(length).unwrap_or(u32::MAX).max(1);
        Place { source: self.source, line: self.line, column: self.column, length }
    }
}
