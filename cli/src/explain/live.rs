//! The live account.

use std::env;

use anyhow::Result;
use remedy::account;

/// The account's details, with the credentials of the environment.
pub fn read() -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(account::details(|name| env::var(name).ok()))?)
}
