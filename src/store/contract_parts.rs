//! Parts that a contract is given: what they refer to, their ids, and what is written for them.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::balances::BalanceId as _;
use super::contract_products::{OnCard, Products};
use super::part_names::Names;
use super::{balances, entities};
use crate::entity::{
    CommitId, ContractCreditId, ContractId, CustomerId, DiscountId, EntityId, EntityRef, ManagedEntity,
    ProfessionalServiceId, ScheduledChargeId, SubscriptionId,
};
use crate::error::{Fault, Result};
use crate::id::{OverrideId, ScheduleItemId};
use crate::model::balance::{BalanceHome, CommitRecord, CreditRecord};
use crate::model::contract::{ContractOrigin, ContractPart, NewParts, PartKind};
use crate::model::contract_row::{
    DiscountHome, ProfessionalServiceHome, ScheduledChargeHome, SubscriptionHome,
};
use crate::model::custom_field::CustomFields;
use crate::model::price_override::{Override, OverrideTerms};
use crate::model::product::ProductType;
use crate::model::recurring::{CreateRecurring, Recurring};
use crate::model::scalar::Time;
use crate::rules::contract::{Term, any_daily, part_faults, placed, recurring_terms};
use crate::rules::{balance, contract, scheduled_charge, subscription};
use crate::storage::codec::{self, FieldsRow};
use crate::storage::member::Member;
use crate::storage::rows;
use crate::storage::versions::{self, AsOf, NewVersion, PartId};
use crate::storage::view::Reader;

/// The contract that parts are added to.
pub struct Site<'s> {
    pub id: ContractId,
    pub origin: &'s ContractOrigin,
    pub card: OnCard,
    pub ending_before: Option<Time>,
    /// What stands in front of the names of the request's lists.
    pub prefix: &'static str,
}

/// Parts that are about to be added, with ids.
#[derive(Default)]
pub struct Additions {
    pub versions: Vec<NewVersion>,
    /// The instances among them, with the values they are to have.
    values: Vec<(EntityRef, CustomFields)>,
}

impl Additions {
    /// Adds an instance that has custom fields.
    pub fn add(&mut self, target: EntityRef, part: ContractPart, values: CustomFields) {
        self.versions.push(NewVersion::of(target.id, part));
        self.values.push((target, values));
    }

    /// The instances and their values, which they keep no more.
    pub fn take_values(&mut self) -> Vec<(EntityRef, CustomFields)> {
        self.values.iter_mut().map(|(target, values)| (*target, std::mem::take(values))).collect()
    }

    /// What an edit that adds them names: those that are parts by themselves.
    pub fn names(&self) -> Vec<(PartKind, PartId)> {
        self.versions.iter().map(|version| (version.kind, version.id)).collect()
    }

    /// The parts with their ids, and where they are in the request; `prefix` stands in front of the names of the
    /// lists. They are in the order of their lists.
    pub fn parts(&self, prefix: &str) -> Vec<(String, Uuid, &ContractPart)> {
        let mut places: BTreeMap<PartKind, usize> = BTreeMap::new();
        let placed = |version: &'_ NewVersion| {
            let kind = version.kind;
            let place = places.entry(kind).or_default();
            let field = match kind {
                PartKind::Terms | PartKind::Settings | PartKind::UsageFilter => kind.name().to_owned(),
                _ => format!("{prefix}{}[{place}]", kind.name()),
            };
            *place += 1;
            (field, Uuid::from_bytes(version.id))
        };
        let names: Vec<_> = self.versions.iter().map(placed).collect();
        let parts = names.into_iter().zip(&self.versions);
        parts.filter_map(|((field, id), version)| Some((field, id, version.part.as_ref()?))).collect()
    }

    /// Faults of parts that are too large to be kept.
    pub fn size_faults(&self, prefix: &str) -> Result<Vec<Fault>> {
        let faults = self.parts(prefix).into_iter().map(|(field, _, part)| codec::part_fault(part, &field));
        faults.filter_map(Result::transpose).collect()
    }

    /// Makes the instances; their rows, in the order of their values.
    pub fn make_instances(
        &self,
        member: &Member<'_>,
        contract: ContractId,
        customer: CustomerId,
    ) -> Result<Vec<FieldsRow>> {
        let make = |(target, _): &(EntityRef, CustomFields)| {
            balances::list(member, *target, customer, true)?;
            make_instance(member, *target, contract)
        };
        self.values.iter().map(make).collect()
    }
}

fn make_instance(member: &Member<'_>, target: EntityRef, contract: ContractId) -> Result<FieldsRow> {
    let id = target.id;
    match target.entity {
        ManagedEntity::Commit => rows::create(member, id, &CommitRecord(BalanceHome::Contract(contract))),
        ManagedEntity::ContractCredit => {
            rows::create(member, id, &CreditRecord(BalanceHome::Contract(contract)))
        }
        ManagedEntity::ScheduledCharge => rows::create(member, id, &ScheduledChargeHome { contract }),
        ManagedEntity::Discount => rows::create(member, id, &DiscountHome { contract }),
        ManagedEntity::ProfessionalService => rows::create(member, id, &ProfessionalServiceHome { contract }),
        _ => rows::create(member, id, &SubscriptionHome { contract }),
    }
}

/// Whose a part is; `None` for an instance that is none, or was taken in with nothing but its id.
pub fn home(reader: &impl Reader, target: EntityRef) -> Result<Option<BalanceHome>> {
    let id = target.id;
    let contract = match target.entity {
        ManagedEntity::Commit => return CommitId::home(reader, id),
        ManagedEntity::ContractCredit => return ContractCreditId::home(reader, id),
        ManagedEntity::ScheduledCharge => {
            rows::record::<ScheduledChargeHome>(reader, id)?.map(|home| home.contract)
        }
        ManagedEntity::Discount => rows::record::<DiscountHome>(reader, id)?.map(|home| home.contract),
        ManagedEntity::ProfessionalService => {
            rows::record::<ProfessionalServiceHome>(reader, id)?.map(|home| home.contract)
        }
        ManagedEntity::Subscription => {
            rows::record::<SubscriptionHome>(reader, id)?.map(|home| home.contract)
        }
        _ => None,
    };
    Ok(contract.map(BalanceHome::Contract))
}

/// The entity whose instances parts of a kind are; `None` for parts without custom fields.
pub const fn entity_of(kind: PartKind) -> Option<ManagedEntity> {
    match kind {
        PartKind::Commit => Some(ManagedEntity::Commit),
        PartKind::Credit => Some(ManagedEntity::ContractCredit),
        PartKind::ScheduledCharge => Some(ManagedEntity::ScheduledCharge),
        PartKind::Discount => Some(ManagedEntity::Discount),
        PartKind::ProfessionalService => Some(ManagedEntity::ProfessionalService),
        PartKind::Subscription => Some(ManagedEntity::Subscription),
        PartKind::Terms
        | PartKind::Settings
        | PartKind::UsageFilter
        | PartKind::RecurringCommit
        | PartKind::RecurringCredit
        | PartKind::Override => None,
    }
}

/// Every instance that is a part of a contract.
pub fn instances(reader: &impl Reader, contract: ContractId) -> Result<Vec<EntityRef>> {
    let parts = versions::parts(reader, contract.uuid(), None, AsOf::Now)?;
    let instance = |(id, part): (PartId, ContractPart)| {
        entity_of(part.kind()).map(|entity| EntityRef { entity, id: Uuid::from_bytes(id) })
    };
    Ok(parts.into_iter().filter_map(instance).collect())
}

/// Looks through parts that are to be added, gives them ids and resolves the names they use for each other. What
/// is wrong with them is added to the faults; parts that something is wrong with may then be missing.
pub fn additions(
    member: &Member<'_>,
    site: &Site<'_>,
    parts: NewParts,
    faults: &mut Vec<Fault>,
) -> Result<Additions> {
    let term = Term { starting_at: site.origin.starting_at, ending_before: site.ending_before };
    let prioritization = site.origin.multiplier_override_prioritization;
    let own = part_faults(site.prefix, &parts, term, prioritization);
    let sound = own.is_empty();
    faults.extend(own);
    faults.extend(daily_faults(member, site, &parts)?);
    let mut adding = Adding {
        member,
        site,
        products: Products::new(member, site.card, member.now()),
        names: Names::of(member, site, &parts, faults)?,
        additions: Additions::default(),
        faults,
    };
    adding.check_products(&parts)?;
    // Parts with faults of their own are not made anything of: the rules count on sound ones.
    if sound {
        adding.make_all(parts)?;
    } else {
        adding.look_through(parts)?;
    }
    Ok(adding.additions)
}

/// Faults of recurring commits and credits that come every day besides the one that the contract may have.
fn daily_faults(member: &Member<'_>, site: &Site<'_>, parts: &NewParts) -> Result<Vec<Fault>> {
    if !any_daily(recurring_terms(parts)) {
        return Ok(Vec::new());
    }
    let mut has_one = false;
    for kind in [PartKind::RecurringCommit, PartKind::RecurringCredit] {
        let there = versions::parts(member, site.id.uuid(), Some(kind), AsOf::Now)?;
        has_one |= any_daily(there.iter().filter_map(|(_, part)| match part {
            ContractPart::RecurringCommit(part) | ContractPart::RecurringCredit(part) => Some(&part.terms),
            _ => None,
        }));
    }
    Ok(contract::daily_faults(site.prefix, parts, has_one))
}

/// Faults of fields that name instances there are not.
pub fn reference_faults(reader: &impl Reader, references: &[(String, EntityRef)]) -> Result<Vec<Fault>> {
    let mut faults = Vec::new();
    for (field, target) in references {
        if !entities::exists(reader, *target)? {
            faults.push(Fault::ReferenceNotFound { field: field.clone(), target: *target });
        }
    }
    Ok(faults)
}

struct Adding<'a, 'm> {
    member: &'a Member<'m>,
    site: &'a Site<'a>,
    products: Products<'a, Member<'m>>,
    names: Names<'a, 'm>,
    additions: Additions,
    faults: &'a mut Vec<Fault>,
}

impl Adding<'_, '_> {
    /// Faults of the products that parts name, and of what the rate card does not have for them.
    fn check_products(&mut self, parts: &NewParts) -> Result<()> {
        use ProductType::{Fixed, ProService};
        let prefix = self.site.prefix;
        for (at, commit) in placed(prefix, "commits", &parts.commits) {
            self.faults.extend(self.products.balance_faults(&at, &commit.terms)?);
        }
        for (at, credit) in placed(prefix, "credits", &parts.credits) {
            self.faults.extend(self.products.balance_faults(&at, &credit.terms)?);
        }
        for (at, commit) in placed(prefix, "recurring_commits", &parts.recurring_commits) {
            self.faults.extend(self.products.balance_faults(&at, &commit.terms.terms)?);
        }
        for (at, credit) in placed(prefix, "recurring_credits", &parts.recurring_credits) {
            self.faults.extend(self.products.balance_faults(&at, &credit.terms.terms)?);
        }
        for (at, charge) in placed(prefix, "scheduled_charges", &parts.scheduled_charges) {
            self.faults.extend(self.products.type_fault(&at, charge.product_id, Fixed)?);
        }
        for (at, discount) in placed(prefix, "discounts", &parts.discounts) {
            self.faults.extend(self.products.type_fault(&at, discount.product_id, Fixed)?);
        }
        for (at, service) in placed(prefix, "professional_services", &parts.professional_services) {
            self.faults.extend(self.products.type_fault(&at, service.service.product_id, ProService)?);
        }
        for (at, subscription) in placed(prefix, "subscriptions", &parts.subscriptions) {
            let at = format!("{at}subscription_rate.");
            let terms = &subscription.terms;
            self.faults.extend(self.products.subscription_fault(
                &at,
                terms.product_id,
                terms.billing_frequency,
            )?);
        }
        for (at, terms) in placed(prefix, "overrides", &parts.overrides) {
            self.faults.extend(self.products.override_faults(&at, terms)?);
        }
        Ok(())
    }

    fn make_all(&mut self, parts: NewParts) -> Result<()> {
        let (now, by) = (self.member.now(), self.member.about().actor.clone());
        let mut new_id = || ScheduleItemId::from(self.member.new_id());
        for commit in parts.commits {
            let id = self.names.id(PartKind::Commit, commit.temporary_id.as_deref())?;
            let part = balance::commit(&commit, &mut new_id, now, by.clone());
            let target = EntityRef { entity: ManagedEntity::Commit, id };
            self.additions.add(target, ContractPart::Commit(part.into()), commit.custom_fields);
        }
        for credit in parts.credits {
            let target =
                EntityRef { entity: ManagedEntity::ContractCredit, id: self.names.fresh(PartKind::Credit)? };
            let part = balance::credit(&credit, &mut new_id, now, by.clone());
            self.additions.add(target, ContractPart::Credit(part.into()), credit.custom_fields);
        }
        for charge in parts.scheduled_charges {
            let id = ScheduledChargeId::from(self.names.fresh(PartKind::ScheduledCharge)?);
            let part = scheduled_charge::make(&charge, &mut new_id, now);
            self.additions.add(id.into(), ContractPart::ScheduledCharge(part.into()), charge.custom_fields);
        }
        for discount in parts.discounts {
            let id = DiscountId::from(self.names.fresh(PartKind::Discount)?);
            let part = scheduled_charge::make(&discount, &mut new_id, now);
            self.additions.add(id.into(), ContractPart::Discount(part.into()), discount.custom_fields);
        }
        for service in parts.professional_services {
            let id = ProfessionalServiceId::from(self.names.fresh(PartKind::ProfessionalService)?);
            let part = ContractPart::ProfessionalService(service.service.into());
            self.additions.add(id.into(), part, service.custom_fields);
        }
        for subscription in parts.subscriptions {
            let id = self.names.id(PartKind::Subscription, subscription.temporary_id.as_deref())?;
            let part = subscription::make(&subscription, self.site.origin.starting_at, now);
            let part = ContractPart::Subscription(part.into());
            self.additions.add(SubscriptionId::from(id).into(), part, subscription.custom_fields);
        }
        for (place, commit) in parts.recurring_commits.into_iter().enumerate() {
            self.recurring(PartKind::RecurringCommit, place, commit)?;
        }
        for (place, credit) in parts.recurring_credits.into_iter().enumerate() {
            self.recurring(PartKind::RecurringCredit, place, credit)?;
        }
        for (place, terms) in parts.overrides.into_iter().enumerate() {
            self.price_override(place, terms)?;
        }
        Ok(())
    }

    fn recurring(&mut self, kind: PartKind, place: usize, asked: CreateRecurring) -> Result<()> {
        let id = self.names.id(kind, asked.temporary_id.as_deref())?;
        let at = format!("{}{}[{place}].", self.site.prefix, kind.name());
        let by = asked.subscription_config.map(|config| self.names.subscription(&at, config)).transpose();
        let Some(subscription_config) = Fault::gather(by, self.faults)? else { return Ok(()) };
        let created_at = self.member.now();
        let part = Recurring { terms: asked.terms, subscription_config, updates: Vec::new(), created_at };
        let part = match kind {
            PartKind::RecurringCommit => ContractPart::RecurringCommit(part.into()),
            _ => ContractPart::RecurringCredit(part.into()),
        };
        self.additions.versions.push(NewVersion::of(id, part));
        Ok(())
    }

    fn price_override(&mut self, place: usize, terms: OverrideTerms) -> Result<()> {
        let at = format!("{}overrides[{place}].", self.site.prefix);
        let named = self.names.price_override(&at, terms);
        if let Some(terms) = Fault::gather(named, self.faults)? {
            let part = Override { terms, created_at: self.member.now() };
            let id = OverrideId::from(self.names.fresh(PartKind::Override)?);
            self.additions.versions.push(NewVersion::of(id, ContractPart::Override(part.into())));
        }
        Ok(())
    }

    /// What else is wrong where nothing is made, because some parts have faults of their own: with what parts name,
    /// and with their values.
    fn look_through(&mut self, parts: NewParts) -> Result<()> {
        for (list, name) in [
            (&parts.recurring_commits, PartKind::RecurringCommit.name()),
            (&parts.recurring_credits, PartKind::RecurringCredit.name()),
        ] {
            for (at, asked) in placed(self.site.prefix, name, list) {
                let Some(config) = asked.subscription_config.clone() else { continue };
                Fault::gather(self.names.subscription(&at, config), self.faults)?;
            }
        }
        for (at, terms) in placed(self.site.prefix, "overrides", &parts.overrides) {
            Fault::gather(self.names.price_override(&at, terms.clone()), self.faults)?;
        }
        let commits = parts.commits.into_iter().map(|part| (PartKind::Commit, part.custom_fields));
        let credits = parts.credits.into_iter().map(|part| (PartKind::Credit, part.custom_fields));
        let charges =
            parts.scheduled_charges.into_iter().map(|part| (PartKind::ScheduledCharge, part.custom_fields));
        let discounts = parts.discounts.into_iter().map(|part| (PartKind::Discount, part.custom_fields));
        let services = parts.professional_services.into_iter();
        let services = services.map(|part| (PartKind::ProfessionalService, part.custom_fields));
        let subscriptions =
            parts.subscriptions.into_iter().map(|part| (PartKind::Subscription, part.custom_fields));
        let values = commits.chain(credits).chain(charges).chain(discounts).chain(services);
        let values = values.chain(subscriptions);
        for (kind, values) in values {
            let Some(entity) = entity_of(kind) else { continue };
            self.additions.values.push((EntityRef { entity, id: self.names.fresh(kind)? }, values));
        }
        Ok(())
    }
}
