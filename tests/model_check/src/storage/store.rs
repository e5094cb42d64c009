//! A store of one table, whose commits go as those of the library do (`src/storage/batch.rs`), and who asks it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use uuid::Uuid;

use super::catalog::Catalog;
use super::engine::Closed;
use super::resident::{Changed, Directory, Resident, Seen, Stamper, Target, Touched};
use super::tables::TableId;
use super::view::{Published, Reader as _, Rows, View};

/// The same in every order, so that names stand in the same places.
static STAMPER: LazyLock<Stamper> = LazyLock::new(Stamper::new);

/// So many names that stand in one part.
pub fn neighbours(count: usize) -> Vec<Vec<u8>> {
    let names = (0_u32..).map(|number| number.to_be_bytes().to_vec());
    // As `place` in the library's `names.rs` has it, of sixteen parts.
    let mine = |name: &Vec<u8>| STAMPER.stamp(name).place.rotate_left(32) >> 60 == 0;
    names.filter(mine).take(count).collect()
}

/// A name and whose it becomes.
pub type Change<'n> = (&'n [u8], Option<Uuid>);

pub struct Store {
    table: TableId,
    resident: Arc<Resident>,
    published: Arc<Published>,
    closed: Closed,
    /// What the next commit begins with.
    tip: Mutex<(Rows, Arc<Directory>)>,
}

impl Store {
    /// A new store with these names, all of them in memory.
    pub fn made(bytes: usize, names: &[Change<'_>]) -> Arc<Self> {
        let table = TableId::Alias;
        let store = Self::with(bytes, table, Rows::new(), &Catalog(Vec::new()));
        store.commit_with(names, Some(&Catalog(vec![table])));
        store
    }

    /// A store that had these names in a table when it was opened.
    pub fn opened(bytes: usize, table: TableId, names: &[Change<'_>]) -> Arc<Self> {
        let rows = names.iter().filter_map(|(name, holder)| Some((name.to_vec(), (*holder)?)));
        Self::with(bytes, table, rows.collect(), &Catalog(vec![table]))
    }

    fn with(bytes: usize, table: TableId, rows: Rows, catalog: &Catalog) -> Arc<Self> {
        let resident = Arc::new(Resident::new(STAMPER.clone(), bytes));
        let names = Directory::opened(&resident, catalog);
        let published = Arc::new(Published::new());
        let tip = Mutex::new((rows, names));
        let store = Self { table, resident, published, closed: Closed::default(), tip };
        store.publish();
        Arc::new(store)
    }

    fn publish(&self) {
        let (rows, names) = self.tip.lock().unwrap().clone();
        self.published.store(View {
            table: self.table,
            rows,
            number: self.resident.next_view(),
            names,
            resident: Arc::clone(&self.resident),
            published: Arc::clone(&self.published),
            closed: Arc::clone(&self.closed),
        });
    }

    pub fn view(&self) -> Arc<View> {
        self.published.load_full().expect("one is published before anybody asks")
    }

    /// The memory that the names take.
    pub fn bytes(&self) -> usize {
        let view = self.view();
        usize::try_from(self.resident.size(&view.names).bytes).unwrap()
    }

    /// Asks so often that a fill begins.
    pub fn ask_often(&self) {
        let view = self.view();
        (0..32).for_each(|_| assert_eq!(view.seen(self.table, b""), Seen::Unknown));
    }

    pub fn commit(&self, changes: &[Change<'_>]) {
        self.commit_with(changes, None);
    }

    fn commit_with(&self, changes: &[Change<'_>], catalog: Option<&Catalog>) {
        let (mut rows, before) = self.tip.lock().unwrap().clone();
        let mut touched = Touched::default();
        for (name, holder) in changes {
            let target = holder.map(|holder| match self.table {
                TableId::Values => Target::Row(holder.as_bytes()[..].into()),
                _ => Target::Holder(holder),
            });
            touched.note(self.table, name, target);
            match holder {
                Some(holder) => rows.insert(name.to_vec(), *holder),
                None => rows.remove(*name),
            };
        }
        let marked = self.resident.mark(&Changed { before: &before, touched: &touched, catalog });
        *self.tip.lock().unwrap() = (rows, marked.directory());
        self.publish();
        marked.settle();
    }
}

/// A store is dropped in the end of every order.
impl Drop for Store {
    fn drop(&mut self) {
        self.published.clear();
    }
}

/// How often which answer was given, in all orders.
#[derive(Clone, Default)]
pub struct Answers(Arc<[AtomicU64; 3]>);

impl Answers {
    /// Asks for a name: what is said of it is what the view has, if anything is said.
    pub fn ask(&self, view: &View, name: &[u8]) -> Seen {
        let (seen, has) = (view.seen(view.table, name), view.rows.get(name).copied());
        let seen = match (seen, view.table) {
            (Seen::Holder(row), TableId::Values) => {
                let names = view.names_of(view.table).unwrap();
                Seen::Holder(names.row(row, |row| Uuid::from_slice(row).unwrap()).unwrap())
            }
            _ => seen,
        };
        let place = match seen {
            Seen::Holder(holder) => {
                assert_eq!(Some(holder), has, "view {} was told another holder", view.number);
                0
            }
            Seen::Nobody => {
                assert_eq!(None, has, "view {} was told that nobody has it", view.number);
                1
            }
            Seen::Unknown => 2,
        };
        self.0[place].fetch_add(1, Ordering::Relaxed);
        seen
    }

    /// Asks for a name when nothing is under way any more: then it is known.
    pub fn ask_at_rest(&self, view: &View, name: &[u8]) {
        assert_ne!(self.ask(view, name), Seen::Unknown, "view {} is told nothing", view.number);
    }

    /// A scenario in which nothing is ever said, or always all, shows nothing.
    pub fn must_be_of_all_kinds(&self) {
        let [holder, nobody, unknown] = [0, 1, 2].map(|place| self.0[place].load(Ordering::Relaxed));
        assert!(holder + nobody > 0 && unknown > 0, "{self}");
    }
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [holder, nobody, unknown] = [0, 1, 2].map(|place| self.0[place].load(Ordering::Relaxed));
        write!(f, "answers: {holder} holders, {nobody} times nobody, {unknown} left to the view")
    }
}
