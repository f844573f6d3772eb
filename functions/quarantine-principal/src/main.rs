//! Contains who is behind a change, or whose credentials are exposed: a user is denied everything, a role's sessions that were issued before
//! now are, those of one name or source identity where it is known whose they are.

mod contain;

use std::process::ExitCode;

fn main() -> ExitCode {
    remedy::run::<contain::QuarantinePrincipal>()
}
