//! The calls that read invoices.

use super::read::sealed::Source;
use super::{Snapshot, Store, Transaction, invoices};
use crate::entity::InvoiceId;
use crate::error::Result;
use crate::model::invoice::{Invoice, InvoiceQuestion, InvoicesOf};
use crate::model::page::{Page, PageRequest};
use crate::model::stripe::StripeMetadata;
use crate::rules::stripe;

impl ReadingInvoices for Store {}
impl ReadingInvoices for Snapshot {}
impl ReadingInvoices for Transaction<'_> {}

/// The calls that read invoices: part of [`Reading`](crate::Reading).
///
/// What is a draft and what is finalised goes by the store's clock, of a snapshot by the moment it was taken at.
///
/// # Errors
/// As [`Reading`](crate::Reading).
pub trait ReadingInvoices: Source {
    /// An invoice, whether anything was stored of it or not.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// # let clock = SetClock::default();
    /// # clock.set("2025-01-10T00:00:00Z".parse()?);
    /// # let store = StoreOptions::new().clock_from(&clock).in_memory()?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// let start: Time = "2025-01-01T00:00:00Z".parse()?;
    /// let contract = store.create_contract(CreateContract::new(customer, start))?;
    /// let all = store.invoices(contract, &InvoiceQuestion::through(start), &PageRequest::default())?;
    /// assert_eq!(store.invoice(all.items[0].id)?, all.items[0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where no contract gives rise to an invoice of that id, or not any more.
    fn invoice(&self, id: InvoiceId) -> Result<Invoice> {
        let now = self.now();
        self.reading(|reader| invoices::get(reader, id, now))
    }

    /// The invoices that a contract, or all contracts of a customer, give rise to, a page at a time: drafts, finalised
    /// and void ones. See [`Invoice`] for which there are.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// # let clock = SetClock::default();
    /// # clock.set("2025-02-10T00:00:00Z".parse()?);
    /// # let store = StoreOptions::new().clock_from(&clock).in_memory()?;
    /// let customer = store.create_customer(CreateCustomer::default())?;
    /// store.create_contract(CreateContract::new(customer, "2025-01-01T00:00:00Z".parse()?))?;
    /// let question = InvoiceQuestion::through("2025-02-10T00:00:00Z".parse()?);
    /// let invoices = store.invoices(customer, &question, &PageRequest::default())?.items;
    /// let statuses: Vec<_> = invoices.iter().map(|invoice| invoice.status).collect();
    /// assert_eq!(statuses, [InvoiceStatus::Finalized, InvoiceStatus::Draft]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal with every fault of the question: no such customer or contract; quantities of usage that are
    /// negative, on a contract that is not asked about, outside of its statement periods, of a product without a rate
    /// in force, or with a rate that only the caller can make a price of; more than 1,000 of them; a page's limit that
    /// is not 1 to 1,000, or a cursor that belongs to another question.
    fn invoices(
        &self,
        of: impl Into<InvoicesOf>,
        question: &InvoiceQuestion,
        page: &PageRequest,
    ) -> Result<Page<Invoice>> {
        let now = self.now();
        let of = of.into();
        self.reading(|reader| invoices::page(reader, of, question, page, now))
    }

    /// The metadata of an invoice and its lines at Stripe: the values that are passed down to them within Stripe's
    /// limits, and what is left out of them, with the reason. Nothing is sent.
    ///
    /// As with [`invoice`](Self::invoice), a draft follows its contract, and usage has lines where the invoice was
    /// [finalised](crate::WritingInvoices::finalize_invoice) with it. The invoice's own values are those of now.
    ///
    /// ```
    /// use billfold::prelude::*;
    ///
    /// # let clock = SetClock::default();
    /// # clock.set("2025-01-10T00:00:00Z".parse()?);
    /// # let store = StoreOptions::new().clock_from(&clock).in_memory()?;
    /// store.add_key(ManagedEntity::Customer, "sfdc_account_id", KeyKind::Enforced)?;
    /// store.add_key(ManagedEntity::ContractProduct, "stripe_product_id", KeyKind::Indexed)?;
    /// let product = store.create_product(CreateProduct {
    ///     name: "Platform fee".into(),
    ///     product_type: ProductType::Fixed,
    ///     custom_fields: [("stripe_product_id", "prod_01")].into(),
    ///     ..Default::default()
    /// })?;
    /// let customer = store.create_customer(CreateCustomer {
    ///     custom_fields: [("sfdc_account_id", "sfdc1001")].into(),
    ///     ..Default::default()
    /// })?;
    /// let start: Time = "2025-01-01T00:00:00Z".parse()?;
    /// let at_once = CreateInvoiceItem { timestamp: start, price: Amount::from(100_000).into() };
    /// let contract = store.create_contract(CreateContract {
    ///     scheduled_charges: vec![CreateScheduledCharge::new(product, [at_once].into())],
    ///     ..CreateContract::new(customer, start)
    /// })?;
    /// let invoices = store.invoices(contract, &InvoiceQuestion::through(start), &PageRequest::default())?;
    /// let metadata = store.stripe_metadata(invoices.items[0].id)?;
    /// assert_eq!(metadata.invoice["sfdc_account_id"], "sfdc1001");
    /// assert_eq!(metadata.lines[0].metadata["stripe_product_id"], "prod_01");
    /// assert!(metadata.left_out.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`invoice`](Self::invoice). What Stripe does not take is no error.
    fn stripe_metadata(&self, id: InvoiceId) -> Result<StripeMetadata> {
        Ok(stripe::metadata(&self.invoice(id)?))
    }
}
