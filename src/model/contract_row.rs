//! What is stored of contracts beside their parts: whose a part is, and when a contract is in force.

use super::scalar::Time;
use crate::entity::ContractId;
use crate::id::PackageId;

macro_rules! homes {
    ($($home:ident)*) => { $(
        /// What is stored under the id of a part: the contract that it is a part of, which has the rest.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, bincode::Encode, bincode::Decode,
        )]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        pub(crate) struct $home {
            pub(crate) contract: ContractId,
        }
    )* };
}

homes! { DiscountHome ProfessionalServiceHome ScheduledChargeHome SubscriptionHome }

macro_rules! package_homes {
    ($($home:ident)*) => { $(
        /// What is stored under the id of a part of a package, which has the rest.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, bincode::Encode, bincode::Decode,
        )]
        #[serde(rename_all = "snake_case", deny_unknown_fields)]
        pub(crate) struct $home {
            pub(crate) package: PackageId,
        }
    )* };
}

package_homes! { PackageCommitHome PackageCreditHome PackageScheduledChargeHome PackageSubscriptionHome }

/// When a contract is in force: what is stored for the list of its customer's contracts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, bincode::Encode, bincode::Decode,
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) struct ContractWindow {
    pub(crate) starting_at: Time,
    pub(crate) ending_before: Option<Time>,
    pub(crate) archived: bool,
}
