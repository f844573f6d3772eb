//! The stack's ledger, with the credentials of whoever runs the command.

use anyhow::{Result, bail};
use aws_sdk_dynamodb::Client;
use clap::Args;
use policy::text::quoted;
use remedy::archive::Archive;
use remedy::caller::CallerError;
use tokio::runtime::Runtime;

use crate::live;

/// Which ledger.
#[derive(Args)]
pub struct Place {
    /// The stack whose ledger is read.
    #[arg(long, default_value = "rescind")]
    stack: String,
    /// The ledger's table, instead of looking for the stack's.
    #[arg(long, value_name = "NAME", conflicts_with = "stack")]
    table: Option<String>,
}

impl Place {
    /// Finds the ledger.
    pub fn open(&self, runtime: &Runtime) -> Result<Archive> {
        let client = Client::new(&live::caller()?.config("DYNAMODB"));
        if let Some(table) = &self.table {
            return Ok(Archive::of(client, table.clone()));
        }
        let stack = quoted(&self.stack);
        let mut tables = runtime.block_on(Archive::tables(&client, &self.stack)).map_err(CallerError::from)?;
        if tables.len() > 1 {
            let named: Vec<String> = tables.iter().map(|table| quoted(table)).collect();
            bail!("several tables can be the ledger of the stack {stack}; choose one with --table: {}", named.join(", "));
        }
        let Some(table) = tables.pop() else {
            bail!("the stack {stack} has no ledger in this account and region: name another with --stack or --table");
        };
        Ok(Archive::of(client, table))
    }
}
