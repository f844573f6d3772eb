//! What the shipped rulebook decides about changes, in sentences.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::fs;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use policy::affected::{Affected, ROOT};
use policy::arn::{IamName, UniqueId};
use policy::break_glass::BreakGlass;
use policy::case::{Next, Outcome};
use policy::change::Replaced;
use policy::containment::Sessions;
use policy::facts::{Facts, Texts};
use policy::guardrail::{Decision, Mode, Source};
use policy::hearing::Circumstances;
use policy::remedy::Remedy;
use policy::severity::Severity;
use policy::target::Identity;
use policy::{Action, Actor, Case, Event, Hearing, Rulebook};

static RULEBOOK: LazyLock<Rulebook> = LazyLock::new(|| {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guardrails");
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let cedar = files.filter(|path| path.extension().is_some_and(|extension| extension == "cedar" || extension == "cedarschema"));
    let sources: Vec<Source> =
        cedar.map(|path| Source { name: path.display().to_string(), text: fs::read_to_string(&path).unwrap() }).collect();
    Rulebook::load(&sources).unwrap_or_else(|flaws| panic!("{flaws:#?}"))
});

fn now() -> DateTime<Utc> {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

const POLSEN: &str = r#"{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/polsen","userName":"polsen","accountId":"123456789012"}"#;

fn role(arn: &str) -> String {
    let name = arn.rsplit('/').next().unwrap();
    format!(
        r#"{{"type":"AssumedRole","arn":"arn:aws:sts::123456789012:assumed-role/{name}/s","accountId":"123456789012",
            "sessionContext":{{"sessionIssuer":{{"arn":"{arn}","userName":"{name}"}}}}}}"#
    )
}

const READS: &str = r#"{"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#;
const EVERYTHING: &str = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// The cases of an event. What the change grants is what `document` says; its target holds that and nothing else.
fn cases(event: &Event, document: &str, break_glass: &[BreakGlass]) -> Vec<Case> {
    let rulebook = &*RULEBOOK;
    let actor = Actor::of(event).unwrap();
    let circumstances = Circumstances::of(rulebook, event, Action::of(event).remove(0), &actor, break_glass);
    let access = |policies: Vec<String>| circumstances.access(&Texts { policies, boundary: None }, None).unwrap();
    let heard = Hearing::open(circumstances).into_iter().filter_map(|hearing| {
        let weighing = hearing.weigh().unwrap()?;
        let needs = weighing.needs().map(|(_, needs)| needs).unwrap_or_default();
        let granted = || access(vec![document.to_owned()]);
        let mut facts = Facts::none();
        if needs.document {
            facts = facts.with_granted(granted());
        }
        if needs.holdings {
            facts = facts.with_holdings(access(Vec::new()), granted());
        }
        // Whoever it is about has no MFA device now, and is denied everything without one.
        facts = facts.with_device(false).with_denied(true);
        weighing.decide(Ok(&facts), Mode::Enforce, now()).unwrap()
    });
    heard.collect()
}

/// `<identity>` calls `<action>` on `<name>` with `<policy>`: the case that it makes.
fn case(identity: &str, action: &str, name: &str, policy: &str) -> Option<Case> {
    let parameter = match action {
        "AttachUserPolicy" | "DetachUserPolicy" => "userName",
        "AttachGroupPolicy" => "groupName",
        _ => "roleName",
    };
    let record = format!(
        r#"{{"eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{action}","awsRegion":"us-east-1","eventID":"r",
            "recipientAccountId":"123456789012","userIdentity":{identity},
            "requestParameters":{{"{parameter}":"{name}","policyArn":"arn:aws:iam::{policy}","permissionsBoundary":"arn:aws:iam::{policy}"}}}}"#
    );
    let event = Event::from_envelope_or_record(&record).unwrap();
    cases(&event, READS, &[]).pop()
}

fn broken(case: Option<&Case>) -> Vec<&str> {
    case.map_or_else(Vec::new, |case| case.decision.guardrails().iter().map(|guardrail| guardrail.id.as_str()).collect())
}

#[test]
fn billing_is_forbidden_to_everybody_but_finance() {
    let billing = "aws:policy/job-function/Billing";
    let polsen = case(POLSEN, "AttachGroupPolicy", "developers", billing);
    assert_eq!(broken(polsen.as_ref()), ["billing-is-for-finance"]);
    let finance = role("arn:aws:iam::123456789012:role/finance/FinanceAdmin");
    assert_eq!(case(&finance, "AttachGroupPolicy", "finance", billing), None);
}

#[test]
fn a_key_s_quarantine_is_restored_if_its_own_user_lifts_it_and_only_then() {
    let lifted = |user: &str, policy: &str| case(POLSEN, "DetachUserPolicy", user, &format!("aws:policy/{policy}"));
    let own = lifted("polsen", "AWSCompromisedKeyQuarantineV3");
    assert_eq!(broken(own.as_ref()), ["key-quarantines-are-not-lifted-by-their-users"]);
    assert_eq!(own.and_then(|case| case.remedy), Some(Remedy::RestoreGuard));
    assert_eq!(lifted("deploy", "AWSCompromisedKeyQuarantineV3"), None);
    assert_eq!(lifted("polsen", "ReadOnlyAccess"), None);
}

#[test]
fn a_boundary_that_is_removed_is_reported_and_one_that_is_set_is_not() {
    let unbounded = case(POLSEN, "DeleteRolePermissionsBoundary", "build", "aws:policy/X");
    assert_eq!(broken(unbounded.as_ref()), ["boundaries-are-not-removed"]);
    assert_eq!(unbounded.and_then(|case| case.remedy), None);
    assert_eq!(case(POLSEN, "PutRolePermissionsBoundary", "build", "aws:policy/X"), None);
}

#[test]
fn nobody_is_finance_by_a_name_that_anybody_can_give() {
    for impostor in [
        POLSEN.replace("user/polsen", "user/finance/FinanceAdmin").replace("\"polsen\"", "\"FinanceAdmin\""),
        role("arn:aws:iam::123456789012:role/FinanceAdmin"),
        role("arn:aws:iam::123456789012:role/x/finance/FinanceAdmin"),
        role("arn:aws:iam::123456789012:role/x:role/finance/FinanceAdmin"),
        role("arn:aws:iam::123456789012:role/finance/x/FinanceAdmin"),
        role("arn:aws:iam::999999999999:role/finance/FinanceAdmin").replace("123456789012", "999999999999"),
    ] {
        let case = case(&impostor, "AttachGroupPolicy", "developers", "aws:policy/job-function/Billing");
        assert_eq!(broken(case.as_ref()), ["billing-is-for-finance"], "{impostor}");
    }
}

#[test]
fn every_kind_of_target_is_kept_from_administrator_access() {
    for action in ["AttachUserPolicy", "AttachGroupPolicy", "AttachRolePolicy"] {
        let case = case(POLSEN, action, "x", "aws:policy/AdministratorAccess");
        assert_eq!(broken(case.as_ref()).first(), Some(&"administrator-access-needs-an-exemption"), "{action}");
        assert!(case.unwrap().asks_to_enforce());
    }
}

#[test]
fn a_policy_named_in_other_letters_is_the_same_policy() {
    let case = case(POLSEN, "AttachGroupPolicy", "x", "aws:policy/administratorACCESS");
    assert_eq!(broken(case.as_ref()), ["administrator-access-needs-an-exemption"]);
}

#[test]
fn a_customer_s_own_policy_of_the_same_name_is_not_aws_s() {
    assert_eq!(case(POLSEN, "AttachRolePolicy", "x", "123456789012:policy/AdministratorAccess"), None);
}

#[test]
fn a_policy_straight_on_a_user_is_reported_and_not_taken_back() {
    let case = case(POLSEN, "AttachUserPolicy", "polsen", "aws:policy/ReadOnlyAccess");
    assert_eq!(broken(case.as_ref()), ["users-get-access-through-groups"]);
    let mut case = case.unwrap();
    assert!(!case.asks_to_enforce());
    // Not even a stack that observes promises otherwise.
    case.mode = Mode::Observe;
    assert_eq!(case.settle(), Next::Look);
    assert_eq!(case.why_observed(), "this guardrail only observes: without its @mode, Rescind would act");
}

#[test]
fn a_guardrail_that_observes_does_not_hold_back_one_that_enforces() {
    let case = case(POLSEN, "AttachUserPolicy", "polsen", "aws:policy/job-function/Billing").unwrap();
    assert_eq!(broken(Some(&case)), ["billing-is-for-finance", "users-get-access-through-groups"]);
    assert!(case.asks_to_enforce());
}

#[test]
fn aws_s_own_quarantine_of_a_leaked_key_stays_and_its_keys_are_asked_for() {
    let case = case(POLSEN, "AttachUserPolicy", "polsen", "aws:policy/AWSCompromisedKeyQuarantineV3").unwrap();
    assert_eq!(broken(Some(&case)), ["who-aws-quarantines-loses-their-keys"]);
    assert_eq!((case.remedy(), case.siblings), (Some(Remedy::QuarantineKey), Vec::new()));
}

/// The guardrails that an event breaks, and their remedies; by a break-glass principal or by anybody else.
fn judged(event: &str, break_glass: &[BreakGlass]) -> (Vec<String>, Vec<Remedy>) {
    let cases = cases(&Event::from_envelope_or_record(event).unwrap(), READS, break_glass);
    let broken = cases.iter().flat_map(|case| broken(Some(case))).map(str::to_owned).collect();
    let remedies = cases.first().map(|case| case.remedy.into_iter().chain(case.siblings.iter().copied()).collect());
    (broken, remedies.unwrap_or_default())
}

fn call(name: &str, identity: &str, parameters: &str) -> String {
    format!(
        r#"{{"eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","eventID":"r",
            "recipientAccountId":"123456789012","userIdentity":{identity},"requestParameters":{parameters},
            "responseElements":{{"accessKey":{{"accessKeyId":"AKIAIOSFODNN7EXAMPLE"}}}}}}"#
    )
}

fn finding(source: &str, detail: &str) -> String {
    format!(
        r#"{{"id":"e","detail-type":"Finding","source":"aws.{source}","account":"123456789012","time":"2026-01-01T00:00:00Z","region":"us-east-1",
            "detail":{detail}}}"#
    )
}

#[test]
fn what_was_set_inactive_comes_back_only_by_those_who_may_lift_a_quarantine() {
    let update = call("UpdateAccessKey", POLSEN, r#"{"userName":"polsen","accessKeyId":"AKIAIOSFODNN7EXAMPLE","status":"Active"}"#);
    let lift = call("DeleteRolePolicy", POLSEN, r#"{"roleName":"web","policyName":"RescindQuarantine-1772455454"}"#);
    let listed = |arns: &[&str]| arns.iter().map(|arn| BreakGlass::parse(arn).unwrap()).collect::<Vec<_>>();
    let responders = listed(&["arn:aws:iam::123456789012:user/team/POLSEN"]);
    assert_eq!(judged(&update, &[]), (vec!["inactive-credentials-stay-inactive".to_owned()], vec![Remedy::QuarantineKey]));
    assert_eq!(judged(&lift, &[]), (vec!["quarantine-stays".to_owned()], vec![Remedy::QuarantinePrincipal]));
    let exempt = |event: &str, break_glass: &[BreakGlass]| {
        let case = cases(&Event::from_envelope_or_record(event).unwrap(), READS, break_glass).remove(0);
        matches!(case.decision, Decision::Exempt { exemption, .. } if exemption.id == "break-glass-principals")
    };
    for event in [update, lift] {
        let others = listed(&["arn:aws:iam::999999999999:user/polsen", "arn:aws:iam::123456789012:role/polsen"]);
        assert!(exempt(&event, &responders) && !exempt(&event, &others) && !exempt(&event, &[]));
    }
}

#[test]
fn a_key_for_oneself_is_nobody_s_business_and_one_for_somebody_else_or_root_is_told() {
    let root = r#"{"type":"Root","arn":"arn:aws:iam::123456789012:root","accountId":"123456789012"}"#;
    assert_eq!(judged(&call("CreateAccessKey", POLSEN, "null"), &[]).0, Vec::<String>::new());
    assert_eq!(judged(&call("CreateAccessKey", POLSEN, r#"{"userName":"deploy"}"#), &[]).0, ["nobody-makes-keys-for-others"]);
    assert_eq!(judged(&call("CreateAccessKey", root, "null"), &[]).0, ["root-has-no-keys"]);
}

#[test]
fn a_key_for_oneself_is_reported_if_a_key_without_mfa_made_it() {
    let polsen = |key: &str, mfa: &str| {
        format!(
            r#"{{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/polsen","accountId":"123456789012","userName":"polsen",
                "accessKeyId":"{key}","sessionContext":{{"attributes":{{"mfaAuthenticated":"{mfa}"}}}}}}"#
        )
    };
    let broken = |identity: &str| judged(&call("CreateAccessKey", identity, "null"), &[]).0;
    assert_eq!(broken(&polsen("AKIAI44QH8DHBEXAMPLE", "false")), ["keys-made-with-keys-are-reported"]);
    assert_eq!(broken(&polsen("AKIAI44QH8DHBEXAMPLE", "true")), Vec::<String>::new());
    assert_eq!(broken(&polsen("ASIAI44QH8DHBEXAMPLE", "false")), Vec::<String>::new());
}

#[test]
fn an_exposed_key_is_quarantined_with_its_owner_and_a_suspected_one_alone() {
    let exposed = |code: &str| {
        let detail =
            format!(r#"{{"eventTypeCode":"{code}","affectedEntities":[{{"entityValue":"arn:aws:iam::123456789012:user/deploy"}}]}}"#);
        judged(&finding("health", &detail), &[])
    };
    let (broken, remedies) = exposed("AWS_RISK_CREDENTIALS_EXPOSED");
    assert_eq!(
        (broken, remedies),
        (vec!["exposed-credentials-are-quarantined".to_owned()], vec![Remedy::QuarantineKey, Remedy::QuarantinePrincipal])
    );
    assert_eq!(exposed("AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED").1, [Remedy::QuarantineKey]);
    assert_eq!(exposed("AWS_RISK_IAM_QUARANTINE").1.len(), 2);
}

#[test]
fn misuse_is_answered_by_severity_and_by_whose_credentials_they_are() {
    let misused = |severity: &str, details: &str| {
        let detail = format!(
            r#"{{"schemaVersion":"2.0","id":"f","type":"UnauthorizedAccess:IAMUser/TorIPCaller","severity":{severity},
                "resource":{{"accessKeyDetails":{details}}}}}"#
        );
        judged(&finding("guardduty", &detail), &[]).1
    };
    let key = r#"{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"a","userType":"IAMUser"}"#;
    let session = r#"{"accessKeyId":"ASIAIOSFODNN7EXAMPLE","userName":"web","userType":"AssumedRole","principalId":"AROAX:i-0a"}"#;
    assert_eq!(misused("8", key), [Remedy::QuarantineKey, Remedy::QuarantinePrincipal]);
    assert_eq!(misused("8", session), [Remedy::QuarantinePrincipal]);
    assert_eq!(misused("5", key), []);
}

#[test]
fn an_administrator_by_inline_policy_or_by_group_is_forbidden_and_a_path_is_reported() {
    let escalates = r#"{"Statement":{"Effect":"Allow","Action":"iam:PutUserPolicy","Resource":"*"}}"#;
    let of = |call_name: &str, parameters: &str, document: &str| {
        let event = Event::from_envelope_or_record(&call(call_name, POLSEN, parameters)).unwrap();
        let case = cases(&event, document, &[]).pop();
        case.map(|case| (broken(Some(&case)).join(" "), case.asks_to_enforce()))
    };
    let put = |document: &str| {
        let text = serde_json::to_string(document).unwrap();
        of("PutRolePolicy", &format!(r#"{{"roleName":"web","policyName":"p","policyDocument":{text}}}"#), document)
    };
    let join = |document: &str| of("AddUserToGroup", r#"{"userName":"intern","groupName":"g"}"#, document);
    assert_eq!(put(EVERYTHING), Some(("no-administrator-by-inline-policy".to_owned(), true)));
    assert_eq!(put(escalates), Some(("no-path-to-administrator-by-inline-policy".to_owned(), false)));
    assert_eq!(put(READS), None);
    assert_eq!(join(EVERYTHING), Some(("no-administrator-by-group".to_owned(), true)));
    assert_eq!(join(escalates), Some(("no-path-to-administrator-by-group".to_owned(), false)));
    assert_eq!(join(READS), None);
}

/// `CreatePolicyVersion`, or another call with its parameters.
fn version(call_name: &str, parameters: &str) -> String {
    call(call_name, POLSEN, &format!(r#"{{"policyArn":"arn:aws:iam::123456789012:policy/Tools",{parameters}}}"#))
        .replace(r#""responseElements":{"#, r#""responseElements":{"policyVersion":{"versionId":"v2"},"#)
}

#[test]
fn a_version_that_makes_administrators_is_forbidden_as_the_default_and_otherwise_reported() {
    let judged = |event: &str, document: &str| {
        let cases = cases(&Event::from_envelope_or_record(event).unwrap(), document, &[]);
        let asked = cases.iter().flat_map(|case| case.remedy.into_iter().filter(|_| case.asks_to_enforce())).collect::<Vec<_>>();
        (broken(cases.first()).into_iter().map(str::to_owned).collect::<Vec<_>>(), asked)
    };
    let restored = vec![Remedy::RestorePolicyVersion];
    let path = r#"{"Statement":{"Effect":"Allow","Action":"iam:PutUserPolicy","Resource":"*"}}"#;
    let created = |default: bool| version("CreatePolicyVersion", &format!(r#""policyDocument":"x","setAsDefault":{default}"#));
    let set = version("SetDefaultPolicyVersion", r#""versionId":"v2""#);
    assert_eq!(judged(&created(true), EVERYTHING), (vec!["no-administrator-by-version".to_owned()], restored.clone()));
    assert_eq!(judged(&set, EVERYTHING), (vec!["no-administrator-by-version".to_owned()], restored));
    assert_eq!(judged(&created(true), path), (vec!["no-path-to-administrator-by-version".to_owned()], Vec::new()));
    assert_eq!(judged(&created(false), EVERYTHING), (vec!["a-version-that-makes-administrators-is-ready".to_owned()], Vec::new()));
    assert_eq!(judged(&created(true), READS), (Vec::new(), Vec::new()));
    let policy = call("CreatePolicy", POLSEN, r#"{"policyName":"Tools","policyDocument":"x"}"#);
    assert_eq!(judged(&policy, EVERYTHING), (vec!["a-new-policy-makes-administrators".to_owned()], Vec::new()));
}

#[test]
fn that_nobody_keeps_a_vendor_s_policy_without_a_good_version_is_only_observed() {
    let judged = |arn: &str, document: &str| -> Vec<(String, bool, bool)> {
        let event = version("CreatePolicyVersion", r#""policyDocument":"x","setAsDefault":true"#);
        let event = event.replace("arn:aws:iam::123456789012:policy/Tools", arn);
        let cases = cases(&Event::from_envelope_or_record(&event).unwrap(), document, &[]);
        let guardrails = cases.iter().flat_map(|case| case.decision.guardrails());
        let asks = |remedies: &[Remedy]| remedies.contains(&Remedy::DetachEverywhere);
        guardrails.map(|guardrail| (guardrail.id.clone(), guardrail.mode == Mode::Enforce, asks(&guardrail.remedies))).collect()
    };
    let restored = || ("no-administrator-by-version".to_owned(), true, false);
    let detached = ("nobody-holds-a-vendor-s-policy-without-a-good-version".to_owned(), false, true);
    assert_eq!(judged("arn:aws:iam::123456789012:policy/vendor/Tools", EVERYTHING), [restored(), detached]);
    assert_eq!(judged("arn:aws:iam::123456789012:policy/vendors/Tools", EVERYTHING), [restored()]);
    assert!(judged("arn:aws:iam::123456789012:policy/vendor/Tools", READS).is_empty());
}

#[test]
fn what_the_default_version_before_granted_already_is_only_reported() {
    let event = Event::from_envelope_or_record(&version("SetDefaultPolicyVersion", r#""versionId":"v2""#)).unwrap();
    let (rulebook, actor) = (&*RULEBOOK, Actor::of(&event).unwrap());
    let circumstances = Circumstances::of(rulebook, &event, Action::of(&event).remove(0), &actor, &[]);
    let access = || circumstances.access(&Texts { policies: vec![EVERYTHING.to_owned()], boundary: None }, None).unwrap();
    let replaced = Replaced { versions: vec!["v1".to_owned()], assumed: true };
    let facts = Facts::none().with_granted(access()).with_holdings(access(), access()).with_replaced(Some(replaced));
    let weighing = Hearing::open(circumstances).remove(0).weigh().unwrap().unwrap();
    let case = weighing.decide(Ok(&facts), Mode::Enforce, now()).unwrap().unwrap();
    assert_eq!(broken(Some(&case)), ["an-administrator-s-policy-was-edited"]);
    assert_eq!(case.remedy(), None);
    let happened = case.change.unwrap().kind().happened();
    assert!(happened.ends_with("in place of v1 (assumed: IAM does not say which one was the default before)"), "{happened}");
}

#[test]
fn what_looks_like_a_finding_and_is_a_call_is_none() {
    let forged = call("AWS_RISK_CREDENTIALS_EXPOSED", POLSEN, r#"{"affectedEntities":[{"entityValue":"AKIAIOSFODNN7EXAMPLE"}]}"#);
    let forged = forged.replace("iam.amazonaws.com", "health.amazonaws.com");
    assert!(Action::of(&Event::from_envelope_or_record(&forged).unwrap()).is_empty());
}

#[test]
fn each_credential_of_one_finding_makes_a_case_of_its_own_and_the_same_one_twice() {
    let detail = r#"{"eventTypeCode":"AWS_RISK_CREDENTIALS_EXPOSED","affectedEntities":[{"entityValue":"ann"},{"entityValue":"bob"}]}"#;
    let ids = || {
        let event = Event::from_event_bridge(&finding("health", detail)).unwrap();
        cases(&event, READS, &[]).into_iter().map(|case| case.id).collect::<Vec<_>>()
    };
    assert_ne!(ids()[0], ids()[1]);
    assert_eq!(ids(), ids());
}

#[test]
fn identity_center_may_provision_its_own_roles_and_no_others() {
    let sso = role("arn:aws:iam::123456789012:role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO");
    let admin = "aws:policy/AdministratorAccess";
    let own = case(&sso, "AttachRolePolicy", "AWSReservedSSO_Admin_0123456789abcdef", admin).unwrap();
    assert!(matches!(own.decision, Decision::Exempt { .. }));
    let other = case(&sso, "AttachRolePolicy", "Build", admin).unwrap();
    assert!(matches!(other.decision, Decision::Forbidden { .. }));
    for path in ["/", "/x/aws-service-role/sso.amazonaws.com/", "/x:role/aws-service-role/sso.amazonaws.com/"] {
        let impostor = role(&format!("arn:aws:iam::123456789012:role{path}AWSServiceRoleForSSO"));
        let forged = case(&impostor, "AttachRolePolicy", "AWSReservedSSO_Admin_0123456789abcdef", admin).unwrap();
        assert!(matches!(forged.decision, Decision::Forbidden { .. }), "{path}");
    }
}

#[test]
fn control_tower_and_account_factory_may_set_an_account_up_and_do_nothing_else() {
    let is_exempt = |actor: &str, target: &str, policy: &str| {
        let actor = role(&format!("arn:aws:iam::{actor}"));
        matches!(case(&actor, "AttachRolePolicy", target, policy).unwrap().decision, Decision::Exempt { .. })
    };
    let (execution, admin) = ("123456789012:role/AWSControlTowerExecution", "aws:policy/AdministratorAccess");
    assert!(is_exempt(execution, "aws-controltower-AdministratorExecutionRole", admin));
    assert!(is_exempt(execution, "AWSAFTExecution", admin));
    assert!(!is_exempt(execution, "Build", admin));
    assert!(!is_exempt(execution, "AWSAFTExecution", "aws:policy/IAMFullAccess"));
    for impostor in ["role/x/AWSControlTowerExecution", "role/AWSControlTowerExecution2"] {
        assert!(!is_exempt(&format!("123456789012:{impostor}"), "AWSAFTExecution", admin), "{impostor}");
    }
}

#[test]
fn the_same_record_and_guardrail_make_the_same_case_id() {
    let make = |name| case(POLSEN, "AttachGroupPolicy", name, "aws:policy/AdministratorAccess").unwrap().id;
    assert_eq!(make("a"), make("a"));
    let other = case(POLSEN, "AttachGroupPolicy", "a", "aws:policy/IAMFullAccess").unwrap().id;
    assert_ne!(make("a"), other);
}

#[test]
fn a_case_survives_its_own_json() {
    let case = case(POLSEN, "AttachUserPolicy", "polsen", "aws:policy/job-function/Billing").unwrap();
    assert_eq!(serde_json::from_str::<Case>(&case.to_string()).unwrap(), case);
}

/// The outcome, severity and remedies of each case of a finding, in a stack that enforces.
fn settled(text: &str) -> Vec<(Outcome, Severity, Vec<Remedy>)> {
    let event = Event::from_event_bridge(text).unwrap();
    let settled = cases(&event, READS, &[]).into_iter().map(|mut case| {
        assert_eq!(case.settle(), Next::Nothing, "it is acted on");
        let severity = case.decision.lead().unwrap().severity;
        (case.outcome, severity, case.remedy.into_iter().chain(case.siblings).collect())
    });
    settled.collect()
}

#[test]
fn a_finding_that_no_longer_stands_is_reported_as_low_and_never_acted_on() {
    let reported = [(Outcome::Observed, Severity::Low, Vec::new())];
    let closed = r#"{"eventTypeCode":"AWS_RISK_CREDENTIALS_EXPOSED","statusCode":"closed","affectedEntities":[{"entityValue":"deploy"}]}"#;
    let key = r#"{"eventTypeCode":"AWS_RISK_CREDENTIALS_EXPOSED","affectedEntities":[{"entityValue":"AKIAIOSFODNN7EXAMPLE","status":"RESOLVED"}]}"#;
    let account =
        r#"{"eventTypeCode":"AWS_RISK_CREDENTIALS_EXPOSED","statusCode":"closed","affectedEntities":[{"entityValue":"AWS_ACCOUNT"}]}"#;
    for detail in [closed, key, account] {
        assert_eq!(settled(&finding("health", detail)), reported, "{detail}");
    }
    for service in [r#"{"archived":true}"#, r#"{"additionalInfo":{"sample":true}}"#] {
        for id in ["AKIAIOSFODNN7EXAMPLE", "GeneratedFindingAccessKeyId"] {
            let detail = format!(
                r#"{{"schemaVersion":"2.0","id":"f","type":"t","severity":9,"service":{service},
                    "resource":{{"accessKeyDetails":{{"accessKeyId":"{id}","userName":"a","userType":"IAMUser"}}}}}}"#
            );
            assert_eq!(settled(&finding("guardduty", &detail)), reported, "{detail}");
        }
    }
}

/// The severities of the cases of a call that AWS refused.
fn refused(name: &str, parameters: &str) -> Vec<Severity> {
    let record = call(name, POLSEN, parameters).replacen('{', r#"{"errorCode":"AccessDenied","#, 1);
    let event = Event::from_envelope_or_record(&record).unwrap();
    cases(&event, READS, &[]).iter().map(|case| case.decision.lead().unwrap().severity).collect()
}

#[test]
fn a_refused_call_is_reported_only_if_a_guardrail_certainly_forbids_it_and_as_low() {
    let billing = r#"{"userName":"a","policyArn":"arn:aws:iam::aws:policy/job-function/Billing"}"#;
    assert_eq!(refused("AttachUserPolicy", billing), [Severity::Low]);
    for (name, parameters) in [
        ("AttachUserPolicy", "null"),
        ("UpdateAccessKey", "null"),
        ("CreateAccessKey", r#"{"userName":"polsen"}"#),
        ("AttachUserPolicy", r#"{"userName":"a","policyArn":"no ARN"}"#),
        ("AttachUserPolicy", r#"{"userName":"a","policyArn":"arn:aws:iam::999999999999:policy/X"}"#),
    ] {
        assert_eq!(refused(name, parameters), [], "{name} {parameters}");
    }
}

#[test]
fn two_changes_of_one_event_never_share_a_case_id() {
    let id = |target: &str, policy: &str| {
        let parameters = format!(r#"{{"userName":"{target}","policyArn":"arn:aws:iam::aws:policy/{policy}"}}"#);
        let event = Event::from_envelope_or_record(&call("AttachUserPolicy", POLSEN, &parameters)).unwrap();
        cases(&event, READS, &[]).remove(0).id
    };
    let billing = "job-function/Billing";
    assert_eq!(id("a", billing), id("a", billing));
    assert_ne!(id("a", billing), id("b", billing));
    assert_ne!(id("a", billing), id("a", "Billing"));
}

#[test]
fn updates_of_one_finding_share_a_case_id_until_it_is_archived() {
    let id = |severity: &str, archived: bool| {
        let detail = format!(
            r#"{{"schemaVersion":"2.0","id":"f","type":"t","severity":{severity},"service":{{"archived":{archived}}},
                "resource":{{"accessKeyDetails":{{"accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"a","userType":"IAMUser"}}}}}}"#
        );
        let event = Event::from_event_bridge(&finding("guardduty", &detail)).unwrap();
        cases(&event, READS, &[]).remove(0).id
    };
    assert_eq!(id("8", false), id("9", false));
    assert_ne!(id("8", false), id("8", true));
}

/// Whom a quarantine affects if a federated user with this issuer attached a policy.
fn behind_a_federated_user(issuer: &str) -> Affected {
    let identity = format!(
        r#"{{"type":"FederatedUser","principalId":"123456789012:guest","arn":"arn:aws:sts::123456789012:federated-user/guest",
            "accountId":"123456789012","sessionContext":{{"sessionIssuer":{issuer}}}}}"#
    );
    let case = case(&identity, "AttachUserPolicy", "a", "aws:policy/AdministratorAccess").unwrap();
    Affected::by(&case, case.change.as_ref().unwrap())
}

#[test]
fn a_federated_user_is_contained_through_the_user_who_issued_the_session() {
    let broker = |account: &str| {
        let issuer =
            format!(r#"{{"arn":"arn:aws:iam::{account}:user/ci/broker","userName":"broker","principalId":"AIDAEXAMPLEEXAMPLE00"}}"#);
        behind_a_federated_user(&issuer)
    };
    let user = Identity::user(IamName::new("broker").unwrap()).with_id(UniqueId::new("AIDAEXAMPLEEXAMPLE00").ok());
    assert_eq!(broker("123456789012"), Affected::Principal(user, Sessions::All));
    assert!(matches!(broker("999999999999"), Affected::OutOfReach(_)), "a namesake elsewhere");
    let root = behind_a_federated_user(r#"{"arn":"arn:aws:iam::123456789012:root","principalId":"123456789012"}"#);
    assert_eq!(root, Affected::OutOfReach(ROOT.to_owned()));
}

/// `UpdateAssumeRolePolicy` with these statements, each with the condition that it has, if any.
fn trust(principal: &str, action: &str, condition: &str) -> Option<Case> {
    let statement = format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:{action}","Condition":{{{condition}}}}}"#);
    let parameters = serde_json::json!({"roleName": "web", "policyDocument": format!(r#"{{"Statement":{statement}}}"#)});
    let record = format!(
        r#"{{"eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"UpdateAssumeRolePolicy","awsRegion":"us-east-1",
            "eventID":"r","recipientAccountId":"123456789012","userIdentity":{POLSEN},"requestParameters":{parameters}}}"#
    );
    cases(&Event::from_envelope_or_record(&record).unwrap(), READS, &[]).pop()
}

#[test]
fn a_role_for_everyone_is_taken_back_and_what_may_be_meant_is_reported() {
    let provider = |issuer: &str| format!(r#"{{"Federated":"arn:aws:iam::123456789012:oidc-provider/{issuer}"}}"#);
    let (web, github) = ("AssumeRoleWithWebIdentity", "token.actions.githubusercontent.com");
    for (case, ids, enforced) in [
        (trust(r#""*""#, "AssumeRole", ""), vec!["no-role-for-everyone"], true),
        (trust(r#"{"AWS":"*"}"#, "AssumeRole", r#""StringEquals":{"sts:ExternalId":"x1"}"#), vec!["everyone-with-an-external-id"], false),
        (
            trust(r#"{"AWS":"*"}"#, "AssumeRole", r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#),
            vec!["perhaps-a-role-for-everyone"],
            false,
        ),
        (trust(r#"{"AWS":"*"}"#, "AssumeRole", r#""StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}"#), vec![], false),
        (trust(r#"{"AWS":"999999999999"}"#, "AssumeRole", ""), vec!["trusted-accounts-are-listed"], false),
        (trust(r#"{"AWS":"123456789012"}"#, "AssumeRole", ""), vec![], false),
        (trust(r#"{"Service":"ec2.amazonaws.com"}"#, "AssumeRole", ""), vec![], false),
        (trust(&provider(github), web, ""), vec!["no-role-for-whoever-a-provider-vouches-for"], true),
        (trust(&provider(github), web, &format!(r#""StringLike":{{"{github}:sub":"repo:acme/*"}}"#)), vec![], false),
        (trust(&provider("oidc.eks.eu-west-1.amazonaws.com/id/1A"), web, ""), vec!["no-role-for-whoever-a-provider-vouches-for"], true),
    ] {
        assert_eq!(broken(case.as_ref()), ids);
        assert_eq!(case.is_some_and(|case| case.asks_to_enforce()), enforced, "{ids:?}");
    }
}

#[test]
fn a_password_policy_that_asks_for_less_than_the_baseline_is_forbidden_and_hard_expiry_is_reported() {
    let broken = |action: &str, parameters: &str| -> Vec<String> {
        let record = format!(
            r#"{{"eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{action}","awsRegion":"us-east-1","eventID":"r",
                "recipientAccountId":"123456789012","userIdentity":{POLSEN},"requestParameters":{parameters}}}"#
        );
        let cases = cases(&Event::from_envelope_or_record(&record).unwrap(), READS, &[]);
        cases.iter().flat_map(|case| case.decision.guardrails()).map(|guardrail| guardrail.id.clone()).collect()
    };
    let (baseline, expiry) = ("passwords-meet-the-baseline", "nobody-is-locked-out-by-hard-expiry");
    assert_eq!(broken("DeleteAccountPasswordPolicy", "null"), [baseline]);
    assert_eq!(broken("UpdateAccountPasswordPolicy", "null"), [baseline]);
    assert_eq!(broken("UpdateAccountPasswordPolicy", r#"{"minimumPasswordLength":14,"passwordReusePrevention":23}"#), [baseline]);
    assert_eq!(
        broken("UpdateAccountPasswordPolicy", r#"{"minimumPasswordLength":14,"passwordReusePrevention":24,"hardExpiry":true}"#),
        [expiry]
    );
    assert!(broken("UpdateAccountPasswordPolicy", r#"{"minimumPasswordLength":14,"passwordReusePrevention":24}"#).is_empty());
}

#[test]
fn a_password_for_somebody_else_is_deleted_only_if_a_user_without_mfa_set_one_that_stays_valid() {
    let broken = |action: &str, identity: &str, parameters: &str| judged(&call(action, identity, parameters), &[]);
    let observed = "nobody-sets-a-password-for-somebody-else";
    let (guardrails, remedies) = broken("CreateLoginProfile", POLSEN, r#"{"userName":"deploy"}"#);
    assert_eq!(
        (guardrails, remedies),
        (vec!["no-password-for-somebody-else-without-mfa".to_owned(), observed.to_owned()], vec![Remedy::RemoveLogin])
    );
    assert_eq!(broken("UpdateLoginProfile", POLSEN, r#"{"userName":"deploy","passwordResetRequired":true}"#).0, [observed]);
    assert_eq!(broken("CreateLoginProfile", POLSEN, r#"{"userName":"polsen"}"#).0, ["no-console-password-of-one-s-own-without-mfa"]);
    let help_desk = role("arn:aws:iam::123456789012:role/helpdesk/Helpdesk");
    let reset = |required: bool| format!(r#"{{"userName":"deploy","passwordResetRequired":{required}}}"#);
    assert_eq!(broken("UpdateLoginProfile", &help_desk, &reset(true)).0, Vec::<String>::new());
    assert_eq!(broken("UpdateLoginProfile", &help_desk, &reset(false)).0, [observed]);
    assert_eq!(broken("CreateLoginProfile", &help_desk, &reset(true)).0, [observed]);
}

#[test]
fn an_administrator_without_a_second_factor_is_reported_and_whatever_ends_a_denial_is_answered() {
    let broken = |action: &str, document: &str, parameters: &str| {
        let record = call(action, POLSEN, parameters);
        let cases = cases(&Event::from_envelope_or_record(&record).unwrap(), document, &[]);
        let case = cases.first()?;
        Some((case.decision.guardrails().first()?.id.clone(), case.asks_to_enforce(), case.severity()))
    };
    let device = r#"{"userName":"deploy","serialNumber":"arn:aws:iam::123456789012:mfa/phone"}"#;
    let high = Some(Severity::High);
    let lost = Some(("administrators-keep-a-second-factor".to_owned(), false, high));
    assert_eq!(broken("DeactivateMFADevice", EVERYTHING, device), lost);
    assert_eq!(broken("DeactivateMFADevice", READS, device), None);
    let back = Some(("a-second-factor-ends-the-denial".to_owned(), true, high));
    assert_eq!(broken("EnableMFADevice", READS, device), back);
    let lift = r#"{"userName":"deploy","policyArn":"arn:aws:iam::123456789012:policy/rescind/RescindDenyWithoutMfa-0"}"#;
    let lifted = Some(("a-denial-without-mfa-stays".to_owned(), true, high));
    assert_eq!(broken("DetachUserPolicy", READS, lift), lifted);
    let polsen = BreakGlass::parse("arn:aws:iam::123456789012:user/polsen").unwrap();
    let record = call("DetachUserPolicy", POLSEN, lift);
    let exempt = cases(&Event::from_envelope_or_record(&record).unwrap(), READS, &[polsen]).remove(0);
    assert!(matches!(exempt.decision, Decision::Exempt { exemption, .. } if exemption.id == "break-glass-principals"));
}
