//! `rescind check` and `check-rulebook`: one report for both.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::{Flaws, RulebookError, load};

/// Why a check failed. The message is the whole report.
#[derive(Debug, Error)]
pub enum CheckError {
    /// The rulebook is not valid.
    #[error("{flaws}\n{}: invalid, {}", dir.display(), counted(flaws.0.len(), "problem"))]
    Invalid {
        /// The rulebook's folder.
        dir: PathBuf,
        /// All of its problems.
        flaws: Flaws,
    },
    /// There is no rulebook in the folder, or it cannot be read.
    #[error(transparent)]
    NotLoaded(RulebookError),
    /// The report cannot be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

/// Writes the exemptions that have expired by `now`, and how many guardrails and exemptions the rulebook holds.
///
/// # Errors
///
/// If the rulebook is not valid or cannot be read, or the report cannot be written.
pub fn check(dir: &Path, now: DateTime<Utc>, out: &mut impl Write) -> Result<(), CheckError> {
    let rulebook = load(dir).map_err(|error| match error {
        RulebookError::Invalid(flaws) => CheckError::Invalid { dir: dir.to_owned(), flaws },
        other => CheckError::NotLoaded(other),
    })?;
    for exemption in rulebook.expired(now) {
        writeln!(out, "expired: exemption `{}` of {} ended on {}: renew or remove it", exemption.id, exemption.owner, exemption.until)?;
    }
    let (guardrails, exemptions) = (rulebook.guardrail_count(), rulebook.exemption_count());
    writeln!(out, "{}: valid, {} and {}", dir.display(), counted(guardrails, "guardrail"), counted(exemptions, "exemption"))?;
    Ok(())
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
