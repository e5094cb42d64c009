//! Transactions that carry a key, so that the same request changes things once.

use crate::error::{Fault, FieldProblem};

/// The most characters an idempotency key has, as a uniqueness key.
pub const MAX_IDEMPOTENCY_KEY_CHARACTERS: usize = 128;
/// The most bytes that the request of a [`write_once`](crate::Store::write_once) has, and its outcome.
pub const MAX_IDEMPOTENT_BYTES: usize = 1 << 20;

/// What [`write_once`](crate::Store::write_once) came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// The transaction was carried out, with this outcome.
    Done(Vec<u8>),
    /// It was carried out before, with this outcome, and nothing was changed now.
    Replayed(Vec<u8>),
}

impl Once {
    /// The outcome, of now or of before.
    #[must_use]
    pub fn into_outcome(self) -> Vec<u8> {
        match self {
            Self::Done(outcome) | Self::Replayed(outcome) => outcome,
        }
    }
}

/// Faults of a key and of the request it is for.
pub(crate) fn check_request(key: &str, request: &[u8]) -> Vec<Fault> {
    let rule = "an idempotency key has 1 to 128 characters";
    let key = FieldProblem::of_text(key, MAX_IDEMPOTENCY_KEY_CHARACTERS, rule);
    let key = key.map(|problem| problem.at("idempotency_key"));
    key.into_iter().chain(check_bytes("request", request)).collect()
}

/// The fault of an outcome that is too large to be kept.
pub(crate) fn check_outcome(outcome: &[u8]) -> Option<Fault> {
    check_bytes("outcome", outcome)
}

fn check_bytes(field: &str, bytes: &[u8]) -> Option<Fault> {
    let rule = "what is kept of a request and of its outcome takes at most 1 MiB each";
    let value = || format!("{} bytes", bytes.len());
    (bytes.len() > MAX_IDEMPOTENT_BYTES).then(|| FieldProblem::Value { value: value(), rule }.at(field))
}
