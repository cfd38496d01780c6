#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::*;

fn epoch() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn days_on(days: i64) -> Timestamp {
    epoch() + SignedDuration::from_hours(24 * days)
}

/// What stands in the two files.
fn files(directory: &Path) -> [Vec<u8>; 2] {
    ["ca.pem", "server.pem"].map(|name| fs::read(directory.join(name)).unwrap())
}

#[test]
fn a_certificate_is_used_again_until_its_last_days() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("new/tls");
    let made = Tls::of(&place, epoch()).unwrap();
    assert!(made.is_new());
    assert_eq!(made.authority(), place.join("ca.pem"));
    let first = files(&place);
    for days in [0, 1, 300, 350] {
        assert!(!Tls::of(&place, days_on(days)).unwrap().is_new(), "after {days} days");
    }
    assert_eq!(files(&place), first);
    assert!(Tls::of(&place, days_on(360)).unwrap().is_new(), "a few days are left");
    assert_ne!(files(&place), first);
    assert!(Tls::of(&place, epoch()).unwrap().is_new(), "the new one is not valid yet where the clock was set back");
}

#[test]
fn keys_are_their_owners_alone_and_the_authority_is_for_all() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("tls");
    Tls::of(&place, epoch()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&place), 0o700);
    assert_eq!(mode(&place.join("server.pem")), 0o600);
    assert_eq!(mode(&place.join("ca.pem")), 0o644);
    assert!(!String::from_utf8(files(&place)[0].clone()).unwrap().contains("PRIVATE"));
    assert_eq!(fs::read_dir(&place).unwrap().count(), 2, "nothing is left beside them");
}

#[test]
fn files_of_somebody_else_stay_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/ca.pem");
    let other = fs::read(fixture).unwrap();
    Tls::of(directory.path(), epoch()).unwrap();
    let [ca, server] = files(directory.path());
    let more = [ca.as_slice(), &other].concat();
    for (name, content) in [
        ("ca.pem", other.as_slice()),
        ("ca.pem", b"".as_slice()),
        ("ca.pem", b"notes\n".as_slice()),
        ("ca.pem", &more),
        ("server.pem", &other),
        ("server.pem", &ca),
    ] {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        // A year later too, when it would be made anew.
        for days in [0, 400] {
            let error = Tls::of(directory.path(), days_on(days)).unwrap_err();
            assert!(matches!(error, TlsError::Foreign(found) if found == path), "{name}");
        }
        assert_eq!(fs::read(&path).unwrap(), content);
        fs::write(directory.path().join("ca.pem"), &ca).unwrap();
        fs::write(directory.path().join("server.pem"), &server).unwrap();
    }
    assert!(!Tls::of(directory.path(), epoch()).unwrap().is_new());
}

#[test]
fn what_stands_there_and_is_no_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = directory.path().join("elsewhere");
    fs::write(&elsewhere, "theirs").unwrap();
    std::os::unix::fs::symlink(&elsewhere, directory.path().join("server.pem")).unwrap();
    assert!(matches!(Tls::of(directory.path(), epoch()), Err(TlsError::File { .. })));
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "theirs");
    let file = Tls::of(&elsewhere, epoch());
    assert!(matches!(file, Err(TlsError::Directory { .. } | TlsError::File { .. })), "{file:?}");
}

#[test]
fn a_start_that_was_cut_short_is_made_good() {
    let directory = tempfile::tempdir().unwrap();
    Tls::of(directory.path(), epoch()).unwrap();
    let [_, old] = files(directory.path());
    fs::remove_file(directory.path().join("ca.pem")).unwrap();
    assert!(Tls::of(directory.path(), epoch()).unwrap().is_new());
    // The server's file is of another start than the authority's.
    fs::write(directory.path().join("server.pem"), old).unwrap();
    assert!(Tls::of(directory.path(), epoch()).unwrap().is_new());
    assert!(!Tls::of(directory.path(), epoch()).unwrap().is_new());
}
