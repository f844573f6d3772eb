//! `rescind check` and `check-rulebook`: one report for both.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use policy::guardrail::Exemption;
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

/// Writes the exemptions that have ended by `now` or will within 30 days, and how many guardrails and exemptions the rulebook holds.
///
/// # Errors
///
/// If the rulebook is not valid or cannot be read, or the report cannot be written.
pub fn check(dir: &Path, now: DateTime<Utc>, out: &mut impl Write) -> Result<(), CheckError> {
    let rulebook = load(dir).map_err(|error| match error {
        RulebookError::Invalid(flaws) => CheckError::Invalid { dir: dir.to_owned(), flaws },
        other => CheckError::NotLoaded(other),
    })?;
    for ending in rulebook.ending(now) {
        let Exemption { id, owner, until, .. } = ending.exemption;
        match ending.within() {
            None => writeln!(out, "expired: exemption `{id}` of {owner} ended on {until}: renew or remove it")?,
            Some(days) => {
                let left = counted(usize::try_from(ending.days_left).unwrap_or_default(), "day");
                writeln!(out, "ends within {days} days: exemption `{id}` of {owner} has {left} left, until {until}: renew or remove it")?;
            }
        }
    }
    let (guardrails, exemptions) = (rulebook.guardrail_count(), rulebook.exemption_count());
    writeln!(out, "{}: valid, {} and {}", dir.display(), counted(guardrails, "guardrail"), counted(exemptions, "exemption"))?;
    Ok(())
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
