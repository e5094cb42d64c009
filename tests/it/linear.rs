//! Small histories of callers at the same time: there is an order in which one caller alone could have had all of the same
//! answers, and in it no call comes before one that had returned when it began.

use std::collections::{BTreeMap, HashSet};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

use billfold::NamesInMemory;
use billfold::prelude::*;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::customer;

const CUSTOMERS: u128 = 3;
const VALUES: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    /// Gives a value, which nobody else may hold.
    Set(u128, &'static str),
    /// Gives a value, whoever holds it.
    Take(u128, &'static str),
    Delete(u128),
    /// Lets two customers exchange what they hold.
    Swap(u128, u128),
    Find(&'static str),
    Value(u128),
    /// All values at one moment.
    All,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Done,
    Taken(u128),
    Holder(Option<u128>),
    Value(Option<String>),
    All(State),
}

/// Who holds what.
type State = BTreeMap<u128, String>;

#[derive(Debug, Clone)]
struct Event {
    call: Call,
    answer: Answer,
    began: u64,
    ended: u64,
}

fn calls() -> impl Strategy<Value = Call> {
    let (who, what) = (1..=CUSTOMERS, select(&VALUES[..]));
    prop_oneof![
        3 => (who.clone(), what.clone()).prop_map(|(who, what)| Call::Set(who, what)),
        2 => (who.clone(), what.clone()).prop_map(|(who, what)| Call::Take(who, what)),
        1 => who.clone().prop_map(Call::Delete),
        1 => (who.clone(), who.clone()).prop_map(|(one, other)| Call::Swap(one, other)),
        3 => what.prop_map(Call::Find),
        2 => who.prop_map(Call::Value),
        1 => Just(Call::All),
    ]
}

/// What one caller alone is answered, and what is there afterwards.
fn alone(state: &State, call: Call) -> (Answer, State) {
    let mut after = state.clone();
    let holder = |value: &str| state.iter().find(|(_, held)| *held == value).map(|(who, _)| *who);
    let answer = match call {
        Call::Set(who, value) => match holder(value).filter(|holder| *holder != who) {
            Some(holder) => Answer::Taken(holder),
            None => {
                after.insert(who, value.to_owned());
                Answer::Done
            }
        },
        Call::Take(who, value) => {
            holder(value).map(|holder| after.remove(&holder));
            after.insert(who, value.to_owned());
            Answer::Done
        }
        Call::Delete(who) => {
            after.remove(&who);
            Answer::Done
        }
        Call::Swap(one, other) => {
            let held = [one, other].map(|who| after.remove(&who));
            for (who, held) in [other, one].into_iter().zip(held) {
                held.map(|held| after.insert(who, held));
            }
            Answer::Done
        }
        Call::Find(value) => Answer::Holder(holder(value)),
        Call::Value(who) => Answer::Value(state.get(&who).cloned()),
        Call::All => Answer::All(state.clone()),
    };
    (answer, after)
}

fn asked(store: &Store, call: Call) -> Answer {
    match call {
        Call::Set(who, value) => match store.set_values(customer(who), [("slot", value)]) {
            Ok(_) => Answer::Done,
            Err(Error::Refused(faults)) => match &faults[..] {
                [Fault::ValueTaken { holder, .. }] => Answer::Taken(holder.as_u128()),
                other => panic!("{other:?}"),
            },
            Err(other) => panic!("{other:?}"),
        },
        Call::Take(who, value) => {
            store.take_value(customer(who), "slot", value).unwrap();
            Answer::Done
        }
        Call::Delete(who) => {
            store.delete_values(customer(who), ["slot"]).unwrap();
            Answer::Done
        }
        Call::Swap(one, other) => {
            store.write(|tx| swapped(tx, one, other)).unwrap();
            Answer::Done
        }
        Call::Find(value) => {
            let found: Option<CustomerId> = store.find("slot", value).unwrap();
            Answer::Holder(found.map(|found| found.uuid().as_u128()))
        }
        Call::Value(who) => Answer::Value(store.value(customer(who), "slot").unwrap()),
        Call::All => {
            let snapshot = store.snapshot().unwrap();
            let of = |who| Some((who, snapshot.value(customer(who), "slot").unwrap()?));
            Answer::All((1..=CUSTOMERS).filter_map(of).collect())
        }
    }
}

fn swapped(tx: &Transaction<'_>, one: u128, other: u128) -> Result<(), Error> {
    let held = [tx.value(customer(one), "slot")?, tx.value(customer(other), "slot")?];
    for who in [one, other] {
        tx.delete_values(customer(who), ["slot"])?;
    }
    for (who, held) in [other, one].into_iter().zip(held) {
        if let Some(held) = held {
            tx.set_values(customer(who), [("slot", held)])?;
        }
    }
    Ok(())
}

/// Whether the events that are left can come one behind the other, from this state on. What was tried in vain is not tried
/// again.
fn fits(events: &[Event], left: u64, state: &State, tried: &mut HashSet<(u64, State)>) -> bool {
    if left == 0 {
        return true;
    }
    if !tried.insert((left, state.clone())) {
        return false;
    }
    let of = || (0..events.len()).filter(|number| left & (1 << number) != 0);
    let first_end = of().map(|number| events[number].ended).min().unwrap();
    // Whatever began behind the end of another cannot be the next.
    of().filter(|number| events[*number].began < first_end).any(|number| {
        let (answer, after) = alone(state, events[number].call);
        answer == events[number].answer && fits(events, left & !(1 << number), &after, tried)
    })
}

fn history(store: &Store, callers: &[Vec<Call>]) -> Vec<Event> {
    let (clock, start) = (AtomicU64::new(0), Barrier::new(callers.len()));
    let tick = || clock.fetch_add(1, Ordering::SeqCst);
    std::thread::scope(|scope| {
        let run = |calls: &[Call]| {
            start.wait();
            let one = |call: &Call| {
                let began = tick();
                let answer = asked(store, *call);
                Event { call: *call, answer, began, ended: tick() }
            };
            calls.iter().map(one).collect::<Vec<_>>()
        };
        let callers: Vec<_> = callers.iter().map(|calls| scope.spawn(move || run(calls))).collect();
        callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn what_callers_are_answered_at_the_same_time_fits_some_order(
        callers in proptest::collection::vec(proptest::collection::vec(calls(), 1..9), 2..5),
        in_memory in any::<bool>(),
    ) {
        let names = if in_memory { NamesInMemory::default() } else { NamesInMemory::Off };
        let store = StoreOptions::new().adopt_unknown(true).names_in_memory(names).in_memory().unwrap();
        store.add_key(ManagedEntity::Customer, "slot", KeyKind::Enforced).unwrap();
        for who in 1..=CUSTOMERS {
            store.adopt(customer(who)).unwrap();
        }
        let events = history(&store, &callers);
        let all = (1 << events.len()) - 1;
        prop_assert!(fits(&events, all, &State::new(), &mut HashSet::new()), "no order fits: {events:#?}");
    }
}

#[test]
fn an_order_that_could_not_be_is_found_out() {
    let event = |call, answer, began, ended| Event { call, answer, began, ended };
    let set = event(Call::Set(1, "a"), Answer::Done, 0, 1);
    let seen = |began, ended, holder| event(Call::Find("a"), Answer::Holder(holder), began, ended);
    let fits_alone =
        |events: &[Event]| fits(events, (1 << events.len()) - 1, &State::new(), &mut HashSet::new());
    assert!(fits_alone(&[set.clone(), seen(2, 3, Some(1))]));
    assert!(!fits_alone(&[set.clone(), seen(2, 3, None)]), "it had returned");
    assert!(!fits_alone(&[set.clone(), seen(2, 3, Some(1)), event(Call::Set(2, "a"), Answer::Done, 4, 5)]));
    let long = event(Call::Set(1, "a"), Answer::Done, 0, 9);
    assert!(fits_alone(&[long.clone(), seen(1, 2, None), seen(3, 4, Some(1))]));
    assert!(!fits_alone(&[long, seen(1, 2, Some(1)), seen(3, 4, None)]), "it was seen and then not");
}
