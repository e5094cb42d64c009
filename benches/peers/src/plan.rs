//! The data: the same customers in every system, made from their numbers alone.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

/// The enforced key.
pub const ACCOUNT: &str = "x_account_id";
/// The keys that a set changes, in the order of [`Fields`].
pub const FIELDS: [&str; 3] = ["tier", "region", "owner"];
/// How long a value of the enforced key is.
const ACCOUNT_LEN: usize = 21;

/// The values of the three keys that are not enforced.
pub type Fields = [String; 3];

/// In which order ids come.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Ids {
    /// As those of version 7: each later than all before.
    Ordered,
    /// As those of version 4.
    Random,
}

impl Ids {
    pub const fn text(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Random => "random",
        }
    }
}

/// One customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub id: Uuid,
    pub account: String,
    pub fields: Fields,
}

/// So many customers, with such ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub n: u64,
    pub ids: Ids,
}

impl Plan {
    pub fn id(&self, n: u64) -> Uuid {
        match self.ids {
            Ids::Ordered => Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + u128::from(n)),
            Ids::Random => {
                let bits = u128::from(scattered(n)) << 64 | u128::from(scattered(!n));
                Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
            }
        }
    }

    pub fn row(&self, n: u64) -> Row {
        let fields = ["gold".to_owned(), "EU".to_owned(), format!("owner {n}")];
        Row { id: self.id(n), account: account(n), fields }
    }

    pub const fn rows(&self) -> Rows {
        Rows { plan: *self, next: 0, made: Vec::new(), making: Duration::ZERO }
    }

    /// Numbers of customers in no order; another order for each seed.
    pub fn walk(&self, seed: u64) -> impl FnMut() -> u64 + Send + use<> {
        let n = self.n;
        let mut step = scattered(seed);
        move || {
            step = step.wrapping_add(1);
            scattered(step) % n
        }
    }
}

/// The customers in the order of their numbers. They are made a chunk at a time, and the time that takes is counted,
/// so that a load can be told without it.
pub struct Rows {
    plan: Plan,
    next: u64,
    made: Vec<Row>,
    making: Duration,
}

impl Rows {
    /// How long it took to make the rows so far.
    pub const fn making(&self) -> Duration {
        self.making
    }

    fn make(&mut self) {
        const CHUNK: u64 = 10_000;
        let start = Instant::now();
        let end = (self.next + CHUNK).min(self.plan.n);
        self.made.extend((self.next..end).rev().map(|n| self.plan.row(n)));
        self.next = end;
        self.making += start.elapsed();
    }
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if self.made.is_empty() {
            self.make();
        }
        self.made.pop()
    }
}

/// A number for each number, in no order: the finaliser of splitmix64.
pub const fn scattered(n: u64) -> u64 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The value of the enforced key: 21 characters, in no order.
pub fn account(n: u64) -> String {
    let mut text = String::with_capacity(ACCOUNT_LEN);
    push_account(&mut text, n);
    text
}

fn push_account(text: &mut String, n: u64) {
    text.push_str("acct_");
    for byte in scattered(n).to_be_bytes() {
        for digit in [byte >> 4, byte & 0xf] {
            text.push(char::from(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit }));
        }
    }
}

/// Values that a set gives a customer, about as long as those it was loaded with. Those of two steps of one caller
/// are never the same.
pub fn other_fields(caller: u64, step: u64) -> Fields {
    let bits = scattered(caller << 40 | step);
    [format!("{:04x}", bits & 0xffff), format!("{:02x}", bits >> 56), format!("owner {caller} {step}")]
}

/// Many values of the enforced key, one behind another in memory, so that reading them takes as little of the
/// processor's caches as can be.
#[derive(Debug, Default)]
pub struct Accounts(String);

impl Accounts {
    /// Replaces the values by those of these customers.
    pub fn fill(&mut self, numbers: impl IntoIterator<Item = u64>) {
        self.0.clear();
        for n in numbers {
            push_account(&mut self.0, n);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.0.len() / ACCOUNT_LEN).filter_map(|n| self.0.get(n * ACCOUNT_LEN..(n + 1) * ACCOUNT_LEN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_21_characters_and_stands_for_one_customer() {
        assert_eq!(account(7), format!("acct_{:016x}", scattered(7)));
        let mut accounts = Accounts::default();
        accounts.fill([3, 1, 4]);
        assert_eq!(accounts.iter().collect::<Vec<_>>(), [account(3), account(1), account(4)]);
    }

    #[test]
    fn rows_come_in_order_and_each_once() {
        let plan = Plan { n: 25_000, ids: Ids::Ordered };
        assert!(plan.rows().map(|row| row.id).is_sorted());
        assert_eq!(plan.rows().count(), 25_000);
    }

    #[test]
    fn random_ids_are_of_version_4_and_none_comes_twice() {
        let plan = Plan { n: 10_000, ids: Ids::Random };
        let ids: std::collections::BTreeSet<_> = plan.rows().map(|row| row.id).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.get_version_num() == 4));
    }
}
