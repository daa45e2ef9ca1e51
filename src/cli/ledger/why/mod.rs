//! `ledger why`: what an answer of the ledger rests on, down to the bytes that came in.
//!
//! It must not decide anything: everything shown was stored when it was decided, or follows from the stored bytes and
//! the stored mapping.

pub mod balance;
pub mod document;
pub mod entry;
mod origin;

use self::balance::{Address, Extent};
use self::entry::Asked;
use crate::app::AppError;
use crate::cli::args::WhyArgs;
use crate::domain::Currency;
use crate::store::Store;

pub use document::near;

/// A balance by its address or its parts, a row of the journal by its name or hash, else a document by its number.
pub async fn run(store: &Store, args: &WhyArgs, as_json: bool) -> Result<(), AppError> {
    let extent = Extent { book: args.book.as_deref(), as_of: args.as_of, limit: args.limit as usize };
    if let Some(account) = &args.balance {
        let address = parts(account, args)?;
        return balance::run(store, &address, extent, as_json).await;
    }
    let Some(what) = args.what.as_deref() else {
        let usage =
            "说明要问什么 · say what is asked about: NUMBER, BATCH.SEQ, a hash, or --balance ACCOUNT --party CODE";
        return Err(AppError::Usage(usage.to_owned()));
    };
    if let Some(address) = Address::parse(what) {
        return balance::run(store, &address, extent, as_json).await;
    }
    if let Some(asked) = Asked::parse(what).filter(|_| args.kind.is_none()) {
        if let Some(view) = entry::find(store, &asked).await? {
            return entry::print(&view, as_json);
        }
        if let Asked::Row { .. } = asked {
            return Err(AppError::Refused(format!("分录没有 `{what}` · the journal has no such row")));
        }
    }
    document::run(store, extent.book, args.kind.as_deref(), what, as_json).await
}

/// `--balance` with its companions; it may be an address itself.
fn parts(account: &str, args: &WhyArgs) -> Result<Address, AppError> {
    let mut address = Address::parse(account).unwrap_or_else(|| Address {
        account: account.to_owned(),
        party: None,
        order: None,
        currency: None,
    });
    if let Some(code) = &args.currency {
        address.currency = Some(Currency::parse(code).map_err(|error| AppError::Refused(error.to_string()))?);
    }
    address.party = args.party.clone().or(address.party);
    address.order = args.order.clone().or(address.order);
    Ok(address)
}
