//! `billfold export`: all that a store holds, as lines.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use billfold::{Export as Lines, ExportError, ManagedEntity, Progress, Store};
use clap::Args;
use indicatif::{HumanBytes, HumanCount};
use serde_json::json;

use crate::Failure;
use crate::arguments::entity;
use crate::beside::Beside;
use crate::output::{Output, said};
use crate::progress::{Telling, Whole};
use crate::stores::At;

/// Writes all that the store holds, one thing a line, in JSON.
///
/// Two stores that hold the same give the same bytes, and billfold import reads them. A file has its name only when it is
/// whole; one that is there already is left as it is, but with --force.
///
/// With --json, and a file: {"lines":...,"bytes":...}.
#[derive(Args)]
#[command(after_help = "\
Examples:
  billfold export billing.jsonl --store billing.redb
  billfold export --only customer,contract --store billing.redb > customers.jsonl")]
pub struct Export {
    /// Where to; standard output where it is not given, or is -.
    file: Option<PathBuf>,
    /// Export these entities alone.
    #[arg(long, value_name = "ENTITY,...", value_delimiter = ',', value_parser = entity(), hide_possible_values = true)]
    only: Vec<ManagedEntity>,
    /// Replace the file if it is there.
    #[arg(long)]
    force: bool,
    /// Do not tell how far it has come.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl Export {
    pub fn run(&self) -> Result<(), Failure> {
        match &self.file {
            Some(file) if file != Path::new("-") => self.write_file(file),
            _ => self.print(),
        }
    }

    fn print(&self) -> Result<(), Failure> {
        let store = self.at.read_only()?;
        match self.write(&store, BufWriter::new(io::stdout().lock())) {
            Ok(_) => Ok(()),
            Err(ExportError::Write(error)) => said(Err(error)),
            Err(error) => Err(Failure::new(error)),
        }
    }

    fn write_file(&self, file: &Path) -> Result<(), Failure> {
        let store = self.at.read_only()?;
        let mut beside = Beside::new(file, self.force, &self.at.path()?)?;
        let Progress { lines, bytes, .. } = self.write(&store, beside.writer()).map_err(Failure::new)?;
        beside.put()?;
        self.output.print(&json!({"lines": lines, "bytes": bytes}), || {
            format!("{} lines, {}, in {}", HumanCount(lines), HumanBytes(bytes), file.display())
        })
    }

    fn write(&self, store: &Store, out: impl Write) -> Result<Progress, ExportError> {
        let lines = Lines::of(store)?.only(&self.only);
        let mut telling = Telling::new(Whole::Lines(lines.most_lines()?), self.quiet);
        let written = lines.on_progress(|progress| telling.tell(progress)).write(out);
        telling.end();
        written
    }
}
