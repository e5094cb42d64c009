//! What a store is opened with.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Store;
use crate::error::Result;
use crate::model::history::Retention;
use crate::model::scalar::Time;
use crate::storage::backend::Backend;
use crate::storage::engine::{Engine, Opening};
use crate::storage::memory::Memory;

/// When a commit is on disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// When the call returns. The default.
    #[default]
    EveryCommit,
    /// After [`flush`](Store::flush) and [`close`](Store::close). A crash loses what came after the last of
    /// them, as a whole: never a part of a call, never an earlier call without the later ones before it.
    OnFlush,
}

/// Where the ids that the store issues come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdSource {
    /// UUID version 7, each later in order than all before, also when the clock goes back. The default.
    #[default]
    Version7,
    /// `00000000-0000-7000-8000-000000000001`, `...2` and so on: the same in every run. For tests. The store's own
    /// id is the same each time too, so that cursors of such stores are not told apart.
    Counted,
}

/// Whether values of enforced keys, and ingest aliases, are kept in memory with who holds them; and the values of instances
/// with their ids.
///
/// A look-up of one that is kept takes about a tenth of the time, and so does finding that nobody has it; reading the
/// values of an instance takes half of it. What a store has when it is opened is read in the background, a table at a time,
/// once there were some questions about it (32, and one more for 1,024 rows); until then, and where there is no room, the
/// file answers. Either way the answers are the same.
///
/// A value of an enforced key takes mostly 87 to 131 bytes, and up to 175 while there are more and more, however long it
/// is: it is kept itself up to 40 bytes, and of a longer one a hash of 128 bits, with a key that is made anew each time the
/// store is opened. An instance takes as much, and the bytes of its row in the file; those of rows that were changed since
/// stay until they are more than the others.
///
/// A thread that [finds](crate::Reading::find) more than once in a store keeps what is in memory of the values of enforced
/// keys as it was then, until it does so again, in any store, or ends: also when a key was removed since, or another thread
/// has closed the store, whose file is free all the same. It counts as the store's meanwhile, so that there is so much less
/// room for what comes in; and what finds none is left to the file until the store is opened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamesInMemory {
    /// No; the file answers.
    Off,
    /// As many as fit into so many bytes; those that come later than the memory is full are left to the file.
    UpTo(usize),
}

impl Default for NamesInMemory {
    fn default() -> Self {
        Self::UpTo(512 << 20)
    }
}

impl NamesInMemory {
    const fn most_bytes(self) -> usize {
        match self {
            Self::Off => 0,
            Self::UpTo(bytes) => bytes,
        }
    }
}

/// A clock that follows the system's until it is set, and then stands still until it is set again.
///
/// ```
/// use billfold::prelude::*;
///
/// let clock = SetClock::default();
/// let store = StoreOptions::new().clock_from(&clock).in_memory()?;
/// clock.set("2025-02-01T00:00:00Z".parse()?);
/// store.add_key(ManagedEntity::Contract, "sfdc_opportunity_id", KeyKind::Enforced)?;
/// let key = store.key(ManagedEntity::Contract, "sfdc_opportunity_id")?.unwrap();
/// assert_eq!(key.added_at.to_string(), "2025-02-01T00:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct SetClock(Arc<Mutex<Option<Time>>>);

impl SetClock {
    /// Sets the clock, for every store that has it.
    pub fn set(&self, now: Time) {
        *self.0.lock() = Some(now);
    }

    /// What the clock says.
    #[must_use]
    pub fn now(&self) -> Time {
        let set = *self.0.lock();
        set.unwrap_or_else(Time::now)
    }
}

/// What a store is opened with. Every option has a default that suits an application's own store.
///
/// ```
/// use billfold::prelude::*;
///
/// let store = StoreOptions::new()
///     .id_source(IdSource::Counted)
///     .adopt_unknown(true)
///     .in_memory()?;
/// let id = store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
/// assert_eq!(id.to_string(), "00000000-0000-7000-8000-000000000001");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct StoreOptions {
    cache_bytes: usize,
    durability: Durability,
    clock: Arc<dyn Fn() -> Time + Send + Sync>,
    id_source: IdSource,
    adopt_unknown: bool,
    keep_journal: bool,
    retention: Retention,
    keep_outcomes: Duration,
    names_in_memory: NamesInMemory,
    verify_on_open: bool,
}

impl std::fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreOptions")
            .field("cache_bytes", &self.cache_bytes)
            .field("durability", &self.durability)
            .field("id_source", &self.id_source)
            .field("adopt_unknown", &self.adopt_unknown)
            .field("keep_journal", &self.keep_journal)
            .field("history", &self.retention)
            .field("keep_outcomes", &self.keep_outcomes)
            .field("names_in_memory", &self.names_in_memory)
            .field("verify_on_open", &self.verify_on_open)
            .finish_non_exhaustive()
    }
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 256 << 20,
            durability: Durability::default(),
            clock: Arc::new(Time::now),
            id_source: IdSource::default(),
            adopt_unknown: false,
            keep_journal: true,
            retention: Retention::default(),
            keep_outcomes: Duration::from_secs(24 * 60 * 60),
            names_in_memory: NamesInMemory::default(),
            verify_on_open: false,
        }
    }
}

impl StoreOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The most memory for pages of the file that were read or are to be written, in bytes: 256 MiB by
    /// default. Any number is allowed; a few MiB are the least that is of use.
    #[must_use]
    pub const fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// When commits are on disk; [`Durability::EveryCommit`] by default.
    #[must_use]
    pub const fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Where the times of changes and ids come from; the system's clock by default.
    ///
    /// Recorded times never run backwards: where the clock does, the time of the change before is recorded.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Time + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes the times of changes and ids from a clock that the caller can set.
    #[must_use]
    pub fn clock_from(self, clock: &SetClock) -> Self {
        let clock = clock.clone();
        self.clock(move || clock.now())
    }

    /// Where the store's own ids come from; [`IdSource::Version7`] by default.
    #[must_use]
    pub const fn id_source(mut self, source: IdSource) -> Self {
        self.id_source = source;
        self
    }

    /// Whether setting values on an unknown id takes the instance in; by default it is refused. Deleting values of
    /// an unknown id then finds none, and takes nothing in.
    #[must_use]
    pub const fn adopt_unknown(mut self, adopt: bool) -> Self {
        self.adopt_unknown = adopt;
        self
    }

    /// Whether every change is kept in the journal; by default it is. Without it each durable set writes fewer
    /// pages: one row in 65,536 changes says that these are not in it, and their numbers are not given again.
    /// Revisions go up all the same, but there is no history, a revision is no place in it, and the order of new ids
    /// across a reopen is that of the clock.
    #[must_use]
    pub const fn keep_journal(mut self, keep: bool) -> Self {
        self.keep_journal = keep;
        self
    }

    /// Which changes stay in the journal; [`Retention::All`] by default.
    ///
    /// Each change that is written takes a few that are older than that out of the journal, so that a journal that
    /// was kept longer before gets there over time. The last change always stays. What is asked from before is
    /// refused with [`HistoryTrimmed`](crate::Fault::HistoryTrimmed), and is never answered in part.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = StoreOptions::new().history(Retention::Changes(2)).in_memory()?;
    /// for key in ["a", "b", "c"] {
    ///     store.add_key(ManagedEntity::Customer, key, KeyKind::Indexed)?;
    /// }
    /// assert_eq!(store.changes_since(1, 10)?.len(), 2);
    /// let gone = store.changes_since(0, 10).unwrap_err();
    /// assert!(matches!(gone.faults(), [Fault::HistoryTrimmed { asked: Moment::Change(0), kept_from: 2 }]));
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub const fn history(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// How long the outcome of a [`write_once`](Store::write_once) is kept, by the store's clock: 24 hours by default.
    /// One that is kept already stays as long as was said when it was made. [`Duration::MAX`] keeps it for good, and
    /// [`Duration::ZERO`] not at all.
    #[must_use]
    pub const fn keep_outcomes(mut self, keep: Duration) -> Self {
        self.keep_outcomes = keep;
        self
    }

    /// How much memory may be taken to find instances by unique values and ingest aliases, and to read their values,
    /// without a look into the file; up to 512 MiB by default.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let store = StoreOptions::new().names_in_memory(NamesInMemory::UpTo(64 << 20)).in_memory()?;
    /// assert_eq!(store.stats()?.names_in_memory.most_bytes, 64 << 20);
    /// # Ok::<(), Error>(())
    /// ```
    #[must_use]
    pub const fn names_in_memory(mut self, names: NamesInMemory) -> Self {
        self.names_in_memory = names;
        self
    }

    /// Whether to look first whether the store is whole, as [`verify`](Store::verify) does, with the checksum of every page;
    /// no by default. Nothing is written to a file before that, and nothing at all to one that is damaged. It takes about as
    /// long as reading the file twice.
    ///
    /// Without it a damaged row that is read is [`Corrupt`](crate::Error::Corrupt) too, and never answered with; but a page
    /// that is damaged can hide rows that are there.
    ///
    /// Of a file that was not closed the last commit can have been cut off: where what it wrote is damaged it is taken for
    /// one that was, and the commit before it is opened.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("billing.redb");
    /// Store::open(&path)?.close()?;
    /// let options = StoreOptions::new().verify_on_open(true);
    /// options.clone().open(&path)?.close()?;
    ///
    /// // Its end is cut off.
    /// std::fs::OpenOptions::new().write(true).open(&path)?.set_len(100_000)?;
    /// assert!(matches!(options.open(&path), Err(Error::Corrupt(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn verify_on_open(mut self, verify: bool) -> Self {
        self.verify_on_open = verify;
        self
    }

    /// Looks whether a store is whole that is about to be opened.
    fn look_first(&self, opened: impl FnOnce(Opening) -> Result<Option<Engine>>) -> Result<()> {
        if !self.verify_on_open {
            return Ok(());
        }
        let options = Self { names_in_memory: NamesInMemory::Off, ..self.clone() };
        opened(options.into())?.map_or(Ok(()), |engine| Store::new(engine).whole().map(drop))
    }

    /// Opens the store in this file, and makes the file if it is not there: readable and writable by its owner
    /// alone. An empty file counts as none.
    ///
    /// # Errors
    /// [`AlreadyOpen`](crate::Error::AlreadyOpen), [`FolderMissing`](crate::Error::FolderMissing),
    /// [`NotAStore`](crate::Error::NotAStore), [`NewerFormat`](crate::Error::NewerFormat),
    /// [`OlderFormat`](crate::Error::OlderFormat) and [`ReadOnlyFile`](crate::Error::ReadOnlyFile), each before anything is written to the file;
    /// [`Io`](crate::Error::Io) and [`Corrupt`](crate::Error::Corrupt).
    pub fn open(self, path: impl AsRef<Path>) -> Result<Store> {
        let path = path.as_ref();
        self.look_first(|opening| Engine::before_opening(path, true, opening))?;
        Engine::open(path, self.into()).map(Store::new)
    }

    /// Opens the store in this file for reading. Several may do so at once, while no writer has it open.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("billing.redb");
    /// Store::open(&path)?.close()?;
    /// let store = StoreOptions::new().open_read_only(&path)?;
    /// assert!(store.keys(&[])?.is_empty());
    /// assert!(matches!(store.adopt(CustomerId::from(uuid::Uuid::nil())), Err(Error::ReadOnly)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`StoreMissing`](crate::Error::StoreMissing),
    /// [`NotClosedCleanly`](crate::Error::NotClosedCleanly).
    pub fn open_read_only(self, path: impl AsRef<Path>) -> Result<Store> {
        let path = path.as_ref();
        self.look_first(|opening| Engine::before_opening(path, false, opening))?;
        Engine::open_read_only(path, self.into()).map(Store::new)
    }

    /// Makes an empty store in memory. Several that are to begin alike are forks of a [`Fixture`](crate::Fixture).
    ///
    /// # Errors
    /// None that is known; the signature is that of the other ways to open a store.
    pub fn in_memory(self) -> Result<Store> {
        Engine::in_memory(Memory::default(), self.into()).map(Store::new)
    }

    /// Opens the store in these bytes, and makes it where there are none. Unlike a file, a backend is taken for
    /// what it is given as: nobody looks first whether its bytes are another program's.
    ///
    /// # Errors
    /// [`Io`](crate::Error::Io), [`Corrupt`](crate::Error::Corrupt), [`NotAStore`](crate::Error::NotAStore) and
    /// [`NewerFormat`](crate::Error::NewerFormat) and [`OlderFormat`](crate::Error::OlderFormat).
    pub fn on_backend(self, backend: impl Backend) -> Result<Store> {
        let backend: Arc<dyn Backend> = Arc::new(backend);
        self.look_first(|opening| Engine::before_opening_on(&backend, opening))?;
        Engine::on_backend(backend, self.into()).map(Store::new)
    }
}

impl From<StoreOptions> for Opening {
    fn from(options: StoreOptions) -> Self {
        Self {
            cache: options.cache_bytes,
            syncs: options.durability == Durability::EveryCommit,
            clock: options.clock,
            counted_ids: options.id_source == IdSource::Counted,
            adopts_unknown: options.adopt_unknown,
            keeps_journal: options.keep_journal,
            retention: options.retention,
            keeps_outcomes: options.keep_outcomes,
            names_bytes: options.names_in_memory.most_bytes(),
        }
    }
}
