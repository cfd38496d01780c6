//! The `rictl` binary: everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rictl::cli::run().into()
}
