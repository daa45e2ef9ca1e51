//! Who should be told what, and getting it to them once.
pub mod decide;
#[cfg(test)]
mod testing;
