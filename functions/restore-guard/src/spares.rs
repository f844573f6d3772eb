//! What is left as it is: another one of the same name, and whoever holds the guard some other way.

use policy::Case;
use policy::arn::IamName;
use policy::guardrail::Requirement;
use policy::target::{Identity, IdentityKind};
use remedy::plan::required;
use remedy::reading::{guards, identity};
use remedy::{AwsCall, Ending, Hand, found};

/// How it ends if whoever has the name now was made after the change: whoever lost the guard was deleted, or renamed.
pub async fn another_of_that_name(hand: &Hand<'_>, whom: &Identity) -> Result<Option<Ending>, AwsCall> {
    if !hand.is_another(whom).await? {
        return Ok(None);
    }
    let why = format!("{whom} was made after the change: whoever lost the guard was deleted");
    Ok(Some(match whom.kind {
        IdentityKind::Role => Ending::clean(why),
        IdentityKind::User | IdentityKind::Group => {
            Ending::unremediable(format!("{why}, or renamed: then they lack it under the new name"))
        }
    }))
}

/// How it ends if a user holds what is required through a group, other than the one that they left.
pub async fn held_through_a_group(
    hand: &Hand<'_>,
    case: &Case,
    whom: &Identity,
    left: Option<&IamName>,
) -> Result<Option<Ending>, AwsCall> {
    let Some(required) = required(case).filter(|_| whom.is_user()) else {
        return Ok(None);
    };
    let groups = found(identity::groups(hand.reader(), &whom.name).await)?.unwrap_or_default();
    for group in groups.into_iter().map(Identity::group) {
        let is_left = left.is_some_and(|left| group.is_named(IdentityKind::Group, left.as_str()));
        if !is_left && holds(hand, case, &group, required).await? == Some(true) {
            return Ok(Some(Ending::clean(format!("{whom} holds what is required through {group}"))));
        }
    }
    Ok(None)
}

/// How it ends if a user who left a group did not lose what is required by that.
pub async fn not_lost_with_the_group(hand: &Hand<'_>, case: &Case, whom: &Identity, left: &IamName) -> Result<Option<Ending>, AwsCall> {
    let Some(required) = required(case) else {
        return Ok(None);
    };
    let group = Identity::group(left.clone());
    match holds(hand, case, &group, required).await? {
        Some(true) => {}
        Some(false) => return Ok(Some(Ending::clean(format!("{group} no longer holds what is required")))),
        None => return Ok(Some(Ending::unremediable(format!("{group} is gone: give {whom} what is required in some other way")))),
    }
    if holds(hand, case, whom, required).await? == Some(true) {
        return Ok(Some(Ending::clean(format!("{whom} holds what is required directly"))));
    }
    held_through_a_group(hand, case, whom, Some(left)).await
}

async fn holds(hand: &Hand<'_>, case: &Case, identity: &Identity, required: &Requirement) -> Result<Option<bool>, AwsCall> {
    guards::holds(hand.reader(), identity, required, required.policy(&case.account, &case.partition).as_ref()).await
}
