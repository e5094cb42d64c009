//! Contracts above and below others: who pays, and on whose invoices statements are.

use serde::{Deserialize, Serialize};

use super::word::words;
use crate::entity::{ContractId, CustomerId};

words! {
    /// Who pays what a child's invoices charge.
    Payer {
        /// The child.
        Itself "SELF",
        /// The parent.
        Parent "PARENT",
    }
}

words! {
    /// Where a child's statements are.
    UsageStatementBehavior {
        /// On the parent's consolidated invoices.
        Consolidate "CONSOLIDATE",
        /// On invoices of their own.
        Separate "SEPARATE",
    }
}

words! {
    /// What a parent's consolidated invoices are made of.
    InvoiceConsolidation {
        /// The children's statements, one after another.
        Concatenate "CONCATENATE",
        /// Nothing: there are none.
        None "NONE",
    }
}

/// A contract and the customer that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub struct HierarchyLink {
    /// The contract.
    pub contract_id: ContractId,
    /// Whose it is.
    pub customer_id: CustomerId,
}

/// Whether a contract is above others or below one. The API's `hierarchy_configuration`. Kept and given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, bincode::Encode, bincode::Decode)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Hierarchy {
    /// Others may name it as their parent.
    Parent {
        /// What its consolidated invoices are made of.
        invoice_consolidation_type: Option<InvoiceConsolidation>,
    },
    /// It has a parent.
    Child {
        /// The parent.
        parent: HierarchyLink,
        /// Who pays.
        payer: Option<Payer>,
        /// Where its statements are.
        usage_statement_behavior: Option<UsageStatementBehavior>,
    },
}
