//! Files that hold what is expected: compared, or with `UPDATE=1` written anew. Read the difference before committing it.

/// Returns whether this run writes the files instead of comparing with them.
pub(crate) fn updates() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty() && value != "0")
}
