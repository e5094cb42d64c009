//! What stands beside the rule in the library, as far as the rule's files ask for it.

#[path = "../../../src/storage/queue.rs"]
mod queue;
#[path = "../../../src/storage/resident/mod.rs"]
#[allow(dead_code)]
pub mod resident;
#[path = "../../../src/storage/sorted.rs"]
pub mod sorted;
pub mod store;
pub mod turns;
#[path = "../../../src/storage/verdict.rs"]
#[allow(dead_code)]
mod verdict;

/// Memory that is shared: of loom's words, in one piece.
pub mod lines {
    use super::locks::AtomicU64;

    pub type Line = [AtomicU64; 8];

    /// As in the library.
    pub const LARGE_PAGE: usize = 32 << 10;
    /// As few as can be: each word is one more that is watched.
    pub const MAPPED: usize = 1;

    pub struct Lines(Box<[Line]>);

    impl Lines {
        pub fn new(lines: usize) -> Option<Self> {
            Some(Self((0..lines).map(|_| Line::default()).collect()))
        }

        pub fn get(&self) -> &[Line] {
            &self.0
        }
    }
}

/// What threads meet at: loom's.
pub mod locks {
    use std::ops::{Deref, DerefMut};

    pub use loom::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering, fence};

    pub struct Mutex<T>(loom::sync::Mutex<T>);

    /// There is one but while a condition is waited for.
    pub struct MutexGuard<'m, T>(Option<loom::sync::MutexGuard<'m, T>>);

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.0.as_ref().expect("it is not being waited with")
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect("it is not being waited with")
        }
    }

    pub struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub fn new() -> Self {
            Self(loom::sync::Condvar::new())
        }

        pub fn notify_one(&self) {
            self.0.notify_one();
        }

        pub fn notify_all(&self) {
            self.0.notify_all();
        }

        /// As `parking_lot`'s, which leaves the guard where it is.
        pub fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            let wait = |guard| self.0.wait(guard).expect("a thread that has panicked ends the check");
            guard.0 = guard.0.take().map(wait);
        }

        /// There is no time here: whoever waits for some finds that it is over.
        pub fn wait_until<T>(&self, _: &mut MutexGuard<'_, T>, _: std::time::Instant) {
            loom::thread::yield_now();
        }
    }

    /// Whoever finds the value knows what was done before it was set, and no more than that.
    pub struct OnceLock<T> {
        value: std::sync::OnceLock<T>,
        is_set: AtomicUsize,
    }

    impl<T> OnceLock<T> {
        pub fn new() -> Self {
            Self { value: std::sync::OnceLock::new(), is_set: AtomicUsize::new(0) }
        }

        pub fn set(&self, value: T) -> Result<(), T> {
            self.value.set(value)?;
            self.is_set.store(1, Ordering::Release);
            Ok(())
        }

        pub fn get(&self) -> Option<&T> {
            let is_set = self.is_set.load(Ordering::Acquire) == 1;
            self.value.get().filter(|_| is_set)
        }
    }

    impl<T> From<T> for OnceLock<T> {
        fn from(value: T) -> Self {
            Self { value: value.into(), is_set: AtomicUsize::new(1) }
        }
    }

    impl<T> Mutex<T> {
        pub fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard(Some(self.0.lock().expect("a thread that has panicked ends the check")))
        }
    }

    pub mod thread {
        use std::io;
        use std::sync::Mutex;

        use loom::thread::JoinHandle;

        /// The threads that nobody has waited for yet.
        static BEGUN: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

        pub struct Builder(loom::thread::Builder);

        impl Builder {
            pub fn new() -> Self {
                Self(loom::thread::Builder::new())
            }

            pub fn name(self, name: String) -> Self {
                Self(self.0.name(name))
            }

            pub fn spawn(self, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
                self.0.spawn(run).map(|begun| BEGUN.lock().unwrap().push(begun))
            }
        }

        pub fn sleep(_: std::time::Duration) {
            loom::thread::yield_now();
        }

        /// Waits for the threads that the rule has begun.
        pub fn join_all() {
            let begun = std::mem::take(&mut *BEGUN.lock().unwrap());
            begun.into_iter().for_each(|begun| begun.join().unwrap());
        }
    }
}

pub mod tables {
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub enum TableId {
        Alias,
        /// As in the library: of an entity, with the number of the index.
        #[expect(dead_code, reason = "one table of names is enough")]
        Unique((), u32),
        /// Rows, which here are ids too.
        Values,
    }

    impl TableId {
        pub fn is_of_values(self) -> bool {
            self == Self::Values
        }

        pub const fn number_in_memory(self) -> Option<u64> {
            Some(match self {
                Self::Alias => 0,
                Self::Values => 1,
                Self::Unique((), index) => 2 + index as u64,
            })
        }
    }
}

pub mod catalog {
    use super::tables::TableId;

    /// The tables there are.
    pub struct Catalog(pub Vec<TableId>);

    impl Catalog {
        pub fn tables(&self) -> impl Iterator<Item = TableId> {
            self.0.iter().copied()
        }
    }
}

pub mod codec {
    use super::resident::Target;
    use super::tables::TableId;
    use uuid::Uuid;

    pub fn target(table: TableId, _: &[u8], row: &[u8]) -> Result<Target, uuid::Error> {
        if table.is_of_values() {
            return Ok(Target::Row(row.into()));
        }
        Uuid::from_slice(row).map(Target::Holder)
    }
}

pub mod engine {
    pub type Closed = std::sync::Arc<std::sync::OnceLock<()>>;
}

pub mod view {
    use std::collections::BTreeMap;
    use std::ops::{Bound, ControlFlow};
    use std::sync::{Arc, Mutex};

    use uuid::Uuid;

    use super::engine::Closed;
    use super::locks::{AtomicUsize, Ordering};
    use super::resident::{Directory, Known, Names, Resident, Seen, fill};
    use super::tables::TableId;

    pub type Rows = BTreeMap<Vec<u8>, Uuid>;

    pub trait Reader {
        fn len(&self, table: TableId) -> Result<u64, ()>;
        fn seen(&self, table: TableId, name: &[u8]) -> Seen;
    }

    /// The views that were published, and which one is the last: read and put as `arc_swap` does, with no more order than
    /// that.
    pub struct Published {
        /// The standard library's, as nobody waits for it.
        views: Mutex<Vec<Arc<View>>>,
        last: AtomicUsize,
    }

    impl Published {
        pub fn new() -> Self {
            Self { views: Mutex::default(), last: AtomicUsize::new(0) }
        }

        pub fn load_full(&self) -> Option<Arc<View>> {
            let last = self.last.load(Ordering::Acquire).checked_sub(1)?;
            self.views.lock().unwrap().get(last).cloned()
        }

        pub fn store(&self, view: View) {
            let mut views = self.views.lock().unwrap();
            views.push(Arc::new(view));
            let last = views.len();
            drop(views);
            self.last.swap(last, Ordering::AcqRel);
        }

        /// Views have what is published, and so would be there for ever.
        pub fn clear(&self) {
            self.views.lock().unwrap().clear();
        }
    }

    /// A view, with its rows.
    pub struct View {
        pub table: TableId,
        pub rows: Rows,
        pub number: u64,
        pub names: Arc<Directory>,
        pub resident: Arc<Resident>,
        pub published: Arc<Published>,
        pub closed: Closed,
    }

    impl View {
        pub fn closed(&self) -> &Closed {
            &self.closed
        }

        pub fn published(&self) -> &Arc<Published> {
            &self.published
        }

        pub fn resident(&self) -> &Arc<Resident> {
            &self.resident
        }

        pub fn names_of(&self, table: TableId) -> Option<&Arc<Names>> {
            self.names.of(table)
        }

        pub fn scan_aside(
            &self,
            _: TableId,
            from: Bound<&[u8]>,
            mut visit: impl FnMut(&[u8], &[u8]) -> ControlFlow<()>,
        ) -> Result<(), ()> {
            for (name, holder) in self.rows.range::<[u8], _>((from, Bound::Unbounded)) {
                if visit(name, holder.as_bytes()).is_break() {
                    break;
                }
            }
            Ok(())
        }
    }

    impl Reader for View {
        fn len(&self, _: TableId) -> Result<u64, ()> {
            Ok(self.rows.len() as u64)
        }

        /// As in the library.
        fn seen(&self, table: TableId, name: &[u8]) -> Seen {
            let Some(names) = self.names.of(table) else { return Seen::Unknown };
            let seen = self.resident.look(names, name, self.number);
            if seen == Seen::Unknown && names.known() == Known::Nothing {
                fill::count(self, table, names);
            }
            seen
        }
    }
}
