//! The command-line tool: works on stores without a program.

mod apply;
mod arguments;
mod backup;
mod beside;
mod compact;
mod export;
mod find;
mod found;
mod get;
mod history;
mod import;
mod input;
mod keys;
mod output;
mod progress;
mod query;
mod rebuild;
mod record;
mod salvage;
mod stats;
mod stores;
mod verify;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Billing metadata in one file: custom fields with enforced uniqueness.
#[derive(Parser)]
#[command(name = "billfold", version)]
#[command(after_help = "\
ENTITY is one of alert, billable_metric, charge, commit, contract_credit, contract_product, contract, customer,
discount, invoice, professional_service, product, rate_card, scheduled_charge, subscription, package_commit,
package_credit, package_subscription, package_scheduled_charge.

The store is the file that --store names, or else the variable BILLFOLD_STORE. Only apply, import and restore make one
that is not there. Each looks first whether the store is whole; --no-verify leaves that out.

Exit codes:
  0  it was done
  1  it was refused, something was not found, problems were found, or a file or the store failed
  2  the arguments are wrong")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Get(get::Get),
    Find(find::Find),
    Query(query::Query),
    Keys(keys::Keys),
    History(history::History),
    Stats(stats::Stats),
    Export(export::Export),
    Import(import::Import),
    Apply(apply::Apply),
    Verify(verify::Verify),
    RebuildIndexes(rebuild::Rebuild),
    Salvage(salvage::Salvage),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Compact(compact::Compact),
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
        Command::Get(get) => get.run(),
        Command::Find(find) => find.run(),
        Command::Query(query) => query.run(),
        Command::Keys(keys) => keys.run(),
        Command::History(history) => history.run(),
        Command::Stats(stats) => stats.run(),
        Command::Export(export) => export.run(),
        Command::Import(import) => import.run(),
        Command::Apply(apply) => apply.run(),
        Command::Verify(verify) => verify.run(),
        Command::RebuildIndexes(rebuild) => rebuild.run(),
        Command::Salvage(salvage) => salvage.run(),
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::Compact(compact) => compact.run(),
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
