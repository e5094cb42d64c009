//! The running store: its database, the view it publishes, and who may write.

use std::cell::Cell;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use redb::{Database, ReadOnlyDatabase, WriteTransaction};
use uuid::Uuid;

use super::at_hand;
use super::backend::Backend;
use super::batch::Batch;
use super::catalog::Catalog;
use super::failure::{Failure, guarded, let_go};
use super::ids::Ids;
use super::locks::{Condvar, Mutex};
use super::make;
use super::member::Progress;
use super::memory::Memory;
use super::open::{self, open_error};
use super::queue::{Queue, Turn};
use super::resident::{Directory, Resident, Seen, Stamper};
use super::view::{Published, Reader as _, View};
use crate::entity::ManagedEntity;
use crate::error::{EngineError, Error, Result};
use crate::model::change::About;
use crate::model::history::Retention;
use crate::model::scalar::Time;

/// The bytes of rows that a bulk load has wait are half of the cache's; but not less than these,
const LEAST_WAITING: usize = 64 << 20;
/// nor more than these.
const MOST_WAITING: usize = 1 << 30;

/// What a store is opened with, as far as the engine cares.
pub struct Opening {
    pub cache: usize,
    /// Whether every commit is on disk when it returns.
    pub syncs: bool,
    pub clock: Arc<dyn Fn() -> Time + Send + Sync>,
    pub counted_ids: bool,
    pub adopts_unknown: bool,
    pub keeps_journal: bool,
    pub retention: Retention,
    pub keeps_outcomes: Duration,
    /// The most bytes that names in memory may take.
    pub names_bytes: usize,
}

impl Opening {
    /// The id of a store that is about to be made.
    fn new_store_id(&self) -> Uuid {
        let counted = self.counted_ids.then(|| Ids::numbered(0));
        counted.unwrap_or_else(|| Ids::timed(Time::UNIX_EPOCH).next((self.clock)(), 0))
    }
}

/// What operations ask of the store they run in.
pub struct Setting {
    pub ids: Ids,
    pub clock: Arc<dyn Fn() -> Time + Send + Sync>,
    pub adopts_unknown: bool,
    pub keeps_journal: bool,
    pub retention: Retention,
    /// How long outcomes of transactions with a key are kept.
    pub keeps_outcomes: Duration,
    /// How many bytes of rows a bulk load has wait.
    pub most_waiting: usize,
    pub(super) syncs: bool,
}

pub enum Db {
    Writable(Database),
    ReadOnly(ReadOnlyDatabase),
}

/// What outlives an engine failure: the database, until it is dropped, and why it was.
pub struct Core {
    pub(super) db: Mutex<Option<Db>>,
    pub(super) published: Arc<Published>,
    pub(super) resident: Arc<Resident>,
    /// Held while looking whether there is news, so that none comes between a look and the wait for it.
    looking: Mutex<()>,
    news: Condvar,
    /// Set when the store closes. Every view has it too, to answer the same.
    pub(super) closed: Closed,
    pub(super) home: Home,
}

/// Where a store keeps its bytes.
#[derive(Debug)]
pub(super) enum Home {
    File(PathBuf),
    Backend(Arc<dyn Backend>),
    /// Memory that is gone with the store.
    Memory(Memory),
    /// What is written is gone with the store, and what it began with is not its own.
    Nowhere,
}

impl Home {
    /// A file by a path that is still its own when the program has changed its folder.
    fn file(path: &Path) -> Result<Self> {
        std::path::absolute(path).map(Self::File).map_err(|cause| open_error(path, &cause))
    }
}

/// Why the store is closed, once it is.
pub(super) type Closed = Arc<OnceLock<EngineError>>;

/// The error of whoever comes after the store was closed.
pub(super) fn closed_because(why: Option<&EngineError>) -> Error {
    Error::Closed(why.cloned().unwrap_or_else(|| EngineError::new("it was closed")))
}

impl Core {
    /// Closes the store because of a failure, and makes the failure the caller's error.
    pub fn fail(&self, failure: Failure) -> Error {
        self.fail_with(&failure);
        failure.into()
    }

    pub(super) fn fail_with(&self, failure: &Failure) -> EngineError {
        self.shut(failure.cause().clone());
        failure.cause().clone()
    }

    /// Drops the database at once, so that the file can be opened again. Snapshots answer `Closed` from now on.
    fn shut(&self, why: EngineError) {
        let _ = self.closed.set(why);
        let (view, db) = {
            // Views come under this lock, and none comes after the database is gone.
            let mut db = self.db.lock();
            self.resident.end();
            (self.published.swap(None), db.take())
        };
        at_hand::forget(&self.resident);
        let_go((view, db));
        self.tell();
    }

    /// Has redb give up on memory that is gone with the store: what it writes when it is dropped, so that there is nothing
    /// to repair, takes longer than all else of a short life. While nobody writes.
    fn give_memory_up(&self) {
        let Home::Memory(memory) = &self.home else { return };
        memory.give_up();
        if let Some(Db::Writable(db)) = &*self.db.lock() {
            // At its first error redb gives up.
            let _ = guarded(|| Ok::<_, redb::Error>(db.begin_write()?.commit()?));
        }
    }

    /// Wakes who waits for another view, or for the end of all.
    fn tell(&self) {
        drop(self.looking.lock());
        self.news.notify_all();
    }

    fn closed(&self) -> Error {
        closed_because(self.closed.get())
    }

    pub(super) fn publish(self: &Arc<Self>, tip: &Tip) -> Result<()> {
        let published = {
            // Held to the end: a view that came after `shut` would show a store that is closed.
            let db = self.db.lock();
            let Some(db) = &*db else { return Err(self.closed()) };
            View::new(self, db, tip).map(|view| self.published.swap(Some(Arc::new(view))))
        };
        self.tell();
        published.map(drop).map_err(|failure| self.fail(failure))
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.give_memory_up();
        self.shut(EngineError::new("its last handle was dropped"));
    }
}

/// What the next batch begins with.
#[derive(Clone)]
pub(super) struct Tip {
    pub(super) catalog: Arc<Catalog>,
    pub(super) progress: Progress,
    pub(super) names: Arc<Directory>,
}

/// An open store.
pub struct Engine {
    pub(super) core: Arc<Core>,
    queue: Queue<Batch>,
    pub(super) tip: Mutex<Tip>,
    pub(super) setting: Setting,
    writable: bool,
    /// The number of the thread that is inside a transaction, for finding re-entrant calls.
    inside: AtomicU64,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.core.closed.get().is_some() { "closed" } else { "open" };
        f.debug_struct("Store").field("writable", &self.writable).field("state", &state).finish()
    }
}

/// How a member's call is to be made.
#[derive(Debug, Default, Clone)]
pub struct Terms {
    /// How long to wait for a turn; `None` for as long as it takes.
    pub patience: Option<Duration>,
    pub about: About,
    /// Whether to take everything back in the end.
    pub dry: bool,
    /// How many bytes of rows wait before they are put into their tables, for more changes than one transaction
    /// usually has; `None` where each row is put at once.
    pub bulk: Option<usize>,
}

impl Engine {
    pub fn open(path: &Path, opening: Opening) -> Result<Self> {
        let db = open::writable(path, opening.cache, || opening.new_store_id())?;
        Self::start(path, db, Home::file(path)?, opening)
    }

    pub fn open_read_only(path: &Path, opening: Opening) -> Result<Self> {
        let db = open::read_only(path, opening.cache)?;
        Self::start(path, db, Home::file(path)?, opening)
    }

    pub fn on_backend(backend: Arc<dyn Backend>, opening: Opening) -> Result<Self> {
        let db = open::on_backend(Arc::clone(&backend), opening.cache)?;
        Self::start(Path::new("(backend)"), db, Home::Backend(backend), opening)
    }

    /// A store in this memory, which is gone with it.
    pub fn in_memory(memory: Memory, opening: Opening) -> Result<Self> {
        let db = open::on_backend(Arc::new(memory.clone()), opening.cache)?;
        Self::start(Path::new("(memory)"), db, Home::Memory(memory), opening)
    }

    /// What the store says of itself; where there is none yet, it is made.
    fn loaded(path: &Path, db: &Db, opening: &Opening) -> Result<(Catalog, Progress)> {
        let mut loaded = open::load(path, db)?;
        if let (None, Db::Writable(db_to_write)) = (&loaded, db) {
            make::initialise(db_to_write, opening.new_store_id())?;
            loaded = open::load(path, db)?;
        }
        loaded.ok_or_else(|| {
            let found = "another program's redb file, with nothing in it".to_owned();
            Error::NotAStore { path: path.to_owned(), found }
        })
    }

    pub(super) fn start(path: &Path, db: Db, home: Home, opening: Opening) -> Result<Self> {
        let (catalog, progress) = match Self::loaded(path, &db, &opening) {
            Ok(loaded) => loaded,
            Err(error) => {
                let_go(db);
                return Err(error);
            }
        };
        let newest_id = catalog.newest_id();
        let catalog = Arc::new(catalog);
        let writable = matches!(db, Db::Writable(_));
        let resident = Arc::new(Resident::new(Stamper::new(), opening.names_bytes));
        let names = Directory::opened(&resident, &catalog);
        let core = Arc::new(Core {
            db: Mutex::new(Some(db)),
            published: Arc::default(),
            resident,
            looking: Mutex::default(),
            news: Condvar::new(),
            closed: Closed::default(),
            home,
        });
        let tip = Tip { catalog, progress, names };
        core.publish(&tip)?;
        let ids = if opening.counted_ids {
            Ids::Counted
        } else {
            Ids::timed(progress.time.max(Ids::time_of(newest_id)))
        };
        Ok(Self {
            core,
            queue: Queue::new(),
            tip: Mutex::new(tip),
            setting: Setting {
                ids,
                clock: opening.clock,
                adopts_unknown: opening.adopts_unknown,
                keeps_journal: opening.keeps_journal,
                retention: opening.retention,
                keeps_outcomes: opening.keeps_outcomes,
                most_waiting: (opening.cache / 2).clamp(LEAST_WAITING, MOST_WAITING),
                syncs: opening.syncs,
            },
            writable,
            inside: AtomicU64::new(NOBODY),
        })
    }

    pub(super) const fn is_writable(&self) -> bool {
        self.writable
    }

    /// How many bytes of rows a bulk load has wait before they are put into their tables.
    pub fn most_waiting(&self) -> usize {
        self.setting.most_waiting
    }

    /// What the store's clock says, but never before the last commit.
    pub fn now(&self) -> Time {
        (self.setting.clock)().max(self.tip.lock().progress.time)
    }

    /// The view of the last commit.
    pub fn view(&self) -> Result<Arc<View>> {
        self.look(|view| Ok(Arc::clone(view)))
    }

    /// Who holds a value of an enforced key, where that is known without the view.
    #[inline]
    pub fn seen_value(&self, entity: ManagedEntity, key: &str, value: &str) -> Seen {
        at_hand::seen_value(&self.core.resident, &self.core.published, entity, key, value)
    }

    /// Reads from the view of the last commit. Nobody counts who looks at it: that would cost more than many a look does,
    /// and readers would wait for each other.
    pub fn look<T>(&self, read: impl FnOnce(&Arc<View>) -> Result<T>) -> Result<T> {
        loop {
            if let Some(view) = &*self.core.published.load() {
                return read(view);
            }
            if self.core.closed.get().is_some() {
                return Err(self.core.closed());
            }
            // The file is being compacted, by somebody who holds the database.
            drop(self.core.db.lock());
        }
    }

    /// The view of the last commit: once there is one with a change behind that number, or when the time is over.
    pub fn view_behind(&self, sequence: u64, patience: Duration) -> Result<Arc<View>> {
        if self.inside.load(Ordering::Relaxed) == this_thread() {
            return Err(Error::Reentrant);
        }
        let until = Instant::now().checked_add(patience);
        let mut looking = self.core.looking.lock();
        loop {
            let view = self.view()?;
            if view.last_change() > sequence || until.is_some_and(|until| Instant::now() >= until) {
                return Ok(view);
            }
            // A view that is held keeps its pages, and the file of a store that is closed.
            drop(view);
            match until {
                Some(until) => drop(self.core.news.wait_until(&mut looking, until)),
                None => self.core.news.wait(&mut looking),
            }
        }
    }

    /// Waits for its turn, has everything committed before on disk and closes the store. Whoever comes later
    /// gets `Closed`.
    pub fn close(&self) -> Result<()> {
        let (_inside, mut turn) = self.enter_any(None)?;
        let committed = if self.writable { self.commit_last(&mut turn) } else { Ok(()) };
        self.core.give_memory_up();
        self.core.shut(EngineError::new("it was closed"));
        drop(turn);
        committed
    }

    /// Commits, on disk, the batch of those that were in line before, which came with the turn.
    pub(super) fn commit_last(&self, turn: &mut Turn<'_, Batch>) -> Result<()> {
        let mut batch = match turn.take_batch() {
            Some(batch) => batch,
            None => self.begin()?,
        };
        if !self.setting.syncs {
            // What was committed before may not be on disk yet, so there is a commit even if this one is empty.
            batch.demand_sync();
        }
        self.commit(batch).into_result()
    }

    /// Returns when everything committed before is on disk.
    pub fn flush(&self, patience: Option<Duration>) -> Result<()> {
        self.run(&Terms { patience, ..Terms::default() }, |member| {
            // Where every commit syncs, those before have, and the one that is under way is waited for.
            if !self.setting.syncs {
                member.must_sync();
            }
            Ok(())
        })
    }

    pub(super) fn enter(&self, patience: Option<Duration>) -> Result<(Inside<'_>, Turn<'_, Batch>)> {
        if !self.writable {
            return Err(Error::ReadOnly);
        }
        self.enter_any(patience)
    }

    fn enter_any(&self, patience: Option<Duration>) -> Result<(Inside<'_>, Turn<'_, Batch>)> {
        // redb leaves its files in need of repair when its transactions end while a thread unwinds.
        if std::thread::panicking() {
            return Err(Error::Unwinding);
        }
        let thread = this_thread();
        if self.inside.load(Ordering::Relaxed) == thread {
            return Err(Error::Reentrant);
        }
        let since = Instant::now();
        let until = patience.and_then(|patience| since.checked_add(patience));
        let turn = self.queue.enter(until).ok_or_else(|| Error::Busy { waited: since.elapsed() })?;
        self.inside.store(thread, Ordering::Relaxed);
        Ok((Inside { engine: self, thread }, turn))
    }

    pub(super) fn begin(&self) -> Result<Batch> {
        let txn = self.begin_txn().map_err(|failure| self.core.fail(failure))?;
        Ok(Batch::new(txn.ok_or_else(|| self.core.closed())?, self.tip.lock().clone()))
    }

    fn begin_txn(&self) -> Result<Option<WriteTransaction>, Failure> {
        match &*self.core.db.lock() {
            Some(Db::Writable(db)) => guarded(|| db.begin_write()).map(Some),
            _ => Ok(None),
        }
    }
}

thread_local! {
    /// The thread's number, once it has one. It needs no destructor, so it is there until the thread has ended.
    static THREAD: Cell<u64> = const { Cell::new(NOBODY) };
}

/// The number that no thread has.
const NOBODY: u64 = 0;

fn this_thread() -> u64 {
    static THREADS: AtomicU64 = AtomicU64::new(NOBODY + 1);
    THREAD.with(|number| {
        if number.get() == NOBODY {
            number.set(THREADS.fetch_add(1, Ordering::Relaxed));
        }
        number.get()
    })
}

/// Marks the thread as inside a transaction of the store, until dropped.
pub(super) struct Inside<'e> {
    engine: &'e Engine,
    thread: u64,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        // The next in line may be inside already.
        let inside = &self.engine.inside;
        let _ = inside.compare_exchange(self.thread, NOBODY, Ordering::Relaxed, Ordering::Relaxed);
    }
}
