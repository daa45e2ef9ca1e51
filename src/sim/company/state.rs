//! The company's own memory: what was ordered, sent, claimed, paid. Documents are printed from it (`papers`).

use jiff::civil::Date;

/// Approval state, as the ERP codes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// 创建: made, not approved.
    Draft,
    Approved,
    /// 重新审核: was approved, was taken back (反审核).
    Reopened,
    /// 作废.
    Void,
}

impl Status {
    pub fn document(self) -> &'static str {
        match self {
            Self::Draft | Self::Void => "A",
            Self::Approved => "C",
            Self::Reopened => "D",
        }
    }

    pub fn cancel(self) -> &'static str {
        if self == Self::Void { "B" } else { "A" }
    }
}

#[derive(Debug, Clone)]
pub struct OrderLine {
    pub entry: i64,
    pub part: usize,
    pub quantity: i64,
    pub left: i64,
    /// Price of one piece with tax, in millionths of the currency's unit.
    pub price: i64,
    pub promised: Date,
}

#[derive(Debug, Clone)]
pub struct Order {
    pub fid: i64,
    pub no: String,
    pub customer: usize,
    pub day: Date,
    pub lines: Vec<OrderLine>,
    /// Deposit money that no claim has used yet, with the receipt it came by.
    pub deposits: Vec<(usize, i64)>,
}

impl Order {
    pub fn gross(&self) -> i64 {
        self.lines.iter().map(|line| line_gross(line.quantity, line.price)).sum()
    }

    pub fn is_open(&self) -> bool {
        self.lines.iter().any(|line| line.left > 0)
    }
}

#[derive(Debug, Clone)]
pub struct ShipLine {
    pub entry: i64,
    pub order: usize,
    pub order_line: usize,
    pub part: usize,
    pub quantity: i64,
    pub price: i64,
    pub gross: i64,
    pub lot: String,
}

#[derive(Debug, Clone)]
pub struct Shipment {
    pub fid: i64,
    pub no: String,
    pub customer: usize,
    pub day: Date,
    pub lines: Vec<ShipLine>,
    pub sample: bool,
    pub waybill: String,
    /// The approved claim that bills it.
    pub claim: Option<usize>,
}

impl Shipment {
    pub fn gross(&self) -> i64 {
        if self.sample { 0 } else { self.lines.iter().map(|line| line.gross).sum() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimKind {
    /// 财务应收.
    Final,
    /// 期初.
    Opening,
    /// 暂估: to be ignored.
    Estimate,
    /// Red: takes back.
    Red,
}

#[derive(Debug, Clone)]
pub struct ClaimLine {
    pub entry: i64,
    pub part: usize,
    pub quantity: i64,
    /// Negative on a red claim.
    pub gross: i64,
    pub shipment_no: String,
    pub order_no: String,
    /// The order, unless it lies before the cutover.
    pub order: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Claim {
    pub fid: i64,
    pub no: String,
    pub customer: usize,
    pub day: Date,
    pub due: Date,
    pub kind: ClaimKind,
    pub lines: Vec<ClaimLine>,
    /// What the customer still means to pay.
    pub open: i64,
    pub never_paid: bool,
}

impl Claim {
    pub fn gross(&self) -> i64 {
        self.lines.iter().map(|line| line.gross).sum()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Sale,
    Deposit,
}

#[derive(Debug, Clone)]
pub struct Receipt {
    pub fid: i64,
    pub no: String,
    pub customer: usize,
    /// Finance knows whose money it is.
    pub identified: bool,
    pub payer: String,
    pub amount: i64,
    /// `FDATE` of the receipt: the bank's value date, sometimes the day it was booked.
    pub day: Date,
    /// One share a customer: (customer, cents, entry id).
    pub shares: Vec<(usize, i64, i64)>,
    pub purpose: Purpose,
    pub by_bill: bool,
    pub serial: String,
    pub comment: String,
    pub order: Option<usize>,
    /// Which claims it pays: (claim, cents).
    pub pays: Vec<(usize, i64)>,
    /// A bank line of it exists in one of the two statements.
    pub in_bank: bool,
    /// Approved at the moment.
    pub booked: bool,
}

#[derive(Debug, Clone)]
pub struct AcceptanceBill {
    pub fid: i64,
    pub no: String,
    pub customer: usize,
    pub amount: i64,
    pub day: Date,
    pub due: Date,
    pub status: &'static str,
    pub status_day: Date,
}

#[derive(Debug, Clone)]
pub struct GoodsReturn {
    pub fid: i64,
    pub no: String,
    pub shipment: usize,
    pub line: usize,
    pub entry: i64,
    pub quantity: i64,
    pub gross: i64,
    pub day: Date,
    pub reason: &'static str,
}

#[derive(Debug, Clone)]
pub struct Adjustment {
    pub fid: i64,
    pub no: String,
    pub claim: usize,
    pub amount: i64,
    pub reason: &'static str,
    pub day: Date,
}

/// Pieces × price, rounded half up to whole cents.
pub fn line_gross(quantity: i64, price_micros: i64) -> i64 {
    (quantity.saturating_mul(price_micros).saturating_add(5_000)) / 10_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_rounded_to_whole_cents() {
        assert_eq!(line_gross(500, 9_800_000), 490_000);
        assert_eq!(line_gross(333, 8_650), 288);
        assert_eq!(line_gross(1, 5_000), 1);
    }
}
