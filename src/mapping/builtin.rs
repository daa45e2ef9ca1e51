//! The mapping files that the binary carries, so that the first run needs no folder beside it.

/// A mapping file and its cases.
#[derive(Debug, Clone, Copy)]
pub struct BuiltinMapping {
    /// Relative to the folder `mappings`.
    pub path: &'static str,
    pub text: &'static str,
    pub cases: &'static str,
}

macro_rules! builtin {
    ($($name:literal),+ $(,)?) => {
        /// In the order of their paths; a test compares the list with the folder.
        pub const MAPPINGS: &[BuiltinMapping] = &[$(BuiltinMapping {
            path: concat!($name, ".toml"),
            text: include_str!(concat!("../../mappings/", $name, ".toml")),
            cases: include_str!(concat!("../../mappings/", $name, ".case.toml")),
        }),+];
    };
}

builtin!(
    "bank/cmb",
    "bank/hk",
    "csv/shipments",
    "kingdee/adjust",
    "kingdee/bill",
    "kingdee/customer",
    "kingdee/match",
    "kingdee/order",
    "kingdee/outstock",
    "kingdee/receipt",
    "kingdee/receivable",
    "kingdee/return",
    "wecom/contact",
    "wecom/message",
);
