//! Restores a policy, a permissions boundary or a membership that the rulebook requires, if it is still gone two minutes after somebody removed it.

mod spares;

use std::process::ExitCode;

use policy::access::Width;
use policy::arn::PolicyArn;
use policy::remedy::Remedy;
use policy::target::{Identity, Target};
use policy::{Case, Change};
use remedy::plan::{Restoration, restoration};
use remedy::reading::guards;
use remedy::setting::{Boundary, InlinePolicy, Live, Setting, Step};
use remedy::{AwsCall, Ending, Function, Hand, Set};

struct RestoreGuard;

impl Function for RestoreGuard {
    const NAME: &'static str = "restore-guard";
    const OWNS: Option<Remedy> = Some(Remedy::RestoreGuard);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change, target: &Target) -> Result<Ending, AwsCall> {
        let Some(whom) = target.identity() else {
            return Ok(Ending::unremediable(format!("{target} is no identity")));
        };
        let restoration = match restoration(case, change) {
            Ok(restoration) => restoration.of(whom),
            Err(why) => return Ok(Ending::unremediable(why)),
        };
        if let Some(ending) = spares::another_of_that_name(hand, whom).await? {
            return Ok(ending);
        }
        match restoration {
            Restoration::Attachment(step) => {
                if let Some(ending) = spares::held_through_a_group(hand, case, whom, None).await? {
                    return Ok(ending);
                }
                made(hand, &step, whom).await
            }
            Restoration::Inline(step) => {
                if let Some(ending) = spares::held_through_a_group(hand, case, whom, None).await? {
                    return Ok(ending);
                }
                put(hand, step, whom).await
            }
            Restoration::Membership(step) => {
                if let Some(ending) = spares::not_lost_with_the_group(hand, case, whom, &step.setting.group).await? {
                    return Ok(ending);
                }
                made(hand, &step, whom).await
            }
            Restoration::Boundary(step) => bound(hand, step, whom).await,
        }
    }
}

/// Makes a step, if what it needs is there.
#[expect(clippy::future_not_send, reason = "a function handles one event at a time, on one thread")]
async fn made<S: Setting>(hand: &mut Hand<'_>, step: &Step<S>, whom: &Identity) -> Result<Ending, AwsCall> {
    if let Some(obstacle) = step.setting.obstacle(hand.reader(), &step.to).await? {
        return Ok(Ending::unremediable(format!("{obstacle}: it is required, so give it back, or change the guardrail")));
    }
    Ok(match hand.swap(step).await? {
        (Set::Done, raced) => Ending::done().saying(raced),
        (Set::Already, _) => Ending::clean(format!("somebody, or an earlier try at this event, had restored it: {}", step.setting)),
        (Set::Moved, _) => Ending::unremediable(format!("somebody keeps changing {}: look at it, and restore it", step.setting)),
        (Set::Gone, _) => hand.gone(whom),
    })
}

/// Puts a required inline policy, in place of another text if there is one under its name by now: the undo gives that text back.
async fn put(hand: &mut Hand<'_>, step: Step<InlinePolicy>, whom: &Identity) -> Result<Ending, AwsCall> {
    match step.setting.resolve(hand.reader()).await? {
        Live::Is(Some(text)) if !InlinePolicy::is_same(&Some(text.clone()), &step.to) => {
            let step = Step { from: Some(text), ..step };
            let note = "somebody had put another text under that name: read it in the undo command before you run that, because `rescind undo` refuses to".to_owned();
            Ok(made(hand, &step, whom).await?.saying(Some(note)))
        }
        _ => made(hand, &step, whom).await,
    }
}

/// Sets a required boundary, unless the one that is there now is certainly not looser. In doubt a person decides.
async fn bound(hand: &mut Hand<'_>, step: Step<Boundary>, whom: &Identity) -> Result<Ending, AwsCall> {
    let live = match step.setting.resolve(hand.reader()).await? {
        Live::Is(live) => live,
        Live::Gone | Live::Unclear => return Ok(hand.gone(whom)),
    };
    if let (Some(boundary), Some(required)) = (&live, &step.to)
        && let Some(ending) = limited(hand, boundary, required).await?
    {
        return Ok(ending);
    }
    made(hand, &Step { from: live, ..step }, whom).await
}

/// How it ends if a boundary is left as it is.
async fn limited(hand: &Hand<'_>, boundary: &PolicyArn, required: &PolicyArn) -> Result<Option<Ending>, AwsCall> {
    // The required one itself may have been set by an earlier try: the hand knows.
    if boundary.as_str().eq_ignore_ascii_case(required.as_str()) {
        return Ok(None);
    }
    Ok(match guards::compared(hand.reader(), boundary, required).await? {
        Width::NotLooser => Some(Ending::clean(format!("the boundary that is there now, {}, is not looser", boundary.name()))),
        Width::Unclear => Some(Ending::unremediable(guards::unclear(boundary, required))),
        Width::Looser => None,
    })
}

fn main() -> ExitCode {
    remedy::run::<RestoreGuard>()
}
