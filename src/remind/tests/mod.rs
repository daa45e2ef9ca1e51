//! The whole way of a reminder, without a server.

mod crash;
mod promises;
mod scene;
