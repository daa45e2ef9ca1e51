//! What an operator reads about a small company whose records came through the real mappings; both engines must answer
//! the same.

mod books;
mod credit;
mod desk;
mod journal;
mod order;
mod why;
