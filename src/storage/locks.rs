//! The locks of the queue, under one name each, so that a model checker can stand in for them.

pub(super) use parking_lot::{Condvar, Mutex};
