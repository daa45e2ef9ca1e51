//! Opening the books, orders, and shipments with what goes wrong with them.

use super::catalog::{self, PARTS};
use super::customer::{Habit, Terms};
use super::forms::FormId;
use super::state::{Order, OrderLine, ShipLine, Shipment, Status, line_gross};
use super::timeline::Book;
use super::{Company, Task, calendar, numbered, papers};
use crate::domain::Currency;
use crate::sim::calendar::{MS_PER_MINUTE, add_days};

/// Orders older than so many days are no longer asked about.
const ASKED_ABOUT_DAYS: i64 = 45;
/// Part of an order that is paid in advance when a deposit is agreed, in percent.
const DEPOSIT_PERCENT: i64 = 30;

impl Company {
    /// The first day: customers are there, what was open before the cutover comes as opening claims.
    pub(super) fn open_the_books(&mut self) {
        for index in 0..self.customers.len() {
            let customer = &self.customers[index];
            let (book, fid, doc) = (customer.book, customer.fid, papers::customer(customer));
            let at = 8 * 60 * MS_PER_MINUTE + index as i64;
            self.emit(book, FormId::Customer, fid, at, doc);
            if self.customers[index].billed_monthly {
                self.plan_next_billing(index);
            }
            if self.customers[index].terms != Terms::Prepaid && self.rng.chance(550) {
                self.open_position(index);
            }
        }
        self.meet_contacts();
        self.plan_customer_changes();
    }

    /// Some customers get another salesperson; some bad payers are blocked.
    fn plan_customer_changes(&mut self) {
        for customer in 0..self.customers.len() {
            if self.slip(60) {
                self.plan_in(15, 60, Task::HandOver(customer));
            } else if self.customers[customer].habit == Habit::Bad && self.slip(300) {
                self.plan_in(30, 70, Task::Block(customer));
            }
        }
    }

    pub(super) fn hand_over(&mut self, customer: usize) {
        self.customers[customer].seller = (self.customers[customer].seller + 1) % catalog::SALESPEOPLE.len();
        self.emit_customer(customer);
    }

    /// No new orders; what is owed stays owed.
    pub(super) fn block(&mut self, customer: usize) {
        self.customers[customer].blocked = true;
        self.emit_customer(customer);
    }

    fn emit_customer(&mut self, customer: usize) {
        let at = self.time_between(9, 12);
        let customer = &self.customers[customer];
        let (book, fid, doc) = (customer.book, customer.fid, papers::customer(customer));
        self.emit(book, FormId::Customer, fid, at, doc);
    }

    pub(super) fn take_orders(&mut self) {
        for customer in 0..self.customers.len() {
            let rate = self.customers[customer].order_rate;
            if self.rng.chance(rate) && !self.customers[customer].blocked {
                self.place_order(customer);
            }
        }
    }

    fn place_order(&mut self, customer: usize) {
        let book = self.customers[customer].book;
        let at = self.time_between(9, 17);
        let lines = (0..self.rng.between(1, 4)).map(|_| self.order_line(customer)).collect();
        let order = Order {
            fid: self.next_fid(book),
            no: self.next_order_no(book),
            customer,
            day: self.today,
            lines,
            deposits: Vec::new(),
        };
        let index = self.orders.len();
        self.orders.push(order);
        self.open_orders.push(index);
        if self.rng.chance(700) {
            self.emit_order(index, at, Status::Approved);
        } else {
            self.emit_order(index, at, Status::Draft);
            self.plan_in(1, 1, Task::ApproveOrder(index));
        }
        self.plan_fulfilment(index);
    }

    fn order_line(&mut self, customer: usize) -> OrderLine {
        let currency = self.customers[customer].currency;
        let parts = self.customers[customer].parts.clone();
        let part = *self.rng.pick(&parts);
        let quantity = PARTS[part].pack * self.rng.between(1, 8);
        let price = price_in(currency, PARTS[part].price * self.rng.between(90, 112) / 100);
        let promised = add_days(self.today, self.rng.between(5, 60));
        let entry = self.next_entry(self.customers[customer].book);
        OrderLine { entry, part, quantity, left: quantity, price, promised }
    }

    fn next_order_no(&mut self, book: Book) -> String {
        let month = i32::from(self.today.year()) * 12 + i32::from(self.today.month());
        let counter = &mut self.counters[book.index()].orders_in_month;
        *counter = if counter.0 == month { (month, counter.1 + 1) } else { (month, 1) };
        let number = counter.1;
        numbered(book, format!("SO{:02}{:02}{number:04}", self.today.year() % 100, self.today.month()))
    }

    fn emit_order(&mut self, order: usize, at: i64, status: Status) {
        let doc = self.order_paper(&self.orders[order], status);
        let (fid, book) = (self.orders[order].fid, self.customers[self.orders[order].customer].book);
        self.emit(book, FormId::Order, fid, at, doc);
    }

    pub(super) fn approve_order(&mut self, order: usize) {
        let at = self.time_between(9, 10);
        self.emit_order(order, at, Status::Approved);
    }

    /// Deposit or payment in advance first, then one to four shipments over the next weeks.
    fn plan_fulfilment(&mut self, order: usize) {
        let gross = self.orders[order].gross();
        let mut wait = 2;
        if self.customers[self.orders[order].customer].terms == Terms::Prepaid {
            self.plan_in(1, 3, Task::PayDeposit { order, cents: gross });
            wait = 4;
        } else if self.rng.chance(120) {
            let cents = gross * DEPOSIT_PERCENT / 100;
            self.plan_in(1, 4, Task::PayDeposit { order, cents });
            wait = 5;
        }
        let parts = self.rng.between(1, 4);
        let mut offset = wait;
        for part in 1..=parts {
            offset += self.rng.between(0, 3);
            let day = calendar::add_business_days(self.today, offset);
            self.plan(day, Task::Ship { order, last: part == parts });
            offset += self.rng.between(2, 14);
        }
        if self.rng.chance(15) {
            self.send_sample(order);
        }
    }

    pub(super) fn ship(&mut self, order: usize, last: bool) {
        let mut lines = Vec::new();
        for index in 0..self.orders[order].lines.len() {
            let line = &self.orders[order].lines[index];
            let (left, pack) = (line.left, PARTS[line.part].pack);
            let packs = left / pack;
            let quantity = if last { left } else { pack * self.rng.between(0, packs) };
            if quantity > 0 {
                lines.push((index, quantity));
            }
        }
        if lines.is_empty() {
            return;
        }
        let shipment = self.pack_goods(order, &lines, false);
        self.send(shipment);
    }

    fn pack_goods(&mut self, order: usize, lines: &[(usize, i64)], sample: bool) -> usize {
        let customer = self.orders[order].customer;
        let book = self.customers[customer].book;
        let mut goods = Vec::with_capacity(lines.len());
        for (order_line, quantity) in lines {
            let entry = self.next_entry(book);
            let lot =
                format!("{:02}{:02}{:03}", self.today.year() % 100, self.rng.between(1, 52), self.rng.below(1000));
            let line = &mut self.orders[order].lines[*order_line];
            let (part, price, quantity) = (line.part, line.price, *quantity);
            if !sample {
                line.left -= quantity;
            }
            let gross = line_gross(quantity, price);
            goods.push(ShipLine { entry, order, order_line: *order_line, part, quantity, price, gross, lot });
        }
        let counter = &mut self.counters[book.index()].shipments;
        *counter += 1;
        let no = numbered(book, format!("XSCKD{:06}", *counter));
        let waybill = format!("SF{:013}", self.rng.below(10_000_000_000_000));
        let fid = self.next_fid(book);
        let shipment = Shipment { fid, no, customer, day: self.today, lines: goods, sample, waybill, claim: None };
        self.shipments.push(shipment);
        self.shipments.len() - 1
    }

    fn send_sample(&mut self, order: usize) {
        let quantity = self.rng.between(5, 20);
        let shipment = self.pack_goods(order, &[(0, quantity)], true);
        let at = self.time_between(10, 17);
        self.emit_shipment(shipment, at, Status::Approved);
    }

    /// Which way a delivery note goes: most are approved at once or after a draft; a few are not that lucky.
    fn send(&mut self, shipment: usize) {
        let at = self.time_between(9, 15);
        if self.slip(20) {
            self.emit_shipment(shipment, at, Status::Draft);
            self.plan_in(1, 2, Task::VoidShipment(shipment));
        } else if self.slip(10) {
            // A draft that nobody ever approves.
            self.emit_shipment(shipment, at, Status::Draft);
        } else if self.slip(35) {
            self.emit_shipment(shipment, at, Status::Approved);
            self.count_shipped(shipment, 1);
            let then_void = self.rng.chance(250);
            self.plan_in(1, 3, Task::ReopenShipment { shipment, then_void });
        } else if self.rng.chance(250) {
            self.emit_shipment(shipment, at, Status::Draft);
            let later = at + self.rng.between(20, 120) * MS_PER_MINUTE;
            self.finish_shipment(shipment, later);
        } else if self.rng.chance(80) {
            self.emit_shipment(shipment, at, Status::Draft);
            self.plan_in(1, 1, Task::ApproveShipment(shipment));
        } else {
            self.finish_shipment(shipment, at);
        }
    }

    pub(super) fn approve_shipment(&mut self, shipment: usize) {
        let at = self.time_between(9, 11);
        self.finish_shipment(shipment, at);
    }

    pub(super) fn reopen_shipment(&mut self, shipment: usize, then_void: bool) {
        let at = self.time_between(9, 12);
        self.emit_shipment(shipment, at, Status::Reopened);
        self.count_shipped(shipment, -1);
        let next = if then_void { Task::VoidShipment(shipment) } else { Task::ApproveShipmentAgain(shipment) };
        self.plan_in(1, 2, next);
    }

    /// Approved again, sometimes with a corrected quantity.
    pub(super) fn approve_shipment_again(&mut self, shipment: usize) {
        let line = &mut self.shipments[shipment].lines[0];
        let pack = PARTS[line.part].pack;
        if line.quantity > pack && self.rng.chance(600) {
            line.quantity -= pack;
            line.gross = line_gross(line.quantity, line.price);
            let (order, order_line) = (line.order, line.order_line);
            self.orders[order].lines[order_line].left += pack;
            self.plan_in(2, 8, Task::Ship { order, last: true });
        }
        let at = self.time_between(13, 17);
        self.finish_shipment(shipment, at);
    }

    /// The note is void; the goods leave with another one.
    pub(super) fn void_shipment(&mut self, shipment: usize) {
        let at = self.time_between(9, 12);
        self.emit_shipment(shipment, at, Status::Void);
        let order = self.shipments[shipment].lines[0].order;
        for index in 0..self.shipments[shipment].lines.len() {
            let line = &self.shipments[shipment].lines[index];
            let (order, order_line, quantity) = (line.order, line.order_line, line.quantity);
            self.orders[order].lines[order_line].left += quantity;
        }
        // It may have been closed by a later delivery.
        self.emit_order(order, at + MS_PER_MINUTE, Status::Approved);
        self.plan_in(1, 4, Task::Ship { order, last: true });
    }

    fn finish_shipment(&mut self, shipment: usize, at: i64) {
        self.emit_shipment(shipment, at, Status::Approved);
        self.count_shipped(shipment, 1);
        let order = self.shipments[shipment].lines[0].order;
        if !self.orders[order].is_open() {
            self.emit_order(order, at + MS_PER_MINUTE, Status::Approved);
        }
        self.plan_billing(shipment);
        if self.slip(50) {
            self.plan_in(3, 12, Task::Complain(shipment));
        }
    }

    fn emit_shipment(&mut self, shipment: usize, at: i64, status: Status) {
        let doc = self.shipment_paper(&self.shipments[shipment], status);
        let fid = self.shipments[shipment].fid;
        let book = self.customers[self.shipments[shipment].customer].book;
        self.emit(book, FormId::Outstock, fid, at, doc);
    }

    fn count_shipped(&mut self, shipment: usize, sign: i64) {
        let (customer, gross) = (self.shipments[shipment].customer, self.shipments[shipment].gross());
        let totals = self.totals(customer);
        totals.shipped += sign * gross;
        totals.shipments = totals.shipments.saturating_add_signed(sign);
    }

    /// Forgets orders that are shipped or old, so that a company may live for ever.
    pub(super) fn prune_open_orders(&mut self) {
        let oldest = add_days(self.today, -ASKED_ABOUT_DAYS);
        let orders = &self.orders;
        self.open_orders.retain(|order| orders[*order].is_open() && orders[*order].day >= oldest);
    }
}

/// A price in yuan, in another currency at a fixed house rate.
fn price_in(currency: Currency, yuan_micros: i64) -> i64 {
    match currency {
        Currency::USD => yuan_micros * 100 / 718,
        Currency::HKD => yuan_micros * 100 / 92,
        _ => yuan_micros,
    }
    .max(100)
}
