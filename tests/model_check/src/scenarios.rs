//! Who meets whom. Each is run in every order, from its beginning.

use std::sync::{Arc, LazyLock};

use loom::thread;
use uuid::Uuid;

use crate::storage::locks::thread::join_all;
use crate::storage::store::{Answers, Change, Store, neighbours};
use crate::storage::tables::TableId;

/// A scenario: its name, how many times at most a thread is stopped in the middle to let another go on (`None` for any
/// number), and what happens.
type Scenario = (&'static str, Option<usize>, fn(&Answers));

pub const ALL: [Scenario; 15] = [
    ("a name is taken over beside a reader", Some(2), |answers| {
        changed(answers, Some(ONE), &[(0, Some(OTHER))])
    }),
    ("a name comes in beside a reader", Some(2), |answers| changed(answers, None, &[(0, Some(ONE))])),
    ("a name goes beside a reader", Some(2), |answers| changed(answers, Some(ONE), &[(0, None)])),
    ("a name is changed twice in a commit", Some(2), |answers| {
        changed(answers, Some(ONE), &[(0, None), (0, Some(OTHER))]);
    }),
    ("two names are swapped beside a reader", Some(2), swapped),
    ("two commits beside a reader", Some(2), two_commits),
    ("a reader with an older view", Some(2), older_view),
    ("names move for room beside a reader", Some(2), moved),
    ("memory runs out in a commit beside a reader", Some(2), without_memory),
    ("a fill beside a commit that changes the name", Some(2), filled),
    ("a fill, a commit and a reader", Some(1), filled_beside_a_reader),
    ("a fill beside names that move for room", Some(2), filled_and_moved),
    ("a row is changed beside a reader", Some(2), row_changed),
    ("a fill of rows beside a commit that changes them", Some(2), rows_filled),
    ("memory for rows runs out in a commit beside a reader", Some(2), rows_without_memory),
];

const ONE: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);
const ENOUGH: usize = 1 << 30;

/// Names that stand in one part.
static NAMES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| neighbours(20));

/// The bytes of a line, in which there is room for the rows of four names.
const LINE: usize = 64;

/// The bytes of a part with so many groups of slots, as in the library's `part.rs`.
const fn part(groups: usize) -> usize {
    (groups * 8 + groups.div_ceil(8) + groups.div_ceil(16)) * LINE
}

fn name(number: usize) -> &'static [u8] {
    &NAMES[number]
}

fn changes(changes: &[(usize, Option<Uuid>)]) -> Vec<Change<'static>> {
    changes.iter().map(|(number, holder)| (name(*number), *holder)).collect()
}

/// So many names behind the first ones, which is as many as there is room for in their part.
fn crowd() -> Vec<Change<'static>> {
    (1..13).map(|number| (name(number), Some(ONE))).collect()
}

/// Somebody who asks the newest view for a name, beside the rest.
fn reader(store: &Arc<Store>, answers: &Answers, number: usize) -> thread::JoinHandle<()> {
    let (store, answers) = (Arc::clone(store), answers.clone());
    thread::spawn(move || {
        let view = store.view();
        answers.ask(&view, name(number));
    })
}

fn changed(answers: &Answers, before: Option<Uuid>, commit: &[(usize, Option<Uuid>)]) {
    let store = Store::made(ENOUGH, &changes(&[(0, before)]));
    let reader = reader(&store, answers, 0);
    store.commit(&changes(commit));
    reader.join().unwrap();
    answers.ask_at_rest(&store.view(), name(0));
}

fn swapped(answers: &Answers) {
    let store = Store::made(ENOUGH, &changes(&[(0, Some(ONE)), (1, Some(OTHER))]));
    let reader = reader(&store, answers, 1);
    store.commit(&changes(&[(0, None), (1, None), (0, Some(OTHER)), (1, Some(ONE))]));
    answers.ask(&store.view(), name(0));
    reader.join().unwrap();
    (0..2).for_each(|number| answers.ask_at_rest(&store.view(), name(number)));
}

fn two_commits(answers: &Answers) {
    let store = Store::made(ENOUGH, &changes(&[(0, Some(ONE))]));
    let reader = reader(&store, answers, 0);
    store.commit(&changes(&[(0, None)]));
    store.commit(&changes(&[(0, Some(OTHER))]));
    reader.join().unwrap();
    answers.ask_at_rest(&store.view(), name(0));
}

/// A snapshot: the index is of use to it while it is the published view, and says nothing afterwards.
fn older_view(answers: &Answers) {
    let store = Store::made(ENOUGH, &changes(&[(0, Some(ONE))]));
    let snapshot = store.view();
    let theirs = answers.clone();
    let reader = thread::spawn(move || {
        theirs.ask(&snapshot, name(0));
        theirs.ask(&snapshot, name(0));
    });
    store.commit(&changes(&[(0, Some(OTHER))]));
    reader.join().unwrap();
    answers.ask_at_rest(&store.view(), name(0));
}

fn moved(answers: &Answers) {
    let store = Store::made(ENOUGH, &crowd());
    let reader = reader(&store, answers, 0);
    let before = store.bytes();
    // The first has no room, and the second stands where the names move from.
    store.commit(&changes(&[(0, Some(ONE)), (1, Some(OTHER))]));
    assert!(store.bytes() > before, "they have not moved");
    answers.ask(&store.view(), name(1));
    reader.join().unwrap();
    (0..2).for_each(|number| answers.ask_at_rest(&store.view(), name(number)));
}

/// There is memory for the names of a part, and not for them to move.
fn without_memory(answers: &Answers) {
    let store = Store::made(part(2), &crowd());
    let reader = reader(&store, answers, 0);
    store.commit(&changes(&[(0, Some(ONE)), (1, Some(OTHER))]));
    let view = store.view();
    answers.ask(&view, name(0));
    reader.join().unwrap();
    answers.ask_at_rest(&view, name(1));
    answers.ask_at_rest(&view, name(2));
}

/// A store that was just opened, of which enough was asked.
fn asked(bytes: usize, table: TableId, names: &[Change<'_>]) -> Arc<Store> {
    let store = Store::opened(bytes, table, names);
    store.ask_often();
    store
}

/// The parts have a group each.
fn filled(answers: &Answers) {
    let store = asked(16 * part(1), TableId::Alias, &changes(&[(0, Some(ONE)), (1, Some(ONE))]));
    store.commit(&changes(&[(0, None), (2, Some(OTHER))]));
    answers.ask(&store.view(), name(0));
    join_all();
    (0..4).for_each(|number| answers.ask_at_rest(&store.view(), name(number)));
}

fn filled_beside_a_reader(answers: &Answers) {
    let store = asked(16 * part(1), TableId::Alias, &changes(&[(0, Some(ONE))]));
    let reader = reader(&store, answers, 0);
    store.commit(&changes(&[(0, Some(OTHER))]));
    reader.join().unwrap();
    join_all();
    answers.ask_at_rest(&store.view(), name(0));
}

/// As many come in as there is no room for in a group, and there is memory for one part to grow.
fn filled_and_moved(answers: &Answers) {
    let store = asked(16 * part(1) + part(3), TableId::Alias, &changes(&[(0, Some(ONE))]));
    let crowd: Vec<_> = (1..8).map(|number| (name(number), Some(ONE))).collect();
    store.commit(&crowd);
    answers.ask(&store.view(), name(0));
    join_all();
    answers.ask_at_rest(&store.view(), name(0));
}

/// A store whose rows are in memory, as many as there is room for.
fn of_rows(bytes: usize, names: &[Change<'_>]) -> Arc<Store> {
    let store = asked(bytes, TableId::Values, names);
    join_all();
    store
}

fn row_changed(answers: &Answers) {
    let store = of_rows(ENOUGH, &changes(&[(0, Some(ONE))]));
    let reader = reader(&store, answers, 0);
    store.commit(&changes(&[(0, Some(OTHER))]));
    reader.join().unwrap();
    answers.ask_at_rest(&store.view(), name(0));
}

fn rows_filled(answers: &Answers) {
    let store = asked(ENOUGH, TableId::Values, &changes(&[(0, Some(ONE)), (1, Some(ONE))]));
    store.commit(&changes(&[(0, Some(OTHER)), (1, None)]));
    answers.ask(&store.view(), name(0));
    join_all();
    (0..2).for_each(|number| answers.ask_at_rest(&store.view(), name(number)));
}

/// There is memory for four rows, of which three are there: of what is changed only one has room, and the view is asked
/// for the other.
fn rows_without_memory(answers: &Answers) {
    let rows = [(0, Some(ONE)), (1, Some(ONE)), (2, Some(ONE))];
    let store = of_rows(16 * part(1) + LINE, &changes(&rows));
    let reader = reader(&store, answers, 0);
    store.commit(&changes(&[(0, Some(OTHER)), (1, Some(OTHER))]));
    reader.join().unwrap();
    for number in 0..2 {
        answers.ask(&store.view(), name(number));
    }
    answers.ask_at_rest(&store.view(), name(2));
}
