//! Makes the newest version of a managed policy that the rulebook lets stand the default again, if the default still is the forbidden one.

use std::process::ExitCode;

use policy::case::Call;
use policy::change::PolicyVersionSet;
use policy::remedy::Remedy;
use policy::target::{Identity, IdentityKind, Target};
use policy::text;
use policy::{Case, Change};
use remedy::candidates::{self, Choice};
use remedy::reading::holders;
use remedy::setting::{Attachment, DefaultVersion, Setting as _, Step};
use remedy::{AwsCall, Ending, Function, Hand, Set};

struct RestorePolicyVersion;

/// How often a version is chosen while somebody deletes the chosen one.
const TRIES: u32 = 2;
/// At most this many holders are named to a person with the call that detaches the policy from each.
const NAMED: usize = 10;

impl Function for RestorePolicyVersion {
    const NAME: &'static str = "restore-policy-version";
    const OWNS: Option<Remedy> = Some(Remedy::RestorePolicyVersion);

    async fn take_back(hand: &mut Hand<'_>, _: &Case, change: &Change, _: &Target) -> Result<Ending, AwsCall> {
        let (set, forbidden) = match candidates::forbidden(change) {
            Ok(forbidden) => forbidden,
            Err(ending) => return Ok(*ending),
        };
        let set = PolicyVersionSet { replaced: hand.replaces(set).await?, ..set.clone() };
        for _ in 0..TRIES {
            let Some(listed) = candidates::listed(hand, &set).await? else {
                return Ok(Ending::clean("the policy was deleted".to_owned()));
            };
            if candidates::is_another(hand, &set, forbidden).await? {
                return Ok(Ending::clean("another policy has this ARN now, or the version was deleted".to_owned()));
            }
            let setting = DefaultVersion { policy: set.policy_arn.clone() };
            let begun = listed.iter().find(|version| hand.has_begun(&step(&setting, forbidden, &version.id)));
            let to = match begun {
                Some(version) => Choice::Version(version.id.clone()),
                None => candidates::choice(hand, &set, &listed).await?,
            };
            let Choice::Version(to) = to else {
                return nothing_passes(hand, &set, forbidden).await;
            };
            match hand.swap(&step(&setting, forbidden, &to)).await? {
                (Set::Done, raced) => {
                    hand.restored(&set.policy_arn, &to).await;
                    return Ok(Ending::done().saying(raced));
                }
                (Set::Already, _) => {
                    return Ok(Ending::clean(format!("somebody, or an earlier try at this event, had made {to} the default")));
                }
                (Set::Moved, _) => {
                    return Ok(Ending::clean(
                        "another version is the default now: that is another change, with an event of its own".to_owned(),
                    ));
                }
                // Somebody has deleted this version, or the policy, at this moment.
                (Set::Gone, _) => {}
            }
        }
        Ok(Ending::unremediable("the versions of the policy were deleted while Rescind chose one".to_owned()))
    }
}

fn step(setting: &DefaultVersion, forbidden: &str, to: &str) -> Step<DefaultVersion> {
    Step { setting: setting.clone(), from: forbidden.to_owned(), to: to.to_owned() }
}

/// No version passes: a person learns the calls, unless the forbidden version is the default no longer.
async fn nothing_passes(hand: &Hand<'_>, set: &PolicyVersionSet, forbidden: &str) -> Result<Ending, AwsCall> {
    if let Some(why) = candidates::is_over(hand, set, forbidden).await? {
        return Ok(Ending::clean(why.to_owned()));
    }
    let arn = set.policy_arn.as_str();
    let holders = holders::of(hand.reader(), &set.policy_arn).await?.unwrap_or_default();
    let corrected = [("PolicyArn", arn), ("PolicyDocument", "file://corrected.json"), ("SetAsDefault", "true")];
    let detach = |holder: &Identity| Attachment { identity: holder.clone(), policy: set.policy_arn.clone() }.call(&false);
    let calls =
        std::iter::once(Call::iam("CreatePolicyVersion", &corrected)).chain(holders.iter().take(NAMED).filter_map(detach)).collect();
    let count = |kind| holders.iter().filter(|holder| holder.kind == kind).count();
    let (users, groups, roles) = (count(IdentityKind::User), count(IdentityKind::Group), count(IdentityKind::Role));
    let more = holders.len().checked_sub(NAMED).filter(|more| *more > 0);
    let more = more
        .map(|more| format!("; {more} more than are listed here hold it: aws iam list-entities-for-policy names them"))
        .unwrap_or_default();
    let why = format!(
        "no other version of {} passes the guardrails (holders: users {users}, groups {groups}, roles {roles}). Write a text that passes into \
         corrected.json and make it the default, or detach the policy{more}",
        text::name(arn)
    );
    Ok(Ending::unremediable(why).with_calls(calls))
}

fn main() -> ExitCode {
    remedy::run::<RestorePolicyVersion>()
}
