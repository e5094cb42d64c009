//! Commits and credits of packages, the recurring ones too, as the calls that read packages answer them.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use super::answer::number;
use super::listed_balance::ListedTerms;
use super::listed_package_part::Names;
use super::listed_recurring::{ListedConfig, ListedRecurringTerms};
use super::listing::{Listing, NamedProduct, Number};
use super::when::ListedLength;
use crate::entity::{PackageCommitId, PackageCreditId, PackageSubscriptionId};
use crate::id::ScheduleItemId;
use crate::model::balance::{CommitType, CreateCommit, CreateCredit};
use crate::model::contract::Part;
use crate::model::credit_type::CreditType;
use crate::model::recurring::CreateRecurring;
use crate::model::relative_date::RelativeDate;
use crate::model::schedule::{CreateAccessSchedule, CreateInvoiceSchedule, ScheduleDates};

/// A commit or credit.
#[derive(Serialize)]
pub(super) struct ListedBalanceTemplate<I> {
    id: I,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    commit_type: Option<CommitType>,
    product: NamedProduct,
    #[serde(flatten)]
    terms: ListedTerms,
    access_schedule: AccessTemplate,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_schedule: Option<InvoiceTemplate>,
    custom_fields: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct AccessTemplate {
    credit_type: CreditType,
    schedule_items: Vec<AccessItem>,
}

#[derive(Serialize)]
struct AccessItem {
    id: ScheduleItemId,
    starting_at_offset: ListedLength,
    duration: ListedLength,
    amount: Number,
}

/// When something is charged.
#[derive(Serialize)]
pub(super) struct InvoiceTemplate {
    credit_type: CreditType,
    schedule_items: Vec<InvoiceItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    do_not_invoice: Option<bool>,
}

#[derive(Serialize)]
struct InvoiceItem {
    id: ScheduleItemId,
    unit_price: Number,
    quantity: Number,
    date_offset: ListedLength,
}

/// The id of an item of a schedule. A package gives it none; it follows from the id of what the schedule is of, from
/// the schedule and from the item's place, so that it is the same in every answer.
fn item_id(template: Uuid, schedule: &str, place: usize) -> ScheduleItemId {
    Uuid::new_v5(&template, format!("{schedule}[{place}]").as_bytes()).into()
}

fn credit_type(said: Option<crate::id::CreditTypeId>) -> CreditType {
    CreditType::of(said.unwrap_or(CreditType::USD_CENTS))
}

impl AccessTemplate {
    fn of(template: Uuid, schedule: CreateAccessSchedule<RelativeDate>) -> Self {
        let items = schedule.schedule_items.into_iter().enumerate().map(|(place, item)| AccessItem {
            id: item_id(template, "access_schedule", place),
            starting_at_offset: ListedLength::of(item.starting_at),
            duration: ListedLength::of(item.ending_before),
            amount: number(item.amount),
        });
        Self { credit_type: credit_type(schedule.credit_type_id), schedule_items: items.collect() }
    }
}

impl InvoiceTemplate {
    /// Only a commit's says whether nobody is charged for it.
    pub(super) fn of(template: Uuid, schedule: CreateInvoiceSchedule<RelativeDate>, of_commit: bool) -> Self {
        let items = match schedule.dates {
            ScheduleDates::Items(items) => items,
            // Dates of a contract, which no package has.
            ScheduleDates::Recurring(_) => Vec::new(),
        };
        let items = items.into_iter().enumerate().map(|(place, item)| InvoiceItem {
            id: item_id(template, "invoice_schedule", place),
            unit_price: number(item.price.unit_price),
            quantity: number(item.price.quantity),
            date_offset: ListedLength::of(item.timestamp),
        });
        Self {
            credit_type: credit_type(schedule.credit_type_id),
            schedule_items: items.collect(),
            do_not_invoice: of_commit.then_some(schedule.do_not_invoice),
        }
    }
}

impl ListedBalanceTemplate<PackageCommitId> {
    pub(super) fn commit(
        part: Part<PackageCommitId, CreateCommit<RelativeDate>>,
        listing: &Listing<'_>,
    ) -> Self {
        let (template, commit) = (part.id.into(), part.part);
        let charged = |schedule| InvoiceTemplate::of(template, schedule, true);
        Self {
            id: part.id,
            commit_type: Some(commit.commit_type),
            product: listing.product(commit.terms.product_id),
            terms: ListedTerms::of(commit.terms),
            access_schedule: AccessTemplate::of(template, commit.access_schedule),
            invoice_schedule: commit.invoice_schedule.map(charged),
            custom_fields: part.custom_fields,
        }
    }
}

impl ListedBalanceTemplate<PackageCreditId> {
    pub(super) fn credit(
        part: Part<PackageCreditId, CreateCredit<RelativeDate>>,
        listing: &Listing<'_>,
    ) -> Self {
        let credit = part.part;
        Self {
            id: part.id,
            commit_type: None,
            product: listing.product(credit.terms.product_id),
            terms: ListedTerms::of(credit.terms),
            access_schedule: AccessTemplate::of(part.id.into(), credit.access_schedule),
            invoice_schedule: None,
            custom_fields: part.custom_fields,
        }
    }
}

/// A commit or credit that is given anew every period.
#[derive(Serialize)]
pub(super) struct ListedRecurringTemplate<I> {
    id: I,
    #[serde(flatten)]
    terms: ListedRecurringTerms,
    starting_at_offset: ListedLength,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<ListedLength>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_config: Option<ListedConfig<ItsSubscription>>,
}

#[derive(Serialize)]
struct ItsSubscription {
    subscription_template_id: Option<PackageSubscriptionId>,
}

impl<I> ListedRecurringTemplate<I> {
    pub(super) fn of(
        part: Part<I, CreateRecurring<RelativeDate>>,
        names: &Names,
        listing: &Listing<'_>,
    ) -> Self {
        let CreateRecurring { terms, subscription_config, .. } = part.part;
        let its = |name: &String| ItsSubscription { subscription_template_id: names.subscription(name) };
        Self {
            id: part.id,
            starting_at_offset: ListedLength::of(terms.starting_at),
            duration: terms.ending_before.map(ListedLength::of),
            subscription_config: subscription_config.as_ref().map(|one| ListedConfig::of(one, its)),
            terms: ListedRecurringTerms::of(terms, listing),
        }
    }
}
