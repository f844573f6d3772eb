//! The text of a policy by which others are contained: one new version would lift every quarantine at once.

use policy::Case;
use policy::arn::{IamName, PolicyArn};
use policy::containment;
use policy::target::Identity;
use policy::text;
use remedy::reading::holdings;
use remedy::setting::{DefaultVersion, Step};
use remedy::{AwsCall, Ending, Failure, Hand, Named as _, Set};

use crate::everything;

/// Makes the version with the original text the default one again.
pub async fn restore(hand: &mut Hand<'_>, case: &Case, policy: &PolicyArn) -> Result<Ending, AwsCall> {
    let (name, arn) = (text::name(policy.as_str()), policy.as_str());
    let Some(wanted) = containment::text_of(policy) else {
        return Ok(Ending::unremediable(format!("{name} is no policy that Rescind contains anybody by")));
    };
    let says = |text: Option<String>| text.is_some_and(|text| containment::says(&text, &wanted));
    let Some(live) = holdings::default_version(hand.reader(), arn).await? else {
        let gone = "is gone: nobody is contained by it. Deploy the stack again; until then AWS's own policy contains users";
        return Ok(Ending::unremediable(format!("{name} {gone}")));
    };
    // The present one first: it may say the same, or an earlier try may have made it the default.
    let others = holdings::versions(hand.reader(), arn).await?.into_iter().filter(|version| *version != live);
    for version in std::iter::once(live.clone()).chain(others) {
        if !says(holdings::version_document(hand.reader(), arn, &version).await?) {
            continue;
        }
        let step = Step { setting: DefaultVersion { policy: policy.clone() }, from: live.clone(), to: version };
        if step.to == live && !hand.has_begun(&step) {
            return Ok(Ending::clean("it says what it has to, by itself or because somebody restored it".to_owned()));
        }
        return match hand.swap(&step).await? {
            (Set::Done, raced) => Ok(Ending::done().saying(raced)),
            (Set::Already, _) => Ok(Ending::clean("somebody had restored it".to_owned())),
            (Set::Gone | Set::Moved, _) => {
                let message = "somebody is changing it at the same moment".to_owned();
                Err(AwsCall { call: format!("restoring {name}"), failure: Failure::Unsettled, message })
            }
        };
    }
    instead(hand, case, policy).await
}

/// No version has the original text any more, and Rescind writes none: whoever could make it write that text could grant everybody everything.
/// So AWS's own policy contains whoever was contained by this one.
async fn instead(hand: &mut Hand<'_>, case: &Case, policy: &PolicyArn) -> Result<Ending, AwsCall> {
    let name = text::name(policy.as_str());
    let lost = format!("no version of {name} has the original text any more");
    let aws = containment::aws_denies_all(&case.partition).filter(|_| containment::is_called_deny_everything(policy));
    let Some(aws) = aws else {
        return Ok(Ending::unremediable(format!("{lost}: contain by hand whoever holds it")));
    };
    let mut users = Vec::new();
    let mut pages = hand.reader().list_entities_for_policy().policy_arn(policy.as_str()).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.named("iam:ListEntitiesForPolicy on", &name)?;
        users.extend(page.policy_users.unwrap_or_default().into_iter().filter_map(|user| user.user_name));
    }
    let mut contained = Vec::new();
    for user in users.iter().filter_map(|user| IamName::new(user).ok()).map(Identity::user) {
        everything::by(hand, &user, &aws).await?;
        contained.push(user.to_string());
    }
    let who = if contained.is_empty() {
        "nobody was contained by it".to_owned()
    } else {
        format!("AWS's own {} now contains {}", aws.name(), contained.join(", "))
    };
    let note = format!("{lost}; {who}. Deploy the stack again");
    Ok(if contained.is_empty() { Ending::unremediable(note) } else { Ending::done().saying(Some(note)) })
}
