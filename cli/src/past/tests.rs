use chrono::DateTime;
use policy::target::IdentityKind::{Group, Role, User};
use proptest::prelude::*;

use super::state::{Account, Presence};
use super::*;

fn event(call: &str, members: &str) -> Event {
    let record = format!(
        r#"{{"eventTime":"2026-03-02T12:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{call}","awsRegion":"us-east-1",
            "recipientAccountId":"123456789012"{members}}}"#
    );
    Event::from_envelope_or_record(&record).unwrap()
}

fn deed(call: &str, parameters: &str) -> Option<Deed> {
    Deed::of(&event(call, &format!(r#","requestParameters":{parameters}"#)))
}

fn who(kind: policy::target::IdentityKind, name: &str) -> Identity {
    Identity::new(kind, policy::arn::IamName::new(name).unwrap())
}

#[test]
fn what_was_refused_only_reads_or_is_of_another_service_did_nothing() {
    let parameters = r#","requestParameters":{"userName":"polsen","policyArn":"arn:aws:iam::aws:policy/Billing"}"#;
    assert!(Deed::of(&event("AttachUserPolicy", parameters)).is_some());
    assert_eq!(Deed::of(&event("AttachUserPolicy", &format!(r#"{parameters},"errorCode":"AccessDenied""#))), None);
    assert_eq!(Deed::of(&event("GetUser", parameters)), None);
}

#[test]
fn parameters_that_are_none_say_nothing() {
    for parameters in ["null", "{}", "[]", r#"{"userName":1}"#, r#"{"omitted":true}"#, r#"{"userName":"a b","policyArn":"x"}"#] {
        assert_eq!(deed("AttachUserPolicy", parameters), None, "{parameters}");
    }
}

#[test]
fn whoever_is_made_has_the_name_the_id_and_the_path_that_iam_answers() {
    let members = r#","requestParameters":{"roleName":"deployer","assumeRolePolicyDocument":"{}"},
        "responseElements":{"role":{"roleName":"deployer","roleId":"AROAEXAMPLE","path":"/team/","assumeRolePolicyDocument":"%7B%7D"}}"#;
    let Some(Deed::Made { who: made, id, path, trust, is_bare, .. }) = Deed::of(&event("CreateRole", members)) else { panic!() };
    assert_eq!(
        (made, id.as_deref(), &*path, trust.as_deref(), is_bare),
        (who(Role, "deployer"), Some("AROAEXAMPLE"), "/team/", Some("{}"), true)
    );
}

#[test]
fn a_setting_that_stands_as_text_is_read() {
    for (written, expected) in [("true", true), ("\"true\"", true), ("false", false), ("null", false)] {
        let parameters =
            format!(r#"{{"policyArn":"arn:aws:iam::123456789012:policy/P","policyDocument":"{{}}","setAsDefault":{written}}}"#);
        assert!(
            matches!(deed("CreatePolicyVersion", &parameters), Some(Deed::Versioned { is_default, .. }) if is_default == expected),
            "{written}"
        );
    }
}

#[test]
fn what_the_records_of_one_second_say_of_somebody_new_is_its_own_whatever_their_order() {
    let at = "2026-03-02T12:00:00Z".parse().unwrap();
    let made = || Deed::Made {
        who: who(User, "polsen"),
        id: None,
        path: "/".to_owned(),
        tags: Vec::new(),
        boundary: None,
        trust: None,
        is_bare: true,
    };
    let attached = || Deed::Attached(who(User, "polsen"), "arn:aws:iam::aws:policy/Billing".to_owned());
    for deeds in [[made(), attached()], [attached(), made()]] {
        let mut account = Account::default();
        for deed in deeds {
            account.apply(deed, at);
        }
        let Presence::Is(polsen) = account.entity(User, "POLSEN") else { panic!() };
        assert_eq!((polsen.attached.items.len(), polsen.whole()), (1, Some(Sure::Certain)));
    }
    // Whoever is made a day later is another one.
    let mut account = Account::default();
    account.apply(attached(), at);
    account.apply(made(), at + TimeDelta::days(1));
    let Presence::Is(polsen) = account.entity(User, "polsen") else { panic!() };
    assert_eq!(polsen.attached.items.len(), 0);
}

#[test]
fn what_nobody_has_said_of_somebody_is_not_known_to_be_absent() {
    let mut account = Account::default();
    assert!(matches!(account.entity(User, "polsen"), Presence::Unknown));
    account.apply(Deed::Joined(who(User, "polsen"), "admins".to_owned()), DateTime::UNIX_EPOCH);
    let Presence::Is(polsen) = account.entity(User, "polsen") else { panic!() };
    assert_eq!((polsen.groups.items.len(), polsen.groups.sure(), polsen.whole()), (1, None, None));
}

#[test]
fn members_of_a_renamed_group_are_in_it_under_its_new_name() {
    let mut account = Account::default();
    account.apply(Deed::Joined(who(User, "polsen"), "admins".to_owned()), DateTime::UNIX_EPOCH);
    account.apply(Deed::Moved { who: who(Group, "Admins"), name: Some("bosses".to_owned()), path: None }, DateTime::UNIX_EPOCH);
    let Presence::Is(polsen) = account.entity(User, "polsen") else { panic!() };
    assert!(polsen.groups.get("bosses").is_some() && polsen.groups.get("admins").is_none());
}

#[test]
fn a_question_is_read_as_forms_are_written() {
    let mut archive = Archive::default();
    let answer = archive.answer(
        &AccountId::new("123456789012").unwrap(),
        &Question::read("Action=GetPolicy&PolicyArn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FA%2BB"),
    );
    assert_eq!(answer, Err(Refusal::Unknown("what policy arn:aws:iam::aws:policy/A+B said".to_owned())));
}

#[test]
fn whoever_calls_is_known_by_the_id_and_path_that_the_record_gives() {
    let session = r#","userIdentity":{"type":"AssumedRole","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE",
        "arn":"arn:aws:iam::123456789012:role/team/a/deployer","userName":"deployer"}}}"#;
    assert_eq!(caller(&event("CreateUser", session)), Some((who(Role, "deployer"), "AROAEXAMPLE", "/team/a/".to_owned())));
    let elsewhere = session.replace("::123456789012:", "::999999999999:");
    assert_eq!(caller(&event("CreateUser", &elsewhere)), None);
}

proptest! {
    #[test]
    fn no_record_can_make_it_panic(call in "(Create|Delete|Update|Put|Attach)(User|Role|Group|Policy|UserPolicy|AccessKey)", json in r#"[\[\]{}",:a-zA-Z0-9]{0,60}"#) {
        if let Ok(event) = std::panic::catch_unwind(|| event(&call, &format!(r#","requestParameters":{{"userName":"a","x":"{}"}}"#, json.replace('"', "")))) {
            let past = Past::new().unwrap();
            past.apply(&event);
            past.undo(&event);
        }
    }
}
