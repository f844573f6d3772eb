use policy::arn::{CredentialId, IamName, PolicyArn};
use policy::credential::{Credential, CredentialKind};
use policy::password::PasswordRules;
use proptest::prelude::*;

use super::*;

fn name(text: &str) -> IamName {
    IamName::new(text).unwrap()
}

/// Whether a setting reads its own call back, and no call with anything more, anything else, or of another service.
fn reads_back<S: Setting + PartialEq + fmt::Debug>(setting: &S, values: &[S::Value])
where
    S::Value: fmt::Debug,
{
    let account = AccountId::new("123456789012").unwrap();
    let home = Home { account: &account, partition: "aws" };
    for value in values {
        let call = setting.call(value).unwrap();
        let (read, read_value) = S::parse(&call, home).unwrap_or_else(|| panic!("{call:?}"));
        assert_eq!((&read, &read_value), (setting, value));
        let mut more = call.clone();
        more.parameters.insert("MaxItems".to_owned(), "1".to_owned());
        assert_eq!(S::parse(&more, home).map(|(read, _)| read), None);
        for (wrong, service) in [("ListUsers", "iam"), (call.operation.as_str(), "sts")] {
            let other = Call { operation: wrong.to_owned(), service: service.to_owned(), ..call.clone() };
            assert_eq!(S::parse(&other, home).map(|(read, _)| read), None, "{other:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_setting_reads_back_exactly_the_calls_that_it_makes(user in "[A-Za-z0-9+=,.@_-]{1,64}", other in "[A-Za-z0-9+=,.@_-]{1,64}", text in ".{0,80}", kind in 0..3_usize, days in proptest::option::of(1..=1095_u16)) {
        let identity = Identity::new(IdentityKind::ALL[kind], name(&user));
        for arn in ["arn:aws:iam::aws:policy/job-function/Billing".to_owned(), format!("arn:aws:iam::123456789012:policy/x/{other}")] {
            reads_back(&Attachment { identity: identity.clone(), policy: PolicyArn::new(&arn).unwrap() }, &[true, false]);
        }
        reads_back(&InlinePolicy { identity, name: name(&other) }, &[None, Some(text.clone())]);
        let arn = PolicyArn::new(&format!("arn:aws:iam::123456789012:policy/rescind/{other}")).unwrap();
        reads_back(&DefaultVersion { policy: arn.clone() }, &["v1".to_owned(), "v27".to_owned()]);
        for bounded in [IdentityKind::User, IdentityKind::Role].map(|kind| Identity::new(kind, name(&user))) {
            reads_back(&Boundary { identity: bounded }, &[None, Some(arn.clone())]);
        }
        reads_back(&ManagedPolicy { arn }, &[None, Some(text.clone())]);
        reads_back(&Trust { role: name(&user) }, std::slice::from_ref(&text));
        reads_back(&Login { user: name(&user) }, &[false]);
        assert_eq!(Login { user: name(&user) }.call(&true), None, "nobody can give a password back");
        reads_back(&Membership { user: name(&user), group: name(&other) }, &[true, false]);
        let rules = PasswordRules { max_password_age: days, password_reuse_prevention: days, hard_expiry: days.is_none(), ..PasswordRules::IAM_DEFAULTS };
        reads_back(&PasswordPolicy, &[None, Some(rules)]);
        for kind in CredentialKind::ALL {
            let credential = Credential { kind, id: CredentialId::new("AKIAIOSFODNN7EXAMPLE").unwrap() };
            reads_back(&CredentialStatus { user: name(&user), credential }, &[Status::Active, Status::Inactive]);
        }
    }
}

#[test]
fn a_policy_of_another_account_is_nothing_that_rescind_sets() {
    let account = AccountId::new("123456789012").unwrap();
    let home = Home { account: &account, partition: "aws" };
    let attach = |arn: &str| Call::iam("AttachUserPolicy", &[("UserName", "a"), ("PolicyArn", arn)]);
    for arn in ["arn:aws:iam::999999999999:policy/P", "arn:aws-cn:iam::aws:policy/P"] {
        assert!(Attachment::parse(&attach(arn), home).is_none(), "{arn}");
    }
    assert!(ManagedPolicy::parse(&Call::iam("DeletePolicy", &[("PolicyArn", "arn:aws:iam::aws:policy/P")]), home).is_none());
}

#[test]
fn documents_are_compared_parsed_and_other_texts_as_they_are() {
    let same = |one: &str, other: &str| InlinePolicy::is_same(&Some(one.to_owned()), &Some(other.to_owned()));
    let allow = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    assert!(same(allow, r#"{ "Statement": [ {"Resource": ["*"], "Effect": "Allow", "Action": "*"} ] }"#));
    assert!(!same(allow, &allow.replace("Allow", "Deny")));
    assert!(same("{", "{") && !same("{", "{ "));
    assert!(!InlinePolicy::is_same(&None, &Some(allow.to_owned())));
}
