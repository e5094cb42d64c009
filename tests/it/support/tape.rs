//! Bytes that remember all that was done with them, so that a crash can be tried behind each step.

use std::fmt;
use std::io::Result;
use std::sync::{Arc, Mutex, MutexGuard};

use billfold::Backend;

use super::disk::{Disk, place};

/// Something that a store did with its bytes.
#[derive(Debug, Clone)]
enum Step {
    Write(u64, Vec<u8>),
    SetLen(u64),
    Sync,
}

/// A disk in memory that is never cut off. Clones are the same.
#[derive(Clone, Default)]
pub struct Tape(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    bytes: Vec<u8>,
    steps: Vec<Step>,
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} steps", self.len())
    }
}

impl Tape {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// How many steps there were.
    pub fn len(&self) -> usize {
        self.inner().steps.len()
    }
}

impl Backend for Tape {
    fn len(&self) -> Result<u64> {
        Ok(self.inner().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        out.copy_from_slice(&self.inner().bytes[place(offset, out.len())]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        let mut inner = self.inner();
        inner.bytes.resize(usize::try_from(len).unwrap(), 0);
        inner.steps.push(Step::SetLen(len));
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.inner().steps.push(Step::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        let mut inner = self.inner();
        inner.bytes[place(offset, data.len())].copy_from_slice(data);
        inner.steps.push(Step::Write(offset, data.to_vec()));
        Ok(())
    }
}

/// What a disk has kept, when the power goes, of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Nothing,
    All,
    /// Each step with a chance of so many in a hundred: what comes later may be there, and what comes earlier not.
    Some(u64),
    /// The last step, and few of the others.
    Last,
    /// Each sector of 512 bytes of each write, or not.
    Torn,
}

impl Kept {
    pub const ALL: [Self; 6] =
        [Self::Nothing, Self::All, Self::Some(50), Self::Last, Self::Some(90), Self::Torn];
}

/// The bytes of a sector, which a disk writes at once.
const SECTOR: usize = 512;

/// The tape, played from its beginning.
pub struct Player {
    steps: Vec<Step>,
    at: usize,
    /// What was synced, and the steps since.
    synced: Vec<u8>,
    pending: Vec<Step>,
}

impl Player {
    pub fn of(tape: &Tape) -> Self {
        Self { steps: tape.inner().steps.clone(), at: 0, synced: Vec::new(), pending: Vec::new() }
    }

    /// How many steps were played.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Plays one more step; false at the end.
    pub fn step(&mut self) -> bool {
        let Some(step) = self.steps.get(self.at) else { return false };
        self.at += 1;
        match step {
            Step::Sync => self.pending.drain(..).for_each(|step| apply(&mut self.synced, &step, |_| true)),
            step => self.pending.push(step.clone()),
        }
        true
    }

    /// What is there if the power goes now. `chance` gives numbers below the one it is given.
    pub fn image(&self, kept: Kept, chance: &mut impl FnMut(u64) -> u64) -> Disk {
        let mut bytes = self.synced.clone();
        let last = self.pending.len().saturating_sub(1);
        for (number, step) in self.pending.iter().enumerate() {
            let stays = match kept {
                Kept::Nothing => false,
                Kept::All | Kept::Torn => true,
                Kept::Some(percent) => chance(100) < percent,
                Kept::Last => number == last || chance(100) < 20,
            };
            if stays {
                apply(&mut bytes, step, |_| kept != Kept::Torn || chance(2) == 0);
            }
        }
        Disk::of(bytes)
    }
}

/// Does a step once more, of a write the sectors that are to be done.
fn apply(bytes: &mut Vec<u8>, step: &Step, mut sector: impl FnMut(usize) -> bool) {
    match step {
        Step::SetLen(len) => bytes.resize(usize::try_from(*len).unwrap(), 0),
        Step::Write(offset, data) => {
            let place = place(*offset, data.len());
            if bytes.len() < place.end {
                // Its length had not been written.
                bytes.resize(place.end, 0);
            }
            for (number, part) in data.chunks(SECTOR).enumerate() {
                if sector(number) {
                    let start = place.start + number * SECTOR;
                    bytes[start..start + part.len()].copy_from_slice(part);
                }
            }
        }
        Step::Sync => {}
    }
}
