use policy::arn::UniqueId;
use policy::case::Call;
use policy::containment::Quarantine;
use serde_json::{Value, json};

use super::*;

const ID_OF_X: &str = "AIDAEXAMPLEEXAMPLE001";
const ID: &str = "rsc-8b332ad44cc59341";
const BILLING: &str = "arn:aws:iam::aws:policy/job-function/Billing";
const OURS: &str = "arn:aws:iam::123456789012:policy/rescind/RescindQuarantine-1767225600";
const TOOLS: &str = "arn:aws:iam::123456789012:policy/build/Tools";
const DENIES: &str = "arn:aws:iam::123456789012:policy/rescind/RescindDenyEverything-0";
const WITHOUT_MFA: &str = "arn:aws:iam::123456789012:policy/rescind/RescindDenyWithoutMfa-0";
const EVERYONE: &str = r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#;
const OWN_TRUST: &str = r#"{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}"#;

/// A case of one remedy that made these calls, each with the one that undoes it.
fn made(remedy: &str, steps: &[(Call, Call)]) -> Value {
    let mut case = told(remedy, &steps.iter().map(|(_, undo)| undo.clone()).collect::<Vec<_>>());
    case["outcomes"][0]["calls"] = steps.iter().map(|(call, _)| serde_json::to_value(call).unwrap()).collect();
    // A trust policy is put back only if the case names who was removed from it.
    if let Some((_, undo)) = steps.first().filter(|(_, undo)| undo.operation == "UpdateAssumeRolePolicy") {
        case["change"] = json!({
            "type": "TrustChanged", "target": {"type": "role", "name": undo.parameter("RoleName")}, "document": undo.parameter("PolicyDocument"),
            "trusted": [{"principal": {"type": "everyone"}, "guardrails": ["billing-is-for-finance"]}],
        });
        return case;
    }
    if remedy == "detach-everywhere" {
        case["change"] =
            json!({"type": "PolicyVersionSet", "policyArn": TOOLS, "version": "v2", "isDefault": true, "deed": "created-version"});
        return case;
    }
    if remedy == "restore-guard" {
        if let Some((call, _)) = steps.first() {
            restored(&mut case, call);
        }
        return case;
    }
    // The denial without MFA is taken off, or put on again, only of the user whose device the case is about.
    if let Some((call, _)) = steps.first().filter(|_| remedy == "remove-login") {
        case["change"] = json!({
            "type": "MfaChanged", "target": {"type": "user", "name": call.parameter("UserName").unwrap_or("x")},
            "deed": "deactivated", "serialNumber": "phone",
        });
        return case;
    }
    // An inline policy is put back only if the case is about that very policy.
    if let Some((_, undo)) = steps.first().filter(|(_, undo)| undo.parameter("PolicyDocument").is_some()) {
        let (kind, name) = ["User", "Group", "Role"].iter().find_map(|kind| Some((kind, undo.parameter(&format!("{kind}Name"))?))).unwrap();
        case["change"] = json!({
            "type": "InlinePolicyPut", "target": {"type": kind.to_lowercase(), "name": name},
            "policyName": undo.parameter("PolicyName"), "document": undo.parameter("PolicyDocument"),
        });
    }
    // A version is made the default again only of the policy that the case is about.
    if let Some((_, undo)) = steps.first().filter(|(_, undo)| undo.parameter("VersionId").is_some()) {
        case["change"] = json!({
            "type": "PolicyVersionSet", "policyArn": undo.parameter("PolicyArn"), "version": undo.parameter("VersionId"),
            "isDefault": true, "deed": "created-version",
        });
    }
    // A password policy is given back only as the case says that it was.
    if let Some((_, undo)) = steps.first().filter(|_| remedy == "restore-password-policy") {
        case["change"] =
            if undo.operation == "UpdateAccountPasswordPolicy" { weakened() } else { json!({"type": "PasswordPolicyChanged"}) };
        case["decision"]["guardrails"][0]["baseline"] = json!("minimumPasswordLength=14,maxPasswordAge=90");
    }
    case
}

/// The change that set the password policy to IAM's defaults.
fn weakened() -> Value {
    json!({"type": "PasswordPolicyChanged", "rules": {
        "minimumPasswordLength": 6, "requireSymbols": false, "requireNumbers": false, "requireUppercaseCharacters": false,
        "requireLowercaseCharacters": false, "allowUsersToChangePassword": false, "hardExpiry": false,
    }})
}

/// Makes it the case of the removal that a call takes back: it requires what the call gives back.
fn restored(case: &mut Value, call: &Call) {
    let named = |kind: &&str| call.parameter(&format!("{kind}Name"));
    let Some((kind, name)) = ["User", "Group", "Role"].iter().find_map(|kind| Some((kind, named(kind)?))) else {
        return;
    };
    let target = json!({"type": kind.to_lowercase(), "name": name});
    let parameter = |name: &str| call.parameter(name);
    let inline = parameter("PolicyName").zip(parameter("PolicyDocument"));
    let (change, requires) = match (parameter("PolicyArn"), inline, parameter("PermissionsBoundary")) {
        (Some(policy), ..) => {
            (json!({"type": "PolicyDetached", "target": target, "policyArn": policy}), json!({"kind": "policy", "policy": policy}))
        }
        (_, Some((policy, text)), _) => (
            json!({"type": "InlinePolicyDeleted", "target": target, "policyName": policy}),
            json!({"kind": "inline", "name": policy, "file": "a.json", "document": text}),
        ),
        (.., Some(policy)) => (json!({"type": "BoundaryChanged", "target": target}), json!({"kind": "boundary", "policy": policy})),
        _ => {
            let group = parameter("GroupName").unwrap_or("another");
            (
                json!({"type": "GroupLeft", "target": target, "group": group}),
                json!({"kind": "policy", "policy": "arn:aws:iam:::policy/Guard"}),
            )
        }
    };
    case["change"] = change;
    case["decision"]["guardrails"][0]["requires"] = requires;
}

/// A case of one remedy with these undos, which says of no call that it was made.
fn told(remedy: &str, undo: &[Call]) -> Value {
    json!({
        "version": 1, "id": ID, "time": "2026-01-01T00:00:04Z", "latencyMs": 4000,
        "account": "123456789012", "region": "us-east-1", "partition": "aws", "mode": "enforce",
        "record": {"eventId": "8f3c1f6e", "eventName": "AttachUserPolicy", "eventTime": "2026-01-01T00:00:00Z"},
        "actor": {"type": "IAMUser", "kind": "User", "arn": "arn:aws:iam::123456789012:user/mallory", "name": "mallory",
                  "account": "123456789012", "mfa": false},
        "change": {"type": "PolicyAttached", "target": {"type": "user", "name": "polsen"}, "policyArn": BILLING},
        "decision": {"verdict": "forbidden", "guardrails": [
            {"id": "billing-is-for-finance", "severity": "high", "mode": "enforce", "remedies": [remedy], "controls": []},
        ]},
        "outcome": "applied",
        "outcomes": [{"remedy": remedy, "outcome": "applied", "undo": undo.iter().map(|call| {
            let mut receipt = serde_json::to_value(call).unwrap();
            receipt["command"] = json!("rm -rf /");
            receipt
        }).collect::<Value>()}],
    })
}

fn read(case: &Value) -> Case {
    source::chosen(source::cases(&case.to_string()).unwrap(), None).unwrap()
}

fn steps(remedy: &str, undo: &[Call]) -> Result<Vec<AnyStep>> {
    step::of(&read(&told(remedy, undo)))
}

fn attach(arn: &str) -> Call {
    Call::iam("AttachUserPolicy", &[("UserName", "polsen"), ("PolicyArn", arn)])
}

fn iam(operation: &str, parameters: &[(&str, &str)]) -> Call {
    Call::iam(operation, parameters)
}

#[test]
fn a_case_is_found_in_every_form_in_which_it_is_told() {
    let case = told("detach-policy", &[attach(BILLING)]);
    let message =
        json!({"default": "taken back", "email": "taken back", "sqs": case.to_string(), "lambda": case.to_string(), "https": "{}"});
    let forms = [
        case.clone(),
        json!({"cases": [case]}),
        json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:notices", "Message": case.to_string()}),
        message.clone(),
        json!({"Message": message.to_string()}),
        json!({"level": "INFO", "message": "case", "case": ID, "case_json": case.to_string()}),
    ];
    for form in forms {
        assert_eq!(read(&form).id, ID, "{form}");
    }
}

#[test]
fn what_holds_no_case_is_refused() {
    let mut deep = told("detach-policy", &[]).to_string();
    for _ in 0..5 {
        deep = json!({ "Message": deep }).to_string();
    }
    let mut newer = told("detach-policy", &[]);
    newer["version"] = json!(2);
    let mut wrong = told("detach-policy", &[]);
    wrong["outcome"] = json!("\u{1b}[2J");
    for text in ["", "taken back: policy Billing", "[]", "{}", r#"{"Message": "hello"}"#, r#"{"cases": [1]}"#, &deep, &newer.to_string()] {
        assert!(source::cases(text).is_err(), "{text}");
    }
    let error = format!("{:#}", source::cases(&wrong.to_string()).unwrap_err());
    assert!(error.contains("this is not a case") && !error.contains('\u{1b}'), "{error}");
}

#[test]
fn of_several_cases_one_is_chosen_by_its_id() {
    let (first, mut second) = (told("detach-policy", &[attach(BILLING)]), told("detach-policy", &[]));
    second["id"] = json!("rsc-0000000000000000");
    let both = || source::cases(&json!({ "cases": [first, second] }).to_string()).unwrap();
    let error = source::chosen(both(), None).unwrap_err().to_string();
    assert!(error.contains("--case") && error.contains(ID) && error.contains("rsc-0000000000000000"), "{error}");
    assert_eq!(source::chosen(both(), Some(ID)).unwrap().id, ID);
    assert!(source::chosen(both(), Some("rsc-1111111111111111")).unwrap_err().to_string().contains(ID));
    assert!(source::chosen(Vec::new(), None).is_err());
}

#[test]
fn of_several_tries_at_one_case_the_newest_that_did_something_counts() {
    let undo = [attach(BILLING)];
    let tries = [("first", true), ("second", true), ("third", false)].map(|(region, acted)| {
        let mut case = told("detach-policy", if acted { &undo } else { &[] });
        case["region"] = json!(region);
        case
    });
    assert_eq!(read(&json!({ "cases": tries })).region, "second");
}

#[test]
fn an_id_is_distinguished_from_a_path() {
    assert!(source::is_id(ID));
    for path in ["case.json", "rsc-", "rsc-8b332ad44cc5934", "rsc-8B332AD44CC59341", "./rsc-8b332ad44cc59341", "rsc-8b332ad44cc59341\""] {
        assert!(!source::is_id(path), "{path}");
    }
}

/// The call with one parameter replaced, or added.
fn with(call: &Call, name: &str, value: &str) -> Call {
    let mut call = call.clone();
    call.parameters.insert(name.to_owned(), value.to_owned());
    call
}

/// The call with other values for its operation and without some parameters.
fn but(call: &Call, operation: &str, without: &[&str]) -> Call {
    let mut call = Call { operation: operation.to_owned(), ..call.clone() };
    call.parameters.retain(|name, _| !without.contains(&name.as_str()));
    call
}

/// Every kind of step that a remedy makes: the remedy, the call, its undo.
fn every_step() -> Vec<(&'static str, Vec<(Call, Call)>)> {
    let attachment = |kind: &str, arn: &str| {
        let attach = iam(&format!("Attach{kind}Policy"), &[(&format!("{kind}Name"), "x"), ("PolicyArn", arn)]);
        (but(&attach, &format!("Detach{kind}Policy"), &[]), attach)
    };
    let status = |operation: &str, id: &str, value: &str| {
        let active = iam(operation, &[("UserName", "polsen"), (id, value), ("Status", "Active")]);
        (with(&active, "Status", "Inactive"), active)
    };
    let quarantine = |kind: &str, quarantine: &Quarantine| {
        let (name, document) = (quarantine.policy_name(), quarantine.document());
        let put = iam(
            &format!("Put{kind}Policy"),
            &[(&format!("{kind}Name"), "x"), ("PolicyName", name.as_str()), ("PolicyDocument", &document)],
        );
        let deleted = but(&put, &format!("Delete{kind}Policy"), &["PolicyDocument"]);
        (put, deleted)
    };
    let inline = |kind: &str, text: &str| {
        let put = iam(&format!("Put{kind}Policy"), &[(&format!("{kind}Name"), "x"), ("PolicyName", "p+=,.@_-"), ("PolicyDocument", text)]);
        (but(&put, &format!("Delete{kind}Policy"), &["PolicyDocument"]), put)
    };
    let trust = |statements: &[&str]| {
        let document = format!(r#"{{"Statement": [{}] }}"#, statements.join(","));
        iam("UpdateAssumeRolePolicy", &[("RoleName", "x"), ("PolicyDocument", &document)])
    };
    let rules = |length: &str| {
        let switches = ["AllowUsersToChangePassword", "HardExpiry", "RequireLowercaseCharacters", "RequireNumbers", "RequireSymbols"];
        let all = switches.iter().chain(&["RequireUppercaseCharacters"]).map(|name| (*name, "false"));
        iam("UpdateAccountPasswordPolicy", &all.chain([("MinimumPasswordLength", length)]).collect::<Vec<_>>())
    };
    let restored = with(&rules("14"), "MaxPasswordAge", "90");
    let added = iam("AddUserToGroup", &[("UserName", "polsen"), ("GroupName", "admins")]);
    let document = Quarantine::of_arn(OURS).unwrap().document();
    let created =
        iam("CreatePolicy", &[("PolicyName", "RescindQuarantine-1767225600"), ("Path", "/rescind/"), ("PolicyDocument", &document)]);
    let attached = attachment("Role", OURS);
    let contained = attachment("User", DENIES);
    let version_of = |arn: &str, id: &str| iam("SetDefaultPolicyVersion", &[("PolicyArn", arn), ("VersionId", id)]);
    let version = |id: &str| version_of(DENIES, id);
    let bounded = |arn: &str| iam("PutUserPermissionsBoundary", &[("UserName", "x"), ("PermissionsBoundary", arn)]);
    let of_role = |arn: &str| iam("PutRolePermissionsBoundary", &[("RoleName", "x"), ("PermissionsBoundary", arn)]);
    let of_user = |arn: &str| iam("PutUserPermissionsBoundary", &[("UserName", "y"), ("PermissionsBoundary", arn)]);
    let denied = iam("AddUserToGroup", &[("UserName", "polsen"), ("GroupName", "denied")]);
    let back = |(taken, given): (Call, Call)| (given, taken);
    let of = |(call, undo): (Call, Call), id: &str| (call.about(UniqueId::new(id).ok()), undo.about(UniqueId::new(id).ok()));
    vec![
        ("detach-policy", vec![attachment("User", BILLING)]),
        ("detach-policy", vec![attachment("Group", BILLING)]),
        ("detach-policy", vec![attachment("Role", BILLING)]),
        ("delete-inline-policy", vec![inline("User", " {\"Statement\": []}\n")]),
        ("delete-inline-policy", vec![inline("Group", "anything at all")]),
        ("delete-inline-policy", vec![inline("Role", "{}")]),
        ("restore-trust", vec![(trust(&[OWN_TRUST]), trust(&[EVERYONE, OWN_TRUST]))]),
        ("restore-policy-version", vec![(version_of(TOOLS, "v1"), version_of(TOOLS, "v27"))]),
        ("detach-everywhere", vec![of(attachment("User", TOOLS), ID_OF_X), attachment("Group", TOOLS), attachment("Role", TOOLS)]),
        ("remove-group-member", vec![(but(&added, "RemoveUserFromGroup", &[]), added)]),
        ("remove-login", vec![back(attachment("User", WITHOUT_MFA))]),
        ("restore-password-policy", vec![(restored, rules("6"))]),
        ("restore-guard", vec![back(attachment("User", "arn:aws:iam::123456789012:policy/team/x"))]),
        ("restore-guard", vec![back(attachment("Group", "arn:aws:iam::123456789012:policy/Guard"))]),
        ("restore-guard", vec![back(attachment("Role", "arn:aws:iam::123456789012:policy/Guard"))]),
        ("restore-guard", vec![back(inline("User", "{\"Statement\": []}"))]),
        ("restore-guard", vec![back(inline("Role", "{ }"))]),
        ("restore-guard", vec![(of_role(BILLING), but(&of_role(BILLING), "DeleteRolePermissionsBoundary", &["PermissionsBoundary"]))]),
        ("restore-guard", vec![(of_user(BILLING), of_user("arn:aws:iam::123456789012:policy/Looser"))]),
        ("restore-guard", vec![(denied.clone(), but(&denied, "RemoveUserFromGroup", &[]))]),
        (
            "quarantine-key",
            vec![
                status("UpdateAccessKey", "AccessKeyId", "AKIAEXAMPLEEXAMPLE01"),
                status("UpdateAccessKey", "AccessKeyId", "AKIAEXAMPLEEXAMPLE02"),
            ],
        ),
        ("quarantine-key", vec![status("UpdateSSHPublicKey", "SSHPublicKeyId", "APKAEXAMPLEEXAMPLE01")]),
        ("quarantine-key", vec![status("UpdateSigningCertificate", "CertificateId", "TA7SMP42TDN5Z26OBPJE7EXAMPLE")]),
        ("quarantine-key", vec![status("UpdateServiceSpecificCredential", "ServiceSpecificCredentialId", "ACCAEXAMPLEEXAMPLE01")]),
        ("quarantine-principal", vec![(contained.1, contained.0)]),
        ("quarantine-principal", vec![(bounded(DENIES), bounded(BILLING))]),
        ("quarantine-principal", vec![(version("v1"), version("v2"))]),
        ("quarantine-principal", vec![quarantine("Role", &Quarantine::named("RescindQuarantine-1767225600-s-mallory").unwrap())]),
        // Made in this order; undone in the other.
        ("quarantine-principal", vec![(attached.1, attached.0), (created, iam("DeletePolicy", &[("PolicyArn", OURS)]))]),
    ]
}

#[test]
fn every_undo_that_a_remedy_writes_is_understood() {
    for (remedy, made_steps) in every_step() {
        let case = read(&made(remedy, &made_steps));
        let calls: Vec<Call> =
            step::of(&case).unwrap_or_else(|error| panic!("{remedy}: {error}")).iter().filter_map(AnyStep::call).collect();
        assert_eq!(calls, made_steps.into_iter().map(|(_, undo)| undo).collect::<Vec<_>>());
    }
}

#[test]
fn an_undo_of_another_remedy_or_of_another_call_is_refused() {
    let every = every_step();
    let remedies = [
        "detach-policy",
        "delete-inline-policy",
        "remove-group-member",
        "remove-login",
        "restore-policy-version",
        "detach-everywhere",
        "restore-password-policy",
        "restore-trust",
        "restore-guard",
        "quarantine-key",
        "quarantine-principal",
    ];
    for (remedy, steps) in &every {
        for other in remedies.into_iter().filter(|other| other != remedy) {
            let case = read(&made(other, steps));
            assert!(step::of(&case).is_err(), "{other} does not write {steps:?}");
        }
        for (_, others) in every.iter().filter(|(_, others)| others != steps) {
            let mixed: Vec<(Call, Call)> =
                others.iter().cycle().zip(steps).map(|((call, _), (_, undo))| (call.clone(), undo.clone())).collect();
            assert!(step::of(&read(&made(remedy, &mixed))).is_err(), "{remedy}: {mixed:?}");
        }
    }
}

#[test]
fn an_undo_that_no_remedy_writes_is_refused() {
    for (remedy, steps) in every_step() {
        let (call, undo) = steps[0].clone();
        let strange = [
            Call { service: "organizations".to_owned(), ..undo.clone() },
            with(&undo, "Force", "true"),
            with(&undo, "UserName", "a b"),
            with(&undo, "RoleName", "somebody"),
            with(&undo, "UserName", "somebody"),
            with(&undo, "PolicyName", "Guard"),
            with(&undo, "PolicyArn", "arn:aws:iam::210987654321:policy/x"),
            with(&undo, "PolicyDocument", "{\"another\":\"text\"}"),
            with(&undo, "Status", "Inactive"),
            iam("CreateUser", &[("UserName", "mallory")]),
            iam("UpdateLoginProfile", &[("UserName", "polsen"), ("Password", "x")]),
            iam("DeleteGroupPolicy", &[("GroupName", "g"), ("PolicyName", "RescindQuarantine-1")]),
        ];
        let mut case = made(remedy, &[(call, undo.clone())]);
        for strange in strange.into_iter().filter(|strange| *strange != undo) {
            case["outcomes"][0]["undo"][0]["operation"] = json!(strange.operation);
            case["outcomes"][0]["undo"][0]["service"] = json!(strange.service);
            case["outcomes"][0]["undo"][0]["parameters"] = json!(strange.parameters);
            let error = step::of(&read(&case)).unwrap_err().to_string();
            assert!(error.starts_with("this case holds an undo that Rescind does not write: `aws "), "{error}");
        }
    }
    let many: Vec<Call> = (0..201).map(|_| attach(BILLING)).collect();
    assert!(steps("detach-policy", &many).is_err());
}

#[test]
fn an_undo_about_somebody_else_of_the_same_name_is_refused() {
    let id = |id: &str| UniqueId::new(id).ok();
    let (_, made_steps) = every_step().into_iter().find(|(remedy, _)| *remedy == "detach-everywhere").unwrap();
    let (call, undo) = made_steps[0].clone();
    assert_eq!(undo.unique_id, id(ID_OF_X));
    for other in [None, id("AIDAEXAMPLEEXAMPLE002")] {
        let forged = [(call.clone(), undo.clone().about(other))];
        assert!(step::of(&read(&made("detach-everywhere", &forged))).is_err(), "{forged:?}");
    }
}

#[test]
fn a_password_policy_is_given_back_only_as_the_case_says_that_it_was() {
    let (_, made_steps) = every_step().into_iter().find(|(remedy, _)| *remedy == "restore-password-policy").unwrap();
    let (restored, weak) = made_steps[0].clone();
    let deleted = iam("DeleteAccountPasswordPolicy", &[]);
    let mut case = made("restore-password-policy", &[(restored.clone(), deleted.clone())]);
    assert_eq!(step::of(&read(&case)).unwrap().iter().filter_map(AnyStep::call).collect::<Vec<_>>(), [deleted]);
    case["change"] = weakened();
    assert!(step::of(&read(&case)).is_err());
    for forged in [with(&weak, "RequireNumbers", "true"), with(&weak, "MinimumPasswordLength", "7"), restored.clone()] {
        assert!(step::of(&read(&made("restore-password-policy", &[(restored.clone(), forged.clone())]))).is_err(), "{forged:?}");
    }
}

#[test]
fn the_denial_without_mfa_is_put_on_again_only_for_the_user_of_the_case() {
    let attach = |user: &str, arn: &str| iam("AttachUserPolicy", &[("UserName", user), ("PolicyArn", arn)]);
    let detach = |user: &str, arn: &str| iam("DetachUserPolicy", &[("UserName", user), ("PolicyArn", arn)]);
    let mut case = made("remove-login", &[(detach("x", WITHOUT_MFA), attach("x", WITHOUT_MFA))]);
    case["change"]["deed"] = json!("enabled");
    assert_eq!(step::of(&read(&case)).unwrap().iter().filter_map(AnyStep::call).collect::<Vec<_>>(), [attach("x", WITHOUT_MFA)]);
    let another_account = WITHOUT_MFA.replace("123456789012", "210987654321");
    for (user, arn) in [("somebody", WITHOUT_MFA), ("x", BILLING), ("x", DENIES), ("x", another_account.as_str())] {
        let mut forged = made("remove-login", &[(detach(user, arn), attach(user, arn))]);
        forged["change"] = case["change"].clone();
        assert!(step::of(&read(&forged)).is_err(), "{user} {arn}");
    }
}

#[test]
fn without_the_call_that_it_undoes_only_a_membership_or_an_attachment_is_given_back() {
    for (remedy, made_steps) in every_step() {
        let undo: Vec<Call> = made_steps.into_iter().map(|(_, undo)| undo).collect();
        assert_eq!(steps(remedy, &undo).is_ok(), matches!(remedy, "detach-policy" | "remove-group-member"), "{remedy}");
    }
}

#[test]
fn a_remedy_that_was_not_carried_out_has_no_receipt() {
    let mut case = told("detach-policy", &[attach(BILLING)]);
    case["outcomes"][0]["outcome"] = json!("observed");
    assert!(step::of(&read(&case)).is_err());
}

#[test]
fn what_is_shown_is_what_would_be_done_and_not_what_the_file_says_of_it() {
    const STRANGE: &str = "arn:aws:iam::aws:policy/$(id)/Billing";
    let mut case = told("detach-policy", &[attach(STRANGE)]);
    case["change"]["policyArn"] = json!(STRANGE);
    case["record"]["eventName"] = json!("\u{1b}[2J\u{202e}");
    case["id"] = json!("\u{1b}[2J");
    case["decision"]["guardrails"][0]["id"] = json!("\u{1b}[2J");
    let case = read(&case);
    let mut out = Vec::new();
    show(&case, Source::Ledger { times: 1 }, &step::of(&case).unwrap(), &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("will do:\n  aws iam attach-user-policy --policy-arn $'"), "{out}");
    for hidden in ["\u{1b}", "\u{202e}", "rm -rf", "$("] {
        assert!(!out.contains(hidden), "{out}");
    }
}

#[test]
fn a_case_that_took_nothing_says_so_with_its_outcome() {
    let mut case = told("detach-policy", &[]);
    case["outcome"] = json!("observed");
    case["siblings"] = json!(["quarantine-key"]);
    let case = read(&case);
    let mut out = Vec::new();
    let error = show(&case, Source::Ledger { times: 1 }, &[], &mut out).unwrap_err().to_string();
    assert_eq!(error, "nothing to undo: the outcome of this case is observed");
    assert!(String::from_utf8(out).unwrap().contains("also called for quarantine-key"));
}

#[test]
fn a_case_of_an_earlier_version_is_still_read() {
    let mut case = told("detach-policy", &[attach(BILLING)]);
    case["requests"] = json!(["quarantine-key"]);
    case["askedBy"] = json!({"case": ID, "remedy": "detach-policy", "time": "2026-01-01T00:00:00Z"});
    case["seal"] = json!("AAAA");
    case["outcomes"].as_array_mut().unwrap().push(json!({"remedy": "quarantine-key", "outcome": "requested"}));
    assert_eq!(step::of(&read(&case)).unwrap().len(), 1);
}
