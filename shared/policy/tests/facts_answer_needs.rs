//! Whatever a guardrail can ask about is read, or the decision is "unknown": for every action of the schema, with every attribute.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use policy::action::ACTIONS;
use policy::capability::RequestContext;
use policy::change::{Change, Found, Gives, Missing};
use policy::facts::{Facts, Holders, IdentityDetails, NamedBy, Needs, Texts};
use policy::guardrail::{Decision, Judge, Mode, SHIPPED_SCHEMA, Source};
use policy::hearing::Circumstances;
use policy::{Action, Actor, Case, Event, Hearing, Rulebook, watch};
use serde_json::{Value, json};

const ACCOUNT: &str = "123456789012";
const READS: &str = r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}"#;
const TRUSTS: &str = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"sts:AssumeRole"}}"#;

fn now() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

/// An event of this action about a resource of this type.
fn event(action: &Action, resource: &str) -> Event {
    let finding = |source: &str, detail: &Value| {
        let envelope = json!({
            "id": "e", "detail-type": "Finding", "source": format!("aws.{source}"), "account": ACCOUNT, "time": "2026-01-01T00:00:00Z",
            "region": "us-east-1", "detail": detail,
        });
        Event::from_event_bridge(&envelope.to_string()).unwrap()
    };
    let arn = match resource {
        "Root" => format!("arn:aws:iam::{ACCOUNT}:root"),
        other => format!("arn:aws:iam::{ACCOUNT}:{}/x", other.to_lowercase()),
    };
    match action.source.split('.').next().unwrap() {
        "health" => {
            return finding(
                "health",
                &json!({"eventTypeCode": "AWS_RISK_CREDENTIALS_EXPOSED", "affectedEntities": [{"entityValue": arn}]}),
            );
        }
        "guardduty" => {
            let user_type = match resource {
                "User" => "IAMUser",
                "Role" => "AssumedRole",
                other => other,
            };
            let details = json!({"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "userName": "x", "userType": user_type});
            return finding(
                "guardduty",
                &json!({"schemaVersion": "2.0", "id": "f", "severity": 8, "resource": {"accessKeyDetails": details}}),
            );
        }
        _ => {}
    }
    let mut parameters =
        json!({"policyArn": format!("arn:aws:iam::{ACCOUNT}:policy/P"), "policyName": "P", "policyDocument": READS, "status": "Active"});
    for id in ["accessKeyId", "sSHPublicKeyId", "certificateId", "serviceSpecificCredentialId"] {
        parameters[id] = json!("AKIAIOSFODNN7EXAMPLE");
    }
    if action.name == "LiftQuarantine" {
        parameters["policyName"] = json!("RescindQuarantine-1772455454");
        parameters["policyArn"] = json!(format!("arn:aws:iam::{ACCOUNT}:policy/rescind/RescindDenyEverything-0"));
    }
    if action.name == "LiftMfaDenial" {
        parameters["policyArn"] = json!(format!("arn:aws:iam::{ACCOUNT}:policy/rescind/RescindDenyWithoutMfa-0"));
    }
    parameters["serialNumber"] = json!("GAHT12345678");
    if resource != "Root" {
        parameters[format!("{}Name", resource.to_lowercase())] = json!("x");
    }
    if action.source == "sts.amazonaws.com" {
        let role = json!(format!("arn:aws:iam::{ACCOUNT}:role/x"));
        match resource {
            "Role" => parameters["roleArn"] = role,
            "Account" => parameters["roleArn"] = json!("arn:aws:iam::210987654321:role/x"),
            _ => {}
        }
    }
    if matches!(action.name, "AddUserToGroup" | "RemoveUserFromGroup") {
        parameters["groupName"] = json!("g");
    }
    if matches!(action.name, "CreateRole" | "UpdateAssumeRolePolicy") {
        parameters["policyDocument"] = json!(TRUSTS);
    }
    parameters["versionId"] = json!("v2");
    parameters["setAsDefault"] = json!(true);
    if action.name.contains("PermissionsBoundary") {
        parameters["permissionsBoundary"] = json!(format!("arn:aws:iam::{ACCOUNT}:policy/P"));
    }
    if resource == "Provider" {
        parameters["openIDConnectProviderArn"] = json!(format!("arn:aws:iam::{ACCOUNT}:oidc-provider/x"));
        parameters["removeContextProvider"] = json!(true);
    }
    parameters["newUserName"] = json!("y");
    parameters["newGroupName"] = json!("y");
    let (sts, signin) = (action.source == "sts.amazonaws.com", action.source == "signin.amazonaws.com");
    let identity = match resource {
        "User" if sts || signin => json!({"type": "IAMUser", "arn": arn, "accountId": ACCOUNT, "userName": "x"}),
        "Role" if signin => json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/x/y"), "accountId": ACCOUNT}),
        "Account" if signin => json!({"type": "SAMLUser", "userName": "x"}),
        _ => Value::Null,
    };
    let root = json!({"type": "Root", "arn": format!("arn:aws:iam::{ACCOUNT}:root"), "accountId": ACCOUNT});
    let identity = if identity.is_null() { root } else { identity };
    let created = json!({"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "sSHPublicKeyId": "AKIAIOSFODNN7EXAMPLE",
        "certificateId": "AKIAIOSFODNN7EXAMPLE", "serviceSpecificCredentialId": "AKIAIOSFODNN7EXAMPLE"});
    let name = match (action.name, resource) {
        ("LiftQuarantine", "Policy") => "DeletePolicy",
        ("LiftMfaDenial", _) | ("LiftQuarantine", "User") => "DetachUserPolicy",
        ("LiftQuarantine", _) => "DeleteRolePolicy",
        (name, _) => name.split_once(':').map_or(name, |(_, call)| call),
    };
    let record = json!({
        "eventTime": "2026-01-01T00:00:00Z", "eventSource": action.source, "eventName": name, "awsRegion": "us-east-1",
        "recipientAccountId": ACCOUNT, "userIdentity": identity, "requestParameters": parameters, "responseElements": {"ConsoleLogin": "Failure", "accessKey": created, "policyVersion": {"versionId": "v2"}},
    });
    Event::from_envelope_or_record(&record.to_string()).unwrap()
}

/// Reads what is needed as a function does, from an account in which everything is there: by what the change gives, not by its kind.
fn read(rulebook: &Rulebook, change: &Change, needs: Needs) -> Facts {
    let reads = || rulebook.access(&Texts { policies: vec![READS.to_owned()], boundary: None }, RequestContext::default()).unwrap();
    let gives = change.kind().gives();
    let mut facts = Facts::none();
    if needs.details {
        facts = facts.with_details(IdentityDetails { path: "/team/".to_owned(), tags: Vec::new() });
    }
    if needs.groups {
        facts = facts.with_groups(Vec::new());
    }
    if needs.group_path && matches!(gives, Gives::Membership(_)) {
        facts = facts.with_group_path("/team/".to_owned());
    }
    if needs.document && !matches!(gives, Gives::Nothing) {
        facts = facts.with_granted(reads());
    }
    if needs.holdings && (!matches!(gives, Gives::Nothing) || matches!(change, Change::MfaChanged(_) | Change::SessionStarted(_))) {
        facts = facts.with_holdings(reads(), reads());
    }
    if needs.holders && matches!(gives, Gives::Version(_)) {
        facts = facts.with_holders(Holders { count: 1, break_glass: false });
    }
    if needs.administrator && matches!(gives, Gives::Version(_)) {
        facts = facts.with_administrator(false);
    }
    if needs.device && matches!(change, Change::MfaChanged(_)) {
        facts = facts.with_device(true);
    }
    if needs.denied && matches!(change, Change::MfaChanged(_)) {
        facts = facts.with_denied(true);
    }
    if needs.conditional && matches!(change, Change::SessionStarted(_)) {
        facts = facts.with_conditional(true);
    }
    if needs.named_by && matches!(change, Change::Renamed(_)) {
        facts = facts.with_named_by(NamedBy::default());
    }
    if needs.failures && matches!(change, Change::SignedIn(_)) {
        facts = facts.with_failures(1);
    }
    facts
}

/// The decision on this event with what was needed, and without.
fn decisions(rulebook: &Rulebook, event: &Event) -> Vec<(Needs, Decision, Decision)> {
    let actor = Actor::of(event).unwrap();
    let open = || Hearing::open(Circumstances::of(rulebook, event, Action::of(event).remove(0), &actor, &[]));
    let decision = |case: Option<Case>| case.map_or(Decision::Allowed, |case| case.decision);
    let with = open().into_iter().zip(open()).map(|(hearing, again)| {
        let (weighing, again) = (hearing.weigh().unwrap().unwrap_or_else(|| panic!("{event:?}")), again.weigh().unwrap().unwrap());
        let (needs, facts) =
            weighing.needs().map_or_else(|| (Needs::default(), Facts::none()), |(change, needs)| (needs, read(rulebook, change, needs)));
        let with = weighing.decide(Ok(&facts), Mode::Enforce, now()).unwrap();
        let without = again.decide(Ok(&Facts::none()), Mode::Enforce, now()).unwrap();
        (needs, decision(with), decision(without))
    });
    with.collect()
}

/// Conditions that look at an attribute of this schema type, and are true whatever it holds.
fn conditions(schema: &Value, path: &str, shape: &Value) -> Vec<String> {
    let kind = shape["type"].as_str().unwrap();
    let name = shape["name"].as_str().unwrap_or_default();
    if let Some(common) = schema["commonTypes"].get(name).or_else(|| schema["commonTypes"].get(kind)) {
        return conditions(schema, path, common);
    }
    match (kind, name) {
        ("Record", _) => {
            let members = shape["attributes"].as_object().unwrap().iter();
            members.flat_map(|(member, shape)| conditions(schema, &format!("{path}.{member}"), shape)).collect()
        }
        ("Set", _) if path.ends_with("namedBy") => vec![format!("!{path}.contains(\"nobody\")")],
        ("Set", _) if path.ends_with(".allows") => vec![format!("!{path}.contains(\"nobody:Nothing\")")],
        ("Set", _) => vec![format!("!{path}.contains(\"iam-putuserpolicy\")")],
        (_, "__cedar::Bool" | "Bool") | ("Boolean" | "Bool", _) => vec![format!("({path} || !{path})")],
        (_, "__cedar::String" | "String") | ("String", _) => vec![format!("{path} like \"*\"")],
        (_, "__cedar::Long" | "Long") | ("Long", _) => vec![format!("{path} >= 0")],
        (_, "__cedar::datetime" | "datetime") => vec![format!("{path} > datetime(\"1970-01-01\")")],
        (_, "__cedar::ipaddr" | "ipaddr") => vec![format!("({path}.isLoopback() || !{path}.isLoopback())")],
        other => panic!("{path}: {other:?}"),
    }
}

fn schema() -> Value {
    let (schema, _) = cedar_policy::SchemaFragment::from_cedarschema_str(SHIPPED_SCHEMA).unwrap();
    serde_json::from_str::<Value>(&schema.to_json_string().unwrap()).unwrap()[""].take()
}

fn rulebook(action: &Action, resource: &str, condition: &str) -> Rulebook {
    let Action { name, reporter, .. } = action;
    let text = format!(
        "@id(\"a\")\n@severity(\"low\")\nforbid (principal, action == Action::\"{name}\", resource is {resource}) when {{ {condition} }};"
    );
    let sources = [Source { name: "rules.cedar".to_owned(), text }];
    Rulebook::load_for(&sources, Judge::Function { name: reporter, owns: None }).unwrap_or_else(|flaws| panic!("{condition}: {flaws:#?}"))
}

#[test]
fn every_attribute_of_every_action_is_read_or_the_decision_is_unknown() {
    let schema = schema();
    let mut asked = 0;
    // The calls that are only reported are alike but for what they are about: one of each will do.
    let mut subjects = Vec::new();
    let rows = watch::rows().filter(|row| row.part.is_none() && row.action.name != "RootUsed" && row.action.name != "UnknownChange");
    let alike = rows.filter(|row| {
        !subjects.contains(&row.subject) && {
            subjects.push(row.subject);
            true
        }
    });
    let actions = ACTIONS.iter().chain(alike.map(|row| &row.action));
    // What has the same context and is about the same is one kind of change.
    let mut asked_about = BTreeSet::new();
    for action in actions.filter(|action| action.name != "SecurityFinding") {
        let is_row = watch::row(action.name).is_some();
        let applies = &schema["actions"][action.name]["appliesTo"];
        let context = applies["context"]["type"].as_str().unwrap();
        let members = schema["commonTypes"][context]["attributes"].as_object().unwrap();
        let resources = applies["resourceTypes"].as_array().unwrap();
        for resource in resources.iter().map(|resource| resource.as_str().unwrap()) {
            // What is about an identity is about the account only if the record does not name the identity.
            if is_row && resource == "Account" && resources.len() > 1 {
                continue;
            }
            if !asked_about.insert((context.to_owned(), resource.to_owned())) {
                continue;
            }
            let mut all: Vec<String> = Vec::new();
            for (member, shape) in members {
                let optional = shape["required"] == json!(false);
                let conditions = conditions(&schema, &format!("context.{member}"), shape);
                all.extend(
                    conditions.into_iter().map(|condition| {
                        if optional { format!("(if context has {member} then {condition} else true)") } else { condition }
                    }),
                );
            }
            let entity = schema["entityTypes"][resource]["shape"]["attributes"].as_object().unwrap();
            all.extend(entity.keys().map(|attribute| format!("resource.{attribute} like \"*\"")));
            if schema["entityTypes"][resource].get("tags").is_some() {
                all.push("!resource.hasTag(\"nobody\")".to_owned());
            }
            if resource == "User" {
                all.push("!(resource in Group::\"nobody\")".to_owned());
            }
            for condition in all {
                for (needs, with, without) in decisions(&rulebook(action, resource, &condition), &event(action, resource)) {
                    asked += 1;
                    assert!(matches!(with, Decision::Forbidden { .. }), "{} on {resource}: {condition}: {needs:?}: {with:?}", action.name);
                    let refused = matches!(without, Decision::Unknown { .. });
                    assert_eq!(refused, !needs.is_empty(), "{} on {resource}: {condition}: {needs:?}: {without:?}", action.name);
                }
            }
        }
    }
    assert!(asked > 300, "{asked}");
}

#[test]
fn what_is_missing_is_completed_only_by_its_own_kind_of_answer() {
    let record = json!({
        "eventTime": "2026-01-01T00:00:00Z", "eventSource": "iam.amazonaws.com", "eventName": "PutUserPolicy", "awsRegion": "us-east-1",
        "recipientAccountId": ACCOUNT, "requestParameters": {"userName": "x", "policyName": "P"},
    });
    let event = Event::from_envelope_or_record(&record.to_string()).unwrap();
    let actor = Actor::of(&event).unwrap();
    let rulebook = rulebook(Action::named("PutUserPolicy").unwrap(), "User", "context.policy.name == \"p\"");
    let circumstances = Circumstances::of(&rulebook, &event, Action::of(&event).remove(0), &actor, &[]);
    let decide = |answer: Option<Result<Found, String>>| {
        let mut hearing = Hearing::open(circumstances).remove(0);
        assert!(matches!(hearing.missing(), Some(Missing::Document(_))));
        if let Some(answer) = answer {
            hearing = hearing.completed(answer).remove(0);
        }
        let weighing = hearing.weigh().unwrap().unwrap();
        weighing.decide(Ok(&Facts::none()), Mode::Enforce, now()).unwrap().unwrap().decision
    };
    assert!(matches!(decide(Some(Ok(Found::Document(READS.to_owned())))), Decision::Forbidden { .. }));
    assert!(matches!(decide(None), Decision::Unknown { .. }));
    assert!(matches!(decide(Some(Err("it is gone".to_owned()))), Decision::Unknown { reason, .. } if reason == "it is gone"));
}
