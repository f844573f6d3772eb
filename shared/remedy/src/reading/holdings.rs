//! The documents behind a change: the policy that it gave, and everything else that its target holds.

use std::borrow::Cow;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use policy::arn::{IamName, PolicyArn};
use policy::change::Gives;
use policy::containment::{self, Quarantine};
use policy::document::plain;
use policy::facts::Texts;
use policy::target::{Identity, IdentityKind};

use super::{Reader, identity};
use crate::error::{AwsCall, Named as _, found};

/// How many documents are read at once. IAM throttles the account as a whole, and other people's calls with it.
const SIDE_BY_SIDE: usize = 4;

/// What is left out of the holdings of an identity: the thing that a change gave it.
#[derive(Clone, Copy)]
pub enum Except<'a> {
    /// Nothing but Rescind's own quarantines.
    Nothing,
    /// Nothing at all.
    NotEvenQuarantines,
    /// The attachment of this policy to the identity itself.
    Attachment(&'a PolicyArn),
    /// This policy, attached to the identity or to one of its groups.
    Policy(&'a PolicyArn),
    /// The identity's inline policy of this name.
    Inline(&'a IamName),
    /// Membership in this group.
    Membership(&'a IamName),
}

impl<'a> Except<'a> {
    /// What a change gave.
    #[must_use]
    pub const fn what(given: Gives<'a>) -> Self {
        match given {
            Gives::Nothing | Gives::Version(_) => Self::Nothing,
            Gives::Managed(arn) => Self::Attachment(arn),
            Gives::Inline(name, _) => Self::Inline(name),
            Gives::Membership(group) => Self::Membership(group),
        }
    }
}

/// The default version of a managed policy, as IAM gives it; `None` if the policy is gone.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn document(reader: &Reader, policy_arn: &str) -> Result<Option<String>, AwsCall> {
    match default_version(reader, policy_arn).await? {
        Some(version) => version_document(reader, policy_arn, &version).await,
        None => Ok(None),
    }
}

/// The id of a managed policy's default version; `None` if the policy is gone.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn default_version(reader: &Reader, policy_arn: &str) -> Result<Option<String>, AwsCall> {
    let answer = reader.get_policy().policy_arn(policy_arn).send().await;
    let Some(answer) = found(answer.named("iam:GetPolicy on", &policy_arn))? else {
        return Ok(None);
    };
    let version = answer.policy.and_then(|policy| policy.default_version_id);
    version.ok_or_else(|| AwsCall::empty(format!("iam:GetPolicy on {policy_arn}"))).map(Some)
}

/// The ids of all versions of a managed policy; none if the policy is gone.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn versions(reader: &Reader, policy_arn: &str) -> Result<Vec<String>, AwsCall> {
    // At most five, so there is one page (IAM user guide, "IAM and AWS STS quotas").
    let answer = reader.list_policy_versions().policy_arn(policy_arn).send().await;
    let listed = found(answer.named("iam:ListPolicyVersions of", &policy_arn))?.and_then(|answer| answer.versions);
    Ok(listed.unwrap_or_default().into_iter().filter_map(|version| version.version_id).collect())
}

/// One version of a managed policy, as IAM gives it; `None` if it is gone.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn version_document(reader: &Reader, policy_arn: &str, version: &str) -> Result<Option<String>, AwsCall> {
    let answer = reader.get_policy_version().policy_arn(policy_arn).version_id(version).send().await;
    let Some(answer) = found(answer.named("iam:GetPolicyVersion on", &policy_arn))? else {
        return Ok(None);
    };
    let document = answer.policy_version.and_then(|version| version.document);
    document.ok_or_else(|| AwsCall::empty(format!("iam:GetPolicyVersion on {policy_arn}"))).map(Some)
}

/// Everything that an identity holds but for one thing; `None` if the identity is gone. Rescind's own quarantines are left out: a decision
/// must not depend on whether another function was faster.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn of(reader: &Reader, identity: &Identity, except: Except<'_>) -> Result<Option<Texts>, AwsCall> {
    let Some(boundary) = boundary(reader, identity).await? else {
        return Ok(None);
    };
    let Some(mut policies) = of_identity(reader, identity, except).await? else {
        return Ok(None);
    };
    if identity.is_user() {
        let groups = found(identity::groups(reader, &identity.name).await)?.unwrap_or_default();
        let is_left_out = |name: &IamName| matches!(except, Except::Membership(left) if name.as_str().eq_ignore_ascii_case(left.as_str()));
        for group in groups.into_iter().filter(|name| !is_left_out(name)).map(Identity::group) {
            let except = if matches!(except, Except::Policy(_)) { except } else { Except::Nothing };
            policies.extend(of_identity(reader, &group, except).await?.unwrap_or_default());
        }
    }
    let boundary = match boundary {
        // IAM does not let anybody delete a policy while it is a boundary, so one that is gone is an error, not an absent boundary.
        Some(arn) => {
            let text = document(reader, &arn).await?;
            let text = text.ok_or_else(|| AwsCall::empty(format!("reading the permissions boundary {arn}")))?;
            let quarantine = PolicyArn::new(&arn).ok().and_then(|arn| containment::text_of(&arn));
            let is_left_out = |text: &String| quarantine.is_some_and(|quarantine| containment::says(text, &quarantine));
            Some(text).filter(|text| matches!(except, Except::NotEvenQuarantines) || !is_left_out(text))
        }
        None => None,
    };
    Ok(Some(Texts { policies, boundary }))
}

/// The ARN of the identity's permissions boundary, if it has one; `None` if the identity is gone. A group has none.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn boundary(reader: &Reader, identity: &Identity) -> Result<Option<Option<String>>, AwsCall> {
    let name = identity.name.as_str();
    let boundary = match identity.kind {
        IdentityKind::User => {
            let answer = reader.get_user().user_name(name).send().await.named("iam:GetUser on", identity);
            found(answer)?.map(|answer| answer.user.and_then(|user| user.permissions_boundary))
        }
        IdentityKind::Role => {
            let answer = reader.get_role().role_name(name).send().await.named("iam:GetRole on", identity);
            found(answer)?.map(|answer| answer.role.and_then(|role| role.permissions_boundary))
        }
        IdentityKind::Group => Some(None),
    };
    Ok(boundary.map(|boundary| boundary.and_then(|boundary| boundary.permissions_boundary_arn)))
}

/// The documents of one user, group or role itself, attached and inline; `None` if it is gone.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn of_identity(reader: &Reader, identity: &Identity, except: Except<'_>) -> Result<Option<Vec<String>>, AwsCall> {
    let (Some(attached), Some(inline)) = (found(attached(reader, identity).await)?, found(inline(reader, identity).await)?) else {
        return Ok(None);
    };
    let is_left_out =
        |arn: &str| matches!(except, Except::Attachment(left) | Except::Policy(left) if left.as_str().eq_ignore_ascii_case(arn));
    let all = matches!(except, Except::NotEvenQuarantines);
    // One that is gone since it was listed grants nothing any more.
    let managed = attached.iter().filter(|arn| !is_left_out(arn)).map(async |arn: &String| {
        let text = document(reader, arn).await?;
        let quarantine = PolicyArn::new(arn).ok().and_then(|arn| containment::text_of(&arn));
        let is_ours = |text: &String| quarantine.as_ref().is_some_and(|quarantine| containment::says(text, quarantine));
        Ok::<_, AwsCall>(text.filter(|text| all || !is_ours(text)))
    });
    let own = inline.iter().filter(|name| !matches!(except, Except::Inline(left) if left.as_str() == *name)).map(async |name: &String| {
        let text = found(inline_document(reader, identity, name).await)?;
        Ok::<_, AwsCall>(text.filter(|text| all || !is_quarantine(name, text)))
    });
    let managed: Vec<Option<String>> = stream::iter(managed).buffered(SIDE_BY_SIDE).try_collect().await?;
    let own: Vec<Option<String>> = stream::iter(own).buffered(SIDE_BY_SIDE).try_collect().await?;
    Ok(Some(managed.into_iter().chain(own).flatten().collect()))
}

fn is_quarantine(policy_name: &str, text: &str) -> bool {
    Quarantine::named(policy_name).is_some_and(|quarantine| quarantine.matches(text))
}

/// All pages of a listing: `next` takes the marker, and gives the items and the next marker.
async fn pages(
    mut page: impl AsyncFnMut(Option<String>) -> Result<(Vec<String>, Option<String>), AwsCall>,
) -> Result<Vec<String>, AwsCall> {
    let (mut all, mut marker) = (Vec::new(), None);
    loop {
        let (items, next) = page(marker).await?;
        all.extend(items);
        if next.is_none() {
            return Ok(all);
        }
        marker = next;
    }
}

/// The ARNs of the managed policies that are attached to an identity.
///
/// # Errors
///
/// If there is no such identity, or IAM did not answer.
pub async fn attached(reader: &Reader, identity: &Identity) -> Result<Vec<String>, AwsCall> {
    let name = identity.name.as_str();
    let arns = |list: Option<Vec<aws_sdk_iam::types::AttachedPolicy>>| {
        list.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn).collect()
    };
    match identity.kind {
        IdentityKind::User => {
            pages(async |marker| {
                let answer = reader
                    .list_attached_user_policies()
                    .user_name(name)
                    .set_marker(marker)
                    .send()
                    .await
                    .named("iam:ListAttachedUserPolicies on", identity)?;
                Ok((arns(answer.attached_policies), answer.marker))
            })
            .await
        }
        IdentityKind::Group => {
            pages(async |marker| {
                let answer = reader
                    .list_attached_group_policies()
                    .group_name(name)
                    .set_marker(marker)
                    .send()
                    .await
                    .named("iam:ListAttachedGroupPolicies on", identity)?;
                Ok((arns(answer.attached_policies), answer.marker))
            })
            .await
        }
        IdentityKind::Role => {
            pages(async |marker| {
                let answer = reader
                    .list_attached_role_policies()
                    .role_name(name)
                    .set_marker(marker)
                    .send()
                    .await
                    .named("iam:ListAttachedRolePolicies on", identity)?;
                Ok((arns(answer.attached_policies), answer.marker))
            })
            .await
        }
    }
}

/// The names of an identity's inline policies.
///
/// # Errors
///
/// If there is no such identity, or IAM did not answer.
pub async fn inline(reader: &Reader, identity: &Identity) -> Result<Vec<String>, AwsCall> {
    let name = identity.name.as_str();
    match identity.kind {
        IdentityKind::User => {
            pages(async |marker| {
                let answer = reader
                    .list_user_policies()
                    .user_name(name)
                    .set_marker(marker)
                    .send()
                    .await
                    .named("iam:ListUserPolicies on", identity)?;
                Ok((answer.policy_names, answer.marker))
            })
            .await
        }
        IdentityKind::Group => {
            pages(async |marker| {
                let answer = reader
                    .list_group_policies()
                    .group_name(name)
                    .set_marker(marker)
                    .send()
                    .await
                    .named("iam:ListGroupPolicies on", identity)?;
                Ok((answer.policy_names, answer.marker))
            })
            .await
        }
        IdentityKind::Role => {
            pages(async |marker| {
                let answer = reader
                    .list_role_policies()
                    .role_name(name)
                    .set_marker(marker)
                    .send()
                    .await
                    .named("iam:ListRolePolicies on", identity)?;
                Ok((answer.policy_names, answer.marker))
            })
            .await
        }
    }
}

/// The text of an inline policy, byte for byte as it was put: IAM answers with it percent-encoded.
///
/// # Errors
///
/// If there is none of that name, or IAM did not answer.
pub async fn inline_document(reader: &Reader, identity: &Identity, policy: &str) -> Result<String, AwsCall> {
    let name = identity.name.as_str();
    match identity.kind {
        IdentityKind::User => {
            let answer =
                reader.get_user_policy().user_name(name).policy_name(policy).send().await.named("iam:GetUserPolicy on", identity)?;
            Ok(plain_text(&answer.policy_document))
        }
        IdentityKind::Group => {
            let answer =
                reader.get_group_policy().group_name(name).policy_name(policy).send().await.named("iam:GetGroupPolicy on", identity)?;
            Ok(plain_text(&answer.policy_document))
        }
        IdentityKind::Role => {
            let answer =
                reader.get_role_policy().role_name(name).policy_name(policy).send().await.named("iam:GetRolePolicy on", identity)?;
            Ok(plain_text(&answer.policy_document))
        }
    }
}

/// The text of a role's trust policy, byte for byte as it was set: IAM answers with it percent-encoded.
///
/// # Errors
///
/// If there is no such role, or IAM did not answer.
pub async fn trust_document(reader: &Reader, role: &Identity) -> Result<String, AwsCall> {
    let answer = reader.get_role().role_name(role.name.as_str()).send().await.named("iam:GetRole on", role)?;
    let text = answer.role.and_then(|role| role.assume_role_policy_document);
    text.map(|text| plain_text(&text)).ok_or_else(|| AwsCall::empty(format!("reading the trust policy of {role}")))
}

fn plain_text(text: &str) -> String {
    // A text that is no percent-encoding is kept as it is: it is compared and shown, never guessed at.
    plain(text).map_or_else(|_| text.to_owned(), Cow::into_owned)
}
