//! Records to bytes and back: the only place that encodes or decodes what is stored.
//!
//! A stored value is an envelope: the record's version, a checksum over the row's key and the rest, then
//! bincode. The checksum covers the key, so that a row that turns up under another key is found out too.

use bincode::config::{self, Configuration, Limit, LittleEndian, Varint};
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bincode::{BorrowDecode, Decode, Encode};
use uuid::Uuid;

use super::collection::Part;
use super::idempotency::OutcomeRow;
use super::resident::Target;
use super::tables::{CHECK_BYTES, ID_BYTES, TableId, UNIQUE_BYTES};
use crate::entity::ManagedEntity;
use crate::error::{Error, Fault, FieldProblem, Result};
use crate::model::alert::AlertRecord;
use crate::model::balance::{CommitRecord, CreditRecord};
use crate::model::billable_metric::BillableMetricRecord;
use crate::model::change::{ChangeRow, Collection};
use crate::model::charge_line::LineSource;
use crate::model::contract::{ContractOrigin, ContractPart};
use crate::model::contract_edit::{EditRecord, PartVersion};
use crate::model::contract_row::{
    ContractWindow, DiscountHome, PackageCommitHome, PackageCreditHome, PackageScheduledChargeHome,
    PackageSubscriptionHome, ProfessionalServiceHome, ScheduledChargeHome, SubscriptionHome,
};
use crate::model::custom_field::KeyRules;
use crate::model::customer::CustomerRecord;
use crate::model::invoice::{InvoiceLine, InvoiceStatement};
use crate::model::package::{Package, PackageRow};
use crate::model::product::ProductRecord;
use crate::model::rate::{PastRate, RateRecord};
use crate::model::rate_card::RateCardRecord;
use crate::model::scalar::Time;

/// The version of every record of format 1. A record that changes shape gets a higher one, and its old
/// shape stays in this module.
const VERSION: u8 = 1;

/// No record takes more memory while it is decoded. Values are the least of it (1,000 of 800 bytes); an empty list
/// in an entity's record takes 1 byte on disk and 24 in memory.
const LIMIT: usize = 32 << 20;
/// No entity's record is larger, so that a change of one, which has it twice, can be kept in the journal.
pub const MAX_RECORD_BYTES: usize = 1 << 20;
type Config = Configuration<LittleEndian, Varint, Limit<LIMIT>>;
const CONFIG: Config = config::standard().with_limit::<LIMIT>();

/// A record that stands in a row of its own.
pub trait Record: Encode + Decode<()> {}

/// What an entity has besides custom fields, in a row of the entity's table.
pub trait EntityRecord: Record {
    const ENTITY: ManagedEntity;
}

impl Record for FieldsRow {}
impl Record for KeyRow {}
impl Record for AliasRow {}
impl Record for PastRow {}
impl Record for OutcomeRow {}
impl Record for RateRecord {}
impl Part for RateRecord {
    const COLLECTION: Collection = Collection::Rates;
    const OWNER: ManagedEntity = ManagedEntity::RateCard;
}
impl Record for PastRate {}
impl Part for PastRate {
    const COLLECTION: Collection = Collection::PastRates;
    const OWNER: ManagedEntity = ManagedEntity::RateCard;
}
impl Record for PartVersion {}
impl Part for PartVersion {
    const COLLECTION: Collection = Collection::ContractParts;
    const OWNER: ManagedEntity = ManagedEntity::Contract;
}
impl Record for EditRecord {}
impl Part for EditRecord {
    const COLLECTION: Collection = Collection::ContractEdits;
    const OWNER: ManagedEntity = ManagedEntity::Contract;
}
impl Record for InvoiceLine {}
impl Record for LineSource {}
impl Record for InvoiceStatement {}
impl Part for InvoiceStatement {
    const COLLECTION: Collection = Collection::ContractInvoices;
    const OWNER: ManagedEntity = ManagedEntity::Contract;
}
impl Record for ContractWindow {}
impl Record for Package {}
impl Record for PackageRow {}
impl Record for ChangeRow {}
impl Record for Time {}
impl Record for u32 {}
impl Record for u64 {}
impl Record for [u8; ID_BYTES] {}

macro_rules! entity_records {
    ($($record:ty: $entity:ident)*) => { $(
        impl Record for $record {}
        impl EntityRecord for $record {
            const ENTITY: ManagedEntity = ManagedEntity::$entity;
        }
    )* };
}

entity_records! {
    AlertRecord: Alert
    BillableMetricRecord: BillableMetric
    CommitRecord: Commit
    ContractOrigin: Contract
    CreditRecord: ContractCredit
    CustomerRecord: Customer
    DiscountHome: Discount
    PackageCommitHome: PackageCommit
    PackageCreditHome: PackageCredit
    PackageScheduledChargeHome: PackageScheduledCharge
    PackageSubscriptionHome: PackageSubscription
    ProfessionalServiceHome: ProfessionalService
    RateCardRecord: RateCard
    ProductRecord: ContractProduct
    ScheduledChargeHome: ScheduledCharge
    SubscriptionHome: Subscription
}

/// What every instance has: the row that each set touches.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FieldsRow {
    pub archived_at: Option<Time>,
    /// The sequence number of the instance's last change.
    pub revision: u64,
    /// Values by key number, in order of the numbers. May hold values of keys that were removed since.
    pub values: Vec<(u32, String)>,
}

/// A [`FieldsRow`] that is looked at where it stands, for its values.
#[derive(Debug, BorrowDecode)]
pub struct FieldsLook<'r> {
    _archived_at: Option<Time>,
    _revision: u64,
    pub values: Vec<(u32, &'r str)>,
}

/// The values that an instance had until the moment in the key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PastRow {
    /// As in [`FieldsRow::values`].
    pub values: Vec<(u32, String)>,
}

/// Who a scheduled alias leads to from the moment in its key on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct AliasRow {
    pub holder: [u8; ID_BYTES],
    pub starting_at: Option<Time>,
    pub ending_before: Option<Time>,
}

/// A key, registered or removed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct KeyRow {
    pub id: [u8; ID_BYTES],
    pub entity: ManagedEntity,
    pub name: String,
    pub rules: KeyRules,
    /// The number in the name of its index's table: a new one whenever the index is built anew.
    pub index: u32,
    /// `None` while it is registered.
    pub removed_at: Option<Time>,
    pub added_at: Time,
    /// The sequence number of the key's last change.
    pub revision: u64,
}

pub fn encode(key: &[u8], record: &impl Encode) -> Result<Vec<u8>> {
    // Most records fit, so that it does not grow.
    let mut envelope = Vec::with_capacity(128);
    envelope.extend([VERSION, 0, 0, 0, 0]);
    bincode::encode_into_writer(record, Behind(&mut envelope), CONFIG)
        .map_err(|cause| Error::corrupt(format!("a record cannot be encoded: {cause}")))?;
    let payload = envelope.get(1 + CHECK_BYTES..).unwrap_or_default();
    let checksum = checksum(&[key, &[VERSION], payload]);
    if let Some(place) = envelope.get_mut(1..=CHECK_BYTES) {
        place.copy_from_slice(&checksum);
    }
    Ok(envelope)
}

/// Writes behind what is there, without what any other writer would have to be asked each time.
struct Behind<'b>(&'b mut Vec<u8>);

impl Writer for Behind<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// The bytes of a record as the journal keeps them: without envelope, because the change around them has one.
pub fn payload(record: &impl Record) -> Result<Vec<u8>> {
    bincode::encode_to_vec(record, CONFIG)
        .map_err(|cause| Error::corrupt(format!("a record cannot be encoded: {cause}")))
}

/// The record that the journal has in these bytes.
pub fn from_journal<R: Record>(payload: &[u8]) -> Result<R> {
    of_payload(payload).map_err(|problem| Error::corrupt(format!("table journal: {problem}")))
}

fn of_payload<R: Record>(payload: &[u8]) -> Result<R, String> {
    whole(bincode::decode_from_slice(payload, CONFIG), payload)
}

/// What was decoded, if that took all of the payload.
fn whole<R>(decoded: Result<(R, usize), DecodeError>, payload: &[u8]) -> Result<R, String> {
    match decoded {
        Ok((record, read)) if read == payload.len() => Ok(record),
        Ok(_) => Err("a row with bytes left over".to_owned()),
        Err(cause) => Err(format!("a row that cannot be decoded: {cause}")),
    }
}

/// The fault of a package that is too large to be kept.
pub fn package_fault(package: &Package) -> Result<Option<Fault>> {
    let bytes = payload(package)?.len();
    let rule = "all that a package says takes at most 1 MiB";
    let fault = || FieldProblem::Value { value: format!("a package of {bytes} bytes"), rule }.at("name");
    Ok((bytes > MAX_RECORD_BYTES).then(fault))
}

/// The fault of a part of a contract that is too large to be kept.
pub fn part_fault(part: &ContractPart, field: &str) -> Result<Option<Fault>> {
    let version = PartVersion { since: Time::LAST, revision: u64::MAX, part: Some(part.clone()) };
    let bytes = payload(&version)?.len();
    let rule = "a part of a contract takes at most 1 MiB";
    let fault = || FieldProblem::Value { value: format!("a part of {bytes} bytes"), rule }.at(field);
    Ok((bytes > MAX_RECORD_BYTES).then(fault))
}

/// The fault of an edit of which more would have to be kept than can be; `field` is what made it so large.
pub fn edit_fault(edit: &EditRecord, field: &str) -> Result<Option<Fault>> {
    let bytes = payload(edit)?.len();
    let rule = "what the history keeps of an edit takes at most 1 MiB";
    let fault = || FieldProblem::Value { value: format!("an edit of {bytes} bytes"), rule }.at(field);
    Ok((bytes > MAX_RECORD_BYTES).then(fault))
}

pub fn decode<R: Record>(table: TableId, key: &[u8], envelope: &[u8]) -> Result<R> {
    of_payload(open(table, key, envelope)?).map_err(|problem| damaged(table, &problem))
}

pub fn look_at<'r>(table: TableId, key: &[u8], envelope: &'r [u8]) -> Result<FieldsLook<'r>> {
    let payload = open(table, key, envelope)?;
    let decoded = bincode::borrow_decode_from_slice(payload, CONFIG);
    whole(decoded, payload).map_err(|problem| damaged(table, &problem))
}

fn damaged(table: TableId, what: &str) -> Error {
    Error::corrupt(format!("table {table}: {what}"))
}

/// Whether a row is as it was written.
pub fn is_whole(table: TableId, key: &[u8], envelope: &[u8]) -> bool {
    open(table, key, envelope).is_ok()
}

/// What an envelope holds, if it is whole.
fn open<'r>(table: TableId, key: &[u8], envelope: &'r [u8]) -> Result<&'r [u8]> {
    let damaged = |what: &str| damaged(table, what);
    let (&version, rest) = envelope.split_first().ok_or_else(|| damaged("an empty row"))?;
    let (check, payload) = rest.split_first_chunk().ok_or_else(|| damaged("a row cut short"))?;
    if checksum(&[key, &[version], payload]) != *check {
        return Err(damaged("a row whose checksum does not fit"));
    }
    if version != VERSION {
        return Err(damaged(&format!("a row of version {version}; this version knows {VERSION}")));
    }
    Ok(payload)
}

/// The value of an enforced key's index row: the holder, and a checksum over value and holder.
pub fn seal_holder(value: &[u8], holder: Uuid) -> [u8; UNIQUE_BYTES] {
    let mut sealed = [0; UNIQUE_BYTES];
    let check = checksum(&[value, holder.as_bytes()]);
    for (place, byte) in sealed.iter_mut().zip(holder.as_bytes().iter().chain(&check)) {
        *place = *byte;
    }
    sealed
}

/// The holder in such a value that was just sealed.
pub fn holder_in(sealed: &[u8]) -> Option<Uuid> {
    sealed.first_chunk().map(|id: &[u8; ID_BYTES]| Uuid::from_bytes(*id))
}

pub fn open_holder(table: TableId, value: &[u8], sealed: &[u8]) -> Result<Uuid> {
    let damaged = || Error::corrupt(format!("table {table}: a row whose checksum does not fit"));
    let (holder, check) = sealed.split_first_chunk::<ID_BYTES>().ok_or_else(damaged)?;
    if checksum(&[value, holder]) == check { Ok(Uuid::from_bytes(*holder)) } else { Err(damaged()) }
}

/// What a row leads to, of a table that may be in memory.
pub fn target(table: TableId, name: &[u8], row: &[u8]) -> Result<Target> {
    if table.is_of_values() {
        return open(table, name, row).map(|_| Target::Row(row.into()));
    }
    open_holder(table, name, row).map(Target::Holder)
}

/// The value of an indexed key's index row: a checksum over its key, which says everything.
pub fn seal_listed(key: &[u8]) -> [u8; CHECK_BYTES] {
    checksum(&[key])
}

pub fn check_listed(table: TableId, key: &[u8], sealed: &[u8]) -> Result<()> {
    if checksum(&[key]) == sealed {
        Ok(())
    } else {
        Err(Error::corrupt(format!("table {table}: a row whose checksum does not fit")))
    }
}

fn checksum(parts: &[&[u8]]) -> [u8; CHECK_BYTES] {
    let mut hasher = crc32fast::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::change::{About, NewChange, Subject, ValueChange, What};
    use proptest::prelude::*;

    const TABLE: TableId = TableId::Fields(ManagedEntity::Customer);

    fn row() -> FieldsRow {
        FieldsRow { archived_at: None, revision: 300, values: vec![(1, "KyVn".into()), (7, String::new())] }
    }

    #[test]
    fn a_record_comes_back_and_its_bytes_stay_what_they_are() {
        let bytes = encode(b"key", &row()).unwrap();
        assert_eq!(bytes.get(5..).unwrap(), b"\x00\xfb\x2c\x01\x02\x01\x04KyVn\x07\x00");
        assert_eq!(decode::<FieldsRow>(TABLE, b"key", &bytes).unwrap(), row());
        assert_eq!(look_at(TABLE, b"key", &bytes).unwrap().values, [(1, "KyVn"), (7, "")]);
    }

    #[test]
    fn a_change_on_its_way_to_the_journal_has_the_bytes_of_the_row_that_is_read() {
        let at = Time::UNIX_EPOCH;
        let about = About { actor: Some("job".into()), reason: None };
        let values = vec![ValueChange { key: 7, old: None, new: Some("gold".into()) }];
        for what in [What::Adopted, What::Values { changes: values, kept: Some(at) }] {
            let subject = Subject::Key(7);
            let new =
                encode(b"key", &NewChange { at, about: &about, subject, before: 3, what: &what }).unwrap();
            let row = ChangeRow { at, about: about.clone(), subject, before: 3, what };
            assert_eq!(encode(b"key", &row).unwrap(), new);
            assert_eq!(decode::<ChangeRow>(TableId::Journal, b"key", &new).unwrap(), row);
        }
    }

    #[test]
    fn no_flipped_bit_and_no_missing_byte_goes_unseen() {
        let bytes = encode(b"key", &row()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode::<FieldsRow>(TABLE, b"key", &flipped).is_err(), "bit {bit}");
        }
        for end in 0..bytes.len() {
            assert!(decode::<FieldsRow>(TABLE, b"key", &bytes[..end]).is_err(), "{end} bytes");
        }
        assert!(decode::<FieldsRow>(TABLE, b"kez", &bytes).is_err(), "under another key");
        let sealed = seal_holder(b"value", Uuid::from_u128(5));
        assert_eq!(open_holder(TABLE, b"value", &sealed).unwrap(), Uuid::from_u128(5));
        assert!(open_holder(TABLE, b"valuf", &sealed).is_err());
        assert!(check_listed(TABLE, b"key", &seal_listed(b"kez")).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut envelope = vec![VERSION];
            envelope.extend(checksum(&[b"key", &[VERSION], &bytes]));
            envelope.extend(&bytes);
            let _ = decode::<FieldsRow>(TABLE, b"key", &envelope);
            let _ = decode::<KeyRow>(TABLE, b"key", &envelope);
            let _ = decode::<ChangeRow>(TABLE, b"key", &envelope);
            let _ = decode::<OutcomeRow>(TABLE, b"key", &envelope);
        }
    }
}
