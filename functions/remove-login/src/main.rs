//! Deletes a console password that a guardrail forbids, if it still is the one of the change. Denies everything without MFA to a user whose last device
//! is gone, until the user has one again.

mod denial;
mod password;

use std::process::ExitCode;

use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};
use remedy::{AwsCall, Ending, Function, Hand};

struct RemoveLogin;

impl Function for RemoveLogin {
    const NAME: &'static str = "remove-login";
    const OWNS: Option<Remedy> = Some(Remedy::RemoveLogin);

    async fn take_back(hand: &mut Hand<'_>, _: &Case, change: &Change, target: &Target) -> Result<Ending, AwsCall> {
        let Some(whom) = target.identity() else {
            return Ok(Ending::unremediable(format!("{target} is no identity")));
        };
        match change {
            Change::MfaChanged(changed) => denial::set(hand, changed, whom).await,
            _ => password::delete(hand, change, whom).await,
        }
    }
}

fn main() -> ExitCode {
    remedy::run::<RemoveLogin>()
}
