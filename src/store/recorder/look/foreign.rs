//! Bytes that nothing of ours has written: what git, an editor or a shell has made of a file, or another document in its place. Says
//! what it is and what to do, with commands that do it as they stand.

use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::diagnostic::quoted;
use crate::language::{Wording, worded};
use crate::store::StoreError;

/// Names what was done to a damaged file; `file` is where it is.
pub(super) fn told(error: StoreError, file: &str, bytes: &[u8]) -> StoreError {
    match error {
        StoreError::Damaged { path, detail, hint } => match altered(file, bytes) {
            Some((detail, hint)) => StoreError::Damaged { path, detail, hint },
            None => StoreError::Damaged { path, detail: kind(bytes).unwrap_or(detail), hint },
        },
        other => other,
    }
}

/// Recognises what was done to a file, and says how it is undone.
fn altered(file: &str, bytes: &[u8]) -> Option<(Wording, Wording)> {
    let all = together(Path::new(file)).unwrap_or_else(|| quoted(file));
    let directory = Path::new(file).parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = quoted(file);
    if has_conflict(bytes) {
        let detail = worded!("git's conflict marks are in it: two sides of a merge have written it apart");
        let hint = worded!(
            "take one side whole, with what lies beside it: `git checkout --ours -- {directory}` while the merge is open, or restore all \
             of it from one commit",
            directory = quoted(&directory.to_string_lossy())
        );
        return Some((detail, hint));
    }
    if let Some(encoding) = utf16(bytes) {
        let detail = worded!("it is UTF-16, which an editor or a shell has written");
        let hint = worded!(
            "write it as UTF-8 again: `iconv -f {encoding} -t UTF-8 {file} > {copy} && cat {copy} > {file}`",
            encoding,
            file,
            copy = format!("{file}.utf8")
        );
        return Some((detail, hint));
    }
    if bytes.windows(2).any(|pair| pair == b"\r\n") {
        let detail = worded!("its line ends are CRLF: git's autocrlf, or an editor, has changed them");
        let hint = worded!(
            "take the carriage returns out (`sed -i 's/[[:cntrl:]]$//' {all}`); where git keeps it, write `* -text` into {attributes}",
            all,
            attributes = quoted(&directory.join(".gitattributes").to_string_lossy())
        );
        return Some((detail, hint));
    }
    bytes.starts_with(BYTE_ORDER_MARK).then(|| {
        // A backslash would be shown as two.
        let hint = worded!("take out the three bytes of it: `LC_ALL=C sed -i '1s/^...//' {file}`", file);
        (worded!("it begins with a byte order mark, which an editor has written"), hint)
    })
}

/// Returns every file that lies with one of a history, as a shell takes them: what was done to one was done to all.
fn together(file: &Path) -> Option<String> {
    let directory = file.parent()?;
    let stem = match directory.file_name()?.to_str()?.strip_suffix(".runs") {
        Some(stem) => directory.with_file_name(stem),
        None => {
            let name = file.file_name()?.to_str()?;
            let stem = [".journal.jsonl", ".json.backup", ".json"].iter().find_map(|end| name.strip_suffix(end))?;
            file.with_file_name(stem)
        }
    };
    let stem = quoted(stem.to_str()?);
    Some(format!("{stem}.json* {stem}.journal.jsonl {stem}.runs/*"))
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

fn has_conflict(bytes: &[u8]) -> bool {
    let has = |mark: &[u8]| bytes.split(|byte| *byte == b'\n').any(|line| line.starts_with(mark));
    has(b"<<<<<<< ") && has(b">>>>>>> ")
}

/// Returns which UTF-16 bytes are; without a mark, a brace of two bytes tells.
fn utf16(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        [b'{', 0, ..] => Some("UTF-16LE"),
        [0, b'{', ..] => Some("UTF-16BE"),
        _ => None,
    }
}

/// Names the document that bytes are, where it is one that people keep beside a state.
pub(super) fn kind(bytes: &[u8]) -> Option<Wording> {
    #[derive(Deserialize)]
    struct Marks {
        rictl_version: Option<IgnoredAny>,
        terraform_version: Option<IgnoredAny>,
        resource_changes: Option<IgnoredAny>,
    }
    let marks: Marks = serde_json::from_slice(bytes).ok()?;
    match (marks.resource_changes, marks.rictl_version, marks.terraform_version) {
        (Some(_), Some(_), _) => Some(worded!("it is a saved plan, and no state")),
        (Some(_), None, Some(_)) => Some(worded!("it is a plan of Terraform, and no state of rictl")),
        (None, _, Some(_)) => Some(worded!("it is a Terraform state, and none of rictl")),
        _ => None,
    }
}
