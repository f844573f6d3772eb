//! What people receive, outcome by outcome, and what attackers cannot make them receive.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::path::Path;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use policy::actor::ActorKind;
use policy::arn::{AccountId, IamName, PolicyArn};
use policy::capability::RequestContext;
use policy::case::{Case, CredentialReport, Held, Next, Outcome, Receipt, RemedyOutcome};
use policy::change::{Found, Missing};
use policy::facts::{Facts, NamedBy, Needs, Texts};
use policy::guardrail::{Decision, Guardrail, Judge, Mode, Undecided};
use policy::hearing::Circumstances;
use policy::own::{OwnParts, PartKind};
use policy::remedy::Remedy;
use policy::target::Identity;
use policy::watch::WATCH;
use policy::{Action, Actor, Change, Event, Hearing, Rulebook};
use proptest::prelude::*;
use remedy::notice::Notice;
use remedy::plan;
use remedy::setting::{Attachment, CredentialStatus, InlinePolicy, Setting as _, Status};
use serde_json::{Value, json};

const SAMPLE: &str = include_str!("../../../events/attach-user-policy.json");
const EVERYTHING: &str = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

fn rulebook(judge: Judge) -> Rulebook {
    let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guardrails"));
    rulebook::load_with(dir, |sources| Rulebook::load_for(sources, judge)).unwrap()
}

/// The parts of the stack that sample events name.
static OWN: LazyLock<OwnParts> = LazyLock::new(|| {
    let topic = (PartKind::Topic, "arn:aws:sns:us-east-1:123456789012:rescind-NoticeTopic-1A2B3C4D5E6F");
    let parts = [(PartKind::Rule, "rescind-DetachPolicyFunctionPolicyAttached-1A2B3C4D5E6F"), topic];
    OwnParts::of(parts, &AccountId::new("123456789012").unwrap(), "us-east-1")
});

static RULEBOOK: LazyLock<Rulebook> = LazyLock::new(|| rulebook(Judge::Everyone));

/// The cases that a sample event makes in a stack of this mode, six seconds after the change. Whatever has to be read says that the change grants
/// everything.
fn cases(rulebook: &Rulebook, sample: &str, mode: Mode) -> Vec<Case> {
    let event = Event::from_event_bridge(sample).unwrap();
    let actor = Actor::of(&event).unwrap();
    let now: DateTime<Utc> = event.record.event_time + chrono::Duration::seconds(6);
    let circumstances = |action| Circumstances::of(rulebook, &event, action, &actor, &[]).knowing(&OWN);
    let hearings = Action::of(&event).into_iter().flat_map(|action| Hearing::open(circumstances(action))).flat_map(complete);
    let heard = hearings.filter_map(|hearing| {
        let weighing = hearing.weigh().unwrap()?;
        let facts = weighing.needs().map_or_else(Facts::none, |(change, needs)| facts(rulebook, change, needs));
        weighing.decide(Ok(&facts), mode, now).unwrap()
    });
    heard.collect()
}

/// The hearings of a change, with what the record does not say.
fn complete(hearing: Hearing<'_>) -> Vec<Hearing<'_>> {
    let policy = || PolicyArn::new("arn:aws:iam::aws:policy/AdministratorAccess").unwrap();
    let found = match hearing.missing() {
        Some(Missing::Owner { .. }) => Found::Owner(Identity::user(IamName::new("deploy").unwrap())),
        Some(Missing::Document(_) | Missing::Trust(_)) => Found::Document(EVERYTHING.to_owned()),
        Some(Missing::Attachments(_)) => Found::Attachments(vec![policy()]),
        Some(Missing::InlinePolicies(_)) => Found::InlinePolicies(vec![(IamName::new("everything").unwrap(), EVERYTHING.to_owned())]),
        None => return vec![hearing],
    };
    hearing.completed(Ok(found))
}

fn facts(rulebook: &Rulebook, change: &Change, needs: Needs) -> Facts {
    let access = |documents: &[&str]| {
        let policies = documents.iter().map(|document| (*document).to_owned()).collect();
        rulebook.access(&Texts { policies, boundary: None }, RequestContext::default()).unwrap()
    };
    let document = match change {
        Change::InlinePolicyPut(put) => put.document.as_deref().unwrap_or(EVERYTHING),
        Change::PolicyVersionSet(set) => set.document.as_deref().unwrap_or(EVERYTHING),
        _ => EVERYTHING,
    };
    let mut facts = Facts::none();
    if needs.document {
        facts = facts.with_granted(access(&[document]));
    }
    if needs.holdings {
        facts = facts.with_holdings(access(&[]), access(&[document]));
    }
    // Nobody has a device left, and polsen alone is denied everything without one.
    if needs.device {
        facts = facts.with_device(false);
    }
    if needs.denied {
        facts = facts.with_denied(change.target().user().is_some_and(|user| user.name.as_str() == "polsen"));
    }
    // Trust policies set no condition, a policy still names whoever was renamed, and every failure to sign in is the fifth.
    if needs.conditional {
        facts = facts.with_conditional(false);
    }
    if needs.named_by {
        facts = facts.with_named_by(NamedBy { id: None, policies: vec!["the trust policy of role deploy".to_owned()] });
    }
    if needs.failures {
        facts = facts.with_failures(5);
    }
    facts
}

fn case(sample: &str) -> Case {
    cases(&RULEBOOK, sample, Mode::Enforce).remove(0)
}

/// The case of one function.
fn case_of(remedy: Remedy, sample: &str, mode: Mode) -> Case {
    cases(&rulebook(Judge::of(remedy)), sample, mode).remove(0)
}

/// The case in which the remedy made its calls, with these undos.
fn acted(mut case: Case, undo: Vec<policy::case::Call>) -> Case {
    assert_eq!(case.settle(), Next::Act);
    let remedy = case.remedy().unwrap();
    let calls = plan::of(remedy).calls(&case, &case.change.clone().unwrap());
    let undo = undo.into_iter().map(Receipt::from).collect();
    case.close_with(RemedyOutcome { calls, undo, ..RemedyOutcome::without_call(remedy, Outcome::Applied, None) });
    case
}

fn applied() -> Case {
    let case = case(SAMPLE);
    let Some(Change::PolicyAttached(attached)) = case.change.clone() else {
        panic!("the sample attaches a policy");
    };
    let attachment = Attachment { identity: attached.identity, policy: attached.policy_arn };
    acted(case, attachment.call(&true).into_iter().collect())
}

/// The case of an exposed key of a user who is an administrator, set inactive.
fn exposed() -> Case {
    let case = case_of(Remedy::QuarantineKey, include_str!("../../../events/health-credentials-exposed.json"), Mode::Enforce);
    let Some(Change::CredentialExposed(exposed)) = case.change.clone() else {
        panic!("the sample exposes a key");
    };
    let status = CredentialStatus { user: exposed.owner.user().unwrap().name.clone(), credential: exposed.credential.unwrap() };
    let report = CredentialReport {
        can: vec!["admin".to_owned(), "escalation".to_owned()],
        may: vec!["resource-exposure".to_owned()],
        created: Some(case.time - chrono::Duration::days(400)),
        last_used: Some("2026-01-01 00:00:00 UTC, on s3 in eu-west-1".to_owned()),
        others: vec!["access key AKIAI44QH8DHBEXAMPLE (inactive)".to_owned(), "a console password".to_owned()],
        unread: Vec::new(),
    };
    let mut case = acted(case, status.call(&Status::Active).into_iter().collect());
    case.outcomes.first_mut().unwrap().report = Some(report);
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
    insta::assert_snapshot!(Notice::of(&applied()).text(), @r#"
    taken back: policy Billing on user polsen

    What       arn:aws:iam::aws:policy/job-function/Billing was attached to user polsen; Rescind detached it
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with "signin.amazonaws.com", without MFA
    When       2017-11-07 21:18:41 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Console    https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/users/details/polsen
    Guardrail  billing-is-for-finance (high, enforce): Billing belongs to finance [PCI-DSS-4.0-7.2.2, NIST-800-53-AC-5]
    Guardrail  users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15, CIS-AWS-5.0-1.14, NIST-800-53-AC-2]
    Undo       aws iam attach-user-policy --policy-arn arn:aws:iam::aws:policy/job-function/Billing --user-name polsen
    Note       the record names user polsen without a unique id, so this is whoever has that name now
    Case       rsc-10c019aa09e56ab0
    "#);
    insta::assert_snapshot!(Notice::of(&applied()).subject(), @"[high] Rescind: taken back: policy Billing on user polsen (123456789012)");
}

#[test]
fn whoever_is_behind_a_session_is_named() {
    let identity = json!({
        "type": "AssumedRole", "arn": "arn:aws:sts::123456789012:assumed-role/Ops/x", "accountId": "123456789012",
        "onBehalfOf": { "userId": "u-1", "identityStoreArn": "arn:aws:identitystore::123456789012:identitystore/d-1" },
        "sessionContext": { "sourceIdentity": "dana, an administrator" },
        "invokedByDelegate": { "accountId": "999999999999" },
    });
    let who = Notice::of(&case(&sample_with("/userIdentity", identity))).text();
    let who = who.lines().find(|line| line.starts_with("Who")).unwrap();
    assert_eq!(
        who,
        "Who        role Ops, session x (arn:aws:iam::123456789012:role/Ops), on behalf of IAM Identity Center user u-1, with source identity \"dana, an administrator\", as a delegate of account 999999999999"
    );
}

#[test]
fn an_exposed_key_that_is_inactive_now() {
    insta::assert_snapshot!(Notice::of(&exposed()).text(), @"
    quarantined: access key AKIAIOSFODNN7EXAMPLE of user deploy

    What       AWS_RISK_CREDENTIALS_EXPOSED about access key AKIAIOSFODNN7EXAMPLE of user deploy (critical); access key AKIAIOSFODNN7EXAMPLE is inactive now
    Could      admin, escalation; possibly resource-exposure
    Last used  2026-01-01 00:00:00 UTC, on s3 in eu-west-1
    Created    2025-01-26 12:05:46 UTC, 400 days before
    Also has   access key AKIAI44QH8DHBEXAMPLE (inactive); a console password
    Who        the AWS service health.amazonaws.com
    When       2026-03-02 12:05:40 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Console    https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/users/details/deploy
    Guardrail  exposed-credentials-are-quarantined (critical, enforce): AWS found these credentials exposed or compromised [NIST-800-53-AC-2(13), NIST-800-53-IA-5]
    Also       the same change calls for quarantine-principal, with a notice of its own
    Undo       aws iam update-access-key --access-key-id AKIAIOSFODNN7EXAMPLE --status Active --user-name deploy
    Case       rsc-b5eea6b69d521fc5
    ");
}

#[test]
fn the_owner_of_an_exposed_key_who_is_contained() {
    let case = case_of(Remedy::QuarantinePrincipal, include_str!("../../../events/health-credentials-exposed.json"), Mode::Enforce);
    let owner = Identity::user(IamName::new("deploy").unwrap());
    let policy = PolicyArn::new("arn:aws:iam::123456789012:policy/rescind/RescindDenyEverything-0a1b2c3d").unwrap();
    let deny = Attachment { identity: owner, policy };
    let case = acted(case, deny.call(&false).into_iter().collect());
    insta::assert_snapshot!(Notice::of(&case).text(), @"
    contained: user deploy

    What       AWS_RISK_CREDENTIALS_EXPOSED about access key AKIAIOSFODNN7EXAMPLE of user deploy (critical); user deploy is denied everything
    Who        the AWS service health.amazonaws.com
    When       2026-03-02 12:05:40 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Console    https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/users/details/deploy
    Guardrail  exposed-credentials-are-quarantined (critical, enforce): AWS found these credentials exposed or compromised [NIST-800-53-AC-2(13), NIST-800-53-IA-5]
    Also       the same change calls for quarantine-key, with a notice of its own
    Undo       aws iam detach-user-policy --policy-arn arn:aws:iam::123456789012:policy/rescind/RescindDenyEverything-0a1b2c3d --user-name deploy
    Next       Role sessions that this user already opened stay valid until they expire. Find them in CloudTrail (AssumeRole) and end them too
    Case       rsc-576e20f77a759116
    ");
}

#[test]
fn a_session_that_would_be_ended() {
    let mut case = case(include_str!("../../../events/guardduty-instance-credentials.json"));
    case.mode = Mode::Observe;
    assert_eq!(case.settle(), Next::Look);
    let would = plan::of(Remedy::QuarantinePrincipal).calls(&case, &case.change.clone().unwrap());
    let detail = Some(case.why_observed().to_owned());
    case.close_with(RemedyOutcome { would, ..RemedyOutcome::without_call(Remedy::QuarantinePrincipal, Outcome::Observed, detail) });
    insta::assert_snapshot!(Notice::of(&case).text(), @r#"
    would be contained: the sessions named i-0abcd1234example of role web

    What       UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS about a session named i-0abcd1234example of role web, key ASIAEXAMPLEWEB0000001 (high)
    Why        this stack only observes: with its parameter Mode set to enforce, Rescind would act
    Who        the AWS service guardduty.amazonaws.com
    When       2026-03-02 12:44:08 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Console    https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/roles/details/web
    Guardrail  misused-sessions-are-ended (critical, enforce): GuardDuty found that somebody misuses this session [NIST-800-53-AC-2(12), NIST-800-53-AC-2(13)]
    By hand    aws iam put-role-policy --policy-document '{"Version":"2012-10-17","Statement":[{"Sid":"Quarantine","Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-03-02T12:44:29Z"},"StringLike":{"aws:userid":"*:i-0abcd1234example"}}}]}' --policy-name RescindQuarantine-1772455469-s-i-0abcd1234example --role-name web
    Case       rsc-a7cf639ba4a94801
    "#);
}

#[test]
fn a_quarantine_that_was_lifted_and_cannot_be_put_back() {
    let mut case = case(include_str!("../../../events/delete-role-policy.json"));
    case.close(Outcome::Unremediable, Some("role web was deleted"));
    insta::assert_snapshot!(Notice::of(&case).text(), @r#"
    ACT: cannot be put back: quarantine of role web

    What       the quarantine RescindQuarantine-1772451994-s-i-0abcd1234example was taken from role web, or replaced; Rescind left it as it is
    Why        role web was deleted
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       198.51.100.7, with "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 lang/python#3.13.7 cfg/retry-mode#standard", MFA not recorded
    When       2026-03-02 11:47:19 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Console    https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/roles/details/web
    Guardrail  quarantine-stays (critical, enforce): Somebody took a quarantine away without being allowed to [NIST-800-53-AC-2(13), NIST-800-53-AC-3]
    Case       rsc-bb266d26a58c1674
    "#);
}

#[test]
fn a_key_that_came_back() {
    let mut case = case(include_str!("../../../events/update-access-key.json"));
    case.close(Outcome::AlreadyClean, Some("access key AKIAIOSFODNN7EXAMPLE was inactive already"));
    insta::assert_snapshot!(Notice::of(&case).text(), @r#"
    already inactive or gone: access key AKIAIOSFODNN7EXAMPLE of user deploy

    What       access key AKIAIOSFODNN7EXAMPLE of user deploy was set active again; nothing was left to deactivate when Rescind acted
    Why        access key AKIAIOSFODNN7EXAMPLE was inactive already
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 lang/python#3.13.7 cfg/retry-mode#standard", MFA not recorded
    When       2026-03-02 10:09:37 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Console    https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/users/details/deploy
    Guardrail  inactive-credentials-stay-inactive (critical, enforce): A credential that was set inactive is active again [NIST-800-53-IA-5, PCI-DSS-4.0-10.2.1.5]
    Case       rsc-cedc37aaf47e38a1
    "#);
}

#[test]
fn a_remedy_that_aws_refused_asks_for_a_person() {
    insta::assert_snapshot!(closed(Outcome::Failed, "iam:DetachUserPolicy on user polsen failed (access denied): AccessDenied; look for a boundary"), @r#"
    ACT: could not be taken back: policy Billing on user polsen

    What       arn:aws:iam::aws:policy/job-function/Billing was attached to user polsen; Rescind left it as it is
    Why        iam:DetachUserPolicy on user polsen failed (access denied): AccessDenied; look for a boundary
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with "signin.amazonaws.com", without MFA
    When       2017-11-07 21:18:41 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Console    https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/users/details/polsen
    Guardrail  billing-is-for-finance (high, enforce): Billing belongs to finance [PCI-DSS-4.0-7.2.2, NIST-800-53-AC-5]
    Guardrail  users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15, CIS-AWS-5.0-1.14, NIST-800-53-AC-2]
    By hand    aws iam detach-user-policy --policy-arn arn:aws:iam::aws:policy/job-function/Billing --user-name polsen
    Next       Rescind tries again, then leaves the event in its failure queue
    Case       rsc-10c019aa09e56ab0
    "#);
}

#[test]
fn a_change_that_waits_speaks_for_all_that_wait_with_it() {
    let mut case = case(SAMPLE);
    assert_eq!(case.settle(), Next::Act);
    let remedy = case.remedy().unwrap();
    let would = plan::of(remedy).calls(&case, &case.change.clone().unwrap());
    let until = "2017-11-07T22:10:00Z".parse().unwrap();
    let held = Held { guardrail: "billing-is-for-finance".to_owned(), limit: 20, until };
    case.close_with(RemedyOutcome { would, ..RemedyOutcome::without_call(remedy, Outcome::Held, Some(held.detail())) });
    case.held = Some(held);
    assert_eq!(case.severity(), Some(policy::severity::Severity::Critical));
    insta::assert_snapshot!(Notice::of(&case).text(), @r#"
    HELD: not yet taken back: policy Billing on user polsen

    What       arn:aws:iam::aws:policy/job-function/Billing was attached to user polsen; it stands for now
    Why        guardrail billing-is-for-finance had 20 remedies within an hour, as many as StormLimit allows: this change and all further ones that it forbids stand until 2017-11-07 22:10:00 UTC, when Rescind judges each again and takes back what still stands; to keep it from doing so, run rescind stop --guardrail billing-is-for-finance --reason "..."
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with "signin.amazonaws.com", without MFA
    When       2017-11-07 21:18:41 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Console    https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/users/details/polsen
    Guardrail  billing-is-for-finance (high, enforce): Billing belongs to finance [PCI-DSS-4.0-7.2.2, NIST-800-53-AC-5]
    Guardrail  users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15, CIS-AWS-5.0-1.14, NIST-800-53-AC-2]
    By hand    aws iam detach-user-policy --policy-arn arn:aws:iam::aws:policy/job-function/Billing --user-name polsen
    Next       Rescind sends no notice about others that it holds in this hour: rescind cases --outcome held lists them
    Case       rsc-10c019aa09e56ab0
    "#);
    case.outcomes.clear();
    case.close(Outcome::Failed, Some("access denied"));
    let text = Notice::of(&case).text();
    assert!(
        text.contains("it waited until 2017-11-07 22:10:00 UTC, because guardrail billing-is-for-finance had 20 remedies within an hour")
    );
    assert!(text.contains("By hand    aws iam detach-user-policy") && text.contains("Rescind does not try this again"));
}

#[test]
fn what_cannot_be_taken_back_asks_for_a_person() {
    insta::assert_snapshot!(closed(Outcome::Unremediable, "this is one of Rescind's own roles, which it never changes"), @r#"
    ACT: cannot be taken back: policy Billing on user polsen

    What       arn:aws:iam::aws:policy/job-function/Billing was attached to user polsen; Rescind left it as it is
    Why        this is one of Rescind's own roles, which it never changes
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with "signin.amazonaws.com", without MFA
    When       2017-11-07 21:18:41 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Console    https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/users/details/polsen
    Guardrail  billing-is-for-finance (high, enforce): Billing belongs to finance [PCI-DSS-4.0-7.2.2, NIST-800-53-AC-5]
    Guardrail  users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15, CIS-AWS-5.0-1.14, NIST-800-53-AC-2]
    By hand    aws iam detach-user-policy --policy-arn arn:aws:iam::aws:policy/job-function/Billing --user-name polsen
    Case       rsc-10c019aa09e56ab0
    "#);
}

#[test]
fn a_call_that_aws_refused_is_reported_as_such() {
    let mut case = case(&sample_with("/errorCode", json!("AccessDenied")));
    assert_eq!(case.settle(), Next::Nothing);
    insta::assert_snapshot!(Notice::of(&case).text(), @r#"
    refused by AWS: policy Billing on user polsen

    What       the actor tried to attach arn:aws:iam::aws:policy/job-function/Billing to user polsen; AWS refused it (AccessDenied), so there is nothing to take back
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with "signin.amazonaws.com", without MFA
    When       2017-11-07 21:18:41 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Console    https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/users/details/polsen
    Guardrail  billing-is-for-finance (low, enforce): Billing belongs to finance [PCI-DSS-4.0-7.2.2, NIST-800-53-AC-5]
    Guardrail  users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15, CIS-AWS-5.0-1.14, NIST-800-53-AC-2]
    Case       rsc-10c019aa09e56ab0
    "#);
}

#[test]
fn a_record_that_does_not_say_what_changed_is_reported_as_such() {
    let mut case = case(&sample_with("/requestParameters", Value::Null));
    assert_eq!(case.settle(), Next::Nothing);
    insta::assert_snapshot!(Notice::of(&case).text(), @r#"
    ACT: cannot be judged: AttachUserPolicy

    What       AttachUserPolicy was called, and its record does not say what changed
    Why        CloudTrail did not keep the parameters of AttachUserPolicy: requestParameters is null; Rescind cannot decide whether this is forbidden, and does not guess: a person has to look
    Who        user polsen (arn:aws:iam::123456789012:user/polsen)
    From       192.0.2.26, with "signin.amazonaws.com", without MFA
    When       2017-11-07 21:18:41 UTC; judged 6 s later
    Account    123456789012, us-east-1
    Perhaps    administrator-access-needs-an-exemption (critical, enforce): AdministratorAccess grants the whole account [CIS-AWS-3.0-1.16, CIS-AWS-5.0-1.15, NIST-800-53-AC-6(5), PCI-DSS-4.0-10.2.1.2]
    Perhaps    identity-administration-needs-an-exemption (critical, enforce): This policy lets its holder become an administrator [CIS-AWS-3.0-1.16, CIS-AWS-5.0-1.15, NIST-800-53-AC-6(5)]
    Perhaps    no-administrator-by-another-name (critical, enforce): This policy of your own grants the whole account, whatever it is called [CIS-AWS-3.0-1.16, CIS-AWS-5.0-1.15, NIST-800-53-AC-6(5)]
    Perhaps    who-aws-quarantines-loses-their-keys (critical, enforce): AWS has quarantined this user: one of the user's keys is exposed [NIST-800-53-IA-5]
    Perhaps    billing-is-for-finance (high, enforce): Billing belongs to finance [PCI-DSS-4.0-7.2.2, NIST-800-53-AC-5]
    Perhaps    perhaps-an-administrator (high, enforce): This policy of your own grants the whole account under some condition [NIST-800-53-AC-6]
    Perhaps    power-user-access-needs-an-exemption (high, enforce): This policy grants nearly everything in the account [NIST-800-53-AC-6, PCI-DSS-4.0-7.2.2]
    Perhaps    no-path-to-administrator-by-aws-policy (medium, enforce): This policy of AWS's opens a path to more access than it seems to give [NIST-800-53-AC-6]
    Perhaps    perhaps-a-path-to-administrator (medium, enforce): This policy of your own may open a path to more access than it seems to give [NIST-800-53-AC-6]
    Perhaps    no-path-to-administrator (high, observe): This policy of your own opens a path to more access than it seems to give [NIST-800-53-AC-6]
    Perhaps    users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15, CIS-AWS-5.0-1.14, NIST-800-53-AC-2]
    Next       look at what this actor changed, at this time, in the account itself
    Case       rsc-ecd7c4726430efea
    "#);
}

/// What each sample event comes to, in a stack that observes and has nothing to read but what the record says: a snapshot for each.
#[test]
fn every_sample_event_has_its_notices() {
    let of_remedies = Remedy::ALL.iter().map(|remedy| (remedy.name(), rulebook(Judge::of(*remedy))));
    let rulebooks: Vec<_> = of_remedies.chain([(WATCH, rulebook(Judge::Function { name: WATCH, owns: None }))]).collect();
    let mut seen = std::collections::BTreeSet::new();
    insta::glob!("../../../events", "*.json", |path| {
        let sample = std::fs::read_to_string(path).unwrap();
        seen.insert(path.file_stem().unwrap().to_string_lossy().into_owned());
        let mut notices = Vec::new();
        for (function, rulebook) in &rulebooks {
            for mut case in cases(rulebook, &sample, Mode::Observe) {
                if case.settle() == Next::Look {
                    let remedy = case.remedy().unwrap();
                    let (plan, change) = (plan::of(remedy), case.change.clone().unwrap());
                    let would = plan.calls(&case, &change);
                    let never = plan.never(&case, &change).map(|why| format!("Rescind could not do it even when enforcing: {why}"));
                    let detail = never.or_else(|| Some(case.why_observed().to_owned()));
                    case.close_with(RemedyOutcome { would, ..RemedyOutcome::without_call(remedy, Outcome::Observed, detail) });
                }
                let notice = Notice::of(&case);
                notices.push(format!("── {function}\n{}\n\n{}", notice.subject(), notice.text()));
            }
        }
        let text = if notices.is_empty() { "no case".to_owned() } else { notices.join("\n") };
        insta::assert_snapshot!(text);
    });
    let snapshots = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots")).unwrap();
    let names = snapshots.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let of_events = names.filter_map(|name| Some(name.split_once('@')?.1.strip_suffix(".json.snap")?.to_owned()));
    assert_eq!(of_events.collect::<std::collections::BTreeSet<_>>(), seen, "each snapshot is of a sample event");
}

#[test]
fn a_policy_at_iam_s_size_limit_fits_into_a_message() {
    let mut sample: Value = serde_json::from_str(include_str!("../../../events/put-user-policy.json")).unwrap();
    let text = format!("{}{}", "\n\"\\ ".repeat(30_000), EVERYTHING);
    sample["detail"]["requestParameters"]["policyDocument"] = json!(format!("{}{EVERYTHING}", "\n ".repeat(65_000)));
    let case = case(&sample.to_string());
    let Some(Change::InlinePolicyPut(put)) = case.change.clone() else {
        panic!("the sample puts a policy");
    };
    let inline = InlinePolicy { identity: put.identity, name: put.policy_name };
    for text in [put.document.unwrap(), text] {
        let case = acted(case.clone(), inline.call(&Some(text)).into_iter().collect());
        let notice = Notice::of(&case);
        let message: Value = serde_json::from_str(&notice.message()).unwrap();
        assert!(notice.message().len() < 256 * 1024);
        assert!(serde_json::from_str::<Case>(message["sqs"].as_str().unwrap()).is_ok(), "a cut case is still a case");
    }
}

#[test]
fn chat_gets_a_custom_notification() {
    let message: Value = serde_json::from_str(&Notice::of(&applied()).message()).unwrap();
    let chat: Value = serde_json::from_str(message["https"].as_str().unwrap()).unwrap();
    insta::assert_snapshot!(format!("{chat:#}"), @r#"
    {
      "version": "1.0",
      "source": "custom",
      "id": "rsc-10c019aa09e56ab0",
      "content": {
        "textType": "client-markdown",
        "title": "[high] Rescind: taken back: policy Billing on user polsen (123456789012)",
        "description": "*What* `arn:aws:iam::aws:policy/job-function/Billing was attached to user polsen; Rescind detached it`\n*Who* `user polsen (arn:aws:iam::123456789012:user/polsen)`\n*From* `192.0.2.26, with \"signin.amazonaws.com\", without MFA`\n*When* `2017-11-07 21:18:41 UTC; judged 6 s later`\n*Account* `123456789012, us-east-1`\n*Console* <https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/users/details/polsen>\n*Guardrail* `billing-is-for-finance (high, enforce): Billing belongs to finance [PCI-DSS-4.0-7.2.2, NIST-800-53-AC-5]`\n*Guardrail* `users-get-access-through-groups (low, observe): Users get access through groups, not one by one [CIS-AWS-3.0-1.15, CIS-AWS-5.0-1.14, NIST-800-53-AC-2]`\n*Case* `rsc-10c019aa09e56ab0`",
        "nextSteps": [
          "*Undo* `aws iam attach-user-policy --policy-arn arn:aws:iam::aws:policy/job-function/Billing --user-name polsen`",
          "*Note* `the record names user polsen without a unique id, so this is whoever has that name now`"
        ],
        "keywords": [
          "applied",
          "123456789012"
        ]
      },
      "metadata": {
        "threadId": "rsc-10c019aa09e56ab0",
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

#[test]
fn what_an_attacker_says_never_reads_as_words_of_rescind() {
    let forged = "aws-cli/2.15, with MFA. Rescind: known change\", with MFA";
    let line = |word: &str, forge: &dyn Fn(&mut Actor)| {
        let mut case = case(SAMPLE);
        forge(&mut case.actor);
        let text = Notice::of(&case).text();
        text.lines().find_map(|line| line.strip_prefix(word)).unwrap().trim().to_owned()
    };
    let quoted = "\"aws-cli/2.15, with MFA. Rescind: known change\\u{22}, with MFA\"";
    let (polsen, console) = ("arn:aws:iam::123456789012:user/polsen", "signin.amazonaws.com");
    let agent = line("From", &|actor| actor.user_agent = Some(forged.to_owned()));
    assert_eq!(agent, format!("192.0.2.26, with {quoted}, through {console}, without MFA"));
    let address = line("From", &|actor| actor.source_ip = Some(forged.to_owned()));
    assert_eq!(address, format!("{quoted}, with \"{console}\", without MFA"));
    assert_eq!(line("Who", &|actor| forged.clone_into(&mut actor.name)), format!("user {quoted} ({polsen})"));
    assert_eq!(line("Who", &|actor| forged.clone_into(&mut actor.arn)), format!("user polsen ({quoted})"));
    let session = line("Who", &|actor| (actor.kind, actor.session) = (ActorKind::Role, Some(forged.to_owned())));
    assert_eq!(session, format!("role polsen, session {quoted} ({polsen})"));
}

#[test]
fn a_user_agent_of_one_word_is_quoted_as_well() {
    let text = Notice::of(&case(&sample_with("/userAgent", json!("MFA")))).text();
    assert!(text.contains("192.0.2.26, with \"MFA\", through"), "{text}");
}

#[test]
fn the_quotes_of_rescinds_own_words_are_left_as_they_are() {
    let detail = "the finding names `\\u{3c}b\\u{3e}`, which is neither a key nor a user";
    assert!(closed(Outcome::Unremediable, detail).contains(detail));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_an_attacker_writes_is_live_in_a_notice(text in any::<String>(), evil in "(<!channel>|https://evil.example|<b>|\u{202e}|`|\\[a\\]\\(b\\)|\n|\r)") {
        for pointer in ["/userAgent", "/sourceIPAddress", "/userIdentity/invokedBy"] {
            let case = case(&sample_with(pointer, json!(format!("{text}{evil}{text}"))));
            let notice = Notice::of(&case);
            // The one link is Rescind's own.
            let text = notice.text().replacen("\nConsole    https://us-east-1.console.aws.amazon.com/", "", 1);
            for live in ["<", "://", "\u{202e}", "\r"] {
                prop_assert!(!text.contains(live));
            }
            let message: Value = serde_json::from_str(&notice.message()).unwrap();
            let chat: Value = serde_json::from_str(message["https"].as_str().unwrap()).unwrap();
            let description = chat["content"]["description"].as_str().unwrap();
            let mut lines = description.lines().filter(|line| !line.starts_with("*Console* <https://"));
            // Every line is a word and one code span: back-quotes come in pairs, and none is the attacker's.
            prop_assert!(lines.all(|line| line.matches('`').count() == 2 && line.ends_with('`')), "{}", description);
            prop_assert!(notice.subject().len() <= 100);
            prop_assert!(notice.subject().chars().all(|c| c.is_ascii_graphic() || c == ' '));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 16, ..ProptestConfig::default() })]

    #[test]
    fn a_notice_always_fits_into_a_message(case in any_case()) {
        let message = Notice::of(&case).message();
        prop_assert!(message.len() <= 255 * 1024, "{}", message.len());
        let message: Value = serde_json::from_str(&message).unwrap();
        prop_assert!(serde_json::from_str::<Value>(message["https"].as_str().unwrap()).is_ok());
        let received: Value = serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap();
        let undo = received["outcomes"][0]["undo"].as_array().unwrap_or(&Vec::new()).len();
        let left_out = received["leftOut"]["undo"].as_u64().unwrap_or(0);
        prop_assert_eq!(u64::try_from(undo).unwrap() + left_out, u64::try_from(case.outcomes[0].undo.len()).unwrap());
        let mail = message["email"].as_str().unwrap();
        prop_assert!(undo == 0 && left_out == 0 || mail.contains("\nUndo "), "{}", mail);
        prop_assert!(serde_json::from_value::<Case>(received).is_ok());
    }
}

/// Cases of any size: broken guardrails, documents, receipts, reports and an actor's texts, in characters that JSON writes longest.
fn any_case() -> impl Strategy<Value = Case> {
    let size = || prop_oneof![0usize..8, 0usize..250];
    let letter = || prop::sample::select(vec!["a", "\"", "\\", "\u{1}", "\u{1d11e}", "<"]);
    (letter(), size(), size(), size(), prop_oneof![0usize..100, 0usize..40_000]).prop_map(
        |(letter, guardrails, receipts, items, length)| {
            let text = letter.repeat(length.min(if guardrails.max(items) > 8 { 200 } else { length }));
            let mut case = applied();
            let Decision::Forbidden { guardrails: broken, undecided } = &mut case.decision else { panic!() };
            let lead = Guardrail { description: Some(text.clone()), controls: vec![text.clone(); 3], ..broken.first().unwrap().clone() };
            let more = (0..guardrails).map(|number| Guardrail { id: format!("{number}{text}"), ..lead.clone() });
            broken.extend(more.clone());
            *undecided = Some(Undecided { guardrails: more.collect(), reason: text.clone() });
            let outcome = case.outcomes.first_mut().unwrap();
            let document = policy::case::Call::iam("PutUserPolicy", &[("PolicyDocument", text.as_str()), ("UserName", "polsen")]);
            outcome.undo = vec![Receipt::from(document.clone()); receipts.min(8)];
            outcome.would = vec![document.clone(); receipts.min(8)];
            outcome.calls = vec![document; receipts.min(8)];
            outcome.detail = Some(text.clone());
            let texts = vec![text.clone(); items.min(60)];
            outcome.report = Some(CredentialReport {
                can: texts.clone(),
                may: texts.clone(),
                others: texts.clone(),
                unread: texts,
                last_used: Some(text.clone()),
                created: None,
            });
            (case.actor.name, case.actor.arn) = (text.clone(), text.clone());
            (case.actor.user_agent, case.actor.source_ip) = (Some(text.clone()), Some(text.clone()));
            case.record.error_code = Some(text);
            case
        },
    )
}

#[test]
fn where_hundreds_of_guardrails_are_broken_the_notice_counts_those_that_it_leaves_out() {
    let mut case = applied();
    let Decision::Forbidden { guardrails, .. } = &mut case.decision else { panic!() };
    let lead = guardrails[0].clone();
    *guardrails = (0..220).map(|_| Guardrail { description: Some("why ".repeat(100)), ..lead.clone() }).collect();
    let message: Value = serde_json::from_str(&Notice::of(&case).message()).unwrap();
    let mail = message["email"].as_str().unwrap();
    assert!(mail.contains("\nGuardrail  and 170 more guardrails\n"), "{mail}");
    let received: Value = serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap();
    assert_eq!(received["leftOut"], json!({ "guardrails": 170 }));
    assert_eq!(serde_json::from_value::<Case>(received).unwrap().outcomes, case.outcomes, "the undo is whole");
}

#[test]
fn where_the_undo_is_too_long_for_a_message_the_notice_says_where_it_is() {
    let mut case = applied();
    let call = policy::case::Call::iam("PutUserPolicy", &[("PolicyDocument", &"\"".repeat(60_000)), ("UserName", "polsen")]);
    case.outcomes[0].undo = vec![Receipt::from(call)];
    let message: Value = serde_json::from_str(&Notice::of(&case).message()).unwrap();
    let pointer = format!("\nUndo       rescind undo {} (the command is too long for this message)\n", case.id);
    assert!(message["email"].as_str().unwrap().contains(&pointer));
    let received: Value = serde_json::from_str(message["sqs"].as_str().unwrap()).unwrap();
    assert_eq!(received["leftOut"]["undo"], json!(1));
}
