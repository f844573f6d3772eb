use serde_json::{Value, json};

use super::*;

const ARN: &str = "arn:aws:iam::123456789012:policy/team/Reads";

fn reads() -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}})
}

/// An account in which polsen is in admins, bounded by `Reads`, which admins also has attached.
fn account(document: &Value) -> String {
    json!({
        "UserDetailList": [{
            "UserName": "polsen", "Arn": "arn:aws:iam::123456789012:user/polsen", "GroupList": ["Admins"],
            "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": document}],
            "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": ARN},
        }],
        "GroupDetailList": [{
            "GroupName": "admins", "Arn": "arn:aws:iam::123456789012:group/admins", "GroupPolicyList": [],
            "AttachedManagedPolicies": [{"PolicyName": "Reads", "PolicyArn": ARN}],
        }],
        "RoleDetailList": [{
            "RoleName": "deployer", "Arn": "arn:aws:iam::123456789012:role/deployer",
            "AssumeRolePolicyDocument": {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}},
        }],
        "Policies": [{
            "PolicyName": "Reads", "Arn": ARN,
            "PolicyVersionList": [
                {"VersionId": "v2", "IsDefaultVersion": false, "Document": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}},
                {"VersionId": "v1", "IsDefaultVersion": true, "Document": document},
            ],
        }],
    })
    .to_string()
}

fn with<T>(json: &str, ask: impl FnOnce(&Holder<'_>) -> T) -> T {
    let account = Account::parse(json).unwrap();
    ask(&account.holder(IdentityKind::User, "polsen").unwrap())
}

#[test]
fn a_user_holds_its_own_policies_and_those_of_its_groups() {
    with(&account(&reads()), |user| {
        let held: Vec<_> = user.held().map(|held| (held.name, held.origin)).collect();
        assert_eq!(held, [("own", Origin::Inline), ("Reads", Origin::Managed(ARN))]);
        assert!(user.is_complete() && user.trust.is_none());
    });
}

#[test]
fn the_default_version_of_a_managed_policy_counts_wherever_it_stands() {
    with(&account(&reads()), |user| {
        let boundary = user.boundary.as_ref().unwrap().document.as_ref().unwrap();
        assert_eq!(boundary.statements[0].actions.values, ["s3:GetObject"]);
    });
}

#[test]
fn a_document_is_the_same_as_object_as_text_and_percent_encoded() {
    let text = reads().to_string();
    let encoded = text.bytes().fold(String::new(), |mut out, byte| {
        use std::fmt::Write as _;
        write!(out, "%{byte:02X}").unwrap();
        out
    });
    let read = |document: &Value| with(&account(document), |user| format!("{:?}", user.policies[0].document.as_ref().unwrap()));
    let object = read(&reads());
    assert_eq!(read(&Value::String(text)), object);
    assert_eq!(read(&Value::String(encoded)), object);
}

#[test]
fn names_are_found_whatever_their_case() {
    let json = account(&reads());
    let account = Account::parse(&json).unwrap();
    assert_eq!(account.holder(IdentityKind::Role, "DEPLOYER").unwrap().name, "deployer");
    assert!(account.holder(IdentityKind::Group, "polsen").is_none());
}

#[test]
fn a_role_has_a_trust_policy() {
    let json = account(&reads());
    let account = Account::parse(&json).unwrap();
    let role = account.holder(IdentityKind::Role, "deployer").unwrap();
    assert_eq!(role.trust.unwrap().unwrap().statements[0].actions.values, ["sts:AssumeRole"]);
}

#[test]
fn a_managed_policy_that_was_left_out_is_unread_and_not_empty() {
    let mut json: Value = serde_json::from_str(&account(&reads())).unwrap();
    json["Policies"] = json!([]);
    with(&json.to_string(), |user| {
        assert!(!user.is_complete());
        assert!(matches!(user.groups[0].policies.as_ref().unwrap()[0].document, Err(Unread::Absent)));
    });
}

#[test]
fn a_group_that_was_left_out_makes_its_members_incomplete() {
    let mut json: Value = serde_json::from_str(&account(&reads())).unwrap();
    json["GroupDetailList"] = json!([]);
    with(&json.to_string(), |user| assert!(!user.is_complete() && user.groups[0].policies.is_none()));
}

#[test]
fn a_document_that_cannot_be_read_is_told_by_its_holder() {
    with(&account(&json!({"Statement": [{"Effect": "allow"}]})), |user| {
        let message = user.policies[0].document.as_ref().unwrap_err().to_string();
        assert!(message.starts_with("not a policy document: "), "{message}");
        assert!(!user.is_complete());
    });
}

#[test]
fn what_is_no_account_is_refused() {
    for json in ["", "[]", "{}", r#"{"UserDetailList": []}"#] {
        let message = Account::parse(json).unwrap_err().to_string();
        assert!(message.starts_with("not what `aws iam get-account-authorization-details` prints"), "{message}");
    }
}
