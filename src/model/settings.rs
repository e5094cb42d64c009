//! What a contract says of payments and of other contracts, which has no meaning here: checked for shape, kept and
//! given back.

use crate::error::Fault;

/// What is kept of a contract because other systems make something of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub struct ContractSettings {}

impl ContractSettings {
    /// Faults of their shape.
    pub(crate) fn check(&self) -> Vec<Fault> {
        Vec::new()
    }
}

/// What an edit changes in a contract's settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, bincode::Encode, bincode::Decode)]
pub struct SettingsChanges {}

impl SettingsChanges {
    /// Whether nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The settings afterwards; every fault of the changes where they cannot be made.
    pub(crate) fn apply(&self, before: &ContractSettings) -> Result<ContractSettings, Vec<Fault>> {
        Ok(before.clone())
    }
}
