//! The calls that query.

use uuid::Uuid;

use super::read::sealed::Source;
use super::{Snapshot, Store, Transaction, key_values, query};
use crate::entity::{EntityId, EntityRef, ManagedEntity};
use crate::error::Result;
use crate::model::page::{ArchiveFilter, Page, PageRequest};
use crate::model::query::{Condition, Query};

impl ReadingQueries for Store {}
impl ReadingQueries for Snapshot {}
impl ReadingQueries for Transaction<'_> {}

/// The calls that query: part of [`Reading`](crate::Reading).
///
/// A query is answered through the indexes of the keys that it names, from whichever leads there soonest, and each
/// instance is checked against its own row before it is given. Only where no index helps are the entity's instances
/// looked through: for what is absent or negated, and for what so many hold that it is no detour.
///
/// # Errors
/// As [`Reading`](crate::Reading). A query is refused with all that is wrong with it: each key that is not there or is
/// unindexed, each value that is too long to be one, and more conditions, values or depth than [`Condition`] may have.
/// No condition is ever passed over.
pub trait ReadingQueries: Source {
    /// The instances that a query asks for, in order of their ids, a page at a time. An invoice is among them once
    /// something is stored of it.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// for key in ["tier", "region"] {
    ///     store.add_key(ManagedEntity::Customer, key, KeyKind::Indexed)?;
    /// }
    /// let [a, b, c] = [1, 2, 3].map(|n| CustomerId::from(Uuid::from_u128(n)));
    /// store.set_many([
    ///     (a, vec![("tier", "gold"), ("region", "EU-west")]),
    ///     (b, vec![("tier", "gold"), ("region", "US")]),
    ///     (c, vec![("tier", "iron")]),
    /// ])?;
    /// let query = |condition| Query::new(ManagedEntity::Customer, condition);
    /// let gold_in_europe = query(Condition::equals("tier", "gold").and(Condition::prefix("region", "EU")));
    /// assert_eq!(store.query(&gold_in_europe, &PageRequest::default())?.items, [a.into()]);
    /// let not_in_europe = query(!Condition::prefix("region", "EU"));
    /// assert_eq!(store.query(&not_in_europe, &PageRequest::default())?.items, [b.into(), c.into()]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where the query is refused, where the page's limit is not 1 to 1,000, or where its cursor belongs to
    /// another query or another store.
    fn query(&self, query: &Query, page: &PageRequest) -> Result<Page<EntityRef>> {
        let Query { entity, condition, archived } = query;
        let found = self.reading(|reader| query::page(reader, *entity, condition, *archived, page))?;
        Ok(found.map(|id| EntityRef { entity: *entity, id }))
    }

    /// [`query`](Self::query), where the type of the id says which entity is meant.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// let [a, b] = [1, 2].map(|n| CustomerId::from(Uuid::from_u128(n)));
    /// store.set_many([(a, [("tier", "gold")]), (b, [("tier", "iron")])])?;
    /// store.archive(b)?;
    /// let has_a_tier = Condition::exists("tier");
    /// let page = PageRequest::default();
    /// assert_eq!(store.query_ids::<CustomerId>(&has_a_tier, ArchiveFilter::default(), &page)?.items, [a]);
    /// assert_eq!(store.query_ids::<CustomerId>(&has_a_tier, ArchiveFilter::All, &page)?.items, [a, b]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`query`](Self::query).
    fn query_ids<I: EntityId>(
        &self,
        condition: &Condition,
        archived: ArchiveFilter,
        page: &PageRequest,
    ) -> Result<Page<I>> {
        let found = self.reading(|reader| query::page(reader, I::ENTITY, condition, archived, page))?;
        Ok(found.map(I::from_uuid))
    }

    /// How many instances a query asks for. They are counted one by one.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// for n in 1..=3 {
    ///     store.set_values(CustomerId::from(Uuid::from_u128(n)), [("tier", "gold")])?;
    /// }
    /// let gold = Query::new(ManagedEntity::Customer, Condition::equals("tier", "gold"));
    /// assert_eq!(store.count(&gold)?, 3);
    /// assert_eq!(store.count(&gold.showing(ArchiveFilter::Archived))?, 0);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where the query is refused.
    fn count(&self, query: &Query) -> Result<u64> {
        self.reading(|reader| query::count(reader, query.entity, &query.condition, query.archived))
    }

    /// The values that instances hold for a key, each once and with how many hold it, in the order of their UTF-8 bytes, a
    /// page at a time. Archived instances are among them, but for what they [let go](crate::ArchivedHolders::Release).
    /// Values of a [case-folded](crate::Comparison::CaseFolded) key come as what folding makes of them.
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    /// for (n, tier) in [(1, "iron"), (2, "gold"), (3, "iron")] {
    ///     store.set_values(CustomerId::from(Uuid::from_u128(n)), [("tier", tier)])?;
    /// }
    /// let tiers = store.distinct_values(ManagedEntity::Customer, "tier", &PageRequest::default())?.items;
    /// assert_eq!(tiers, [("gold".to_owned(), 1), ("iron".to_owned(), 2)]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such key or it is unindexed, where the page's limit is not 1 to 1,000, or where its
    /// cursor belongs to another question.
    fn distinct_values(
        &self,
        entity: ManagedEntity,
        key: &str,
        page: &PageRequest,
    ) -> Result<Page<(String, u64)>> {
        self.reading(|reader| key_values::distinct(reader, entity, key, page))
    }

    /// The values of a key that more than one instance holds, as [`distinct_values`](Self::distinct_values) has them, each
    /// with all its holders in order of their ids: in the order of the values, a page at a time. What
    /// [`enforce_uniqueness`](crate::Writing::enforce_uniqueness) would refuse the key for, unless archived holders would
    /// then [let it go](crate::ArchivedHolders::Release).
    ///
    /// ```
    /// use billfold::prelude::*;
    /// # use uuid::Uuid;
    /// # let store = StoreOptions::new().adopt_unknown(true).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "account", KeyKind::Indexed)?;
    /// let ids = [1, 2, 3].map(Uuid::from_u128);
    /// for (id, account) in ids.into_iter().zip(["A-1", "A-2", "A-1"]) {
    ///     store.set_values(CustomerId::from(id), [("account", account)])?;
    /// }
    /// let shared = store.duplicates(ManagedEntity::Customer, "account", &PageRequest::default())?.items;
    /// assert_eq!(shared, [("A-1".to_owned(), vec![ids[0], ids[2]])]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`distinct_values`](Self::distinct_values).
    fn duplicates(
        &self,
        entity: ManagedEntity,
        key: &str,
        page: &PageRequest,
    ) -> Result<Page<(String, Vec<Uuid>)>> {
        self.reading(|reader| key_values::shared(reader, entity, key, page))
    }
}
