//! Deletes an inline policy that a guardrail forbids, if it still says what is forbidden.

use std::process::ExitCode;

use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};
use remedy::plan::deletion;
use remedy::{AwsCall, Ending, Function, Hand, Set};

struct DeleteInlinePolicy;

impl Function for DeleteInlinePolicy {
    const NAME: &'static str = "delete-inline-policy";
    const OWNS: Option<Remedy> = Some(Remedy::DeleteInlinePolicy);

    async fn take_back(hand: &mut Hand<'_>, _: &Case, change: &Change, target: &Target) -> Result<Ending, AwsCall> {
        let Some(whom) = target.identity() else {
            return Ok(Ending::unremediable(format!("{target} is no identity")));
        };
        let Some(mut step) = deletion(change) else {
            return Ok(Ending::unremediable("no inline policy was put, so there is none to delete".to_owned()));
        };
        step.setting.identity = whom.clone();
        Ok(match hand.swap(&step).await? {
            (Set::Done, raced) => Ending::done().saying(raced),
            (Set::Already, _) => {
                // An earlier try may have deleted it without being able to send the notice: so this one says how to give it back.
                hand.remember(&step);
                Ending::clean("somebody, or an earlier try at this event, had deleted it".to_owned())
            }
            (Set::Moved, _) => Ending::clean("it says something else now: that is another change, with an event of its own".to_owned()),
            (Set::Gone, _) => hand.gone(whom),
        })
    }
}

fn main() -> ExitCode {
    remedy::run::<DeleteInlinePolicy>()
}
