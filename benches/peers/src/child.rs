//! The process that measures one system: it carries out orders until there are no more.

use std::io::{BufRead as _, Write as _};

use anyhow::{Context as _, Result, bail};

use crate::measure::Measured;
use crate::systems::{
    Billfold, Fjall, Floor, Forks, IndexedNativeDb, Lmdb, Name, NativeDb, Redb, Setup, Sqlite, Variant,
};
use crate::task::{Answer, Order, Sample, Task};

/// Serves the system of this setup, in JSON.
pub fn run(setup: &str) -> Result<()> {
    let setup: Setup = serde_json::from_str(setup)?;
    match (setup.system, setup.variant) {
        (Name::Billfold, Variant::Memory) => {
            let mut forks = None;
            serve(|order| fork(&setup, &mut forks, order))
        }
        (Name::Billfold, _) => serve_system(Measured::<Billfold>::new(setup)),
        (Name::Redb, _) => serve_system(Measured::<Redb>::new(setup)),
        (Name::Sqlite, _) => serve_system(Measured::<Sqlite>::new(setup)),
        (Name::Lmdb, _) => serve_system(Measured::<Lmdb>::new(setup)),
        (Name::Fjall, _) => serve_system(Measured::<Fjall>::new(setup)),
        (Name::NativeDb, Variant::Indexed) => serve_system(Measured::<IndexedNativeDb>::new(setup)),
        (Name::NativeDb, _) => serve_system(Measured::<NativeDb>::new(setup)),
        (Name::Hashmap, _) => serve_system(Measured::<Floor>::new(setup)),
    }
}

fn serve_system<S: crate::systems::System>(mut measured: Measured<S>) -> Result<()> {
    serve(|order| {
        if order.task == Task::SetForever {
            answer(&Ok(Vec::new()))?;
        }
        measured.carry_out(order)
    })
}

fn fork(setup: &Setup, forks: &mut Option<Forks>, order: Order) -> Result<Vec<(&'static str, Sample)>> {
    match order.task {
        Task::Load => *forks = Some(Forks::make(setup)?),
        Task::Fork => {
            let forks = forks.as_ref().context("nothing is loaded")?;
            let sample = forks.sample(std::time::Duration::from_millis(order.millis))?;
            return Ok(vec![("fork", sample.into())]);
        }
        other => bail!("{other:?} is nothing for a store in memory"),
    }
    Ok(Vec::new())
}

fn serve(mut carry_out: impl FnMut(Order) -> Result<Vec<(&'static str, Sample)>>) -> Result<()> {
    for line in std::io::stdin().lock().lines() {
        let order = serde_json::from_str(&line?)?;
        let done = carry_out(order).map_err(|error| format!("{order:?}: {error:#}"));
        answer(&done.map(|figures| figures.into_iter().map(|(work, it)| (work.to_owned(), it)).collect()))?;
    }
    Ok(())
}

fn answer(answer: &Answer) -> Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, answer)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}
