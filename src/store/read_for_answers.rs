//! What the answers to the vendor's calls need of contracts besides what everyone can read.

use super::read::sealed::Source;
use super::{Transaction, contract_edits, contract_read};
use crate::entity::ContractId;
use crate::error::Result;
use crate::model::contract::{Contract, ContractTerms};
use crate::model::contract_edit::ContractEdit;

/// What the answers to the vendor's calls need besides.
pub(crate) trait ReadingForAnswers: Source {
    /// A contract as it was made, without what edits of the same moment did.
    fn contract_as_made(&self, id: ContractId) -> Result<Contract> {
        self.reading(|reader| contract_read::as_made(reader, id))
    }

    /// What edits had changed of a contract itself when that one was made.
    fn terms_after(&self, id: ContractId, edit: &ContractEdit) -> Result<ContractTerms> {
        self.reading(|reader| contract_read::terms_after(reader, id, edit))
    }
}

impl<S: Source> ReadingForAnswers for S {}

impl Transaction<'_> {
    /// The edit that was made of a contract when it had that revision.
    pub(crate) fn edit_made_at(&self, id: ContractId, revision: u64) -> Result<ContractEdit> {
        self.reading(|reader| contract_edits::made_at(reader, id, revision))
    }
}
