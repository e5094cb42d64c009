//! Fixtures: what many tests begin with, made once.

use std::fmt;
use std::sync::Arc;

use super::{IdSource, SetClock, Store, StoreOptions};
use crate::error::{Error, Result};
use crate::model::scalar::Time;
use crate::storage::engine::Engine;
use crate::storage::memory::{Image, Memory};

/// A frozen store, of which every test forks a store of its own.
///
/// It is made once, by any calls, with a clock that stands still and ids that are [counted](IdSource::Counted): ids and
/// times are the same in every run and in every fork. A fork is in memory and shares the fixture's bytes until it
/// writes, so that making one takes as long for a million customers as for ten. What it writes is its own; dropping it
/// gives its memory back.
///
/// Cheap to clone, and to be shared between threads: a `static` [`LazyLock`](std::sync::LazyLock) holds one for all
/// tests of a program.
///
/// ```
/// use std::sync::LazyLock;
///
/// use billfold::prelude::*;
///
/// static ONE_CUSTOMER: LazyLock<Fixture> = LazyLock::new(|| {
///     Fixture::make("2025-02-01T00:00:00Z".parse().unwrap(), |store| {
///         store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
///         let customer = CreateCustomer { name: "WidgetsExpress".into(), ..CreateCustomer::default() };
///         store.create_customer(customer).map(drop)
///     })
///     .unwrap()
/// });
///
/// let store = ONE_CUSTOMER.fork()?;
/// let customer = store.customers(&CustomerFilter::default(), &PageRequest::default())?.items.remove(0);
/// assert_eq!(customer.id.to_string(), "00000000-0000-7000-8000-000000000002");
/// assert_eq!(customer.created_at.to_string(), "2025-02-01T00:00:00Z");
///
/// store.set_values(customer.id, [("tier", "gold")])?;
/// assert_eq!(ONE_CUSTOMER.fork()?.value(customer.id, "tier")?, None); // every fork begins anew
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Fixture(Arc<Frozen>);

struct Frozen {
    image: Image,
    now: Time,
    options: StoreOptions,
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").field("now", &self.0.now).finish_non_exhaustive()
    }
}

impl Fixture {
    /// A fixture of what `make` does to an empty store, whose clock stands at `now`.
    ///
    /// # Errors
    /// The error that `make` returns.
    pub fn make(now: Time, make: impl FnOnce(&Store) -> Result<()>) -> Result<Self> {
        let clock = SetClock::default();
        clock.set(now);
        Self::make_with(StoreOptions::new(), &clock, make)
    }

    /// A fixture that is made with these options, and with this clock, which `make` can move. Its forks have the
    /// options too. Ids are counted, whatever the options say, and their clock is not asked.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let clock = SetClock::default();
    /// clock.set("2025-02-01T00:00:00Z".parse()?);
    /// let fixture = Fixture::make_with(StoreOptions::new().adopt_unknown(true), &clock, |store| {
    ///     store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
    ///     clock.set("2025-03-01T00:00:00Z".parse().unwrap());
    ///     let customer = CustomerId::from(uuid::Uuid::from_u128(1));
    ///     store.set_values(customer, [("tier", "gold")]).map(drop)
    /// })?;
    /// assert_eq!(fixture.now().to_string(), "2025-03-01T00:00:00Z");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The error that `make` returns.
    pub fn make_with(
        options: StoreOptions,
        clock: &SetClock,
        make: impl FnOnce(&Store) -> Result<()>,
    ) -> Result<Self> {
        Self::frozen(options, clock, make)
    }

    /// Makes the store, and closes it: its bytes are whole then, and a fork has nothing to repair.
    pub(crate) fn frozen<E: From<Error>>(
        options: StoreOptions,
        clock: &SetClock,
        make: impl FnOnce(&Store) -> Result<(), E>,
    ) -> Result<Self, E> {
        let options = options.id_source(IdSource::Counted);
        let memory = Memory::default();
        let store = opened(&memory, options.clone().clock_from(clock))?;
        make(&store)?;
        let now = store.engine.now();
        store.close()?;
        Ok(Self(Arc::new(Frozen { image: memory.image(), now, options })))
    }

    /// A store of the caller's own that holds what the fixture does. Its ids are counted on from the fixture's last one,
    /// and its clock stands at the fixture's last moment.
    ///
    /// # Errors
    /// None that is known; the signature is that of the other ways to open a store.
    pub fn fork(&self) -> Result<Store> {
        let now = self.0.now;
        self.fork_on(self.0.options.clone().clock(move || now))
    }

    /// Like [`fork`](Self::fork), with a clock that can be moved: it is set to the fixture's last moment, and the
    /// fork follows it from there on.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// let fixture = Fixture::make("2025-02-01T00:00:00Z".parse()?, |_| Ok(()))?;
    /// let clock = SetClock::default();
    /// let store = fixture.fork_with(&clock)?;
    /// assert_eq!(clock.now(), fixture.now());
    ///
    /// clock.set("2025-03-01T00:00:00Z".parse()?);
    /// let id = store.create_customer(CreateCustomer { name: "WidgetsExpress".into(), ..Default::default() })?;
    /// assert_eq!(store.customer(id)?.created_at.to_string(), "2025-03-01T00:00:00Z");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`fork`](Self::fork).
    pub fn fork_with(&self, clock: &SetClock) -> Result<Store> {
        clock.set(self.0.now);
        self.fork_on(self.0.options.clone().clock_from(clock))
    }

    /// The fixture's last moment, at which the clocks of its forks stand.
    #[must_use]
    pub fn now(&self) -> Time {
        self.0.now
    }

    fn fork_on(&self, options: StoreOptions) -> Result<Store> {
        Engine::in_memory(Memory::of(&self.0.image), options.into()).map(Store::new)
    }
}

fn opened(memory: &Memory, options: StoreOptions) -> Result<Store> {
    Engine::on_backend(Arc::new(memory.clone()), options.into()).map(Store::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn a_fork_of_many_customers_takes_as_few_bytes_as_one_of_few_and_gives_them_back() {
        let own_bytes = |customers| {
            let fixture = Fixture::make(Time::UNIX_EPOCH, |store| {
                store.write(|tx| {
                    tx.add_key(ManagedEntity::Customer, "tier", KeyKind::Enforced)?;
                    (0..customers).try_for_each(|n| {
                        let values = [("tier", format!("{n:020}"))];
                        let name = format!("Customer {n}");
                        tx.create_customer(CreateCustomer {
                            name,
                            custom_fields: values.into(),
                            ..Default::default()
                        })
                        .map(drop)
                    })
                })
            });
            let frozen = &fixture.unwrap().0;
            let memory = Memory::of(&frozen.image);
            let store = opened(&memory, frozen.options.clone()).unwrap();
            store.create_customer(CreateCustomer::default()).unwrap();
            let own = memory.image().own_bytes(&frozen.image);
            drop(store);
            assert_eq!(Arc::strong_count(frozen), 1);
            own
        };
        let (few, many) = (own_bytes(10), own_bytes(5_000));
        assert!(many < 128 << 10 && many < 2 * few, "{many} bytes, and {few} of a small fixture");
    }
}
