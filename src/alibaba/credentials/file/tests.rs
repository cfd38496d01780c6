use std::os::unix::fs::symlink;
use std::path::PathBuf;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::*;

fn with_file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("config.json");
    std::fs::write(&path, bytes).expect("a file can be written");
    (directory, path)
}

fn text(path: &Path) -> Result<Option<String>, String> {
    read(path, Privacy::Private).map(|text| text.map(|text| text.expose_secret().to_owned()))
}

#[test]
fn a_file_of_mine_is_read_through_a_symlink_too() {
    let (directory, path) = with_file(b"{}");
    let link = directory.path().join("link");
    symlink(&path, &link).expect("a link can be made");
    assert_eq!(text(&path), Ok(Some("{}".to_owned())));
    assert_eq!(text(&link), Ok(Some("{}".to_owned())));
}

#[test]
fn a_missing_file_is_no_error() {
    let (directory, path) = with_file(b"");
    assert_eq!(text(&directory.path().join("other")), Ok(None));
    assert_eq!(text(&path.join("below-a-file")), Ok(None));
}

#[test]
fn a_directory_or_a_fifo_is_refused_at_once() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let fifo = directory.path().join("fifo");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).expect("a FIFO can be made");
    for path in [directory.path(), &fifo] {
        assert_eq!(text(path), Err("it is not a regular file".to_owned()));
    }
}

#[test]
fn a_file_above_the_cap_or_not_text_is_refused() {
    let (_directory, path) = with_file(&vec![b' '; bounds::CREDENTIALS_BYTES]);
    assert!(text(&path).is_ok());
    let (_directory, path) = with_file(&vec![b' '; bounds::CREDENTIALS_BYTES + 1]);
    assert_eq!(text(&path), Err("it is larger than 1 MiB".to_owned()));
    let (_directory, path) = with_file(b"\xff");
    assert_eq!(text(&path), Err("it is not UTF-8 text".to_owned()));
}

#[test]
fn only_files_of_mine_and_of_root_are_trusted() {
    assert_eq!(check_owner(1000, 1000), Ok(()));
    assert_eq!(check_owner(0, 1000), Ok(()));
    assert!(check_owner(1001, 1000).is_err());
    assert!(check_owner(1000, 0).is_err());
}
