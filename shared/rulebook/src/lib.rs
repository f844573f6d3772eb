#![doc = include_str!("../README.md")]

mod check;
mod digest;

use std::fmt::{self, Write as _};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use policy::Rulebook;
use policy::guardrail::{FILE_MAX, Flaw, SCHEMA_FILE, Source};
use thiserror::Error;

pub use check::{CheckError, check};
pub use digest::digest;

/// Why a folder could not be loaded.
#[derive(Debug, Error)]
pub enum RulebookError {
    /// The folder or a file in it cannot be read.
    #[error("cannot read the rulebook: {}: {error}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// The operating system's error.
        error: io::Error,
    },
    /// The folder holds no Cedar file.
    #[error("the rulebook in {} is empty: it holds no *.cedar file", .0.display())]
    Empty(PathBuf),
    /// The files can be read, but are not a valid rulebook.
    #[error("the rulebook is invalid:\n{0}")]
    Invalid(Flaws),
}

/// Every problem of a rulebook. Displayed as one line for each.
#[derive(Debug)]
pub struct Flaws(pub Vec<Flaw>);

impl fmt::Display for Flaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = String::new();
        self.0.iter().try_for_each(|flaw| writeln!(lines, "{flaw}"))?;
        f.write_str(lines.trim_end())
    }
}

/// Loads the `*.cedar` files of a folder, its schema and the texts of required policies (`*.json`), in the order of their names, and validates all of them.
///
/// # Errors
///
/// If a file cannot be read, the folder holds no Cedar file, or the rulebook is not valid.
pub fn load(dir: &Path) -> Result<Rulebook, RulebookError> {
    load_with(dir, Rulebook::load)
}

/// Reads a folder as [`load`] does, and lets `make` turn its files into a rulebook: a function loads only the policies that it judges by.
///
/// # Errors
///
/// If a file cannot be read, the folder holds no Cedar file, or `make` finds flaws.
pub fn load_with(dir: &Path, make: impl FnOnce(&[Source]) -> Result<Rulebook, Vec<Flaw>>) -> Result<Rulebook, RulebookError> {
    make(&read(dir)?).map_err(|flaws| RulebookError::Invalid(Flaws(flaws)))
}

/// Reads the `*.cedar` files of a folder and its schema, in the order of their names.
///
/// # Errors
///
/// If a file cannot be read, or the folder holds no Cedar file.
pub fn read(dir: &Path) -> Result<Vec<Source>, RulebookError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error| RulebookError::Unreadable { path, error }
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable(dir))? {
        let path = entry.map_err(unreadable(dir))?.path();
        if is_cedar(&path) || path.ends_with(SCHEMA_FILE) || is_text_of_a_guard(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    if !paths.iter().any(|path| is_cedar(path)) {
        return Err(RulebookError::Empty(dir.to_owned()));
    }
    let sources = paths.iter().map(|path| {
        let text = if is_text_of_a_guard(path) { bounded(path) } else { fs::read_to_string(path) }.map_err(unreadable(path))?;
        Ok(Source { name: path.display().to_string(), text })
    });
    sources.collect()
}

fn is_cedar(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "cedar")
}

/// The text of a policy that a guardrail can require.
fn is_text_of_a_guard(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json") && path.is_file()
}

/// The beginning of a file that is no part of the rulebook if no guardrail names it: one byte more than a guard's text may have.
fn bounded(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
