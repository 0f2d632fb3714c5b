//! The binary. Everything is in the library, so that tests reach it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    hydrophone::cli::main()
}
