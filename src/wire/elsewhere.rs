//! The calls of the vendor's API that are not answered here (source: `openapi.json`; two that it lacks: the vendor's
//! Python client 4.12.0).

/// A call that only the vendor answers: its method, its path, and its name in the description or client.
type Elsewhere = (&'static str, &'static str, &'static str);

/// All such calls, by path.
pub(super) const CALLS: &[Elsewhere] = &[
    ("POST", "/v1/approval_requests/submit", "submitApprovalRequests-v1"),
    (
        "POST",
        "/v1/archiveCustomerBillingProviderConfigurations",
        "archiveCustomerBillingProviderConfigurations-v1",
    ),
    (
        "POST",
        "/v1/archiveCustomerRevenueSystemConfigurations",
        "archiveCustomerRevenueSystemConfigurations-v1",
    ),
    ("GET", "/v1/auditLogs", "getAuditLogs-v1"),
    ("POST", "/v1/billable-metrics", "createBillableMetric-v1"),
    ("DELETE", "/v1/client/billing-config/stripe", "deleteStripeBillingSettings-v1"),
    ("PATCH", "/v1/client/billing-config/stripe", "updateStripeBillingSettings-v1"),
    ("POST", "/v1/client/billing-config/stripe", "createStripeBillingSettings-v1"),
    ("POST", "/v1/client/billing-config/{billing_provider_type}/apiKey", "setBillingProviderApiKey-v1"),
    ("POST", "/v1/client/config/webhook_secret", "setClientWebhookSecret-v1"),
    ("POST", "/v1/composite/createCustomerWithContract", "createCustomerWithContract-v1"),
    ("POST", "/v1/contract-pricing/rate-cards/getNamedSchedule", "getRateCardNamedSchedule-v1"),
    ("POST", "/v1/contract-pricing/rate-cards/moveRateCardProducts", "moveRateCardProducts-v1"),
    ("POST", "/v1/contract-pricing/rate-cards/setRateCardProductsOrder", "setRateCardProductsOrder-v1"),
    ("POST", "/v1/contract-pricing/rate-cards/updateNamedSchedule", "updateRateCardNamedSchedule-v1"),
    ("POST", "/v1/contracts/addManualBalanceLedgerEntry", "addManualBalanceLedgerEntry-v1"),
    ("POST", "/v1/contracts/amend", "amendContract-v1"),
    ("POST", "/v1/contracts/commits/disableTrueup", "disableCommitTrueup-v1"),
    (
        "POST",
        "/v1/contracts/commits/threshold-billing/release",
        "releaseExternalPaymentGateThresholdCommit-v1",
    ),
    ("POST", "/v1/contracts/createHistoricalInvoices", "createHistoricalContractUsageInvoices-v1"),
    ("POST", "/v1/contracts/customerBalances/list", "listCustomerBalances-v1"),
    ("POST", "/v1/contracts/customerCommits/updateEndDate", "updateCommitEndDate-v1"),
    ("POST", "/v1/contracts/customerCredits/updateEndDate", "updateCreditEndDate-v1"),
    ("POST", "/v1/contracts/getNamedSchedule", "getContractNamedSchedule-v1"),
    ("POST", "/v1/contracts/getSubscriptionQuantityHistory", "getSubscriptionQuantityHistory-v1"),
    ("POST", "/v1/contracts/getSubscriptionSeatsHistory", "getSubscriptionSeatsHistory-v1"),
    ("POST", "/v1/contracts/listNamedSchedules", "listContractsNamedSchedules-v1"),
    ("POST", "/v1/contracts/scheduleProServicesInvoice", "scheduleProServicesInvoice-v1"),
    ("POST", "/v1/contracts/seatBalances/list", "listSeatBalances-v1"),
    ("POST", "/v1/contracts/updateInvoiceIssueDate", "updateInvoiceIssueDate-v1"),
    ("POST", "/v1/contracts/updateNamedSchedule", "updateContractNamedSchedule-v1"),
    ("POST", "/v1/credit-types/archive", "pricing_units.archive"),
    ("POST", "/v1/credit-types/create", "pricing_units.create"),
    ("GET", "/v1/credit-types/list", "listCreditTypes-v1"),
    ("POST", "/v1/credits/createGrant", "createGrant-v1"),
    ("POST", "/v1/credits/createPrepaidGrant", "createPrepaidGrant-v1"),
    ("POST", "/v1/credits/editGrant", "editGrant-v1"),
    ("POST", "/v1/credits/listEntries", "listCreditLedgerEntries-v1"),
    ("POST", "/v1/credits/listGrants", "listGrants-v1"),
    ("POST", "/v1/credits/migrateToContracts", "migrateCreditGrantsToContracts-v1"),
    ("POST", "/v1/credits/voidGrant", "voidGrant-v1"),
    ("GET", "/v1/credits/{customer_id}/rechargeSettings", "getRechargeSettings-v1"),
    ("POST", "/v1/credits/{customer_id}/rechargeSettings", "createRechargeSetting-v1"),
    ("POST", "/v1/credits/{customer_id}/rechargeSettings/{recharge_settings_id}", "updateRechargeSetting-v1"),
    ("POST", "/v1/customer-alerts/reset", "resetCustomerAlerts-v1"),
    ("POST", "/v1/customers/getNamedSchedule", "getCustomerNamedSchedule-v1"),
    ("POST", "/v1/customers/setBillableStatus", "setCustomerBillableStatus-v1"),
    ("POST", "/v1/customers/updateNamedSchedule", "updateCustomerNamedSchedule-v1"),
    ("POST", "/v1/customers/{customer_id}/addCharge", "addOneTimeCharge-v1"),
    ("GET", "/v1/customers/{customer_id}/billable-metrics", "listBillableMetrics-v1"),
    (
        "DELETE",
        "/v1/customers/{customer_id}/billing-config/{billing_provider_type}",
        "deleteBillingConfigForCustomer-v1",
    ),
    ("GET", "/v1/customers/{customer_id}/billing-config/{billing_provider_type}", "getBillingConfig-v1"),
    (
        "POST",
        "/v1/customers/{customer_id}/billing-config/{billing_provider_type}",
        "setBillingConfigForCustomer-v1",
    ),
    ("GET", "/v1/customers/{customer_id}/costs", "getCosts-v1"),
    ("GET", "/v1/customers/{customer_id}/invoices/breakdowns", "listBreakdownInvoices-v1"),
    ("POST", "/v1/customers/{customer_id}/invoices/invoice_seats", "chargeSeats-v1"),
    ("POST", "/v1/customers/{customer_id}/invoices/spend-breakdowns", "listSpendBreakdownInvoices-v1"),
    ("GET", "/v1/customers/{customer_id}/invoices/{invoice_id}/pdf", "getInvoicePdf-v1"),
    ("GET", "/v1/customers/{customer_id}/plans", "listCustomerPlans-v1"),
    ("POST", "/v1/customers/{customer_id}/plans/add", "addPlanToCustomer-v1"),
    ("POST", "/v1/customers/{customer_id}/plans/{customer_plan_id}/end", "endCustomerPlan-v1"),
    (
        "GET",
        "/v1/customers/{customer_id}/plans/{customer_plan_id}/priceAdjustments",
        "getPlanPriceAdjustments-v1",
    ),
    ("POST", "/v1/customers/{customer_id}/previewEvents", "previewCustomerEvents-v1"),
    ("GET", "/v1/customers/{customer_id}/purchasedSeats", "getPurchasedSeats-v1"),
    ("POST", "/v1/dashboards/getEmbeddableUrl", "embeddableDashboard-v1"),
    ("POST", "/v1/events/search", "searchEvents-v1"),
    ("POST", "/v1/getCustomerBillingProviderConfigurations", "getCustomerBillingProviderConfigurations-v1"),
    ("POST", "/v1/getCustomerRevenueSystemConfigurations", "getCustomerRevenueSystemConfigurations-v1"),
    ("POST", "/v1/ingest", "ingest-v1"),
    ("POST", "/v1/integrations/log", "integrationCloudwatchLogger-v1"),
    ("POST", "/v1/invoices/regenerate", "regenerateInvoice-v1"),
    ("POST", "/v1/listConfiguredBillingProviders", "listConfiguredBillingProviders-v1"),
    ("GET", "/v1/planDetails/{plan_id}", "getPlanDetails-v1"),
    ("GET", "/v1/planDetails/{plan_id}/charges", "getPlanCharges-v1"),
    ("GET", "/v1/planDetails/{plan_id}/customers", "getPlanCustomers-v1"),
    ("GET", "/v1/plans", "listPlans-v1"),
    ("POST", "/v1/rotateDeltaStreamSecret", "rotateDeltaStreamSecret-v1"),
    ("GET", "/v1/services", "getServices-v1"),
    ("POST", "/v1/setCustomerBillingProviderConfigurations", "setCustomerBillingProviderConfigurations-v1"),
    ("POST", "/v1/setCustomerRevenueSystemConfigurations", "setCustomerRevenueSystemConfigurations-v1"),
    ("POST", "/v1/setUpBillingProvider", "setUpBillingProvider-v1"),
    ("POST", "/v1/threshold-billing/update-active-recharge-config", "updateActiveRechargeConfig-v1"),
    ("POST", "/v1/upsertAnrokApiToken", "upsertAnrokApiToken-v1"),
    ("POST", "/v1/upsertAvalaraCredentials", "upsertAvalaraCredentials-v1"),
    ("POST", "/v1/usage", "getUsageBatch-v1"),
    ("POST", "/v1/usage/groups", "getPagedUsage-v1"),
    ("POST", "/v1/usage/seats", "getSeatsUsage-v1"),
    ("POST", "/v2/contracts/commits/archive", "archiveCommit-v2"),
    ("POST", "/v2/contracts/commits/edit", "editCommit-v2"),
    ("POST", "/v2/contracts/commits/retire", "retireCommits-v2"),
    ("POST", "/v2/contracts/credits/archive", "archiveCredit-v2"),
    ("POST", "/v2/contracts/credits/edit", "editCredit-v2"),
    ("POST", "/v2/notifications/archive", "archiveNotificationConfig-v2"),
    ("POST", "/v2/notifications/create", "createNotificationConfig-v2"),
    ("POST", "/v2/notifications/edit", "editNotificationConfig-v2"),
    ("POST", "/v2/notifications/get", "getNotificationConfig-v2"),
    ("POST", "/v2/notifications/offset/list", "listOffsetNotificationConfigs-v2"),
    ("POST", "/v2/notifications/system/list", "listSystemNotificationConfigs-v2"),
];

#[cfg(test)]
mod tests {
    use super::super::ROUTES;
    use super::*;

    #[test]
    fn a_call_is_answered_here_or_elsewhere_and_stands_once() {
        assert!(CALLS.is_sorted_by(|(method, path, _), (next, after, _)| (path, method) < (after, next)));
        let mut here: Vec<_> = ROUTES.into_iter().flatten().map(|(method, path, _)| (path, method)).collect();
        here.sort_unstable();
        assert!(here.is_sorted_by(|call, next| call < next), "a route stands twice");
        let both: Vec<_> = CALLS.iter().filter(|(method, path, _)| here.contains(&(path, method))).collect();
        assert!(both.is_empty(), "answered here, and yet in the list: {both:?}");
        let mut names: Vec<_> = CALLS.iter().map(|(_, _, name)| name).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|name, next| name < next), "a name stands twice");
    }
}
