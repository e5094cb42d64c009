//! The store against a model of plain maps.
//!
//! [`state`] says what the store holds and what each operation does to it (those of values are in [`values`], those
//! of customers in [`customers`]), [`operation`] carries the same
//! operation out on a store, [`compare`] looks at everything that can be read, and [`program`] makes random
//! programs. A new operation is a variant of [`operation::Op`] and its twin in [`state`]; a new reading call
//! goes into [`compare`].

mod compare;
mod customers;
mod operation;
mod program;
mod state;
mod values;
