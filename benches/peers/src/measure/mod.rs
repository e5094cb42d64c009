//! What is measured of a system: each work, once for each order.

mod files;
mod finds;
mod sets;

pub use self::sets::percentile;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::plan::{ACCOUNT, FIELDS, Row, account};
use crate::systems::{Reader, Setup, System};
use crate::task::{Order, Sample, Task};

/// Figures by the names of their works.
pub type Figures = Vec<(&'static str, Sample)>;

/// A system while it is measured: open between two orders, once it is loaded.
pub struct Measured<S> {
    setup: Setup,
    system: Option<S>,
}

impl<S: System> Measured<S> {
    pub const fn new(setup: Setup) -> Self {
        Self { setup, system: None }
    }

    pub fn carry_out(&mut self, order: Order) -> Result<Figures> {
        let Order { task, millis, seed } = order;
        let time = Duration::from_millis(millis);
        let plan = self.setup.plan;
        let one = |work, value: f64| vec![(work, Sample::from(value))];
        Ok(match task {
            Task::Load => one("bulk_load", self.load()?),
            Task::Check => self.check(seed)?,
            Task::OpenFirst => one("open_killed", self.open()?),
            Task::Reopen => {
                self.close()?;
                one("open_clean", self.open()?)
            }
            Task::FindHit => one("find_hit", finds::of(self.system()?, plan, true, time, seed)?),
            Task::FindMiss => one("find_miss", finds::of(self.system()?, plan, false, time, seed)?),
            Task::FindTwoThreads => finds::of_two_threads(self.system()?, plan, time, seed)?,
            Task::FindFresh => {
                self.system()?.warm(plan)?;
                one("find_fresh", finds::fresh(self.system()?, plan, time, seed)?)
            }
            Task::Values => one("values", finds::values(self.system()?, plan, time, seed)?),
            Task::DurableSet(callers) => {
                let work = sets::name(callers).context("no work of so many callers")?;
                vec![(work, sets::of_callers(self.system()?, plan, callers, time, seed)?)]
            }
            Task::SetForever => sets::without_end(self.system()?, plan, seed)?,
            Task::PagesSet => self.pages(seed)?,
            Task::FileBytes => one("file_bytes", self.bytes()?),
            Task::FileBytesUpdated => {
                sets::update(self.system()?, plan, seed)?;
                one("file_bytes_updated", self.bytes()?)
            }
            Task::PeakMemory => one("peak_memory", files::peak_memory()?),
            Task::Fork => bail!("only a store in memory is forked"),
        })
    }

    fn system(&self) -> Result<&S> {
        self.system.as_ref().context("nothing is loaded")
    }

    /// Nanoseconds for each customer, without the time that it takes to make the rows.
    fn load(&mut self) -> Result<f64> {
        let mut rows = self.setup.plan.rows();
        let start = Instant::now();
        let system = S::open(&self.setup)?;
        system.load(&self.setup, &mut rows)?;
        let taken = start.elapsed().saturating_sub(rows.making());
        system.settle()?;
        self.system = Some(system);
        Ok(nanos(taken) / self.setup.plan.n as f64)
    }

    fn close(&mut self) -> Result<()> {
        self.system.take().map_or(Ok(()), S::close)
    }

    /// Nanoseconds until the first find is answered.
    fn open(&mut self) -> Result<f64> {
        let wanted = self.setup.plan.row(0);
        let start = Instant::now();
        let system = S::open(&self.setup)?;
        let found = system.read(|reader| reader.find(&wanted.account))?;
        let taken = nanos(start.elapsed());
        ensure!(found == Some(wanted.id), "{} is {found:?} after opening", wanted.account);
        self.system = Some(system);
        Ok(taken)
    }

    fn bytes(&mut self) -> Result<f64> {
        self.close()?;
        let bytes = files::bytes_in(&self.setup.folder)?;
        self.open()?;
        Ok(bytes)
    }

    fn pages(&mut self, seed: u64) -> Result<Figures> {
        self.close()?;
        let pages = sets::pages::<S>(&self.setup, seed)?;
        self.open()?;
        Ok(pages.map(|pages| ("pages_set", pages.into())).into_iter().collect())
    }

    /// Whether it answers what was put in; and reads so much of it that what is kept in memory is there.
    fn check(&self, seed: u64) -> Result<Figures> {
        let plan = self.setup.plan;
        let mut next = plan.walk(seed);
        self.system()?.warm(plan)?;
        self.system()?.read(|reader| {
            for _ in 0..1_000.max(plan.n / 20) {
                let n = next();
                check_find(reader, &plan.row(n))?;
                let missing = account(plan.n + n);
                let found = reader.find(&missing)?;
                ensure!(found.is_none(), "{missing} is found, at {found:?}, and was not put in");
            }
            if S::HAS_VALUES {
                for n in (0..plan.n).step_by(16) {
                    check_values(reader, &plan.row(n))?;
                }
            }
            Ok(Figures::new())
        })
    }
}

fn check_find(reader: &mut impl Reader, row: &Row) -> Result<()> {
    let found = reader.find(&row.account)?;
    ensure!(found == Some(row.id), "{} is of {}, and {found:?} was found", row.account, row.id);
    Ok(())
}

fn check_values(reader: &mut impl Reader, row: &Row) -> Result<()> {
    let read = reader.values(row.id)?.with_context(|| format!("no values of {}", row.id))?;
    let put = FIELDS.into_iter().zip(&row.fields).chain([(ACCOUNT, &row.account)]);
    let same = put.clone().all(|(key, value)| read.get(key) == Some(value)) && read.len() == put.count();
    ensure!(same, "{row:?} was put in, and {read:?} was read");
    Ok(())
}

pub fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}
