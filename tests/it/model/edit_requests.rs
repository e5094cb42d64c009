//! The edits of contracts that programs ask for, good and bad.

use billfold::prelude::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::contract_edits::NewEdit;
use super::contract_parts::{Drawn, NewParts, Parts};
use super::contracts::{badness, days, key};
use super::part_requests::{new_parts, or, part_name, rollover, segment};
use super::products::moments;
use super::state::counted;

/// An id that nothing has.
const UNKNOWN: u128 = 9_999;

/// An edit whose parts are found only when it is made.
#[derive(Debug, Clone)]
pub struct EditPlan {
    edit: NewEdit,
    updates: Vec<Update>,
}

/// A change of the nth part.
#[derive(Debug, Clone)]
enum Update {
    Commit(usize, Change),
    Credit(usize, Change),
    /// Adds a date, or takes the first one away.
    Charge(usize, bool),
    ArchiveCommit(usize),
    ArchiveCredit(usize),
    ArchiveCharge(usize),
    RemoveOverride(usize),
}

/// What changes in a commit or credit.
#[derive(Debug, Clone)]
struct Change {
    name: Option<String>,
    rollover: Option<Option<Amount>>,
    add: Option<CreateAccessItem>,
    /// Another amount of the first segment.
    amount: Option<Amount>,
    remove_first: bool,
}

fn change(bad: bool) -> impl Strategy<Value = Change> {
    let amounts = or(bad, select(&[0, 10]), Just(-10)).prop_map(Amount::from);
    let amount = option::weighted(0.3, amounts);
    let remove = prop_oneof![3 => Just(false), 1 => any::<bool>()];
    let rollover = option::weighted(0.3, rollover(bad));
    (part_name(bad), rollover, option::weighted(0.4, segment(bad)), amount, remove).prop_map(
        move |(name, rollover, add, amount, remove)| {
            // What is to go is not changed, and something stays.
            let remove_first = remove && (bad || amount.is_none() && add.is_some());
            Change { name, rollover, add, amount, remove_first }
        },
    )
}

fn update(bad: bool) -> BoxedStrategy<Update> {
    let nth = || 0..if bad { 7_usize } else { 6 };
    prop_oneof![
        5 => (nth(), change(bad)).prop_map(|(nth, change)| Update::Commit(nth, change)),
        2 => (nth(), change(bad)).prop_map(|(nth, change)| Update::Credit(nth, change)),
        2 => (nth(), any::<bool>()).prop_map(|(nth, adds)| Update::Charge(nth, adds)),
        2 => nth().prop_map(Update::ArchiveCommit),
        1 => nth().prop_map(Update::ArchiveCredit),
        1 => nth().prop_map(Update::ArchiveCharge),
        3 => nth().prop_map(Update::RemoveOverride),
    ]
    .boxed()
}

pub fn edit_plan() -> BoxedStrategy<EditPlan> {
    badness().prop_flat_map(plan_or_bad).boxed()
}

fn plan_or_bad(bad: bool) -> BoxedStrategy<EditPlan> {
    let name = option::weighted(0.2, option::of(Just("edited".to_owned())));
    let ends = or(bad, select(vec![moments()[2], moments()[4]]), select(moments().to_vec()));
    let end = option::weighted(0.2, option::weighted(0.8, ends));
    let parts = prop_oneof![2 => Just(NewParts::default()), 3 => new_parts(bad)];
    (key(bad), name, end, option::weighted(0.1, days(bad)), parts, vec(update(bad), 0..3))
        .prop_map(|(key, name, end, days, parts, updates)| EditPlan {
            edit: NewEdit { key, name, end, days, parts, updates: PartUpdates::default() },
            updates,
        })
        .boxed()
}

/// One of the ids; an unknown one for a number that is too high, and none where there are none.
fn nth_of<I: Copy + From<Uuid>>(mut ids: impl ExactSizeIterator<Item = I>, nth: usize) -> Option<I> {
    if nth == 6 {
        return Some(I::from(counted(UNKNOWN)));
    }
    let count = ids.len();
    ids.nth(nth.checked_rem(count)?)
}

impl Change {
    fn of<I>(&self, id: I, drawn: Option<&Drawn>) -> UpdateBalance<I> {
        let first = drawn.and_then(|drawn| drawn.access.first()).map(|(id, _)| *id);
        let first = first.unwrap_or(ScheduleItemId::new(counted(UNKNOWN)));
        let amount = |amount| UpdateAccessItem {
            id: first,
            amount: Some(amount),
            starting_at: None,
            ending_before: None,
        };
        UpdateBalance {
            name: self.name.clone(),
            rollover_fraction: self.rollover,
            access_schedule: UpdateAccessSchedule {
                add_schedule_items: self.add.into_iter().collect(),
                update_schedule_items: self.amount.map(amount).into_iter().collect(),
                remove_schedule_items: self.remove_first.then_some(first).into_iter().collect(),
            },
            ..UpdateBalance::new(id)
        }
    }
}

impl EditPlan {
    /// The edit of a contract with these parts.
    pub fn of(&self, parts: &Parts) -> NewEdit {
        let mut updates = PartUpdates::default();
        for update in &self.updates {
            // A part of a kind that the contract has none of is passed over.
            let _ = update.add_to(&mut updates, parts);
        }
        NewEdit { updates, ..self.edit.clone() }
    }
}

impl Update {
    fn add_to(&self, to: &mut PartUpdates, parts: &Parts) -> Option<()> {
        match self {
            Self::Commit(nth, change) => {
                let id = nth_of(parts.commits.keys().copied(), *nth)?;
                to.update_commits.push(change.of(id, parts.commits.get(&id)));
            }
            Self::Credit(nth, change) => {
                let id = nth_of(parts.credits.keys().copied(), *nth)?;
                to.update_credits.push(change.of(id, parts.credits.get(&id)));
            }
            Self::Charge(nth, adds) => {
                let id = nth_of(parts.charges.keys().copied(), *nth)?;
                let first = parts.charges.get(&id).and_then(|charge| charge.dates.first());
                let first = first.map_or(ScheduleItemId::new(counted(UNKNOWN)), |(id, ..)| *id);
                let item = CreateInvoiceItem { timestamp: moments()[2], price: Amount::from(3).into() };
                let schedule = UpdateInvoiceSchedule {
                    add_schedule_items: adds.then_some(item).into_iter().collect(),
                    update_schedule_items: Vec::new(),
                    remove_schedule_items: (!adds).then_some(first).into_iter().collect(),
                };
                let netsuite_sales_order_id = None;
                to.update_scheduled_charges.push(UpdateScheduledCharge {
                    id,
                    schedule,
                    netsuite_sales_order_id,
                });
            }
            Self::ArchiveCommit(nth) => to.archive_commits.push(nth_of(parts.commits.keys().copied(), *nth)?),
            Self::ArchiveCredit(nth) => to.archive_credits.push(nth_of(parts.credits.keys().copied(), *nth)?),
            Self::ArchiveCharge(nth) => {
                to.archive_scheduled_charges.push(nth_of(parts.charges.keys().copied(), *nth)?);
            }
            Self::RemoveOverride(nth) => {
                to.remove_overrides.push(nth_of(parts.overrides.keys().copied(), *nth)?);
            }
        }
        Some(())
    }
}
