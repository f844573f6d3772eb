#![doc = include_str!("../README.md")]

pub mod access;
pub mod arn;
pub mod capability;
pub mod document;
pub mod pattern;
pub mod text;
