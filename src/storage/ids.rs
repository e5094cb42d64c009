//! Ids of the store's own.

use std::time::Duration;

use parking_lot::Mutex;
use uuid::{ContextV7, Timestamp, Uuid};

use crate::model::scalar::Time;

/// Where new ids come from. Each is later in order than the one before, which keeps the trees dense.
#[derive(Debug)]
pub enum Ids {
    /// Version 7; the context keeps the order where the clock stands still or goes back.
    Timed(Mutex<ContextV7>),
    /// 1, 2, 3 in the form of version 7, the same in every run.
    Counted,
}

/// The bits that make a number an id of version 7.
const NUMBERED: u128 = (0x7000 << 64) | 0x8000_0000_0000_0000;

/// No store issues so many ids. What looks like a counted id and has a higher number is none.
#[cfg(feature = "wire")]
const MOST_COUNTED: u64 = u64::MAX >> 16;

impl Ids {
    /// Version 7 ids, all later than every id of `floor` or before.
    pub fn timed(floor: Time) -> Self {
        let context = ContextV7::new();
        // Within the millisecond of the floor a new context may count from lower than the one before it did.
        let _ = timestamp(&context, floor.after(Duration::from_millis(1)));
        Self::Timed(Mutex::new(context))
    }

    /// The next id: of now, or the counted one of that number.
    pub fn next(&self, now: Time, number: u64) -> Uuid {
        match self {
            Self::Timed(context) => Uuid::new_v7(timestamp(&context.lock(), now)),
            Self::Counted => Self::numbered(number),
        }
    }

    /// The counted id of that number.
    pub const fn numbered(number: u64) -> Uuid {
        Uuid::from_u128(NUMBERED | number as u128)
    }

    /// The number of a counted id; 0 for any other.
    pub fn number_of(id: Uuid) -> u64 {
        u64::try_from(id.as_u128() ^ NUMBERED).unwrap_or(0)
    }

    /// The highest number of the counted ids that stand in these bytes; 0 where there are none.
    #[cfg(feature = "wire")]
    pub fn highest_counted(bytes: &[u8]) -> u64 {
        let ids = bytes.windows(size_of::<Uuid>()).filter_map(|id| Uuid::from_slice(id).ok());
        let numbers = ids.map(Self::number_of).filter(|number| *number <= MOST_COUNTED);
        numbers.max().unwrap_or(0)
    }

    /// When a version 7 id was made, to the millisecond; 1970 for any other.
    pub fn time_of(id: Uuid) -> Time {
        let (seconds, nanoseconds) = id.get_timestamp().map_or((0, 0), |made| made.to_unix());
        Time::UNIX_EPOCH.after(Duration::new(seconds, nanoseconds))
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

    #[test]
    fn ids_go_up_though_the_clock_goes_back() {
        let late = Time::UNIX_EPOCH.after(Duration::from_secs(2_000_000_000));
        for ids in [Ids::timed(late), Ids::Counted] {
            let mut last = Uuid::nil();
            for back in 0..2_000 {
                let now = Time::UNIX_EPOCH.after(Duration::from_secs(2_000_000_000 - back));
                let id = ids.next(now, back + 1);
                assert!(id > last && id.get_version_num() == 7, "{id} after {last}");
                last = id;
            }
        }
    }

    #[test]
    fn an_id_says_its_number_or_its_time() {
        assert_eq!(Ids::number_of(Ids::numbered(7)), 7);
        assert_eq!(Ids::time_of(Ids::numbered(7)), Time::UNIX_EPOCH);
        let made = Time::UNIX_EPOCH.after(Duration::from_millis(2_000_000_000_001));
        let id = Ids::timed(Time::UNIX_EPOCH).next(made, 0);
        assert_eq!((Ids::number_of(id), Ids::time_of(id)), (0, made));
        assert!(Ids::timed(Ids::time_of(id)).next(made, 0) > id);
        assert_eq!((Ids::number_of(Uuid::max()), Ids::time_of(Uuid::max())), (0, Time::UNIX_EPOCH));
    }
}
