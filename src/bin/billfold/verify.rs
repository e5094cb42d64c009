//! `billfold verify`: whether a store is whole.

use billfold::Verified;
use clap::Args;
use indicatif::HumanCount;
use serde_json::{Value, json};

use crate::Failure;
use crate::output::{Output, table};
use crate::stores::At;

/// Reads every row, and looks whether it is whole and whether the indexes and lists agree with it.
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
    at: At,
    #[command(flatten)]
    output: Output,
}

impl Verify {
    pub fn run(&self) -> Result<(), Failure> {
        let Verified { instances, rows, problems, .. } =
            self.at.read_only()?.verify().map_err(Failure::new)?;
        let listed: Vec<Value> =
            problems.iter().map(|problem| json!({"table": problem.table, "what": problem.what})).collect();
        let answer = json!({"instances": instances, "rows": rows, "problems": listed});
        self.output.print(&answer, || {
            if problems.is_empty() {
                let (instances, rows) = (HumanCount(instances), HumanCount(rows));
                return format!("whole: {instances} instances, {rows} rows");
            }
            table(["table", "problem"], problems.iter().map(|of| [of.table.clone(), of.what.clone()]))
        })?;
        match problems.len() {
            0 => Ok(()),
            number => Err(Failure::new(format_args!("the store is not whole; problems found: {number}"))),
        }
    }
}
