//! The net balance of a customer: what its commits and credits give together at a moment.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::balances::{self, BalanceId};
use super::contract_answers::in_force;
use super::contract_schedules::subscribed;
use super::{contract_read, entities};
use crate::entity::{CommitId, ContractCreditId, ContractId, CustomerId, EntityId, ManagedEntity};
use crate::error::{Fault, FieldProblem, Result};
use crate::id::CreditTypeId;
use crate::model::balance::{AccessType, BalanceOf, BalanceTerms};
use crate::model::contract::{ContractPart, PartKind};
use crate::model::net_balance::{BalanceType, NetBalanceQuestion};
use crate::model::recurring::Recurring;
use crate::model::scalar::{Amount, Time};
use crate::rules::recurring::open_grants;
use crate::rules::subscription::quantity_at;
use crate::storage::versions::{self, AsOf};
use crate::storage::view::Reader;

/// What a customer's commits and credits give at a moment, of those that are asked for.
pub fn net_balance(
    reader: &impl Reader,
    customer: CustomerId,
    question: &NetBalanceQuestion,
    at: Time,
) -> Result<Amount> {
    let mut faults = question.faults();
    Fault::gather(entities::known(reader, customer.into()), &mut faults)?;
    faults.extend(key_faults(reader, question));
    Fault::none_of(faults)?;
    let mut amounts = segments::<CommitId>(reader, customer, question, at)?;
    amounts.extend(segments::<ContractCreditId>(reader, customer, question, at)?);
    for (contract, _, end) in in_force(reader, customer, at)? {
        amounts.extend(granted(reader, contract, end, question, at)?);
    }
    Amount::rounded_sum(amounts).ok_or_else(|| {
        let rule = "what there is of it has more digits than the 28 there is room for";
        FieldProblem::Value { value: question.credit_type().to_string(), rule }.at("credit_type_id").into()
    })
}

/// Faults of keys that neither commits nor credits have, each key named once for either.
fn key_faults(reader: &impl Reader, question: &NetBalanceQuestion) -> Vec<Fault> {
    let entities = [ManagedEntity::Commit, ManagedEntity::ContractCredit];
    let keys: BTreeSet<_> = question.filters.iter().flat_map(|filter| filter.custom_fields.keys()).collect();
    reader.with_catalog(|catalog| {
        let unknown = |key: &&String| entities.iter().all(|entity| catalog.key(*entity, key).is_none());
        let faults = |key: &String| entities.map(|entity| Fault::KeyNotFound { entity, key: key.clone() });
        keys.into_iter().filter(unknown).flat_map(faults).collect()
    })
}

/// Whether amounts with these terms, in that credit type, can count. Where usage takes units, they are no amounts
/// in a credit type.
fn counts(question: &NetBalanceQuestion, terms: &BalanceTerms, credit_type: CreditTypeId) -> bool {
    credit_type == question.credit_type() && terms.access_type.unwrap_or_default() == AccessType::Spend
}

/// What the open segments of the commits or credits give. Those of archived contracts are archived themselves.
fn segments<I: BalanceId>(
    reader: &impl Reader,
    customer: CustomerId,
    question: &NetBalanceQuestion,
    at: Time,
) -> Result<Vec<Amount>> {
    let admits = |found: &BalanceOf<I>| {
        let balance = &found.balance;
        balance.archived_at.is_none()
            && counts(question, &balance.terms, balance.access_schedule.credit_type_id)
            && balance.access_schedule.open_amounts(at).next().is_some()
            && question.admits(balance.commit_type.into(), found.id.uuid(), &found.custom_fields)
    };
    let found = balances::listed(reader, customer, None, usize::MAX, admits)?;
    Ok(found.iter().flat_map(|found| found.balance.access_schedule.open_amounts(at)).collect())
}

/// What the open grants of a contract's recurring commits and credits give.
fn granted(
    reader: &impl Reader,
    contract: ContractId,
    end: Option<Time>,
    question: &NetBalanceQuestion,
    at: Time,
) -> Result<Vec<Amount>> {
    let mut amounts = Vec::new();
    let (_, origin) = contract_read::known(reader, contract)?;
    for (kind, id, recurring) in all_recurring(reader, contract)? {
        let terms = &recurring.terms;
        let asked = question.admits(kind, id, &BTreeMap::new());
        if !asked || !counts(question, &terms.terms, terms.access_amount.credit_type_id) {
            continue;
        }
        let subscription = subscribed(reader, contract, &recurring)?;
        let quantity = |at| subscription.as_ref().map_or(Amount::ZERO, |by| quantity_at(by, at));
        let open = open_grants(&recurring, &origin.usage_statement_schedule, end, at, quantity);
        amounts.extend(open.map(|grant| grant.amount));
    }
    Ok(amounts)
}

fn all_recurring(
    reader: &impl Reader,
    contract: ContractId,
) -> Result<Vec<(BalanceType, Uuid, Box<Recurring>)>> {
    let mut found = Vec::new();
    for kind in [PartKind::RecurringCommit, PartKind::RecurringCredit] {
        for (id, part) in versions::parts(reader, contract.uuid(), Some(kind), AsOf::Now)? {
            let id = Uuid::from_bytes(id);
            match part {
                ContractPart::RecurringCommit(commit) => found.push((BalanceType::PrepaidCommit, id, commit)),
                ContractPart::RecurringCredit(credit) => found.push((BalanceType::Credit, id, credit)),
                _ => {}
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::balance::{CreateCommit, CustomerLevel};
    use crate::model::contract::CreateContract;
    use crate::model::customer::CreateCustomer;
    use crate::model::product::{CreateProduct, ProductType};
    use crate::model::schedule::{CreateAccessItem, CreateAccessSchedule};
    use crate::store::counting_inside::Counting;
    use crate::store::{Store, WritingContracts as _, WritingRecords as _};

    #[test]
    fn a_balance_reads_nothing_of_other_customers() {
        let store = Store::in_memory().unwrap();
        let product = CreateProduct { product_type: ProductType::Fixed, ..Default::default() };
        let product = store.create_product(product).unwrap();
        let ending_before = Time::UNIX_EPOCH.after(std::time::Duration::from_secs(3_600));
        let hour = || CreateAccessItem { amount: 7.into(), starting_at: Time::UNIX_EPOCH, ending_before };
        let commit = || {
            let terms = BalanceTerms { priority: Some(1.into()), ..BalanceTerms::new(product) };
            CreateCommit::prepaid(terms, CreateAccessSchedule::from([hour()]))
        };
        let provision = || {
            let customer = store.create_customer(CreateCustomer::default()).unwrap();
            store.create_commit(CustomerLevel::new(customer), commit()).unwrap();
            let contract = CreateContract::new(customer, Time::UNIX_EPOCH);
            store.create_contract(CreateContract { commits: vec![commit()], ..contract }).unwrap();
            customer
        };
        let rows = |customer| {
            let view = store.view().unwrap();
            let reader = Counting::of(&view);
            let question = NetBalanceQuestion::default();
            assert_eq!(net_balance(&reader, customer, &question, Time::UNIX_EPOCH).unwrap(), 14.into());
            reader.rows()
        };
        let customer = provision();
        let alone = rows(customer);
        let others: Vec<_> = (0..20).map(|_| provision()).collect();
        // A scan may look at the row behind the last one it is after.
        let among_others = rows(customer);
        assert!(among_others <= alone + 6, "{alone} rows alone, {among_others} among others");
        assert_eq!(rows(others[7]), among_others);
    }
}
