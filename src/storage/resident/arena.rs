//! Rows in memory, one behind another. A row stays as it was written until all of them go: what changes is which one a
//! name leads to.

use std::sync::Arc;

use uuid::Uuid;

use super::budget::{Budget, Taken};
use crate::storage::lines::{Line, Lines, MAPPED};
use crate::storage::locks::{AtomicU64, Mutex, OnceLock, Ordering};

/// So many chunks have the same size, and the next as many have twice of it.
const CHUNKS_OF_A_SIZE: usize = 16;
const CHUNKS: usize = 16 * CHUNKS_OF_A_SIZE;
/// The bytes of a word.
const WORD: usize = 8;
/// The bits of a word's number in its chunk.
const BITS_OF_A_WORD: u32 = 48;
/// A row of no more bytes is read without taking memory for it.
const SHORT: usize = 256;
/// Fewer words of rows that nobody leads to are no reason to begin anew.
const FEW_WORDS: usize = 128 << 10;

pub struct Arena {
    /// Not there before there are rows.
    chunks: OnceLock<Box<[OnceLock<Chunk>]>>,
    end: Mutex<End>,
    budget: Arc<Budget>,
}

struct Chunk {
    lines: Lines,
    _taken: Taken,
}

/// Where the next row goes.
#[derive(Default)]
struct End {
    chunk: usize,
    word: usize,
    /// The words of all rows, and of those that nobody leads to any more.
    words: usize,
    left: usize,
}

/// Where a row is, in the bits of an id: it stands where names have their holders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    chunk: usize,
    word: usize,
    bytes: usize,
}

impl Place {
    fn from_id(id: Uuid) -> Option<Self> {
        let (place, bytes) = id.as_u64_pair();
        let chunk = usize::try_from(place >> BITS_OF_A_WORD).ok()?;
        let word = usize::try_from(place & ((1 << BITS_OF_A_WORD) - 1)).ok()?;
        Some(Self { chunk, word, bytes: usize::try_from(bytes).ok()? })
    }

    const fn to_id(self) -> Uuid {
        Uuid::from_u64_pair((self.chunk as u64) << BITS_OF_A_WORD | self.word as u64, self.bytes as u64)
    }
}

impl Arena {
    pub fn new(budget: &Arc<Budget>) -> Self {
        Self { chunks: OnceLock::new(), end: Mutex::new(End::default()), budget: Arc::clone(budget) }
    }

    /// Adds a row, and says where it is; `None` where there is no memory for it.
    pub fn add(&self, row: &[u8]) -> Option<Uuid> {
        let mut end = self.end.lock();
        let words = row.len().div_ceil(WORD);
        let place = loop {
            if let Some(place) = self.written(&end, row) {
                break place;
            }
            let next = if self.chunk(end.chunk).is_some() { end.chunk + 1 } else { end.chunk };
            self.begin(next, words)?;
            *end = End { chunk: next, word: 0, ..*end };
        };
        end.word += words;
        end.words += words;
        Some(place.to_id())
    }

    /// Counts a row that nobody leads to any more.
    pub fn leave(&self, row: Uuid) {
        if self.chunks.get().is_some()
            && let Some(place) = Place::from_id(row)
        {
            self.end.lock().left += place.bytes.div_ceil(WORD);
        }
    }

    /// Whether most of the rows are such as nobody leads to.
    pub fn is_worn(&self) -> bool {
        if self.chunks.get().is_none() {
            return false;
        }
        let end = self.end.lock();
        end.left > FEW_WORDS && end.left > end.words / 2
    }

    /// What `read` makes of a row.
    #[inline]
    pub fn read<T>(&self, row: Uuid, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let Place { chunk, word, bytes } = Place::from_id(row)?;
        let words = self.chunk(chunk)?.words().get(word..)?;
        let words = words.get(..bytes.div_ceil(WORD))?;
        if bytes <= SHORT {
            let mut row = [0; SHORT];
            copy(words, &mut row);
            return row.get(..bytes).map(read);
        }
        let mut row = vec![0; words.len() * WORD];
        copy(words, &mut row);
        row.get(..bytes).map(read)
    }

    fn chunk(&self, number: usize) -> Option<&Chunk> {
        self.chunks.get()?.get(number)?.get()
    }

    /// Writes a row at the end; `None` where there is no room in that chunk.
    fn written(&self, end: &End, row: &[u8]) -> Option<Place> {
        let room = self.chunk(end.chunk)?.words().get(end.word..)?;
        let (words, rest) = row.as_chunks::<WORD>();
        let room = room.get(..row.len().div_ceil(WORD))?;
        let mut last = [0; WORD];
        last.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        for (place, word) in room.iter().zip(words.iter().chain([&last])) {
            place.store(u64::from_le_bytes(*word), Ordering::Relaxed);
        }
        Some(Place { chunk: end.chunk, word: end.word, bytes: row.len() })
    }

    /// Makes a chunk, with room for so many words at least.
    fn begin(&self, number: usize, words: usize) -> Option<()> {
        if self.chunks.get().is_none() {
            let _ = self.chunks.set((0..CHUNKS).map(|_| OnceLock::new()).collect());
        }
        let place = self.chunks.get()?.get(number)?;
        let usual = MAPPED << (number / CHUNKS_OF_A_SIZE);
        let lines = usual.max(words.div_ceil(WORD));
        let taken = Budget::take(&self.budget, lines.saturating_mul(size_of::<Line>()))?;
        let _ = place.set(Chunk { lines: Lines::new(lines)?, _taken: taken });
        Some(())
    }
}

impl Chunk {
    fn words(&self) -> &[AtomicU64] {
        self.lines.get().as_flattened()
    }
}

#[inline]
fn copy(words: &[AtomicU64], row: &mut [u8]) {
    for (bytes, word) in row.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.load(Ordering::Relaxed).to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: usize, len: usize) -> Vec<u8> {
        (0..len).map(|byte| u8::try_from((n * 31 + byte) % 251).unwrap()).collect()
    }

    #[test]
    fn rows_of_any_length_are_read_as_they_were_written() {
        let arena = Arena::new(&Arc::new(Budget::new(64 << 20)));
        let lens = [0, 1, 7, 8, 9, 63, 64, 65, 110, SHORT - 1, SHORT, SHORT + 1, 5_000, 70_000, 1_000_000];
        let rows: Vec<_> = (0..600).map(|n| row(n, lens[n % lens.len()])).collect();
        let places: Vec<_> = rows.iter().map(|row| arena.add(row).unwrap()).collect();
        for (row, place) in rows.iter().zip(places) {
            assert_eq!(arena.read(place, <[u8]>::to_vec).as_ref(), Some(row));
        }
    }

    #[test]
    fn what_is_no_place_of_a_row_reads_as_none() {
        let arena = Arena::new(&Arc::new(Budget::new(1 << 20)));
        assert_eq!(arena.read(Uuid::nil(), <[u8]>::len), None);
        let place = arena.add(b"row").unwrap();
        assert_eq!(arena.read(place, <[u8]>::len), Some(3));
        for beyond in
            [Uuid::max(), Uuid::from_u64_pair(0, u64::MAX), Uuid::from_u64_pair(1 << BITS_OF_A_WORD, 3)]
        {
            assert_eq!(arena.read(beyond, <[u8]>::len), None);
        }
    }

    #[test]
    fn no_more_memory_is_taken_than_there_is() {
        let budget = Arc::new(Budget::new(200_000));
        let arena = Arena::new(&budget);
        let rows = (0..).map_while(|n| Some((n, arena.add(&row(n, 100))?))).collect::<Vec<_>>();
        // Three chunks of 64 KiB, of rows of 104 bytes.
        assert_eq!(rows.len(), 3 * (65_536 / 104));
        assert!(
            rows.into_iter().all(|(n, place)| arena.read(place, |read| read == row(n, 100)) == Some(true))
        );
        drop(arena);
        assert_eq!(budget.left(), 200_000);
    }

    #[test]
    fn an_arena_wears_out_when_most_of_its_rows_are_left() {
        let arena = Arena::new(&Arc::new(Budget::new(64 << 20)));
        let mut last = None;
        let worn = (0..100_000).find(|n| {
            if let Some(before) = last.replace(arena.add(&row(*n, 96)).unwrap()) {
                arena.leave(before);
            }
            arena.is_worn()
        });
        assert_eq!(worn, Some(FEW_WORDS / 12 + 1));
    }
}
