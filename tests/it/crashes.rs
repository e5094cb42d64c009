//! The power goes behind every step of a store's life: what had returned is there, nothing is there by half, and all of it
//! agrees.

use billfold::prelude::*;

use crate::support::chance::{chances, seed};
use crate::support::disk::Disk;
use crate::support::tape::{Kept, Player, Tape};
use crate::support::whole;
use crate::support::workload::{CALLS, options, state};

/// How often the whole sweep is made, with other chances each time, and with every kind of crash behind each step; in turn
/// behind one step each where it is not set.
const VARIABLE: &str = "BILLFOLD_CRASH_SWEEPS";

/// A state that the store was in, and at which step of the tape the call returned that led there.
struct Acknowledged {
    by: &'static str,
    at: usize,
    state: (u64, String),
    /// Whether it is on disk when it returns.
    is_durable: bool,
}

/// A life on tape.
fn recorded(options: &StoreOptions, is_durable: impl Fn(&str) -> bool) -> (Tape, Vec<Acknowledged>) {
    let tape = Tape::default();
    let store = options.clone().on_backend(tape.clone()).unwrap();
    let mut states =
        vec![Acknowledged { by: "making it", at: tape.len(), state: state(&store), is_durable: true }];
    for (by, call) in CALLS {
        call(&store).unwrap();
        states.push(Acknowledged { by, at: tape.len(), state: state(&store), is_durable: is_durable(by) });
    }
    store.close().unwrap();
    let last = state(&options.clone().on_backend(Disk::of(played(&tape))).unwrap());
    states.push(Acknowledged { by: "closing", at: tape.len(), state: last, is_durable: true });
    (tape, states)
}

fn played(tape: &Tape) -> Vec<u8> {
    let mut player = Player::of(tape);
    while player.step() {}
    player.image(Kept::All, &mut chances(0)).bytes()
}

/// Opens what a crash left, and looks whether it is one of the states that it may be.
fn reopened(image: &Disk, options: &StoreOptions, states: &[Acknowledged], at: usize, how: &str) {
    let store = options.clone().on_backend(image.clone()).unwrap_or_else(|error| panic!("{how}: {error}"));
    whole(&store);
    let found = state(&store);
    let returned = states.partition_point(|state| state.at <= at);
    let first = states[..returned].iter().rposition(|state| state.is_durable).unwrap_or(0);
    let may_be = &states[first..states.len().min(returned + 1)];
    let by: Vec<_> = may_be.iter().map(|state| state.by).collect();
    assert!(
        may_be.iter().any(|state| state.state == found),
        "{how}: change {}, and not one of {by:?}",
        found.0
    );
    // It goes on from there.
    store.adopt(CustomerId::from(uuid::Uuid::from_u128(0xabc))).unwrap();
    store.close().unwrap();
}

fn swept(options: &StoreOptions, is_durable: impl Fn(&str) -> bool) {
    let (tape, states) = recorded(options, is_durable);
    let sweeps = std::env::var(VARIABLE).ok().map(|sweeps| sweeps.parse::<usize>().unwrap());
    let mut images = 0;
    for seed in (seed()..).take(sweeps.unwrap_or(1)) {
        let mut chance = chances(seed);
        let mut player = Player::of(&tape);
        loop {
            let kinds = Kept::ALL.iter().enumerate();
            for (_, kept) in
                kinds.filter(|(kind, _)| sweeps.is_some() || player.at() % Kept::ALL.len() == *kind)
            {
                let how = format!("seed {seed}, {kept:?} behind step {} of {}", player.at(), tape.len());
                reopened(&player.image(*kept, &mut chance), options, &states, player.at(), &how);
                images += 1;
            }
            if !player.step() {
                break;
            }
        }
    }
    println!("{images} crash images tried, behind {} steps", tape.len());
    assert!(images > tape.len() && images > 150, "only {images} images");
}

#[test]
fn after_a_crash_all_that_returned_is_there_and_nothing_by_half() {
    swept(&options(), |_| true);
}

#[test]
fn without_a_sync_for_each_commit_a_crash_goes_back_to_one_moment_behind_the_last_flush() {
    let options = options().durability(Durability::OnFlush);
    swept(&options, |by| ["a flush", "compacting"].contains(&by));
}
