//! Memory as a backend: pages that copies of it share until one of them writes.

use std::fmt;
use std::io::{Error, ErrorKind, Result};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use super::backend::Backend;

/// The bytes of a page: as many as redb writes at once, so that a write replaces a page and seldom copies one.
const PAGE: usize = 4096;
/// The pages of a group. A copy of the whole takes a pointer for each group; whoever first writes to a group of
/// which there is a copy takes one for each of its pages.
const GROUP: usize = 256;

/// `None` where all bytes are zero.
type Page = Option<Arc<[u8; PAGE]>>;
type Group = [Page; GROUP];

/// Bytes of which a copy costs next to nothing, however many there are: it shares every page until one of the two
/// writes to it.
#[derive(Clone, Default)]
pub struct Image {
    len: usize,
    groups: Vec<Arc<Group>>,
}

impl Image {
    /// The stretches that these bytes consist of, each within one page.
    fn stretches(&self, offset: u64, len: usize) -> Result<impl Iterator<Item = Stretch> + use<>> {
        let start = usize::try_from(offset).map_err(|_| past_the_end())?;
        let end = start.checked_add(len).filter(|end| *end <= self.len).ok_or_else(past_the_end)?;
        let first = start / PAGE;
        Ok((first..end.div_ceil(PAGE)).map(move |page| {
            let (from, to) = (start.max(page * PAGE), end.min((page + 1) * PAGE));
            Stretch { page, inside: from - page * PAGE..to - page * PAGE, outside: from - start..to - start }
        }))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        for Stretch { page, inside, outside } in self.stretches(offset, out.len())? {
            let found = self.groups.get(page / GROUP).and_then(|group| group.get(page % GROUP));
            let out = out.get_mut(outside).ok_or_else(past_the_end)?;
            match found.ok_or_else(past_the_end)? {
                Some(bytes) => out.copy_from_slice(bytes.get(inside).ok_or_else(past_the_end)?),
                None => out.fill(0),
            }
        }
        Ok(())
    }

    fn write(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        for Stretch { page, inside, outside } in self.stretches(offset, data.len())? {
            let data = data.get(outside).ok_or_else(past_the_end)?;
            let place = self.page_mut(page)?;
            match place.as_mut().and_then(Arc::get_mut) {
                Some(own) => own.get_mut(inside).ok_or_else(past_the_end)?.copy_from_slice(data),
                None => {
                    let mut bytes = place.as_deref().copied().unwrap_or([0; PAGE]);
                    bytes.get_mut(inside).ok_or_else(past_the_end)?.copy_from_slice(data);
                    *place = Some(Arc::new(bytes));
                }
            }
        }
        Ok(())
    }

    fn page_mut(&mut self, page: usize) -> Result<&mut Page> {
        let group = self.groups.get_mut(page / GROUP).map(Arc::make_mut);
        group.and_then(|group| group.get_mut(page % GROUP)).ok_or_else(past_the_end)
    }

    /// Cuts the bytes off at `len`, or adds zeroes up to there.
    fn set_len(&mut self, len: u64) -> Result<()> {
        let len = usize::try_from(len).map_err(|_| Error::from(ErrorKind::OutOfMemory))?;
        let pages = len.div_ceil(PAGE);
        if len < self.len {
            // What is cut off is zero if it ever comes back.
            let rest = pages * PAGE - len;
            let offset = u64::try_from(len).map_err(|_| past_the_end())?;
            self.write(offset, vec![0; rest.min(self.len - len)].as_slice())?;
            for page in pages..self.len.div_ceil(PAGE).min(pages.next_multiple_of(GROUP)) {
                *self.page_mut(page)? = None;
            }
        }
        self.groups.resize(pages.div_ceil(GROUP), Arc::new([const { None }; GROUP]));
        self.len = len;
        Ok(())
    }

    /// How many bytes of pages are this copy's alone.
    #[cfg(test)]
    pub fn own_bytes(&self, other: &Self) -> usize {
        let pages = |image: &Self| image.groups.iter().flat_map(|group| group.to_vec()).collect::<Vec<_>>();
        let others = pages(other);
        let is_shared = |at: usize, page: &Arc<_>| matches!(others.get(at), Some(Some(other)) if Arc::ptr_eq(page, other));
        let own = pages(self)
            .into_iter()
            .enumerate()
            .filter(|(at, page)| page.as_ref().is_some_and(|page| !is_shared(*at, page)));
        own.count() * PAGE
    }
}

/// Some bytes within one page.
struct Stretch {
    page: usize,
    /// Where in the page.
    inside: Range<usize>,
    /// Where in all the bytes that are read or written.
    outside: Range<usize>,
}

fn past_the_end() -> Error {
    Error::new(ErrorKind::UnexpectedEof, "past the end of the bytes")
}

/// Memory, gone with its last handle. Readers wait for no readers.
#[derive(Clone, Default)]
pub struct Memory {
    image: Arc<RwLock<Image>>,
    given_up: Arc<AtomicBool>,
}

impl Memory {
    /// Memory that begins with these bytes.
    pub fn of(image: &Image) -> Self {
        Self { image: Arc::new(RwLock::new(image.clone())), ..Self::default() }
    }

    /// The bytes as they are.
    pub fn image(&self) -> Image {
        self.image.read().clone()
    }

    /// Refuses whatever would be written from now on.
    pub fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
    }

    fn check(&self) -> Result<()> {
        if self.given_up.load(Ordering::Relaxed) { Err(Error::other("it was given up")) } else { Ok(()) }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of memory", self.image.read().len)
    }
}

impl Backend for Memory {
    fn len(&self) -> Result<u64> {
        Ok(self.image.read().len as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        self.image.read().read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.check()?;
        self.image.write().set_len(len)
    }

    fn sync(&self) -> Result<()> {
        self.check()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.check()?;
        self.image.write().write(offset, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Steps on bytes that are kept twice: (what, where, how many), in what fits.
    fn steps() -> impl Strategy<Value = Vec<(u8, usize, usize)>> {
        let most = (GROUP + 4) * PAGE;
        proptest::collection::vec((0..4_u8, 0..most, 1..3 * PAGE), 1..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn memory_is_as_a_list_of_bytes(steps in steps()) {
            let memory = Memory::default();
            let mut bytes = Vec::new();
            let mut copies = Vec::new();
            for (number, (what, at, len)) in steps.into_iter().enumerate() {
                let byte = u8::try_from(number + 1).unwrap();
                match what {
                    0 => {
                        memory.set_len(at as u64).unwrap();
                        bytes.resize(at, 0);
                    }
                    1 => copies.push((memory.image(), bytes.clone())),
                    _ if bytes.is_empty() => prop_assert!(memory.write(0, &[byte]).is_err()),
                    _ => {
                        let at = at % bytes.len();
                        let len = len.min(bytes.len() - at);
                        memory.write(at as u64, &vec![byte; len]).unwrap();
                        bytes[at..at + len].fill(byte);
                    }
                }
                prop_assert!(memory.write(bytes.len() as u64, &[byte]).is_err());
            }
            copies.push((memory.image(), bytes));
            for (copy, bytes) in copies {
                let mut read = vec![9; bytes.len()];
                Memory::of(&copy).read(0, &mut read).unwrap();
                prop_assert!(read == bytes);
                prop_assert!(copy.read(1, &mut read).is_err());
            }
        }
    }

    #[test]
    fn a_copy_has_only_what_it_wrote_and_the_others_never_see_it() {
        let memory = Memory::default();
        memory.set_len(4 << 20).unwrap();
        for page in 0..1 << 10 {
            memory.write(page * PAGE as u64, &[7; PAGE]).unwrap();
        }
        let image = memory.image();
        let (one, other) = (Memory::of(&image), Memory::of(&image));
        one.write(PAGE as u64 - 1, b"ab").unwrap();
        memory.write(0, b"later").unwrap();
        assert_eq!((one.image().own_bytes(&image), other.image().own_bytes(&image)), (2 * PAGE, 0));
        let mut read = [0; 2];
        for (memory, expected) in [(&one, b"ab"), (&other, &[7; 2])] {
            memory.read(PAGE as u64 - 1, &mut read).unwrap();
            assert_eq!(&read, expected);
        }
        assert_eq!(image.read(0, &mut read).map(|()| read).unwrap(), [7; 2]);
    }

    #[test]
    fn bytes_that_were_never_written_take_no_room() {
        let memory = Memory::default();
        memory.set_len(1 << 36).unwrap();
        memory.write((1 << 36) - 1, b"!").unwrap();
        assert_eq!(memory.image().own_bytes(&Image::default()), PAGE);
    }
}
