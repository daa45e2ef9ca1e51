//! Prints the company's memory as ERP documents.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::Company;
use super::catalog::{self, PARTS};
use super::customer::Customer;
use super::forms::{Cell, Doc, FormId};
use super::state::{AcceptanceBill, Adjustment, Claim, ClaimKind, GoodsReturn, Order, Purpose, Receipt, ShipLine};
use super::state::{Shipment, Status, line_gross};
use super::timeline::Book;
use crate::domain::Currency;

/// VAT on goods sold on the mainland, in percent.
const VAT_PERCENT: i64 = 13;

/// The ERP's own currency numbers.
pub fn currency_no(currency: Currency) -> &'static str {
    match currency {
        Currency::HKD => "PRE002",
        Currency::USD => "PRE007",
        _ => "PRE001",
    }
}

/// Net and tax of a gross amount, in cents; they add up to it.
fn split_tax(customer: &Customer, gross: i64) -> (i64, i64) {
    if customer.book == Book::Hk || customer.currency != Currency::CNY {
        return (gross, 0);
    }
    let divisor = 100 + VAT_PERCENT;
    let net = (gross * 100 * 2 + divisor) / (divisor * 2);
    (net, gross - net)
}

fn tax_rate(customer: &Customer) -> Cell {
    let percent = if split_tax(customer, 100).1 == 0 { 0 } else { VAT_PERCENT };
    Cell::Number(Decimal::new(percent * 10, 1))
}

fn seller(customer: &Customer) -> Cell {
    Cell::text(catalog::SALESPEOPLE[customer.seller].code)
}

fn price(micros: i64) -> Cell {
    Cell::Number(Decimal::new(micros, 6).normalize())
}

pub fn customer(customer: &Customer) -> Doc {
    let form = FormId::Customer.form();
    let header = form.header_row([
        ("FCUSTID", Cell::Int(customer.fid)),
        ("FNumber", Cell::Text(customer.code.clone())),
        ("FName", Cell::Text(customer.name.clone())),
        ("FShortName", Cell::Text(customer.short_name.clone())),
        ("FTaxRegisterCode", Cell::text_or_blank(&customer.tax_code)),
        ("FRECCONDITIONID.FName", Cell::text(customer.terms.name())),
        ("FSELLER.FNumber", seller(customer)),
        ("FGROUPCUSTID.FNumber", Cell::text_or_blank(customer.group_head.as_deref().unwrap_or_default())),
        ("FIsGroup", Cell::Bool(customer.is_group_head)),
        ("FForbidStatus", Cell::text(if customer.blocked { "B" } else { "A" })),
    ]);
    Doc { header, lines: Arc::new([]) }
}

impl Company {
    pub(super) fn order_paper(&self, order: &Order, status: Status) -> Doc {
        let customer = &self.customers[order.customer];
        let form = FormId::Order.form();
        let closed = !order.is_open() && status == Status::Approved;
        let header = form.header_row([
            ("FID", Cell::Int(order.fid)),
            ("FBillNo", Cell::text(order.no.as_str())),
            ("FDate", Cell::day(order.day)),
            ("FCustId.FNumber", Cell::Text(customer.code.clone())),
            ("FSalerId.FNumber", seller(customer)),
            ("FSettleCurrId.FNumber", Cell::text(currency_no(customer.currency))),
            ("FRecConditionId.FName", Cell::text(customer.terms.name())),
            ("FDocumentStatus", Cell::text(status.document())),
            ("FCancelStatus", Cell::text(status.cancel())),
            ("FCloseStatus", Cell::text(if closed { "B" } else { "A" })),
        ]);
        let lines = order.lines.iter().map(|line| {
            let gross = line_gross(line.quantity, line.price);
            form.line_row([
                ("FSaleOrderEntry_FEntryID", Cell::Int(line.entry)),
                ("FMaterialId.FNumber", Cell::text(PARTS[line.part].number)),
                ("FQty", Cell::pieces(line.quantity)),
                ("FTaxPrice", price(line.price)),
                ("FEntryTaxRate", tax_rate(customer)),
                ("FAmount", Cell::cents(split_tax(customer, gross).0)),
                ("FAllAmount", Cell::cents(gross)),
                ("FDeliveryDate", Cell::day(line.promised)),
            ])
        });
        Doc { header, lines: lines.collect() }
    }

    pub(super) fn shipment_paper(&self, shipment: &Shipment, status: Status) -> Doc {
        let customer = &self.customers[shipment.customer];
        let form = FormId::Outstock.form();
        let waybill = if status == Status::Approved { shipment.waybill.as_str() } else { "" };
        let header = form.header_row([
            ("FID", Cell::Int(shipment.fid)),
            ("FBillNo", Cell::text(shipment.no.as_str())),
            ("FDate", Cell::day(shipment.day)),
            ("FCustomerID.FNumber", Cell::Text(customer.code.clone())),
            ("FSalesManID.FNumber", seller(customer)),
            ("FSettleCurrID.FNumber", Cell::text(currency_no(customer.currency))),
            ("FBillTypeID.FNumber", Cell::text(if shipment.sample { "XSCKD04_SYS" } else { "XSCKD01_SYS" })),
            ("FCarriageNO", Cell::text_or_blank(waybill)),
            ("FNote", Cell::text_or_blank(if shipment.sample { "样品，不收款" } else { "" })),
            ("FDocumentStatus", Cell::text(status.document())),
            ("FCancelStatus", Cell::text(status.cancel())),
        ]);
        let lines = shipment.lines.iter().map(|line| self.shipment_line(customer, shipment, line));
        Doc { header, lines: lines.collect() }
    }

    fn shipment_line(&self, customer: &Customer, shipment: &Shipment, line: &ShipLine) -> Box<[Cell]> {
        let part = &PARTS[line.part];
        let gross = if shipment.sample { 0 } else { line.gross };
        let (net, tax) = split_tax(customer, gross);
        let order_no = if shipment.sample { " " } else { self.orders[line.order].no.as_str() };
        FormId::Outstock.form().line_row([
            ("FEntity_FEntryID", Cell::Int(line.entry)),
            ("FMaterialID.FNumber", Cell::text(part.number)),
            ("FLot.FNumber", Cell::text(line.lot.as_str())),
            ("FRealQty", Cell::pieces(line.quantity)),
            ("FTaxPrice", price(if shipment.sample { 0 } else { line.price * part.per })),
            ("FPriceCoefficient", Cell::Number(Decimal::new(part.per * 10, 1))),
            ("FEntryTaxRate", tax_rate(customer)),
            ("FAmount", Cell::cents(net)),
            ("FEntryTaxAmount", Cell::cents(tax)),
            ("FAllAmount", Cell::cents(gross)),
            ("FSoorDerno", Cell::text(order_no)),
        ])
    }

    pub(super) fn claim_paper(&self, claim: &Claim, status: Status) -> Doc {
        let customer = &self.customers[claim.customer];
        let form = FormId::Receivable.form();
        let header = form.header_row([
            ("FID", Cell::Int(claim.fid)),
            ("FBillNo", Cell::text(claim.no.as_str())),
            ("FDATE", Cell::day(claim.day)),
            ("FENDDATE_H", Cell::day(claim.due)),
            ("FCUSTOMERID.FNumber", Cell::Text(customer.code.clone())),
            ("FCURRENCYID.FNumber", Cell::text(currency_no(customer.currency))),
            ("FSALEERID.FNumber", seller(customer)),
            ("FSetAccountType", Cell::text(if claim.kind == ClaimKind::Estimate { "2" } else { "3" })),
            ("FISINIT", Cell::Bool(claim.kind == ClaimKind::Opening)),
            ("FALLAMOUNTFOR", Cell::cents(claim.gross())),
            ("FDocumentStatus", Cell::text(status.document())),
            ("FCancelStatus", Cell::text(status.cancel())),
        ]);
        let lines = claim.lines.iter().map(|line| {
            form.line_row([
                ("FEntityDetail_FEntryID", Cell::Int(line.entry)),
                ("FMATERIALID.FNumber", Cell::text(PARTS[line.part].number)),
                ("FPriceQty", Cell::pieces(line.quantity)),
                ("FALLAMOUNTFOR_D", Cell::cents(line.gross)),
                ("FSRCBILLNO", Cell::text_or_blank(&line.shipment_no)),
                ("FORDERNUMBER", Cell::text_or_blank(&line.order_no)),
            ])
        });
        Doc { header, lines: lines.collect() }
    }

    pub(super) fn receipt_paper(&self, receipt: &Receipt, status: Status) -> Doc {
        let customer = &self.customers[receipt.customer];
        let form = FormId::Receipt.form();
        let known = |index: usize| {
            if receipt.identified { Cell::Text(self.customers[index].code.clone()) } else { Cell::Null }
        };
        let header = form.header_row([
            ("FID", Cell::Int(receipt.fid)),
            ("FBILLNO", Cell::text(receipt.no.as_str())),
            ("FDATE", Cell::day(receipt.day)),
            ("FCONTACTUNIT.FNumber", known(receipt.customer)),
            ("FPAYUNIT.FName", Cell::text(receipt.payer.as_str())),
            ("FCURRENCYID.FNumber", Cell::text(currency_no(customer.currency))),
            ("FREALRECAMOUNTFOR", Cell::cents(receipt.amount)),
            ("FSALEERID.FNumber", if receipt.identified { seller(customer) } else { Cell::Null }),
            ("FDocumentStatus", Cell::text(status.document())),
            ("FCancelStatus", Cell::text(status.cancel())),
        ]);
        let order_no = receipt.order.map_or("", |order| self.orders[order].no.as_str());
        let deposit = receipt.purpose == Purpose::Deposit;
        let lines = receipt.shares.iter().map(|(share_of, cents, entry)| {
            form.line_row([
                ("FRECEIVEBILLENTRY_FENTRYID", Cell::Int(*entry)),
                ("FRECTOTALAMOUNTFOR", Cell::cents(*cents)),
                ("FSETTLETYPEID.FNumber", Cell::text(if receipt.by_bill { "JSFS06_SYS" } else { "JSFS04_SYS" })),
                ("FPURPOSEID.FNumber", Cell::text(if deposit { "SFKYT02_SYS" } else { "SFKYT01_SYS" })),
                ("FACCOUNTID.FNumber", own_account(customer, receipt.by_bill)),
                ("FTHIRDBILLNO", Cell::text_or_blank(&receipt.serial)),
                ("FCOMMENT", Cell::text_or_blank(&receipt.comment)),
                ("FSaleOrderNo", Cell::text_or_blank(order_no)),
                ("FContactUnitE.FNumber", known(*share_of)),
            ])
        });
        Doc { header, lines: lines.collect() }
    }

    pub(super) fn bill_paper(&self, bill: &AcceptanceBill) -> Doc {
        let customer = &self.customers[bill.customer];
        let header = FormId::Bill.form().header_row([
            ("FID", Cell::Int(bill.fid)),
            ("FBillNumber", Cell::text(bill.no.as_str())),
            ("FDate", Cell::day(bill.day)),
            ("FContactUnit.FNumber", Cell::Text(customer.code.clone())),
            ("FCurrencyId.FNumber", Cell::text(currency_no(customer.currency))),
            ("FAmount", Cell::cents(bill.amount)),
            ("FDueDate", Cell::day(bill.due)),
            ("FBillStatus", Cell::text(bill.status)),
            ("FStatusDate", Cell::day(bill.status_day)),
            ("FSALEERID.FNumber", seller(customer)),
            ("FDocumentStatus", Cell::text(Status::Approved.document())),
        ]);
        Doc { header, lines: Arc::new([]) }
    }

    pub(super) fn match_paper(&self, fid: i64, receipt: &Receipt, claim: usize, cents: i64) -> Doc {
        let header = FormId::Match.form().header_row([
            ("FID", Cell::Int(fid)),
            ("FDATE", Cell::day(self.today)),
            ("FReceiveBillNo", Cell::text(receipt.no.as_str())),
            ("FReceivableBillNo", Cell::text(self.claims[claim].no.as_str())),
            ("FCURRENCYID.FNumber", Cell::text(currency_no(self.customers[receipt.customer].currency))),
            ("FMatchAmount", Cell::cents(cents)),
            ("FDocumentStatus", Cell::text(Status::Approved.document())),
        ]);
        Doc { header, lines: Arc::new([]) }
    }

    pub(super) fn return_paper(&self, goods: &GoodsReturn, status: Status) -> Doc {
        let form = FormId::Return.form();
        let shipment = &self.shipments[goods.shipment];
        let customer = &self.customers[shipment.customer];
        let line = &shipment.lines[goods.line];
        let header = form.header_row([
            ("FID", Cell::Int(goods.fid)),
            ("FBillNo", Cell::text(goods.no.as_str())),
            ("FDate", Cell::day(goods.day)),
            ("FRetcustId.FNumber", Cell::Text(customer.code.clone())),
            ("FSettleCurrId.FNumber", Cell::text(currency_no(customer.currency))),
            ("FSalesManId.FNumber", seller(customer)),
            ("FReturnReason", Cell::text(goods.reason)),
            ("FDocumentStatus", Cell::text(status.document())),
            ("FCancelStatus", Cell::text(status.cancel())),
        ]);
        let row = form.line_row([
            ("FEntity_FEntryID", Cell::Int(goods.entry)),
            ("FMaterialId.FNumber", Cell::text(PARTS[line.part].number)),
            ("FRealQty", Cell::pieces(goods.quantity)),
            ("FAllAmount", Cell::cents(goods.gross)),
            ("FOrderNo", Cell::text(self.orders[line.order].no.as_str())),
            ("FSrcBillNo", Cell::text(shipment.no.as_str())),
        ]);
        Doc { header, lines: Arc::new([row]) }
    }

    pub(super) fn adjustment_paper(&self, adjustment: &Adjustment, status: Status) -> Doc {
        let claim = &self.claims[adjustment.claim];
        let customer = &self.customers[claim.customer];
        let header = FormId::Adjust.form().header_row([
            ("FID", Cell::Int(adjustment.fid)),
            ("FBillNo", Cell::text(adjustment.no.as_str())),
            ("FDATE", Cell::day(adjustment.day)),
            ("FCUSTOMERID.FNumber", Cell::Text(customer.code.clone())),
            ("FCURRENCYID.FNumber", Cell::text(currency_no(customer.currency))),
            ("FAMOUNTFOR", Cell::cents(adjustment.amount)),
            ("FReason", Cell::text(adjustment.reason)),
            ("FSRCBILLNO", Cell::text(claim.no.as_str())),
            ("FDocumentStatus", Cell::text(status.document())),
            ("FCancelStatus", Cell::text(status.cancel())),
        ]);
        Doc { header, lines: Arc::new([]) }
    }
}

fn own_account(customer: &Customer, by_bill: bool) -> Cell {
    if by_bill || (customer.book == Book::Sz && customer.currency != Currency::CNY) {
        return Cell::Null;
    }
    Cell::text(catalog::OWN_ACCOUNTS[customer.book.index()])
}
