//! The library's behaviour, through its public API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod alert_scopes;
mod alerts;
mod at_hand;
mod backups;
mod balances;
mod billable_metrics;
#[cfg(feature = "wire")]
mod broken_disks;
mod charges;
mod clocks;
mod compacting;
mod contract_costs;
mod contract_edits;
mod contract_ends;
mod contract_faults;
mod contract_history;
mod contract_lives;
mod contract_parts;
mod contract_rates;
mod contracts;
#[cfg(feature = "wire")]
mod crashes;
mod customer_lists;
mod customer_lives;
mod customers;
#[cfg(feature = "wire")]
mod damage;
#[cfg(feature = "wire")]
mod differences;
mod example;
#[cfg(feature = "wire")]
mod exports;
mod failures;
mod feed;
mod finding;
mod fixtures;
mod follow;
#[cfg(feature = "wire")]
mod golden;
mod hierarchies;
mod history;
#[cfg(feature = "wire")]
mod hostile;
mod idempotency;
#[cfg(feature = "wire")]
mod imports;
mod instances;
mod invoice_fields;
mod invoice_lists;
mod invoice_lives;
mod invoice_program;
mod invoice_usage;
mod invoices;
mod key_rules;
mod keys;
#[cfg(unix)]
#[cfg(feature = "wire")]
mod killed;
mod linear;
mod loads;
mod model;
mod names_in_memory;
mod names_program;
mod net_balances;
mod opening;
mod package_contracts;
mod package_dates;
mod package_faults;
mod packages;
mod pages_written;
mod part_names;
mod product_schedule;
mod products;
mod quantity;
mod queries;
mod query_program;
mod rate_cards;
mod rates;
mod renewals;
#[cfg(feature = "wire")]
mod salvaged_commits;
#[cfg(feature = "wire")]
mod salvaging;
#[cfg(feature = "wire")]
mod script;
mod settled_charges;
mod soak;
mod stripe_metadata;
mod support;
#[cfg(feature = "wire")]
mod tampered;
mod threads;
#[cfg(feature = "cli")]
mod tool;
#[cfg(feature = "cli")]
mod tool_moving;
#[cfg(feature = "cli")]
mod tool_reading;
#[cfg(feature = "cli")]
mod tool_stores;
mod transactions;
mod turns;
mod uniqueness;
mod upsert;
mod usage_filters;
mod values;
#[cfg(feature = "wire")]
mod wire;
#[cfg(feature = "wire")]
mod wire_alerts;
#[cfg(feature = "wire")]
mod wire_balances;
#[cfg(feature = "wire")]
mod wire_catalog;
#[cfg(feature = "wire")]
mod wire_catalog_fields;
#[cfg(feature = "wire")]
mod wire_contract_edits;
#[cfg(feature = "wire")]
mod wire_contract_fields;
#[cfg(feature = "wire")]
mod wire_contract_history;
#[cfg(feature = "wire")]
mod wire_contract_parts;
#[cfg(feature = "wire")]
mod wire_contracts;
#[cfg(feature = "wire")]
mod wire_customer_fields;
#[cfg(feature = "wire")]
mod wire_customers;
#[cfg(feature = "wire")]
mod wire_invoice_ends;
#[cfg(feature = "wire")]
mod wire_invoice_lists;
#[cfg(feature = "wire")]
mod wire_invoices;
#[cfg(feature = "wire")]
mod wire_net_balance;
#[cfg(feature = "wire")]
mod wire_package_contracts;
#[cfg(feature = "wire")]
mod wire_packages;
#[cfg(feature = "wire")]
mod wire_rates;
#[cfg(feature = "wire")]
mod wire_requests;
#[cfg(feature = "wire")]
mod withheld;
