#![doc = include_str!("../README.md")]

pub mod access;
pub mod account;
pub mod action;
pub mod actor;
pub mod affected;
pub mod arn;
pub mod break_glass;
pub mod capability;
pub mod case;
pub mod change;
pub mod containment;
pub mod credential;
pub mod document;
pub mod facts;
pub mod finding;
pub mod guardrail;
pub mod hearing;
mod id;
pub mod password;
pub mod pattern;
pub mod record;
pub mod remedy;
pub mod severity;
pub mod target;
pub mod text;
pub mod trust;

pub use action::Action;
pub use actor::Actor;
pub use case::Case;
pub use change::Change;
pub use guardrail::Rulebook;
pub use hearing::Hearing;
pub use record::Event;
