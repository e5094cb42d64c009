//! `billfold salvage`: what can still be read of a damaged store.

use std::path::PathBuf;

use billfold::{Progress, Store};
use clap::Args;
use indicatif::HumanCount;
use serde_json::json;

use crate::Failure;
use crate::beside::Beside;
use crate::output::Output;
use crate::stores::Place;
use crate::verify::{listed, told};

/// Writes what can still be read of a damaged store as lines, which billfold import reads.
///
/// The store is not changed. What is lost is listed, and then the exit code is 1: what named it is refused by an import that is
/// to be whole, and left out with --best-effort. The journal is not in it.
///
/// With --json: {"lines":...,"lost":[{"table":...,"what":...}]}.
#[derive(Args)]
#[command(after_help = "\
Example:
  billfold salvage salvaged.jsonl --store billing.redb")]
pub struct Salvage {
    /// Where to.
    file: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

impl Salvage {
    pub fn run(&self) -> Result<(), Failure> {
        let path = self.place.path()?;
        let mut beside = Beside::new(&self.file, self.force, &path)?;
        let salvaged = Store::salvage(&path).map_err(Failure::new)?;
        let Progress { lines, .. } = salvaged.store.export(beside.writer()).map_err(Failure::new)?;
        beside.put()?;
        let lost = &salvaged.lost;
        self.output.print(&json!({"lines": lines, "lost": listed(lost)}), || {
            let done = format!("{} lines in {}", HumanCount(lines), self.file.display());
            if lost.is_empty() { format!("whole: {done}") } else { format!("{done}\n\n{}", told(lost)) }
        })?;
        match lost.len() {
            0 => Ok(()),
            number => Err(Failure::new(format_args!("not all of the store can be read; losses: {number}"))),
        }
    }
}
