#![doc = include_str!("../README.md")]

pub mod account;
pub mod attachments;
pub mod caller;
pub mod calls;
mod clients;
pub mod credentials;
mod entry;
mod error;
mod facts;
mod handler;
pub mod holdings;
mod log;
pub mod notice;
mod protected;
mod responders;
pub mod rulebook;
mod seal;
mod settings;

pub use entry::run;
pub use error::{AwsCall, Error, Failure, found, known};
pub use facts::owner;
pub use handler::Function;
