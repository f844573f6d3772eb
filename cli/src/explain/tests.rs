use serde_json::{Value, json};

use super::*;

fn allowing(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}})
}

fn details(changed: impl FnOnce(&mut Value)) -> String {
    let mut details = json!({
        "UserDetailList": [{
            "UserName": "polsen", "Arn": "arn:aws:iam::123456789012:user/polsen", "GroupList": ["admins"],
            "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": allowing("sqs:ListQueues")}],
        }],
        "GroupDetailList": [{
            "GroupName": "admins", "Arn": "arn:aws:iam::123456789012:group/admins",
            "AttachedManagedPolicies": [{"PolicyName": "ReadOnly", "PolicyArn": "arn:aws:iam::123456789012:policy/ReadOnly"}],
        }],
        "RoleDetailList": [{
            "RoleName": "deployer", "Arn": "arn:aws:iam::123456789012:role/deployer",
            "AssumeRolePolicyDocument": {"Statement": [
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
                {"Effect": "Allow", "Principal": "*", "Action": "sts:*",
                 "Condition": {"StringEquals": {"sts:ExternalId": "x"}}},
            ]},
        }],
        "Policies": [{
            "Arn": "arn:aws:iam::123456789012:policy/ReadOnly",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": allowing("*")}],
        }],
    });
    changed(&mut details);
    details.to_string()
}

fn explained<T>(json: &str, kind: IdentityKind, name: &str, ask: impl FnOnce(&Explanation) -> T) -> T {
    let account = Account::parse(json).unwrap();
    ask(&Explanation::of(&account.holder(kind, name).unwrap()))
}

#[test]
fn the_tree_leads_from_the_user_through_its_group_to_what_makes_it_admin() {
    let text = explained(&details(|_| {}), IdentityKind::User, "polsen", |user| tree::of(user, false));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "user polsen  arn:aws:iam::123456789012:user/polsen");
    assert_eq!(lines[1], "├─ policy own (inline) → nothing dangerous");
    assert_eq!(lines[2], "└─ group admins");
    assert!(lines[3].starts_with("   └─ policy ReadOnly arn:aws:iam::123456789012:policy/ReadOnly → admin"), "{text}");
    assert!(text.contains("\nAll together: admin"), "{text}");
}

#[test]
fn a_boundary_takes_away_what_it_does_not_leave() {
    let bounded = details(|details| {
        details["UserDetailList"][0]["PermissionsBoundary"] = json!({"PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/Narrow"});
        let narrow = json!({
            "Arn": "arn:aws:iam::123456789012:policy/Narrow",
            "PolicyVersionList": [{"IsDefaultVersion": true, "Document": allowing("sqs:ListQueues")}],
        });
        details["Policies"].as_array_mut().unwrap().push(narrow);
    });
    explained(&bounded, IdentityKind::User, "polsen", |user| {
        assert!(user.complete && !user.can.possible.contains(&"admin"));
        let text = tree::of(user, false);
        assert!(text.contains("policy/Narrow → leaves at most nothing dangerous\n"), "{text}");
    });
}

#[test]
fn nothing_is_definite_where_a_policy_was_left_out() {
    let cut = details(|details| details["Policies"] = json!([]));
    explained(&cut, IdentityKind::User, "polsen", |user| {
        assert!(!user.complete && user.can.definite.is_empty());
        let text = tree::of(user, false);
        assert!(text.contains("→ not known: its document is not in the account's details"), "{text}");
        assert!(text.contains("Not everything could be read"), "{text}");
    });
}

#[test]
fn a_role_that_anyone_can_assume_says_so_loudly() {
    let text = explained(&details(|_| {}), IdentityKind::Role, "deployer", |role| tree::of(role, false));
    let assumed = text.split("Who can assume it:\n").nth(1).unwrap();
    assert_eq!(assumed, "  service ec2.amazonaws.com\n  ANYONE, if StringEquals sts:ExternalId x\n");
}

#[test]
fn names_from_outside_cannot_write_to_the_terminal() {
    let hostile = details(|details| details["UserDetailList"][0]["UserPolicyList"][0]["PolicyName"] = json!("\u{1b}[2J\u{202e}"));
    let text = explained(&hostile, IdentityKind::User, "polsen", |user| tree::of(user, false));
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn colour_changes_no_word() {
    explained(&details(|_| {}), IdentityKind::Role, "deployer", |role| {
        let coloured = tree::of(role, true);
        assert!(coloured.contains("\u{1b}[1;31mANYONE\u{1b}[0m"));
        let plain = ["\u{1b}[1;31m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[33m", "\u{1b}[0m"]
            .iter()
            .fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(plain, tree::of(role, false));
    });
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let json = details(|_| {});
    let message = unknown(&Account::parse(&json).unwrap(), IdentityKind::User, "Polson").to_string();
    assert_eq!(message, "the account has no user `Polson`\n    help: did you mean `polsen`?");
}
