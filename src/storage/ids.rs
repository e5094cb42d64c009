//! Ids of the store's own.

use parking_lot::Mutex;
use uuid::{ContextV7, Timestamp, Uuid};

use crate::model::scalar::Time;

/// Where new ids come from. Each is later in order than the one before, which keeps the trees dense.
#[derive(Debug)]
pub enum Ids {
    /// Version 7; the context keeps the order where the clock stands still or goes back.
    Timed(Mutex<ContextV7>),
    /// 1, 2, 3 in the form of version 7, the same in every run.
    Counted(Mutex<u64>),
}

impl Ids {
    /// Version 7 ids, all later than `floor`.
    pub fn timed(floor: Time) -> Self {
        let context = ContextV7::new();
        let _ = timestamp(&context, floor);
        Self::Timed(Mutex::new(context))
    }

    /// Counted ids, from the one after `floor`.
    pub const fn counted(floor: u64) -> Self {
        Self::Counted(Mutex::new(floor))
    }

    pub fn next(&self, now: Time) -> Uuid {
        match self {
            Self::Timed(context) => Uuid::new_v7(timestamp(&context.lock(), now)),
            Self::Counted(count) => {
                let mut count = count.lock();
                *count = count.saturating_add(1);
                Self::numbered(*count)
            }
        }
    }

    /// The counted id of that number.
    pub fn numbered(number: u64) -> Uuid {
        const VERSION_7: u128 = 0x7000 << 64;
        const VARIANT: u128 = 0x8000_0000_0000_0000;
        Uuid::from_u128(VERSION_7 | VARIANT | u128::from(number))
    }
}

fn timestamp(context: &ContextV7, now: Time) -> Timestamp {
    let (seconds, nanoseconds) = now.unix();
    // A version 7 id cannot say a time before 1970; the context's counter still keeps the order.
    Timestamp::from_unix(context, seconds.try_into().unwrap_or(0), nanoseconds.try_into().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ids_go_up_though_the_clock_goes_back() {
        let late = Time::UNIX_EPOCH.after(Duration::from_secs(2_000_000_000));
        for ids in [Ids::timed(late), Ids::counted(7)] {
            let mut last = Uuid::nil();
            for back in 0..2_000 {
                let now = Time::UNIX_EPOCH.after(Duration::from_secs(2_000_000_000 - back));
                let id = ids.next(now);
                assert!(id > last && id.get_version_num() == 7, "{id} after {last}");
                last = id;
            }
        }
    }
}
