//! Text from a file or from standard input.

use std::io::Read as _;
use std::path::Path;
use std::{fs, io};

/// The whole text of a file; `-` is standard input.
pub fn read(path: &Path) -> io::Result<String> {
    if path.as_os_str() != "-" {
        return fs::read_to_string(path);
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}
