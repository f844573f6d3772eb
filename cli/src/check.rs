//! `rescind check`: what is wrong with a rulebook.

use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};
use chrono::Utc;
use remedy::rulebook::{self, RulebookError};

/// Says that the rulebook is valid and what has expired in it, or fails with all that is wrong.
pub fn run(dir: &Path, out: &mut impl Write) -> Result<()> {
    match rulebook::load(dir) {
        Ok(rulebook) => {
            for exemption in rulebook.expired(Utc::now()) {
                writeln!(
                    out,
                    "expired: exemption `{}` of {} ended on {}: renew or remove it",
                    exemption.id, exemption.owner, exemption.until
                )?;
            }
            let (guardrails, exemptions) = (rulebook.guardrail_count(), rulebook.exemption_count());
            writeln!(out, "{}: valid, {} and {}", dir.display(), counted(guardrails, "guardrail"), counted(exemptions, "exemption"))?;
            Ok(())
        }
        Err(RulebookError::Invalid(flaws)) => bail!("{flaws}\n{}: invalid, {}", dir.display(), counted(flaws.0.len(), "problem")),
        Err(error) => Err(error.into()),
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
