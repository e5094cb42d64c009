//! Rows that are whole as far as their checksums say, and hold anything.

use std::sync::{Arc, Mutex, OnceLock};

use billfold::prelude::*;
use redb::{
    Key, ReadableDatabase as _, ReadableTable as _, StorageBackend, TableDefinition, TableHandle as _,
    TypeName, Value,
};

use super::{Bytes, fixture};

/// The first byte of an envelope, and how many more stand before what it holds: the checksum.
const VERSION: u8 = 1;
const HEAD: usize = 5;

/// The library's keys of that many bytes, as any program sees them that knows the name of their type.
#[derive(Debug)]
pub struct Fixed<const N: usize>;

impl<const N: usize> Value for Fixed<N> {
    type SelfType<'a> = &'a [u8];
    type AsBytes<'a> = &'a [u8];

    fn fixed_width() -> Option<usize> {
        Some(N)
    }

    fn from_bytes<'a>(data: &'a [u8]) -> &'a [u8]
    where
        Self: 'a,
    {
        data
    }

    fn as_bytes<'a, 'b: 'a>(value: &'a &'b [u8]) -> &'a [u8]
    where
        Self: 'b,
    {
        value
    }

    fn type_name() -> TypeName {
        TypeName::new(&format!("billfold::bytes{N}"))
    }
}

impl<const N: usize> Key for Fixed<N> {
    fn compare(left: &[u8], right: &[u8]) -> std::cmp::Ordering {
        left.cmp(right)
    }
}

impl StorageBackend for Bytes {
    fn len(&self) -> std::io::Result<u64> {
        billfold::Backend::len(self)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        billfold::Backend::read(self, offset, out)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        billfold::Backend::set_len(self, len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        billfold::Backend::write(self, offset, data)
    }
}

/// The bytes of the fixture, and the names of its tables.
fn original() -> &'static (Vec<u8>, Vec<String>) {
    static ORIGINAL: OnceLock<(Vec<u8>, Vec<String>)> = OnceLock::new();
    ORIGINAL.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("store");
        fixture().fork().and_then(|store| store.backup(&path)).expect("a copy");
        let bytes = std::fs::read(&path).expect("a file");
        let db = redb::Database::open(&path).expect("a database");
        let view = db.begin_read().expect("a view");
        let tables = view.list_tables().expect("tables");
        // What they say of the file itself stands there in plain bytes.
        let names = tables.map(|table| table.name().to_owned()).filter(|name| name != "meta").collect();
        (bytes, names)
    })
}

/// A row in which bytes are others, under a checksum that fits: the data say of which table, which row, where and what.
pub fn changed(data: &[u8]) {
    let Some(([table, row, place], rest)) = data.split_first_chunk::<3>() else { return };
    let (bytes, names) = original();
    let bytes = Bytes(Arc::new(Mutex::new(bytes.clone())));
    let name = &names[usize::from(*table) % names.len()];
    let change = Change { row: (*row).into(), place: (*place).into(), bytes: rest };
    let db = redb::Builder::new().create_with_backend(bytes.clone()).expect("a database");
    // Of the others the values are no envelopes.
    let done = change.put::<Fixed<16>>(&db, name)
        || change.put::<&'static [u8]>(&db, name)
        || change.put::<Fixed<4>>(&db, name)
        || change.put::<Fixed<8>>(&db, name);
    drop(db);
    if done {
        looked_at(&bytes);
    }
}

struct Change<'d> {
    row: usize,
    place: usize,
    bytes: &'d [u8],
}

impl Change<'_> {
    /// Changes a row of the table; false where its rows are of another type.
    fn put<K>(&self, db: &redb::Database, name: &str) -> bool
    where
        K: Key + for<'k> Value<SelfType<'k> = &'k [u8]> + 'static,
    {
        let table = TableDefinition::<K, &[u8]>::new(name);
        let txn = db.begin_write().expect("a transaction");
        let Ok(mut rows) = txn.open_table(table) else { return false };
        let there: Vec<_> = rows.iter().expect("rows").take(256).map(|row| row.expect("a row").0).collect();
        let Some(key) = there.get(self.row % there.len().max(1)).map(|key| key.value().to_vec()) else {
            return false;
        };
        drop(there);
        let envelope = rows.get(&*key).expect("a row").expect("a row").value().to_vec();
        let mut payload = envelope[HEAD..].to_vec();
        let place = self.place % (payload.len() + 1);
        payload.resize(payload.len().max(place + self.bytes.len()), 0);
        payload[place..place + self.bytes.len()].copy_from_slice(self.bytes);
        let checksum = [&*key, &[VERSION], &payload].concat();
        let envelope = [&[VERSION], &crc32fast::hash(&checksum).to_be_bytes()[..], &payload].concat();
        rows.insert(&*key, &*envelope).expect("a row");
        drop(rows);
        txn.commit().expect("a commit");
        true
    }
}

/// All that reads every row, and what changes them: nothing but an error comes of it.
fn looked_at(bytes: &Bytes) {
    let open = || StoreOptions::new().on_backend(bytes.clone());
    let Ok(store) = open() else { return };
    let _ = store.verify();
    let _ = store.export(std::io::sink());
    drop(store);
    let Ok(store) = open() else { return };
    let page = PageRequest::first(100);
    for entity in ManagedEntity::ALL {
        let Ok(found) = store.entities(entity, &page) else { return };
        for target in found.items.into_iter().map(|instance| instance.id) {
            let _ = store.history(target, &page);
            let _ = store.archive(target);
        }
    }
    let _ = store.customers(&CustomerFilter::default(), &page);
    let _ = store.rebuild_indexes();
}
