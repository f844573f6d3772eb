//! Removes a user from a group that a guardrail forbids.

use std::process::ExitCode;

use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};
use remedy::plan::removal;
use remedy::{AwsCall, Ending, Function, Hand, Set};

struct RemoveGroupMember;

impl Function for RemoveGroupMember {
    const NAME: &'static str = "remove-group-member";
    const OWNS: Option<Remedy> = Some(Remedy::RemoveGroupMember);

    async fn take_back(hand: &mut Hand<'_>, _: &Case, change: &Change, target: &Target) -> Result<Ending, AwsCall> {
        let Some(whom) = target.identity() else {
            return Ok(Ending::unremediable(format!("{target} is no identity")));
        };
        let Some(mut step) = removal(change) else {
            return Ok(Ending::unremediable("nobody was added to a group, so there is nobody to remove".to_owned()));
        };
        step.setting.user = whom.name.clone();
        Ok(match hand.set(&step).await? {
            Set::Done => Ending::done(),
            Set::Already | Set::Moved => {
                // An earlier try may have removed the user without being able to send the notice: so this one says how to undo it.
                hand.remember(&step);
                Ending::clean(format!("user {} is not in group {}", step.setting.user, step.setting.group))
            }
            Set::Gone => hand.gone(whom),
        })
    }
}

fn main() -> ExitCode {
    remedy::run::<RemoveGroupMember>()
}
