//! Format 1, as it is and stays: a store that this version's first file is, row for row and byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use billfold::prelude::*;
use redb::{
    Database, Key, ReadableDatabase as _, ReadableTable as _, TableDefinition, TableHandle as _, Value,
};

use crate::hostile::bodies::rows::Fixed;
use crate::support::moved::{exported, rich_on, rich_options};
use crate::support::whole;

/// Set, the golden files are made anew. They are those of a format, and so only for a new one.
const VARIABLE: &str = "BILLFOLD_MAKE_GOLDEN";

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// A copy of the golden store.
fn copied(folder: &Path) -> PathBuf {
    let path = folder.join("store.redb");
    fs::copy(golden("format-1.redb"), &path).unwrap();
    path
}

/// A file with something of everything, as this version writes it.
fn written(folder: &Path) -> PathBuf {
    let (path, clock) = (folder.join("written.redb"), SetClock::default());
    let made = rich_on(rich_options(&clock).open(&path).unwrap(), clock);
    made.store
        .write_once("request", b"bytes of a request", |tx| {
            tx.set_values(made.customer, [("memo", "once")])?;
            Ok(b"an outcome".to_vec())
        })
        .unwrap();
    made.store.compact().unwrap();
    path
}

type Bytes = &'static [u8];
type Rows = Vec<(Vec<u8>, Vec<u8>)>;

/// All rows of a file, by their table.
fn rows(path: &Path) -> BTreeMap<String, Rows> {
    let db = Database::open(path).unwrap();
    let txn = db.begin_read().unwrap();
    let rows = |name: &str| {
        let tries = [
            of::<Bytes, Bytes>(&txn, name),
            of::<Fixed<4>, Bytes>(&txn, name),
            of::<Fixed<16>, Bytes>(&txn, name),
            of::<Bytes, Fixed<20>>(&txn, name),
            of::<Bytes, Fixed<4>>(&txn, name),
            of::<Fixed<8>, Bytes>(&txn, name),
        ];
        tries.into_iter().flatten().next().unwrap_or_else(|| panic!("{name} is of another shape"))
    };
    txn.list_tables().unwrap().map(|table| (table.name().to_owned(), rows(table.name()))).collect()
}

/// The rows of a table of this shape; `None` where it is of another.
fn of<K, V>(txn: &redb::ReadTransaction, name: &str) -> Option<Rows>
where
    K: Key + for<'a> Value<SelfType<'a> = &'a [u8]> + 'static,
    V: for<'a> Value<SelfType<'a> = &'a [u8]> + 'static,
{
    let table = txn.open_table(TableDefinition::<K, V>::new(name)).ok()?;
    let all = table.iter().unwrap().map(|row| {
        let (key, value) = row.unwrap();
        (key.value().to_vec(), value.value().to_vec())
    });
    Some(all.collect())
}

#[test]
fn a_store_of_format_1_is_opened_read_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = copied(folder.path());
    let before = fs::read(&path).unwrap();
    let store = StoreOptions::new().verify_on_open(true).open_read_only(&path).unwrap();
    whole(&store);
    let lines = fs::read_to_string(golden("format-1.jsonl")).unwrap();
    assert_eq!(exported(&store), lines);
    store.close().unwrap();
    assert!(fs::read(&path).unwrap() == before, "reading it changed it");

    let store = StoreOptions::new().id_source(IdSource::Counted).open(&path).unwrap();
    let rebuilt = store.rebuild_indexes().unwrap();
    assert!(rebuilt.rows > 50, "{rebuilt:?}");
    assert_eq!((rebuilt.restored, rebuilt.removed, rebuilt.problems.len()), (0, 0, 0));
    store.create_customer(CreateCustomer { name: "New".into(), ..Default::default() }).unwrap();
    whole(&store);
}

#[test]
fn what_this_version_writes_is_format_1_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    if std::env::var_os(VARIABLE).is_some() {
        fs::create_dir_all(golden("")).unwrap();
        fs::copy(&path, golden("format-1.redb")).unwrap();
        let store = Store::open_read_only(&path).unwrap();
        fs::write(golden("format-1.jsonl"), exported(&store)).unwrap();
    }
    let (written, golden) = (rows(&path), rows(&copied(folder.path())));
    let tables: Vec<_> = golden.keys().collect();
    assert_eq!(written.keys().collect::<Vec<_>>(), tables);
    assert!(tables.len() > 40, "{tables:?}");
    for (table, rows) in golden {
        assert!(!rows.is_empty(), "{table} has no rows to compare");
        assert!(written[&table] == rows, "rows of {table} are other bytes");
    }
}
