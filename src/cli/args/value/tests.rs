//! Mutated settings, as flags and variables give them.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints what it counted")]

use super::*;
use crate::feed;

#[test]
fn mutated_settings_are_settings_or_refused() {
    feed::feed("setting", &[b"300/60s".to_vec(), b"2s".to_vec(), b"none".to_vec()], |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        let quota = quota(text);
        assert!(quota.as_ref().is_ok_and(|quota| !quota.window.is_zero()) || quota.is_err());
        let length = positive_duration(text);
        assert!(length.as_ref().is_ok_and(|length| !length.is_zero()) || length.is_err());
        quota.is_ok() || length.is_ok() || locking(text).is_ok()
    });
}
