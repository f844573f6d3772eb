#![doc = include_str!("../README.md")]

pub mod account;
pub mod action;
pub mod actor;
pub mod affected;
pub mod break_glass;
pub mod case;
pub mod change;
pub mod console;
pub mod containment;
pub mod credential;
pub mod facts;
pub mod finding;
pub mod guardrail;
pub mod hearing;
mod id;
pub mod own;
pub mod password;
pub mod record;
pub mod remedy;
pub mod severity;
pub mod target;
pub mod trust;
pub mod watch;

pub use grants::{access, arn, capability, document, pattern, text};

pub use action::Action;
pub use actor::Actor;
pub use case::Case;
pub use change::Change;
pub use guardrail::Rulebook;
pub use hearing::Hearing;
pub use record::Event;
