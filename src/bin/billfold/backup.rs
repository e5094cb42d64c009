//! `billfold backup` and `billfold restore`: a copy of a store, and putting it back.

use std::path::{Path, PathBuf};

use billfold::{Backup as Written, Store};
use clap::Args;
use indicatif::{HumanBytes, HumanCount};
use serde_json::json;

use crate::Failure;
use crate::output::Output;
use crate::stores::{At, Place};

/// Writes a copy of the store to a new file, and verifies it before it has that name.
///
/// With --json: {"instances":...,"rows":...,"bytes":...}.
#[derive(Args)]
#[command(after_help = "\
Example:
  billfold backup monday.redb --store billing.redb")]
pub struct Backup {
    /// The new file; nothing may be there.
    dest: PathBuf,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl Backup {
    pub fn run(&self) -> Result<(), Failure> {
        let written = self.at.read_only()?.backup(&self.dest).map_err(Failure::new)?;
        tell(&self.output, &self.dest, &written)
    }
}

/// Puts a copy of a backup where no store is, and verifies it before it has that name.
///
/// With --json: {"instances":...,"rows":...,"bytes":...}.
#[derive(Args)]
#[command(after_help = "\
Example:
  billfold backup monday.redb --store billing.redb
  billfold restore monday.redb --store again.redb")]
pub struct Restore {
    /// What billfold backup wrote.
    backup: PathBuf,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    output: Output,
}

impl Restore {
    pub fn run(&self) -> Result<(), Failure> {
        let path = self.place.path()?;
        let written = Store::restore(&self.backup, &path).map_err(Failure::new)?;
        tell(&self.output, &path, &written)
    }
}

fn tell(output: &Output, path: &Path, written: &Written) -> Result<(), Failure> {
    let Written { instances, rows, bytes, .. } = *written;
    output.print(&json!({"instances": instances, "rows": rows, "bytes": bytes}), || {
        let (instances, rows, bytes) = (HumanCount(instances), HumanCount(rows), HumanBytes(bytes));
        format!("whole: {instances} instances, {rows} rows, {bytes}, in {}", path.display())
    })
}
