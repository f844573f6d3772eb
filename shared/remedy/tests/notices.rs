//! What people receive, outcome by outcome, and what attackers cannot make them receive.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::path::Path;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use policy::arn::IamName;
use policy::case::{Case, CredentialReport, Outcome, RemedyOutcome};
use policy::change::{Remedy, Target, TargetKind};
use policy::guardrail::{Facts, Mode};
use policy::quarantine::Quarantine;
use policy::{Action, Change, Event, Hearing, Rulebook};
use proptest::prelude::*;
use remedy::calls;
use remedy::notice::Notice;
use serde_json::{Value, json};

const SAMPLE: &str = include_str!("../../../events/attach-user-policy.json");

static RULEBOOK: LazyLock<Rulebook> =
    LazyLock::new(|| remedy::rulebook::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guardrails"))).unwrap());

/// The case that a sample event makes in a stack that enforces, six seconds after the change.
fn case(sample: &str) -> Case {
    let event = Event::from_event_bridge(sample).unwrap();
    let action = Action::of(&event).unwrap();
    let now: DateTime<Utc> = event.record.event_time + chrono::Duration::seconds(6);
    let hearing = Hearing::open(&RULEBOOK, &event, action, &[]).unwrap().pop().unwrap();
    let hearing = hearing.owned_by(Ok(Target { kind: TargetKind::User, name: IamName::new("deploy").unwrap() }));
    hearing.decide(Ok(&Facts::default()), Mode::Enforce, now).unwrap().unwrap()
}

fn applied() -> Case {
    let mut case = case(SAMPLE);
    let change = case.settle().unwrap();
    let Change::PolicyAttached { target, policy_arn } = &change else {
        panic!("the sample attaches a policy");
    };
    let arn = policy_arn.as_str();
    case.close_with(RemedyOutcome::applied(Remedy::DetachPolicy, vec![calls::detach(target, arn)], vec![calls::attach(target, arn)]));
    case
}

/// The case of an exposed key of a user who is an administrator, set inactive.
fn exposed() -> Case {
    let mut case = case(include_str!("../../../events/health-credentials-exposed.json"));
    let Some(Change::CredentialExposed { target, credential: Some(credential), .. }) = case.settle() else {
        panic!("the sample exposes a key");
    };
    let status = |status| vec![calls::set_status(&target, &credential, status)];
    let report = CredentialReport {
        can: vec!["admin".to_owned(), "escalation".to_owned()],
        may: vec!["resource-exposure".to_owned()],
        created: Some(case.time - chrono::Duration::days(400)),
        last_used: Some("2026-01-01 00:00:00 UTC, on s3 in eu-west-1".to_owned()),
        others: vec!["access key AKIAI44QH8DHBEXAMPLE (inactive)".to_owned(), "a console password".to_owned()],
        unread: Vec::new(),
    };
    let applied = RemedyOutcome::applied(Remedy::QuarantineKey, status("Inactive"), status("Active"));
    case.close_with(RemedyOutcome { report: Some(report), ..applied });
    case.request(vec![Remedy::QuarantinePrincipal]);
    case
}

fn closed(outcome: Outcome, detail: &str) -> String {
    let mut case = case(SAMPLE);
    case.close(outcome, Some(detail));
    Notice::of(&case).text()
}

/// The sample with one member of its detail replaced.
fn sample_with(pointer: &str, value: Value) -> String {
    let mut sample: Value = serde_json::from_str(SAMPLE).unwrap();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    sample.pointer_mut(&format!("/detail{parent}")).unwrap()[member] = value;
    sample.to_string()
}

#[test]
fn a_policy_taken_back() {
    insta::assert_snapshot!(Notice::of(&applied()).text(), @"
    taken back: policy Billing on user polsen

    What       arn:aws:iam::aws:policy/job-function/Billing was attached to user polsen; it is detached again
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with signin.amazonaws.com, without MFA
    When       2017-11-07 21:18:41 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Guardrail  billing-is-for-finance (high, enforce): Billing belongs to finance [PCI-DSS-10.2.5]
    Guardrail  users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15]
    Undo       aws iam attach-user-policy --policy-arn arn:aws:iam::aws:policy/job-function/Billing --user-name polsen
    Case       rsc-8b332ad44cc59341
    ");
    insta::assert_snapshot!(Notice::of(&applied()).subject(), @"[high] Rescind: taken back: policy Billing on user polsen (123456789012)");
}

#[test]
fn an_exposed_key_that_is_inactive_now() {
    insta::assert_snapshot!(Notice::of(&exposed()).text(), @"
    quarantined: access key AKIAIOSFODNN7EXAMPLE of user deploy

    What       AWS_RISK_CREDENTIALS_EXPOSED about access key AKIAIOSFODNN7EXAMPLE of user deploy (critical); inactive now
    Could      admin, escalation; possibly resource-exposure
    Last used  2026-01-01 00:00:00 UTC, on s3 in eu-west-1
    Created    2025-01-26 12:05:46 UTC, 400 days before
    Also has   access key AKIAI44QH8DHBEXAMPLE (inactive); a console password
    Who        the AWS service health.amazonaws.com
    When       2026-03-02 12:05:40 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Guardrail  exposed-credentials-are-quarantined (critical, enforce): AWS found these credentials exposed or compromised
    Also       quarantine-principal is asked for: a notice of its own follows
    Undo       aws iam update-access-key --access-key-id AKIAIOSFODNN7EXAMPLE --status Active --user-name deploy
    Case       rsc-594dfeaf15a6217b
    ");
}

#[test]
fn who_is_contained_by_the_request_of_another_case() {
    let mut case = exposed().asking(Remedy::QuarantinePrincipal, Mode::Enforce, exposed().time + chrono::Duration::seconds(3));
    let Some(change) = case.settle() else {
        panic!("the request is enforced");
    };
    let (target, quarantine) = (change.target(), Quarantine::Everything);
    let (put, out) = (vec![calls::put(target, &quarantine)], vec![calls::take_out(target, &quarantine)]);
    case.close_with(RemedyOutcome::applied(Remedy::QuarantinePrincipal, put, out));
    insta::assert_snapshot!(Notice::of(&case).text(), @"
    contained: user deploy

    What       AWS_RISK_CREDENTIALS_EXPOSED about access key AKIAIOSFODNN7EXAMPLE of user deploy (critical); user deploy is denied everything
    Who        the AWS service health.amazonaws.com
    When       2026-03-02 12:05:40 UTC; judged 9 s later
    Account    123456789012, us-east-1
    Guardrail  exposed-credentials-are-quarantined (critical, enforce): AWS found these credentials exposed or compromised
    Undo       aws iam delete-user-policy --policy-name RescindQuarantine --user-name deploy
    Next       sessions of roles that it assumed before go on until they expire: look in CloudTrail which, and have their roles' sessions ended
    Case       rsc-93d99b0cc7a10692, asked for by rsc-594dfeaf15a6217b
    ");
}

#[test]
fn a_session_that_would_be_ended() {
    let mut case = case(include_str!("../../../events/guardduty-instance-credentials.json"));
    case.mode = Mode::Observe;
    assert_eq!(case.settle(), None);
    insta::assert_snapshot!(Notice::of(&case).text(), @r#"
    would be contained: session i-0abcd1234example of role web

    What       UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS about a session named i-0abcd1234example of role web, key ASIAEXAMPLEWEB0000001 (high)
    Why        this stack observes: with its parameter Mode at enforce it would be taken back
    Who        the AWS service guardduty.amazonaws.com
    When       2026-03-02 12:44:08 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Guardrail  misused-sessions-are-ended (critical, enforce): GuardDuty found that somebody misuses this session
    By hand    aws iam put-role-policy --policy-document '{"Version":"2012-10-17","Statement":[{"Sid":"Quarantine","Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-03-02T12:44:14Z"},"StringLike":{"aws:userid":"*:i-0abcd1234example"}}}]}' --policy-name RescindQuarantine-1772455454-s-i-0abcd1234example --role-name web
    Case       rsc-badea1f1e099f241
    "#);
}

#[test]
fn a_quarantine_that_was_lifted_and_cannot_be_put_back() {
    let mut case = case(include_str!("../../../events/delete-user-policy.json"));
    case.close(Outcome::Unremediable, Some("user polsen is gone or renamed"));
    insta::assert_snapshot!(Notice::of(&case).text(), @r#"
    ACT: cannot be put back: quarantine of user polsen

    What       the quarantine RescindQuarantine was taken from user polsen, or replaced; Rescind left it so
    Why        user polsen is gone or renamed
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       198.51.100.7, with aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 lang/python#3.13.7 cfg/retry-mode#standard, MFA not recorded
    When       2026-03-02 11:47:19 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Guardrail  quarantine-stays (critical, enforce): Somebody took a quarantine away who may not
    By hand    aws iam put-user-policy --policy-document '{"Version":"2012-10-17","Statement":[{"Sid":"Quarantine","Effect":"Deny","Action":"*","Resource":"*"}]}' --policy-name RescindQuarantine --user-name polsen
    Case       rsc-f5a108deed3b81ba
    "#);
}

#[test]
fn a_key_that_came_back() {
    let mut case = case(include_str!("../../../events/update-access-key.json"));
    case.close(Outcome::AlreadyClean, Some("access key AKIAIOSFODNN7EXAMPLE was inactive already"));
    insta::assert_snapshot!(Notice::of(&case).text(), @"
    already quarantined: access key AKIAIOSFODNN7EXAMPLE of user deploy

    What       access key AKIAIOSFODNN7EXAMPLE of user deploy was set active again; nothing of it was active when Rescind acted
    Why        access key AKIAIOSFODNN7EXAMPLE was inactive already
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 lang/python#3.13.7 cfg/retry-mode#standard, MFA not recorded
    When       2026-03-02 10:09:37 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Guardrail  inactive-credentials-stay-inactive (critical, enforce): A credential that was set inactive is active again
    Case       rsc-4404189ca82dffe9
    ");
}

#[test]
fn a_remedy_that_aws_refused_asks_for_a_person() {
    insta::assert_snapshot!(closed(Outcome::Failed, "iam:DetachUserPolicy on user polsen failed (access denied): AccessDenied; look for a boundary"), @"
    ACT: could not be taken back: policy Billing on user polsen

    What       arn:aws:iam::aws:policy/job-function/Billing was attached to user polsen; Rescind left it so
    Why        iam:DetachUserPolicy on user polsen failed (access denied): AccessDenied; look for a boundary
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with signin.amazonaws.com, without MFA
    When       2017-11-07 21:18:41 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Guardrail  billing-is-for-finance (high, enforce): Billing belongs to finance [PCI-DSS-10.2.5]
    Guardrail  users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15]
    By hand    aws iam detach-user-policy --policy-arn arn:aws:iam::aws:policy/job-function/Billing --user-name polsen
    Next       Rescind tries again, then leaves the event in its failure queue
    Case       rsc-8b332ad44cc59341
    ");
}

#[test]
fn what_cannot_be_taken_back_asks_for_a_person() {
    insta::assert_snapshot!(closed(Outcome::Unremediable, "this is one of Rescind's own roles, which it never changes"), @"
    ACT: cannot be taken back: policy Billing on user polsen

    What       arn:aws:iam::aws:policy/job-function/Billing was attached to user polsen; Rescind left it so
    Why        this is one of Rescind's own roles, which it never changes
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with signin.amazonaws.com, without MFA
    When       2017-11-07 21:18:41 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Guardrail  billing-is-for-finance (high, enforce): Billing belongs to finance [PCI-DSS-10.2.5]
    Guardrail  users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15]
    By hand    aws iam detach-user-policy --policy-arn arn:aws:iam::aws:policy/job-function/Billing --user-name polsen
    Case       rsc-8b332ad44cc59341
    ");
}

#[test]
fn a_call_that_aws_refused_is_told_as_that() {
    let mut case = case(&sample_with("/errorCode", json!("AccessDenied")));
    assert_eq!(case.settle(), None);
    insta::assert_snapshot!(Notice::of(&case).text(), @"
    refused by AWS: policy Billing on user polsen

    What       tried to attach arn:aws:iam::aws:policy/job-function/Billing to user polsen; AWS refused it (AccessDenied), so nothing is to be taken back
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with signin.amazonaws.com, without MFA
    When       2017-11-07 21:18:41 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Guardrail  billing-is-for-finance (high, enforce): Billing belongs to finance [PCI-DSS-10.2.5]
    Guardrail  users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15]
    Case       rsc-8b332ad44cc59341
    ");
}

#[test]
fn a_record_that_does_not_say_what_changed_is_told_as_that() {
    let mut case = case(&sample_with("/requestParameters", Value::Null));
    assert_eq!(case.settle(), None);
    insta::assert_snapshot!(Notice::of(&case).text(), @"
    ACT: cannot be taken back: an unreadable AttachUserPolicy

    What       AttachUserPolicy was called, and its record does not say with what
    Why        CloudTrail did not keep the parameters of AttachUserPolicy: requestParameters is null; Rescind cannot tell whether this is forbidden, and does not guess: a person has to look
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with signin.amazonaws.com, without MFA
    When       2017-11-07 21:18:41 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Perhaps    administrator-access-needs-an-exemption (critical, enforce): AdministratorAccess is the whole account [CIS-AWS-3.0-1.16]
    Perhaps    identity-administration-needs-an-exemption (critical, enforce): This policy lets its holder become an administrator [CIS-AWS-3.0-1.16]
    Perhaps    no-administrator-by-another-name (critical, enforce): This policy of your own is the whole account, whatever it is called [CIS-AWS-3.0-1.16]
    Perhaps    who-aws-quarantines-loses-their-keys (critical, enforce): AWS has quarantined this user: a key of theirs is exposed
    Perhaps    billing-is-for-finance (high, enforce): Billing belongs to finance [PCI-DSS-10.2.5]
    Perhaps    power-user-access-needs-an-exemption (high, enforce): This policy reaches nearly everything in the account
    Perhaps    no-path-to-administrator (high, observe): This policy of your own opens a path to more access than it seems to give
    Perhaps    users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15]
    Next       look at what this actor changed, at this time, in the account itself
    Case       rsc-a0ce6cb1f6482013
    ");
}

#[test]
fn chat_gets_a_custom_notification() {
    let message: Value = serde_json::from_str(&Notice::of(&applied()).message()).unwrap();
    let chat: Value = serde_json::from_str(message["https"].as_str().unwrap()).unwrap();
    insta::assert_snapshot!(format!("{chat:#}"), @r#"
    {
      "version": "1.0",
      "source": "custom",
      "id": "rsc-8b332ad44cc59341",
      "content": {
        "textType": "client-markdown",
        "title": "[high] Rescind: taken back: policy Billing on user polsen (123456789012)",
        "description": "*What* `arn:aws:iam::aws:policy/job-function/Billing was attached to user polsen; it is detached again`\n*Who* `user polsen (arn:aws:iam::123456789012:user/polsen)`\n*From* `192.0.2.26, with signin.amazonaws.com, without MFA`\n*When* `2017-11-07 21:18:41 UTC; judged 6 s later`\n*Account* `123456789012, us-east-1`\n*Guardrail* `billing-is-for-finance (high, enforce): Billing belongs to finance [PCI-DSS-10.2.5]`\n*Guardrail* `users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15]`\n*Case* `rsc-8b332ad44cc59341`",
        "nextSteps": [
          "*Undo* `aws iam attach-user-policy --policy-arn arn:aws:iam::aws:policy/job-function/Billing --user-name polsen`"
        ],
        "keywords": [
          "applied",
          "123456789012"
        ]
      },
      "metadata": {
        "threadId": "rsc-8b332ad44cc59341",
        "summary": "taken back: policy Billing on user polsen",
        "eventType": "rescind.applied"
      }
    }
    "#);
}

#[test]
fn queues_and_functions_get_the_case_itself() {
    let case = applied();
    let message: Value = serde_json::from_str(&Notice::of(&case).message()).unwrap();
    for subscriber in ["sqs", "lambda"] {
        let received: Case = serde_json::from_str(message[subscriber].as_str().unwrap()).unwrap();
        assert_eq!(received, case);
    }
    assert_eq!(message["default"], message["email"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_an_attacker_writes_is_live_in_a_notice(text in any::<String>(), evil in "(<!channel>|https://evil.example|<b>|\u{202e}|`|\\[a\\]\\(b\\)|\n|\r)") {
        for pointer in ["/userAgent", "/sourceIPAddress", "/userIdentity/invokedBy"] {
            let case = case(&sample_with(pointer, json!(format!("{text}{evil}{text}"))));
            let notice = Notice::of(&case);
            for live in ["<", "://", "\u{202e}", "\r"] {
                prop_assert!(!notice.text().contains(live));
            }
            let message: Value = serde_json::from_str(&notice.message()).unwrap();
            let chat: Value = serde_json::from_str(message["https"].as_str().unwrap()).unwrap();
            let description = chat["content"]["description"].as_str().unwrap();
            // Every line is a word and one code span: back-quotes come in pairs, and none is the attacker's.
            prop_assert!(description.lines().all(|line| line.matches('`').count() == 2 && line.ends_with('`')), "{}", description);
            prop_assert!(notice.subject().len() <= 100);
            prop_assert!(notice.subject().chars().all(|c| c.is_ascii_graphic() || c == ' '));
        }
    }

    #[test]
    fn a_notice_always_fits_into_a_message(size in 0usize..200_000) {
        let case = case(&sample_with("/userAgent", json!("\u{1}".repeat(size))));
        prop_assert!(Notice::of(&case).message().len() < 256 * 1024);
    }
}
