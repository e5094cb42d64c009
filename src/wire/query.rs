//! Strict reading of a query's parameters.

use std::cell::RefCell;

use uuid::Uuid;

use super::body::{Faults, meaning, not_a_uuid, uuid};
use crate::error::short;
use crate::model::page::{Cursor, DEFAULT_PAGE_LIMIT, PageRequest};
use crate::model::scalar::{Time, TimeError};
use crate::model::word::Word;

/// The most items a page of the API holds (source: `metronome-api.md` §0).
const MAX_LIMIT: usize = 100;

/// The parameters of a query, asked for by name; [`finish`](Self::finish) names those that were not.
pub(super) struct Query<'q> {
    parameters: &'q [(&'q str, &'q str)],
    known: RefCell<Vec<&'static str>>,
    faults: &'q Faults,
}

impl<'q> Query<'q> {
    pub(super) fn new(parameters: &'q [(&'q str, &'q str)], faults: &'q Faults) -> Self {
        Self { parameters, known: RefCell::default(), faults }
    }

    /// A parameter's text; given twice, it is a fault.
    pub(super) fn text(&self, name: &'static str) -> Option<&'q str> {
        self.known.borrow_mut().push(name);
        let mut found = self.parameters.iter().filter(|(parameter, _)| *parameter == name);
        let first = found.next();
        if found.next().is_some() {
            self.fault(name, "given more than once");
        }
        first.map(|(_, text)| *text)
    }

    fn fault(&self, name: &str, what: &str) {
        self.faults.add(format_args!("query parameter {name}: {what}"));
    }

    /// The texts of a parameter that is a list: given several times, with commas, or both.
    pub(super) fn list(&self, name: &'static str) -> Vec<String> {
        self.known.borrow_mut().push(name);
        let found = self.parameters.iter().filter(|(parameter, _)| *parameter == name);
        found.flat_map(|(_, text)| text.split(',')).map(str::to_owned).collect()
    }

    /// The ids of a parameter that is a list.
    pub(super) fn ids(&self, name: &'static str) -> Option<Vec<Uuid>> {
        let read = |text: String| {
            let id = uuid(&text);
            if id.is_none() {
                self.fault(name, &not_a_uuid(&text));
            }
            id
        };
        let read: Vec<_> = self.list(name).into_iter().map(read).collect();
        read.into_iter().collect()
    }

    /// What `read` makes of a parameter that may be left out, `Some(None)` where it is; `None` is a fault.
    fn optional<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let Some(text) = self.text(name) else { return Some(None) };
        read(text).map_err(|what| self.fault(name, &what)).ok().map(Some)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &'static str) -> Option<Option<bool>> {
        self.optional(name, |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(format!("{} is neither true nor false", short(other))),
        })
    }

    /// A choice by its word, in upper or lower case.
    pub(super) fn word<W: Word>(&self, name: &'static str) -> Option<Option<W>> {
        self.optional(name, |text| meaning(text, W::SPELLINGS))
    }

    /// A moment in RFC 3339.
    pub(super) fn moment(&self, name: &'static str) -> Option<Option<Time>> {
        self.optional(name, |text| text.parse().map_err(|error: TimeError| error.to_string()))
    }

    /// An id whose type says what it names.
    pub(super) fn id<I: From<Uuid>>(&self, name: &'static str) -> Option<Option<I>> {
        self.optional(name, |text| uuid(text).map(I::from).ok_or_else(|| not_a_uuid(text)))
    }

    /// Which page is asked for, by the three parameters that every list takes.
    pub(super) fn page(&self) -> Option<PageRequest> {
        let limit = self.limit();
        let after = match (self.text("next_page"), self.text("cursor")) {
            (Some(_), Some(_)) => {
                self.fault("cursor", "another name of next_page; give one of them");
                return None;
            }
            (Some(text), None) => self.cursor("next_page", text).map(Some),
            (None, Some(text)) => self.cursor("cursor", text).map(Some),
            (None, None) => Some(None),
        };
        Some(PageRequest { limit: limit?, after: after? })
    }

    fn limit(&self) -> Option<usize> {
        let Some(text) = self.text("limit") else { return Some(DEFAULT_PAGE_LIMIT) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = text.parse().ok().filter(|limit| digits && (1..=MAX_LIMIT).contains(limit));
        if limit.is_none() {
            self.fault("limit", &format!("{} is not a number from 1 to {MAX_LIMIT}", short(text)));
        }
        limit
    }

    fn cursor(&self, name: &str, text: &str) -> Option<Cursor> {
        let cursor = text.parse().ok();
        if cursor.is_none() {
            self.fault(name, &format!("{} is not a cursor that a page ended with", short(text)));
        }
        cursor
    }

    /// Names every parameter that was not asked for.
    pub(super) fn finish(&self) {
        let known = self.known.borrow();
        for (name, _) in self.parameters.iter().filter(|(name, _)| !known.contains(name)) {
            self.fault(&short(name), "unknown");
        }
    }
}
