//! A simulated distributor of electronic components, and loopback servers that speak as its real systems would.
//!
//! Why: the demo, the tests and the bench need input that looks like a real company's and whose truth is known. The
//! company lives on its own calendar, day by day, from one seed: the same seed is the same company to the last byte.
//! It must not know the ledger, the mappings or the connectors: it is the other side of the wire, and its [`Truth`] is
//! counted on its own so that the ledger can be checked against it.

pub mod bank_files;
pub mod calendar;
pub mod company;
pub mod csv;
pub mod namesakes;
pub mod payments;
pub mod remote;
pub mod rng;
pub mod servers;

pub use company::{Book, Company, CompanySettings, Salesperson, Totals, Truth};
pub use servers::{FaultKind, Faults, SimServer, World};
