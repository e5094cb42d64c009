//! The calls that read invoices and void one (source: `metronome-api.md` §9).

use super::answer::{Refusal, data, id as made, page};
use super::body::typed_id;
use super::contracts::Whose;
use super::listed_invoice::ListedInvoice;
use super::query::Query;
use super::{Request, Route};
use crate::entity::{CustomerId, EntityRef, InvoiceId};
use crate::error::{Fault, Result as StoreResult};
use crate::model::invoice::{Invoice, InvoiceQuestion};
use crate::model::scalar::Time;
use crate::store::{Reading as _, ReadingInvoices as _, Snapshot, Store, WritingInvoices as _};

pub(super) const ROUTES: &[Route] = &[
    ("GET", "/v1/customers/{customer_id}/invoices", list),
    ("GET", "/v1/customers/{customer_id}/invoices/{invoice_id}", get),
    ("POST", "/v1/invoices/void", void),
];

/// Whether lines of which there are 0 are left out.
fn skips_zeros(query: &Query<'_>) -> Option<bool> {
    query.flag("skip_zero_qty_line_items").map(Option::unwrap_or_default)
}

fn list(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let view = store.snapshot()?;
    let (customer_id, question, skip_zeros, wanted) = request.read(|_, query| {
        let customer_id = request.id("customer_id");
        let question = question(query, view.taken_at());
        let skip_zeros = skips_zeros(query);
        let wanted = query.page();
        Some((CustomerId::from(customer_id?), question?, skip_zeros?, wanted?))
    })?;
    if let Some(contract_id) = question.contract_id {
        Whose { customer_id, contract_id }.check(&view)?;
    }
    let invoices = view.invoices(customer_id, &question, &wanted)?;
    page(invoices.map(|invoice| ListedInvoice::of(invoice, skip_zeros)))
}

/// Everything that has begun by now.
fn question(query: &Query<'_>, now: Time) -> Option<InvoiceQuestion> {
    let status = query.word("status");
    let invoice_type = query.word("type");
    let order = query.word("sort");
    let credit_type_id = query.id("credit_type_id");
    let contract_id = query.id("contract_id");
    let starting_on = query.moment("starting_on");
    let ending_before = query.moment("ending_before");
    // Says who asks, and changes nothing.
    query.text("webhook_notification_id");
    Some(InvoiceQuestion {
        status: status?,
        invoice_type: invoice_type?,
        credit_type_id: credit_type_id?,
        contract_id: contract_id?,
        starting_on: starting_on?,
        ending_before: ending_before?,
        order: order?.unwrap_or_default(),
        ..InvoiceQuestion::through(now)
    })
}

fn get(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let (customer, id, skip_zeros) = request.read(|_, query| {
        let customer = request.id("customer_id");
        let id = request.id("invoice_id");
        let skip_zeros = skips_zeros(query);
        Some((CustomerId::from(customer?), InvoiceId::from(id?), skip_zeros?))
    })?;
    let invoice = invoice_of(&store.snapshot()?, customer, id)?;
    data(ListedInvoice::of(invoice, skip_zeros))
}

/// Refuses a customer there is not, and an invoice that the customer has not.
fn invoice_of(view: &Snapshot, customer: CustomerId, id: InvoiceId) -> StoreResult<Invoice> {
    let not_found = |target: EntityRef| Err(Fault::InstanceNotFound { target }.into());
    if !view.exists(customer)? {
        return not_found(customer.into());
    }
    let invoice = view.invoice(id)?;
    if invoice.customer_id == customer { Ok(invoice) } else { not_found(id.into()) }
}

fn void(store: &Store, request: &Request<'_>) -> Result<String, Refusal> {
    let id: InvoiceId = request.read(|body, _| body.required("id", typed_id))?;
    store.void_invoice(id)?;
    made(id)
}
