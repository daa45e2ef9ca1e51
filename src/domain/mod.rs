//! The words of the business: amounts, ids, dates, facts.
//!
//! Why: every other module speaks in these types, so that a price from Kingdee and a line from a bank file meet as
//! equals. PURE: no tokio, no SQL, no HTTP, no clock of its own, no randomness. It must not know where a fact came
//! from, nor who will read it.

pub mod amount;
pub mod clock;
pub mod credit_code;
pub mod fact;
pub mod id;
pub mod problem;
pub mod slips;
pub mod text;
pub mod working_days;

pub use amount::{Amount, Currency};
pub use clock::{Clock, SimClock, SystemClock};
pub use fact::{Fact, FactKind, FieldMap, Line, Value};
pub use id::{Hash, Id, IdMap, IdRange, IdSet};
pub use problem::Problem;
pub use working_days::WorkingDays;
