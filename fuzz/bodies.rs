//! What strangers may send, each as a function of any bytes that panics where something is wrong: run by the fuzzer here,
//! and by `tests/it/hostile.rs` of the library on bytes that it makes.

use std::fmt;
use std::io::{Error as IoError, ErrorKind as IoErrorKind, Result as IoResult};
use std::sync::{Arc, Mutex, OnceLock};

#[path = "rows.rs"]
pub mod rows;

use billfold::prelude::*;
use billfold::{Backend, Fixture, Import, Script};

/// What is done with any bytes, by its name.
pub type Body = (&'static str, fn(&[u8]));

pub const ALL: [Body; 8] = [
    ("wire", wire),
    ("script", script),
    ("import", import),
    ("cursor", cursor),
    ("stored", stored),
    ("salvaged", salvaged),
    ("rows", rows::changed),
    ("keys", keys),
];

/// A script with something of everything.
pub const CALLS: &str = include_str!("../examples/provision.jsonl");

/// The store that the script leaves.
fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let clock = SetClock::default();
        clock.set("2025-02-01T00:00:00Z".parse().expect("a moment"));
        Fixture::make_with(StoreOptions::new().adopt_unknown(true), &clock, |store| {
            Script::new(store).clock(&clock).run(CALLS.as_bytes(), |_| Ok(())).map_err(Error::stop)
        })
        .expect("the script runs")
    })
}

fn store() -> Store {
    fixture().fork().expect("a fork")
}

/// The store is whole, and where nothing was to be changed nothing was.
fn assert_whole(store: &Store, before: Option<u64>) {
    let found = store.verify().expect("it can be read").problems;
    assert!(found.is_empty(), "{found:?}");
    if let Some(before) = before {
        assert_eq!(store.last_change().expect("it can be read"), before, "a refusal changed something");
    }
}

/// The lines of the script that are calls: of each the path, and the body with its references as they stand.
pub fn seeds() -> Vec<(&'static str, &'static str)> {
    let part = |line: &'static str, begin: &str| line.split_once(begin).map(|(_, rest)| rest);
    let of = |line: &'static str| {
        let path = part(line, "{\"path\":\"")?.split('"').next()?;
        let body = part(line, "\"body\":").map_or("", |body| {
            let end = body.rfind(",\"as\":").unwrap_or(body.len() - 1);
            &body[..end]
        });
        Some((path, body))
    };
    CALLS.lines().filter_map(of).collect()
}

/// A call: the first byte says which of the script's, and the rest is its body; or all of it is a method, a path, a query and
/// a body, with a line's end between them.
pub fn wire(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let store = store();
    let before = store.last_change().expect("it can be read");
    let answer = match seeds().get(usize::from(*first)) {
        Some((path, _)) => store.handle("POST", path, &[], rest),
        None => {
            let mut parts = rest.splitn(4, |byte| *byte == b'\n').map(String::from_utf8_lossy);
            let mut next = || parts.next().unwrap_or_default().into_owned();
            let (method, path, query, body) = (next(), next(), next(), next());
            let pairs: Vec<_> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
            store.handle(&method, &path, &pairs, body.as_bytes())
        }
    };
    assert!((200..600).contains(&answer.status) && !answer.is_failure(), "{answer}");
    assert!(answer.body.len() < 1 << 20, "an answer of {} bytes", answer.body.len());
    assert_whole(&store, (!answer.is_success()).then_some(before));
}

/// Lines of calls.
pub fn script(data: &[u8]) {
    let store = store();
    let _ = Script::new(&store).keep_going(true).run(data, |answer| {
        if answer.is_failure() { Err(IoError::other(answer.to_string())) } else { Ok(()) }
    });
    assert_whole(&store, None);
}

/// Lines of an export, to be taken as a whole or as far as they are good.
pub fn import(data: &[u8]) {
    for best_effort in [false, true] {
        let store = store();
        let before = store.last_change().expect("it can be read");
        let taken = Import::into(&store).best_effort(best_effort).read(data);
        assert_whole(&store, taken.is_err().then_some(before));
    }
}

/// A cursor, for every kind of list.
pub fn cursor(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(cursor) = text.parse::<Cursor>() else { return };
    assert_eq!(cursor.to_string().parse::<Cursor>().ok(), Some(cursor.clone()));
    let store = store();
    let page = PageRequest { limit: 3, after: Some(cursor) };
    let entity = ManagedEntity::Customer;
    answered(store.entities(entity, &page));
    answered(store.keys_page(&[entity], &page));
    answered(store.find_prefix_ref(entity, "x_account_id", "K", &page));
    answered(store.customers(&CustomerFilter::default(), &page));
    answered(store.products(ArchiveFilter::All, &page));
    answered(store.rate_cards(ArchiveFilter::All, &page));
    answered(store.packages(ArchiveFilter::All, &page));
    answered(store.alerts(ArchiveFilter::All, &page));
}

#[track_caller]
fn answered<T>(result: Result<T, Error>) {
    match result {
        Ok(_) | Err(Error::Refused(_)) => {}
        Err(other) => panic!("{other}"),
    }
}

/// A key and a value, with a byte 0 between them.
pub fn keys(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (key, value) = text.split_once('\0').unwrap_or((&text, ""));
    let store = store();
    let before = store.last_change().expect("it can be read");
    let customer = CustomerId::from(uuid::Uuid::from_u128(0xabc));
    let set = store.write(|tx| {
        tx.add_key(ManagedEntity::Customer, key, KeyKind::Enforced)?;
        tx.set_values(customer, [(key, value)])
    });
    match set {
        Ok(_) => {
            assert_eq!(store.value(customer, key).expect("it was set").as_deref(), Some(value));
            assert_eq!(store.find(key, value).expect("it was set"), Some(customer));
            assert_eq!(
                store.find_ref(ManagedEntity::Customer, key, value).expect("set").map(|it| it.id),
                Some(customer.uuid())
            );
            assert_whole(&store, None);
        }
        Err(Error::Refused(faults)) => {
            assert!(!faults.is_empty());
            assert_whole(&store, Some(before));
        }
        Err(other) => panic!("{other}"),
    }
}

/// A store's bytes, of which some are others: the first four of the data say where.
fn damaged(data: &[u8]) -> Option<Vec<u8>> {
    let (place, rest) = data.split_first_chunk::<4>()?;
    let mut bytes = Bytes::of_a_store().clone();
    let place = u32::from_le_bytes(*place) as usize % bytes.len();
    for (byte, other) in bytes[place..].iter_mut().zip(rest) {
        *byte = *other;
    }
    Some(bytes)
}

/// A damaged file, of which what is left is read.
pub fn salvaged(data: &[u8]) {
    let Some(bytes) = damaged(data) else { return };
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &bytes).expect("it can be written");
    let Ok(salvaged) = Store::salvage(file.path()) else { return };
    let (store, mut missing) = (salvaged.store, 0);
    for number in 1..=STORED {
        let id = CustomerId::from(uuid::Uuid::from_u128(number));
        match store.find::<CustomerId>("slot", &value(number)) {
            Ok(Some(found)) => assert_eq!(found, id, "a wrong holder was found"),
            // Of a lost key the values are left, under another name.
            Ok(None) | Err(Error::Refused(_)) => missing += 1,
            Err(error) => panic!("{error}"),
        }
        if store.exists(id).expect("it is in memory") {
            let values = store.values(id).expect("it is in memory");
            assert!(values.iter().all(|(_, held)| *held == value(number)), "a wrong value was read");
        }
    }
    assert!(missing == 0 || !salvaged.lost.is_empty(), "{missing} are missing, and nobody says so");
    assert_whole(&store, None);
}

/// A damaged file, in use.
pub fn stored(data: &[u8]) {
    let Some(bytes) = damaged(data) else { return };
    let open = || StoreOptions::new().on_backend(Bytes(Arc::new(Mutex::new(bytes.clone()))));
    let Ok(store) = open() else { return };
    let _ = store.verify();
    drop(store);
    for number in 1..=STORED {
        let Ok(store) = open() else { return };
        let id = CustomerId::from(uuid::Uuid::from_u128(number));
        if let Ok(true) = store.exists(id)
            && let Ok(values) = store.values(id)
        {
            assert_eq!(values.get("slot"), Some(&value(number)), "a wrong value was read");
        }
        if let Ok(Some(found)) = store.find::<CustomerId>("slot", &value(number)) {
            assert_eq!(found, id, "a wrong holder was found");
        }
    }
    if let Ok(store) = StoreOptions::new().verify_on_open(true).on_backend(Bytes(Arc::new(Mutex::new(bytes))))
    {
        for number in 1..=STORED {
            let id = CustomerId::from(uuid::Uuid::from_u128(number));
            assert_eq!(store.find("slot", &value(number)).ok().flatten(), Some(id), "it was let in");
        }
    }
}

/// How many customers the store has whose bytes are changed.
const STORED: u128 = 8;

fn value(number: u128) -> String {
    format!("the value of customer {number}")
}

/// A disk in memory.
#[derive(Clone)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    /// What a small store consists of.
    fn of_a_store() -> &'static Vec<u8> {
        static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
        BYTES.get_or_init(|| {
            let bytes = Self(Arc::default());
            let store =
                StoreOptions::new().adopt_unknown(true).on_backend(bytes.clone()).expect("a new store");
            store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).expect("a new key");
            for number in 1..=STORED {
                let id = CustomerId::from(uuid::Uuid::from_u128(number));
                store.set_values(id, [("slot", value(number))]).expect("a free value");
            }
            store.compact().expect("nobody reads");
            store.close().expect("it is open");
            bytes.held().clone()
        })
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().expect("nobody panics with it")
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.held().len())
    }
}

/// A place in the bytes, as far as there are any.
fn within(len: usize, offset: u64, wanted: usize) -> IoResult<std::ops::Range<usize>> {
    let start = usize::try_from(offset).map_err(IoError::other)?;
    let end = start.checked_add(wanted).filter(|end| *end <= len);
    end.map(|end| start..end).ok_or_else(|| IoError::from(IoErrorKind::UnexpectedEof))
}

impl Backend for Bytes {
    fn len(&self) -> IoResult<u64> {
        Ok(self.held().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> IoResult<()> {
        let held = self.held();
        out.copy_from_slice(&held[within(held.len(), offset, out.len())?]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> IoResult<()> {
        // As a disk that is full: a damaged file may ask for any length.
        let len = usize::try_from(len).ok().filter(|len| *len <= 64 << 20);
        self.held().resize(len.ok_or_else(|| IoError::from(IoErrorKind::StorageFull))?, 0);
        Ok(())
    }

    fn sync(&self) -> IoResult<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> IoResult<()> {
        let mut held = self.held();
        let place = within(held.len(), offset, data.len())?;
        held[place].copy_from_slice(data);
        Ok(())
    }
}
