//! The kinds of thing that carry custom fields, and an id type for each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::short;
use crate::id::id_type;

/// A kind of thing that custom fields can be set on.
///
/// The 19 names are those of the vendor's `ManagedEntity` (source: the seed "Create a custom field
/// key"), and they are spelled the same everywhere: in Rust values through [`name`](Self::name), in
/// JSON, in the file's table names. Names are exact: `Customer` is refused, `customer` is right.
///
/// Today's product, the one that rate cards price, is [`ContractProduct`](Self::ContractProduct);
/// [`Product`](Self::Product) is the older plan product.
///
/// ```
/// use billfold::ManagedEntity;
///
/// assert_eq!(ManagedEntity::ALL.len(), 19);
/// assert_eq!("rate_card".parse(), Ok(ManagedEntity::RateCard));
/// assert_eq!(ManagedEntity::ContractCredit.to_string(), "contract_credit");
/// assert!("plan".parse::<ManagedEntity>().is_err());
/// ```
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    bincode::Encode,
    bincode::Decode,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ManagedEntity {
    /// A threshold that a customer's spend or balance is watched against.
    Alert,
    /// A rule that turns usage events into a quantity.
    BillableMetric,
    /// A charge of the older plans.
    Charge,
    /// An amount a customer commits to spend.
    Commit,
    /// An amount a customer is given to spend.
    ContractCredit,
    /// Today's product: what a rate card prices and an invoice line shows.
    ContractProduct,
    /// The terms of one customer.
    Contract,
    /// Who is billed.
    Customer,
    /// An amount taken off.
    Discount,
    /// What a customer is asked to pay.
    Invoice,
    /// Work billed on a contract.
    ProfessionalService,
    /// The product of the older plans.
    Product,
    /// Prices of products over time.
    RateCard,
    /// A fixed charge on given dates.
    ScheduledCharge,
    /// A recurring fee with a quantity.
    Subscription,
    /// A commit in a package.
    PackageCommit,
    /// A credit in a package.
    PackageCredit,
    /// A subscription in a package.
    PackageSubscription,
    /// A scheduled charge in a package.
    PackageScheduledCharge,
}

impl ManagedEntity {
    /// Whether the vendor fixes this entity's custom fields when its package is created, so that they
    /// cannot be set afterwards.
    #[must_use]
    pub const fn is_of_a_package(self) -> bool {
        matches!(
            self,
            Self::PackageCommit
                | Self::PackageCredit
                | Self::PackageSubscription
                | Self::PackageScheduledCharge
        )
    }
}

impl fmt::Display for ManagedEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that is none of the 19 entity names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a managed entity; the entities are {}", short(name), entity_names())]
pub struct UnknownEntity {
    /// The text that was given.
    pub name: String,
}

fn entity_names() -> String {
    ManagedEntity::ALL.map(ManagedEntity::name).join(", ")
}

impl FromStr for ManagedEntity {
    type Err = UnknownEntity;

    fn from_str(name: &str) -> Result<Self, UnknownEntity> {
        Self::ALL
            .into_iter()
            .find(|entity| entity.name() == name)
            .ok_or_else(|| UnknownEntity { name: name.to_owned() })
    }
}

/// One instance of any entity: which entity, and the instance's id.
///
/// Every call that takes an instance takes `impl Into<EntityRef>`: a typed id such as [`CustomerId`],
/// an `EntityRef`, or a pair `(ManagedEntity, Uuid)` where the entity is known only at run time. An id
/// names an instance of one entity; under another entity the same id is another instance.
///
/// ```
/// use billfold::{CustomerId, EntityRef, ManagedEntity};
/// use uuid::uuid;
///
/// let id = uuid!("99594816-e8a5-4bca-be21-8d1de0f45120");
/// let customer = EntityRef::from(CustomerId::from(id));
/// assert_eq!(customer, (ManagedEntity::Customer, id).into());
/// assert_eq!(customer.to_string(), "customer 99594816-e8a5-4bca-be21-8d1de0f45120");
/// assert_eq!(CustomerId::try_from(customer), Ok(CustomerId::from(id)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityRef {
    /// The kind of the instance.
    pub entity: ManagedEntity,
    /// The instance's id.
    pub id: Uuid,
}

/// The entity, then the id's 16 bytes.
impl bincode::Encode for EntityRef {
    fn encode<E: bincode::enc::Encoder>(&self, encoder: &mut E) -> Result<(), bincode::error::EncodeError> {
        self.entity.encode(encoder)?;
        self.id.as_bytes().encode(encoder)
    }
}

impl<Context> bincode::Decode<Context> for EntityRef {
    fn decode<D: bincode::de::Decoder<Context = Context>>(
        decoder: &mut D,
    ) -> Result<Self, bincode::error::DecodeError> {
        let entity = bincode::Decode::decode(decoder)?;
        Ok(Self { entity, id: Uuid::from_bytes(bincode::Decode::decode(decoder)?) })
    }
}

bincode::impl_borrow_decode!(EntityRef);

impl fmt::Display for EntityRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.entity, self.id)
    }
}

impl From<(ManagedEntity, Uuid)> for EntityRef {
    fn from((entity, id): (ManagedEntity, Uuid)) -> Self {
        Self { entity, id }
    }
}

impl From<&EntityRef> for EntityRef {
    fn from(target: &EntityRef) -> Self {
        *target
    }
}

/// An [`EntityRef`] names an instance of another entity than the id type it was turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{found} is not a {expected}")]
pub struct WrongEntity {
    /// The entity of the id type.
    pub expected: ManagedEntity,
    /// What was given.
    pub found: EntityRef,
}

mod sealed {
    pub trait Sealed {}
}

/// A typed id: a [`Uuid`] whose type names its entity.
///
/// Implemented by the id type of every [`ManagedEntity`] and by nothing else, so that a contract's id
/// cannot be given where a customer's is meant.
pub trait EntityId:
    sealed::Sealed + Copy + Into<EntityRef> + Into<Uuid> + From<Uuid> + fmt::Debug + fmt::Display
{
    /// The entity that ids of this type name.
    const ENTITY: ManagedEntity;

    /// The id of this type with the given bits. Whether such an instance exists is another question.
    fn from_uuid(id: Uuid) -> Self {
        Self::from(id)
    }

    /// The id as a plain [`Uuid`].
    fn uuid(self) -> Uuid {
        self.into()
    }
}

macro_rules! entities {
    ($($variant:ident $name:literal $id:ident)*) => {
        impl ManagedEntity {
            /// All entities, in the order of the vendor's list.
            pub const ALL: [Self; 19] = [$(Self::$variant),*];

            /// The entity's name, as the vendor spells it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }

        $(
            id_type! {
                #[doc = concat!("The id of a `", $name, "`: any [`Uuid`], issued here or elsewhere.")]
                $id
            }

            impl sealed::Sealed for $id {}

            impl EntityId for $id {
                const ENTITY: ManagedEntity = ManagedEntity::$variant;
            }

            impl From<$id> for EntityRef {
                fn from(id: $id) -> Self {
                    Self { entity: ManagedEntity::$variant, id: id.0 }
                }
            }

            impl From<&$id> for EntityRef {
                fn from(id: &$id) -> Self {
                    Self::from(*id)
                }
            }

            impl TryFrom<EntityRef> for $id {
                type Error = WrongEntity;

                fn try_from(found: EntityRef) -> Result<Self, WrongEntity> {
                    if found.entity == ManagedEntity::$variant {
                        Ok(Self(found.id))
                    } else {
                        Err(WrongEntity { expected: ManagedEntity::$variant, found })
                    }
                }
            }
        )*
    };
}

entities! {
    Alert "alert" AlertId
    BillableMetric "billable_metric" BillableMetricId
    Charge "charge" ChargeId
    Commit "commit" CommitId
    ContractCredit "contract_credit" ContractCreditId
    ContractProduct "contract_product" ContractProductId
    Contract "contract" ContractId
    Customer "customer" CustomerId
    Discount "discount" DiscountId
    Invoice "invoice" InvoiceId
    ProfessionalService "professional_service" ProfessionalServiceId
    Product "product" ProductId
    RateCard "rate_card" RateCardId
    ScheduledCharge "scheduled_charge" ScheduledChargeId
    Subscription "subscription" SubscriptionId
    PackageCommit "package_commit" PackageCommitId
    PackageCredit "package_credit" PackageCreditId
    PackageSubscription "package_subscription" PackageSubscriptionId
    PackageScheduledCharge "package_scheduled_charge" PackageScheduledChargeId
}
