//! What is wrong with what is to be put into a store as it is.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use uuid::Uuid;

use super::carried::{self, PartItem};
use super::{contract_parts, derived, entities, rate_series};
use crate::entity::{ContractId, CustomerId, EntityId, EntityRef, ManagedEntity};
use crate::error::{Fault, FieldProblem, NameSpace, Result};
use crate::id::PackageId;
use crate::model::alias::ScheduledAlias;
use crate::model::balance::BalanceHome;
use crate::model::contract::{ContractPart, PartKind};
use crate::model::customer::{check_account, check_aliases, check_kept};
use crate::model::recorded::{AnyPart, AnyRecord};
use crate::rules::invoice::id::{contract_tag, read};
use crate::rules::part_text;
use crate::storage::codec::MAX_RECORD_BYTES;
use crate::storage::member::{Member, Row};
use crate::storage::tables::TableId;
use crate::storage::versions::{self, AsOf};
use crate::storage::view::Reader as _;
use crate::storage::{alias_schedule, codec, package, rows, settled};

/// Faults of names that belong to others.
pub fn taken(member: &Member<'_>, leading: &[Row]) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for row in leading {
        let name = || String::from_utf8_lossy(&row.key).into_owned();
        let holder =
            || member.get(row.table, &row.key, |value| codec::open_holder(row.table, &row.key, value));
        match row.table {
            TableId::Alias => {
                if let Some(id) = holder()? {
                    let holder = EntityRef { entity: ManagedEntity::Customer, id };
                    let archived = rows::fields(member, holder)?.is_some_and(|row| row.archived_at.is_some());
                    let (space, name) = (NameSpace::IngestAlias, name());
                    faults.push(Fault::NameTaken { space, name, holder, archived });
                }
            }
            TableId::UniquenessKey(_) => {
                faults.extend(
                    part_text::uniqueness_key(Some(&name())).map(|problem| problem.at("uniqueness_key")),
                );
                let used = |conflicting_id| Fault::UniquenessKeyUsed { key: name(), conflicting_id };
                faults.extend(holder()?.map(used));
            }
            TableId::InvoiceTag if holder()?.is_some() => {
                let rule = "the ids of its invoices would lead to another contract";
                faults.push(FieldProblem::NotAllowed { rule }.at("id"));
            }
            _ => {}
        }
    }
    Ok(faults)
}

/// Faults of scheduled names that lead to others at some time.
pub fn aliases_taken(member: &Member<'_>, table: TableId, aliases: &[ScheduledAlias]) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    let mut seen: Vec<&ScheduledAlias> = Vec::new();
    for alias in aliases {
        let overlaps = seen.iter().any(|other| other.name == alias.name && other.overlaps(alias));
        if overlaps || !alias_schedule::overlapping(member, table, alias)?.is_empty() {
            let rule = "the name leads to something at that time already";
            faults.push(FieldProblem::Value { value: alias.name.clone(), rule }.at("aliases"));
        }
        seen.push(alias);
    }
    Ok(faults)
}

/// Faults of a record: its size, what it names that is not there, and what its own rules say. Rate cards and metrics
/// may have been forgotten while others name them.
pub fn record(member: &Member<'_>, target: EntityRef, record: &AnyRecord) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    let bytes = record.payload()?.len();
    if bytes > MAX_RECORD_BYTES {
        faults.push(Fault::TooLarge { target, bytes, most: MAX_RECORD_BYTES });
    }
    let mut named = Named { member, faults: Vec::new() };
    match record {
        AnyRecord::Customer(customer) => {
            faults.extend(check_aliases("ingest_aliases", &customer.ingest_aliases));
            faults.extend(check_account(customer.salesforce_account_id.as_deref()));
            faults.extend(check_kept(&customer.kept));
        }
        AnyRecord::RateCard(card) => {
            faults.extend(aliases_taken(member, TableId::RateCardAlias, &card.aliases)?);
        }
        AnyRecord::Alert(alert) => {
            named.customer("customer_id", alert.terms.customer_id)?;
        }
        AnyRecord::Contract(origin) => {
            named.customer("customer_id", Some(origin.customer_id))?;
            named.package(origin.package_id)?;
        }
        AnyRecord::Commit(record) => named.home(target, &record.0)?,
        AnyRecord::ContractCredit(record) => named.home(target, &record.0)?,
        AnyRecord::ScheduledCharge(home) => named.contract(target, home.contract)?,
        AnyRecord::Discount(home) => named.contract(target, home.contract)?,
        AnyRecord::ProfessionalService(home) => named.contract(target, home.contract)?,
        AnyRecord::Subscription(home) => named.contract(target, home.contract)?,
        AnyRecord::PackageCommit(home) => named.package(Some(home.package))?,
        AnyRecord::PackageCredit(home) => named.package(Some(home.package))?,
        AnyRecord::PackageScheduledCharge(home) => named.package(Some(home.package))?,
        AnyRecord::PackageSubscription(home) => named.package(Some(home.package))?,
        AnyRecord::BillableMetric(_) | AnyRecord::ContractProduct(_) => {}
    }
    faults.append(&mut named.faults);
    Ok(faults)
}

/// What a record names.
struct Named<'m, 't> {
    member: &'m Member<'t>,
    faults: Vec<Fault>,
}

impl Named<'_, '_> {
    fn customer(&mut self, field: &str, customer: Option<CustomerId>) -> Result<()> {
        if let Some(target) = customer.map(EntityRef::from)
            && !entities::exists(self.member, target)?
        {
            self.faults.push(Fault::ReferenceNotFound { field: field.to_owned(), target });
        }
        Ok(())
    }

    fn package(&mut self, id: Option<PackageId>) -> Result<()> {
        if let Some(package) = id
            && package::get(self.member, package)?.is_none()
        {
            self.faults.push(Fault::PackageNotFound { package });
        }
        Ok(())
    }

    /// A part is one of its contract's.
    fn contract(&mut self, target: EntityRef, contract: ContractId) -> Result<()> {
        let kind =
            PartKind::ALL.into_iter().find(|kind| contract_parts::entity_of(*kind) == Some(target.entity));
        let id = target.id.into_bytes();
        let part = kind.map(|kind| versions::part(self.member, contract.uuid(), kind, id, AsOf::Now));
        if part.transpose()?.flatten().is_none() {
            let field = "contract".to_owned();
            self.faults.push(Fault::ReferenceNotFound { field, target: contract.into() });
        }
        Ok(())
    }

    fn home(&mut self, target: EntityRef, home: &BalanceHome) -> Result<()> {
        match home {
            BalanceHome::Contract(contract) => self.contract(target, *contract),
            BalanceHome::Customer(own) => self.customer("customer_id", Some(own.level.customer_id)),
        }
    }
}

/// Faults of the parts of an instance that is to be made.
pub fn parts(
    member: &Member<'_>,
    target: EntityRef,
    record: Option<&AnyRecord>,
    parts: &[PartItem],
) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    let (mut seen, mut ranks, mut leading) = (HashSet::new(), BTreeSet::from([0]), BTreeMap::new());
    for PartItem { of, owner, key, part } in parts {
        let wrong = if *owner != target.id || of.owner() != target.entity || record.is_none() {
            Some("it is no part of what it stands behind")
        } else if !seen.insert((*of, key)) {
            Some("it is there twice")
        } else {
            key_problem(*owner, key, part)?
        };
        let text = || format!("{} {}", of.name(), data_encoding::HEXLOWER.encode(key));
        if let Some(rule) = wrong {
            faults.push(FieldProblem::Value { value: text(), rule }.at("key"));
            continue;
        }
        faults.extend(size_fault(target, part)?);
        ranks.extend(carried::revision(key, part)?);
        let rows = derived::of_part(member, *owner, key, part)?;
        faults.extend(taken(member, &rows)?);
        for Row { table, key, value } in rows {
            let before = leading.insert((table, key), value.clone());
            if before.is_some_and(|before| before != value) {
                let rule = "what leads to it leads to another part already";
                faults.push(FieldProblem::Value { value: text(), rule }.at("key"));
            }
        }
    }
    // They become places in the journal, of which an import is not to make more than it has parts.
    if faults.is_empty() && !ranks.iter().copied().eq((0..).take(ranks.len())) {
        let rule = "changes are counted from 1, and none is left out";
        faults.push(FieldProblem::NotAllowed { rule }.at("revision"));
    }
    let terms = |item: &PartItem| {
        matches!(&item.part, AnyPart::ContractParts(version)
            if versions::is_live(&item.key) && matches!(version.part, Some(ContractPart::Terms(_))))
    };
    if matches!(record, Some(AnyRecord::Contract(_))) && !parts.iter().any(terms) {
        let rule = "a contract comes with its parts, of which its terms are one";
        faults.push(FieldProblem::Missing { rule }.at("parts"));
    }
    Ok(faults)
}

/// The fault of a part that is larger than one that calls make can be. An invoice goes on in another row only behind
/// the values of an instance.
fn size_fault(target: EntityRef, part: &AnyPart) -> Result<Option<Fault>> {
    let is_invoice = matches!(part, AnyPart::ContractInvoices(_));
    let most = if is_invoice { 2 * MAX_RECORD_BYTES } else { MAX_RECORD_BYTES };
    let bytes = part.payload()?.len();
    Ok((bytes > most).then_some(Fault::TooLarge { target, bytes, most }))
}

/// What is wrong with the key of a part: it says again what the part says.
fn key_problem(owner: Uuid, key: &[u8], part: &AnyPart) -> Result<Option<&'static str>> {
    let right = match part {
        AnyPart::ContractParts(version) => versions::fits(key, version),
        AnyPart::ContractEdits(_) => carried::revision(key, part).is_ok_and(|rank| rank > Some(0)),
        AnyPart::ContractInvoices(_) => {
            let invoice = read(settled::invoice_of(key)?);
            key.len() == settled::KEY_BYTES
                && invoice.is_some_and(|invoice| invoice.contract_tag == contract_tag(owner.into()))
        }
        AnyPart::Rates(rate) => rate_series::fits(key, rate, false),
        AnyPart::PastRates(past) => rate_series::fits(key, &past.0, true),
    };
    Ok((!right).then_some("the key does not fit what the part says"))
}
