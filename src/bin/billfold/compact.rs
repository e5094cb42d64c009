//! `billfold compact`: makes a store's file as small as what it holds.

use std::path::Path;

use clap::Args;
use indicatif::{HumanBytes, HumanCount};
use serde_json::json;

use crate::Failure;
use crate::output::Output;
use crate::stores::At;

/// Makes the file as small as what it holds.
///
/// Values of removed keys leave it, and its free pages are given back. Nobody else can have the store open meanwhile.
///
/// With --json: {"bytes_before":...,"bytes":...,"values_removed":...}.
#[derive(Args)]
#[command(after_help = "\
Example:
  billfold compact --store billing.redb")]
pub struct Compact {
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl Compact {
    pub fn run(&self) -> Result<(), Failure> {
        let path = self.at.path()?;
        let store = self.at.existing()?;
        let before = bytes_of(&path)?;
        let done = store.compact().map_err(Failure::new)?;
        store.close().map_err(Failure::new)?;
        let (bytes, removed) = (bytes_of(&path)?, done.values_removed);
        let answer = json!({"bytes_before": before, "bytes": bytes, "values_removed": removed});
        self.output.print(&answer, || {
            let (before, bytes, removed) = (HumanBytes(before), HumanBytes(bytes), HumanCount(removed));
            format!("{bytes}, was {before}; values of removed keys that left: {removed}")
        })
    }
}

fn bytes_of(path: &Path) -> Result<u64, Failure> {
    let about = std::fs::metadata(path);
    about.map(|about| about.len()).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))
}
