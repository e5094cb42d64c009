//! What is wrong with one thing of a request: a key, a name, a field.

use super::Fault;
use crate::model::custom_field::MAX_KEY_CHARACTERS;
use crate::model::invoice::MAX_INVOICES_DUE;

/// What is wrong with a text that was to be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// It has no characters.
    #[error("is empty; a key has 1 to {MAX_KEY_CHARACTERS} characters")]
    Empty,
    /// It has too many characters.
    #[error("has {characters} characters; a key has 1 to {MAX_KEY_CHARACTERS}")]
    TooLong {
        /// How many it has.
        characters: usize,
    },
    /// It has a control character, which a key must not have.
    #[error("has a control character at place {at}; a key has none")]
    ControlCharacter {
        /// Which character, counted from 0.
        at: usize,
    },
}

/// A kind of names of which each belongs to one instance at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NameSpace {
    /// What usage events call a customer.
    #[error("ingest alias")]
    IngestAlias,
}

/// What is wrong with a field of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldProblem {
    /// It has to be there.
    #[error("missing; {rule}")]
    Missing {
        /// Why it has to be.
        rule: &'static str,
    },
    /// It must not be there.
    #[error("not allowed here; {rule}")]
    NotAllowed {
        /// Why not.
        rule: &'static str,
    },
    /// It holds nothing.
    #[error("empty; {rule}")]
    Empty {
        /// What it has to hold.
        rule: &'static str,
    },
    /// A text has too many characters.
    #[error("{characters} characters; at most {most} are allowed")]
    TooLong {
        /// How many characters it has.
        characters: usize,
        /// The most it may have.
        most: usize,
    },
    /// A list has too many items.
    #[error("{items} items; at most {most} are allowed")]
    TooMany {
        /// How many items it has.
        items: usize,
        /// The most it may have.
        most: usize,
    },
    /// It would bring about too many invoices at once that are due already.
    #[error("{invoices} invoices would be due already; at most {MAX_INVOICES_DUE} may come about at once")]
    TooManyInvoices {
        /// How many there would be, at most.
        invoices: usize,
    },
    /// The same item twice.
    #[error("{} is given more than once", short(item))]
    Repeated {
        /// The item.
        item: String,
    },
    /// A value that is outside of what is allowed.
    #[error("{} is not allowed; {rule}", short(value))]
    Value {
        /// The value, as text.
        value: String,
        /// What is allowed.
        rule: &'static str,
    },
}

impl FieldProblem {
    /// The fault of a field that has this problem.
    pub(crate) fn at(self, field: impl Into<String>) -> Fault {
        Fault::Field { field: field.into(), problem: self }
    }

    /// The problem of a text that has more than so many characters.
    pub(crate) fn too_long(text: &str, most: usize) -> Option<Self> {
        let characters = text.chars().count();
        (characters > most).then_some(Self::TooLong { characters, most })
    }

    /// The problem of a list that has more than so many items.
    pub(crate) fn too_many(items: usize, most: usize) -> Option<Self> {
        (items > most).then_some(Self::TooMany { items, most })
    }

    /// The problem of a text that is not to be empty and has at most so many characters.
    pub(crate) fn of_text(text: &str, most: usize, rule: &'static str) -> Option<Self> {
        if text.is_empty() { Some(Self::Empty { rule }) } else { Self::too_long(text, most) }
    }
}

/// How many characters of a text that broke a limit are shown.
const SHOWN: usize = 120;

/// A text of the caller's as an error shows it: quoted, and cut where it is far too long.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
