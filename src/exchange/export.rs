//! Exports: all that a store holds, one thing a line.

use std::io::{self, Write};
use std::ops::ControlFlow;

use super::item_line;
use crate::entity::ManagedEntity;
use crate::error::Error;
use crate::store::{Snapshot, Store};

/// How far an export or an import has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many lines were written, or read.
    pub lines: u64,
    /// How many bytes these have.
    pub bytes: u64,
}

/// Between two tellings of how far it has come there are so many lines.
pub(super) const PROGRESS_LINES: u64 = 1_000;

/// Why an export did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The store cannot be read on.
    #[error(transparent)]
    Store(#[from] Error),
    /// What was read cannot be written.
    #[error("the export cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Writes all that a store holds at one moment, or what it holds of some entities, as lines of JSON. Feature `wire`.
///
/// The first line says the form; then come keys, and instances with all that belongs to them: records, values, archived
/// or not, the parts, versions, edits and settled invoices of contracts, rates and packages, and the values that
/// instances had where invoices may show them. What is named comes before what names it. The journal, outcomes of
/// [`write_once`](crate::Store::write_once) and the store's own id are not in it.
///
/// Two stores that hold the same give the same bytes, whatever they went through; so an export that was
/// [imported](crate::Import) into an empty store comes out of it again byte for byte.
///
/// ```
/// use billfold::prelude::*;
/// use billfold::Export;
///
/// let store = Store::in_memory()?;
/// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
/// let mut lines = Vec::new();
/// let written = Export::of(&store)?.only(&[ManagedEntity::Customer]).write(&mut lines)?;
/// assert_eq!(written.lines, 2);
/// assert!(lines.starts_with(b"{\"export\":{\"form\":1}}\n{\"key\":"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Export<'e> {
    from: Snapshot,
    only: Vec<ManagedEntity>,
    on_progress: Box<dyn FnMut(Progress) + 'e>,
}

impl std::fmt::Debug for Export<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("only", &self.only).finish_non_exhaustive()
    }
}

impl<'e> Export<'e> {
    /// An export of what a store holds now: what is written later is not in it.
    ///
    /// # Errors
    /// [`Closed`](Error::Closed).
    pub fn of(store: &Store) -> Result<Self, Error> {
        store.snapshot().map(|snapshot| Self::of_snapshot(&snapshot))
    }

    /// An export of a frozen moment.
    #[must_use]
    pub fn of_snapshot(snapshot: &Snapshot) -> Self {
        Self { from: snapshot.clone(), only: Vec::new(), on_progress: Box::new(|_| ()) }
    }

    /// Of these entities alone, with their keys; of all where none is named. Packages go with the entities of their
    /// parts. Whoever imports it needs what these name to be there.
    #[must_use]
    pub fn only(mut self, entities: &[ManagedEntity]) -> Self {
        self.only = entities.to_vec();
        self
    }

    /// Calls `tell` with how far it has come, every 1,000 lines and at the end.
    #[must_use]
    pub fn on_progress(mut self, tell: impl FnMut(Progress) + 'e) -> Self {
        self.on_progress = Box::new(tell);
        self
    }

    /// The most lines it has: exactly as many where all entities are exported, a few less where some are. Costs the same
    /// however many, so that a caller can tell how much is left.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// use billfold::Export;
    ///
    /// let store = Store::in_memory()?;
    /// store.create_customer(CreateCustomer { name: "WidgetsExpress".into(), ..Default::default() })?;
    /// let export = Export::of(&store)?;
    /// assert_eq!(export.most_lines()?, 2);
    /// assert_eq!(export.write(Vec::new())?.lines, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Reading`](crate::Reading).
    pub fn most_lines(&self) -> Result<u64, Error> {
        // One more, for the line that says the form.
        Ok(1 + self.from.most_items(|entity| wanted(&self.only, entity))?)
    }

    /// Writes the lines; how many they are. Each is written by itself: give it something with a buffer.
    ///
    /// # Errors
    /// [`ExportError`]; some lines may have been written.
    pub fn write(mut self, mut out: impl Write) -> Result<Progress, ExportError> {
        let mut done = Progress::default();
        let mut put = |line: &str| {
            done.lines += 1;
            done.bytes += u64::try_from(line.len() + 1).unwrap_or(u64::MAX);
            if done.lines.is_multiple_of(PROGRESS_LINES) {
                (self.on_progress)(done);
            }
            writeln!(out, "{line}")
        };
        put(&item_line::head())?;
        let mut failed = Ok(());
        self.from.each_item(
            |entity| wanted(&self.only, entity),
            |item| {
                let line = item_line::written(&item).map_err(|cause| Error::corrupt(cause.to_string()))?;
                failed = put(&line);
                Ok(if failed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            },
        )?;
        failed?;
        out.flush()?;
        (self.on_progress)(done);
        Ok(done)
    }
}

fn wanted(only: &[ManagedEntity], entity: ManagedEntity) -> bool {
    only.is_empty() || only.contains(&entity)
}

impl Store {
    /// Writes all that the store holds, one thing a line: see [`Export`], which can do more. Feature `wire`.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = Store::in_memory()?;
    /// store.create_customer(CreateCustomer { name: "WidgetsExpress".into(), ..Default::default() })?;
    /// let mut lines = Vec::new();
    /// store.export(&mut lines)?;
    ///
    /// let other = Store::in_memory()?;
    /// assert_eq!(other.import(lines.as_slice())?.added, 1);
    /// let mut again = Vec::new();
    /// other.export(&mut again)?;
    /// assert_eq!(again, lines);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn export(&self, out: impl Write) -> Result<Progress, ExportError> {
        Export::of(self)?.write(out)
    }
}
