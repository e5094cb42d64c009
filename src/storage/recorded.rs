//! Records of any kind, where the kind is known only at run time: for moving stores in and out, for history, and for
//! what follows from records.

#[cfg(feature = "wire")]
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::codec::{self, FieldsRow};
use super::collection::{self, Put};
use super::member::Member;
use super::rows;
use super::tables::TableId;
use super::view::Reader;
use crate::entity::{EntityRef, ManagedEntity};
use crate::error::{Error, Result};
use crate::model::alert::AlertRecord;
use crate::model::balance::{CommitRecord, CreditRecord};
use crate::model::billable_metric::BillableMetricRecord;
use crate::model::change::Collection;
use crate::model::contract::ContractOrigin;
use crate::model::contract_edit::{EditRecord, PartVersion};
use crate::model::contract_row::{
    DiscountHome, PackageCommitHome, PackageCreditHome, PackageScheduledChargeHome, PackageSubscriptionHome,
    ProfessionalServiceHome, ScheduledChargeHome, SubscriptionHome,
};
use crate::model::customer::CustomerRecord;
use crate::model::invoice::InvoiceStatement;
use crate::model::product::ProductRecord;
use crate::model::rate::{PastRate, RateRecord};
use crate::model::rate_card::RateCardRecord;
use crate::model::recorded::{AnyPart, AnyRecord, each_part, each_record};

macro_rules! recorded {
    ($($entity:ident: $record:ty)*) => {
        impl AnyRecord {
            /// The record of an instance; `None` where it has none.
            pub fn get(reader: &impl Reader, target: EntityRef) -> Result<Option<Self>> {
                Ok(match target.entity {
                    $(ManagedEntity::$entity => {
                        rows::record::<$record>(reader, target.id)?.map(|record| Self::$entity(Box::new(record)))
                    })*
                    _ => None,
                })
            }

            /// The record in a row of an entity's table.
            pub fn decode(entity: ManagedEntity, key: &[u8], row: &[u8]) -> Result<Self> {
                let table = TableId::Record(entity);
                match entity {
                    $(ManagedEntity::$entity => {
                        codec::decode(table, key, row).map(|record| Self::$entity(Box::new(record)))
                    })*
                    _ => Err(Error::corrupt(format!("table {table}: a record, which there is none of"))),
                }
            }

            /// The record that the journal has in these bytes.
            pub fn of_journal(entity: ManagedEntity, payload: &[u8]) -> Result<Self> {
                match entity {
                    $(ManagedEntity::$entity => {
                        codec::from_journal(payload).map(|record| Self::$entity(Box::new(record)))
                    })*
                    _ => Err(Error::corrupt(format!("table journal: a record of {entity}, which has none"))),
                }
            }

            /// The record of an entity from its JSON form.
            #[cfg(feature = "wire")]
            pub fn deserialize<'de, D: Deserializer<'de>>(entity: ManagedEntity, from: D) -> Result<Self, D::Error> {
                match entity {
                    $(ManagedEntity::$entity => Box::<$record>::deserialize(from).map(Self::$entity),)*
                    _ => Err(serde::de::Error::custom(format_args!("{entity} has no record"))),
                }
            }

            /// Makes an instance with it.
            pub fn create(&self, member: &Member<'_>, id: Uuid) -> Result<FieldsRow> {
                match self { $(Self::$entity(record) => rows::create(member, id, &**record)),* }
            }

            /// Puts it in place of an instance's; whether the two are of one entity.
            pub fn update(&self, member: &Member<'_>, id: Uuid, row: FieldsRow, old: &Self) -> Result<bool> {
                match (old, self) {
                    $((Self::$entity(old), Self::$entity(new)) => {
                        rows::update(member, id, row, &**old, &**new).map(|()| true)
                    })*
                    _ => Ok(false),
                }
            }

            /// Its bytes, without envelope.
            #[cfg(feature = "wire")]
            pub fn payload(&self) -> Result<Vec<u8>> {
                match self { $(Self::$entity(record) => codec::payload(&**record)),* }
            }
        }
    };
}
each_record!(recorded);

macro_rules! parts {
    ($($collection:ident: $part:ty)*) => {
        impl AnyPart {
            /// The part in a row of a collection.
            pub fn decode(of: Collection, key: &[u8], row: &[u8]) -> Result<Self> {
                let table = TableId::Parts(of);
                match of {
                    $(Collection::$collection => {
                        codec::decode(table, key, row).map(|part| Self::$collection(Box::new(part)))
                    })*
                }
            }

            /// The part that the journal has in these bytes.
            pub fn of_journal(of: Collection, payload: &[u8]) -> Result<Self> {
                match of {
                    $(Collection::$collection => {
                        codec::from_journal(payload).map(|part| Self::$collection(Box::new(part)))
                    })*
                }
            }

            /// The part of a collection from its JSON form.
            #[cfg(feature = "wire")]
            pub fn deserialize<'de, D: Deserializer<'de>>(of: Collection, from: D) -> Result<Self, D::Error> {
                match of {
                    $(Collection::$collection => Box::<$part>::deserialize(from).map(Self::$collection),)*
                }
            }

            /// Its bytes, without envelope.
            #[cfg(feature = "wire")]
            pub fn payload(&self) -> Result<Vec<u8>> {
                match self { $(Self::$collection(part) => codec::payload(&**part)),* }
            }

            /// Puts it under a key of an instance's.
            #[cfg(feature = "wire")]
            pub fn put(self, member: &Member<'_>, owner: Uuid, row: &mut FieldsRow, key: Vec<u8>) -> Result<()> {
                match self {
                    $(Self::$collection(part) => {
                        collection::put(member, owner, row, [Put { key, part: Some(*part) }])
                    })*
                }
            }

            /// Puts those of a collection under keys of an instance's, with `None` for those that are to go. Parts of
            /// other collections are passed over.
            pub fn put_all(
                of: Collection,
                member: &Member<'_>,
                owner: Uuid,
                row: &mut FieldsRow,
                parts: impl Iterator<Item = (Vec<u8>, Option<Self>)>,
            ) -> Result<()> {
                match of {
                    $(Collection::$collection => {
                        let puts = parts.filter_map(|(key, part)| match part {
                            None => Some(Put { key, part: None }),
                            Some(Self::$collection(part)) => Some(Put { key, part: Some(*part) }),
                            Some(_) => None,
                        });
                        collection::put::<$part>(member, owner, row, puts)
                    })*
                }
            }
        }
    };
}
each_part!(parts);

impl Collection {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|collection| collection.name() == name)
    }

    /// Whose parts these are.
    pub(crate) const fn owner(self) -> ManagedEntity {
        match self {
            Self::ContractEdits | Self::ContractInvoices | Self::ContractParts => ManagedEntity::Contract,
            Self::PastRates | Self::Rates => ManagedEntity::RateCard,
        }
    }
}
