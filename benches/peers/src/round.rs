//! A round: every system is loaded anew, and then does each work in turn with the others.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::figures::{Figures, Size};
use crate::plan::{Ids, Plan};
use crate::process::Process;
use crate::systems::{Name, Setup, Variant};
use crate::task::{Order, Task};
use crate::work::{Work, named};

/// How often and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How often everything is done anew.
    pub rounds: u64,
    /// Samples of what reads, in each round; and how long each takes.
    pub reads: u64,
    pub read_millis: u64,
    /// The same of durable sets.
    pub sets: u64,
    pub set_millis: u64,
    /// Opens after a close, and after a kill.
    pub opens: u64,
    pub kills: u64,
}

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub systems: Vec<Name>,
    /// Names of works; none for all.
    pub only: Vec<String>,
    pub indexed: bool,
    /// Whether the files are told after many updates, which take longer than any other work.
    pub updated: bool,
    pub pace: Pace,
    /// The most customers that native_db is loaded with.
    pub most_native: u64,
}

/// More customers than this are found, read and opened, and not written to.
const LARGE: u64 = 1_000_000;

/// What is done in a round, in this order. Finds come before whatever changes the values that they look for.
const TASKS: [Task; 17] = [
    Task::Load,
    Task::FileBytes,
    Task::Reopen,
    Task::Check,
    Task::FindHit,
    Task::FindMiss,
    Task::Values,
    Task::PeakMemory,
    Task::FindTwoThreads,
    Task::Fork,
    Task::DurableSet(1),
    Task::DurableSet(4),
    Task::DurableSet(16),
    Task::DurableSet(64),
    Task::PagesSet,
    Task::FindFresh,
    Task::FileBytesUpdated,
];

impl Pace {
    /// How often a task is done in a round, and how long it takes where that can be chosen.
    const fn of(self, task: Task) -> (u64, u64) {
        match task {
            Task::FindHit | Task::FindMiss | Task::Values | Task::FindTwoThreads | Task::Fork => {
                (self.reads, self.read_millis)
            }
            Task::FindFresh => (1, self.set_millis),
            Task::DurableSet(_) => (self.sets, self.set_millis),
            Task::Reopen => (self.opens, 0),
            Task::OpenFirst => (self.kills, 0),
            _ => (1, 0),
        }
    }
}

impl Task {
    /// The works that it gives figures of, as they are named in a store without journal and further indexes.
    const fn works(self) -> &'static [&'static str] {
        match self {
            Self::Load => &["bulk_load"],
            Self::Check | Self::SetForever => &[],
            Self::OpenFirst => &["open_killed"],
            Self::Reopen => &["open_clean"],
            Self::FindHit => &["find_hit"],
            Self::FindMiss => &["find_miss"],
            Self::FindTwoThreads => &["find_hit_2_threads", "find_gain", "loop_gain", "gain_kept"],
            Self::FindFresh => &["find_fresh"],
            Self::Values => &["values"],
            Self::DurableSet(1) => &["durable_set_1"],
            Self::DurableSet(4) => &["durable_set_4"],
            Self::DurableSet(16) => &["durable_set_16"],
            Self::DurableSet(_) => &["durable_set_64"],
            Self::PagesSet => &["pages_set"],
            Self::FileBytes => &["file_bytes"],
            Self::FileBytesUpdated => &["file_bytes_updated"],
            Self::PeakMemory => &["peak_memory"],
            Self::Fork => &["fork"],
        }
    }

    /// Whether its figures depend on what else is done meanwhile; the others are done by two at a time.
    const fn is_timed(self) -> bool {
        !matches!(
            self,
            Self::Check | Self::FileBytes | Self::FileBytesUpdated | Self::PagesSet | Self::PeakMemory
        )
    }

    /// Whether a system that keeps so many customers so has this task to do.
    fn is_for(self, system: Name, variant: Variant, n: u64) -> bool {
        let can = match self {
            Self::Load => true,
            Self::Fork => return variant == Variant::Memory,
            Self::Check | Self::FindHit | Self::FindMiss | Self::FindTwoThreads | Self::PeakMemory => {
                variant != Variant::Memory
            }
            Self::PagesSet => matches!(system, Name::Billfold | Name::Redb) && variant != Variant::Memory,
            _ => system.is_durable() && variant != Variant::Memory,
        };
        let writes = matches!(self, Self::DurableSet(_) | Self::PagesSet);
        can && !(writes && n > LARGE)
    }
}

impl Wanted {
    /// Whether figures of this work are asked for.
    fn tells(&self, work: Work) -> bool {
        if self.only.is_empty() {
            self.updated || !work.name.starts_with("file_bytes_updated")
        } else {
            self.only.iter().any(|name| name == work.name)
        }
    }

    /// Whether a system that is kept so has figures to give with this task.
    fn asks(&self, task: Task, system: Name, variant: Variant, n: u64) -> bool {
        let mut works = task.works().iter().filter_map(|work| named(work, variant));
        task.is_for(system, variant, n) && works.any(|work| self.tells(work))
    }

    /// How the customers are kept, by whom, in the order of the table.
    fn contestants(&self, variants: &[Variant], n: u64) -> Vec<(Name, Variant)> {
        let all = variants.iter().flat_map(|variant| self.systems.iter().map(move |name| (*name, *variant)));
        let has_work = |(system, variant): &(Name, Variant)| {
            let known = match variant {
                Variant::Plain => true,
                Variant::Indexed => system.is_durable() && self.indexed,
                Variant::Journal | Variant::Memory => *system == Name::Billfold && n <= LARGE,
            };
            known && TASKS.iter().chain([&Task::OpenFirst]).any(|task| self.asks(*task, *system, *variant, n))
        };
        all.filter(has_work).collect()
    }

    /// Everything, for customers of this size.
    pub fn measure(&self, size: Size, folder: &Path, figures: &mut Figures) -> Result<()> {
        let (n, _) = size;
        let mut orders = 0;
        for round in 0..self.pace.rounds {
            for variants in [&[Variant::Plain, Variant::Journal, Variant::Memory][..], &[Variant::Indexed]] {
                let contestants = self.contestants(variants, n);
                let mut contestants = contestants
                    .into_iter()
                    .map(|(system, variant)| Contestant::start(self, size, system, variant, folder))
                    .collect::<Result<Vec<_>>>()?;
                self.round(&mut contestants, round, &mut orders, size, figures)?;
            }
        }
        Ok(())
    }

    fn round(
        &self,
        all: &mut [Contestant],
        round: u64,
        orders: &mut u64,
        size: Size,
        figures: &mut Figures,
    ) -> Result<()> {
        for task in TASKS.into_iter().chain([Task::OpenFirst]) {
            let (times, millis) = self.pace.of(task);
            for time in 0..times {
                // Whoever is first in one turn is last in the next.
                let first = usize::try_from(round * times + time)? % all.len().max(1);
                all.rotate_left(first);
                // No two orders set the same values: a set that changes nothing may cost nothing.
                *orders += 1;
                let order = Order { task, millis, seed: *orders };
                let is_alone =
                    |it: &&mut Contestant| task.is_timed() && (task != Task::Load || it.is_plain());
                let (mut alone, mut others): (Vec<_>, Vec<_>) = all.iter_mut().partition(is_alone);
                for some in alone.chunks_mut(1).chain(others.chunks_mut(2)) {
                    self.carry_out(some, order, size, figures)?;
                }
                all.rotate_right(first);
            }
        }
        Ok(())
    }

    /// Has some carry an order out, all at once.
    fn carry_out(
        &self,
        some: &mut [&mut Contestant],
        order: Order,
        size: Size,
        figures: &mut Figures,
    ) -> Result<()> {
        let mut begun = Vec::new();
        for contestant in some {
            let Setup { system, variant, .. } = contestant.setup;
            let is_needed =
                matches!(order.task, Task::Load | Task::Check) && order.task.is_for(system, variant, size.0);
            if is_needed || self.asks(order.task, system, variant, size.0) {
                contestant.begin(order).with_context(|| contestant.title(order))?;
                begun.push(contestant);
            }
        }
        for contestant in begun {
            let Setup { system, variant, plan, .. } = contestant.setup;
            let told = contestant.process.answer().with_context(|| contestant.title(order))?;
            for (name, sample) in told {
                if let Some(work) = named(&name, variant).filter(|work| self.tells(*work)) {
                    figures.add(size, work, system, plan.n, sample);
                }
            }
        }
        Ok(())
    }
}

/// A system in a folder of its own, and the process that measures it.
struct Contestant {
    setup: Setup,
    process: Process,
    _folder: TempDir,
}

impl Contestant {
    fn start(wanted: &Wanted, size: Size, system: Name, variant: Variant, folder: &Path) -> Result<Self> {
        let (n, ids): (u64, Ids) = size;
        let own = TempDir::new_in(folder)?;
        let n = if system == Name::NativeDb { n.min(wanted.most_native) } else { n };
        let setup = Setup { system, variant, plan: Plan { n, ids }, folder: own.path().to_owned() };
        Ok(Self { process: Process::start(&setup)?, setup, _folder: own })
    }

    fn is_plain(&self) -> bool {
        self.setup.variant == Variant::Plain
    }

    /// What is being done, by whom, for whoever reads that it went wrong.
    fn title(&self, order: Order) -> String {
        format!("{:?} of {:?}", order.task, self.setup)
    }

    fn begin(&mut self, order: Order) -> Result<()> {
        if order.task == Task::OpenFirst {
            self.process.order(Order { task: Task::SetForever, ..order })?;
            std::thread::sleep(Duration::from_millis(200));
            self.process.kill()?;
            self.process = Process::start(&self.setup)?;
        }
        self.process.send(order)
    }
}
