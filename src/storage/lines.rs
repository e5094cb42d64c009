//! Memory in lines of the processor's cache, which threads share, on large pages where the system has them: finding the
//! page of a small one takes as long as reading the line.

use memmap2::MmapMut;
use self_cell::{MutBorrow, self_cell};
use zerocopy::FromBytes as _;

use super::locks::AtomicU64;

/// A line of the processor's cache, so that reading it takes one.
pub type Line = [AtomicU64; 8];

/// So many lines are a large page, at which larger memory begins.
pub const LARGE_PAGE: usize = (2 << 20) / size_of::<Line>();
/// Fewer are from where all other memory is; these are asked of the system.
pub const MAPPED: usize = LARGE_PAGE / 32;

pub struct Lines(Shared);

impl Lines {
    /// So many lines of zeroes; `None` where the system has no memory for them.
    pub fn new(lines: usize) -> Option<Self> {
        let memory = Memory::new(lines)?;
        Shared::try_new(MutBorrow::new(memory), |memory| memory.borrow_mut().lines().ok_or(())).ok().map(Self)
    }

    #[inline]
    pub fn get(&self) -> &[Line] {
        self.0.borrow_dependent()
    }
}

self_cell! {
    struct Shared {
        owner: MutBorrow<Memory>,
        #[covariant]
        dependent: Seen,
    }
}

type Seen<'m> = &'m [Line];

enum Memory {
    Few(Box<[Line]>),
    Many(MmapMut),
}

impl Memory {
    fn new(lines: usize) -> Option<Self> {
        if lines < MAPPED {
            return Some(Self::Few((0..lines).map(|_| Line::default()).collect()));
        }
        let map = MmapMut::map_anon(lines.checked_mul(size_of::<Line>())?).ok()?;
        // Without large pages it is slower, and no less right.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Some(Self::Many(map))
    }

    fn lines(&mut self) -> Option<&[Line]> {
        match self {
            Self::Few(lines) => Some(lines),
            Self::Many(map) => <[Line]>::mut_from_bytes(map).ok().map(|lines| &*lines),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    #[test]
    fn few_lines_and_many_are_zeroes_that_threads_can_change() {
        for count in [0, 1, MAPPED - 1, MAPPED, MAPPED + 1, LARGE_PAGE, LARGE_PAGE + 7] {
            let lines = Lines::new(count).unwrap();
            let words = lines.get().as_flattened();
            assert_eq!((lines.get().len(), words.len()), (count, count * 8));
            assert!(words.iter().all(|word| word.load(Ordering::Relaxed) == 0));
            std::thread::scope(|scope| {
                scope.spawn(|| words.iter().for_each(|word| word.store(7, Ordering::Relaxed)));
            });
            assert!(words.iter().all(|word| word.load(Ordering::Relaxed) == 7));
        }
    }

    #[test]
    fn more_than_there_is_memory_for_is_refused() {
        assert!(Lines::new(usize::MAX).is_none());
        assert!(Lines::new(usize::MAX / size_of::<Line>()).is_none());
    }
}
