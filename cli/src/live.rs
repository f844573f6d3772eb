//! AWS itself, with the credentials of the environment.

use std::{env, io};

use remedy::caller::{Caller, CallerError};
use tokio::runtime::{Builder, Runtime};

/// Who runs this command.
pub fn caller() -> Result<Caller<impl Fn(&str) -> Option<String>>, CallerError> {
    Caller::of(|name: &str| env::var(name).ok())
}

/// What waits for AWS's answers.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
