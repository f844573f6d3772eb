use proptest::prelude::*;

use super::*;
use crate::access::{Context, Policies, Reading, Request, Requester, Verdict, evaluate};
use crate::document::Document;

const BEFORE: &str = "2026-01-01T12:00:00Z";

fn sessions(of: Sessions) -> Quarantine {
    Quarantine { before: BEFORE.parse().unwrap(), of }
}

fn name(text: &str) -> IamName {
    IamName::new(text).unwrap()
}

/// How somebody is contained.
#[derive(Clone, Copy)]
enum As {
    Attached,
    Boundary,
}

/// Whether an administrator who is denied everything without MFA may make this call.
fn open_without_mfa(action: &str, resource: &str, mfa: Option<&str>) -> bool {
    let everything = Document::parse(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#).unwrap();
    let text = deny_without_mfa();
    let identity = [everything, Document::parse(&text).unwrap()];
    let named = [("aws:username", Some("ann")), ("aws:MultiFactorAuthPresent", mfa)];
    let pairs = named.into_iter().filter_map(|(key, value)| Some((key.into(), vec![value?.into()])));
    let context = Context::new(pairs, []).unwrap();
    let who = Requester::new(USER).unwrap();
    let request = Request { who, action, resource, resource_account: None, context, reading: Reading::Documented };
    evaluate(&request, &Policies { identity: &identity, ..Policies::default() }).definite.verdict == Verdict::Allowed
}

/// Whether an administrator whom this text contains is allowed the action, on a resource that lets everybody in. Of a session made by a contained
/// user, its own policies allow everything as well.
fn leaves(deny: &str, contained: As, who: &str, action: &str, context: &[(&str, &str)]) -> bool {
    let everything = Document::parse(r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#).unwrap();
    let open = Document::parse(r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#).unwrap();
    let deny = Document::parse(deny).unwrap();
    let (identity, boundary) = match contained {
        As::Attached => (vec![everything.clone(), deny], vec![]),
        As::Boundary => (vec![everything.clone()], vec![deny]),
    };
    let session = if who.contains(":federated-user/") { vec![everything] } else { vec![] };
    let context = Context::new(context.iter().map(|(key, value)| ((*key).into(), vec![(*value).into()])), []).unwrap();
    let who = Requester::new(who).unwrap();
    let request = Request { who, action, resource: "*", resource_account: None, context, reading: Reading::Documented };
    let policies = Policies { identity: &identity, boundary: &boundary, session: &session, resource: Some(&open), ..Policies::default() };
    evaluate(&request, &policies).definite.verdict == Verdict::Allowed
}

const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/web/i-0a";
const USER: &str = "arn:aws:iam::123456789012:user/ann";
const FEDERATED: &str = "arn:aws:sts::123456789012:federated-user/ann";

proptest! {
    #[test]
    fn a_contained_user_is_left_nothing_nor_are_its_sessions_or_its_federated_ones(service in "[a-z]{2,8}", call in "[A-Z][A-Za-z]{2,20}", issued in prop::option::of("20[0-9]{2}-0[1-9]-1[0-9]T00:00:00Z")) {
        let action = format!("{service}:{call}");
        let context: Vec<(&str, &str)> = issued.as_deref().map(|issued| ("aws:TokenIssueTime", issued)).into_iter().collect();
        prop_assume!(action != "sts:GetCallerIdentity");
        for who in [USER, FEDERATED] {
            prop_assert!(!leaves(&deny_everything(), As::Attached, who, &action, &context));
            prop_assert!(!leaves(&deny_everything(), As::Boundary, who, &action, &context));
        }
    }

    #[test]
    fn without_mfa_nothing_else_is_left_and_with_mfa_everything(service in "[a-z]{2,8}", call in "[A-Z][A-Za-z]{2,20}", resource in "arn:aws:[a-z0-9]{2,6}:::[a-z/]{1,12}") {
        let action = format!("{service}:{call}");
        prop_assume!(action != "sts:GetCallerIdentity");
        for signed in [None, Some("false")] {
            prop_assert!(!open_without_mfa(&action, &resource, signed));
        }
        prop_assert!(open_without_mfa(&action, &resource, Some("true")));
    }

    #[test]
    fn a_name_tells_what_the_policy_says(seconds in 0..4_000_000_000_i64, kind in 0..3_usize, text in "[A-Za-z0-9+=,.@_-]{2,64}") {
        let before = DateTime::from_timestamp(seconds, 0).unwrap();
        let of = [Sessions::All, Sessions::Named(name(&text)), Sessions::Of(name(&text))].into_iter().nth(kind).unwrap();
        let quarantine = Quarantine { before, of };
        prop_assert_eq!(Quarantine::named(quarantine.policy_name().as_str()), Some(quarantine.clone()));
        prop_assert!(IamName::new(quarantine.policy_name().as_str()).is_ok());
        prop_assert!(Document::parse(&quarantine.document()).is_ok());
    }

    #[test]
    fn no_name_makes_the_reader_panic(text in ".{0,40}") {
        let _ = Quarantine::named(&format!("{PREFIX}{text}"));
    }
}

#[test]
fn without_mfa_a_user_enrols_a_device_and_nobody_else_s() {
    let (own, moved, other) = (USER, "arn:aws:iam::123456789012:user/team/a/ann", "arn:aws:iam::123456789012:user/bob");
    for signed in [None, Some("false")] {
        for call in ["iam:EnableMFADevice", "iam:ResyncMFADevice", "iam:ListMFADevices", "iam:GetUser"] {
            assert!(open_without_mfa(call, own, signed) && open_without_mfa(call, moved, signed), "{call}");
            assert!(!open_without_mfa(call, other, signed), "{call}");
            assert!(!open_without_mfa(call, "arn:aws:iam::123456789012:user/ann/bob", signed), "{call}");
        }
        for call in ["iam:CreateVirtualMFADevice", "iam:ListVirtualMFADevices", "sts:GetSessionToken"] {
            assert!(open_without_mfa(call, "*", signed), "{call}");
        }
        // What would undo it, or go around it.
        for call in [
            "iam:DeactivateMFADevice",
            "iam:DeleteVirtualMFADevice",
            "iam:DetachUserPolicy",
            "iam:CreateAccessKey",
            "iam:CreateLoginProfile",
        ] {
            assert!(!open_without_mfa(call, own, signed), "{call}");
        }
        assert!(!open_without_mfa("sts:AssumeRole", "arn:aws:iam::123456789012:role/admin", signed));
        assert!(!open_without_mfa("sts:GetFederationToken", "*", signed));
    }
    for call in ["iam:EnableMFADevice", "iam:DeactivateMFADevice", "s3:GetObject", "sts:AssumeRole"] {
        assert!(open_without_mfa(call, other, Some("true")), "{call}");
    }
}

#[test]
fn a_role_goes_on_for_sessions_that_were_issued_later() {
    let issued = |when: &'static str| {
        leaves(&sessions(Sessions::All).document(), As::Attached, SESSION, "s3:GetObject", &[("aws:TokenIssueTime", when)])
    };
    assert!(!issued("2026-01-01T11:59:59Z") && issued("2026-01-01T12:00:01Z"));
}

#[test]
fn only_the_session_that_was_named_is_ended() {
    let ended = |of: Sessions, userid: &'static str, identity: &'static str| {
        let context = [("aws:TokenIssueTime", "2026-01-01T00:00:00Z"), ("aws:userid", userid), ("aws:SourceIdentity", identity)];
        !leaves(&sessions(of).document(), As::Attached, SESSION, "s3:GetObject", &context)
    };
    assert!(ended(Sessions::Named(name("i-0a")), "AROAX:i-0a", "ann"));
    assert!(!ended(Sessions::Named(name("i-0a")), "AROAX:i-0b", "ann") && !ended(Sessions::Named(name("0a")), "AROAX:i-0a", "ann"));
    assert!(ended(Sessions::Of(name("ann")), "AROAX:i-0b", "ann") && !ended(Sessions::Of(name("ann")), "AROAX:i-0a", "bob"));
}

#[test]
fn names_of_other_policies_are_not_taken_for_ours() {
    for other in [
        "",
        "Quarantine",
        "RescindQuarantine-",
        "RescindQuarantine-x",
        "RescindQuarantine-1-q-x",
        "RescindQuarantine-1-s",
        "RescindQuarantine2",
    ] {
        assert_eq!(Quarantine::named(other), None, "{other}");
    }
    assert_eq!(Quarantine::named("rescindquarantine-0"), Some(Quarantine { before: DateTime::UNIX_EPOCH, of: Sessions::All }));
}

#[test]
fn a_policy_of_the_same_name_that_says_something_else_is_distinguished() {
    let spaced = r#"{ "Statement": { "Sid": "Quarantine", "Effect": "Deny", "Action": ["*"], "Resource": "*" }, "Version": "2012-10-17" }"#;
    assert!(says(spaced, &deny_everything()));
    for other in [&spaced.replace("Deny", "Allow"), &spaced.replace("[\"*\"]", "\"s3:*\""), "", "{}"] {
        assert!(!says(other, &deny_everything()), "{other}");
    }
}

#[test]
fn only_policies_of_rescind_s_path_have_a_text_by_their_name() {
    let text = |arn: &str| text_of(&PolicyArn::new(arn).unwrap());
    assert_eq!(text("arn:aws:iam::123456789012:policy/Rescind/RescindDenyEverything-0"), Some(deny_everything()));
    let ended = Quarantine { before: DateTime::UNIX_EPOCH, of: Sessions::All }.document();
    assert_eq!(text("arn:aws:iam::123456789012:policy/rescind/RescindQuarantine-0"), Some(ended));
    for other in ["RescindDenyEverything-0", "rescind/x/RescindDenyEverything-0", "rescind/RescindQuarantine-x"] {
        assert_eq!(text(&format!("arn:aws:iam::123456789012:policy/{other}")), None, "{other}");
    }
}
