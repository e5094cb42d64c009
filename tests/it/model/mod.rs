//! The store against a model of plain maps.
//!
//! [`state`] says what the store holds and what each operation does to it (those of keys are in [`keys`], of values in
//! [`values`], those of customers, metrics, products, rate cards, packages, contracts and balances in files of their own, what contracts
//! ask for beside them), [`operation`] carries the same
//! operation out on a store, [`compare`] looks at everything that can be read, [`program`] makes random
//! operations, and [`run`] programs of them. A new operation is a variant of [`operation::Op`] and its twin in [`state`]; a new reading call
//! goes into [`compare`].

mod alerts;
mod balances;
mod compare;
mod contract_edits;
mod contract_parts;
mod contract_reads;
mod contracts;
mod customers;
mod edit_faults;
mod edit_requests;
mod history;
mod keys;
mod metrics;
mod operation;
mod packages;
mod part_requests;
mod products;
mod program;
mod queries;
mod rate_cards;
mod rates;
mod renewals;
mod run;
mod state;
mod store_calls;
mod upserts;
mod values;
