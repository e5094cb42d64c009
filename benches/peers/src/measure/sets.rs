//! Sets that are on disk when they return.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use super::{Figures, nanos};
use crate::plan::{Plan, other_fields};
use crate::systems::{Setup, System};
use crate::task::Sample;

/// The work of so many callers.
pub const fn name(callers: u64) -> Option<&'static str> {
    match callers {
        1 => Some("durable_set_1"),
        4 => Some("durable_set_4"),
        16 => Some("durable_set_16"),
        64 => Some("durable_set_64"),
        _ => None,
    }
}

/// Nanoseconds a set, and the latencies of single ones, while so many callers set at once.
pub fn of_callers<S: System>(
    system: &S,
    plan: Plan,
    callers: u64,
    time: Duration,
    seed: u64,
) -> Result<Sample> {
    let barrier = &Barrier::new(usize::try_from(callers)? + 1);
    let call = |caller: u64| {
        let mut latencies = Vec::new();
        let mut set = setter(system, plan, seed, caller);
        barrier.wait();
        let start = Instant::now();
        while start.elapsed() < time {
            latencies.push(set()?);
        }
        Ok(latencies)
    };
    let call = &call;
    let (taken, mut latencies) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..callers).map(|caller| scope.spawn(move || call(caller))).collect();
        barrier.wait();
        let start = Instant::now();
        let mut latencies = Vec::new();
        for thread in threads {
            let of_thread: Result<Vec<f64>> = thread.join().map_err(|_| anyhow!("a caller panicked"))?;
            latencies.extend(of_thread?);
        }
        Ok::<_, anyhow::Error>((start.elapsed(), latencies))
    })?;
    Ok(Sample {
        value: nanos(taken) / latencies.len() as f64,
        p50: Some(percentile(&mut latencies, 50)),
        p99: Some(percentile(&mut latencies, 99)),
    })
}

/// Sets values of one customer after another; nanoseconds that each took.
fn setter<S: System>(system: &S, plan: Plan, seed: u64, caller: u64) -> impl FnMut() -> Result<f64> {
    let mut next = plan.walk(seed.wrapping_add(caller << 32));
    let mut step = seed << 20;
    move || {
        step += 1;
        let (id, fields) = (plan.id(next()), other_fields(caller, step));
        let start = Instant::now();
        system.set(id, &fields)?;
        Ok(nanos(start.elapsed()))
    }
}

/// Sets values with four callers until the process is killed.
pub fn without_end<S: System>(system: &S, plan: Plan, seed: u64) -> Result<Figures> {
    of_callers(system, plan, 4, Duration::MAX, seed)?;
    Ok(Figures::new())
}

/// 100,000 updates in transactions of 1,000.
pub fn update<S: System>(system: &S, plan: Plan, seed: u64) -> Result<()> {
    let mut next = plan.walk(seed);
    for transaction in 0..100 {
        // No customer twice in one transaction.
        let ids: std::collections::BTreeSet<_> =
            std::iter::repeat_with(|| plan.id(next())).take(1_000).collect();
        let sets: Vec<_> =
            ids.into_iter().zip(0..).map(|(id, step)| (id, other_fields(transaction, step))).collect();
        system.set_many(&sets)?;
    }
    Ok(())
}

/// How many pages a set writes, where they can be counted.
pub fn pages<S: System>(setup: &Setup, seed: u64) -> Result<Option<f64>> {
    const SETS: u32 = 200;
    let pages = Arc::new(AtomicU64::new(0));
    let Some(system) = S::open_counted(setup, &pages)? else { return Ok(None) };
    let mut set = setter(&system, setup.plan, seed, 0);
    // The first one also marks the file as open.
    set()?;
    let before = pages.load(Ordering::Relaxed);
    for _ in 0..SETS {
        set()?;
    }
    let written = pages.load(Ordering::Relaxed) - before;
    drop(set);
    system.close()?;
    Ok(Some(written as f64 / f64::from(SETS)))
}

/// The value that so many of a hundred do not exceed.
pub fn percentile(values: &mut [f64], hundredths: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = values.len().saturating_sub(1) * hundredths / 100;
    values.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let mut values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert_eq!([0, 50, 99, 100].map(|part| percentile(&mut values, part)), [0.0, 50.0, 99.0, 100.0]);
        assert_eq!(percentile(&mut [7.0], 99), 7.0);
        assert!(percentile(&mut [], 50).is_nan());
    }
}
