//! `billfold import`: what an export says, put into a store.

use std::path::PathBuf;

use billfold::{BadLine, Import as Lines, ImportError, ImportReport, Store};
use clap::Args;
use indicatif::HumanCount;
use serde_json::{Value, json};

use crate::Failure;
use crate::input::{Input, opened};
use crate::output::{Output, table};
use crate::progress::{Telling, Whole};
use crate::stores::At;

/// Puts what an export says into the store, all of it or nothing.
///
/// What is not there is added with the ids and times of the lines; what is there has to be as the lines say, but for
/// values, which are set. So the same import again changes nothing. The store is made if it is not there, but by a dry
/// run. Where a line is refused, all that were are listed, and the exit code is 1.
///
/// By hand, a line is {"instance":{"entity":"customer","id":"...","custom_fields":{"tier":"gold"}}}.
///
/// With --json: {"applied":...,"lines":...,"added":...,"changed":...,"unchanged":...,"refused":...,
/// "bad_lines":[{"line":...,"reason":...}]}.
#[derive(Args)]
#[command(after_help = "\
Examples:
  billfold import billing.jsonl --dry-run --store copy.redb
  billfold import billing.jsonl --store copy.redb")]
pub struct Import {
    /// The lines; - reads them from standard input.
    file: PathBuf,
    /// Look what would come of it, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Import what is good where other lines are refused.
    #[arg(long)]
    best_effort: bool,
    /// Do not tell how far it has come.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl Import {
    pub fn run(&self) -> Result<(), Failure> {
        self.at.path()?;
        // Before the store, so that a mistyped name leaves no empty store behind.
        let input = opened(&self.file)?;
        let store = self.store()?;
        let read = self.read(&store, input);
        let closed = store.close();
        let (report, refused) = match read {
            Ok(report) => (report, None),
            Err(ImportError::Refused(report)) => {
                let said = ImportError::Refused(report.clone()).to_string();
                (*report, Some(said))
            }
            Err(error) => return Err(Failure::new(error)),
        };
        closed.map_err(Failure::new)?;
        self.tell(&report, refused.is_none() && !self.dry_run)?;
        match refused {
            Some(refused) => Err(Failure::new(refused)),
            None if report.refused > 0 => Err(Failure::new(self.partly(&report))),
            None => Ok(()),
        }
    }

    /// The store, which is made if it is not there; a dry run makes none, and begins with an empty one in memory.
    fn store(&self) -> Result<Store, Failure> {
        let path = self.at.path()?;
        let is_there = std::fs::metadata(&path).is_ok_and(|about| about.len() > 0);
        let has_folder = path.parent().is_some_and(|folder| folder.as_os_str().is_empty() || folder.is_dir());
        if self.dry_run && !is_there && has_folder {
            return Store::in_memory().map_err(Failure::new);
        }
        self.at.options().open(path).map_err(Failure::new)
    }

    fn read(&self, store: &Store, input: Input) -> Result<ImportReport, ImportError> {
        let mut telling = Telling::new(input.bytes.map_or(Whole::Unknown, Whole::Bytes), self.quiet);
        let import = Lines::into(store).dry_run(self.dry_run).best_effort(self.best_effort);
        let read = import.on_progress(|progress| telling.tell(progress)).read(input.lines);
        telling.end();
        read
    }

    fn tell(&self, report: &ImportReport, applied: bool) -> Result<(), Failure> {
        let ImportReport { lines, added, changed, unchanged, refused, bad_lines, .. } = report;
        let listed: Vec<Value> = bad_lines
            .iter()
            .map(|BadLine { line, reason, .. }| json!({"line": line, "reason": reason}))
            .collect();
        let answer = json!({
            "applied": applied, "lines": lines, "added": added, "changed": changed, "unchanged": unchanged,
            "refused": refused, "bad_lines": listed,
        });
        self.output.print(&answer, || {
            let figures = [*lines, *added, *changed, *unchanged, *refused].map(|n| HumanCount(n).to_string());
            let heads = ["lines", "added", "changed", "unchanged", "refused"];
            let mut text = table(heads, [figures]);
            if !applied {
                text.push_str("\n\nNothing was imported: this is what would have come of it.");
            }
            if !bad_lines.is_empty() {
                let rows = bad_lines.iter().map(|bad| [bad.line.to_string(), bad.reason.clone()]);
                text = format!("{text}\n\n{}", table(["line", "refused because"], rows));
            }
            text
        })
    }

    /// What is said where what is good went in, or would have.
    fn partly(&self, report: &ImportReport) -> String {
        let ImportReport { lines, refused, .. } = report;
        let others =
            if self.dry_run { "nothing was imported, as was asked" } else { "the others were imported" };
        format!("{refused} of {lines} lines were refused; {others}")
    }
}
