use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const OWN: &str = "arn:aws:iam::123456789012:root";
const GITHUB: &str = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";

fn statement(principal: &Value, condition: &Value) -> Value {
    let federated = principal.get("Federated").is_some();
    let action = if federated { json!("sts:AssumeRoleWithWebIdentity") } else { json!(["sts:AssumeRole", "sts:TagSession"]) };
    json!({"Effect": "Allow", "Principal": principal, "Action": action, "Condition": condition})
}

fn policy(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// The one principal that such a statement lets in.
fn one(principal: &Value, condition: &Value) -> Trusted {
    let mut all = trusted(&policy(&statement(principal, condition))).unwrap();
    assert_eq!(all.len(), 1, "{principal} {condition}");
    all.remove(0)
}

#[test]
fn each_way_of_writing_a_principal_is_one_kind() {
    for (principal, kind, account) in [
        (json!("*"), Kind::Everyone, None),
        (json!({"AWS": "*"}), Kind::Everyone, None),
        (json!({"AWS": ["*"]}), Kind::Everyone, None),
        (json!({"Federated": "*"}), Kind::Everyone, None),
        (json!({"AWS": "999999999999"}), Kind::Account, Some("999999999999")),
        (json!("arn:aws:iam::999999999999:root"), Kind::Account, Some("999999999999")),
        (json!({"aws": "arn:aws:iam::999999999999:role/team/x"}), Kind::Role, Some("999999999999")),
        (json!({"AWS": "arn:aws-cn:iam::999999999999:user/x"}), Kind::User, Some("999999999999")),
        (json!({"AWS": "arn:aws:sts::999999999999:assumed-role/x/s"}), Kind::Session, Some("999999999999")),
        (json!({"AWS": "AROAEXAMPLEEXAMPLE000"}), Kind::Deleted, None),
        (json!({"Service": "lambda.amazonaws.com"}), Kind::Service, None),
        (json!({"Federated": GITHUB}), Kind::Oidc, Some("123456789012")),
        (json!({"Federated": "cognito-identity.amazonaws.com"}), Kind::Oidc, None),
        (json!({"CanonicalUser": "79a59df9"}), Kind::Account, None),
    ] {
        let trusted = one(&principal, &json!({}));
        assert_eq!((trusted.principal.kind(), trusted.principal.account()), (kind, account), "{principal}");
    }
    let saml = json!({"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::123456789012:saml-provider/x"}, "Action": "sts:AssumeRoleWithSAML"});
    assert_eq!(trusted(&policy(&saml)).unwrap()[0].principal.kind(), Kind::Saml);
    let all_but = json!({"Effect": "Allow", "NotPrincipal": {"AWS": OWN}, "Action": "sts:*"});
    assert!(trusted(&policy(&all_but)).unwrap()[0].is_everyone());
}

#[test]
fn only_what_lets_somebody_assume_the_role_is_trust() {
    for (action, lets_in) in [
        (json!({"Action": "sts:AssumeRole"}), true),
        (json!({"Action": "STS:assume*"}), true),
        (json!({"Action": ["sts:TagSession", "sts:*"]}), true),
        (json!({"Action": "*"}), true),
        (json!({"NotAction": "sts:TagSession"}), true),
        (json!({"Action": ["sts:TagSession", "sts:SetSourceIdentity"]}), false),
        (json!({"Action": "sts:AssumeRoleWithSAML"}), false),
        (json!({"NotAction": "sts:Assume*"}), false),
    ] {
        let mut statement = json!({"Effect": "Allow", "Principal": {"AWS": OWN}});
        statement.as_object_mut().unwrap().extend(action.as_object().unwrap().clone());
        assert_eq!(trusted(&policy(&statement)).unwrap().len(), usize::from(lets_in), "{action}");
    }
}

#[test]
fn a_condition_limits_everyone_only_if_nobody_can_step_around_it() {
    for (condition, everyone, may_be) in [
        (json!({}), true, true),
        (json!({"StringEquals": {"sts:ExternalId": "a-secret"}}), false, false),
        (json!({"StringLike": {"sts:externalid": "*"}}), true, true),
        (json!({"StringLike": {"sts:ExternalId": ["a-secret", "*"]}}), true, true),
        (json!({"StringEqualsIfExists": {"sts:ExternalId": "a-secret"}}), true, true),
        (json!({"ForAllValues:StringEquals": {"sts:ExternalId": "a-secret"}}), true, true),
        (json!({"StringNotEquals": {"sts:ExternalId": "a-secret"}}), true, true),
        (json!({"Null": {"sts:ExternalId": "false"}}), true, true),
        (json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}), false, false),
        (json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}}), true, true),
        (json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}), true, true),
        (json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}), true, true),
        (json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-1/*"}}), false, false),
        (json!({"StringEquals": {"aws:PrincipalAccount": ["999999999999", "123456789012"]}}), false, false),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws*:iam::999999999999:role/x*"}}), false, false),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}), true, true),
        (json!({"StringLike": {"aws:PrincipalArn": "arn:*:iam::999999999999:role/x"}}), false, true),
        (json!({"StringEquals": {"aws:SourceAccount": "123456789012"}}), false, false),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::bucket"}}), false, false),
        (json!({"StringEquals": {"sts:RoleSessionName": "me"}}), true, true),
        (json!({"StringLike": {"aws:UserAgent": "terraform*"}}), true, true),
        (json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), false, true),
        (json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}), false, true),
        (json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}), true, true),
    ] {
        let trusted = one(&json!({"AWS": "*"}), &condition);
        assert_eq!((trusted.is_everyone(), trusted.may_be_everyone()), (everyone, may_be), "{condition}");
    }
    let of_organization = one(&json!("*"), &json!({"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}));
    assert_eq!(of_organization.organizations, BTreeSet::from(["o-a1b2c3d4e5".to_owned()]));
    let of_account = one(&json!("*"), &json!({"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::999999999999:role/x"}}));
    assert_eq!(of_account.in_accounts(), ["999999999999"]);
}

#[test]
fn a_public_provider_is_everyone_unless_the_subject_names_an_organization() {
    let subject = |value: &str| json!({"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}, "StringLike": {"token.actions.githubusercontent.com:sub": value}});
    for (value, everyone, may_be, organization) in [
        ("repo:acme/web:ref:refs/heads/main", false, false, Some("acme")),
        ("repo:acme/*", false, false, Some("acme")),
        ("repo:acme@1234/web@5678:*", false, false, Some("acme")),
        ("repo:*", true, true, None),
        ("repo:acme*", true, true, None),
        ("repo:*/web:*", true, true, None),
        ("*acme/*", true, true, None),
        ("*", true, true, None),
        ("repo:", true, true, None),
        ("environment:production", false, true, None),
    ] {
        let trusted = one(&json!({"Federated": GITHUB}), &subject(value));
        let named = trusted.organizations.iter().next().map(String::as_str);
        assert_eq!((trusted.is_everyone(), trusted.may_be_everyone(), named), (everyone, may_be, organization), "{value}");
    }
    let aud = |issuer: &str| json!({"StringEquals": {format!("{issuer}:aud"): "x"}});
    let provider = |issuer: &str| json!({"Federated": format!("arn:aws:iam::123456789012:oidc-provider/{issuer}")});
    for (issuer, by_audience) in [
        ("token.actions.githubusercontent.com", false),
        ("gitlab.com", false),
        ("app.terraform.io", false),
        ("token.actions.githubusercontent.com/acme", true),
        ("oidc.eks.eu-west-1.amazonaws.com/id/1A", true),
    ] {
        assert!(one(&provider(issuer), &json!({})).is_everyone(), "{issuer}");
        assert_eq!(one(&provider(issuer), &aud(issuer)).is_everyone(), !by_audience, "{issuer}");
        // A token of this issuer has no such key, so it is not known what the condition is about.
        assert!(!one(&provider(issuer), &json!({"StringEquals": {"example.com:sub": "x"}})).is_everyone(), "{issuer}");
    }
    let cluster = "oidc.eks.eu-west-1.amazonaws.com/id/1A";
    let account = |value: &str| one(&provider(cluster), &json!({"StringLike": {format!("{cluster}:sub"): value}}));
    assert!(account("system:serviceaccount:*:*").is_everyone() && !account("system:serviceaccount:web:*").is_everyone());
}

#[test]
fn a_bitbucket_trust_needs_the_repository_in_its_subject() {
    let issuer = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc";
    let provider = json!({"Federated": format!("arn:aws:iam::123456789012:oidc-provider/{issuer}")});
    let subject = |value: &str| one(&provider, &json!({"StringLike": {format!("{issuer}:sub"): value}}));
    assert!(one(&provider, &json!({})).is_everyone());
    assert!(subject("*:*").is_everyone());
    assert!(!subject("{6a1f}:*").is_everyone());
}

#[test]
fn a_deny_limits_what_it_denies() {
    let all = |denies: Value| trusted(&policy(&json!([statement(&json!("*"), &json!({})), denies]))).unwrap();
    let deny = |principal: Value, action: &str, condition: Value| json!({"Effect": "Deny", "Principal": principal, "Action": action, "Condition": condition});
    assert_eq!(all(deny(json!("*"), "sts:*", json!({}))), []);
    for (deny, everyone, may_be) in [
        (deny(json!("*"), "sts:AssumeRole*", json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})), false, false),
        (deny(json!("*"), "*", json!({"StringNotEqualsIfExists": {"aws:PrincipalAccount": "999999999999"}})), false, false),
        (deny(json!("*"), "*", json!({"StringNotLike": {"sts:ExternalId": "*"}})), true, true),
        (deny(json!("*"), "*", json!({"ForAnyValue:StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})), false, true),
        (deny(json!("*"), "sts:TagSession", json!({})), true, true),
        (deny(json!("*"), "sts:AssumeRoleWithSAML", json!({})), true, true),
        (deny(json!({"AWS": "999999999999"}), "*", json!({})), true, true),
        (deny(json!("*"), "*", json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}})), false, true),
        (deny(json!("*"), "*", json!({"StringLike": {"aws:UserAgent": "curl*"}})), true, true),
        (json!({"Effect": "Deny", "NotPrincipal": {"AWS": OWN}, "Action": "*"}), false, true),
    ] {
        let trusted = all(deny.clone());
        assert_eq!((trusted[0].is_everyone(), trusted[0].may_be_everyone()), (everyone, may_be), "{deny}");
    }
    let account = json!([
        statement(&json!({"AWS": "arn:aws:iam::999999999999:role/x"}), &json!({})),
        deny(json!({"AWS": "999999999999"}), "*", json!({}))
    ]);
    assert_eq!(trusted(&policy(&account)).unwrap(), []);
}

#[test]
fn what_iam_would_refuse_is_no_trust_policy() {
    for text in ["{}", "", "[]", r#"{"Statement":{"Effect":"Allow","Principal":"everyone","Action":"*"}}"#] {
        assert!(trusted(text).is_err(), "{text}");
    }
    assert_eq!(trusted(r#"{"Statement":[]}"#).unwrap(), []);
    let many: Vec<String> = (0..1001).map(|n| format!("arn:aws:iam::123456789012:role/r{n}")).collect();
    assert!(matches!(trusted(&policy(&statement(&json!({"AWS": many}), &json!({})))), Err(TrustError::TooMany)));
}

fn cut_out(text: &str, names: &[&str]) -> String {
    without(text, |trusted| names.contains(&trusted.principal.arn("aws").as_str())).unwrap().text
}

#[test]
fn the_rest_stays_as_it_was_written() {
    let text = r#"{
  "Statement" : [ { "Sid":"a\"]", "Effect":"Allow", "Principal": { "AWS" : [ "999999999999" , "arn:aws:iam::123456789012:root",
      "arn:aws:iam::888888888888:root" ], "Service":"ec2.amazonaws.com" }, "Action" : "sts:AssumeRole" } ,
    {"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}
  ] , "Version":"2012-10-17" }
"#;
    insta::assert_snapshot!(cut_out(text, &["*", "arn:aws:iam::888888888888:root", "arn:aws:iam::999999999999:root"]), @r#"
    {
      "Statement" : [ { "Sid":"a\"]", "Effect":"Allow", "Principal": { "AWS" : [ "arn:aws:iam::123456789012:root" ], "Service":"ec2.amazonaws.com" }, "Action" : "sts:AssumeRole" }
      ] , "Version":"2012-10-17" }
    "#);
    insta::assert_snapshot!(cut_out(text, &["arn:aws:iam::123456789012:root", "arn:aws:iam::888888888888:root", "arn:aws:iam::999999999999:root"]), @r#"
    {
      "Statement" : [ { "Sid":"a\"]", "Effect":"Allow", "Principal": { "Service":"ec2.amazonaws.com" }, "Action" : "sts:AssumeRole" } ,
        {"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}
      ] , "Version":"2012-10-17" }
    "#);
    assert_eq!(cut_out(text, &["nobody.amazonaws.com"]), text);
}

#[test]
fn if_nothing_stays_nobody_meets_the_trust() {
    for principal in [json!("*"), json!({"AWS": ["*", "*"]})] {
        for statements in [statement(&principal, &json!({})), json!([statement(&principal, &json!({}))])] {
            let left = cut_out(&policy(&statements), &["*"]);
            assert_eq!(trusted(&left).unwrap(), [], "{left}");
            assert!(left.contains(r#""Statement":[{"Sid":"RescindLeftNobody","Effect":"Deny""#) && left.contains("2012-10-17"), "{left}");
        }
    }
}

#[test]
fn principals_that_no_longer_exist_are_dropped_and_named() {
    let gone = "AROAEXAMPLEEXAMPLE000";
    let text = policy(&json!([
        statement(&json!({"AWS": [gone, OWN]}), &json!({})),
        {"Effect": "Deny", "Principal": {"AWS": gone}, "Action": "sts:AssumeRole"},
    ]));
    let edited = without(&text, |_| false).unwrap();
    assert_eq!(edited.deleted, BTreeSet::from([gone.to_owned()]));
    assert_eq!(edited.text, policy(&json!([statement(&json!({"AWS": [OWN]}), &json!({}))])));
    assert_eq!(saveable(&edited.text), edited.text);
}

/// A trust policy in any spacing, with principals in any form.
fn written() -> impl Strategy<Value = String> {
    let blank = || prop::sample::select(vec!["", " ", "\n\t", "  "]);
    let name = || {
        prop::sample::select(vec![
            "*",
            "111111111111",
            "222222222222",
            "arn:aws:iam::333333333333:role/a\\u0062]}",
            "AIDAEXAMPLEEXAMPLE000",
        ])
    };
    let names = (prop::collection::vec(name(), 1..4), any::<bool>(), blank()).prop_map(|(names, scalar, blank)| match names.as_slice() {
        [name] if scalar => format!("\"{name}\""),
        names => format!(
            "[{blank}{}{blank}]",
            names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(&format!("{blank},{blank}"))
        ),
    });
    let principal = (names, any::<bool>(), any::<bool>(), blank()).prop_map(|(names, service, first, blank)| {
        let (aws, service) = (format!("\"AWS\"{blank}:{blank}{names}"), service.then(|| "\"Service\":\"ec2.amazonaws.com\"".to_owned()));
        let mut members = vec![Some(aws), service];
        if first {
            members.reverse();
        }
        format!("{{{blank}{}{blank}}}", members.into_iter().flatten().collect::<Vec<_>>().join(&format!("{blank},")))
    });
    let statement = (principal, any::<bool>(), any::<bool>(), blank()).prop_map(|(principal, allow, bare, blank)| {
        let effect = if allow { "Allow" } else { "Deny" };
        let principal = if bare { "\"*\"".to_owned() } else { principal };
        format!("{{{blank}\"Effect\":\"{effect}\",\"Principal\"{blank}:{principal}{blank},\"Action\":\"sts:AssumeRole\"{blank}}}")
    });
    (prop::collection::vec(statement, 1..4), any::<bool>(), blank()).prop_map(|(statements, scalar, blank)| {
        let statements = match statements.as_slice() {
            [one] if scalar => one.clone(),
            many => format!("[{blank}{}{blank}]", many.join(&format!("{blank},{blank}"))),
        };
        format!("{blank}{{\"Id\":\"x\",{blank}\"Statement\":{statements}{blank}}}{blank}")
    })
}

/// What the document says without the principals that go, as parsed, whatever the text looks like.
fn expected<'a>(document: &Document<'a>, goes: &[Named]) -> Document<'a> {
    let mut document = document.clone();
    for statement in &mut document.statements {
        let allows = statement.effect == Effect::Allow;
        if let Principals::Only(list) = &mut statement.principals {
            list.retain(|principal| {
                let named = Named::of(principal);
                named.kind() != Kind::Deleted && !(allows && goes.contains(&named))
            });
        }
    }
    document.statements.retain(|statement| statement.principals != Principals::Only(Vec::new()));
    document
}

proptest! {
    #[test]
    fn removing_principals_never_changes_what_remains(text in written(), picks in prop::collection::vec(any::<bool>(), 8)) {
        let before = Document::parse(&text).unwrap();
        let entries = entries(&before).unwrap();
        let goes: Vec<Named> = entries.iter().map(|entry| entry.trusted.principal.clone()).zip(picks.iter().cycle()).filter(|(_, pick)| **pick).map(|(named, _)| named).collect();
        let edited = without(&text, |trusted| goes.contains(&trusted.principal)).unwrap();
        let after = Document::parse(&edited.text).unwrap();
        // A statement that lets nobody in, because a deny stands against it, keeps its principals.
        let lets_in: Vec<Named> = entries.iter().map(|entry| entry.trusted.principal.clone()).filter(|named| goes.contains(named)).collect();
        let expected = expected(&before, &lets_in);
        if expected.statements.is_empty() {
            prop_assert_eq!(trusted(&edited.text).unwrap(), []);
        } else {
            prop_assert_eq!(&after, &expected);
        }
        prop_assert!(trusted(&edited.text).unwrap().iter().all(|trusted| !goes.contains(&trusted.principal)));
        // What is left was there before, letter by letter and in this order.
        let mut rest = text.bytes();
        prop_assert!(expected.statements.is_empty() || edited.text.bytes().all(|byte| rest.any(|was| was == byte)));
        prop_assert_eq!(saveable(&edited.text), edited.text);
    }

    #[test]
    fn the_scanner_ends_on_any_text(text in "[\\[\\]{}\",:\\\\a1 \n]{0,40}") {
        for start in 0..text.len() {
            let found = spans::items(&text, start);
            prop_assert!(found.iter().all(|item| item.whole.start <= item.value.start && item.value.end <= text.len()));
        }
        prop_assert!(without(&text, |_| true).is_ok() == Document::parse(&text).is_ok());
    }
}
