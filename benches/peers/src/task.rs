//! What the program has a process do that measures one system, and what that one answers: a line of JSON each.

use serde::{Deserialize, Serialize};

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// Make the store and load it; how long that took.
    Load,
    /// Compare answers with what was put in, and read enough to have in memory what there is room for.
    Check,
    /// Open it and find one customer, in a folder that was loaded by another process.
    OpenFirst,
    /// Close, open and find one customer.
    Reopen,
    /// Find values that there are.
    FindHit,
    /// Find values that there are not.
    FindMiss,
    /// Find with one thread and with two.
    FindTwoThreads,
    /// Find a value that another thread has just set.
    FindFresh,
    /// Read all values of customers.
    Values,
    /// Set values, with so many callers.
    DurableSet(u64),
    /// Answer, and then set values without end.
    SetForever,
    /// Set values and count the pages written.
    PagesSet,
    /// Close, tell how long all files are, open.
    FileBytes,
    /// Make 100,000 updates, and then as before.
    FileBytesUpdated,
    /// Tell the most memory that the process ever had.
    PeakMemory,
    /// Fork a store in memory.
    Fork,
}

/// A task, how long it is to take where that can be chosen, and a number that makes its choices its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub task: Task,
    pub millis: u64,
    pub seed: u64,
}

/// One figure of one run.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Sample {
    pub value: f64,
    /// The middle latency of single calls, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    /// The latency that one call of a hundred exceeds, in nanoseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
}

impl From<f64> for Sample {
    fn from(value: f64) -> Self {
        Self { value, ..Self::default() }
    }
}

/// What came of an order: figures by the name of their work, or what went wrong.
pub type Answer = Result<Vec<(String, Sample)>, String>;
