#![doc = include_str!("../README.md")]

mod apply;
pub mod caller;
pub mod candidates;
mod clients;
mod cut;
mod deadline;
mod elsewhere;
mod entry;
mod environment;
mod error;
mod guard;
mod hand;
mod handler;
mod heartbeat;
mod ledger;
mod log;
mod message;
mod missing;
pub mod notice;
mod own_parts;
pub mod plan;
mod protected;
mod queued;
pub mod reading;
mod results;
pub mod setting;
mod stopped;
mod tick;

pub use elsewhere::Elsewhere;
pub use entry::run;
pub use error::{AwsCall, Error, Failure, Named, found};
pub use guard::{denies_everything, denies_without_mfa};
pub use hand::{Ending, Hand, Set};
pub use handler::Function;
pub use ledger::archive;
pub use protected::Spared;
