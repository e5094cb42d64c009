//! Rows that follow from others: indexes of values, names that lead to instances, lists by owner.
//!
//! Each operation keeps them as it changes what they follow from. Here it is said once more what they have to be, for
//! whoever puts records and parts as they come (an import, a follower of the feed), and for looking whether all is as
//! it should be.

use uuid::Uuid;

use super::{alerts, balances, drafts};
use crate::entity::{CommitId, ContractCreditId, ContractId, EntityId, EntityRef};
use crate::error::{Error, Result};
use crate::model::balance::BalanceHome;
use crate::model::contract::{ContractOrigin, ContractPart};
use crate::model::contract_row::ContractWindow;
use crate::model::custom_field::KeyKind;
use crate::model::hierarchy::Hierarchy;
use crate::model::package::Package;
use crate::model::recorded::{AnyPart, AnyRecord};
use crate::rules::invoice::id::contract_tag;
use crate::storage::codec::{self, FieldsRow};
use crate::storage::idempotency::{OutcomeRow, until_row};
use crate::storage::member::Row;
use crate::storage::tables::{KeySpace, TableId};
use crate::storage::view::Reader;
use crate::storage::{alias, alias_schedule, contract_window, key_bytes, package, rows, settled, versions};

/// What follows from a row of a table, whatever it is of. What it is a part of has to be there.
pub fn of_row(reader: &impl Reader, table: TableId, key: &[u8], row: &[u8]) -> Result<Vec<Row>> {
    Ok(match table {
        TableId::Idempotency => {
            let outcome: OutcomeRow = codec::decode(table, key, row)?;
            let key = str::from_utf8(key).map_err(|_| Error::corrupt("a key that is not text"))?;
            vec![until_row(outcome.until, key)]
        }
        TableId::Fields(entity) => {
            let target = EntityRef { entity, id: key_bytes::id(key)? };
            of_values(reader, target, &codec::decode(table, key, row)?)
        }
        TableId::Record(entity) => {
            let id = key_bytes::id(key)?;
            let record = AnyRecord::get(reader, EntityRef { entity, id })?;
            record.map_or(Ok(Vec::new()), |record| of_record(reader, id, &record))?
        }
        TableId::Package => {
            let found = package::get(reader, key_bytes::id(key)?.into())?;
            found.map_or(Ok(Vec::new()), |found| of_package(&found.package))?
        }
        TableId::Parts(of) => {
            let (owner, child) = owner_of(key)?;
            of_part(reader, owner, child, &AnyPart::decode(of, key, row)?)?
        }
        _ => Vec::new(),
    })
}

/// Whose a part is, and the rest of its key.
pub fn owner_of(key: &[u8]) -> Result<(Uuid, &[u8])> {
    let (owner, child) = key.split_first_chunk().ok_or_else(|| Error::corrupt("a key without an owner"))?;
    Ok((Uuid::from_bytes(*owner), child))
}

/// The index rows of an instance's values.
pub fn of_values(reader: &impl Reader, target: EntityRef, row: &FieldsRow) -> Vec<Row> {
    reader.with_catalog(|catalog| {
        let index_row = |(number, value): &(u32, String)| {
            let key = catalog.key_of(*number)?;
            let table = key.index_table().filter(|_| key.is_held_by(row))?;
            let value = key.compared(value);
            Some(if key.kind == KeyKind::Enforced {
                alias::given(table, &value, target.id)
            } else {
                alias::listing(table, &value, target.id)
            })
        };
        row.values.iter().filter_map(index_row).collect()
    })
}

/// What follows from an instance's record. A contract that a commit or credit is a part of has to be there.
pub fn of_record(reader: &impl Reader, id: Uuid, record: &AnyRecord) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    match record {
        AnyRecord::Customer(customer) => {
            rows.extend(customer.ingest_aliases.iter().map(|name| alias::given(TableId::Alias, name, id)));
            let account = customer.salesforce_account_id.as_deref();
            rows.extend(account.map(|account| alias::listing(TableId::SalesforceAccount, account, id)));
        }
        AnyRecord::RateCard(card) => {
            for alias in &card.aliases {
                rows.push(alias_schedule::given(TableId::RateCardAlias, alias, id)?);
            }
        }
        AnyRecord::Alert(alert) => {
            let name = alerts::list_name(alert.terms.customer_id);
            rows.push(alias::listing(TableId::CustomerAlerts, &name, id));
            rows.extend(used_key(KeySpace::Alert, alert.terms.uniqueness_key.as_deref(), id));
        }
        AnyRecord::Contract(origin) => of_origin(ContractId::from(id), origin, &mut rows),
        AnyRecord::Commit(record) => of_home(reader, CommitId::from(id).into(), &record.0, &mut rows)?,
        AnyRecord::ContractCredit(record) => {
            of_home(reader, ContractCreditId::from(id).into(), &record.0, &mut rows)?;
        }
        _ => {}
    }
    Ok(rows)
}

fn of_origin(id: ContractId, origin: &ContractOrigin, rows: &mut Vec<Row>) {
    let made_of = |package: crate::id::PackageId| {
        alias::listing(TableId::PackageContracts, &package.to_string(), id.uuid())
    };
    rows.extend(origin.package_id.map(made_of));
    rows.push(alias::given(TableId::InvoiceTag, &drafts::tag_name(contract_tag(id)), id.uuid()));
    rows.extend(used_key(KeySpace::Contract, origin.uniqueness_key.as_deref(), id.uuid()));
}

fn of_home(reader: &impl Reader, target: EntityRef, home: &BalanceHome, rows: &mut Vec<Row>) -> Result<()> {
    match home {
        BalanceHome::Contract(contract) => {
            if let Some(origin) = rows::record::<ContractOrigin>(reader, contract.uuid())? {
                rows.extend(balances::listing(target, origin.customer_id));
            }
        }
        BalanceHome::Customer(own) => {
            rows.extend(balances::listing(target, own.level.customer_id));
            let charged = own.level.invoice_contract_id;
            rows.extend(
                charged.map(|contract| {
                    alias::listing(TableId::InvoicedCommits, &contract.to_string(), target.id)
                }),
            );
            rows.extend(used_key(KeySpace::Balance, own.level.uniqueness_key.as_deref(), target.id));
        }
    }
    Ok(())
}

/// What follows from a part of an instance. Its owner has to be there.
pub fn of_part(reader: &impl Reader, owner: Uuid, key: &[u8], part: &AnyPart) -> Result<Vec<Row>> {
    let contract = ContractId::from(owner);
    Ok(match part {
        AnyPart::ContractEdits(edit) => {
            used_key(KeySpace::ContractEdit, edit.uniqueness_key.as_deref(), edit.id.into())
                .into_iter()
                .collect()
        }
        AnyPart::ContractInvoices(statement) => {
            settled::charged(contract, settled::invoice_of(key)?, statement)?
        }
        AnyPart::ContractParts(version) if versions::is_live(key) => match &version.part {
            Some(ContractPart::Terms(terms)) => {
                let Some(origin) = rows::record::<ContractOrigin>(reader, owner)? else {
                    return Ok(Vec::new());
                };
                let window = ContractWindow {
                    starting_at: origin.starting_at,
                    ending_before: terms.ending_before,
                    archived: terms.archived_at.is_some(),
                };
                vec![contract_window::row(origin.customer_id.uuid(), owner, &window)?]
            }
            Some(ContractPart::Settings(settings)) => match &settings.hierarchy {
                Some(Hierarchy::Child { parent, .. }) => {
                    let parent = parent.contract_id.to_string();
                    vec![alias::listing(TableId::ContractChildren, &parent, owner)]
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        },
        _ => Vec::new(),
    })
}

/// What follows from a package.
pub fn of_package(package: &Package) -> Result<Vec<Row>> {
    let id = Uuid::from(package.id);
    let aliases = package.aliases.iter();
    let mut rows = aliases
        .map(|alias| alias_schedule::given(TableId::PackageAlias, alias, id))
        .collect::<Result<Vec<_>>>()?;
    rows.extend(used_key(KeySpace::Package, package.terms.uniqueness_key.as_deref(), id));
    Ok(rows)
}

fn used_key(space: KeySpace, key: Option<&str>, holder: Uuid) -> Option<Row> {
    key.map(|key| alias::given(TableId::UniquenessKey(space), key, holder))
}
