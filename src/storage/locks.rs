//! What threads are begun with and meet at, under one name each, so that a model checker can stand in for it.

pub(super) use parking_lot::{Condvar, Mutex, MutexGuard};
pub(super) use std::sync::OnceLock;
pub(super) use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering, fence};
pub(super) use std::thread;
