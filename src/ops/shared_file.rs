//! Files for others: specs, metrics, reports. Whole or not at all, and readable for whomever the umask lets read.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Writes a file; one that is there is replaced, with its permissions kept, only if `replace` says so.
///
/// # Errors
/// A file that is there and may not be replaced, or one that cannot be written.
pub fn write(path: &Path, text: &[u8], replace: bool) -> Result<()> {
    let doing = || format!("cannot write {}", path.display());
    // A link keeps pointing where it points; what it points at is replaced.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let permissions = fs::metadata(&path).map_or(Permissions::from_mode(0o666), |metadata| metadata.permissions());
    let mut file = tempfile::Builder::new().permissions(permissions).tempfile_in(directory).with_context(doing)?;
    file.write_all(text).and_then(|()| file.as_file().sync_all()).with_context(doing)?;
    if replace { file.persist(&path) } else { file.persist_noclobber(&path) }.with_context(doing)?;
    Ok(())
}
