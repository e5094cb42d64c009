//! What comes around on contracts, date by date: the grants of recurring commits and credits, and the quantities of
//! subscriptions.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::find::cut;
use super::{contract_parts, contract_read, entities};
use crate::entity::{ContractId, EntityId, SubscriptionId};
use crate::error::{Fault, Result};
use crate::model::balance::BalanceHome;
use crate::model::contract::{ContractPart, PartKind};
use crate::model::page::{Cursor, Page, PageRequest, Question};
use crate::model::recurring::{Grant, GrantsOf, Recurring};
use crate::model::scalar::{Amount, Time};
use crate::model::statement::StatementPeriod;
use crate::model::subscription::{QuantitySegment, Subscription};
use crate::rules::recurring;
use crate::rules::statement::{first_moment, periods};
use crate::rules::subscription::{quantities as schedule, quantity_at, seats_at};
use crate::storage::catalog::Catalog;
use crate::storage::key_bytes;
use crate::storage::versions::{self, AsOf};
use crate::storage::view::Reader;

/// A page of the grants that begin before a moment, the first one first.
pub fn grants(
    reader: &impl Reader,
    contract: ContractId,
    of: GrantsOf,
    before: Time,
    page: &PageRequest,
) -> Result<Page<Grant>> {
    let mut faults = Vec::new();
    let known = Fault::gather(contract_read::known(reader, contract), &mut faults)?;
    let (kind, id): (_, Uuid) = match of {
        GrantsOf::Commit(id) => (PartKind::RecurringCommit, id.into()),
        GrantsOf::Credit(id) => (PartKind::RecurringCredit, id.into()),
    };
    let question =
        Question::filtered("grants", &[contract.to_string(), format!("{of:?}"), before.to_string()]);
    let store = reader.with_catalog(Catalog::store);
    let after = Fault::gather(page.resume(store, &question), &mut faults)?.flatten();
    let part = versions::part(reader, contract.uuid(), kind, id.into_bytes(), AsOf::Now)?;
    if part.is_none() && known.is_some() {
        let field = "recurring_id".to_owned();
        faults.push(Fault::NameNotFound { field, name: id.to_string() });
    }
    Fault::none_of(faults)?;
    let (
        Some((_, origin)),
        Some(ContractPart::RecurringCommit(recurring) | ContractPart::RecurringCredit(recurring)),
    ) = (known, part)
    else {
        return Ok(Page { items: Vec::new(), next: None });
    };
    let subscription = subscribed(reader, contract, &recurring)?;
    let quantity = |at| subscription.as_ref().map_or(Amount::ZERO, |by| quantity_at(by, at));
    let end = contract_read::terms(reader, contract)?.ending_before;
    let after = after.and_then(|number| number.try_into().ok()).map(u32::from_be_bytes);
    let from = after.map_or(0, |after| after.saturating_add(1));
    let grants = recurring::grants(&recurring, &origin.usage_statement_schedule, end, from, quantity);
    let found = grants.take_while(|grant| grant.starting_at < before).take(page.limit + 1).collect();
    Ok(cut(found, page.limit, |last: &Grant| Cursor::new(store, question, &last.number.to_be_bytes())))
}

/// The subscription whose quantity says how much a recurring commit or credit gives.
pub fn subscribed(
    reader: &impl Reader,
    contract: ContractId,
    recurring: &Recurring,
) -> Result<Option<Box<Subscription>>> {
    let Some(config) = &recurring.subscription_config else { return Ok(None) };
    let id = config.subscription_id.uuid().into_bytes();
    Ok(match versions::part(reader, contract.uuid(), PartKind::Subscription, id, AsOf::Now)? {
        Some(ContractPart::Subscription(subscription)) => Some(subscription),
        _ => None,
    })
}

/// A page of the statement periods of a contract that begin before a moment, the first one first.
pub fn statement_periods(
    reader: &impl Reader,
    contract: ContractId,
    before: Time,
    page: &PageRequest,
) -> Result<Page<StatementPeriod>> {
    let mut faults = Vec::new();
    let known = Fault::gather(contract_read::known(reader, contract), &mut faults)?;
    let question = Question::filtered("statement_periods", &[contract.to_string(), before.to_string()]);
    let store = reader.with_catalog(Catalog::store);
    let behind = Fault::gather(page.resume(store, &question), &mut faults)?.flatten();
    Fault::none_of(faults)?;
    let Some((_, origin)) = known else { return Ok(Page { items: Vec::new(), next: None }) };
    let schedule = origin.usage_statement_schedule;
    let first = first_moment(&schedule, origin.starting_at);
    let from = behind.map_or(Ok(first), key_bytes::moment_of)?;
    let end = contract_read::terms(reader, contract)?.ending_before;
    let periods = periods(&schedule, from, end).take_while(|(start, _)| *start < before);
    let found = periods.take(page.limit + 1);
    let found = found.map(|(starting_at, ending_before)| StatementPeriod { starting_at, ending_before });
    let cursor =
        |last: &StatementPeriod| Cursor::new(store, question, &key_bytes::moment(Some(last.ending_before)));
    Ok(cut(found.collect(), page.limit, cursor))
}

/// How many there are of a subscription, and when.
pub fn quantities(reader: &impl Reader, id: SubscriptionId) -> Result<Vec<QuantitySegment>> {
    let (subscription, end) = subscription(reader, id)?;
    Ok(schedule(&subscription, end))
}

/// The seats of a subscription at a moment.
pub fn seats(reader: &impl Reader, id: SubscriptionId, at: Time) -> Result<BTreeSet<String>> {
    let (subscription, _) = subscription(reader, id)?;
    Ok(seats_at(&subscription, at))
}

/// A subscription, and the end of its contract.
fn subscription(reader: &impl Reader, id: SubscriptionId) -> Result<(Box<Subscription>, Option<Time>)> {
    entities::known(reader, id.into())?;
    let nothing = Fault::NothingButAnId { target: id.into() };
    let Some(BalanceHome::Contract(contract)) = contract_parts::home(reader, id.into())? else {
        return Err(nothing.into());
    };
    let part_id = id.uuid().into_bytes();
    match versions::part(reader, contract.uuid(), PartKind::Subscription, part_id, AsOf::Now)? {
        Some(ContractPart::Subscription(subscription)) => {
            Ok((subscription, contract_read::terms(reader, contract)?.ending_before))
        }
        _ => Err(nothing.into()),
    }
}
