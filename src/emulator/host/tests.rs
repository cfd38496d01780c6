//! Mutated logs of a world, without the world's file.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints what it counted")]

use std::fs;

use super::*;
use crate::feed;

const WORLD: &str = "{regions: [cn-a], interfaces: [{id: ri-a}, {id: ri-b}]}";

#[test]
fn a_mutated_log_is_replayed_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("world.yaml");
    fs::write(&path, WORLD).unwrap();
    let mut host = Host::open(&path, Timestamp::UNIX_EPOCH).unwrap();
    let faults = "faults: [{fault: {console: {interface: ri-a, status: Idle, at: 3s}}}]";
    host.add_faults(Fault::parse_schedule(faults).unwrap(), Timestamp::UNIX_EPOCH).unwrap();
    let original = fs::read(log_path(&path)).unwrap();
    let world = host.world.clone();
    let home = host.home.as_mut().unwrap();
    home.manner = Manner::Looking;
    // What is written to is memory only.
    let log = File::from(rustix::fs::memfd_create("log", rustix::fs::MemfdFlags::CLOEXEC).unwrap());
    feed::feed("log", &[original], |bytes| {
        log.set_len(0).unwrap();
        log.write_all_at(bytes, 0).unwrap();
        let Ok(Some((header, _))) = home.read_header(&log) else { return false };
        home.read_to = header.len() as u64;
        let mut world = world.clone();
        let replayed = home.replay(&log, &mut world).is_ok();
        assert!(home.read_to <= bytes.len() as u64);
        replayed
    });
}
