//! The running store: its database, the view it publishes, and how a batch of writers goes through.

use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use redb::{Database, Durability, ReadOnlyDatabase, WriteTransaction};

use super::backend::{Backend, Memory};
use super::batch::{Leavings, Member, Progress};
use super::catalog::Catalog;
use super::failure::{Failure, guarded};
use super::ids::Ids;
use super::locks::{Condvar, Mutex};
use super::open;
use super::queue::{Queue, Turn};
use super::view::View;
use crate::error::{EngineError, Error, Result};
use crate::model::change::About;
use crate::model::scalar::Time;

/// A batch takes no more members than this,
const MOST_MEMBERS: usize = 256;
/// nor members after this many bytes,
const MOST_BYTES: usize = 1 << 20;
/// nor any this long after its first member was done.
const LONGEST: Duration = Duration::from_millis(2);

/// What a store is opened with, as far as the engine cares.
pub struct Opening {
    pub cache: usize,
    /// Whether every commit is on disk when it returns.
    pub syncs: bool,
    pub clock: Arc<dyn Fn() -> Time + Send + Sync>,
    pub counted_ids: bool,
    pub adopts_unknown: bool,
    pub keeps_journal: bool,
}

/// What operations ask of the store they run in.
pub struct Setting {
    pub ids: Ids,
    pub clock: Arc<dyn Fn() -> Time + Send + Sync>,
    pub adopts_unknown: bool,
    pub keeps_journal: bool,
    syncs: bool,
}

pub enum Db {
    Writable(Database),
    ReadOnly(ReadOnlyDatabase),
}

/// What outlives an engine failure: the database, until it is dropped, and why it was.
pub struct Core {
    db: Mutex<Option<Db>>,
    published: RwLock<Option<Arc<View>>>,
    closed: OnceLock<EngineError>,
}

impl Core {
    /// Closes the store because of a failure, and makes the failure the caller's error.
    pub fn fail(&self, failure: Failure) -> Error {
        self.fail_with(&failure);
        failure.into()
    }

    fn fail_with(&self, failure: &Failure) -> EngineError {
        self.shut(failure.cause().clone());
        failure.cause().clone()
    }

    /// Drops the database at once, so that the file can be opened again. Snapshots answer `Closed` from now on.
    fn shut(&self, why: EngineError) {
        let _ = self.closed.set(why);
        self.published.write().take();
        let db = self.db.lock().take();
        let _ = guarded(|| {
            drop(db);
            Ok::<_, redb::Error>(())
        });
    }

    pub fn check_open(&self) -> Result<()> {
        if self.closed.get().is_some() { Err(self.closed()) } else { Ok(()) }
    }

    fn closed(&self) -> Error {
        let why = self.closed.get().cloned();
        Error::Closed(why.unwrap_or_else(|| EngineError::new("it was closed")))
    }

    fn publish(self: &Arc<Self>, catalog: Arc<Catalog>) -> Result<()> {
        let view = match &*self.db.lock() {
            Some(db) => View::new(self, db, catalog),
            None => return Err(self.closed()),
        };
        let view = view.map_err(|failure| self.fail(failure))?;
        let before = self.published.write().replace(Arc::new(view));
        drop(before);
        Ok(())
    }
}

/// What the next batch begins with.
#[derive(Clone)]
struct Tip {
    catalog: Arc<Catalog>,
    progress: Progress,
}

/// An open store.
pub struct Engine {
    core: Arc<Core>,
    queue: Queue<Batch>,
    tip: Mutex<Tip>,
    setting: Setting,
    writable: bool,
    /// Tells open stores apart, for finding re-entrant calls.
    number: u64,
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
}

/// Members that share a transaction.
struct Batch {
    txn: WriteTransaction,
    tip: Tip,
    members: usize,
    written: usize,
    must_sync: bool,
    first_done: Option<Instant>,
    verdict: Verdict,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.members >= MOST_MEMBERS
            || self.written >= MOST_BYTES
            || self.first_done.is_some_and(|first| first.elapsed() >= LONGEST)
    }
}

/// How a batch ended.
#[derive(Debug, Clone)]
enum Ended {
    Committed,
    NotApplied(EngineError),
    OutcomeUnknown(EngineError),
}

impl Ended {
    fn into_result(self) -> Result<()> {
        match self {
            Self::Committed => Ok(()),
            Self::NotApplied(cause) => Err(Error::NotApplied(cause)),
            Self::OutcomeUnknown(cause) => Err(Error::OutcomeUnknown(cause)),
        }
    }
}

#[derive(Default)]
struct Answer {
    ended: Mutex<Option<Ended>>,
    told: Condvar,
}

impl Answer {
    fn wait(&self) -> Ended {
        let mut ended = self.ended.lock();
        loop {
            match &*ended {
                Some(ended) => return ended.clone(),
                None => self.told.wait(&mut ended),
            }
        }
    }
}

/// The batch's side of the answer. Dropped without one, it answers that nothing was applied.
struct Verdict(Arc<Answer>);

impl Verdict {
    fn tell(&self, how: Ended) {
        self.0.ended.lock().get_or_insert(how);
        self.0.told.notify_all();
    }
}

impl Drop for Verdict {
    fn drop(&mut self) {
        if self.0.ended.lock().is_none() {
            self.tell(Ended::NotApplied(EngineError::new("the batch was given up")));
        }
    }
}

/// What a caller's closure came to: its result, or the panic it ended in.
type Came<T> = std::thread::Result<Result<T>>;

impl Engine {
    pub fn open(path: &Path, opening: Opening) -> Result<Self> {
        Self::start(path, open::writable(path, opening.cache)?, opening)
    }

    pub fn open_read_only(path: &Path, opening: Opening) -> Result<Self> {
        Self::start(path, open::read_only(path, opening.cache)?, opening)
    }

    pub fn on_backend(backend: impl Backend, opening: Opening) -> Result<Self> {
        Self::start(Path::new("(backend)"), open::on_backend(backend, opening.cache)?, opening)
    }

    pub fn in_memory(opening: Opening) -> Result<Self> {
        Self::on_backend(Memory::default(), opening)
    }

    fn start(path: &Path, db: Db, opening: Opening) -> Result<Self> {
        static STORES: AtomicU64 = AtomicU64::new(0);
        let mut loaded = open::load(path, &db)?;
        if let (None, Db::Writable(db_to_write)) = (&loaded, &db) {
            let id = if opening.counted_ids {
                Ids::numbered(0)
            } else {
                Ids::timed(Time::UNIX_EPOCH).next((opening.clock)())
            };
            open::initialise(db_to_write, id)?;
            loaded = open::load(path, &db)?;
        }
        let Some((catalog, progress)) = loaded else {
            let found = "a file whose making was cut off; open it for writing once".to_owned();
            return Err(Error::NotAStore { path: path.to_owned(), found });
        };
        let catalog = Arc::new(catalog);
        let writable = matches!(db, Db::Writable(_));
        let core = Arc::new(Core {
            db: Mutex::new(Some(db)),
            published: RwLock::new(None),
            closed: OnceLock::new(),
        });
        core.publish(Arc::clone(&catalog))?;
        let ids =
            if opening.counted_ids { Ids::counted(progress.sequence) } else { Ids::timed(progress.time) };
        Ok(Self {
            core,
            queue: Queue::new(),
            tip: Mutex::new(Tip { catalog, progress }),
            setting: Setting {
                ids,
                clock: opening.clock,
                adopts_unknown: opening.adopts_unknown,
                keeps_journal: opening.keeps_journal,
                syncs: opening.syncs,
            },
            writable,
            number: STORES.fetch_add(1, Ordering::Relaxed),
        })
    }

    /// The view of the last commit.
    pub fn view(&self) -> Result<Arc<View>> {
        self.core.published.read().clone().ok_or_else(|| self.core.closed())
    }

    /// Waits for its turn, runs `act` as a member of a batch and answers when what it saw is committed.
    pub fn run<T>(&self, terms: &Terms, act: impl FnOnce(&Member<'_>) -> Result<T>) -> Result<T> {
        let (inside, mut turn) = self.enter(terms.patience)?;
        let batch = match turn.take_batch() {
            Some(batch) => batch,
            None => self.begin()?,
        };
        let answer = Arc::clone(&batch.verdict.0);
        let saw_changes = batch.written > 0;
        let (came, leavings) = self.member(&batch, terms, act);
        drop(inside);
        let spoiled = leavings.spoiled.clone();
        let keep = matches!(came, Ok(Ok(_))) && !terms.dry && spoiled.is_none();
        let waits = saw_changes || (keep && leavings.written > 0);
        let ended = match self.settle(batch, leavings, keep) {
            Ok(Some(batch)) => match self.pass_or_end(turn, batch) {
                Some(ended) => ended,
                None if waits => answer.wait(),
                None => Ended::Committed,
            },
            Ok(None) => Ended::Committed,
            Err(cause) => Ended::NotApplied(cause),
        };
        let result = came.unwrap_or_else(|panic| resume_unwind(panic));
        ended.into_result()?;
        match spoiled {
            // The closure went on as if nothing had been, but its changes were taken back.
            Some(why) => result.and(Err(Error::Corrupt(why))),
            None => result,
        }
    }

    /// Commits everything so far, on disk, and closes the store. Whoever waits gets `Closed`.
    pub fn close(&self) -> Result<()> {
        let (_inside, mut turn) = self.enter_any(None)?;
        let committed = if self.writable { self.commit_last(&mut turn) } else { Ok(()) };
        self.core.shut(EngineError::new("it was closed"));
        drop(turn);
        committed
    }

    /// Commits, on disk, the batch of those that were in line before, which came with the turn.
    fn commit_last(&self, turn: &mut Turn<'_, Batch>) -> Result<()> {
        let mut batch = match turn.take_batch() {
            Some(batch) => batch,
            None => self.begin()?,
        };
        batch.must_sync = true;
        // What was committed before may not be on disk yet, so there is a commit even if this one is empty.
        batch.written += 1;
        self.commit(batch).into_result()
    }

    /// Returns when everything committed before is on disk.
    pub fn flush(&self, patience: Option<Duration>) -> Result<()> {
        self.run(&Terms { patience, ..Terms::default() }, |member| {
            member.must_sync();
            Ok(())
        })
    }

    fn enter(&self, patience: Option<Duration>) -> Result<(Inside, Turn<'_, Batch>)> {
        if !self.writable {
            return Err(Error::ReadOnly);
        }
        self.enter_any(patience)
    }

    fn enter_any(&self, patience: Option<Duration>) -> Result<(Inside, Turn<'_, Batch>)> {
        // redb leaves its files in need of repair when its transactions end while a thread unwinds.
        if std::thread::panicking() {
            return Err(Error::Unwinding);
        }
        let inside = Inside::enter(self.number)?;
        let since = Instant::now();
        let until = patience.and_then(|patience| since.checked_add(patience));
        let turn = self.queue.enter(until).ok_or_else(|| Error::Busy { waited: since.elapsed() })?;
        Ok((inside, turn))
    }

    fn begin(&self) -> Result<Batch> {
        let txn = self.begin_txn().map_err(|failure| self.core.fail(failure))?;
        Ok(Batch {
            txn: txn.ok_or_else(|| self.core.closed())?,
            tip: self.tip.lock().clone(),
            members: 0,
            written: 0,
            must_sync: false,
            first_done: None,
            verdict: Verdict(Arc::default()),
        })
    }

    fn begin_txn(&self) -> Result<Option<WriteTransaction>, Failure> {
        match &*self.core.db.lock() {
            Some(Db::Writable(db)) => guarded(|| db.begin_write()).map(Some),
            _ => Ok(None),
        }
    }

    /// Runs one member's closure, and closes its tables.
    fn member<T>(
        &self,
        batch: &Batch,
        terms: &Terms,
        act: impl FnOnce(&Member<'_>) -> Result<T>,
    ) -> (Came<T>, Leavings) {
        let Tip { catalog, progress } = batch.tip.clone();
        let keeps_notes = batch.written > 0;
        let member = Member::new(&batch.txn, &self.setting, &terms.about, catalog, progress, keeps_notes);
        let came = catch_unwind(AssertUnwindSafe(|| act(&member)));
        (came, member.finish())
    }

    /// Makes a member's changes the batch's, or takes them back. `None` where that left nothing of anybody's.
    fn settle(&self, mut batch: Batch, leavings: Leavings, keep: bool) -> Result<Option<Batch>, EngineError> {
        let neighbours = batch.written > 0;
        let settled = match &leavings.failure {
            Some(failure) => Err(failure.clone()),
            None if keep => leavings.delete_dropped(&batch.txn),
            None if leavings.written > 0 && neighbours => leavings.play_back(&batch.txn),
            None => Ok(()),
        };
        if let Err(failure) = settled {
            return Err(self.give_up(batch, &failure));
        }
        if !keep && leavings.written > 0 && !neighbours {
            return match guarded(|| batch.txn.abort()) {
                Ok(()) => Ok(None),
                Err(failure) => Err(self.core.fail_with(&failure)),
            };
        }
        if keep {
            batch.tip = Tip { catalog: leavings.catalog, progress: leavings.progress };
            batch.written += leavings.written;
            batch.must_sync |= leavings.must_sync;
        }
        batch.members += 1;
        batch.first_done.get_or_insert_with(Instant::now);
        Ok(Some(batch))
    }

    /// Ends a batch whose engine failed before the commit. The database is dropped before anybody hears of
    /// it, so that the path can be opened again.
    fn give_up(&self, batch: Batch, failure: &Failure) -> EngineError {
        let Batch { txn, verdict, .. } = batch;
        let _ = guarded(|| {
            drop(txn);
            Ok::<_, redb::Error>(())
        });
        let cause = self.core.fail_with(failure);
        verdict.tell(Ended::NotApplied(cause.clone()));
        cause
    }

    /// Passes the batch to the next in line, or commits it where nobody is next or it is full.
    fn pass_or_end(&self, turn: Turn<'_, Batch>, batch: Batch) -> Option<Ended> {
        let (turn, batch) = if batch.is_full() {
            (turn, batch)
        } else {
            match turn.pass(batch) {
                Ok(()) => return None,
                Err(both) => both,
            }
        };
        let ended = self.commit(batch);
        drop(turn);
        Some(ended)
    }

    /// Commits the batch, publishes the view and answers its members.
    fn commit(&self, batch: Batch) -> Ended {
        let Batch { mut txn, tip, written, must_sync, verdict, .. } = batch;
        if written == 0 {
            return match guarded(|| txn.abort()) {
                Ok(()) => Ended::Committed,
                Err(failure) => Ended::NotApplied(self.core.fail_with(&failure)),
            };
        }
        if let Some(cause) = self.core.closed.get() {
            // A reader met damage meanwhile.
            let failure = Failure::Closed(cause.clone());
            drop(txn);
            let ended = Ended::NotApplied(self.core.fail_with(&failure));
            verdict.tell(ended.clone());
            return ended;
        }
        let syncs = self.setting.syncs || must_sync;
        let durability = if syncs { Durability::Immediate } else { Durability::None };
        let committed = guarded(|| -> Result<(), redb::Error> {
            txn.set_durability(durability)?;
            Ok(txn.commit()?)
        });
        let ended = match committed {
            Ok(()) => {
                *self.tip.lock() = tip.clone();
                // If it cannot be published the store is closed, but what was committed stays so.
                let _ = self.core.publish(tip.catalog);
                Ended::Committed
            }
            Err(failure) => Ended::OutcomeUnknown(self.core.fail_with(&failure)),
        };
        verdict.tell(ended.clone());
        ended
    }
}

thread_local! {
    /// The stores whose transactions this thread is inside of, or waits for.
    static INSIDE: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Marks the thread as inside a transaction of a store, until dropped.
struct Inside(u64);

impl Inside {
    fn enter(store: u64) -> Result<Self> {
        INSIDE.with_borrow_mut(|inside| {
            if inside.contains(&store) {
                return Err(Error::Reentrant);
            }
            inside.push(store);
            Ok(Self(store))
        })
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        // A thread that ends may have lost its list already; then there is nothing to leave.
        let _ = INSIDE.try_with(|inside| inside.borrow_mut().retain(|store| *store != self.0));
    }
}
