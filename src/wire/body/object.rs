//! The fields of an object, asked for by name.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Faults, Path, Value, fields, kind, list};

/// An object whose fields are asked for by name; [`finish`](Self::finish) names those that were not.
#[derive(Debug)]
pub(crate) struct Object<'o> {
    pub(super) fields: Vec<(String, &'o RawValue)>,
    at: Path<'o>,
    known: RefCell<Vec<&'static str>>,
    faults: &'o Faults,
}

impl<'o> Object<'o> {
    /// The object that is a whole text; `what` names the text in faults. No bytes at all are an empty object.
    pub(crate) fn whole(bytes: &'o [u8], what: &'o str, faults: &'o Faults) -> Option<Self> {
        let at = Path::Whole(what);
        let text = match std::str::from_utf8(bytes) {
            Ok("") => return Some(Self::new(Vec::new(), at, faults)),
            Ok(text) => text,
            Err(error) => {
                faults.add(format_args!("{what} is not UTF-8 from byte {} on", error.valid_up_to()));
                return None;
            }
        };
        let cut = serde_json::from_str(text).and_then(|json: &RawValue| {
            if !json.get().starts_with('{') {
                faults.add(format_args!("{what} is {}, not an object", kind(json.get())));
                return Ok(None);
            }
            serde_json::Deserializer::from_str(text).deserialize_map(Fields).map(Some)
        });
        match cut {
            Ok(fields) => Some(Self::new(fields?, at, faults)),
            Err(error) => {
                faults.add(format_args!("{what} is not JSON: {error}"));
                None
            }
        }
    }

    pub(super) fn new(fields: Vec<(String, &'o RawValue)>, at: Path<'o>, faults: &'o Faults) -> Self {
        let mut seen = HashSet::new();
        let mut repeated = HashSet::new();
        for (name, _) in &fields {
            if !seen.insert(name) && repeated.insert(name) {
                faults.add(format_args!("{}: given more than once", Path::Field(&at, name)));
            }
        }
        Self { fields, at, known: RefCell::default(), faults }
    }

    /// What `read` makes of a field that must be there.
    pub(crate) fn required<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(Value<'_>) -> Option<T>,
    ) -> Option<T> {
        let read = self.optional(name, read)?;
        if read.is_none() {
            self.faults.add(format_args!("{}: missing", Path::Field(&self.at, name)));
        }
        read
    }

    /// What `read` makes of a field that may be left out, `Some(None)` where it is; `None` is a fault.
    pub(crate) fn optional<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(Value<'_>) -> Option<T>,
    ) -> Option<Option<T>> {
        self.known.borrow_mut().push(name);
        match self.fields.iter().find(|(field, _)| field == name) {
            Some((_, json)) => {
                let at = Path::Field(&self.at, name);
                read(Value { json, at: &at, faults: self.faults }).map(Some)
            }
            None => Some(None),
        }
    }

    /// An array of objects that may be left out; empty where it is.
    pub(crate) fn objects<T>(
        &self,
        name: &'static str,
        read: impl Fn(&Object<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let read = self.optional(name, |value| list(value, |value| fields(value, &read)));
        Some(read?.unwrap_or_default())
    }

    /// An array of objects that must be there; it may be empty.
    pub(crate) fn required_objects<T>(
        &self,
        name: &'static str,
        read: impl Fn(&Object<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.required(name, |value| list(value, |value| fields(value, &read)))
    }

    /// An object that must be there.
    pub(crate) fn inside<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&Object<'_>) -> Option<T>,
    ) -> Option<T> {
        self.required(name, |value| fields(value, read))
    }

    /// An object that may be left out.
    pub(crate) fn within<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&Object<'_>) -> Option<T>,
    ) -> Option<Option<T>> {
        self.optional(name, |value| fields(value, read))
    }

    /// Adds a fault of a field that is there, or should be.
    pub(crate) fn fault<T>(&self, name: &str, what: impl fmt::Display) -> Option<T> {
        self.faults.add(format_args!("{}: {what}", Path::Field(&self.at, name)));
        None
    }

    /// Names every field that was not asked for.
    pub(crate) fn finish(&self) {
        let known = self.known.borrow();
        for (name, _) in &self.fields {
            if !known.contains(&name.as_str()) {
                self.faults.add(format_args!("{}: unknown field", Path::Field(&self.at, name)));
            }
        }
    }
}

/// Cuts an object into names and texts, names that stand twice included.
pub(super) struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(fields)
    }
}
