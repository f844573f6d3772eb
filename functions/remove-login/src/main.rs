//! Deletes a console password that a guardrail forbids, if it still is the one of the change.

use std::process::ExitCode;

use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};
use remedy::plan::logout;
use remedy::reading::credentials::login_made;
use remedy::{AwsCall, Ending, Function, Hand, Set};

struct RemoveLogin;

impl Function for RemoveLogin {
    const NAME: &'static str = "remove-login";
    const OWNS: Option<Remedy> = Some(Remedy::RemoveLogin);

    async fn take_back(hand: &mut Hand<'_>, _: &Case, change: &Change, target: &Target) -> Result<Ending, AwsCall> {
        let Some(whom) = target.identity() else {
            return Ok(Ending::unremediable(format!("{target} is no identity")));
        };
        let Some(mut step) = logout(change) else {
            return Ok(Ending::unremediable("nobody's password was set, so there is none to delete".to_owned()));
        };
        step.setting.user = whom.name.clone();
        let mut made = login_made(hand.reader(), &whom.name).await?;
        // Just after the change, IAM may not know it yet.
        if made.is_none() && hand.settles().await {
            made = login_made(hand.reader(), &whom.name).await?;
        }
        // A reset does not change when a login profile was made.
        if made.is_some_and(|made| hand.is_after_the_change(made)) {
            let another = "the user has a console password that was made later: that is another change, with an event of its own";
            return Ok(Ending::clean(another.to_owned()));
        }
        Ok(match hand.set(&step).await? {
            Set::Done => Ending::done(),
            Set::Already | Set::Moved => Ending::clean(format!("{whom} has no console password")),
            Set::Gone => hand.gone(whom),
        })
    }
}

fn main() -> ExitCode {
    remedy::run::<RemoveLogin>()
}
