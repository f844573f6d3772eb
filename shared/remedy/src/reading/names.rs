//! Which policies still name a user or group as it was called before.

use aws_sdk_iam::types::EntityType;
use policy::arn::UniqueId;
use policy::change::Renamed;
use policy::document::plain;
use policy::facts::NamedBy;
use policy::target::{Identity, IdentityKind};
use policy::text;

use super::{Reader, identity};
use crate::error::{AwsCall, Named as _};

/// Entries on one page. Small, because each can be long: only one page is in memory at a time.
const PAGE: i32 = 100;
/// Policies that are remembered: who named it in more has changed them by a program.
const MOST: usize = 100;

/// Who a renamed user or group is now, and which policies of the account name it as it was called before. Policies of buckets, keys and the like are
/// not looked at.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn named_by(reader: &Reader, renamed: &Renamed) -> Result<NamedBy, AwsCall> {
    let now = Identity::new(renamed.identity.kind, renamed.new_name.clone());
    let id = identity::id_of(reader, &now).await?.and_then(|id| UniqueId::new(&id).ok()).or_else(|| renamed.identity.id.clone());
    let mut policies = Vec::new();
    if renamed.new_name == renamed.identity.name {
        return Ok(NamedBy { id, policies });
    }
    let mut note = |document: Option<&str>, what: &dyn Fn() -> String| {
        if policies.len() < MOST
            && document.is_some_and(|document| plain(document).is_ok_and(|document| names(&document, &renamed.identity)))
        {
            policies.push(what());
        }
    };
    let request = reader.get_account_authorization_details().max_items(PAGE);
    let kinds = [EntityType::User, EntityType::Group, EntityType::Role, EntityType::LocalManagedPolicy];
    let mut pages = request.set_filter(Some(kinds.to_vec())).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.named("iam:GetAccountAuthorizationDetails for", &renamed.identity)?;
        for policy in page.policies() {
            for version in policy.policy_version_list().iter().filter(|version| version.is_default_version()) {
                note(version.document(), &|| format!("policy {}", text::name(policy.arn().unwrap_or_default())));
            }
        }
        for role in page.role_detail_list() {
            let role_name = text::name(role.role_name().unwrap_or_default());
            note(role.assume_role_policy_document(), &|| format!("the trust policy of role {role_name}"));
            for policy in role.role_policy_list() {
                note(policy.policy_document(), &|| inline("role", &role_name, policy.policy_name()));
            }
        }
        for user in page.user_detail_list() {
            let user_name = text::name(user.user_name().unwrap_or_default());
            for policy in user.user_policy_list() {
                note(policy.policy_document(), &|| inline("user", &user_name, policy.policy_name()));
            }
        }
        for group in page.group_detail_list() {
            let group_name = text::name(group.group_name().unwrap_or_default());
            for policy in group.group_policy_list() {
                note(policy.policy_document(), &|| inline("group", &group_name, policy.policy_name()));
            }
        }
    }
    Ok(NamedBy { id, policies })
}

fn inline(kind: &str, holder: &str, policy: Option<&str>) -> String {
    format!("inline policy {} of {kind} {holder}", text::name(policy.unwrap_or_default()))
}

/// Whether a document has the ARN of a user or group of this name, under whichever path.
fn names(document: &str, Identity { kind, name, .. }: &Identity) -> bool {
    let marker = match kind {
        IdentityKind::User => ":user/",
        IdentityKind::Group => ":group/",
        IdentityKind::Role => ":role/",
    };
    let arns = document.split('"').filter(|text| text.starts_with("arn:")).filter_map(|arn| arn.split_once(marker));
    arns.map(|(_, path)| path.rsplit('/').next().unwrap_or_default()).any(|last| last == name.as_str())
}

#[cfg(test)]
mod tests {
    use policy::arn::IamName;

    use super::*;

    #[test]
    fn a_document_names_somebody_under_any_path_and_nobody_whose_name_only_begins_alike() {
        let polsen = Identity::user(IamName::new("polsen").unwrap());
        for (principal, is_named) in [
            ("arn:aws:iam::123456789012:user/polsen", true),
            ("arn:aws:iam::123456789012:user/team/a/polsen", true),
            ("arn:aws:iam::123456789012:user/polsen2", false),
            ("arn:aws:iam::123456789012:user/polsen/other", false),
            ("arn:aws:iam::123456789012:role/polsen", false),
            ("polsen", false),
        ] {
            let document = format!(r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"*"}}}}"#);
            assert_eq!(names(&document, &polsen), is_named, "{principal}");
        }
    }
}
