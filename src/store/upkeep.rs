//! Looking after the file.

use super::Store;
use crate::error::Result;

/// Figures of a store's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Bytes in a page.
    pub page_bytes: u64,
    /// Pages in use, those that only an older view still shows included.
    pub pages_in_use: u64,
    /// Pages that hold rows, or lead to pages that do.
    pub pages_of_tables: u64,
    /// Tables.
    pub tables: u64,
}

impl Store {
    /// Figures of the store's file. Walks all pages that lead to rows, and takes a turn among the writers:
    /// for looking at a store now and then.
    ///
    /// # Errors
    /// As [`write`](Store::write).
    pub fn stats(&self) -> Result<Stats> {
        self.change(|member| {
            use crate::storage::view::Reader as _;
            let (pages_in_use, pages_of_tables, page_bytes) = member.pages()?;
            let tables = member.with_catalog(|catalog| catalog.tables().count() as u64);
            Ok(Stats { page_bytes: page_bytes as u64, pages_in_use, pages_of_tables, tables })
        })
    }
}
