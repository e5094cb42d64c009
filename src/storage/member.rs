//! One member of a batch: a caller's changes inside the transaction it shares with its neighbours.

use std::cell::{Cell, RefCell};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use redb::WriteTransaction;
use uuid::Uuid;

use super::bulk::{Known, Waiting};
use super::catalog::Catalog;
use super::codec;
use super::engine::{Setting, Terms};
use super::failure::{Failure, guarded};
#[cfg(feature = "wire")]
use super::ids::Ids;
use super::opened::{OpenTables, Tables, WriteRows, delete};
use super::resident::{Target, Touched};
use super::tables::TableId;
use super::view::{Reader, get_through, scan_through};
use crate::error::{Error, Result};
use crate::model::change::About;
use crate::model::scalar::Time;

/// Where the journal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The number of the last change; 0 before the first.
    pub sequence: u64,
    /// The last time the clock was asked, so that recorded times never run backwards.
    pub time: Time,
    /// How many ids were issued. It goes back with a member that is rolled back.
    pub issued: u64,
    /// Up to which number the journal says already that it has no changes, where it is not kept.
    pub unkept: u64,
}

/// A row that follows from others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    pub table: TableId,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
}

/// A row as it was before a member changed it.
struct Note {
    table: TableId,
    key: Vec<u8>,
    old: Option<Vec<u8>>,
}

/// A caller's part of a batch. It has tables of its own: they are closed before the next member runs.
pub struct Member<'t> {
    setting: &'t Setting,
    about: &'t About,
    tables: Box<dyn Tables + 't>,
    catalog: RefCell<Arc<Catalog>>,
    progress: Cell<Progress>,
    /// The moment of the change of another store that is carried out here, and who made it.
    followed: RefCell<Option<(Time, About)>>,
    /// What to play back if changes of this member must go and others stay.
    notes: RefCell<Vec<Note>>,
    /// Whether notes are taken: not while there are no neighbours' changes, when the whole transaction can be aborted
    /// instead, unless an attempt is under way.
    keeps_notes: Cell<bool>,
    /// The rows of a bulk load that are not in their tables yet; `None` where each is put at once.
    waiting: Option<RefCell<Waiting>>,
    /// Indexes that go when the member has succeeded: deleting a table cannot be played back.
    dropped: RefCell<Vec<TableId>>,
    touched: RefCell<Touched>,
    written: Cell<usize>,
    failure: RefCell<Option<Failure>>,
    spoiled: RefCell<Option<Error>>,
    must_sync: Cell<bool>,
}

/// What a member leaves behind once its tables are closed.
pub(super) struct Leavings {
    pub(super) catalog: Arc<Catalog>,
    pub(super) progress: Progress,
    /// Bytes of keys and values written; 0 where there is nothing to commit.
    pub(super) written: usize,
    pub(super) must_sync: bool,
    pub(super) failure: Option<Failure>,
    /// An operation broke off between its writes, because of this: the member must not stand, whatever it
    /// says.
    pub(super) spoiled: Option<Error>,
    /// The names that it changed.
    pub(super) touched: Touched,
    notes: Vec<Note>,
    dropped: Vec<TableId>,
}

impl<'t> Member<'t> {
    pub(super) fn new(
        txn: &'t WriteTransaction,
        setting: &'t Setting,
        terms: &'t Terms,
        catalog: Arc<Catalog>,
        progress: Progress,
        keeps_notes: bool,
    ) -> Self {
        Self {
            setting,
            about: &terms.about,
            tables: Box::new(OpenTables::of(txn)),
            catalog: RefCell::new(catalog),
            progress: Cell::new(progress),
            followed: RefCell::default(),
            notes: RefCell::default(),
            keeps_notes: Cell::new(keeps_notes),
            waiting: terms.bulk.map(|most| RefCell::new(Waiting::new(most))),
            dropped: RefCell::default(),
            touched: RefCell::default(),
            written: Cell::new(0),
            failure: RefCell::default(),
            spoiled: RefCell::default(),
            must_sync: Cell::new(false),
        }
    }

    pub fn about(&self) -> &About {
        self.about
    }

    /// Calls `tell` with what the journal says of who makes a change.
    pub fn with_about_change<T>(&self, tell: impl FnOnce(&About) -> T) -> T {
        tell(self.followed.borrow().as_ref().map_or(self.about, |(_, about)| about))
    }

    /// Has all changes from now on bear the moment and the words of one that another store made.
    pub fn follow(&self, at: Time, about: About) {
        self.progress.set(Progress { time: at, ..self.progress.get() });
        self.followed.replace(Some((at, about)));
    }

    pub fn setting(&self) -> &Setting {
        self.setting
    }

    pub fn progress(&self) -> Progress {
        self.progress.get()
    }

    pub fn set_sequence(&self, sequence: u64) {
        self.progress.set(Progress { sequence, ..self.progress.get() });
    }

    pub fn set_unkept(&self, unkept: u64) {
        self.progress.set(Progress { unkept, ..self.progress.get() });
    }

    /// What the store's clock says, or what it said before where it went back; the moment of the change that is
    /// followed where there is one.
    pub fn now(&self) -> Time {
        if let Some((at, _)) = &*self.followed.borrow() {
            return *at;
        }
        let now = (self.setting.clock)();
        let before = self.progress.get();
        let time = now.max(before.time);
        self.progress.set(Progress { time, ..before });
        time
    }

    /// An id of the store's own, later in order than every one before.
    pub fn new_id(&self) -> Uuid {
        let now = self.now();
        let before = self.progress.get();
        let issued = before.issued.saturating_add(1);
        self.progress.set(Progress { issued, ..before });
        self.setting.ids.next(now, issued)
    }

    /// Has counted ids go on behind those that stand in these bytes, which come from elsewhere.
    #[cfg(feature = "wire")]
    pub fn count_behind(&self, bytes: &[u8]) {
        if matches!(self.setting.ids, Ids::Counted) {
            let before = self.progress.get();
            let issued = before.issued.max(Ids::highest_counted(bytes));
            self.progress.set(Progress { issued, ..before });
        }
    }

    pub fn change_catalog<T>(&self, change: impl FnOnce(&mut Catalog) -> T) -> T {
        change(Arc::make_mut(&mut self.catalog.borrow_mut()))
    }

    /// Asks for a commit that is on disk when it returns, even if nothing changed.
    pub fn must_sync(&self) {
        self.must_sync.set(true);
        self.written.set(self.written.get() + 1);
    }

    /// Says that an operation broke off halfway: the member is rolled back, and its caller told why, whatever
    /// its closure returns.
    pub fn spoil(&self, why: Error) {
        self.spoiled.borrow_mut().get_or_insert(why);
    }

    /// Has the table of an index deleted once the member has succeeded.
    pub fn drop_later(&self, table: TableId) {
        if self.with_catalog(|catalog| catalog.has_table(table)) {
            self.change_catalog(|catalog| catalog.drop_table(table));
            self.dropped.borrow_mut().push(table);
            self.written.set(self.written.get() + 1);
        }
    }

    /// Deletes a table at once, with all of its rows: in a bulk load, which is taken back with its whole transaction.
    pub fn clear(&self, table: TableId) -> Result<()> {
        if self.waiting.is_none() {
            return Err(Error::corrupt(format!("table {table} cannot be cleared among neighbours")));
        }
        self.call(|| self.tables.delete(table))?;
        self.change_catalog(|catalog| catalog.drop_table(table));
        self.written.set(self.written.get() + 1);
        if table.number_in_memory().is_some() {
            self.touched.borrow_mut().lose(table);
        }
        Ok(())
    }

    /// Puts a row, or removes it where `value` is `None`.
    pub fn put(&self, table: TableId, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        let waits = self.waiting.as_ref().is_some_and(|waiting| waiting.borrow().has(table));
        if !waits && !self.with_catalog(|catalog| catalog.has_table(table)) {
            if value.is_none() {
                return Ok(());
            }
            self.change_catalog(|catalog| catalog.add_table(table));
        }
        self.written.set(self.written.get() + key.len() + value.map_or(1, <[u8]>::len));
        if table.number_in_memory().is_some() {
            self.touch(table, key, value);
        }
        if let Some(waiting) = &self.waiting {
            if !waits {
                waiting.borrow_mut().begin(table, self.last_key(table)?);
            }
            let enough =
                self.call(|| Ok(waiting.borrow_mut().put(table, key, value).map_err(redb::Error::from)?))?;
            return if enough { self.put_waiting() } else { Ok(()) };
        }
        let mut old = None;
        let keeps_notes = self.keeps_notes.get();
        self.with_table(table, |rows| {
            rows.put(key, value, &mut |before| old = keeps_notes.then(|| before.to_vec()))
        })?;
        if keeps_notes {
            self.notes.borrow_mut().push(Note { table, key: key.to_vec(), old });
        }
        Ok(())
    }

    /// Notes what a name leads to from now on. Of a bulk load only which tables it changes: there may be any number of names.
    fn touch(&self, table: TableId, name: &[u8], row: Option<&[u8]>) {
        let mut touched = self.touched.borrow_mut();
        if self.waiting.is_some() {
            return touched.lose(table);
        }
        match row {
            None => touched.note(table, name, None),
            Some(row) if table.is_of_values() => touched.note(table, name, Some(Target::Row(row.into()))),
            Some(row) => match codec::holder_in(row) {
                Some(holder) => touched.note(table, name, Some(Target::Holder(holder))),
                None => touched.lose(table),
            },
        }
    }

    pub fn put_row(&self, row: &Row) -> Result<()> {
        self.put(row.table, &row.key, Some(&row.value))
    }

    /// Removes the row with that key, whatever its value is.
    pub fn take_row(&self, row: &Row) -> Result<()> {
        self.put(row.table, &row.key, None)
    }

    /// Runs a part of the member's work; where it fails, what it changed is taken back and the rest stands. Ids that
    /// were issued to it stay issued.
    pub fn attempt<T>(&self, act: impl FnOnce() -> Result<T>) -> Result<T> {
        let kept_notes = self.keeps_notes.replace(true);
        let (notes, dropped) = (self.notes.borrow().len(), self.dropped.borrow().len());
        let touched = self.touched.borrow().len();
        let (catalog, before) = (Arc::clone(&self.catalog.borrow()), self.progress.get());
        let result = act();
        if result.is_err() {
            let undone = self.notes.borrow_mut().split_off(notes);
            for Note { table, key, old } in undone.iter().rev() {
                self.with_table(*table, |rows| rows.put(key, old.as_deref(), &mut |_| ()))?;
            }
            self.dropped.borrow_mut().truncate(dropped);
            self.touched.borrow_mut().back_to(touched);
            *self.catalog.borrow_mut() = catalog;
            let Progress { sequence, unkept, .. } = before;
            self.progress.set(Progress { sequence, unkept, ..self.progress.get() });
        }
        self.keeps_notes.set(kept_notes);
        if !kept_notes {
            self.notes.borrow_mut().clear();
        }
        result
    }

    /// Puts all rows that wait into their tables.
    pub(super) fn put_waiting(&self) -> Result<()> {
        let Some(waiting) = &self.waiting else { return Ok(()) };
        let all = waiting.borrow_mut().take_all();
        self.call(|| self.tables.fill(all))
    }

    fn put_waiting_of(&self, table: TableId) -> Result<()> {
        let Some(waiting) = &self.waiting else { return Ok(()) };
        let rows = waiting.borrow_mut().take(table);
        rows.map_or(Ok(()), |rows| self.call(|| self.tables.fill(vec![rows])))
    }

    /// The key of the table's last row, whatever waits.
    fn last_key(&self, table: TableId) -> Result<Option<Vec<u8>>> {
        let mut last = None;
        self.with_table(table, |rows| rows.last(&mut |key, _| last = Some(key.to_vec())))?;
        Ok(last)
    }

    /// Figures of the file's pages: in use, of those with rows in them, and a page's bytes.
    pub fn pages(&self) -> Result<(u64, u64, usize)> {
        let stats = self.call(|| self.tables.stats())?;
        Ok((stats.allocated_pages(), stats.leaf_pages() + stats.branch_pages(), stats.page_size()))
    }

    /// Bytes of a table: of its rows, and of its pages altogether.
    pub fn table_bytes(&self, table: TableId) -> Result<(u64, u64)> {
        let stats = self.with_table(table, |rows| rows.stats())?;
        let stored = stats.stored_bytes();
        Ok((stored, stored.saturating_add(stats.metadata_bytes()).saturating_add(stats.fragmented_bytes())))
    }

    pub(super) fn finish(self) -> Leavings {
        drop(self.tables);
        Leavings {
            catalog: self.catalog.into_inner(),
            progress: self.progress.get(),
            written: self.written.get(),
            must_sync: self.must_sync.get(),
            failure: self.failure.into_inner(),
            spoiled: self.spoiled.into_inner(),
            touched: self.touched.into_inner(),
            notes: self.notes.into_inner(),
            dropped: self.dropped.into_inner(),
        }
    }

    /// Makes a call into redb. The first failure is kept: the batch fails with it whatever comes after.
    fn call<T>(&self, call: impl FnOnce() -> Result<T, Failure>) -> Result<T> {
        if let Some(failure) = &*self.failure.borrow() {
            return Err(failure.clone().into());
        }
        call().map_err(|failure| {
            *self.failure.borrow_mut() = Some(failure.clone());
            failure.into()
        })
    }

    fn with_table<T>(
        &self,
        table: TableId,
        mut act: impl FnMut(&mut dyn WriteRows) -> Result<T, redb::StorageError>,
    ) -> Result<T> {
        let mut answer = None;
        self.call(|| self.tables.with(table, &mut |rows| act(rows).map(|done| answer = Some(done))))?;
        answer.ok_or_else(|| Error::corrupt(format!("table {table} gave no answer")))
    }
}

impl Reader for Member<'_> {
    fn with_catalog<T>(&self, read: impl FnOnce(&Catalog) -> T) -> T {
        read(&self.catalog.borrow())
    }

    fn get<T>(&self, table: TableId, key: &[u8], read: impl FnOnce(&[u8]) -> Result<T>) -> Result<Option<T>> {
        if let Some(waiting) = &self.waiting {
            match waiting.borrow().known(table, key) {
                Known::Waits(row) => return row.map(read).transpose(),
                Known::Absent => return Ok(None),
                Known::Unknown => {}
            }
        }
        if !self.with_catalog(|catalog| catalog.has_table(table)) {
            return Ok(None);
        }
        get_through(read, |read| self.with_table(table, |rows| rows.get(key, read)))
    }

    fn scan(
        &self,
        table: TableId,
        from: Bound<&[u8]>,
        visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        if !self.with_catalog(|catalog| catalog.has_table(table)) {
            return Ok(());
        }
        self.put_waiting_of(table)?;
        scan_through(visit, |visit| self.with_table(table, |rows| rows.scan(from, visit)))
    }

    fn last_change(&self) -> u64 {
        self.progress.get().sequence
    }

    fn len(&self, table: TableId) -> Result<u64> {
        if !self.with_catalog(|catalog| catalog.has_table(table)) {
            return Ok(0);
        }
        self.put_waiting_of(table)?;
        self.with_table(table, |rows| rows.len())
    }
}

impl Leavings {
    /// Deletes the tables the member had no more use for.
    pub(super) fn delete_dropped(&self, txn: &WriteTransaction) -> Result<(), Failure> {
        self.dropped.iter().try_for_each(|table| guarded(|| delete(txn, *table)).map(drop))
    }

    /// Puts every row back as it was before the member.
    pub(super) fn play_back(&self, txn: &WriteTransaction) -> Result<(), Failure> {
        let tables = OpenTables::of(txn);
        self.notes.iter().rev().try_for_each(|note| {
            tables.with(note.table, &mut |rows| rows.put(&note.key, note.old.as_deref(), &mut |_| ()))
        })
    }
}
