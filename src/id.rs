//! Ids whose type says what they name.

/// Makes a type for ids of one kind: a [`Uuid`](uuid::Uuid) inside, 16 bytes on disk.
macro_rules! id_type {
    ($(#[$about:meta])* $id:ident) => {
        $(#[$about])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $id(uuid::Uuid);

        impl $id {
            /// The id with these bits. Whether anything has it is another question.
            #[must_use]
            pub const fn new(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        /// The id's 16 bytes.
        impl bincode::Encode for $id {
            fn encode<E: bincode::enc::Encoder>(
                &self,
                encoder: &mut E,
            ) -> Result<(), bincode::error::EncodeError> {
                self.0.as_bytes().encode(encoder)
            }
        }

        impl<Context> bincode::Decode<Context> for $id {
            fn decode<D: bincode::de::Decoder<Context = Context>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                Ok(Self(uuid::Uuid::from_bytes(bincode::Decode::decode(decoder)?)))
            }
        }

        bincode::impl_borrow_decode!($id);

        impl From<uuid::Uuid> for $id {
            fn from(id: uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$id> for uuid::Uuid {
            fn from(id: $id) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $id {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $id {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                uuid::Uuid::from_str(text).map(Self)
            }
        }
    };
}

id_type! {
    /// The id of a package: it has no custom fields, its parts do.
    PackageId
}
id_type! {
    /// The id of an override of a contract or a package: it has no custom fields, and so is no managed entity.
    OverrideId
}
id_type! {
    /// The id of a recurring commit of a contract or a package: it has no custom fields, and so is no managed entity.
    RecurringCommitId
}
id_type! {
    /// The id of a recurring credit of a contract or a package: it has no custom fields, and so is no managed entity.
    RecurringCreditId
}
id_type! {
    /// The id of one dated item of a schedule: an access segment, or a charge's date.
    ScheduleItemId
}
id_type! {
    /// The id of one edit of a contract.
    ContractEditId
}
id_type! {
    /// The id of a line of an invoice.
    InvoiceLineId
}
id_type! {
    /// The id of a credit type: a currency, or a pricing unit.
    CreditTypeId
}
id_type! {
    /// The id of a customer's billing provider configuration, which stands in another system.
    BillingProviderConfigurationId
}
id_type! {
    /// The id of a customer's revenue system configuration, which stands in another system.
    RevenueSystemConfigurationId
}

pub(crate) use id_type;
