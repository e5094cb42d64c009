//! Names that lead to one instance at the most, and what came of asking for an instance by one.

/// What leads to one instance at the most: a value of an enforced key, as a pair of key and value; an ingest alias of a
/// customer; the uniqueness key that a contract, commit, credit or alert was made with.
///
/// ```
/// use billfold::UniqueName;
///
/// let by_value = UniqueName::from(("x_account_id", "KyVnHhSBWl7eY2bl"));
/// let by_alias = UniqueName::ingest_alias("team@widgetsexpress.com");
/// assert_ne!(by_value, by_alias);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UniqueName {
    /// A value of an enforced key of the entity.
    Value {
        /// The key.
        key: String,
        /// The value, up to 200 characters.
        value: String,
    },
    /// An ingest alias, of customers alone: 1 to 128 characters.
    IngestAlias(String),
    /// A uniqueness key, of contracts, commits, credits and alerts alone: 1 to 128 characters.
    UniquenessKey(String),
}

impl UniqueName {
    /// The ingest alias of a customer.
    pub fn ingest_alias(alias: impl Into<String>) -> Self {
        Self::IngestAlias(alias.into())
    }

    /// The uniqueness key of a contract, commit, credit or alert.
    pub fn uniqueness_key(key: impl Into<String>) -> Self {
        Self::UniquenessKey(key.into())
    }
}

impl<K: Into<String>, V: Into<String>> From<(K, V)> for UniqueName {
    fn from((key, value): (K, V)) -> Self {
        Self::Value { key: key.into(), value: value.into() }
    }
}

/// What [`get_or_create`](crate::WritingUpserts::get_or_create) came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GotOrCreated<I> {
    /// There was one with the name, archived or not, and it is as it was.
    Found(I),
    /// There was none, and this one was made.
    Created(I),
}

impl<I: Copy> GotOrCreated<I> {
    /// Which instance has the name, found or made.
    pub const fn id(&self) -> I {
        match self {
            Self::Found(id) | Self::Created(id) => *id,
        }
    }
}

/// What [`upsert`](crate::WritingUpserts::upsert) came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Upserted<I> {
    /// There was none with the name, and this one was made.
    Created(I),
    /// There was one, archived or not, and something was changed: of it or of anything else.
    Updated(I),
    /// There was one, and nothing at all was changed.
    Unchanged(I),
}

impl<I: Copy> Upserted<I> {
    /// Which instance has the name, made or not.
    pub const fn id(&self) -> I {
        match self {
            Self::Created(id) | Self::Updated(id) | Self::Unchanged(id) => *id,
        }
    }
}
