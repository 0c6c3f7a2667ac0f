//! Parses arguments and runs one command.

use std::process::ExitCode;

fn main() -> ExitCode {
    signet::cli::run()
}
