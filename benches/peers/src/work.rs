//! The works: their names, what they are measured in, and how they are told.

use crate::systems::Variant;

/// What a figure is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Nanoseconds,
    Bytes,
    Pages,
    /// One thing for each of another: nothing to be small or large for.
    Ratio,
}

impl Unit {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Bytes => "bytes",
            Self::Pages => "pages",
            Self::Ratio => "ratio",
        }
    }
}

/// A work that has figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    pub name: &'static str,
    pub title: &'static str,
    pub unit: Unit,
}

const fn work(name: &'static str, title: &'static str, unit: Unit) -> Work {
    Work { name, title, unit }
}

/// All of them, in the order of the table.
pub const WORKS: [Work; 28] = [
    work("find_hit", "find, there is one", Unit::Nanoseconds),
    work("find_miss", "find, there is none", Unit::Nanoseconds),
    work("find_fresh", "find right after another thread's write", Unit::Nanoseconds),
    work("find_hit_2_threads", "find with 2 threads, of both together", Unit::Nanoseconds),
    work("find_gain", "finds gained by the second thread", Unit::Ratio),
    work("loop_gain", "an empty loop's gain beside it", Unit::Ratio),
    work("gain_kept", "the one by the other", Unit::Ratio),
    work("values", "all values of one customer", Unit::Nanoseconds),
    work("durable_set_1", "durable set, 1 caller", Unit::Nanoseconds),
    work("durable_set_4", "durable set, 4 callers", Unit::Nanoseconds),
    work("durable_set_16", "durable set, 16 callers", Unit::Nanoseconds),
    work("durable_set_64", "durable set, 64 callers", Unit::Nanoseconds),
    work("durable_set_1_journal", "durable set, 1 caller, with the journal", Unit::Nanoseconds),
    work("durable_set_1_indexed", "durable set, 4 indexes, 1 caller", Unit::Nanoseconds),
    work("durable_set_4_indexed", "durable set, 4 indexes, 4 callers", Unit::Nanoseconds),
    work("durable_set_16_indexed", "durable set, 4 indexes, 16 callers", Unit::Nanoseconds),
    work("durable_set_64_indexed", "durable set, 4 indexes, 64 callers", Unit::Nanoseconds),
    work("pages_set", "pages written by a set", Unit::Pages),
    work("pages_set_journal", "pages written by a set, with the journal", Unit::Pages),
    work("bulk_load", "bulk load, for each customer", Unit::Nanoseconds),
    work("file_bytes", "files after the load", Unit::Bytes),
    work("file_bytes_updated", "files after 100,000 updates", Unit::Bytes),
    work("file_bytes_journal", "files after the load, with the journal", Unit::Bytes),
    work("file_bytes_updated_journal", "files after 100,000 updates, with the journal", Unit::Bytes),
    work("open_clean", "open after close, with the first find", Unit::Nanoseconds),
    work("open_killed", "open after kill, with the first find", Unit::Nanoseconds),
    work("peak_memory", "most memory, of load and finds", Unit::Bytes),
    work("fork", "fork of a store in memory, made and dropped", Unit::Nanoseconds),
];

/// The work of a figure of that name in a store that is kept so.
pub fn named(name: &str, variant: Variant) -> Option<Work> {
    let suffix = match variant {
        Variant::Plain | Variant::Memory => "",
        Variant::Indexed => "_indexed",
        Variant::Journal => "_journal",
    };
    WORKS.into_iter().find(|work| work.name.strip_suffix(suffix) == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_has_works_of_its_own() {
        let found = |variant| named("durable_set_1", variant).map(|work| work.name);
        assert_eq!(found(Variant::Plain), Some("durable_set_1"));
        assert_eq!(found(Variant::Journal), Some("durable_set_1_journal"));
        assert_eq!(named("values", Variant::Indexed), None);
    }
}
