//! `billfold apply`: runs a call script against a store.

use std::io::{self, Write as _};
use std::path::PathBuf;

use billfold::{IdSource, Script, ScriptError, SetClock, Store};
use clap::Args;

use crate::Failure;
use crate::input::opened;
use crate::stores::At;

/// Runs calls from a file, one a line, and prints each answer.
///
/// A line is {"method":"POST","path":...,"query":{},"body":{},"as":"name"}, of which only the path must be
/// there. In a later line "${name}" stands for the id in that call's answer, "${name.data.0.key}" for any
/// place in it, and "$${" for a plain "${". A line {"now":"2025-02-01T00:00:00Z"} sets the clock.
///
/// Each call is answered by a line {"status":...,"body":...}, when its changes are on disk. The store is made if it is
/// not there; where none is named, it is in memory and gone at the end.
#[derive(Args)]
#[command(after_help = "\
Example:
  billfold apply calls.jsonl --store billing.redb --adopt

  with this in calls.jsonl:
  {\"path\":\"/v1/customFields/addKey\",\"body\":{\"entity\":\"customer\",\"key\":\"tier\",\"enforce_uniqueness\":false}}
  {\"path\":\"/v1/customFields/listKeys\",\"query\":{\"limit\":10},\"as\":\"keys\"}

Exit codes:
  0  every line was run
  1  a call was refused (unless --keep-going), or a file or the store failed
  2  a line is not a call, or the arguments are wrong")]
pub struct Apply {
    /// The calls; - reads them from standard input.
    file: PathBuf,
    #[command(flatten)]
    at: At,
    /// Go on behind a call that was refused.
    #[arg(long)]
    keep_going: bool,
    /// Take in ids that the store does not know when values are set on them.
    #[arg(long)]
    adopt: bool,
    /// Count the ids that the store makes, so that they are the same in every run.
    #[arg(long)]
    counted_ids: bool,
}

impl Apply {
    pub fn run(&self) -> Result<(), Failure> {
        // Before the store, so that a mistyped name leaves no empty store behind.
        let calls = opened(&self.file)?.lines;
        let clock = SetClock::default();
        let store = self.open(&clock).map_err(Failure::new)?;
        let mut script = Script::new(&store).clock(&clock).keep_going(self.keep_going);
        let mut out = io::stdout().lock();
        let run = script.run(calls, |answer| {
            writeln!(out, "{answer}")?;
            out.flush()
        });
        let closed = store.close();
        run.map_err(|error| match error {
            ScriptError::NotACall { .. } => Failure::wrong_use(error),
            _ => Failure::new(error),
        })?;
        closed.map_err(Failure::new)
    }

    fn open(&self, clock: &SetClock) -> billfold::Result<Store> {
        let ids = if self.counted_ids { IdSource::Counted } else { IdSource::Version7 };
        let options = self.at.options().clock_from(clock).id_source(ids).adopt_unknown(self.adopt);
        match self.at.named() {
            Some(path) => options.open(path),
            None => options.in_memory(),
        }
    }
}
