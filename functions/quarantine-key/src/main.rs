//! Sets a long-lived credential inactive that should not exist, or that is exposed: access keys, SSH public keys, signing certificates and
//! service-specific credentials. Never deletes one.

mod quarantine;
mod report;

use std::process::ExitCode;

fn main() -> ExitCode {
    remedy::run::<quarantine::QuarantineKey>()
}
