//! Takes back a policy that was attached to a user, group or role: detaches that policy from that target.

mod detach;
mod holders;

use std::process::ExitCode;

fn main() -> ExitCode {
    remedy::run::<detach::DetachPolicy>()
}
