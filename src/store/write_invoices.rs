//! The calls that settle invoices.

use super::write::sealed::Target;
use super::{Store, Transaction, settling};
use crate::entity::InvoiceId;
use crate::error::Result;
use crate::model::invoice::UsageQuantity;

impl WritingInvoices for Store {}
impl WritingInvoices for Transaction<'_> {}

/// The calls that settle invoices: part of [`Writing`](crate::Writing), and each carried out as those are.
///
/// # Errors
/// As [`Writing`](crate::Writing).
pub trait WritingInvoices: Target {
    /// Finalises a draft before it is by itself: it stays as it is now, with the usage that is given, and takes in no
    /// more charges. What is charged on its day from now on is on another invoice.
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
    /// let january = &store.invoices(contract, &InvoiceQuestion::through(start), &PageRequest::default())?.items[0];
    /// store.finalize_invoice(january.id, &[])?;
    /// assert_eq!(store.invoice(january.id)?.status, InvoiceStatus::Finalized);
    /// assert!(store.finalize_invoice(january.id, &[]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal where there is no such invoice, where it is finalised or void already, and where usage is given that
    /// is not of the invoice's contract and period, or is refused by [`invoices`](crate::ReadingInvoices::invoices).
    fn finalize_invoice(&self, id: InvoiceId, usage: &[UsageQuantity]) -> Result<()> {
        self.changing(|member| settling::finalize(member, id, usage))
    }

    /// Voids an invoice, whether it was finalised or not. It keeps its lines, and what was on it is charged on no
    /// other.
    ///
    /// # Errors
    /// A refusal where there is no such invoice, or it is void already.
    fn void_invoice(&self, id: InvoiceId) -> Result<()> {
        self.changing(|member| settling::void(member, id))
    }
}
