//! An embedded, in-process store for billing metadata: custom fields with enforced uniqueness, customers, a catalog,
//! contracts and their invoices, and atomic changes of many fields and many entities, in one file.
//!
//! What a billing vendor calls custom fields are values of your own on the things it bills. A *key* is registered
//! for an *entity* (customer, contract, product and 16 more, see [`ManagedEntity`]); an *instance* of the entity
//! then holds at most one *value* for it. A key is [enforced](KeyKind::Enforced), so that no two instances hold the
//! same value and a value leads to its holder; [indexed](KeyKind::Indexed), so that a value leads to its holders;
//! or [unindexed](KeyKind::Unindexed).
//!
//! ```
//! use billfold::prelude::*;
//! use uuid::uuid;
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("billing.redb");
//! let store = Store::open(&path)?;
//! store.add_key(ManagedEntity::Customer, "x_account_id", KeyKind::Enforced)?;
//!
//! // Ids issued elsewhere are taken in.
//! let customer = CustomerId::from(uuid!("99594816-e8a5-4bca-be21-8d1de0f45120"));
//! store.adopt(customer)?;
//! store.set_values(customer, [("x_account_id", "KyVnHhSBWl7eY2bl")])?;
//!
//! // A value of an enforced key leads to its holder,
//! let found: Option<CustomerId> = store.find("x_account_id", "KyVnHhSBWl7eY2bl")?;
//! assert_eq!(found, Some(customer));
//!
//! // and nobody else can have it.
//! let other = CustomerId::from(uuid!("13117714-3f05-48e5-a6e9-a66093f13b4d"));
//! store.adopt(other)?;
//! match store.set_values(other, [("x_account_id", "KyVnHhSBWl7eY2bl")]) {
//!     Err(Error::Refused(faults)) => match &faults[..] {
//!         [Fault::ValueTaken { holder, .. }] => assert_eq!(CustomerId::from(*holder), customer),
//!         others => panic!("{others:?}"),
//!     },
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where things are
//!
//! - [`Store`] is opened, with [`StoreOptions`] or without, and closed; it makes transactions
//!   ([`write`](Store::write), [`write_once`](Store::write_once), [`dry_run`](Store::dry_run)) and [`Snapshot`]s.
//! - [`Reading`] has the calls that read: of a store, a snapshot and a [`Transaction`]. Those about customers,
//!   billable metrics, products and rate cards are in [`ReadingRecords`], those about contracts, commits and credits,
//!   what they cost and which usage counts on them in [`ReadingContracts`], those about the packages that contracts are
//!   made of in [`ReadingPackages`], those about invoices and their metadata at Stripe in [`ReadingInvoices`],
//!   those about alerts in [`ReadingAlerts`]; those that ask for instances by conditions on their values, with
//!   [`Query`] and [`Condition`], in [`ReadingQueries`], and the history and the change feed in [`ReadingHistory`]; all
//!   are part of it. [`Store::wait_for_changes`] waits for what comes next, and [`Store::follow`] carries it out on
//!   another store.
//! - [`Writing`] has the calls that change something: of a store, each its own transaction, and of a transaction; with
//!   [`WritingRecords`] for customers, billable metrics, products and rate cards, [`WritingContracts`] for contracts,
//!   commits and credits, [`WritingPackages`] for packages, [`WritingInvoices`] for invoices,
//!   [`WritingAlerts`] for alerts, and [`WritingUpserts`] for what is found by a unique name or made.
//! - [`Store::load`] puts many instances in at once. A [`Fixture`] is a store that was made once, of which each test forks
//!   one of its own. [`Store::verify`] looks whether a store is whole.
//! - With the feature `wire`, `Store::export` and `Store::import` move all that a store holds, and `assert_same` and
//!   `difference` say how two stores differ.
//! - [`Error`] says what went wrong; a refused request has every [`Fault`] in it.
//!
//! # What is promised
//!
//! A writing call that returned `Ok` is on disk, whole (with [`Durability::OnFlush`], after the next
//! [`flush`](Store::flush)); one that returned an error, or whose closure panicked, left nothing, but for
//! [`Error::OutcomeUnknown`], which means that only reopening will tell. Callers that write at the same time take
//! turns in the order they came; several may share one commit, and each is answered after it. Readers never wait
//! for writers, and see every write that has returned. [`promises`] has all of it, with the test that tries to break each.
//!
//! # Limits
//!
//! Keys have 1 to [100](MAX_KEY_CHARACTERS) characters and no control characters; values have 0 to
//! [200](MAX_VALUE_CHARACTERS), of any kind. An entity has at most [1,000](MAX_KEYS_PER_ENTITY) keys, and so an
//! instance at most as many values. Characters are Unicode scalar values; keys and values are compared exactly, byte
//! for byte, but for values of keys that are [case-folded](Comparison::CaseFolded).
//!
//! What is kept of a billable metric or a product, its values aside, takes at most 1 MiB, a product's updates
//! included, of which there are up to [1,000](MAX_UPDATES_PER_PRODUCT). Amounts have up to 28 digits ([`Amount`]).
//!
//! A contract may have any number of parts and edits. One call makes or changes up to [1,000](MAX_PARTS_PER_CALL)
//! parts of a kind, and brings about up to [10,000](MAX_INVOICES_DUE) invoices that are due already; a part takes at
//! most 1 MiB. A schedule has up to [1,000](MAX_SCHEDULE_ITEMS) items, a recurring
//! commit or credit up to [1,000](MAX_RECURRING_UPDATES) updates, a subscription up to
//! [1,000](MAX_QUANTITY_UPDATES) changes of its quantity and [10,000](MAX_SEATS) seats, an override up to
//! [1,000](MAX_OVERRIDE_SPECIFIERS) specifiers, a commit or credit up to [1,000](MAX_APPLICABLE) products, tags or
//! specifiers, and a usage filter up to [10,000](MAX_FILTER_VALUES) values of up to
//! [1,000](MAX_FILTER_CHARACTERS) characters. Names have up to [1,000](MAX_CONTRACT_NAME_CHARACTERS) characters,
//! other texts up to [10,000](MAX_CONTRACT_TEXT_CHARACTERS), and uniqueness keys 1 to
//! [128](MAX_UNIQUENESS_KEY_CHARACTERS).
//!
//! Idempotency keys have 1 to [128](MAX_IDEMPOTENCY_KEY_CHARACTERS) characters; requests and outcomes of
//! [`write_once`](Store::write_once) have up to [1 MiB](MAX_IDEMPOTENT_BYTES) each.
//!
//! A package takes at most 1 MiB altogether, and its name has up to [1,000](MAX_PACKAGE_NAME_CHARACTERS) characters.
//!
//! An alert has up to [1,000](MAX_ALERT_ITEMS) filters, specifiers or exclusions in a list and takes at most 1 MiB. At most
//! [3](MAX_ALERTS_BY_VALUE) in use look at each value of a customer's balances by itself, of up to
//! [1,000](MAX_ALERT_VALUES) when they are made.
//!
//! A query has up to [1,000](MAX_CONDITIONS) conditions, which stand up to [32](MAX_CONDITION_DEPTH) deep inside one
//! another and name up to [10,000](MAX_CONDITION_VALUES) values.
//!
//! A question about invoices gives up to [1,000](MAX_USAGE_QUANTITIES) quantities of usage.
//!
//! # What is not done
//!
//! No usage is stored or metered: which contracts an event would count on and what a unit would cost can be asked, and
//! [quantities](UsageQuantity) that are given are priced on invoices. Nothing is drawn from commits and credits, and
//! nothing is sent: [`StripeMetadata`] is what Stripe could be told of an invoice. What a contract says of payments,
//! providers, thresholds, spend trackers, royalties and other contracts above or below it ([`ContractSettings`]) is
//! checked for shape, kept and given back, and means nothing here. No spend is measured, so that no alert goes off; what
//! one would look at can be asked.
//!
//! # Features
//!
//! None by default. `wire` answers the vendor's API calls in process; `cli` builds the tool `billfold`, and has
//! `wire` in it.

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[doc = include_str!("promises.md")]
pub mod promises {}

mod entity;
mod error;
#[cfg(feature = "wire")]
mod exchange;
mod id;
mod model;
mod rules;
mod storage;
mod store;
#[cfg(feature = "wire")]
mod wire;

pub use entity::*;
pub use error::{
    EngineError, Error, ErrorKind, Fault, FieldProblem, KeyProblem, NameSpace, Result, Withheld,
};
pub use id::{
    BillingProviderConfigurationId, ContractEditId, CreditTypeId, InvoiceLineId, OverrideId, PackageId,
    RecurringCommitId, RecurringCreditId, RevenueSystemConfigurationId, ScheduleItemId,
};
pub use model::alert::{
    Alert, AlertEntity, AlertFilter, AlertGroupKey, AlertGroupValue, AlertSeatFilter, AlertSpecifier,
    AlertSpecifierFilter, AlertStatus, AlertType, CreateAlert, MAX_ALERT_ITEMS, MAX_ALERT_NAME_CHARACTERS,
    MAX_ALERT_TEXT_CHARACTERS, MAX_ALERT_VALUES, MAX_ALERTS_BY_VALUE,
};
pub use model::alert_scope::{AlertGroup, AlertScope};
pub use model::alias::{MAX_SCHEDULED_ALIAS_CHARACTERS, MAX_SCHEDULED_ALIASES, ScheduledAlias};
pub use model::balance::{
    AccessType, Applicability, Balance, BalanceFilter, BalanceOf, BalanceTerms, ChildAccess, Commit,
    CommitType, CreateCommit, CreateCredit, Credit, CustomerLevel, MAX_APPLICABLE, RateChoice,
    UsageSpecifier,
};
pub use model::billable_metric::{
    Aggregation, BillableMetric, CreateBillableMetric, EventTypeFilter, PropertyFilter,
};
pub use model::change::{About, Collection};
pub use model::charge::{Charge, ChargedPart};
pub use model::charge_line::LineSource;
pub use model::contract::{
    CardChoice, ConsolidatedCharges, Contract, ContractFilter, ContractOrigin, ContractTerms, CreateContract,
    MAX_CONTRACT_NAME_CHARACTERS, MAX_CONTRACT_TEXT_CHARACTERS, MAX_PARTS_PER_CALL,
    MAX_UNIQUENESS_KEY_CHARACTERS, Part, Renewal, TrueupBehavior,
};
pub use model::contract_edit::{
    AddedParts, ContractEdit, EditContract, PartUpdates, UpdateAccessItem, UpdateAccessSchedule,
    UpdateBalance, UpdateInvoiceItem, UpdateInvoiceSchedule, UpdatePrice, UpdateRecurring,
    UpdateScheduledCharge, UpdateSubscription,
};
pub use model::contract_rate::{
    ContractRate, ContractRateSegment, OverrideRate, PayingBalance, RateQuestion,
};
pub use model::credit_type::CreditType;
pub use model::custom_field::{
    ArchivedHolders, Comparison, CustomFieldKey, CustomFields, Expectation, Instance, KeyKind, KeyRules,
    MAX_KEY_CHARACTERS, MAX_KEYS_PER_ENTITY, MAX_VALUE_CHARACTERS, SetOutcome, Taken, ValueOutcome,
};
pub use model::customer::{
    CreateCustomer, Customer, CustomerFilter, MAX_ALIAS_CHARACTERS, MAX_ALIASES_PER_CUSTOMER,
    MAX_CUSTOMER_NAME_CHARACTERS, MAX_KEPT_CHARACTERS, MAX_SALESFORCE_ACCOUNT_CHARACTERS,
    UpdateCustomerConfig,
};
pub use model::hierarchy::{Hierarchy, HierarchyLink, InvoiceConsolidation, Payer, UsageStatementBehavior};
pub use model::history::{Change, ChangeKind, ChangeSubject, ChangedValue, Moment, Retention};
pub use model::idempotency::{MAX_IDEMPOTENCY_KEY_CHARACTERS, MAX_IDEMPOTENT_BYTES, Once};
pub use model::invoice::{
    Invoice, InvoiceLine, InvoiceOrder, InvoiceQuestion, InvoiceStatement, InvoiceStatus, InvoiceType,
    InvoicedProduct, InvoicedTier, InvoicesOf, MAX_INVOICES_DUE, MAX_USAGE_QUANTITIES, UsageQuantity,
};
pub use model::net_balance::{
    BalanceType, MAX_NET_BALANCE_FILTERS, MAX_NET_BALANCE_IDS, NetBalanceFilter, NetBalanceQuestion,
};
pub use model::package::{
    CreatePackage, MAX_PACKAGE_NAME_CHARACTERS, Package, PackageChoice, PackageContract, PackageTerms,
};
pub use model::page::{
    ArchiveFilter, Cursor, CursorError, DEFAULT_PAGE_LIMIT, MAX_PAGE_LIMIT, Page, PageRequest,
};
pub use model::payment_gate::{
    MAX_INVOICE_METADATA, PaymentGate, PaymentGateType, PrecalculatedTax, StripePayment, StripePaymentType,
    TaxType,
};
pub use model::price_override::{
    MAX_OVERRIDE_SPECIFIERS, Override, OverridePrioritization, OverrideSpecifier, OverrideTerms,
    OverrideTier, OverrideType, OverwriteRate,
};
pub use model::product::{
    CompositeScope, ConversionOperation, CreateProduct, MAX_UPDATES_PER_PRODUCT, Product, ProductChanges,
    ProductState, ProductType, ProductUpdate, QuantityConversion, QuantityRounding, RoundingMethod,
    SqlBreakdownGranularity,
};
pub use model::provider_configuration::{
    BillingProvider, BillingProviderConfiguration, ConfigurationChoice, ConfigurationStart, DeliveryMethod,
    ProviderConfiguration, RevenueSystem, RevenueSystemConfiguration,
};
pub use model::query::{Condition, MAX_CONDITION_DEPTH, MAX_CONDITION_VALUES, MAX_CONDITIONS, Query};
pub use model::rate::{
    AddRate, BillingFrequency, CommitRate, MAX_CUSTOM_RATE_CHARACTERS, MAX_PRICING_GROUP_CHARACTERS,
    MAX_PRICING_GROUP_VALUES, MAX_RATE_SELECTORS, MAX_TIERS, Rate, RateSegment, RateSelector, RateType, Tier,
};
pub use model::rate_card::{
    CreateRateCard, CreditTypeConversion, MAX_CREDIT_TYPE_CONVERSIONS, MAX_RATE_CARD_DESCRIPTION_CHARACTERS,
    MAX_RATE_CARD_NAME_CHARACTERS, RateCard, UpdateRateCard,
};
pub use model::recorded::{ChangedPart, Recorded};
pub use model::recurring::{
    CreateRecurring, Grant, GrantsOf, MAX_RECURRING_UPDATES, ProrationRounding, ProrationRoundingMethod,
    RecurrenceFrequency, Recurring, RecurringAmount, RecurringChanges, RecurringProration, RecurringRounding,
    RecurringTerms, RecurringUpdate, RoundingChanges, SeatAllocation, SubscriptionConfig,
};
pub use model::relative_date::{DurationUnit, RelativeDate};
pub use model::reseller_royalty::{
    AwsOptions, GcpOptions, ResellerRoyalty, ResellerRoyaltyChange, ResellerType,
};
pub use model::scalar::{Amount, AmountError, Time, TimeError};
pub use model::schedule::{
    AccessItem, AccessSchedule, AmountDistribution, CreateAccessItem, CreateAccessSchedule,
    CreateInvoiceItem, CreateInvoiceSchedule, InvoiceItem, InvoiceSchedule, MAX_SCHEDULE_ITEMS, Price,
    RecurringSchedule, ScheduleDates, ScheduleFrequency,
};
pub use model::scheduled_charge::{
    CreateProfessionalService, CreateScheduledCharge, ProfessionalService, ScheduledCharge,
};
pub use model::settings::{ContractSettings, MAX_RESELLER_ROYALTIES, MAX_SPEND_TRACKERS, SettingsChanges};
pub use model::spend_tracker::{
    DiscountedSpend, MAX_SPEND_SPECIFIERS, MAX_SPEND_TRACKER_ALIAS_CHARACTERS, SpendReset, SpendSource,
    SpendSpecifier, SpendTracker, SpendType,
};
pub use model::statement::{CreateStatementSchedule, StatementDay, StatementPeriod, StatementSchedule};
pub use model::stripe::{
    LeftOut, MAX_STRIPE_KEY_CHARACTERS, MAX_STRIPE_KEYS, MAX_STRIPE_VALUE_CHARACTERS, StripeLine,
    StripeMetadata, StripeObject, StripeProblem,
};
pub use model::subscription::{
    CollectionSchedule, CreateSubscription, InvoiceBehavior, InvoicePlacement, MAX_NAMED_SEATS,
    MAX_QUANTITY_UPDATES, MAX_SEAT_CHARACTERS, MAX_SEATS, QuantityChange, QuantityManagement,
    QuantitySegment, QuantityUpdate, Subscription, SubscriptionPaymentGate, SubscriptionTerms,
};
pub use model::threshold::{
    BalanceEntity, BalanceFieldFilter, DiscountCap, MAX_BALANCE_SPECIFIERS, PrepaidBalanceThreshold,
    PrepaidThresholdCommit, SpendThreshold, ThresholdBalanceSpecifier, ThresholdCommit, ThresholdDiscount,
};
pub use model::threshold_change::{
    PrepaidBalanceThresholdChanges, PrepaidThresholdCommitChanges, SpendThresholdChanges,
    ThresholdCommitChanges, ThresholdDiscountChanges,
};
pub use model::unique_name::{GotOrCreated, UniqueName, Upserted};
pub use model::usage_filter::{
    MAX_FILTER_CHARACTERS, MAX_FILTER_VALUES, UsageFilter, UsageFilterSegment, UsageOf,
};
pub use rules::quantity::billed_quantity;
pub use storage::backend::Backend;
pub use store::{
    Backup, Compaction, Durability, Fixture, IdSource, LoadItem, Loaded, NamesInMemory, NamesInMemoryStats,
    Problem, Reading, ReadingAlerts, ReadingContracts, ReadingHistory, ReadingInvoices, ReadingPackages,
    ReadingQueries, ReadingRecords, Rebuilt, Salvaged, SetClock, Snapshot, Stats, Store, StoreOptions,
    TableStats, Transaction, Verified, Writing, WritingAlerts, WritingContracts, WritingInvoices,
    WritingPackages, WritingRecords, WritingUpserts,
};

#[cfg(feature = "wire")]
pub use exchange::diff::{Compared, Difference, MAX_DIFFERENCES, assert_same, difference};
#[cfg(feature = "wire")]
pub use exchange::export::{Export, ExportError, Progress};
#[cfg(feature = "wire")]
pub use exchange::import::{
    BadLine, Import, ImportError, ImportReport, MAX_BAD_LINES, MAX_IMPORT_LINE_BYTES,
};
#[cfg(feature = "wire")]
pub use exchange::script::{MAX_SCRIPT_LINE_BYTES, Script, ScriptError};
#[cfg(feature = "wire")]
pub use wire::Answer;

/// What most programs need: `use billfold::prelude::*;`.
pub mod prelude {
    pub use crate::entity::*;
    pub use crate::{
        About, AccessItem, AccessSchedule, AccessType, AddRate, AddedParts, Aggregation, Alert, AlertEntity,
        AlertFilter, AlertGroup, AlertGroupKey, AlertGroupValue, AlertScope, AlertSeatFilter, AlertSpecifier,
        AlertSpecifierFilter, AlertStatus, AlertType, Amount, AmountDistribution, Applicability,
        ArchiveFilter, AwsOptions, Balance, BalanceEntity, BalanceFieldFilter, BalanceFilter, BalanceOf,
        BalanceTerms, BalanceType, BillableMetric, BillingFrequency, BillingProvider,
        BillingProviderConfiguration, BillingProviderConfigurationId, CardChoice, Change, ChangeKind,
        ChangeSubject, ChangedPart, ChangedValue, Charge, ChargedPart, ChildAccess, Collection,
        CollectionSchedule, Commit, CommitRate, CommitType, CompositeScope, Condition, ConfigurationChoice,
        ConfigurationStart, ConsolidatedCharges, Contract, ContractEdit, ContractEditId, ContractFilter,
        ContractOrigin, ContractRate, ContractRateSegment, ContractSettings, ContractTerms,
        ConversionOperation, CreateAccessItem, CreateAccessSchedule, CreateAlert, CreateBillableMetric,
        CreateCommit, CreateContract, CreateCredit, CreateCustomer, CreateInvoiceItem, CreateInvoiceSchedule,
        CreatePackage, CreateProduct, CreateProfessionalService, CreateRateCard, CreateRecurring,
        CreateScheduledCharge, CreateStatementSchedule, CreateSubscription, Credit, CreditType,
        CreditTypeConversion, CreditTypeId, Cursor, CustomFieldKey, CustomFields, Customer, CustomerFilter,
        CustomerLevel, DeliveryMethod, DiscountCap, DiscountedSpend, Durability, DurationUnit, EditContract,
        Error, ErrorKind, EventTypeFilter, Expectation, Fault, Fixture, GcpOptions, Grant, GrantsOf,
        Hierarchy, HierarchyLink, IdSource, Instance, Invoice, InvoiceBehavior, InvoiceConsolidation,
        InvoiceItem, InvoiceLine, InvoiceLineId, InvoiceOrder, InvoicePlacement, InvoiceQuestion,
        InvoiceSchedule, InvoiceStatement, InvoiceStatus, InvoiceType, InvoicedProduct, InvoicedTier,
        InvoicesOf, KeyKind, LineSource, LoadItem, Loaded, Moment, NamesInMemory, NetBalanceFilter,
        NetBalanceQuestion, Override, OverrideId, OverridePrioritization, OverrideRate, OverrideSpecifier,
        OverrideTerms, OverrideTier, OverrideType, OverwriteRate, Package, PackageChoice, PackageContract,
        PackageId, PackageTerms, Page, PageRequest, Part, PartUpdates, Payer, PayingBalance, PaymentGate,
        PaymentGateType, PrecalculatedTax, PrepaidBalanceThreshold, PrepaidBalanceThresholdChanges,
        PrepaidThresholdCommit, PrepaidThresholdCommitChanges, Price, Product, ProductChanges, ProductState,
        ProductType, ProductUpdate, ProfessionalService, PropertyFilter, ProrationRounding,
        ProrationRoundingMethod, ProviderConfiguration, QuantityChange, QuantityConversion,
        QuantityManagement, QuantityRounding, QuantitySegment, QuantityUpdate, Query, Rate, RateCard,
        RateChoice, RateQuestion, RateSegment, RateSelector, RateType, Reading, ReadingAlerts,
        ReadingContracts, ReadingHistory, ReadingInvoices, ReadingPackages, ReadingQueries, ReadingRecords,
        Recorded, RecurrenceFrequency, Recurring, RecurringAmount, RecurringChanges, RecurringCommitId,
        RecurringCreditId, RecurringProration, RecurringRounding, RecurringSchedule, RecurringTerms,
        RecurringUpdate, RelativeDate, Renewal, ResellerRoyalty, ResellerRoyaltyChange, ResellerType,
        Retention, RevenueSystem, RevenueSystemConfiguration, RevenueSystemConfigurationId, RoundingChanges,
        RoundingMethod, ScheduleDates, ScheduleFrequency, ScheduleItemId, ScheduledAlias, ScheduledCharge,
        SeatAllocation, SetClock, SetOutcome, SettingsChanges, Snapshot, SpendReset, SpendSource,
        SpendSpecifier, SpendThreshold, SpendThresholdChanges, SpendTracker, SpendType,
        SqlBreakdownGranularity, StatementDay, StatementPeriod, StatementSchedule, Store, StoreOptions,
        StripeLine, StripeMetadata, StripeObject, StripePayment, StripePaymentType, StripeProblem,
        Subscription, SubscriptionConfig, SubscriptionPaymentGate, SubscriptionTerms, TaxType,
        ThresholdBalanceSpecifier, ThresholdCommit, ThresholdCommitChanges, ThresholdDiscount,
        ThresholdDiscountChanges, Tier, Time, Transaction, TrueupBehavior, UpdateAccessItem,
        UpdateAccessSchedule, UpdateBalance, UpdateCustomerConfig, UpdateInvoiceItem, UpdateInvoiceSchedule,
        UpdatePrice, UpdateRateCard, UpdateRecurring, UpdateScheduledCharge, UpdateSubscription, UsageFilter,
        UsageFilterSegment, UsageOf, UsageQuantity, UsageSpecifier, UsageStatementBehavior, ValueOutcome,
        Writing, WritingAlerts, WritingContracts, WritingInvoices, WritingPackages, WritingRecords,
    };
    pub use crate::{
        ArchivedHolders, Comparison, GotOrCreated, KeyRules, Once, Taken, UniqueName, Upserted,
        WritingUpserts,
    };
}
