//! Filling tables with rows that waited: several tables at a time, each on a thread of its own.

use std::thread;

use redb::WriteTransaction;

use super::bulk::Rows;
use super::failure::{Failure, guarded};
use super::locks::Mutex;
use super::opened::open_for_writing;
use super::tables::TableId;

/// Fewer bytes of rows are not worth a thread.
const WORTH_A_THREAD: usize = 1 << 20;

/// Puts all of the rows into their tables, none of which may be open. After a failure some of them are there.
pub(super) fn fill(txn: &WriteTransaction, mut tables: Vec<(TableId, Rows)>) -> Result<(), Failure> {
    // The largest is begun with, so that none is waited for alone.
    tables.sort_by_key(|(_, rows)| rows.size());
    let worth = tables.iter().filter(|(_, rows)| rows.size() >= WORTH_A_THREAD).count();
    let threads = thread::available_parallelism().map_or(1, usize::from).min(worth);
    let (left, failed) = (Mutex::new(tables), Mutex::new(None));
    let take = || left.lock().pop();
    let work = || {
        while let Some((table, rows)) = take() {
            if let Err(failure) = fill_one(txn, table, rows) {
                failed.lock().get_or_insert(failure);
                left.lock().clear();
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where there is none to be had, the others have more to do.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    failed.into_inner().map_or(Ok(()), Err)
}

fn fill_one(txn: &WriteTransaction, table: TableId, mut rows: Rows) -> Result<(), Failure> {
    guarded(|| -> Result<(), redb::Error> {
        rows.sort();
        Ok(open_for_writing(txn, table)?.put_all(&rows)?)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ops::{Bound, ControlFlow};

    use redb::Database;
    use redb::backends::InMemoryBackend;

    use super::super::bulk::tests::{rows_behind, standing};
    use super::*;
    use crate::entity::ManagedEntity;

    const NAMED: TableId = TableId::Meta;
    const BY_ID: TableId = TableId::Fields(ManagedEntity::Customer);

    fn database() -> Database {
        Database::builder().create_with_backend(InMemoryBackend::new()).unwrap()
    }

    fn rows_of(txn: &WriteTransaction, table: TableId) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let mut found = BTreeMap::new();
        let open = open_for_writing(txn, table).unwrap();
        let mut visit = |key: &[u8], value: &[u8]| {
            found.insert(key.to_vec(), value.to_vec());
            ControlFlow::Continue(())
        };
        open.scan(Bound::Unbounded, &mut visit).unwrap();
        found
    }

    /// More rows than one thread is given, under keys of 16 bytes.
    fn many(first: u128) -> Rows {
        let keys: Vec<[u8; 16]> =
            (0..20_000).map(|n| (first + n).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()).collect();
        let wanted: Vec<_> = keys.iter().map(|key| (&key[..], Some(&[7; 60][..]))).collect();
        let rows = rows_behind(None, &wanted);
        assert!(rows.size() >= WORTH_A_THREAD);
        rows
    }

    #[test]
    fn later_rounds_put_rows_within_and_behind_and_take_some_away() {
        let database = database();
        let txn = database.begin_write().unwrap();
        let mut wanted = BTreeMap::new();
        for round in 0..7_u32 {
            let last = wanted.keys().next_back().cloned();
            let keys: Vec<_> =
                (0..300).map(|n: u32| (n * 7_919 * (round + 1) % 1_201).to_be_bytes()).collect();
            let value = [u8::try_from(round).unwrap(); 40];
            // Some go that are there, some that came in this very round, and some that never were.
            let row = |key| (key, (u32::from_be_bytes(key) % 5 != round % 5).then_some(&value[..]));
            let round: Vec<_> = keys.iter().map(|key| row(*key)).collect();
            let slices: Vec<_> = round.iter().map(|(key, value)| (&key[..], *value)).collect();
            fill(&txn, vec![(NAMED, rows_behind(last.as_deref(), &slices))]).unwrap();
            for (key, value) in slices {
                match value {
                    Some(value) => wanted.insert(key.to_vec(), value.to_vec()),
                    None => wanted.remove(key),
                };
            }
            assert_eq!(rows_of(&txn, NAMED), wanted);
        }
    }

    #[test]
    fn tables_that_are_filled_at_once_are_all_whole() {
        let database = database();
        let txn = database.begin_write().unwrap();
        let entities = [ManagedEntity::Customer, ManagedEntity::Contract, ManagedEntity::Charge];
        let tables: Vec<_> = entities.into_iter().map(TableId::Fields).collect();
        let rows = (0..).step_by(20_000).map(many);
        let mut all: Vec<_> = tables.iter().copied().zip(rows).collect();
        all.push((NAMED, rows_behind(None, &[(b"small", Some(b"too"))])));
        fill(&txn, all).unwrap();
        txn.commit().unwrap();

        let txn = database.begin_write().unwrap();
        for (table, first) in tables.into_iter().zip((0..).step_by(20_000)) {
            let mut wanted = many(first);
            wanted.sort();
            let found = rows_of(&txn, table);
            let found = found.into_iter().map(|(key, value)| (key, Some(value)));
            assert!(found.eq(standing(&wanted)), "{table}");
        }
        assert_eq!(rows_of(&txn, NAMED).len(), 1);
    }

    #[test]
    fn a_table_that_cannot_be_filled_fails_the_others_with_it() {
        for wrong in [&b"a key of another width"[..], b""] {
            let database = database();
            let txn = database.begin_write().unwrap();
            let others = [ManagedEntity::Contract, ManagedEntity::Charge];
            let mut all: Vec<_> = others.map(|entity| (TableId::Fields(entity), many(0))).into();
            all.push((BY_ID, rows_behind(None, &[(wrong, Some(b"value"))])));
            let failure = fill(&txn, all).unwrap_err();
            assert!(failure.cause().to_string().contains("another width"), "{failure:?}");

            let within = rows_behind(Some(&[9; 16]), &[(&[1; 16], Some(b"good")), (&[2; 15], Some(b"bad"))]);
            assert!(fill(&txn, vec![(BY_ID, within)]).is_err());
        }
    }
}
