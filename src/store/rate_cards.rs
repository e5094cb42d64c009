//! Rate cards: making, changing and finding them, also by an alias at a moment.

use uuid::Uuid;

use super::custom_fields::{self, Plan};
use super::{aliases, entities};
use crate::entity::{EntityId, EntityRef, ManagedEntity, RateCardId};
use crate::error::{Error, Fault, Result};
use crate::model::alias::ScheduledAlias;
use crate::model::change::Collection;
use crate::model::credit_type::CreditType;
use crate::model::page::{ArchiveFilter, Page, PageRequest};
use crate::model::rate_card::{CreateRateCard, RateCard, RateCardRecord, UpdateRateCard};
use crate::model::scalar::Time;
use crate::storage::codec::FieldsRow;
use crate::storage::member::Member;
use crate::storage::tables::TableId;
use crate::storage::view::Reader;
use crate::storage::{alias_schedule, collection, rows};

const ALIASES: TableId = TableId::RateCardAlias;

pub fn create(member: &Member<'_>, request: CreateRateCard) -> Result<RateCardId> {
    let mut faults = request.check();
    let id = entities::fresh_id(member, ManagedEntity::RateCard)?;
    let target = EntityRef { entity: ManagedEntity::RateCard, id };
    let plan = Plan::for_new(member, target, request.custom_fields)?;
    faults.extend_from_slice(plan.faults());
    Fault::none_of(faults)?;
    let record = RateCardRecord {
        name: request.name,
        description: request.description,
        fiat_credit_type: request.fiat_credit_type_id.unwrap_or(CreditType::USD_CENTS),
        conversions: request.credit_type_conversions,
        aliases: request.aliases,
        created_at: member.now(),
        created_by: member.about().actor.clone(),
    };
    let row = rows::create(member, id, &record)?;
    plan.apply_new(member, row)?;
    move_aliases(member, id, &[], &record.aliases)?;
    Ok(RateCardId::from(id))
}

pub fn get(reader: &impl Reader, id: RateCardId) -> Result<RateCard> {
    let (row, record) = known(reader, id)?;
    Ok(joined(reader, id, row, record))
}

/// The card that an alias leads to at a moment, archived or not.
pub fn by_alias(reader: &impl Reader, name: &str, at: Time) -> Result<Option<RateCardId>> {
    Ok(alias_schedule::resolve(reader, ALIASES, name, at)?.map(RateCardId::from))
}

/// A page of rate cards, in order of their ids.
pub fn page(reader: &impl Reader, filter: ArchiveFilter, page: &PageRequest) -> Result<Page<RateCard>> {
    let found = entities::records_page(reader, filter, page)?;
    Ok(found.map(|(id, row, record)| joined(reader, RateCardId::from(id), row, record)))
}

pub fn update(member: &Member<'_>, id: RateCardId, update: UpdateRateCard) -> Result<()> {
    let mut faults = Vec::new();
    let found = Fault::gather(known(member, id), &mut faults)?;
    faults.extend(update.check());
    let Some((row, before)) = found else { return Err(Error::Refused(faults)) };
    faults.extend(update.check_against(&before));
    let mut after = before.clone();
    if let Some(aliases) = update.aliases {
        let new = aliases.iter().any(|alias| !before.aliases.contains(alias));
        if new && row.archived_at.is_some() {
            faults.push(Fault::ReferenceArchived { field: "aliases".to_owned(), target: id.into() });
        }
        after.aliases = aliases;
    }
    Fault::none_of(faults)?;
    after.name = update.name.unwrap_or(after.name);
    after.description = update.description.or(after.description);
    for new in update.add_credit_type_conversions {
        if !after.conversions.contains(&new) {
            after.conversions.push(new);
        }
    }
    if after != before {
        rows::update(member, id.uuid(), row, &before, &after)?;
        move_aliases(member, id.uuid(), &before.aliases, &after.aliases)?;
    }
    Ok(())
}

/// Has the names of a card lead to it as they do after, not before, and takes them from other cards.
fn move_aliases(
    member: &Member<'_>,
    id: Uuid,
    before: &[ScheduledAlias],
    after: &[ScheduledAlias],
) -> Result<()> {
    for (holder, cuts) in aliases::hand_over(member, ALIASES, id, before, after)? {
        let (row, before) = known(member, RateCardId::from(holder))?;
        let mut after = before.clone();
        aliases::cut(&mut after.aliases, cuts);
        rows::update(member, holder, row, &before, &after)?;
    }
    Ok(())
}

/// Frees a card's names and removes its rates, because it is forgotten.
pub fn release(member: &Member<'_>, id: RateCardId) -> Result<()> {
    if let Some(record) = rows::record::<RateCardRecord>(member, id.uuid())? {
        move_aliases(member, id.uuid(), &record.aliases, &[])?;
    }
    collection::clear(member, Collection::Rates, id.uuid())?;
    collection::clear(member, Collection::PastRates, id.uuid())
}

/// The row and the record of a card, or the fault that there is none.
pub fn known(reader: &impl Reader, id: RateCardId) -> Result<(FieldsRow, RateCardRecord)> {
    let row = entities::known(reader, id.into())?;
    let record = rows::record(reader, id.uuid())?.ok_or(Fault::NothingButAnId { target: id.into() })?;
    Ok((row, record))
}

fn joined(reader: &impl Reader, id: RateCardId, row: FieldsRow, record: RateCardRecord) -> RateCard {
    let archived_at = row.archived_at;
    RateCard {
        id,
        name: record.name,
        description: record.description,
        fiat_credit_type: CreditType::of(record.fiat_credit_type),
        credit_type_conversions: record.conversions,
        aliases: record.aliases,
        custom_fields: custom_fields::named(reader, row),
        created_at: record.created_at,
        created_by: record.created_by,
        archived_at,
    }
}
