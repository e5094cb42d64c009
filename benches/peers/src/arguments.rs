//! The program's arguments.

use std::path::PathBuf;

use clap::Parser;

use crate::plan::Ids;
use crate::round::{Pace, Wanted};
use crate::systems::Name;
use crate::work::WORKS;

/// Runs the same work on billfold and on what else keeps unique values, and tells what each takes.
///
/// Every system is loaded in a process of its own; these do each work in turn. The files go to the system's folder for
/// temporary files, or to `BILLFOLD_BENCH_DIR`: how long a durable set takes is for the most part how long the disk
/// under that folder takes to sync.
#[derive(Debug, Clone, Parser)]
#[command(name = "billfold-peers", version)]
pub struct Arguments {
    /// Every work but the files after updates, on every system at 1 million customers, once, within a minute. With --sizes
    /// these too.
    #[arg(long)]
    pub quick: bool,
    /// Also 10 million customers: finds, values, files and opens.
    #[arg(long)]
    pub large: bool,
    /// Print a line of JSON for each figure, and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Durable sets with all values indexed too; always done but with --quick.
    #[arg(long)]
    pub indexed: bool,
    /// These works alone.
    #[arg(long, value_delimiter = ',', value_parser = work_names())]
    pub only: Vec<String>,
    /// These systems alone.
    #[arg(long, value_delimiter = ',', value_enum)]
    pub systems: Vec<Name>,
    /// So many customers, in place of 10 thousand and 1 million.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u64).range(1_000..))]
    pub sizes: Vec<u64>,
    /// In which order ids come; both, but with --quick.
    #[arg(long, value_delimiter = ',', value_enum)]
    pub ids: Vec<Ids>,
    /// How often everything is done anew.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub rounds: Option<u64>,
    /// Write a picture of the figures, as SVG.
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
    /// Put the table between the markers of a README.
    #[arg(long, value_name = "FILE")]
    pub readme: Option<PathBuf>,
    /// Which markers those are.
    #[arg(long, value_name = "NAME", default_value = "speed", requires = "readme")]
    pub section: String,
    /// Measure one system, by the orders that come in.
    #[arg(long, hide = true, value_name = "SETUP")]
    pub child: Option<String>,
}

fn work_names() -> Vec<&'static str> {
    WORKS.iter().map(|work| work.name).collect()
}

const FULL: Pace =
    Pace { rounds: 3, reads: 3, read_millis: 200, sets: 2, set_millis: 700, opens: 5, kills: 2 };
const QUICK: Pace =
    Pace { rounds: 1, reads: 3, read_millis: 40, sets: 1, set_millis: 120, opens: 1, kills: 1 };

impl Arguments {
    pub fn sizes(&self) -> Vec<u64> {
        let mut sizes = match (&*self.sizes, self.quick) {
            ([], true) => vec![1_000_000],
            ([], false) => vec![10_000, 1_000_000],
            (sizes, _) => sizes.to_vec(),
        };
        if self.large {
            sizes.push(10_000_000);
        }
        sizes
    }

    pub fn ids(&self) -> Vec<Ids> {
        match (&*self.ids, self.quick) {
            ([], true) => vec![Ids::Ordered],
            ([], false) => vec![Ids::Ordered, Ids::Random],
            (ids, _) => ids.to_vec(),
        }
    }

    pub fn wanted(&self) -> Wanted {
        let pace = if self.quick { QUICK } else { FULL };
        Wanted {
            systems: if self.systems.is_empty() { Name::ALL.to_vec() } else { self.systems.clone() },
            indexed: self.indexed || !self.quick || self.only.iter().any(|work| work.ends_with("_indexed")),
            updated: !self.quick || !self.sizes.is_empty(),
            only: self.only.clone(),
            pace: Pace { rounds: self.rounds.unwrap_or(pace.rounds), ..pace },
            most_native: if self.quick { 100_000 } else { 1_000_000 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["billfold-peers"], arguments].concat())
    }

    #[test]
    fn the_arguments_are_sound() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn without_arguments_two_sizes_are_measured_with_both_kinds_of_ids() {
        let all = parsed(&[]).unwrap();
        assert_eq!(all.sizes(), [10_000, 1_000_000]);
        assert_eq!(all.ids(), [Ids::Ordered, Ids::Random]);
        assert_eq!((all.wanted().systems.len(), all.wanted().indexed), (7, true));
    }

    #[test]
    fn quick_drops_repetitions_and_no_system() {
        let quick = parsed(&["--quick", "--json"]).unwrap();
        assert_eq!((quick.sizes(), quick.ids()), (vec![1_000_000], vec![Ids::Ordered]));
        assert_eq!((quick.wanted().systems.len(), quick.wanted().pace.rounds), (7, 1));
    }

    #[test]
    fn large_adds_a_size() {
        assert_eq!(parsed(&["--large", "--sizes", "2000"]).unwrap().sizes(), [2_000, 10_000_000]);
    }

    #[test]
    fn works_and_systems_that_are_not_known_are_refused() {
        assert!(parsed(&["--only", "find_hit,values", "--systems", "native_db,lmdb"]).is_ok());
        assert!(parsed(&["--only", "find_hits"]).is_err());
        assert!(parsed(&["--systems", "oracle"]).is_err());
        assert!(parsed(&["--sizes", "10"]).is_err());
    }

    #[test]
    fn asking_for_a_work_with_all_values_indexed_is_enough() {
        assert!(parsed(&["--quick", "--only", "durable_set_1_indexed"]).unwrap().wanted().indexed);
    }
}
