//! Finding what a condition is true of, in order of the ids, a stretch of ids at a time.
//!
//! Each part of a condition that an index can answer is asked for the next ids, of all that must be true the one that
//! gets farthest with the fewest, and every id is then looked up and checked against the instance's own row. Where no
//! index comes to an answer within so many rows, as many instances of the entity are looked at instead, and the next
//! time all may read more. So what is read is in proportion to the shortest way there was, whichever that is.

use std::cmp::Reverse;
use std::ops::ControlFlow;

use uuid::Uuid;

use super::query_plan::{KeyTest, Plan, Values};
use crate::entity::{EntityRef, ManagedEntity};
use crate::error::Result;
use crate::model::custom_field::KeyKind;
use crate::model::page::ArchiveFilter;
use crate::storage::catalog::Key;
use crate::storage::codec::FieldsRow;
use crate::storage::view::Reader;
use crate::storage::{index, rows};

/// How many rows of each index are read first, and how many times more each time after.
const FIRST: usize = 64;
const MORE: usize = 4;

/// A search for the instances of an entity that a plan admits.
pub struct Search<'s, R> {
    pub reader: &'s R,
    pub entity: ManagedEntity,
    pub archived: ArchiveFilter,
    pub plan: &'s Plan,
}

/// Instances among which all are that a condition is true of: those behind the stretch before, through that id, or to
/// the end where there is none. In order of the ids, each once.
struct Stretch {
    ids: Vec<Uuid>,
    through: Option<Uuid>,
}

impl<R: Reader> Search<'_, R> {
    /// Calls `visit` with each instance behind `after`, in order of the ids.
    pub fn each(
        &self,
        mut after: Option<Uuid>,
        mut visit: impl FnMut(Uuid) -> ControlFlow<()>,
    ) -> Result<()> {
        let mut most = FIRST;
        loop {
            let through = match self.stretch(self.plan, after, most)? {
                Some(stretch) => self.look_up(stretch, &mut visit)?,
                None => self.look_through(after, most, &mut visit)?,
            };
            if through.is_none() {
                return Ok(());
            }
            after = through;
            most = most.saturating_mul(MORE);
        }
    }

    /// Visits those of a stretch that are asked for. Where to go on comes back.
    fn look_up(
        &self,
        stretch: Stretch,
        visit: &mut impl FnMut(Uuid) -> ControlFlow<()>,
    ) -> Result<Option<Uuid>> {
        for id in stretch.ids {
            let row = rows::fields(self.reader, EntityRef { entity: self.entity, id })?;
            if row.is_some_and(|row| self.admits(&row)) && visit(id).is_break() {
                return Ok(None);
            }
        }
        Ok(stretch.through)
    }

    /// Visits those of the next so many instances that are asked for. Where to go on comes back.
    fn look_through(
        &self,
        after: Option<Uuid>,
        most: usize,
        visit: &mut impl FnMut(Uuid) -> ControlFlow<()>,
    ) -> Result<Option<Uuid>> {
        let (mut seen, mut through) = (0, None);
        rows::scan_fields(
            self.reader,
            self.entity,
            after.as_ref().map(|id| id.as_bytes().as_slice()),
            |id, row| {
                if self.admits(&row) && visit(id).is_break() {
                    return ControlFlow::Break(());
                }
                seen += 1;
                if seen < most {
                    return ControlFlow::Continue(());
                }
                through = Some(id);
                ControlFlow::Break(())
            },
        )?;
        Ok(through)
    }

    fn admits(&self, row: &FieldsRow) -> bool {
        self.archived.admits(row.archived_at.is_some()) && self.plan.admits(row)
    }

    /// The next stretch of a part of the plan; `None` where no index gives it within so many rows.
    fn stretch(&self, part: &Plan, after: Option<Uuid>, most: usize) -> Result<Option<Stretch>> {
        match part {
            Plan::Test(test) if test.negated || !index::is_whole(&test.key, self.archived) => Ok(None),
            Plan::Test(KeyTest { key, values: Values::OneOf(values), .. }) => {
                union(values.iter(), most, |value, most| self.holders(key, value, after, most).map(Some))
            }
            Plan::Test(KeyTest { key, values, .. }) => self.gathered(key, values, after, most),
            Plan::All(parts) => self.shortest(parts, after, most),
            Plan::Any(parts) => union(parts.iter(), most, |part, most| self.stretch(part, after, most)),
        }
    }

    fn holders(&self, key: &Key, value: &str, after: Option<Uuid>, most: usize) -> Result<Stretch> {
        if key.kind == KeyKind::Enforced {
            let holder = index::holder(self.reader, key, value)?.filter(|id| after < Some(*id));
            return Ok(Stretch { ids: holder.into_iter().collect(), through: None });
        }
        let after = after.map(|after| index::row_key(key, value, after));
        let ids = index::holders(self.reader, key, value, after.as_deref(), most)?;
        let through = ids.last().copied().filter(|_| ids.len() == most);
        Ok(Stretch { ids, through })
    }

    /// All holders of these values, which the index has in another order.
    fn gathered(
        &self,
        key: &Key,
        values: &Values,
        after: Option<Uuid>,
        most: usize,
    ) -> Result<Option<Stretch>> {
        let (mut seen, mut ids) = (0, Vec::new());
        index::each(self.reader, key, values.start(), |value, id| {
            if !values.admit(&value) {
                return ControlFlow::Break(());
            }
            seen += 1;
            ids.extend(Some(id).filter(|id| after < Some(*id)));
            if seen > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        ids.sort_unstable();
        Ok((seen <= most).then_some(Stretch { ids, through: None }))
    }

    /// Of several parts that are all to be true.
    fn shortest(&self, parts: &[Plan], after: Option<Uuid>, mut most: usize) -> Result<Option<Stretch>> {
        let mut shortest: Option<Stretch> = None;
        for part in parts {
            let Some(found) = self.stretch(part, after, most)? else { continue };
            let both = match shortest {
                Some(other) => found.and(other),
                None => found,
            };
            if both.through.is_none() {
                // Of no use is what takes longer to read than these to look up.
                most = most.min(both.ids.len());
            }
            shortest = Some(both);
            if most == 0 {
                break;
            }
        }
        Ok(shortest)
    }
}

/// Of several parts of which one is to be true.
fn union<T>(
    parts: impl ExactSizeIterator<Item = T>,
    most: usize,
    mut stretch: impl FnMut(T, usize) -> Result<Option<Stretch>>,
) -> Result<Option<Stretch>> {
    let share = most / parts.len().max(1);
    if share == 0 {
        return Ok(None);
    }
    let mut all = Stretch { ids: Vec::new(), through: None };
    for part in parts {
        let Some(found) = stretch(part, share)? else { return Ok(None) };
        all.ids.extend(found.ids);
        all.through = [all.through, found.through].into_iter().flatten().min();
    }
    all.ids.retain(|id| all.through.is_none_or(|through| *id <= through));
    all.ids.sort_unstable();
    all.ids.dedup();
    Ok(Some(all))
}

impl Stretch {
    fn reaches(&self, id: Uuid) -> bool {
        self.through.is_none_or(|through| id <= through)
    }

    /// The one that gets farther, of two that get as far the one with fewer, without what the other leaves out.
    fn and(self, other: Self) -> Self {
        let rank = |stretch: &Self| (stretch.through.is_none(), stretch.through, Reverse(stretch.ids.len()));
        let (mut far, near) = if rank(&self) > rank(&other) { (self, other) } else { (other, self) };
        far.ids.retain(|id| !near.reaches(*id) || near.ids.binary_search(id).is_ok());
        far
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::CustomerId;
    use crate::model::query::Condition;
    use crate::store::counting_inside::Counting;
    use crate::store::{Store, StoreOptions, Writing as _, key_values, query};

    const CUSTOMERS: u32 = 4_000;

    /// Customers of whom each has an account, every second is gold, every fourth in Europe, one in a hundred has a
    /// note, and the last one alone is black.
    fn many() -> Store {
        let store = StoreOptions::new().adopt_unknown(true).in_memory().unwrap();
        store.add_key(ManagedEntity::Customer, "account", KeyKind::Enforced).unwrap();
        for key in ["tier", "region", "note"] {
            store.add_key(ManagedEntity::Customer, key, KeyKind::Indexed).unwrap();
        }
        let of = |n: u32| {
            let tier = match n {
                _ if n == CUSTOMERS - 1 => "black",
                _ if n.is_multiple_of(2) => "gold",
                _ => "iron",
            };
            let mut values = vec![("account", format!("A-{n:05}")), ("tier", tier.to_owned())];
            values.push(("region", if n % 4 == 1 { "EU" } else { "US" }.to_owned()));
            values.extend(n.is_multiple_of(100).then(|| ("note", n.to_string())));
            (CustomerId::from(Uuid::from_u128(n.into())), values)
        };
        store.set_many((0..CUSTOMERS).map(of)).unwrap();
        store
    }

    /// How many instances there are, and how many rows it took to count them.
    fn counted(store: &Store, condition: &Condition) -> (u64, usize) {
        let view = store.view().unwrap();
        let reader = Counting::of(&view);
        let found =
            query::count(&reader, ManagedEntity::Customer, condition, ArchiveFilter::NotArchived).unwrap();
        (found, reader.rows())
    }

    #[test]
    fn what_few_hold_is_found_without_looking_through_all() {
        let store = many();
        let black = || Condition::equals("tier", "black");
        let gold = || Condition::equals("tier", "gold");
        let cases = [
            (black(), 1, 8),
            (Condition::equals("account", "A-00500"), 1, 4),
            (Condition::prefix("account", "A-0050"), 10, 40),
            (Condition::range("account", "A-00100".."A-00120"), 20, 60),
            (Condition::one_of("account", ["A-00001", "A-00002", "nobody's"]), 2, 8),
            (Condition::equals("account", "A-00500").or(black()), 2, 12),
            // Whichever comes first, and whatever else is asked.
            (gold().and(Condition::equals("account", "A-00500")), 1, 2 * FIRST),
            (Condition::equals("account", "A-00500").and(gold()), 1, 8),
            (Condition::equals("account", "A-00501").and(gold()), 0, 8),
            (Condition::equals("account", "A-00500").and(!Condition::exists("note")), 0, 8),
            (!(Condition::absent("account").or(!black())), 1, FIRST * 2),
            (Condition::exists("note").and(Condition::exists("account")), 40, 3 * FIRST),
        ];
        for (condition, expected, most) in cases {
            let (found, rows) = counted(&store, &condition);
            assert_eq!(found, expected, "{condition:?}");
            assert!(rows <= most, "{rows} rows, not up to {most}: {condition:?}");
        }
    }

    #[test]
    fn indexes_that_many_stand_in_are_intersected_before_rows_are_looked_up() {
        let store = many();
        let both = Condition::equals("tier", "gold").and(Condition::equals("region", "EU"));
        let (found, rows) = counted(&store, &both);
        let (gold, european) = (CUSTOMERS as usize / 2, CUSTOMERS as usize / 4);
        assert_eq!(found, 0);
        assert!(rows <= gold + european + 100, "{rows} rows");
    }

    #[test]
    fn a_page_of_what_many_hold_takes_no_more_than_the_page() {
        let store = many();
        let view = store.view().unwrap();
        let conditions = [
            Condition::equals("tier", "gold"),
            Condition::all([]),
            !Condition::equals("tier", "black"),
            Condition::exists("account"),
            Condition::one_of("tier", ["gold", "iron"]),
        ];
        for condition in conditions {
            let mut page = crate::model::page::PageRequest::first(20);
            // The last page's cursor is far into the entity.
            for _ in 0..20 {
                let reader = Counting::of(&view);
                let of = ManagedEntity::Customer;
                let next = query::page(&reader, of, &condition, ArchiveFilter::All, &page).unwrap().next;
                assert!(reader.rows() <= 3 * FIRST, "{} rows: {condition:?}", reader.rows());
                page.after = next;
            }
        }
        let reader = Counting::of(&view);
        let page = crate::model::page::PageRequest::first(20);
        key_values::distinct(&reader, ManagedEntity::Customer, "account", &page).unwrap();
        assert!(reader.rows() <= 21, "{} rows", reader.rows());
    }

    #[test]
    fn what_is_looked_through_is_no_more_than_a_few_times_the_entity() {
        let store = many();
        let condition = Condition::any([
            Condition::exists("account").and(!Condition::equals("tier", "black")),
            Condition::absent("note").and(Condition::exists("region")),
        ]);
        let (found, rows) = counted(&store, &condition);
        assert_eq!(found, u64::from(CUSTOMERS));
        assert!(rows <= 6 * CUSTOMERS as usize, "{rows} rows");
    }
}
