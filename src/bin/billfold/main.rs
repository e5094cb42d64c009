//! The command-line tool: works on stores without a program.

mod apply;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Billing metadata in one file: custom fields with enforced uniqueness.
#[derive(Parser)]
#[command(name = "billfold", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Apply(apply::Apply),
}

/// Why a command did not do what it was asked to: what is said about it, and the exit code.
struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// The store, a file or a call failed.
    fn new(message: impl std::fmt::Display) -> Self {
        Self { message: message.to_string(), code: 1 }
    }

    /// What was asked makes no sense.
    fn wrong_use(message: impl std::fmt::Display) -> Self {
        Self { message: message.to_string(), code: 2 }
    }
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let done = match command {
        Command::Apply(apply) => apply.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { message, code }) => {
            // Where nobody listens, the exit code still tells.
            let _ = writeln!(io::stderr(), "billfold: {message}");
            ExitCode::from(code)
        }
    }
}
