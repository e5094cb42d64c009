//! What instances, their parts and packages were recorded to be, where the kind is known only at run time.

use serde::{Serialize, Serializer};

use super::alert::AlertRecord;
use super::balance::{CommitRecord, CreditRecord};
use super::billable_metric::BillableMetricRecord;
use super::contract::ContractOrigin;
use super::contract_edit::{EditRecord, PartVersion};
use super::contract_row::{
    DiscountHome, PackageCommitHome, PackageCreditHome, PackageScheduledChargeHome, PackageSubscriptionHome,
    ProfessionalServiceHome, ScheduledChargeHome, SubscriptionHome,
};
use super::customer::CustomerRecord;
use super::invoice::InvoiceStatement;
use super::package::Package;
use super::product::ProductRecord;
use super::rate::{PastRate, RateRecord};
use super::rate_card::RateCardRecord;

/// Calls a macro with each entity that has a record, and what this is.
macro_rules! each_record {
    ($then:ident) => {
        $then! {
            Alert: AlertRecord
            BillableMetric: BillableMetricRecord
            Commit: CommitRecord
            Contract: ContractOrigin
            ContractCredit: CreditRecord
            ContractProduct: ProductRecord
            Customer: CustomerRecord
            Discount: DiscountHome
            PackageCommit: PackageCommitHome
            PackageCredit: PackageCreditHome
            PackageScheduledCharge: PackageScheduledChargeHome
            PackageSubscription: PackageSubscriptionHome
            ProfessionalService: ProfessionalServiceHome
            RateCard: RateCardRecord
            ScheduledCharge: ScheduledChargeHome
            Subscription: SubscriptionHome
        }
    };
}
pub(crate) use each_record;

/// Calls a macro with each collection, and what its parts are.
macro_rules! each_part {
    ($then:ident) => {
        $then! {
            ContractEdits: EditRecord
            ContractInvoices: InvoiceStatement
            ContractParts: PartVersion
            PastRates: PastRate
            Rates: RateRecord
        }
    };
}
pub(crate) use each_part;

macro_rules! records {
    ($($entity:ident: $record:ty)*) => {
        /// What an instance has besides values, of any entity.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub(crate) enum AnyRecord { $($entity(Box<$record>)),* }
    };
}
each_record!(records);

macro_rules! parts {
    ($($collection:ident: $part:ty)*) => {
        /// A part of an instance, of any collection.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub(crate) enum AnyPart { $($collection(Box<$part>)),* }
    };
}
each_part!(parts);

/// What the journal has of an instance, of a part of one or of a package, all of it: opaque, but to be compared, printed
/// and written as JSON, in the form that an export gives it.
///
/// ```
/// use billfold::prelude::*;
/// # let store = Store::in_memory()?;
/// store.create_customer(CreateCustomer { name: "WidgetsExpress".into(), ..Default::default() })?;
/// let ChangeKind::Created { record } = &store.changes_since(0, 1)?[0].what else { panic!() };
/// assert_eq!(serde_json::to_value(record).unwrap()["name"], "WidgetsExpress");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Recorded(pub(crate) AnyRecorded);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum AnyRecorded {
    Record(AnyRecord),
    Part(AnyPart),
    Package(Box<Package>),
}

/// A part of an instance, before and after a [`Change`](super::history::Change).
///
/// ```
/// use billfold::prelude::*;
/// # let store = Store::in_memory()?;
/// # let card = store.create_rate_card(CreateRateCard { name: "Card".into(), ..Default::default() })?;
/// # let product = CreateProduct { product_type: ProductType::Fixed, ..Default::default() };
/// # let product = store.create_product(product)?;
/// store.add_rate(card, AddRate::new(product, Time::UNIX_EPOCH, Rate::flat(5.into())))?;
/// let changes = store.history(card, &PageRequest::first(1))?.items;
/// let ChangeKind::Parts { changes, .. } = &changes[0].what else { panic!() };
/// assert!(changes[0].before().is_none());
/// assert!(changes[0].after().is_some());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedPart {
    #[serde(serialize_with = "hexadecimal")]
    pub(crate) key: Vec<u8>,
    pub(crate) old: Option<Recorded>,
    pub(crate) new: Option<Recorded>,
}

impl ChangedPart {
    /// What it is stored under behind its owner's id; in JSON in hexadecimal digits.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// What it was; `None` where there was none.
    #[must_use]
    pub const fn before(&self) -> Option<&Recorded> {
        self.old.as_ref()
    }

    /// What it became; `None` where it was taken away.
    #[must_use]
    pub const fn after(&self) -> Option<&Recorded> {
        self.new.as_ref()
    }
}

/// Bytes as text.
pub(crate) fn hexadecimal<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&data_encoding::HEXLOWER.encode(bytes))
}
