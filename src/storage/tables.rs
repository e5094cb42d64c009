//! The tables of the file: their names, and the shape of their rows.

use std::cmp::Ordering;
use std::fmt;

use redb::{Key, TableDefinition, TypeName, Value};

use crate::entity::ManagedEntity;
use crate::model::change::Collection;

/// A table of the file. The names that [`fmt::Display`] gives are part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TableId {
    /// Name -> bytes: the format, the store's id, the next key number.
    Meta,
    /// Key number -> key record.
    Keys,
    /// Entity id -> record: what an entity has besides custom fields. None for an instance that was adopted.
    Record(ManagedEntity),
    /// Entity id -> archived, revision, values.
    Fields(ManagedEntity),
    /// Value -> entity id, of an enforced key.
    Unique(ManagedEntity, u32),
    /// Value and entity id, of an indexed key.
    Listed(ManagedEntity, u32),
    /// Ingest alias -> customer id.
    Alias,
    /// Salesforce account and customer id.
    SalesforceAccount,
    /// Name and start, backwards -> rate card id and end.
    RateCardAlias,
    /// Package id -> package.
    Package,
    /// Name and start, backwards -> package id and end.
    PackageAlias,
    /// Package id as text, and contract id: those that were made of it.
    PackageContracts,
    /// Owner id and child key -> record.
    Parts(Collection),
    /// Customer id, start and contract id -> when the contract is in force.
    CustomerContracts,
    /// Customer id as text, and commit id: the commits of customers and of their contracts.
    CustomerCommits,
    /// Customer id as text, and credit id: as of commits.
    CustomerCredits,
    /// Customer id as text, or no text for all customers, and alert id.
    CustomerAlerts,
    /// Contract id as text, and contract id: those that name it as their parent.
    ContractChildren,
    /// Contract id as text, and commit id: the customer's commits that it is charged for.
    InvoicedCommits,
    /// The beginning of the ids of a contract's invoices -> contract id.
    InvoiceTag,
    /// Contract id -> until when all of its invoices that were due are settled.
    SettledUntil,
    /// Contract id and what is charged -> the invoice it is on.
    ContractCharged,
    /// Entity, id and moment -> the values that the instance had until then.
    PastValues,
    /// Uniqueness key -> what was made with it.
    UniquenessKey(KeySpace),
    /// Idempotency key -> request and outcome.
    Idempotency,
    /// Moment and idempotency key: when outcomes are over.
    IdempotencyUntil,
    /// Sequence -> change.
    Journal,
}

impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meta => f.write_str("meta"),
            Self::Keys => f.write_str("keys"),
            Self::Record(entity) => entity.fmt(f),
            Self::Fields(entity) => write!(f, "{entity}.fields"),
            Self::Unique(entity, number) => write!(f, "{entity}.unique.{number}"),
            Self::Listed(entity, number) => write!(f, "{entity}.index.{number}"),
            Self::Alias => f.write_str("alias"),
            Self::SalesforceAccount => f.write_str("salesforce_account"),
            Self::RateCardAlias => f.write_str("rate_card_alias"),
            Self::Package => f.write_str("package"),
            Self::PackageAlias => f.write_str("package_alias"),
            Self::PackageContracts => f.write_str("package.contracts"),
            Self::Parts(collection) => f.write_str(collection.name()),
            Self::CustomerContracts => f.write_str("customer.contracts"),
            Self::CustomerCommits => f.write_str("customer.commits"),
            Self::CustomerAlerts => f.write_str("customer.alerts"),
            Self::ContractChildren => f.write_str("contract.children"),
            Self::CustomerCredits => f.write_str("customer.credits"),
            Self::InvoicedCommits => f.write_str("contract.invoiced_commits"),
            Self::InvoiceTag => f.write_str("invoice.tag"),
            Self::SettledUntil => f.write_str("contract.settled_until"),
            Self::ContractCharged => f.write_str("contract.charged"),
            Self::PastValues => f.write_str("past"),
            Self::UniquenessKey(space) => write!(f, "uniqueness_key.{}", space.name()),
            Self::Idempotency => f.write_str("idempotency"),
            Self::IdempotencyUntil => f.write_str("idempotency.until"),
            Self::Journal => f.write_str("journal"),
        }
    }
}

impl TableId {
    /// The table of that name; `None` for a name that no table of this format has.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "meta" => return Some(Self::Meta),
            "keys" => return Some(Self::Keys),
            "alias" => return Some(Self::Alias),
            "salesforce_account" => return Some(Self::SalesforceAccount),
            "rate_card_alias" => return Some(Self::RateCardAlias),
            "package" => return Some(Self::Package),
            "package_alias" => return Some(Self::PackageAlias),
            "package.contracts" => return Some(Self::PackageContracts),
            "idempotency" => return Some(Self::Idempotency),
            "idempotency.until" => return Some(Self::IdempotencyUntil),
            "journal" => return Some(Self::Journal),
            "past" => return Some(Self::PastValues),
            "customer.contracts" => return Some(Self::CustomerContracts),
            "customer.commits" => return Some(Self::CustomerCommits),
            "customer.alerts" => return Some(Self::CustomerAlerts),
            "contract.children" => return Some(Self::ContractChildren),
            "customer.credits" => return Some(Self::CustomerCredits),
            "contract.invoiced_commits" => return Some(Self::InvoicedCommits),
            "invoice.tag" => return Some(Self::InvoiceTag),
            "contract.settled_until" => return Some(Self::SettledUntil),
            "contract.charged" => return Some(Self::ContractCharged),
            _ => {}
        }
        if let Some(collection) = Collection::named(name) {
            return Some(Self::Parts(collection));
        }
        if let Some(space) = name.strip_prefix("uniqueness_key.") {
            return KeySpace::ALL.into_iter().find(|known| known.name() == space).map(Self::UniquenessKey);
        }
        let Some((entity, rest)) = name.split_once('.') else {
            return name.parse().ok().map(Self::Record);
        };
        let entity = entity.parse().ok()?;
        match rest.split_once('.') {
            None => (rest == "fields").then_some(Self::Fields(entity)),
            Some(("unique", number)) => number.parse().ok().map(|number| Self::Unique(entity, number)),
            Some(("index", number)) => number.parse().ok().map(|number| Self::Listed(entity, number)),
            Some(_) => None,
        }
    }

    /// Whether its rows follow from those of other tables.
    pub const fn is_derived(self) -> bool {
        !matches!(
            self,
            Self::Meta
                | Self::Keys
                | Self::Record(_)
                | Self::Fields(_)
                | Self::Package
                | Self::Parts(_)
                | Self::SettledUntil
                | Self::PastValues
                | Self::Idempotency
                | Self::Journal
        )
    }

    /// Whether its rows have the values of instances.
    pub(super) const fn is_of_values(self) -> bool {
        matches!(self, Self::Fields(_))
    }

    /// A number of its own among the tables that may be in memory, because they are looked into most; `None` where it is
    /// none of them.
    #[inline]
    pub(super) const fn number_in_memory(self) -> Option<u64> {
        match self {
            Self::Alias => Some(0),
            Self::Fields(entity) => Some(entity as u64 + 1),
            Self::Unique(entity, index) => Some((entity as u64 + 1) << 32 | index as u64),
            _ => None,
        }
    }

    pub(super) const fn shape(self) -> Shape {
        match self {
            Self::Meta
            | Self::RateCardAlias
            | Self::PackageAlias
            | Self::Parts(_)
            | Self::Idempotency
            | Self::CustomerContracts
            | Self::PastValues => Shape::Named,
            Self::Keys => Shape::Numbered,
            Self::Record(_) | Self::Fields(_) | Self::Package | Self::SettledUntil => Shape::ById,
            Self::Unique(..)
            | Self::Alias
            | Self::InvoiceTag
            | Self::ContractCharged
            | Self::UniquenessKey(_) => Shape::Unique,
            Self::Listed(..)
            | Self::IdempotencyUntil
            | Self::SalesforceAccount
            | Self::CustomerCommits
            | Self::CustomerCredits
            | Self::CustomerAlerts
            | Self::InvoicedCommits
            | Self::PackageContracts
            | Self::ContractChildren => Shape::Listed,
            Self::Journal => Shape::Sequence,
        }
    }
}

/// What a uniqueness key refuses to make again: each kind has keys of its own, but that commits and credits share
/// theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeySpace {
    Alert,
    Contract,
    ContractEdit,
    Balance,
    Package,
}

impl KeySpace {
    const ALL: [Self; 5] = [Self::Alert, Self::Contract, Self::ContractEdit, Self::Balance, Self::Package];

    const fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Contract => "contract",
            Self::ContractEdit => "contract_edit",
            Self::Balance => "balance",
            Self::Package => "package",
        }
    }
}

/// How wide a table's keys and values are. Where redb knows a width it stores no offsets for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Named,
    Numbered,
    ById,
    Unique,
    Listed,
    Sequence,
}

/// The bytes an id takes.
pub const ID_BYTES: usize = 16;
/// The bytes of an index row's value: of an enforced key the holder's id and a checksum, of an indexed key
/// the checksum alone.
pub const UNIQUE_BYTES: usize = ID_BYTES + CHECK_BYTES;
/// The bytes of a row's checksum.
pub const CHECK_BYTES: usize = 4;

impl Shape {
    /// The bytes of its keys and of its values, where all have as many.
    pub(super) const fn widths(self) -> (Option<usize>, Option<usize>) {
        match self {
            Self::Named => (None, None),
            Self::Numbered => (Some(4), None),
            Self::ById => (Some(ID_BYTES), None),
            Self::Unique => (None, Some(UNIQUE_BYTES)),
            Self::Listed => (None, Some(CHECK_BYTES)),
            Self::Sequence => (Some(8), None),
        }
    }
}

pub(super) type Named<'a> = TableDefinition<'a, Bytes, Bytes>;
pub(super) type Numbered<'a> = TableDefinition<'a, Fixed<4>, Bytes>;
pub(super) type ById<'a> = TableDefinition<'a, Fixed<ID_BYTES>, Bytes>;
pub(super) type Unique<'a> = TableDefinition<'a, Bytes, Fixed<UNIQUE_BYTES>>;
pub(super) type Listed<'a> = TableDefinition<'a, Bytes, Fixed<CHECK_BYTES>>;
pub(super) type Sequence<'a> = TableDefinition<'a, Fixed<8>, Bytes>;

/// Bytes of any length, in the order of the bytes.
pub(super) type Bytes = &'static [u8];

/// Exactly `N` bytes, in the order of the bytes. As a slice, so that every table is read and written alike;
/// whoever writes checks the length first.
#[derive(Debug)]
pub(super) struct Fixed<const N: usize>;

impl<const N: usize> Value for Fixed<N> {
    type SelfType<'a> = &'a [u8];
    type AsBytes<'a> = &'a [u8];

    fn fixed_width() -> Option<usize> {
        Some(N)
    }

    fn from_bytes<'a>(data: &'a [u8]) -> &'a [u8]
    where
        Self: 'a,
    {
        data
    }

    fn as_bytes<'a, 'b: 'a>(value: &'a &'b [u8]) -> &'a [u8]
    where
        Self: 'b,
    {
        value
    }

    fn type_name() -> TypeName {
        TypeName::new(&format!("billfold::bytes{N}"))
    }
}

impl<const N: usize> Key for Fixed<N> {
    fn compare(left: &[u8], right: &[u8]) -> Ordering {
        // Ids are compared as numbers, which is quicker than byte by byte.
        match (left.try_into(), right.try_into()) {
            (Ok(left), Ok(right)) => u128::from_be_bytes(left).cmp(&u128::from_be_bytes(right)),
            _ => left.cmp(right),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_table() {
        let mut tables = vec![TableId::Meta, TableId::Keys, TableId::Alias, TableId::Journal];
        tables.extend([TableId::SalesforceAccount, TableId::RateCardAlias]);
        tables.extend([TableId::Package, TableId::PackageAlias, TableId::PackageContracts]);
        tables.extend([TableId::CustomerContracts, TableId::CustomerCommits, TableId::CustomerCredits]);
        tables.extend([
            TableId::CustomerAlerts,
            TableId::ContractChildren,
            TableId::InvoicedCommits,
            TableId::InvoiceTag,
        ]);
        tables.extend([TableId::ContractCharged, TableId::SettledUntil, TableId::PastValues]);
        tables.extend([TableId::Idempotency, TableId::IdempotencyUntil]);
        tables.extend(Collection::ALL.map(TableId::Parts));
        tables.extend(KeySpace::ALL.map(TableId::UniquenessKey));
        for entity in ManagedEntity::ALL {
            tables.extend([
                TableId::Record(entity),
                TableId::Fields(entity),
                TableId::Unique(entity, 7),
                TableId::Listed(entity, u32::MAX),
            ]);
        }
        for table in tables {
            assert_eq!(TableId::named(&table.to_string()), Some(table));
        }
        for name in ["", "fields", "plan", "customer.unique", "customer.unique.x", "plan.fields"] {
            assert_eq!(TableId::named(name), None, "{name}");
        }
    }
}
