//! Questions about the past: the store to ask, and the day that is asked about.
//!
//! `--as-of` alone settles again what is known now and counts until then. `--known-at` first makes the ledger again from
//! what had come in by that instant, which takes as long as a rebuild.

use std::sync::Arc;

use jiff::civil::Date;

use crate::app::{AppError, Remade, today};
use crate::cli::args::PastArgs;
use crate::config::Config;
use crate::domain::{Clock, SimClock};
use crate::ledger::credit::{Customer, Exposure, Group};
use crate::store::{AgingRow, PartyView, ProposalFilter, ProposalView, Store, StoreError};

pub struct Past {
    config: Arc<Config>,
    store: Store,
    remade: Option<Remade>,
    /// Stands at the instant of which the knowledge is.
    clock: Arc<dyn Clock>,
    as_of: Option<Date>,
}

impl Past {
    pub async fn of(
        config: Arc<Config>,
        clock: Arc<dyn Clock>,
        store: Store,
        PastArgs { as_of, known_at }: PastArgs,
    ) -> Result<Self, AppError> {
        let (remade, clock) = match known_at {
            Some(instant) => {
                let remade = Remade::known_at(&config, &store, instant).await?;
                (Some(remade), Arc::new(SimClock::new(instant)) as Arc<dyn Clock>)
            }
            None => (None, clock),
        };
        Ok(Self { config, store, remade, clock, as_of })
    }

    fn store(&self) -> &Store {
        self.remade.as_ref().map_or(&self.store, |remade| &remade.store)
    }

    fn today(&self, book: &str) -> Date {
        today(self.clock.as_ref(), &self.config, book)
    }

    /// The day to settle again for; today's settlement stands and needs none.
    fn earlier_day(&self, book: Option<&str>) -> Option<Date> {
        self.as_of.filter(|day| *day < self.today(book.unwrap_or_default()))
    }

    /// What is proposed now; of an earlier day nobody can say yes to anything.
    pub async fn proposals(&self, filter: ProposalFilter<'_>, limit: usize) -> Result<Vec<ProposalView>, AppError> {
        if self.earlier_day(filter.book).is_some() {
            return Ok(Vec::new());
        }
        Ok(self.store().proposals(filter, limit).await?)
    }

    pub async fn aging(&self, book: Option<&str>) -> Result<Vec<AgingRow>, AppError> {
        if let Some(day) = self.earlier_day(book) {
            return Ok(self.store().aging_as_of(book, day).await?);
        }
        let day = |book: &str| self.as_of.unwrap_or_else(|| self.today(book));
        Ok(self.store().aging(book, &day).await?)
    }

    pub async fn party(&self, book: Option<&str>, code: &str) -> Result<Vec<PartyView>, AppError> {
        Ok(match self.earlier_day(book) {
            Some(day) => self.store().party_as_of(book, code, day).await?,
            None => self.store().party(book, code).await?,
        })
    }

    /// A customer's limit and what stands against it; with its group, of which only today is known.
    pub async fn credit(&self, view: &PartyView) -> Result<(Customer, Option<Group>), AppError> {
        let (book, code) = (&*view.party.book, &*view.party.number);
        let exposure = Exposure::of(view.balances.iter().copied()).map_err(StoreError::from)?;
        let customer = Customer::of(&view.party, exposure, self.config.currency(book)).map_err(StoreError::from)?;
        if customer.group.is_none() || self.earlier_day(Some(book)).is_some() {
            return Ok((customer, None));
        }
        let found = self.store().credit(Some(book), None, &|book| self.config.currency(book)).await?.about(code);
        let is_mine = |group: &Group| group.members.iter().any(|member| member.party == customer.party);
        let group = found.groups.into_iter().find(is_mine);
        Ok((customer, group))
    }
}
