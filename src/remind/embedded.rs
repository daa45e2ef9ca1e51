//! The same messages inside the process, so that the first run needs no server.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::broker::{Broker, BrokerError, Incoming, Published, Settle};
use crate::store::ClaimedMessage;

/// Messages kept in memory at once; the outbox keeps the rest. A few seconds of work for the notifier.
pub const QUEUE_CAPACITY: usize = 1_024;

#[derive(Debug, Default)]
pub struct EmbeddedBroker {
    queue: Mutex<VecDeque<Incoming>>,
    arrived: Notify,
}

impl EmbeddedBroker {
    pub fn new() -> Self {
        Self::default()
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Incoming>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pop(&self) -> Option<Incoming> {
        self.queue().pop_front()
    }
}

#[async_trait]
impl Broker for EmbeddedBroker {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn survives_restart(&self) -> bool {
        false
    }

    async fn publish(&self, batch: &[ClaimedMessage]) -> Result<Vec<Published>, BrokerError> {
        let mut queue = self.queue();
        let outcomes = batch
            .iter()
            .map(|message| {
                if queue.len() >= QUEUE_CAPACITY {
                    return Published::Refused("the queue is full".to_owned());
                }
                let (body, message_id) = (message.body.clone(), Some(message.id));
                queue.push_back(Incoming { body, attempt: 0, tag: 0, session: 0, message_id });
                Published::Confirmed
            })
            .collect();
        drop(queue);
        self.arrived.notify_waiters();
        Ok(outcomes)
    }

    async fn receive(&self, patience: Duration) -> Result<Option<Incoming>, BrokerError> {
        let arrived = self.arrived.notified();
        tokio::pin!(arrived);
        arrived.as_mut().enable(); // before looking: a message between the look and the wait must wake us
        if let Some(incoming) = self.pop() {
            return Ok(Some(incoming));
        }
        let waited = tokio::time::timeout(patience, arrived).await;
        Ok(if waited.is_ok() { self.pop() } else { None })
    }

    /// `Later` goes to the end of the queue; a message that nobody can read is dropped, its row stays in the outbox.
    async fn settle(&self, incoming: &Incoming, settle: Settle) -> Result<(), BrokerError> {
        if settle == Settle::Later {
            let again = Incoming { attempt: incoming.attempt + 1, ..incoming.clone() };
            self.queue().push_back(again);
            self.arrived.notify_waiters();
        }
        Ok(())
    }

    async fn close(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Id;

    fn message(number: u8) -> ClaimedMessage {
        ClaimedMessage { id: Id([number; 16]), routing_key: String::new(), body: vec![number] }
    }

    #[tokio::test]
    async fn messages_come_out_in_order_and_a_full_queue_refuses() {
        let broker = EmbeddedBroker::new();
        assert_eq!(broker.receive(Duration::ZERO).await.unwrap(), None);
        let many: Vec<ClaimedMessage> = (0..=QUEUE_CAPACITY).map(|number| message((number % 251) as u8)).collect();
        let outcomes = broker.publish(&many).await.unwrap();
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Published::Confirmed).count(), QUEUE_CAPACITY);
        let first = broker.receive(Duration::ZERO).await.unwrap().unwrap();
        assert_eq!(first.body, [0]);
        broker.settle(&first, Settle::Later).await.unwrap();
        assert_eq!(broker.receive(Duration::ZERO).await.unwrap().unwrap().body, [1]);
    }
}
