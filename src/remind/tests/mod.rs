//! The whole way of a reminder, without a server.

mod crash;
mod order;
mod promises;
mod scene;
