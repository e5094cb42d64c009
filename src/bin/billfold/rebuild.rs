//! `billfold rebuild-indexes`: indexes and lists anew, of the rows that they follow from.

use billfold::{Rebuilt, StoreOptions};
use clap::Args;
use indicatif::HumanCount;
use serde_json::json;

use crate::Failure;
use crate::output::Output;
use crate::stores::Place;
use crate::verify::{listed, told};

/// Makes all indexes and lists anew, of the rows that they follow from.
///
/// For a store of which billfold verify says that they do not agree. Where something cannot be made it is listed, and the
/// exit code is 1.
///
/// With --json: {"rows":...,"restored":...,"removed":...,"problems":[{"table":...,"what":...}]}.
#[derive(Args)]
#[command(after_help = "\
Example:
  billfold rebuild-indexes --store billing.redb")]
pub struct Rebuild {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

impl Rebuild {
    pub fn run(&self) -> Result<(), Failure> {
        let store = self.place.existing(StoreOptions::new())?;
        let rebuilt = store.rebuild_indexes().map_err(Failure::new)?;
        store.close().map_err(Failure::new)?;
        let Rebuilt { rows, restored, removed, problems, .. } = rebuilt;
        let answer =
            json!({"rows": rows, "restored": restored, "removed": removed, "problems": listed(&problems)});
        self.output.print(&answer, || {
            let [rows, restored, removed] = [rows, restored, removed].map(HumanCount);
            let done = format!("{rows} rows, of which {restored} were not there; {removed} others are gone");
            if problems.is_empty() { done } else { format!("{done}\n\n{}", told(&problems)) }
        })?;
        match problems.len() {
            0 => Ok(()),
            number => Err(Failure::new(format_args!("the store is not whole; problems found: {number}"))),
        }
    }
}
