//! Another clock on the wall for a child and what it starts: afternoons, nights and months pass between two commands.
//!
//! A library of ten lines of C, built once, stands before the C library's `clock_gettime` (`LD_PRELOAD`). Only the wall clock moves;
//! what measures how long something takes does not. Without a C compiler there is no other clock, and who needs one says so.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use jiff::Timestamp;

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    const char *ahead = getenv("WALL_CLOCK_AHEAD");
    if (result == 0 && clock == CLOCK_REALTIME && ahead != NULL) time->tv_sec += atoll(ahead);
    return result;
}
"#;

static LIBRARY: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("wall-clock-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let (source, library) = (directory.join("clock.c"), directory.join("clock.so"));
    fs::write(&source, SOURCE).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
    built.is_ok_and(|status| status.success()).then_some(library)
});

/// Returns whether children can have another clock here.
pub(crate) fn can_be_set() -> bool {
    LIBRARY.is_some()
}

/// A clock on the wall, by how many seconds it is ahead of this machine's.
pub(crate) struct WallClock {
    ahead: i64,
}

impl WallClock {
    /// Sets one.
    pub(crate) fn showing(time: &str) -> Self {
        let time: Timestamp = time.parse().unwrap();
        Self { ahead: time.as_second() - Timestamp::now().as_second() }
    }

    /// The variables that a child gets.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let library = LIBRARY.as_ref().map(|library| ("LD_PRELOAD", library.display().to_string()));
        library.into_iter().chain([("WALL_CLOCK_AHEAD", self.ahead.to_string())]).collect()
    }
}
