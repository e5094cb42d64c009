//! Imports: what an export says, put into a store.

use std::io::{self, BufRead};

use super::export::{PROGRESS_LINES, Progress};
use super::item_line::{self, FORM, Line, Meant};
use super::lines::Lines;
use super::script::MAX_SCRIPT_LINE_BYTES;
use crate::entity::EntityRef;
use crate::error::{Error, Result};
use crate::model::change::About;
use crate::store::carried::Item;
use crate::store::carry::{self, Bundle, Put};
use crate::store::{Store, Transaction};

/// The most bytes a line of an import has: 16 MiB.
pub const MAX_IMPORT_LINE_BYTES: usize = MAX_SCRIPT_LINE_BYTES;
/// The most bad lines that a report names.
pub const MAX_BAD_LINES: usize = 1_000;

/// What an import did, or would have done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportReport {
    /// How many lines were read.
    pub lines: u64,
    /// How many keys, packages and instances came.
    pub added: u64,
    /// How many instances that were there have values now, or of earlier moments, that they had not.
    pub changed: u64,
    /// How many keys, packages and instances were there just so.
    pub unchanged: u64,
    /// How many lines were bad.
    pub refused: u64,
    /// Which, and why: the first 1,000 of them, in their order.
    pub bad_lines: Vec<BadLine>,
}

/// A line of an import that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadLine {
    /// Which line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

impl std::fmt::Display for BadLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

/// Why an import did not come to its end. Nothing of it is in the store, but after
/// [`OutcomeUnknown`](Error::OutcomeUnknown).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// The lines cannot be read on.
    #[error("line {line} cannot be read: {cause}")]
    Read {
        /// Which line, counted from 1.
        line: u64,
        /// What the reader said.
        #[source]
        cause: io::Error,
    },
    /// The lines are in the form of a newer version of this library.
    #[error("the export has form {found}; this version reads up to form {FORM}")]
    NewerForm {
        /// The form of the lines.
        found: u32,
    },
    /// Lines were bad, and all was to be done or nothing.
    #[error("{} of {} lines were refused, and nothing was imported; the first one: {}", .0.refused, .0.lines, first(.0))]
    Refused(Box<ImportReport>),
}

fn first(report: &ImportReport) -> String {
    report.bad_lines.first().map(BadLine::to_string).unwrap_or_default()
}

/// Puts into a store what an [`Export`](crate::Export) says. Feature `wire`.
///
/// A line stands for a key, a package or an instance, or for something that belongs to the instance it stands behind.
/// By hand, `{"instance":{"entity":"customer","id":"99594816-e8a5-4bca-be21-8d1de0f45120","custom_fields":{"tier":"gold"}}}`
/// takes an instance in with values; a `record` says what it is besides, as exports say it. Empty lines are passed over.
///
/// - What is not there is added, with the ids and times that the lines say. What is there has to be as the lines say, but
///   for values: those of the lines are set, and others stay. So the same import again changes nothing.
/// - All of it is put, or nothing where a line is bad; or, where that is [asked for](Self::best_effort), all that is
///   good. An instance goes with what belongs to it.
/// - Lines are checked as calls are: keys, values, uniqueness, names, limits, and that the customers, contracts and
///   packages that they name are there. The parts of contracts and packages, products, metrics and rates are taken as
///   they were exported, if they have the right form.
/// - It is one transaction: others that write wait for its end. What it reads is held in memory one instance at a time.
///
/// ```
/// use billfold::prelude::*;
/// use billfold::Import;
///
/// let store = Store::in_memory()?;
/// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
/// let lines = r#"
/// {"instance":{"entity":"customer","id":"99594816-e8a5-4bca-be21-8d1de0f45120","custom_fields":{"tier":"gold"}}}
/// {"instance":{"entity":"customer","id":"13117714-3f05-48e5-a6e9-a66093f13b4d","custom_fields":{"tear":"iron"}}}
/// "#;
/// let report = Import::into(&store).best_effort(true).dry_run(true).read(lines.as_bytes())?;
/// assert_eq!((report.added, report.bad_lines[0].line), (1, 3));
/// assert!(store.import(lines.as_bytes()).unwrap_err().to_string().contains("nothing was imported"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Import<'i> {
    store: Store,
    about: About,
    dry: bool,
    best_effort: bool,
    on_progress: Box<dyn FnMut(Progress) + 'i>,
}

impl std::fmt::Debug for Import<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Import");
        shown.field("dry_run", &self.dry).field("best_effort", &self.best_effort).finish_non_exhaustive()
    }
}

impl<'i> Import<'i> {
    /// An import into this store: all of it, or nothing where a line is bad.
    #[must_use]
    pub fn into(store: &Store) -> Self {
        let (store, about) = (store.clone(), About::default());
        Self { store, about, dry: false, best_effort: false, on_progress: Box::new(|_| ()) }
    }

    /// Whether it only looks what would come of it, and changes nothing.
    #[must_use]
    pub const fn dry_run(mut self, dry: bool) -> Self {
        self.dry = dry;
        self
    }

    /// Whether what is good is imported where other lines are bad.
    #[must_use]
    pub const fn best_effort(mut self, best_effort: bool) -> Self {
        self.best_effort = best_effort;
        self
    }

    /// Who imports, and why: kept with each change in the journal.
    #[must_use]
    pub fn about(mut self, about: About) -> Self {
        self.about = about;
        self
    }

    /// Calls `tell` with how far it has come, every 1,000 lines and at the end. It is called inside the transaction, and
    /// must wait for nothing.
    #[must_use]
    pub fn on_progress(mut self, tell: impl FnMut(Progress) + 'i) -> Self {
        self.on_progress = Box::new(tell);
        self
    }

    /// Reads the lines and puts what they say; what came of it.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn read(self, lines: impl BufRead) -> Result<ImportReport, ImportError> {
        let Self { store, about, dry, best_effort, on_progress } = self;
        let mut failed = None;
        let done = store.transact_in_bulk(about, dry, |tx| {
            let lines = Lines::new(lines, MAX_IMPORT_LINE_BYTES);
            let mut reading =
                Reading { tx, lines, on_progress, pending: None, report: ImportReport::default() };
            let read = reading.run();
            let report = reading.report;
            match read {
                Ok(()) if report.refused > 0 && !best_effort => {
                    failed = Some(ImportError::Refused(Box::new(report)));
                }
                Ok(()) => return Ok(report),
                Err(error) => failed = Some(error),
            }
            Err(Error::stop("the import was given up"))
        });
        done.map_err(|error| match (error, failed) {
            (Error::Stopped(_), Some(failed)) => failed,
            (error, _) => ImportError::Store(error),
        })
    }
}

/// An instance whose lines are being read.
struct Pending {
    line: u64,
    bundle: Bundle,
    /// Whether a line that belongs to it is bad, so that it cannot be whole.
    broken: bool,
}

struct Reading<'r, 't, 'i, R> {
    tx: &'r Transaction<'t>,
    lines: Lines<R>,
    on_progress: Box<dyn FnMut(Progress) + 'i>,
    pending: Option<Pending>,
    report: ImportReport,
}

impl<R: BufRead> Reading<'_, '_, '_, R> {
    fn run(&mut self) -> Result<(), ImportError> {
        loop {
            let line = self.lines.number + 1;
            if !self.lines.advance().map_err(|cause| ImportError::Read { line, cause })? {
                break;
            }
            let said = match self.lines.text() {
                Ok("") => continue,
                Ok(text) => item_line::read(text),
                Err(bad) => Err(bad.0),
            };
            match said {
                Ok(Line::Head(head)) if head.form > FORM => {
                    return Err(ImportError::NewerForm { found: head.form });
                }
                Ok(Line::Head(_)) => {}
                Ok(Line::Item(item)) => self.item(line, item).map_err(ImportError::Store)?,
                Err(reason) => self.unreadable(line, reason).map_err(ImportError::Store)?,
            }
            if line.is_multiple_of(PROGRESS_LINES) {
                self.tell();
            }
        }
        self.put_pending().map_err(ImportError::Store)?;
        self.tell();
        Ok(())
    }

    fn unreadable(&mut self, line: u64, reason: String) -> Result<()> {
        match item_line::meant(self.lines.beginning()) {
            Meant::ToBelong => self.pending.iter_mut().for_each(|pending| pending.broken = true),
            // What belongs to it is not to be taken for what belongs to the instance before.
            Meant::ByItself => self.put_pending()?,
            Meant::Unknown => {}
        }
        self.refuse(line, reason);
        Ok(())
    }

    fn tell(&mut self) {
        self.report.lines = self.lines.number;
        (self.on_progress)(Progress { lines: self.lines.number, bytes: self.lines.bytes });
    }

    fn refuse(&mut self, line: u64, reason: String) {
        let ImportReport { refused, bad_lines, .. } = &mut self.report;
        *refused += 1;
        // An instance is refused only when the lines behind it were read.
        let place = bad_lines.partition_point(|bad| bad.line < line);
        bad_lines.insert(place, BadLine { line, reason });
        bad_lines.truncate(MAX_BAD_LINES);
    }

    fn item(&mut self, line: u64, item: Item) -> Result<()> {
        if let Item::Part(_) | Item::Past(_) | Item::Settled(_) = item {
            if let Err(reason) = self.add(item) {
                self.refuse(line, reason);
            }
            return Ok(());
        }
        self.put_pending()?;
        let put = match item {
            Item::Key(key) => self.tx.carry(|member| carry::key(member, key)),
            Item::Package(package) => self.tx.carry(|member| carry::package(member, *package)),
            Item::Instance(instance) => {
                let bundle = Bundle { instance, parts: Vec::new(), past: Vec::new(), settled: None };
                self.pending = Some(Pending { line, bundle, broken: false });
                return Ok(());
            }
            Item::Part(_) | Item::Past(_) | Item::Settled(_) => return Ok(()),
        };
        self.count(line, put)
    }

    /// Adds what belongs to the instance whose lines are being read.
    fn add(&mut self, item: Item) -> Result<(), String> {
        let Some(Pending { bundle, broken, .. }) = &mut self.pending else {
            return Err("it stands behind no instance that it could belong to".to_owned());
        };
        let own = EntityRef { entity: bundle.instance.entity, id: bundle.instance.id };
        let of = item.belongs_to();
        if of != Some(own) {
            *broken = true;
            return Err(format!("it does not belong to {own}, behind which it stands"));
        }
        match item {
            Item::Part(part) => bundle.parts.push(part),
            Item::Past(past) => bundle.past.push(past),
            Item::Settled(_) if bundle.settled.is_some() => {
                *broken = true;
                return Err(format!("until when invoices are settled is said of {own} already"));
            }
            Item::Settled(settled) => bundle.settled = Some(settled),
            Item::Key(_) | Item::Instance(_) | Item::Package(_) => {}
        }
        Ok(())
    }

    fn put_pending(&mut self) -> Result<()> {
        match self.pending.take() {
            None => Ok(()),
            Some(Pending { line, broken: true, .. }) => {
                self.refuse(line, "left out, because a line that belongs to it is bad".to_owned());
                Ok(())
            }
            Some(Pending { line, bundle, .. }) => {
                let put = self.tx.carry(|member| carry::bundle(member, bundle));
                self.count(line, put)
            }
        }
    }

    fn count(&mut self, line: u64, put: Result<Put>) -> Result<()> {
        match put {
            Ok(Put::Added) => self.report.added += 1,
            Ok(Put::Changed) => self.report.changed += 1,
            Ok(Put::Unchanged) => self.report.unchanged += 1,
            Err(refused @ Error::Refused(_)) => self.refuse(line, refused.to_string()),
            Err(failure) => return Err(failure),
        }
        Ok(())
    }
}

impl Store {
    /// Puts into the store what an export says, all of it or nothing: see [`Import`], which can do more, and
    /// [`export`](Self::export) for an example. Feature `wire`.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn import(&self, lines: impl BufRead) -> Result<ImportReport, ImportError> {
        Import::into(self).read(lines)
    }
}
