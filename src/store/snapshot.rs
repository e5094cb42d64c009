//! A frozen moment of the store.

use std::fmt;
#[cfg(feature = "wire")]
use std::ops::ControlFlow;
use std::sync::Arc;

#[cfg(feature = "wire")]
use super::carried::{self, Item};
use super::held::Hold;
#[cfg(feature = "wire")]
use crate::entity::ManagedEntity;
#[cfg(feature = "wire")]
use crate::error::Result;
use crate::model::scalar::Time;
use crate::storage::view::View;

/// One frozen moment of a store, with the calls of [`Reading`](crate::Reading).
///
/// Writers go on while it is held, and it costs them nothing; but the pages it shows cannot be used again
/// until it is dropped, so a snapshot that is held for long lets the file grow. Cheap to clone. After the
/// store is closed, or its last handle dropped, it answers [`Closed`](crate::Error::Closed).
///
/// ```
/// use billfold::prelude::*;
///
/// let store = Store::in_memory()?;
/// let before = store.snapshot()?;
/// store.add_key(ManagedEntity::Customer, "tier", KeyKind::Indexed)?;
/// assert_eq!(before.key(ManagedEntity::Customer, "tier")?, None);
/// assert!(store.key(ManagedEntity::Customer, "tier")?.is_some());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Snapshot {
    pub(super) view: Arc<View>,
    pub(super) taken_at: Time,
    _held: Arc<Hold>,
}

impl Snapshot {
    pub(super) const fn new(view: Arc<View>, taken_at: Time, held: Arc<Hold>) -> Self {
        Self { view, taken_at, _held: held }
    }

    /// Calls `visit` with everything that the store holds of some entities, in an order to be put into another store.
    #[cfg(feature = "wire")]
    pub(crate) fn each_item(
        &self,
        wanted: impl Fn(ManagedEntity) -> bool,
        visit: impl FnMut(Item) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.view.check_open()?;
        carried::each(&self.view, wanted, visit)
    }

    /// The most items that [`each_item`](Self::each_item) tells of.
    #[cfg(feature = "wire")]
    pub(crate) fn most_items(&self, wanted: impl Fn(ManagedEntity) -> bool) -> Result<u64> {
        self.view.check_open()?;
        carried::most(&self.view, wanted)
    }

    /// What time it was.
    #[cfg(feature = "wire")]
    pub(crate) const fn taken_at(&self) -> Time {
        self.taken_at
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}
