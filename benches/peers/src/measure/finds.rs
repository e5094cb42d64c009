//! Finds and reads of values.

use std::hint::black_box;
use std::sync::{Barrier, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};

use super::{Figures, nanos, sets};
use crate::plan::{Accounts, Plan, account, scattered};
use crate::systems::{Reader, System};

/// So many finds are timed as one. What they look for is made before, while no clock runs.
const BATCH: usize = 4_096;
/// So many values are made for each thread, one of two.
const OF_A_THREAD: usize = 500_000;

/// Nanoseconds that a find takes, of values that there are or that there are not.
pub fn of<S: System>(system: &S, plan: Plan, hit: bool, time: Duration, seed: u64) -> Result<f64> {
    let mut next = plan.walk(seed);
    let offset = if hit { 0 } else { plan.n };
    let mut wanted = Accounts::default();
    timed(system, time, |reader| {
        wanted.fill((0..BATCH).map(|_| offset + next()));
        let mut hits = 0;
        let start = Instant::now();
        for account in wanted.iter() {
            hits += usize::from(black_box(reader.find(account)?).is_some());
        }
        let taken = start.elapsed();
        ensure!(hits == if hit { BATCH } else { 0 }, "{hits} hits of {BATCH}");
        Ok(taken)
    })
}

/// Nanoseconds that reading all values of a customer takes.
pub fn values<S: System>(system: &S, plan: Plan, time: Duration, seed: u64) -> Result<f64> {
    let mut next = plan.walk(seed);
    let mut wanted = Vec::new();
    timed(system, time, |reader| {
        wanted.clear();
        wanted.extend((0..BATCH).map(|_| plan.id(next())));
        let mut read = 0;
        let start = Instant::now();
        for id in &wanted {
            read += black_box(reader.values(*id)?).map_or(0, |values| values.len());
        }
        let taken = start.elapsed();
        ensure!(read == 4 * BATCH, "{read} values of {BATCH} customers");
        Ok(taken)
    })
}

/// Runs batches until they have taken so long; nanoseconds for each call in them.
fn timed<S: System>(
    system: &S,
    time: Duration,
    mut batch: impl FnMut(&mut S::Reader<'_>) -> Result<Duration>,
) -> Result<f64> {
    system.read(|reader| {
        let (mut taken, mut calls) = (Duration::ZERO, 0.0);
        while taken < time {
            taken += batch(reader)?;
            calls += BATCH as f64;
        }
        Ok(nanos(taken) / calls)
    })
}

/// Nanoseconds of a find right after another thread has set the value and returned: the middle one of many.
pub fn fresh<S: System>(system: &S, plan: Plan, time: Duration, seed: u64) -> Result<f64> {
    // No two orders give the same values, and none is one that was loaded.
    let fresh = |step: u64| account((1 << 63) + (seed << 32) + step);
    let (ask, asked) = mpsc::channel::<u64>();
    let (tell, told) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut next = plan.walk(seed);
            for step in asked {
                // The first customer keeps the value that is looked for after opening.
                let id = plan.id(1 + next() % (plan.n - 1));
                let written = system.set_account(id, &fresh(step)).map(|()| id);
                if tell.send(written).is_err() {
                    return;
                }
            }
        });
        system.read(|reader| {
            let mut taken = Vec::new();
            let begin = Instant::now();
            while begin.elapsed() < time || taken.len() < 10 {
                let step = taken.len() as u64;
                let account = fresh(step);
                ask.send(step).ok().context("nobody writes")?;
                let id = told.recv()??;
                let start = Instant::now();
                reader.renew()?;
                let found = reader.find(&account)?;
                taken.push(nanos(start.elapsed()));
                ensure!(found == Some(id), "{account} is of {id}, and {found:?} was found");
            }
            drop(ask);
            Ok(sets::percentile(&mut taken, 50))
        })
    })
}

/// What two threads find at once, and what an empty loop gains from the second one.
pub fn of_two_threads<S: System>(system: &S, plan: Plan, time: Duration, seed: u64) -> Result<Figures> {
    let wanted = [seed, !seed].map(|seed| {
        let mut next = plan.walk(seed);
        let mut wanted = Accounts::default();
        wanted.fill((0..OF_A_THREAD).map(|_| next()));
        wanted
    });
    let [first, _] = &wanted;
    let find = |wanted: &Accounts, barrier: &Barrier| {
        system.read(|reader| rate(wanted, barrier, time, |account| Ok(reader.find(account)?.is_some())))
    };
    let spin = |wanted: &Accounts, barrier: &Barrier| {
        rate(wanted, barrier, time, |account| {
            let turns = 0..32;
            Ok(turns.fold(account.len() as u64, |number, _| black_box(scattered(number))) != 0)
        })
    };
    let alone = Barrier::new(1);
    let loop_gain = together(&wanted, spin)? / spin(first, &alone)?;
    let finds = together(&wanted, find)?;
    let find_gain = finds / find(first, &alone)?;
    Ok(vec![
        ("find_hit_2_threads", (1e9 / finds).into()),
        ("find_gain", find_gain.into()),
        ("loop_gain", loop_gain.into()),
        ("gain_kept", (find_gain / loop_gain).into()),
    ])
}

/// Calls a second of all threads.
fn together(wanted: &[Accounts], run: impl Fn(&Accounts, &Barrier) -> Result<f64> + Sync) -> Result<f64> {
    let barrier = Barrier::new(wanted.len());
    let (run, barrier) = (&run, &barrier);
    std::thread::scope(|scope| {
        let threads: Vec<_> = wanted.iter().map(|wanted| scope.spawn(move || run(wanted, barrier))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?).sum()
    })
}

/// Calls a second of one thread, from when all have come to the barrier.
fn rate(
    wanted: &Accounts,
    barrier: &Barrier,
    time: Duration,
    mut call: impl FnMut(&str) -> Result<bool>,
) -> Result<f64> {
    barrier.wait();
    let start = Instant::now();
    let mut calls = 0_u32;
    for account in std::iter::repeat_with(|| wanted.iter()).flatten() {
        ensure!(black_box(call(account)?), "{account} is not found");
        calls += 1;
        if calls.is_multiple_of(1_024) && start.elapsed() >= time {
            break;
        }
    }
    Ok(f64::from(calls) / start.elapsed().as_secs_f64())
}
