//! Reading a long answer a page at a time.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::word::words;
use crate::entity::ManagedEntity;
use crate::error::{Fault, Result};

/// How many items a page holds where the request does not say.
pub const DEFAULT_PAGE_LIMIT: usize = 100;
/// The most items a page holds.
pub const MAX_PAGE_LIMIT: usize = 1_000;

/// Which page of an answer is wanted: how many items, and after which page.
///
/// ```
/// use billfold::PageRequest;
///
/// let first = PageRequest::first(25);
/// assert_eq!(first.limit, 25);
/// assert_eq!(PageRequest::default().limit, 100);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// The most items the page may hold: 1 to 1,000, and 100 by default.
    pub limit: usize,
    /// [`Page::next`] of the page before, or `None` for the first page.
    pub after: Option<Cursor>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self::first(DEFAULT_PAGE_LIMIT)
    }
}

impl PageRequest {
    /// The first page, with up to `limit` items.
    #[must_use]
    pub const fn first(limit: usize) -> Self {
        Self { limit, after: None }
    }

    /// The page behind `cursor`, with up to `limit` items.
    #[must_use]
    pub const fn after(cursor: Cursor, limit: usize) -> Self {
        Self { limit, after: Some(cursor) }
    }
}

words! {
    /// Which instances a list shows: those in use, archived ones, or both.
    ///
    /// ```
    /// use billfold::ArchiveFilter;
    ///
    /// assert_eq!(ArchiveFilter::default(), ArchiveFilter::NotArchived);
    /// ```
    #[derive(Default)]
    ArchiveFilter {
        /// Those that are not archived. The default, as in the API.
        #[default]
        NotArchived "NOT_ARCHIVED",
        /// Archived ones.
        Archived "ARCHIVED",
        /// Both.
        All "ALL",
    }
}

impl ArchiveFilter {
    /// Whether it lets an instance through that is archived, or is not.
    pub(crate) const fn admits(self, archived: bool) -> bool {
        match self {
            Self::NotArchived => !archived,
            Self::Archived => archived,
            Self::All => true,
        }
    }
}

/// A page of an answer, and where the next one begins.
///
/// Each page is one frozen moment; to read several pages of the same moment, read them from a
/// [`Snapshot`](crate::Snapshot).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The page's items, in the order the call promises.
    pub items: Vec<T>,
    /// What to ask for the next page with; `None` where this page is the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    pub(crate) fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(change).collect(), next: self.next }
    }
}

/// Where a page ended: opaque text, safe in a URL.
///
/// It carries the whole question it belongs to and the store it came from, so that it cannot continue
/// another question or be used on another store: both are refused. It stays valid when the store is
/// reopened, and when the item it stands behind is gone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cursor(Position);

/// A text that no page of this library ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this library")]
pub struct CursorError;

/// What a cursor says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, bincode::Encode, bincode::Decode)]
struct Position {
    store: [u8; 16],
    question: Question,
    last: Vec<u8>,
}

/// The question that a page belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, bincode::Encode, bincode::Decode)]
pub(crate) enum Question {
    Keys {
        entities: Vec<ManagedEntity>,
    },
    Instances {
        entity: ManagedEntity,
    },
    Holders {
        entity: ManagedEntity,
        key: u32,
        value: String,
    },
    Prefix {
        entity: ManagedEntity,
        key: u32,
        prefix: String,
    },
    /// A list with conditions: which list, and a digest of what they say, because they can be long.
    Filtered {
        list: String,
        conditions: [u8; 16],
    },
}

impl Question {
    /// The question for a list with these conditions, in this order.
    pub(crate) fn filtered(list: &str, conditions: &[String]) -> Self {
        // Each with its length in front, so that no two lists of conditions read the same.
        let said: String =
            conditions.iter().map(|condition| format!("{} {condition} ", condition.len())).collect();
        let conditions = Uuid::new_v5(&Uuid::NAMESPACE_OID, said.as_bytes()).into_bytes();
        Self::Filtered { list: list.to_owned(), conditions }
    }
}

/// The longest cursor text that is looked at: a value of 200 four-byte characters twice over, as base64.
const MAX_CURSOR_TEXT: usize = 4_096;

impl Cursor {
    pub(crate) fn new(store: Uuid, question: Question, last: &[u8]) -> Self {
        Self(Position { store: store.into_bytes(), question, last: last.to_vec() })
    }
}

impl PageRequest {
    /// Where to go on, in the bytes of the question's own order; faults where the request is not for it.
    pub(crate) fn resume(&self, store: Uuid, question: &Question) -> Result<Option<&[u8]>> {
        let mut faults = Vec::new();
        if !(1..=MAX_PAGE_LIMIT).contains(&self.limit) {
            faults.push(Fault::PageLimit { found: self.limit, most: MAX_PAGE_LIMIT });
        }
        if let Some(Cursor(position)) = &self.after
            && (position.store != store.into_bytes() || position.question != *question)
        {
            faults.push(Fault::CursorOfAnotherQuestion);
        }
        Fault::none_of(faults)?;
        Ok(self.after.as_ref().map(|cursor| cursor.0.last.as_slice()))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes =
            bincode::encode_to_vec(&self.0, bincode::config::standard()).map_err(|_| fmt::Error)?;
        bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
        f.write_str(&BASE64URL_NOPAD.encode(&bytes))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        if text.len() > MAX_CURSOR_TEXT {
            return Err(CursorError);
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| CursorError)?;
        let (body, checksum) = bytes.split_last_chunk::<4>().ok_or(CursorError)?;
        if crc32fast::hash(body) != u32::from_be_bytes(*checksum) {
            return Err(CursorError);
        }
        let config = bincode::config::standard().with_limit::<MAX_CURSOR_TEXT>();
        match bincode::decode_from_slice(body, config) {
            Ok((position, read)) if read == body.len() => Ok(Self(position)),
            _ => Err(CursorError),
        }
    }
}

impl TryFrom<String> for Cursor {
    type Error = CursorError;

    fn try_from(text: String) -> Result<Self, CursorError> {
        text.parse()
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.to_string()
    }
}
