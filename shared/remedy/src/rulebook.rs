//! The rulebook as a folder of files.

use std::fmt::{self, Write as _};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use policy::Rulebook;
use policy::change::Remedy;
use policy::guardrail::{Flaw, SCHEMA_FILE, Source};
use thiserror::Error;

/// Why there is no rulebook.
#[derive(Debug, Error)]
pub enum RulebookError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read the rulebook: {}: {error}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The folder holds no Cedar file.
    #[error("the rulebook in {} is empty: it holds no *.cedar file", .0.display())]
    Empty(PathBuf),
    /// What it says is wrong.
    #[error("the rulebook is invalid:\n{0}")]
    Invalid(Flaws),
}

/// All that is wrong with a rulebook, one a line.
#[derive(Debug)]
pub struct Flaws(pub Vec<Flaw>);

impl fmt::Display for Flaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = String::new();
        self.0.iter().try_for_each(|flaw| writeln!(lines, "{flaw}"))?;
        f.write_str(lines.trim_end())
    }
}

/// Reads and loads the `*.cedar` files of a folder, and its schema, in the order of their names.
///
/// # Errors
///
/// Where a file cannot be read, there is none, or the rulebook is not valid.
pub fn load(dir: &Path) -> Result<Rulebook, RulebookError> {
    Rulebook::load(&read(dir)?).map_err(|flaws| RulebookError::Invalid(Flaws(flaws)))
}

/// The same, with what the function of a remedy judges by, and no more.
///
/// # Errors
///
/// As [`load`], of the policies that could concern the function's events; syntax of all of them.
pub fn load_for(dir: &Path, remedy: Remedy) -> Result<Rulebook, RulebookError> {
    Rulebook::load_for(&read(dir)?, remedy).map_err(|flaws| RulebookError::Invalid(Flaws(flaws)))
}

fn read(dir: &Path) -> Result<Vec<Source>, RulebookError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error| RulebookError::Unreadable { path, error }
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable(dir))? {
        let path = entry.map_err(unreadable(dir))?.path();
        if path.extension().is_some_and(|extension| extension == "cedar") || path.ends_with(SCHEMA_FILE) {
            paths.push(path);
        }
    }
    paths.sort();
    if !paths.iter().any(|path| path.extension().is_some_and(|extension| extension == "cedar")) {
        return Err(RulebookError::Empty(dir.to_owned()));
    }
    let sources = paths.iter().map(|path| {
        let text = fs::read_to_string(path).map_err(unreadable(path))?;
        Ok(Source { name: path.display().to_string(), text })
    });
    sources.collect()
}
