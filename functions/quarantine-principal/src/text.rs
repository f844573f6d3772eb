//! The text of a policy by which others are contained: one new version would lift every quarantine at once.

use policy::Case;
use policy::arn::PolicyArn;
use policy::case::Call;
use policy::containment;
use policy::text;
use remedy::reading::{Reader, holdings};
use remedy::setting::{DefaultVersion, Step};
use remedy::{AwsCall, Ending, Failure, Hand, Set};

use crate::everything;

/// How often a version is looked for while somebody deletes and adds others.
const TRIES: u32 = 2;

/// Makes a version with the original text the default one again.
pub async fn restore(hand: &mut Hand<'_>, case: &Case, policy: &PolicyArn) -> Result<Ending, AwsCall> {
    let Some(wanted) = containment::text_of(policy) else {
        return Ok(Ending::unremediable(format!("{} is no policy that Rescind contains anybody by", text::name(policy.as_str()))));
    };
    for _ in 0..TRIES {
        let Some(live) = holdings::default_version(hand.reader(), policy.as_str()).await? else {
            return instead(hand, case, policy, "is gone").await;
        };
        let Some(version) = version_with(hand, policy, &live, &wanted).await? else {
            break;
        };
        let step = Step { setting: DefaultVersion { policy: policy.clone() }, from: live.clone(), to: version };
        if step.to == live && !hand.has_begun(&step) {
            return Ok(Ending::clean("it still has its text, or somebody has restored it".to_owned()));
        }
        match hand.swap(&step).await {
            Ok((Set::Done, raced)) => return Ok(Ending::done().saying(raced)),
            Ok((Set::Already, _)) => return Ok(Ending::clean("somebody has restored it".to_owned())),
            // Somebody deletes this version, or makes another one the default, at this moment.
            Ok((Set::Gone | Set::Moved, _)) => {}
            Err(call) if call.failure == Failure::Unsettled => {}
            Err(call) => return Err(call),
        }
    }
    instead(hand, case, policy, "has no version with the original text any more").await
}

/// A version with this text: the present default first, since somebody may have written the same, or an earlier try may have restored it.
async fn version_with(hand: &Hand<'_>, policy: &PolicyArn, live: &str, wanted: &str) -> Result<Option<String>, AwsCall> {
    let others = holdings::versions(hand.reader(), policy.as_str()).await?.into_iter().filter(|version| version != live);
    for version in std::iter::once(live.to_owned()).chain(others) {
        let text = holdings::version_document(hand.reader(), policy.as_str(), &version).await?;
        if text.is_some_and(|text| containment::says(&text, wanted)) {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

/// Rescind writes no version: whoever could make it write that text could grant everybody everything. So AWS's own policy contains the users whom
/// the ledger says that this one contained. One who cannot be contained holds up no other.
async fn instead(hand: &mut Hand<'_>, case: &Case, policy: &PolicyArn, why: &str) -> Result<Ending, AwsCall> {
    let lost = format!("{} {why}; to repair it: {}", text::name(policy.as_str()), rewritten(hand.reader(), policy).await?);
    let aws = containment::aws_denies_all(&case.partition).filter(|_| containment::is_called_deny_everything(policy));
    let Some(aws) = aws else {
        return Ok(Ending::unremediable(lost));
    };
    let (mut contained, mut failure) = (Vec::new(), None);
    for user in hand.users_contained_by(policy).await? {
        match everything::by(hand, &user, &aws).await {
            Ok(ending) if ending.is_done() => contained.push(user.to_string()),
            Ok(_) => {}
            Err(call) => failure = Some(call),
        }
    }
    if let Some(call) = failure {
        return Err(call);
    }
    Ok(match &*contained {
        [] => Ending::unremediable(lost),
        users => Ending::done().saying(Some(format!("AWS's own {} now contains {}, because {lost}", aws.name(), users.join(", ")))),
    })
}

/// The command that gives a policy its text back.
pub async fn rewritten(reader: &Reader, policy: &PolicyArn) -> Result<String, AwsCall> {
    let text = containment::text_of(policy).unwrap_or_default();
    let call = match holdings::default_version(reader, policy.as_str()).await? {
        Some(_) => Call::iam("CreatePolicyVersion", &[("PolicyArn", policy.as_str()), ("PolicyDocument", &text), ("SetAsDefault", "true")]),
        None => Call::iam("CreatePolicy", &[("PolicyName", policy.name()), ("Path", policy.path()), ("PolicyDocument", &text)]),
    };
    Ok(call.command())
}
