#![doc = include_str!("../README.md")]

pub mod account;
mod clients;
mod entry;
mod error;
mod facts;
mod handler;
mod holdings;
mod log;
pub mod notice;
mod protected;
pub mod rulebook;
mod settings;

pub use entry::run;
pub use error::{AwsCall, Error, Failure, found};
pub use handler::Function;
