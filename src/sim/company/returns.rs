//! Goods that come back, and the red claims that follow.

use super::catalog::{PARTS, RETURN_REASONS};
use super::forms::FormId;
use super::state::{Claim, ClaimKind, ClaimLine, GoodsReturn, Status, line_gross};
use super::{Company, Task, numbered};

impl Company {
    /// Goods are taken back once they are billed, so that the red claim has something to reduce.
    pub(super) fn take_back(&mut self, shipment: usize) {
        let Some(claim) = self.shipments[shipment].claim else {
            self.plan_in(5, 8, Task::TakeBack(shipment));
            return;
        };
        if !self.customers[self.shipments[shipment].customer].claims.contains(&claim) {
            self.plan_in(2, 4, Task::TakeBack(shipment));
            return;
        }
        let lines = &self.shipments[shipment].lines;
        let line = self.rng.below(lines.len() as u64) as usize;
        let (bought, price, part) = (lines[line].quantity, lines[line].price, lines[line].part);
        let share = self.rng.between(1, 10);
        let quantity = (bought * share / 10).max(PARTS[part].pack.min(bought) / 10).max(1).min(bought);
        let book = self.customers[self.shipments[shipment].customer].book;
        let counter = &mut self.counters[book.index()].returns;
        *counter += 1;
        let no = numbered(book, format!("XSTHD{:06}", *counter));
        let reason = *self.rng.pick(RETURN_REASONS);
        let goods = GoodsReturn {
            fid: self.next_fid(book),
            no,
            shipment,
            line,
            entry: self.next_entry(book),
            quantity,
            gross: line_gross(quantity, price),
            day: self.today,
            reason,
        };
        self.returns.push(goods);
        let index = self.returns.len() - 1;
        let at = self.time_between(10, 16);
        if self.slip(60) {
            // Waits for an inspection that never comes.
            self.emit_return(index, at, Status::Draft);
        } else if self.rng.chance(250) {
            self.emit_return(index, at, Status::Draft);
            self.plan_in(1, 2, Task::ApproveReturn(index));
        } else {
            self.finish_return(index, at);
        }
    }

    pub(super) fn approve_return(&mut self, goods: usize) {
        let at = self.time_between(9, 12);
        self.finish_return(goods, at);
    }

    fn finish_return(&mut self, goods: usize, at: i64) {
        self.emit_return(goods, at, Status::Approved);
        let (shipment, gross) = (self.returns[goods].shipment, self.returns[goods].gross);
        let customer = self.shipments[shipment].customer;
        self.totals(customer).returned += gross;
        self.plan_in(1, 5, Task::RedClaim(goods));
    }

    fn emit_return(&mut self, goods: usize, at: i64, status: Status) {
        let paper = &self.returns[goods];
        let doc = self.return_paper(paper, status);
        let (fid, customer) = (paper.fid, self.shipments[paper.shipment].customer);
        let book = self.customers[customer].book;
        self.emit(book, FormId::Return, fid, at, doc);
    }

    /// The red claim reduces what is still to be paid; what was paid already becomes the customer's credit.
    pub(super) fn red_claim(&mut self, goods: usize) {
        let goods = self.returns[goods].clone();
        let shipment = &self.shipments[goods.shipment];
        let (customer, claim) = (shipment.customer, shipment.claim);
        let line = &shipment.lines[goods.line];
        let (part, order, shipment_no) = (line.part, line.order, shipment.no.clone());
        let order_no = self.orders[order].no.clone();
        let book = self.customers[customer].book;
        if let Some(claim) = claim {
            let taken = goods.gross.min(self.claims[claim].open.max(0));
            self.claims[claim].open -= taken;
            self.customers[customer].credit += goods.gross - taken;
        }
        let entry = self.next_entry(book);
        let (fid, no) = (self.next_fid(book), self.next_claim_no(book));
        let (quantity, gross) = (-goods.quantity, -goods.gross);
        let line = ClaimLine { entry, part, quantity, gross, shipment_no, order_no, order: Some(order) };
        self.finish_red_claim(Claim {
            fid,
            no,
            customer,
            day: self.today,
            due: self.today,
            kind: ClaimKind::Red,
            lines: vec![line],
            open: 0,
            never_paid: false,
        });
    }
}
