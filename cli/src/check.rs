//! `rescind check`: what is wrong with a rulebook.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use chrono::Utc;

/// Reports that the rulebook is valid and which exemptions have ended or will soon, or fails with everything that is wrong.
pub fn run(dir: &Path, out: &mut impl Write) -> Result<()> {
    Ok(rulebook::check(dir, Utc::now(), out)?)
}
