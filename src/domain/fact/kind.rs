//! The kinds of facts. A new kind is a row here, a row in [`super::schema`], and whatever the ledger makes of it.

use std::fmt;

macro_rules! kinds {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FactKind { $($variant),+ }

        impl FactKind {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable name: it is hashed into ids and stored, so it never changes.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

kinds! {
    Party = "party",
    Contact = "contact",
    Lead = "lead",
    Deal = "deal",
    Quote = "quote",
    Contract = "contract",
    Order = "order",
    Shipment = "shipment",
    Logistics = "logistics",
    Statement = "statement",
    Invoice = "invoice",
    Payment = "payment",
    Bill = "bill",
    Return = "return",
    Adjustment = "adjustment",
    Settlement = "settlement",
    Message = "message",
    Decision = "decision",
}

impl fmt::Display for FactKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
