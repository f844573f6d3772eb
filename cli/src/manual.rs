//! `rescind completions` and `rescind man`: what a shell and `man` know of this command, made from the command itself.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Command};
use clap_complete::Shell;

/// For which shell.
#[derive(Args)]
pub struct Completions {
    /// The shell.
    pub shell: Shell,
}

/// Where the pages go.
#[derive(Args)]
pub struct Man {
    /// A folder, which is made if it is not there.
    pub dir: PathBuf,
}

/// Prints the script that completes this command in a shell.
pub fn completions(arguments: &Completions, mut command: Command, out: &mut impl Write) -> Result<()> {
    // The generator panics if it cannot write, which a closed pipe is enough for.
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    Ok(out.write_all(&script)?)
}

/// Writes one page for this command, and one for each of its commands.
pub fn man(arguments: &Man, command: Command) -> Result<()> {
    write(&arguments.dir, command).with_context(|| format!("cannot write the pages into {}", arguments.dir.display()))
}

fn write(dir: &Path, command: Command) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    clap_mangen::generate_to(command, dir)
}
