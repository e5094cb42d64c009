//! Why a request is refused: one fault for each thing that is wrong with it.

use uuid::Uuid;

use super::problem::{FieldProblem, KeyProblem, NameSpace, short};
use super::{Error, ErrorKind, Result, Withheld};
use crate::entity::{EntityRef, ManagedEntity};
use crate::id::PackageId;
use crate::model::custom_field::{KeyKind, MAX_KEYS_PER_ENTITY, MAX_VALUE_CHARACTERS};
use crate::model::history::Moment;
use crate::model::invoice::InvoiceStatus;

/// One reason why a request was refused, with what a caller needs to act on it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A text that cannot be a key.
    #[error("{entity}: key {} {problem}", short(key))]
    KeyText {
        /// The entity it was to be registered for.
        entity: ManagedEntity,
        /// The text.
        key: String,
        /// What is wrong with it.
        problem: KeyProblem,
    },
    /// The key is registered already.
    #[error("Duplicate custom field key: {entity} has {key:?} already")]
    KeyExists {
        /// The entity.
        entity: ManagedEntity,
        /// The key.
        key: String,
    },
    /// The entity has as many keys as an entity can have.
    #[error("{entity}: {key:?} would be key number {}; an entity has at most {MAX_KEYS_PER_ENTITY}", MAX_KEYS_PER_ENTITY + 1)]
    TooManyKeys {
        /// The entity.
        entity: ManagedEntity,
        /// The key that was one too many.
        key: String,
    },
    /// No such key is registered, in a call about the key itself or in a search.
    #[error("Custom field key not found: {entity} has no key {}", short(key))]
    KeyNotFound {
        /// The entity.
        entity: ManagedEntity,
        /// The key.
        key: String,
    },
    /// No such key is registered, in a call that sets or deletes values.
    #[error("Invalid custom field keys: {} (not registered for {entity})", shorts(keys))]
    KeysNotRegistered {
        /// The entity.
        entity: ManagedEntity,
        /// Every such key of the call, in order.
        keys: Vec<String>,
    },
    /// One call gives the same key twice for the same instance.
    #[error("{target}: key {} is given more than once", short(key))]
    KeyRepeated {
        /// The instance.
        target: EntityRef,
        /// The key.
        key: String,
    },
    /// One call names the same instance twice.
    #[error("{target} is given more than once")]
    InstanceRepeated {
        /// The instance.
        target: EntityRef,
    },
    /// A value has too many characters.
    #[error(
        "{entity}: the value of {} has {characters} characters; at most {MAX_VALUE_CHARACTERS} are allowed",
        short(key)
    )]
    ValueTooLong {
        /// The entity.
        entity: ManagedEntity,
        /// The key.
        key: String,
        /// How many characters the value has.
        characters: usize,
    },
    /// Another instance holds the value of an enforced key.
    #[error(
        "{target}: the value {value:?} of the unique key {key:?} is held by {entity} {holder}{}",
        if *.archived { ", which is archived" } else { "" },
        entity = target.entity
    )]
    ValueTaken {
        /// The instance that was to get the value.
        target: EntityRef,
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// The instance that holds it, of the same entity. In a call that gives the value to several
        /// instances, the first of them.
        holder: Uuid,
        /// Whether the holder is archived. It keeps its values; they can be set or deleted all the same.
        archived: bool,
    },
    /// A key cannot be made unique, because instances share a value.
    #[error("{entity}: a value of {key:?} is shared by {}", ids(holders))]
    ValueShared {
        /// The entity.
        entity: ManagedEntity,
        /// The key.
        key: String,
        /// The value, folded where the key's values are compared so.
        value: Withheld,
        /// All its holders, in order of their ids.
        holders: Vec<Uuid>,
    },
    /// The id names no instance of the entity.
    #[error("there is no {target}")]
    InstanceNotFound {
        /// The entity and the id.
        target: EntityRef,
    },
    /// There is an instance with the id that another one was to get.
    #[error("there is a {target} already")]
    InstanceExists {
        /// The entity and the id.
        target: EntityRef,
    },
    /// Something is wrong with one item of a load.
    #[error("instances[{item}]: {fault}")]
    Item {
        /// Which item, counted from 0.
        item: u64,
        /// What is wrong with it.
        fault: Box<Self>,
    },
    /// The instance was taken in with nothing but its id, so that there is nothing more to give or to change.
    #[error("there is nothing but the id of {target}: it was made elsewhere and taken in")]
    NothingButAnId {
        /// The instance.
        target: EntityRef,
    },
    /// The invoice is settled already.
    #[error("{target} is {status} already")]
    InvoiceSettled {
        /// The invoice.
        target: EntityRef,
        /// How it stands.
        status: InvoiceStatus,
    },
    /// A field of the request would change what is on an invoice that is settled.
    #[error("{field}: it is on {invoice}, which is {status}")]
    OnASettledInvoice {
        /// Which field.
        field: String,
        /// The invoice.
        invoice: EntityRef,
        /// How it stands.
        status: InvoiceStatus,
    },
    /// A field of the request is not as it has to be.
    #[error("{field}: {problem}")]
    Field {
        /// Which field, by its path in the vendor's request, such as `ingest_aliases[2]`.
        field: String,
        /// What is wrong with it.
        problem: FieldProblem,
    },
    /// A field of the request names an instance there is not.
    #[error("{field}: there is no {target}")]
    ReferenceNotFound {
        /// Which field.
        field: String,
        /// What it names.
        target: EntityRef,
    },
    /// A field of the request names something by a name that leads to nothing.
    #[error("{field}: {} leads to nothing", short(name))]
    NameNotFound {
        /// Which field.
        field: String,
        /// The name: an alias, or the temporary id of something that the same call makes.
        name: String,
    },
    /// A part of a contract that cannot be archived or forgotten by itself.
    #[error("{target} is a part of {contract}, and goes with it alone")]
    PartOfAContract {
        /// The part.
        target: EntityRef,
        /// The contract.
        contract: EntityRef,
    },
    /// A field of the request names an archived instance, which stays with those that have it and goes to no
    /// other.
    #[error("{field}: {target} is archived, and cannot be given any more")]
    ReferenceArchived {
        /// Which field.
        field: String,
        /// What it names.
        target: EntityRef,
    },
    /// All that is to be kept of an instance, its values aside, takes too much room.
    #[error("{target} would take {bytes} bytes; at most {most} are allowed")]
    TooLarge {
        /// The instance.
        target: EntityRef,
        /// How many bytes it would take.
        bytes: usize,
        /// The most it may take.
        most: usize,
    },
    /// A name that one instance at a time can have belongs to another one.
    #[error(
        "the {space} {name:?} belongs to {holder}{}",
        if *.archived { ", which is archived and keeps it" } else { "" }
    )]
    NameTaken {
        /// What kind of name it is.
        space: NameSpace,
        /// The name.
        name: String,
        /// The instance it belongs to.
        holder: EntityRef,
        /// Whether the holder is archived.
        archived: bool,
    },
    /// Something was made with this uniqueness key before, and there is never another one.
    #[error("This uniqueness key has already been used.")]
    UniquenessKeyUsed {
        /// The key.
        key: String,
        /// The id of what was made with it.
        conflicting_id: Uuid,
    },
    /// What is to be imported is there already, and is not as the import says.
    #[error("{what} is there already, and differs from what is to be imported")]
    DiffersFromImport {
        /// What it is.
        what: String,
    },
    /// A transaction with this idempotency key was carried out for another request, and its outcome is still kept.
    #[error("the idempotency key {key:?} was used with another request")]
    IdempotencyKeyReused {
        /// The key.
        key: String,
    },
    /// The instance was archived before.
    #[error("{target} is already archived")]
    AlreadyArchived {
        /// The instance.
        target: EntityRef,
    },
    /// There is no such package.
    #[error("there is no package {package}")]
    PackageNotFound {
        /// The id.
        package: PackageId,
    },
    /// The package was archived before.
    #[error("package {package} is already archived")]
    PackageArchived {
        /// The package.
        package: PackageId,
    },
    /// A part of a package, which is neither archived nor forgotten.
    #[error("{target} is a part of package {package}, and stays with it")]
    PartOfAPackage {
        /// The part.
        target: EntityRef,
        /// The package.
        package: PackageId,
    },
    /// Values of a package's terms are given when the package is made, and fixed from then on.
    #[error("{target}: Setting package managed fields is not yet supported")]
    FieldsOfAPackage {
        /// The instance.
        target: EntityRef,
    },
    /// The key's values cannot be searched in this way, nor taken from a holder or made for one.
    #[error("{entity}: {key:?} is {kind}; this call needs {}", kinds(needs))]
    KeyNotSearchable {
        /// The entity.
        entity: ManagedEntity,
        /// The key.
        key: String,
        /// What the key is.
        kind: KeyKind,
        /// The kinds that the call can be made with.
        needs: &'static [KeyKind],
    },
    /// The instance's revision is not the expected one.
    #[error("{target} is at revision {found}, not at {expected}")]
    RevisionDiffers {
        /// The instance.
        target: EntityRef,
        /// The revision that was expected.
        expected: u64,
        /// The instance's revision.
        found: u64,
    },
    /// The value of a key is not the expected one.
    #[error("{target}: {key:?} {}", differs(expected.as_deref(), *.holds_another))]
    ValueDiffers {
        /// The instance.
        target: EntityRef,
        /// The key.
        key: String,
        /// The value that was expected; `None` for none.
        expected: Option<String>,
        /// Whether the instance holds another value; if not, it holds none.
        holds_another: bool,
    },
    /// A page with no item or with too many.
    #[error("limit is {found}; a page holds 1 to {most} items")]
    PageLimit {
        /// The limit that was asked for.
        found: usize,
        /// The highest limit.
        most: usize,
    },
    /// A cursor that belongs to another question or another store.
    #[error("the cursor belongs to another question or another store")]
    CursorOfAnotherQuestion,
    /// What was asked of the history has left the journal, or was never in it because the journal was not kept.
    #[error(
        "the journal does not reach back to {asked}; for this question it is whole from change {kept_from} on"
    )]
    HistoryTrimmed {
        /// What was asked for: a change by its number, or a time.
        asked: Moment,
        /// The number of the change from which on nothing that the question needs is missing.
        kept_from: u64,
    },
    /// A number that no change of this store has yet: it is another store's, or was lost in a crash.
    #[error("there is no change {asked} in this store; its last one is {last}")]
    ChangeNotThere {
        /// The number that was asked for.
        asked: u64,
        /// The number of the last change; 0 where there is none.
        last: u64,
    },
    /// A change that is to be followed, and is not the next one: changes are missing, or it was followed before.
    #[error("change {found} is not the next one to follow; that is change {expected}")]
    ChangeOutOfTurn {
        /// The change's number.
        found: u64,
        /// The number that the next one has.
        expected: u64,
    },
    /// A change that is to be followed, and what it changed is not in this store as it was in that of the change.
    #[error("change {sequence} does not follow from what this store holds; it is another store's")]
    ChangeDoesNotFit {
        /// The change's number.
        sequence: u64,
    },
    /// Changes are to be followed by a store that keeps no journal.
    #[error("a store that follows another one has to keep its journal")]
    FollowsWithoutJournal,
    /// A text about a change is too long.
    #[error("{field} has {characters} characters; at most {most} are allowed")]
    AboutTooLong {
        /// `actor` or `reason`.
        field: &'static str,
        /// How many characters it has.
        characters: usize,
        /// The most it may have.
        most: usize,
    },
}

impl Fault {
    /// The names of the fields that faults are about, for tests.
    #[cfg(test)]
    pub(crate) fn fields(faults: &[Self]) -> Vec<&str> {
        let fields = faults.iter().map(|fault| match fault {
            Self::Field { field, .. } => field.as_str(),
            _ => "",
        });
        fields.collect()
    }

    /// The faults of those fields that have a problem; `at` stands in front of their names.
    pub(crate) fn of_fields<'f>(
        at: &str,
        problems: impl IntoIterator<Item = (&'f str, Option<FieldProblem>)>,
    ) -> Vec<Self> {
        let fault =
            |(field, problem): (&str, Option<FieldProblem>)| Some(problem?.at(format!("{at}{field}")));
        problems.into_iter().filter_map(fault).collect()
    }

    /// The fault of a request that is a part of another one; `at` stands in front of the names of its fields. What it
    /// names without a field is its product.
    pub(crate) fn inside(self, at: &str) -> Self {
        match self {
            Self::Field { field, problem } => problem.at(format!("{at}{field}")),
            Self::InstanceNotFound { target } => {
                Self::ReferenceNotFound { field: format!("{at}product_id"), target }
            }
            other => other,
        }
    }

    /// Whether the request is wrong in itself, names something missing, or conflicts with the store.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::KeyNotFound { .. }
            | Self::InstanceNotFound { .. }
            | Self::NothingButAnId { .. }
            | Self::PackageNotFound { .. }
            | Self::HistoryTrimmed { .. }
            | Self::ChangeNotThere { .. }
            | Self::NameNotFound { .. }
            | Self::ReferenceNotFound { .. } => ErrorKind::NotFound,
            Self::Item { fault, .. } => fault.kind(),
            Self::InstanceExists { .. }
            | Self::ValueTaken { .. }
            | Self::NameTaken { .. }
            | Self::UniquenessKeyUsed { .. }
            | Self::IdempotencyKeyReused { .. }
            | Self::ValueShared { .. }
            | Self::DiffersFromImport { .. }
            | Self::ChangeOutOfTurn { .. }
            | Self::ChangeDoesNotFit { .. }
            | Self::RevisionDiffers { .. }
            | Self::ValueDiffers { .. } => ErrorKind::Conflict,
            _ => ErrorKind::Invalid,
        }
    }

    /// What a call answered, for one that goes on to look for its own faults: `None` where it was refused, and its
    /// faults are among these now.
    pub(crate) fn gather<T>(answer: Result<T>, faults: &mut Vec<Self>) -> Result<Option<T>> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(Error::Refused(refused)) => {
                faults.extend(refused);
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// `Ok` where there is no fault, all of them as one refusal otherwise.
    pub(crate) fn none_of(faults: Vec<Self>) -> Result<()> {
        if faults.is_empty() { Ok(()) } else { Err(Error::Refused(faults)) }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Refused(vec![fault])
    }
}

fn shorts(texts: &[String]) -> String {
    texts.iter().map(|text| short(text)).collect::<Vec<_>>().join(", ")
}

fn ids(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", ")
}

fn kinds(kinds: &[KeyKind]) -> String {
    kinds.iter().map(KeyKind::to_string).collect::<Vec<_>>().join(" or ")
}

fn differs(expected: Option<&str>, holds_another: bool) -> String {
    match (expected, holds_another) {
        (None, _) => "has a value; none was expected".to_owned(),
        (Some(expected), true) => format!("holds another value than {}", short(expected)),
        (Some(expected), false) => format!("has no value; {} was expected", short(expected)),
    }
}
