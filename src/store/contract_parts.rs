//! Parts that a contract is given: what they refer to, their ids, and what is written for them.

use std::collections::HashMap;

use uuid::Uuid;

use super::balances::BalanceId as _;
use super::contract_products::Products;
use super::{balances, entities};
use crate::entity::{
    CommitId, ContractCreditId, ContractId, CustomerId, DiscountId, EntityId, EntityRef, ManagedEntity,
    ProfessionalServiceId, ScheduledChargeId, SubscriptionId,
};
use crate::error::{Fault, FieldProblem, Result};
use crate::id::{OverrideId, ScheduleItemId};
use crate::model::balance::{BalanceHome, CommitRecord, CreditRecord};
use crate::model::contract::{
    ContractOrigin, ContractPart, DiscountHome, NewParts, PartKind, ProfessionalServiceHome,
    ScheduledChargeHome, SubscriptionHome,
};
use crate::model::custom_field::CustomFields;
use crate::model::price_override::{Override, OverrideTerms};
use crate::model::product::ProductType;
use crate::model::recurring::{CreateRecurring, Recurring, SubscriptionConfig};
use crate::model::scalar::Time;
use crate::rules::contract::{Term, part_faults, placed};
use crate::rules::override_names::{NamedBalances, resolve};
use crate::rules::{balance, scheduled_charge, subscription};
use crate::storage::codec::{self, FieldsRow};
use crate::storage::member::Member;
use crate::storage::rows;
use crate::storage::versions::{self, AsOf, NewVersion, PartId};
use crate::storage::view::Reader;

/// The contract that parts are added to.
pub struct Site<'s> {
    pub id: ContractId,
    pub origin: &'s ContractOrigin,
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

    /// Faults of parts that are too large to be kept.
    pub fn size_faults(&self) -> Result<Vec<Fault>> {
        let parts = self.versions.iter().filter_map(|version| version.part.as_ref());
        parts.filter_map(|part| codec::part_fault(part).transpose()).collect()
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
    let mut adding = Adding {
        member,
        site,
        products: Products::new(member, site.origin.rate_card_id, member.now()),
        named: HashMap::new(),
        additions: Additions::default(),
        faults,
    };
    adding.check_products(&parts)?;
    // Parts with faults of their own are not made anything of: the rules count on sound ones.
    if sound {
        adding.name_all(&parts)?;
        adding.make_all(parts)?;
    }
    Ok(adding.additions)
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
    /// The ids of the parts that have temporary ids, by kind.
    named: HashMap<(PartKind, String), Uuid>,
    additions: Additions,
    faults: &'a mut Vec<Fault>,
}

impl Adding<'_, '_> {
    /// Faults of the products that parts name, and of what the rate card does not have for them.
    fn check_products(&mut self, parts: &NewParts) -> Result<()> {
        use ProductType::{Fixed, ProService, Subscription};
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
            self.faults.extend(self.products.type_fault(&at, terms.product_id, Subscription)?);
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

    /// Gives ids to the parts that others may name.
    fn name_all(&mut self, parts: &NewParts) -> Result<()> {
        let commits = parts.commits.iter().map(|part| part.temporary_id.as_deref());
        self.name(PartKind::Commit, "commits", commits)?;
        let recurring = |parts: &[CreateRecurring]| {
            parts.iter().map(|part| part.temporary_id.clone()).collect::<Vec<_>>()
        };
        let commits = recurring(&parts.recurring_commits);
        self.name(PartKind::RecurringCommit, "recurring_commits", commits.iter().map(Option::as_deref))?;
        let credits = recurring(&parts.recurring_credits);
        self.name(PartKind::RecurringCredit, "recurring_credits", credits.iter().map(Option::as_deref))?;
        let subscriptions = parts.subscriptions.iter().map(|part| part.temporary_id.as_deref());
        self.name(PartKind::Subscription, "subscriptions", subscriptions)
    }

    fn name<'n>(
        &mut self,
        kind: PartKind,
        list: &str,
        names: impl Iterator<Item = Option<&'n str>>,
    ) -> Result<()> {
        for (place, name) in names.enumerate() {
            let Some(name) = name else { continue };
            let id = self.fresh(kind)?;
            if self.named.insert((kind, name.to_owned()), id).is_some() {
                let field = format!("{}{list}[{place}].temporary_id", self.site.prefix);
                self.faults.push(FieldProblem::Repeated { item: name.to_owned() }.at(field));
            }
        }
        Ok(())
    }

    fn fresh(&self, kind: PartKind) -> Result<Uuid> {
        match entity_of(kind) {
            Some(entity) => entities::fresh_id(self.member, entity),
            None => Ok(self.member.new_id()),
        }
    }

    /// The id of a part: the one that its temporary id has, or a new one.
    fn id(&self, kind: PartKind, temporary: Option<&str>) -> Result<Uuid> {
        let named = temporary.and_then(|name| self.named.get(&(kind, name.to_owned())));
        named.copied().map_or_else(|| self.fresh(kind), Ok)
    }

    fn make_all(&mut self, parts: NewParts) -> Result<()> {
        let (now, by) = (self.member.now(), self.member.about().actor.clone());
        let mut new_id = || ScheduleItemId::from(self.member.new_id());
        for commit in parts.commits {
            let id = self.id(PartKind::Commit, commit.temporary_id.as_deref())?;
            let part = balance::commit(&commit, &mut new_id, now, by.clone());
            let target = EntityRef { entity: ManagedEntity::Commit, id };
            self.additions.add(target, ContractPart::Commit(part.into()), commit.custom_fields);
        }
        for credit in parts.credits {
            let target =
                EntityRef { entity: ManagedEntity::ContractCredit, id: self.fresh(PartKind::Credit)? };
            let part = balance::credit(&credit, &mut new_id, now, by.clone());
            self.additions.add(target, ContractPart::Credit(part.into()), credit.custom_fields);
        }
        for charge in parts.scheduled_charges {
            let id = ScheduledChargeId::from(self.fresh(PartKind::ScheduledCharge)?);
            let part = scheduled_charge::make(&charge, &mut new_id, now);
            self.additions.add(id.into(), ContractPart::ScheduledCharge(part.into()), charge.custom_fields);
        }
        for discount in parts.discounts {
            let id = DiscountId::from(self.fresh(PartKind::Discount)?);
            let part = scheduled_charge::make(&discount, &mut new_id, now);
            self.additions.add(id.into(), ContractPart::Discount(part.into()), discount.custom_fields);
        }
        for service in parts.professional_services {
            let id = ProfessionalServiceId::from(self.fresh(PartKind::ProfessionalService)?);
            let part = ContractPart::ProfessionalService(service.service.into());
            self.additions.add(id.into(), part, service.custom_fields);
        }
        for subscription in parts.subscriptions {
            let id = self.id(PartKind::Subscription, subscription.temporary_id.as_deref())?;
            let part = subscription::make(&subscription, self.site.origin.starting_at, now);
            let part = ContractPart::Subscription(part.into());
            self.additions.add(SubscriptionId::from(id).into(), part, subscription.custom_fields);
        }
        for (place, commit) in parts.recurring_commits.into_iter().enumerate() {
            self.recurring(PartKind::RecurringCommit, "recurring_commits", place, commit)?;
        }
        for (place, credit) in parts.recurring_credits.into_iter().enumerate() {
            self.recurring(PartKind::RecurringCredit, "recurring_credits", place, credit)?;
        }
        for (place, terms) in parts.overrides.into_iter().enumerate() {
            self.price_override(place, terms)?;
        }
        Ok(())
    }

    fn recurring(&mut self, kind: PartKind, list: &str, place: usize, asked: CreateRecurring) -> Result<()> {
        let id = self.id(kind, asked.temporary_id.as_deref())?;
        let at = format!("{}{list}[{place}].", self.site.prefix);
        let subscription_config = match asked.subscription_config {
            Some(config) => self.subscription(&at, config)?,
            None => None,
        };
        let part = Recurring {
            terms: asked.terms,
            subscription_config,
            updates: Vec::new(),
            created_at: self.member.now(),
        };
        let part = match kind {
            PartKind::RecurringCommit => ContractPart::RecurringCommit(part.into()),
            _ => ContractPart::RecurringCredit(part.into()),
        };
        self.additions.versions.push(NewVersion::of(id, part));
        Ok(())
    }

    /// The subscription that a recurring commit or credit goes by: of this call, or of the contract.
    fn subscription(
        &mut self,
        at: &str,
        config: SubscriptionConfig<String>,
    ) -> Result<Option<SubscriptionConfig<SubscriptionId>>> {
        let name = config.subscription_id;
        let found = self.look_up(&[PartKind::Subscription], &name)?;
        let Some(id) = found else {
            let field = format!("{at}subscription_config.subscription_id");
            self.faults.push(Fault::NameNotFound { field, name });
            return Ok(None);
        };
        let SubscriptionConfig { is_prorated, allocation, .. } = config;
        Ok(Some(SubscriptionConfig { subscription_id: id.into(), is_prorated, allocation }))
    }

    fn price_override(&mut self, place: usize, terms: OverrideTerms) -> Result<()> {
        let at = format!("{}overrides[{place}].", self.site.prefix);
        let resolved = resolve(&at, terms, |list, name| self.look_up(kinds_of(list), name));
        if let Some(terms) = Fault::gather(resolved, self.faults)? {
            let part = Override { terms, created_at: self.member.now() };
            let id = OverrideId::from(self.fresh(PartKind::Override)?);
            self.additions.versions.push(NewVersion::of(id, ContractPart::Override(part.into())));
        }
        Ok(())
    }

    /// The part of one of these kinds that a text names: by a temporary id of this call, or by its id. Commits and
    /// credits may also be the customer's.
    fn look_up(&self, kinds: &[PartKind], name: &str) -> Result<Option<Uuid>> {
        for kind in kinds {
            if let Some(id) = self.named.get(&(*kind, name.to_owned())) {
                return Ok(Some(*id));
            }
        }
        let Ok(id) = Uuid::try_parse(name) else { return Ok(None) };
        for kind in kinds {
            let contract = self.site.id.uuid();
            if versions::part(self.member, contract, *kind, id.into_bytes(), AsOf::Now)?.is_some()
                || self.is_the_customers(*kind, id)?
            {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn is_the_customers(&self, kind: PartKind, id: Uuid) -> Result<bool> {
        let home = match kind {
            PartKind::Commit => rows::record::<CommitRecord>(self.member, id)?.map(|record| record.0),
            PartKind::Credit => rows::record::<CreditRecord>(self.member, id)?.map(|record| record.0),
            _ => None,
        };
        let customer = self.site.origin.customer_id;
        Ok(matches!(home, Some(BalanceHome::Customer(balance)) if balance.level.customer_id == customer))
    }
}

const fn kinds_of(list: NamedBalances) -> &'static [PartKind] {
    match list {
        NamedBalances::Commits => &[PartKind::Commit],
        NamedBalances::RecurringCommits => &[PartKind::RecurringCommit],
        NamedBalances::Any => {
            &[PartKind::Commit, PartKind::Credit, PartKind::RecurringCommit, PartKind::RecurringCredit]
        }
    }
}
