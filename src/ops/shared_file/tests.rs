#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Read as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, symlink};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;
use crate::language::Wording;

fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

fn written(path: &Path, text: &str) {
    write(path, text.as_bytes(), Access::Others, true).unwrap();
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn nothing_becomes_a_file_and_a_file_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report");
    written(&path, "one");
    let old = fs::metadata(&path).unwrap().ino();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    let reader = File::open(&path).unwrap();
    written(&path, "two");
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((read(&path).as_str(), metadata.permissions().mode() & 0o777), ("two", 0o666));
    assert_ne!(metadata.ino(), old);
    assert_eq!(io::read_to_string(reader).unwrap(), "one");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_may_not_be_replaced_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("spec");
    fs::write(&path, "mine").unwrap();
    assert!(is_there(&path));
    write(&path, b"other", Access::Others, false).unwrap_err();
    assert_eq!(read(&path), "mine");
}

#[test]
fn a_plan_is_for_its_owner_whatever_was_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("plan");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    write(&path, b"plan", Access::Owner, true).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_link_stays_and_what_it_points_at_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let [link, further, file] = ["link", "further", "file"].map(|name| directory.path().join(name));
    symlink("further", &link).unwrap();
    symlink("file", &further).unwrap();
    for text in ["there was nothing", "there was a file"] {
        written(&link, text);
        assert_eq!(read(&file), text);
    }
    assert!(link.is_symlink() && further.is_symlink() && !file.is_symlink());
}

#[test]
fn a_pipe_is_written_into_also_behind_a_link() {
    let directory = tempfile::tempdir().unwrap();
    let [pipe, link] = ["pipe", "link"].map(|name| directory.path().join(name));
    fifo(&pipe);
    symlink("pipe", &link).unwrap();
    for path in [&pipe, &link] {
        let reading = std::thread::spawn({
            let pipe = pipe.clone();
            move || read(&pipe)
        });
        write(path, b"report", Access::Others, false).unwrap();
        assert_eq!(reading.join().unwrap(), "report");
        assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
    }
    let reading = std::thread::spawn({
        let pipe = pipe.clone();
        move || read(&pipe)
    });
    lines(&link, Before::Dropped).unwrap().write_all(b"line\n").unwrap();
    assert_eq!(reading.join().unwrap(), "line\n");
}

#[test]
fn a_device_behind_a_link_is_written_into() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("link");
    symlink("/dev/null", &link).unwrap();
    written(&link, "report");
    lines(&link, Before::Dropped).unwrap().write_all(b"line\n").unwrap();
    assert!(link.is_symlink() && !is_there(&link));
}

#[test]
fn an_open_descriptor_is_written_into_whatever_it_is() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"before ").unwrap();
    written(Path::new(&format!("/dev/fd/{}", file.as_raw_fd())), "report");
    let mut text = String::new();
    io::Seek::rewind(&mut file).unwrap();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "before report");
}

#[test]
fn directories_sockets_and_loops_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let [socket, link] = ["socket", "loop"].map(|name| directory.path().join(name));
    let _socket = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    symlink("loop", &link).unwrap();
    for path in [directory.path(), &socket, &link, &directory.path().join("none/file")] {
        write(path, b"report", Access::Others, true).unwrap_err();
        lines(path, Before::Dropped).unwrap_err();
    }
}

#[test]
fn a_file_of_lines_is_emptied_first() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events");
    fs::write(&path, "old and long").unwrap();
    lines(&path, Before::Dropped).unwrap().write_all(b"new\n").unwrap();
    assert_eq!(read(&path), "new\n");
}

#[test]
fn a_directory_that_is_not_there_is_named_and_no_other_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("reports/drift.xml");
    let error = write(&path, b"x", Access::Others, true).unwrap_err();
    let refusal = error.downcast_ref::<Refusal>().unwrap();
    let absent = directory.path().join("reports");
    assert_eq!(refusal.causes, [Wording::from(format!("there is no directory {}", absent.display()))]);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn what_goes_through_a_place_leaves_nothing_there() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    fifo(&pipe);
    for stream in [Path::new("/dev/null"), Path::new("/dev/stdout"), &pipe] {
        assert!(is_stream(stream) && !is_there(stream), "{}", stream.display());
    }
    let file = directory.path().join("file");
    assert!(!is_stream(&file));
    fs::write(&file, "").unwrap();
    assert!(!is_stream(&file) && is_there(&file));
}
