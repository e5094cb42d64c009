//! The parts that parts of a contract name: by temporary ids of the same call, or by ids.

use std::collections::HashMap;

use uuid::Uuid;

use super::contract_parts::{Site, entity_of};
use super::entities;
use crate::entity::{EntityId as _, SubscriptionId};
use crate::error::{Fault, FieldProblem, Result};
use crate::model::balance::{BalanceHome, CommitRecord, CreditRecord};
use crate::model::contract::{NewParts, PartKind};
use crate::model::price_override::OverrideTerms;
use crate::model::recurring::SubscriptionConfig;
use crate::rules::override_names::{NamedBalances, resolve};
use crate::storage::member::Member;
use crate::storage::rows;
use crate::storage::versions::{self, AsOf};

/// What the parts of a call can be named by.
pub struct Names<'a, 'm> {
    member: &'a Member<'m>,
    site: &'a Site<'a>,
    /// The ids of the parts that have temporary ids, by kind.
    temporary: HashMap<(PartKind, String), Uuid>,
}

impl<'a, 'm> Names<'a, 'm> {
    /// Gives ids to the parts that have temporary ones.
    pub fn of(
        member: &'a Member<'m>,
        site: &'a Site<'a>,
        parts: &NewParts,
        faults: &mut Vec<Fault>,
    ) -> Result<Self> {
        let mut names = Self { member, site, temporary: HashMap::new() };
        let commits = parts.commits.iter().map(|part| &part.temporary_id);
        names.add(PartKind::Commit, commits, faults)?;
        let commits = parts.recurring_commits.iter().map(|part| &part.temporary_id);
        names.add(PartKind::RecurringCommit, commits, faults)?;
        let credits = parts.recurring_credits.iter().map(|part| &part.temporary_id);
        names.add(PartKind::RecurringCredit, credits, faults)?;
        let subscriptions = parts.subscriptions.iter().map(|part| &part.temporary_id);
        names.add(PartKind::Subscription, subscriptions, faults)?;
        Ok(names)
    }

    fn add<'n>(
        &mut self,
        kind: PartKind,
        names: impl Iterator<Item = &'n Option<String>>,
        faults: &mut Vec<Fault>,
    ) -> Result<()> {
        for (place, name) in names.enumerate() {
            let Some(name) = name else { continue };
            if same_names(kind).iter().any(|other| self.temporary.contains_key(&(*other, name.clone()))) {
                let field = format!("{}{}[{place}].temporary_id", self.site.prefix, kind.name());
                faults.push(FieldProblem::Repeated { item: name.clone() }.at(field));
                continue;
            }
            let id = self.fresh(kind)?;
            self.temporary.insert((kind, name.clone()), id);
        }
        Ok(())
    }

    /// A new id for a part.
    pub fn fresh(&self, kind: PartKind) -> Result<Uuid> {
        match entity_of(kind) {
            Some(entity) => entities::fresh_id(self.member, entity),
            None => Ok(self.member.new_id()),
        }
    }

    /// The id of a part: the one that its temporary id has, or a new one.
    pub fn id(&self, kind: PartKind, temporary: Option<&str>) -> Result<Uuid> {
        let named = temporary.and_then(|name| self.temporary.get(&(kind, name.to_owned())));
        named.copied().map_or_else(|| self.fresh(kind), Ok)
    }

    /// The subscription that a recurring commit or credit goes by: of this call, or of the contract.
    pub fn subscription(
        &self,
        at: &str,
        config: SubscriptionConfig<String>,
    ) -> Result<SubscriptionConfig<SubscriptionId>> {
        let SubscriptionConfig { subscription_id: name, is_prorated, allocation } = config;
        match self.look_up(&[PartKind::Subscription], &name)? {
            Some(id) => Ok(SubscriptionConfig { subscription_id: id.into(), is_prorated, allocation }),
            None => {
                let field = format!("{at}subscription_config.subscription_id");
                Err(Fault::NameNotFound { field, name }.into())
            }
        }
    }

    /// An override with ids in place of the names of commits and credits.
    pub fn price_override(&self, at: &str, terms: OverrideTerms) -> Result<OverrideTerms> {
        resolve(at, terms, |list, name| self.look_up(kinds_of(list), name))
    }

    /// The part of one of these kinds that a text names: by a temporary id of this call, or by its id. Commits and
    /// credits may also be the customer's.
    fn look_up(&self, kinds: &[PartKind], name: &str) -> Result<Option<Uuid>> {
        for kind in kinds {
            if let Some(id) = self.temporary.get(&(*kind, name.to_owned())) {
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

/// The kinds whose parts one list can name together, so that no two of them have one temporary id.
const fn same_names(kind: PartKind) -> &'static [PartKind] {
    match kind {
        PartKind::Subscription => &[PartKind::Subscription],
        _ => kinds_of(NamedBalances::Any),
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
