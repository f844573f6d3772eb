//! `check-rulebook FOLDER`: the check of `rescind check`, for the build of the guardrails layer.

use std::env;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (Some(dir), None) = (arguments.next(), arguments.next()) else {
        return failed(&"usage: check-rulebook FOLDER");
    };
    match rulebook::check(Path::new(&dir), SystemTime::now().into(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(why: &dyn std::fmt::Display) -> ExitCode {
    // If standard error is closed, the exit status is all that a caller gets.
    let _ = writeln!(io::stderr(), "{why}");
    ExitCode::FAILURE
}
