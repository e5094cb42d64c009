//! What the operations on customers do to the model. Who has an alias is found by looking at every customer.

use std::collections::{BTreeMap, BTreeSet};

use billfold::prelude::*;
use billfold::{FieldProblem, NameSpace};

use super::operation::{Answer, NewCustomer, Refusal, at};
use super::state::{Held, Model};

/// The Salesforce accounts of programs.
pub const ACCOUNTS: [&str; 2] = ["one", "one\0"];

/// Aliases that meet each other often, an empty one, and two at the limit.
pub fn texts() -> Vec<String> {
    let at_the_limit = [128, 129].map(|length| "\u{1F4B0}".repeat(length));
    ["", "a", "b", "a\0"].map(str::to_owned).into_iter().chain(at_the_limit).collect()
}

/// A customer of the model, besides what any instance holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    pub name: String,
    pub aliases: Vec<String>,
    pub account: Option<String>,
    pub leave: Option<bool>,
}

/// What can be read of a customer, but for its times.
pub type Shown = (CustomerId, Record, BTreeMap<String, String>, bool);

pub fn shown(customer: Customer) -> Shown {
    let record = Record {
        name: customer.name,
        aliases: customer.ingest_aliases,
        account: customer.salesforce_account_id,
        leave: customer.leave_stripe_invoices_in_draft,
    };
    assert!(customer.created_at <= customer.updated_at);
    (customer.id, record, customer.custom_fields, customer.archived_at.is_some())
}

impl Record {
    pub fn shown(&self, id: CustomerId, held: &Held) -> Shown {
        (id, self.clone(), held.values.clone(), held.archived)
    }
}

pub fn wrong_text(alias: &str) -> Option<FieldProblem> {
    match alias.chars().count() {
        0 => Some(FieldProblem::Empty { rule: "" }),
        1..=128 => None,
        characters => Some(FieldProblem::TooLong { characters, most: 128 }),
    }
}

fn wrong_account(account: Option<&str>) -> Option<Fault> {
    let characters = account?.chars().count();
    (characters > 200).then(|| at("salesforce_account_id", FieldProblem::TooLong { characters, most: 200 }))
}

impl Model {
    /// All customers that were made here, by their ids.
    pub fn customers(&self) -> BTreeMap<CustomerId, (&Held, &Record)> {
        let made = self.instances.iter().filter_map(|(target, held)| {
            Some((CustomerId::from(target.id), (held, held.customer.as_ref()?)))
        });
        made.collect()
    }

    pub fn customer(&self, id: CustomerId) -> Refusal<(&Held, &Record)> {
        self.made(id.into(), |held| held.customer.as_ref())
    }

    pub fn holder(&self, alias: &str) -> Option<CustomerId> {
        let customers = self.customers().into_iter();
        let mut holders = customers.filter(|(_, (_, record))| record.aliases.iter().any(|own| own == alias));
        let holder = holders.next().map(|(id, _)| id);
        assert!(holders.next().is_none(), "two customers of the model have {alias:?}");
        holder
    }

    pub fn listed(&self, filter: &CustomerFilter) -> Vec<Shown> {
        let (ids, accounts) = (&filter.customer_ids, &filter.salesforce_account_ids);
        let customers = self.customers().into_iter().filter(|(id, (held, record))| {
            held.archived == filter.only_archived
                && filter.ingest_alias.as_ref().is_none_or(|alias| record.aliases.contains(alias))
                && (ids.is_empty() || ids.contains(id))
                && (accounts.is_empty()
                    || record.account.as_ref().is_some_and(|account| accounts.contains(account)))
        });
        customers.map(|(id, (held, record))| record.shown(id, held)).collect()
    }

    pub fn create_customer(&mut self, new: &NewCustomer) -> Refusal<Answer> {
        let target = self.fresh(ManagedEntity::Customer);
        let mut faults = self.wrong_aliases(&new.aliases, CustomerId::from(target.id));
        faults.extend(wrong_account(new.account.as_deref()));
        let customer = Some(Record {
            name: new.name.chars().take(160).collect(),
            aliases: new.aliases.clone(),
            account: new.account.clone(),
            leave: None,
        });
        let values = self.values_of_new(target, &new.values);
        self.make(target, Held { customer, ..Held::default() }, faults, values)
    }

    fn wrong_aliases(&self, aliases: &[String], id: CustomerId) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for (place, alias) in aliases.iter().enumerate() {
            let field = || format!("ingest_aliases[{place}]");
            faults.extend(wrong_text(alias).map(|problem| at(field(), problem)));
            if seen.insert(alias) {
                faults.extend(self.taken_alias(alias, id));
            } else {
                faults.push(at(field(), FieldProblem::Repeated { item: alias.clone() }));
            }
        }
        faults
    }

    fn taken_alias(&self, alias: &str, id: CustomerId) -> Option<Fault> {
        let holder = self.holder(alias).filter(|holder| *holder != id)?;
        let archived = self.instances[&holder.into()].archived;
        let (space, name) = (NameSpace::IngestAlias, alias.to_owned());
        Some(Fault::NameTaken { space, name, holder: holder.into(), archived })
    }

    /// Changes a customer that there is, unless there are faults besides; a record left as it was is no change.
    fn change_customer(
        &mut self,
        id: CustomerId,
        mut faults: Vec<Fault>,
        change: impl FnOnce(&mut Record),
    ) -> Refusal<Answer> {
        let found = self.customer(id).map(|(held, record)| (held.revision, record.clone()));
        let (revision, before) = match found {
            Ok(found) if faults.is_empty() => found,
            Ok(_) => return Err(faults),
            Err(missing) => {
                faults.extend(missing);
                return Err(faults);
            }
        };
        let mut after = before.clone();
        change(&mut after);
        if after != before {
            let revision = self.next(revision);
            let held = self.instances.get_mut(&id.into()).unwrap();
            (held.revision, held.customer) = (revision, Some(after));
        }
        Ok(Answer::Done)
    }

    pub fn set_name(&mut self, id: CustomerId, name: &str) -> Refusal<Answer> {
        self.change_customer(id, Vec::new(), |record| record.name = name.chars().take(160).collect())
    }

    pub fn set_aliases(&mut self, id: CustomerId, aliases: &[String]) -> Refusal<Answer> {
        let faults = self.wrong_aliases(aliases, id);
        self.change_customer(id, faults, |record| record.aliases = aliases.to_vec())
    }

    pub fn add_alias(&mut self, id: CustomerId, alias: &str) -> Refusal<Answer> {
        if self.holder(alias) == Some(id) {
            return Ok(Answer::Done);
        }
        let wrong = wrong_text(alias).map(|problem| at("ingest_alias", problem));
        let faults = wrong.into_iter().chain(self.taken_alias(alias, id)).collect();
        self.change_customer(id, faults, |record| record.aliases.push(alias.to_owned()))
    }

    pub fn remove_alias(&mut self, id: CustomerId, alias: &str) -> Refusal<Answer> {
        self.change_customer(id, Vec::new(), |record| record.aliases.retain(|own| own != alias))
    }

    pub fn move_alias(&mut self, alias: &str, to: CustomerId) -> Refusal<Answer> {
        self.customer(to).map(drop).map_err(|mut faults| {
            faults.extend(wrong_text(alias).map(|problem| at("ingest_alias", problem)));
            faults
        })?;
        if let Some(from) = self.holder(alias).filter(|from| *from != to) {
            self.remove_alias(from, alias)?;
        }
        self.add_alias(to, alias)
    }

    pub fn update_config(&mut self, id: CustomerId, update: &UpdateCustomerConfig) -> Refusal<Answer> {
        let account = update.salesforce_account_id.clone();
        let faults = wrong_account(account.as_ref().and_then(Option::as_deref)).into_iter().collect();
        self.change_customer(id, faults, |record| {
            record.account = account.unwrap_or(record.account.take());
            record.leave = update.leave_stripe_invoices_in_draft.unwrap_or(record.leave);
        })
    }
}
