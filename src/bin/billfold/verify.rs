//! `billfold verify`: whether a store is whole.

use billfold::{Problem, StoreOptions, Verified};
use clap::Args;
use indicatif::HumanCount;
use serde_json::{Value, json};

use crate::Failure;
use crate::output::{Output, table};
use crate::stores::Place;

/// Looks whether every page has its checksum, every row is whole, and the indexes and lists agree with the rows.
///
/// Where there are problems they are listed, and the exit code is 1.
///
/// With --json: {"instances":...,"rows":...,"problems":[{"table":...,"what":...}]}.
#[derive(Args)]
#[command(after_help = "\
Example:
  billfold verify --store billing.redb")]
pub struct Verify {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

impl Verify {
    pub fn run(&self) -> Result<(), Failure> {
        let Verified { instances, rows, problems, .. } =
            self.place.read_only(StoreOptions::new())?.verify().map_err(Failure::new)?;
        let answer = json!({"instances": instances, "rows": rows, "problems": listed(&problems)});
        self.output.print(&answer, || {
            if problems.is_empty() {
                let (instances, rows) = (HumanCount(instances), HumanCount(rows));
                return format!("whole: {instances} instances, {rows} rows");
            }
            told(&problems)
        })?;
        match problems.len() {
            0 => Ok(()),
            number => Err(Failure::new(format_args!("the store is not whole; problems found: {number}"))),
        }
    }
}

/// Problems, as JSON.
pub fn listed(problems: &[Problem]) -> Value {
    problems.iter().map(|problem| json!({"table": problem.table, "what": problem.what})).collect()
}

/// Problems, in a table.
pub fn told(problems: &[Problem]) -> String {
    table(["table", "problem"], problems.iter().map(|of| [of.table.clone(), of.what.clone()]))
}
