//! Forks of a store of billfold's that is in memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::Result;
use billfold::prelude::*;

use super::Setup;
use super::billfold::{fill, options};

pub struct Forks(Fixture);

impl Forks {
    pub fn make(setup: &Setup) -> Result<Self> {
        let clock = SetClock::default();
        clock.set(Time::UNIX_EPOCH);
        let made =
            Fixture::make_with(options(setup), &clock, |store| fill(store, false, &mut setup.plan.rows()))?;
        Ok(Self(made))
    }

    /// Nanoseconds that making a fork and dropping it takes.
    pub fn sample(&self, time: Duration) -> Result<f64> {
        let start = Instant::now();
        let mut made = 0.0;
        while start.elapsed() < time {
            drop(black_box(self.0.fork()?));
            made += 1.0;
        }
        Ok(start.elapsed().as_secs_f64() * 1e9 / made)
    }
}
