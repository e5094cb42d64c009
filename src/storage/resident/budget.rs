//! How much memory the names of a store may take.

use std::sync::Arc;

use crate::storage::locks::{AtomicUsize, Ordering};

pub struct Budget {
    most: usize,
    taken: AtomicUsize,
}

/// Memory that was taken, until it is dropped.
pub struct Taken {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    pub fn new(most: usize) -> Self {
        Self { most, taken: AtomicUsize::new(0) }
    }

    pub const fn most(&self) -> usize {
        self.most
    }

    pub fn left(&self) -> usize {
        self.most.saturating_sub(self.taken.load(Ordering::Relaxed))
    }

    /// Takes so many bytes, if there are as many left.
    pub fn take(budget: &Arc<Self>, bytes: usize) -> Option<Taken> {
        let take = |taken: usize| taken.checked_add(bytes).filter(|taken| *taken <= budget.most);
        budget.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok()?;
        Some(Taken { budget: Arc::clone(budget), bytes })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
