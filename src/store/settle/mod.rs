//! What needs more than one document: which bank line is which receipt, and what each customer's money pays.
//!
//! Both are recomputed as a whole for what is marked dirty, and only the difference is posted. One call does one book and
//! one kind of work in one transaction; callers repeat it until it returns zero. Pairing comes first, because money that
//! is seen twice must not be told about.

mod pairing;
pub mod people;
mod said;
mod signatures;
pub mod subjects;

use std::collections::HashMap;

use super::Store;
use super::apply::lock_book;
use super::engine::Tx;
use super::error::{Result, StoreError};
use super::journal::{self, keys};
use crate::domain::{Hash, Id};
use crate::failpoint::failpoint;

/// Two processes that start together mark once.
const POLICY_LOCK: i64 = 0x706f_6c69_6379;

const GROUP_BOOK: &str = "SELECT book FROM pair_group WHERE generation > paired LIMIT 1";
const GROUPS: &str = "SELECT id FROM pair_group WHERE generation > paired AND book = $1 LIMIT $2";
const SUBJECT_BOOK: &str = "SELECT book FROM subject WHERE settle_generation > settled LIMIT 1";
const SUBJECTS: &str = "SELECT id, book, party, currency, settle_generation FROM subject WHERE settle_generation > settled AND book = $1 LIMIT $2";

/// Subjects whose settlement cannot be posted, with the mark under which that was found.
type TooLarge = HashMap<Id, i64>;
/// Unlike a document it has no record that could wait in quarantine.
const TOO_LARGE: &str = "Not settled: all that was ever allocated would add up to more than can be stored; what was \
     allocated before stays until something about this customer changes.";

impl Store {
    /// Pairs and settles up to `limit` dirty groups or subjects; returns how many, zero when nothing is dirty.
    ///
    /// What cannot be posted because some balance or flow would be larger than can be stored stops nobody else: such a bank
    /// line waits in quarantine, such a customer stays as it was settled last until something about it changes.
    pub async fn settle_dirty(&self, limit: usize) -> Result<usize> {
        let mut tx = self.engine.begin().await?;
        if let Some(book) = dirty_book(&mut tx, GROUP_BOOK).await? {
            return self.pair_dirty(tx, &book, limit).await;
        }
        let Some(book) = dirty_book(&mut tx, SUBJECT_BOOK).await? else {
            return Ok(0);
        };
        let mut too_large = TooLarge::new();
        loop {
            let known = too_large.len();
            match self.settle_without(tx, &book, limit, &mut too_large).await {
                Err(StoreError::TooLarge { .. }) if too_large.len() > known => tx = self.engine.begin().await?,
                outcome => return outcome,
            }
        }
    }

    async fn pair_dirty(&self, mut tx: Tx, book: &str, limit: usize) -> Result<usize> {
        lock_book(&mut tx, book).await?;
        let rows = tx.fetch(GROUPS, vec![book.into(), limit.into()]).await?;
        let groups: Vec<Id> = rows.iter().map(|row| row.id(0)).collect::<Result<_>>()?;
        let entries = pairing::pair_groups(&mut tx, &groups, &(self.policies)(book)).await?;
        match journal::post(&mut tx, self.clock.as_ref(), &entries).await {
            // The next call pairs the groups without what was too large.
            Err(StoreError::TooLarge { causes }) => {
                tx.rollback().await?;
                self.withdraw_too_large(book, &causes).await?;
                return Ok(causes.len().max(1));
            }
            posted => posted?,
        };
        failpoint!("pair:before_commit");
        self.commit_and_tell(tx).await?;
        // Another process may have done the work while this one waited for the book: there may still be more.
        Ok(groups.len().max(1))
    }

    /// Settles all dirty subjects but those that are known to be too large; adds to these when there are more.
    async fn settle_without(&self, mut tx: Tx, book: &str, limit: usize, too_large: &mut TooLarge) -> Result<usize> {
        lock_book(&mut tx, book).await?;
        let mut dirty = Vec::new();
        let mut left = Vec::new();
        let mut generations = HashMap::new();
        for row in tx.fetch(SUBJECTS, vec![book.into(), limit.into()]).await? {
            let (subject, generation) = (subjects::read(&row)?, row.int(4)?);
            let id = subject.id();
            // What was marked since may fit now.
            if too_large.get(&id) == Some(&generation) {
                tracing::warn!(book, party = %subject.party, currency = %subject.currency, "{TOO_LARGE}");
                left.push(id);
            } else {
                generations.insert(id, generation);
                dirty.push(subject);
            }
        }
        let entries = subjects::settle_subjects(&mut tx, &dirty, &(self.policies)(book)).await?;
        tx.execute_in("UPDATE subject SET settled = settle_generation WHERE id {keys}", &keys(&left), Vec::new())
            .await?;
        if let Err(error) = journal::post(&mut tx, self.clock.as_ref(), &entries).await {
            if let StoreError::TooLarge { causes } = &error {
                too_large.extend(causes.iter().filter_map(|id| Some((*id, *generations.get(id)?))));
            }
            tx.rollback().await?;
            return Err(error);
        }
        failpoint!("settle:before_commit");
        self.commit_and_tell(tx).await?;
        failpoint!("settle:after_commit");
        Ok((dirty.len() + left.len()).max(1))
    }

    /// Marks everything for settlement when the policies are others than those that it was last settled under; says
    /// whether they were.
    pub async fn settle_under(&self, policies: Hash) -> Result<bool> {
        let mut tx = self.engine.begin().await?;
        tx.lock(POLICY_LOCK, b"settle").await?;
        let known = tx.fetch_one("SELECT fingerprint FROM settle_policy WHERE id = 1", Vec::new()).await?;
        if known.map(|row| row.hash(0)).transpose()? == Some(policies) {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.execute(
            "INSERT INTO settle_policy (id, fingerprint) VALUES (1, $1) \
             ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint",
            vec![policies.into()],
        )
        .await?;
        tx.execute("UPDATE subject SET settle_generation = settle_generation + 1", Vec::new()).await?;
        tx.execute("UPDATE pair_group SET generation = generation + 1", Vec::new()).await?;
        self.commit_and_tell(tx).await?;
        Ok(true)
    }
}

async fn dirty_book(tx: &mut Tx, sql: &'static str) -> Result<Option<String>> {
    match tx.fetch_one(sql, Vec::new()).await? {
        Some(row) => Ok(Some(row.text(0)?.to_owned())),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{FactKind, SimClock, Value};
    use crate::ledger::{BookPolicy, Due, Terms};
    use crate::store::StoreSettings;
    use crate::store::tests::company::{BOOK, Page, START, customer, date, invoice, settle, with};
    use crate::store::tests::database::{TestDatabase, databases};

    /// The store of a process that was started with these terms as the book's default.
    async fn started(database: &TestDatabase, terms: &str) -> (Store, bool) {
        let clock = Arc::new(SimClock::new(START.parse().unwrap()));
        let policy = BookPolicy { default_terms: Terms::parse(terms).unwrap(), ..BookPolicy::default() };
        let fingerprint = BookPolicy::fingerprint([(BOOK, policy.clone())]);
        let policies = Arc::new(move |_: &str| policy.clone());
        let store = Store::open(&StoreSettings { url: database.url.clone(), clock, policies }).await.unwrap();
        let changed = store.settle_under(fingerprint).await.unwrap();
        settle(&store).await;
        (store, changed)
    }

    async fn due(store: &Store) -> Due {
        store.document(Some(BOOK), Some(FactKind::Invoice), "AR1").await.unwrap()[0].items[0].due
    }

    #[tokio::test]
    async fn a_changed_policy_or_a_customers_changed_terms_move_due_dates_that_are_there_already() {
        for database in databases().await {
            let (store, _) = started(&database, "net 30").await;
            let facts = [customer("C1", "远航"), invoice("AR1", "C1", "2026-01-10", 100)];
            Page::of("all", 1).facts("1", "1", &facts).apply(&store).await;
            settle(&store).await;
            assert_eq!(due(&store).await, Due::On(date("2026-02-09")));

            let (store, changed) = started(&database, "net 30").await;
            assert!(!changed, "the same policy");
            assert_eq!(due(&store).await, Due::On(date("2026-02-09")));
            let (store, changed) = started(&database, "net 60").await;
            assert!(changed);
            assert_eq!(due(&store).await, Due::On(date("2026-03-11")));

            let agreed = with(customer("C1", "远航"), "terms", Value::text("net 10"));
            Page::of("customer", 2).facts("1", "2", &[agreed]).apply(&store).await;
            settle(&store).await;
            assert_eq!(due(&store).await, Due::On(date("2026-01-20")));
            assert!(store.verify(None).await.unwrap().is_sound());
        }
    }
}
