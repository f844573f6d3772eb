#![doc = include_str!("../README.md")]

pub mod access;
pub mod account;
pub mod actor;
pub mod arn;
pub mod capability;
pub mod case;
pub mod change;
pub mod credential;
pub mod document;
pub mod finding;
pub mod guardrail;
pub mod hearing;
pub mod invocation;
pub mod pattern;
pub mod quarantine;
pub mod record;
pub mod text;

pub use actor::Actor;
pub use case::Case;
pub use change::{Action, Change};
pub use guardrail::Rulebook;
pub use hearing::Hearing;
pub use record::Event;
