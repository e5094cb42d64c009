//! Contracts that go on from others: what that does to the model.

use std::time::Duration;

use billfold::prelude::*;

use super::contract_edits::Draft;
use super::contract_parts::{Drawn, Parts, Site};
use super::operation::{Pairs, at, not_a_value};
use super::state::Model;

/// How long a segment can be drawn from.
fn lasting(item: &CreateAccessItem) -> Duration {
    let [start, end] = [item.starting_at, item.ending_before]
        .map(|time| time.to_string().parse::<jiff::Timestamp>().unwrap());
    end.duration_since(start).try_into().unwrap()
}

impl Model {
    /// What a renewal does to the contract that is renewed; what is left of its commits and credits is added to
    /// the parts of the new one.
    pub fn renewal(
        &mut self,
        site: &Site,
        renewal: Renewal,
        parts: &mut Parts,
        values: &mut Vec<(EntityRef, Pairs)>,
        faults: &mut Vec<Fault>,
    ) -> Option<Draft> {
        let (from, field) = (renewal.from_contract_id, "transition.from_contract_id");
        let not_found = Fault::ReferenceNotFound { field: field.to_owned(), target: from.into() };
        let wrong = at(field, not_a_value(&from));
        let mut draft = match self.draft(from) {
            Ok(draft) => draft,
            Err(found) => {
                faults.extend(found.into_iter().map(|fault| match fault {
                    Fault::InstanceNotFound { .. } => not_found.clone(),
                    Fault::AlreadyArchived { .. } => wrong.clone(),
                    other => other,
                }));
                return None;
            }
        };
        let (customer, start) = self.contract(from).map(|(_, old)| (old.customer, old.start)).unwrap();
        if customer != site.customer {
            faults.push(not_found);
            return None;
        }
        if draft.state.terms.renewed_by.is_some() || site.start <= start {
            faults.push(wrong);
            return None;
        }
        for (id, drawn) in draft.state.parts.commits.clone() {
            let Some(left) = self.rolled_over(&drawn, (id.into(), from), site) else { continue };
            let target = self.fresh(ManagedEntity::Commit);
            parts.commits.insert(target.id.into(), left);
            values.push((target, Vec::new()));
        }
        for (id, drawn) in draft.state.parts.credits.clone() {
            let Some(left) = self.rolled_over(&drawn, (id.into(), from), site) else { continue };
            let target = self.fresh(ManagedEntity::ContractCredit);
            parts.credits.insert(target.id.into(), left);
            values.push((target, Vec::new()));
        }
        let trueup_stays = renewal.trueup != Some(TrueupBehavior::Remove);
        if draft.state.terms.end.is_none_or(|end| site.start < end) {
            draft.end_at(Some(site.start), trueup_stays);
        } else {
            draft.state.parts.end_balances(site.start, trueup_stays);
        }
        Some(draft)
    }

    /// The half of what could be drawn from when the new contract starts.
    fn rolled_over(&mut self, drawn: &Drawn, from: (EntityRef, ContractId), site: &Site) -> Option<Drawn> {
        let fraction = drawn.terms.rollover_fraction.filter(|_| drawn.archived_at.is_none())?;
        assert_eq!(fraction, "0.5".parse().unwrap(), "what programs say");
        let open = drawn.access.iter().map(|(_, item)| *item);
        let open: Vec<_> =
            open.filter(|item| item.starting_at < site.start && site.start <= item.ending_before).collect();
        let longest = open.iter().map(lasting).max()?;
        let ending_before = site.end.unwrap_or_else(|| site.start.after(longest));
        let halves = open.iter().filter(|item| item.amount > Amount::ZERO).map(|item| {
            assert_eq!(item.amount, 10.into(), "what programs say");
            CreateAccessItem { amount: 5.into(), starting_at: site.start, ending_before }
        });
        let halves: Vec<_> = halves.collect();
        if halves.is_empty() {
            return None;
        }
        Some(Drawn {
            terms: BalanceTerms { rollover_fraction: None, ..drawn.terms.clone() },
            access: self.segments(&halves),
            invoice: None,
            rolled_over_from: Some(from),
            made_at: self.now(),
            ..drawn.clone()
        })
    }
}
