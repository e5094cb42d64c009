//! Putting the names of a table into memory, in the background, while the view answers.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use std::time::Duration;

use super::names::{Filled, Known, Names};
use crate::storage::codec;
use crate::storage::engine::Closed;
use crate::storage::locks::thread;
use crate::storage::tables::TableId;
use crate::storage::view::{Published, Reader as _, View};

/// So many questions are answered by the view first, and one for as many rows as this: a store that is asked a few
/// times, like the fork of a fixture in a test, is spared the work.
const QUESTIONS: u64 = 32;
const ROWS_FOR_A_QUESTION: u64 = 1_024;
/// So many rows are read at once. Each time the newest view is read, so that none is held for long.
const ROWS: usize = 1_024;
/// How long to wait for a view where there is none just now, because the file is being compacted.
const PAUSE: Duration = Duration::from_millis(1);

/// Counts a question about a name of which nothing is known, and has the table's names put in once there were enough.
pub(in crate::storage) fn count(view: &View, table: TableId, names: &Arc<Names>) {
    let asked = names.count_asked();
    if !asked.is_multiple_of(QUESTIONS) {
        return;
    }
    let rows = view.len(table).unwrap_or(u64::MAX);
    if asked < QUESTIONS.saturating_add(rows / ROWS_FOR_A_QUESTION)
        || !names.turn(Known::Nothing, Known::Wanted)
    {
        return;
    }
    let fill = Fill {
        published: Arc::clone(view.published()),
        closed: Arc::clone(view.closed()),
        table,
        names: Arc::clone(names),
    };
    let begun = thread::Builder::new().name("billfold: names".to_owned()).spawn(move || fill.run());
    if begun.is_err() {
        names.turn(Known::Wanted, Known::Nothing);
    }
}

/// What came of putting some rows in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    /// They are in, and others may follow.
    More,
    /// They are to be put in again, to where the names have moved.
    Again,
    /// They were the last.
    All,
    /// There is no room for more, or a row cannot be read.
    Over,
}

struct Fill {
    published: Arc<Published>,
    closed: Closed,
    table: TableId,
    names: Arc<Names>,
}

impl Fill {
    fn run(&self) {
        let Some((view, names)) = self.view() else { return };
        let rows = view.len(self.table).ok().and_then(|rows| usize::try_from(rows).ok());
        if !view.resident().begin_fill(&names, rows.unwrap_or(0)) {
            return;
        }
        drop(view);
        let mut after = None;
        while let Some((view, names)) = self.view() {
            match self.put_in(&view, &names, &mut after) {
                Put::More => {}
                Put::Again => {
                    drop(view);
                    thread::sleep(PAUSE);
                }
                Put::All => drop(names.turn(Known::Filling, Known::All)),
                Put::Over => drop(names.turn(Known::Filling, Known::Some)),
            }
        }
    }

    /// Puts in some rows behind that one, which is the last of them then.
    fn put_in(&self, view: &View, names: &Names, after: &mut Option<Vec<u8>>) -> Put {
        let (mut left, mut put) = (ROWS, Put::All);
        let mut last = None;
        let from = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let scanned = view.scan_aside(self.table, from, |name, row| {
            left -= 1;
            put = match codec::target(self.table, name, row) {
                Ok(target) => match names.fill(&view.resident().stamp(name), &target) {
                    Filled::Done if left > 0 => return ControlFlow::Continue(()),
                    Filled::Done => Put::More,
                    Filled::Moved => Put::Again,
                    Filled::Over => Put::Over,
                },
                // Whoever asks for a damaged row is told so by the view.
                Err(_) => Put::Over,
            };
            if put == Put::More {
                last = Some(name.to_vec());
            }
            ControlFlow::Break(())
        });
        if last.is_some() {
            *after = last;
        }
        if scanned.is_ok() { put } else { Put::Over }
    }

    /// The published view with its names; `None` where the store is closed, or has other names by now, or these are
    /// filled.
    fn view(&self) -> Option<(Arc<View>, Arc<Names>)> {
        loop {
            if self.closed.get().is_some() {
                return None;
            }
            if let Some(view) = self.published.load_full() {
                let names = Arc::clone(view.names_of(self.table)?);
                let is_under_way = names.are(&self.names) && names.known() <= Known::Filling;
                return is_under_way.then_some((view, names));
            }
            thread::sleep(PAUSE);
        }
    }
}
