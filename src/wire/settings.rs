//! What other systems make something of, in requests about contracts and in their answers.

use serde::Serialize;

use super::body::Object;
use crate::model::settings::{ContractSettings, SettingsChanges};

/// The settings of a contract that is to be made.
#[expect(clippy::unnecessary_wraps, reason = "whatever is read can have faults")]
pub(super) fn read(_: &Object<'_>) -> Option<ContractSettings> {
    Some(ContractSettings::default())
}

/// What an edit changes in them.
#[expect(clippy::unnecessary_wraps, reason = "whatever is read can have faults")]
pub(super) fn read_changes(_: &Object<'_>) -> Option<SettingsChanges> {
    Some(SettingsChanges::default())
}

/// The settings of a contract.
#[derive(Serialize)]
pub(super) struct ListedSettings {}

impl ListedSettings {
    pub(super) const fn of(_: &ContractSettings) -> Self {
        Self {}
    }
}

/// What an edit changed in them.
#[derive(Serialize)]
pub(super) struct ListedSettingsChanges {}

impl ListedSettingsChanges {
    pub(super) const fn of(_: &SettingsChanges) -> Self {
        Self {}
    }
}
