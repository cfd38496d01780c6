//! Whose keys are used, where that may surprise.

use crate::language::say;

/// Returns that keys of the environment are used although a profile names an identity, too.
pub fn two(used: &str, passed_over: &str) -> String {
    say!("Credentials: {used}; not {passed_over}, which the aliyun CLI uses: --profile chooses it", used, passed_over)
}
