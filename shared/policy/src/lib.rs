#![doc = include_str!("../README.md")]

pub mod access;
pub mod account;
pub mod actor;
pub mod arn;
pub mod capability;
pub mod case;
pub mod change;
pub mod document;
pub mod guardrail;
pub mod hearing;
pub mod pattern;
pub mod record;
pub mod text;

pub use actor::Actor;
pub use case::Case;
pub use change::{Action, Change};
pub use guardrail::Rulebook;
pub use hearing::Hearing;
pub use record::Event;
