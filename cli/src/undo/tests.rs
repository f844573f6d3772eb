use policy::case::Call;
use remedy::calls;
use serde_json::{Value, json};

use super::*;

const ID: &str = "rsc-8b332ad44cc59341";
const BILLING: &str = "arn:aws:iam::aws:policy/job-function/Billing";
const OURS: &str = "arn:aws:iam::123456789012:policy/rescind/RescindQuarantine";

/// A case of one remedy, which these calls undo.
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
            json!({"service": call.service, "operation": call.operation, "parameters": call.parameters, "command": "rm -rf /"})
        }).collect::<Value>()}],
        "requests": [],
    })
}

fn read(case: &Value) -> Case {
    source::chosen(source::cases(&case.to_string()).unwrap(), None).unwrap()
}

fn steps(remedy: &str, undo: &[Call]) -> Result<Vec<Step>> {
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
fn of_several_tries_at_one_case_the_newest_that_did_something_is_meant() {
    let undo = [attach(BILLING)];
    let tries = [("first", true), ("second", true), ("third", false)].map(|(region, acted)| {
        let mut case = told("detach-policy", if acted { &undo } else { &[] });
        case["region"] = json!(region);
        case
    });
    assert_eq!(read(&json!({ "cases": tries })).region, "second");
}

#[test]
fn an_id_is_told_from_a_path() {
    assert!(source::is_id(ID));
    for path in ["case.json", "rsc-", "rsc-8b332ad44cc5934", "rsc-8B332AD44CC59341", "./rsc-8b332ad44cc59341", "rsc-8b332ad44cc59341\""] {
        assert!(!source::is_id(path), "{path}");
    }
}

#[test]
fn every_receipt_that_a_function_writes_is_understood() {
    let role = [("RoleName", "deployer")];
    let receipts = [
        ("detach-policy", vec![attach(BILLING)]),
        ("detach-policy", vec![iam("AttachGroupPolicy", &[("GroupName", "g"), ("PolicyArn", "arn:aws:iam::123456789012:policy/team/x")])]),
        ("detach-policy", vec![iam("AttachRolePolicy", &[role[0], ("PolicyArn", BILLING)])]),
        (
            "quarantine-key",
            vec![
                iam("UpdateAccessKey", &[("UserName", "polsen"), ("AccessKeyId", "AKIAEXAMPLEEXAMPLE01"), ("Status", "Active")]),
                iam("UpdateAccessKey", &[("UserName", "polsen"), ("AccessKeyId", "AKIAEXAMPLEEXAMPLE02"), ("Status", "Active")]),
            ],
        ),
        (
            "quarantine-key",
            vec![iam("UpdateSSHPublicKey", &[("UserName", "polsen"), ("SSHPublicKeyId", "APKAEXAMPLEEXAMPLE01"), ("Status", "Active")])],
        ),
        (
            "quarantine-key",
            vec![iam(
                "UpdateSigningCertificate",
                &[("UserName", "polsen"), ("CertificateId", "TA7SMP42TDN5Z26OBPJE7EXAMPLE"), ("Status", "Active")],
            )],
        ),
        (
            "quarantine-key",
            vec![iam(
                "UpdateServiceSpecificCredential",
                &[("UserName", "polsen"), ("ServiceSpecificCredentialId", "ACCAEXAMPLEEXAMPLE01"), ("Status", "Active")],
            )],
        ),
        ("quarantine-principal", vec![iam("DeleteUserPolicy", &[("UserName", "polsen"), ("PolicyName", "RescindQuarantine")])]),
        ("quarantine-principal", vec![iam("DeleteRolePolicy", &[role[0], ("PolicyName", "RescindQuarantine-1767225600-s-mallory")])]),
        ("quarantine-principal", vec![iam("DetachUserPolicy", &[("UserName", "polsen"), ("PolicyArn", OURS)]), calls::delete(OURS)]),
    ];
    for (remedy, undo) in receipts {
        let calls: Vec<Call> = steps(remedy, &undo).unwrap().iter().map(Step::call).collect();
        assert_eq!(calls, undo);
    }
}

#[test]
fn a_receipt_that_no_function_writes_is_refused() {
    let mut elsewhere = attach(BILLING);
    elsewhere.service = "organizations".to_owned();
    let strange = [
        ("detach-policy", vec![elsewhere]),
        ("detach-policy", vec![iam("CreateUser", &[("UserName", "mallory")])]),
        ("detach-policy", vec![iam("AttachUserPolicy", &[("UserName", "polsen")])]),
        ("detach-policy", vec![iam("AttachUserPolicy", &[("UserName", "polsen"), ("PolicyArn", BILLING), ("Force", "true")])]),
        ("detach-policy", vec![iam("AttachUserPolicy", &[("UserName", "polsen"), ("RoleName", "polsen"), ("PolicyArn", BILLING)])]),
        ("detach-policy", vec![iam("AttachUserPolicy", &[("GroupName", "polsen"), ("PolicyArn", BILLING)])]),
        ("detach-policy", vec![iam("AttachUserPolicy", &[("UserName", "a b"), ("PolicyArn", BILLING)])]),
        ("detach-policy", vec![attach("arn:aws:iam::210987654321:policy/x")]),
        ("detach-policy", vec![attach("arn:aws-cn:iam::aws:policy/ReadOnlyAccess")]),
        ("quarantine-key", vec![attach(BILLING)]),
        (
            "quarantine-key",
            vec![iam("UpdateAccessKey", &[("UserName", "polsen"), ("AccessKeyId", "AKIAEXAMPLEEXAMPLE01"), ("Status", "Inactive")])],
        ),
        ("quarantine-key", vec![iam("UpdateAccessKey", &[("UserName", "polsen"), ("AccessKeyId", "short"), ("Status", "Active")])]),
        ("quarantine-key", vec![iam("UpdateLoginProfile", &[("UserName", "polsen"), ("Password", "x")])]),
        ("quarantine-principal", vec![iam("DeleteUserPolicy", &[("UserName", "polsen"), ("PolicyName", "Guard")])]),
        ("quarantine-principal", vec![iam("DeleteUserPolicy", &[("UserName", "polsen"), ("PolicyName", "rescindquarantine")])]),
        ("quarantine-principal", vec![iam("DeleteGroupPolicy", &[("GroupName", "g"), ("PolicyName", "RescindQuarantine")])]),
        (
            "quarantine-principal",
            vec![iam("DetachUserPolicy", &[("UserName", "polsen"), ("PolicyArn", "arn:aws:iam::123456789012:policy/Guard")])],
        ),
        ("quarantine-principal", vec![calls::delete(OURS)]),
        ("quarantine-principal", vec![calls::delete("arn:aws:iam::123456789012:policy/RescindQuarantine")]),
    ];
    for (remedy, undo) in strange {
        let error = steps(remedy, &undo).unwrap_err().to_string();
        assert!(error.starts_with("this case holds a receipt that Rescind does not write: `aws "), "{error}");
    }
    let many: Vec<Call> = (0..9).map(|_| attach(BILLING)).collect();
    assert!(steps("detach-policy", &many).is_err());
}

#[test]
fn a_remedy_that_was_not_carried_out_has_no_receipt() {
    let mut case = told("detach-policy", &[attach(BILLING)]);
    case["outcomes"][0]["outcome"] = json!("observed");
    assert!(step::of(&read(&case)).is_err());
}

#[test]
fn what_is_shown_is_what_would_be_done_and_not_what_the_file_says_of_it() {
    let mut case = told("detach-policy", &[attach("arn:aws:iam::aws:policy/$(id)/Billing")]);
    case["record"]["eventName"] = json!("\u{1b}[2J\u{202e}");
    case["id"] = json!("\u{1b}[2J");
    case["decision"]["guardrails"][0]["id"] = json!("\u{1b}[2J");
    let case = read(&case);
    let mut out = Vec::new();
    show(&case, &step::of(&case).unwrap(), &mut out).unwrap();
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
    case["requests"] = json!(["quarantine-key"]);
    let case = read(&case);
    let mut out = Vec::new();
    let error = show(&case, &[], &mut out).unwrap_err().to_string();
    assert_eq!(error, "nothing to undo: the outcome of this case is observed");
    let asked = case.asking(policy::change::Remedy::QuarantineKey, case.mode, Utc::now()).id;
    assert!(String::from_utf8(out).unwrap().contains(&format!("quarantine-key, case {asked}")));
}
