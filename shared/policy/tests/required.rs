//! What a guardrail can require, and when that is taken away.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use chrono::{DateTime, Utc};
use policy::facts::{Facts, Needs};
use policy::guardrail::{Decision, Flaw, Mode, Requirement, Source};
use policy::hearing::Circumstances;
use policy::{Action, Actor, Case, Event, Hearing, Rulebook};

const DENIES: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"cloudtrail:StopLogging","Resource":"*"}}"#;

fn load(guardrails: &str, text: &str) -> Result<Rulebook, Vec<Flaw>> {
    let file = |name: &str, text: &str| Source { name: format!("guardrails/{name}"), text: text.to_owned() };
    Rulebook::load(&[file("rules.cedar", guardrails), file("exemptions.cedar", ""), file("guard.json", text)])
}

fn flaws(guardrails: &str, text: &str) -> String {
    let flaws = load(guardrails, text).err().unwrap_or_default();
    flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn requires(what: &str, scope: &str) -> String {
    format!(
        "@id(\"guard\") @severity(\"high\") @remedy(\"restore-guard\") @requires(\"{what}\")\nforbid (principal, action {scope}, resource);\n"
    )
}

const POLICY: &str = "policy=arn:aws:iam:::policy/team/Guard";
const BOUNDARY: &str = "boundary=arn:aws:iam:::policy/Boundary";
const INLINE: &str = "inline=guard:guard.json";
const DETACH: &str = r#"in Action::"detach-policy""#;
const DELETE: &str = r#"in Action::"delete-policy""#;
const CHANGE: &str = r#"in Action::"change-boundary""#;
const LEAVE: &str = r#"== Action::"RemoveUserFromGroup""#;

#[test]
fn what_can_be_required_loads() {
    for (what, scope) in [
        (POLICY, DETACH),
        ("policy=arn:aws:iam::aws:policy/AWSDenyAll", DETACH),
        ("policy=arn:aws:iam::123456789012:policy/Guard", LEAVE),
        (BOUNDARY, CHANGE),
        (INLINE, DELETE),
        (INLINE, LEAVE),
    ] {
        assert_eq!(flaws(&requires(what, scope), DENIES), "", "{what}");
    }
}

#[test]
fn what_cannot_be_required_is_refused_at_its_place() {
    for (what, scope, said) in [
        ("tag=team", DETACH, "`tag=team` is nothing that can be required"),
        ("Boundary", CHANGE, "`Boundary` is nothing that can be required"),
        ("policy=Guard", DETACH, "`Guard` is not the ARN of a managed policy"),
        ("policy=arn:aws:iam::1:policy/Guard", DETACH, "is not the ARN of a managed policy"),
        ("boundary=arn:aws:iam:::role/Guard", CHANGE, "is not the ARN of a managed policy"),
        ("policy=arn:aws:iam:::policy/rescind/RescindDenyEverything-0", DETACH, "is one of Rescind's own quarantines"),
        ("inline=RescindQuarantine-1772455454:guard.json", DELETE, "is one of Rescind's own quarantines"),
        ("inline=guard", DELETE, "`inline=guard` is nothing that can be required"),
        ("inline=a b:guard.json", DELETE, "rules.cedar:1"),
        ("inline=guard:../guard.json", DELETE, "`../guard.json` is not the name of a JSON file"),
        ("inline=guard:rules.cedar", DELETE, "`rules.cedar` is not the name of a JSON file"),
        ("inline=guard:other.json", DELETE, "there is no file `other.json`"),
        (POLICY, CHANGE, "PutUserPermissionsBoundary does not take `policy=arn:aws:iam:::policy/team/Guard` away"),
        (BOUNDARY, DETACH, "DetachUserPolicy does not take `boundary=arn:aws:iam:::policy/Boundary` away"),
        (BOUNDARY, LEAVE, "RemoveUserFromGroup does not take"),
        (INLINE, DETACH, "DetachUserPolicy does not take `inline=guard:guard.json` away"),
        (POLICY, r#"in Action::"attach-policy""#, "the remedy `restore-guard` cannot answer AttachUserPolicy"),
    ] {
        let found = flaws(&requires(what, scope), DENIES);
        assert!(found.contains(said) && found.starts_with("guardrails/rules.cedar:1:"), "{what}: {found}");
    }
}

#[test]
fn the_text_of_an_inline_guard_has_to_be_one_that_iam_takes() {
    let long = DENIES.replace("cloudtrail:StopLogging", &"a:B".repeat(1000));
    for (text, said) in [
        ("", "`guard.json`:"),
        ("{}", "`guard.json`"),
        (r#"{"Statement":[]}"#, "is no policy that IAM lets a user, group or role hold"),
        (r#"{"Statement":{"Effect":"Deny","Action":"*"}}"#, "is no policy that IAM lets a user, group or role hold"),
        (&DENIES.replace("\"Effect\"", "\"Principal\":\"*\",\"Effect\""), "is no policy that IAM lets a user, group or role hold"),
        (&long, "IAM has room for 2048"),
        (&" ".repeat(70_000), "`guard.json` is too long"),
    ] {
        let found = flaws(&requires(INLINE, DELETE), text);
        assert!(found.contains(said), "{found}");
    }
    assert_eq!(flaws(&requires(INLINE, r#"== Action::"DeleteRolePolicy""#), &long), "", "a role has more room");
}

#[test]
fn the_remedy_and_what_it_gives_back_come_together() {
    let without =
        "@id(\"a\") @severity(\"low\") @remedy(\"restore-guard\")\nforbid (principal, action in Action::\"detach-policy\", resource);";
    assert!(flaws(without, DENIES).contains("the remedy `restore-guard` needs `@requires`"));
    let alone = format!(
        "@id(\"a\") @severity(\"low\") @requires(\"{POLICY}\")\nforbid (principal, action in Action::\"detach-policy\", resource);"
    );
    assert!(flaws(&alone, DENIES).contains("`@requires` without the remedy `restore-guard` does nothing"));
}

#[test]
fn a_rulebook_that_takes_back_what_it_requires_is_refused() {
    let forbid = |remedy: &str, action: &str, condition: &str, more: &str| {
        format!(
            "@id(\"no\") @severity(\"high\") @remedy(\"{remedy}\"){more}\nforbid (principal, action in Action::\"{action}\", resource) when {{ {condition} }};\n"
        )
    };
    let guard = r#"context.policy.name == "Guard""#;
    let said = flaws(&(requires(POLICY, DETACH) + &forbid("detach-policy", "attach-policy", guard, "")), DENIES);
    assert!(said.contains("`policy=arn:aws:iam:::policy/team/Guard` is required here, and the guardrail `no` takes it back"), "{said}");
    let inline = forbid("delete-inline-policy", "put-policy", r#"!context.policy.grants.admin && context.policy.name == "guard""#, "");
    assert!(flaws(&(requires(INLINE, DELETE) + &inline), DENIES).contains("takes it back"));
    for (remedy, condition, more) in [
        ("detach-policy", guard, " @mode(\"observe\")"),
        ("quarantine-key", guard, ""),
        ("detach-policy", "context.policy.name == \"Guard\" && context.policy.grants.admin", ""),
        ("detach-policy", "context.policy.name == \"Guard\" && context.before.grants.admin", ""),
        ("detach-policy", "context.policy.name == \"Other\"", ""),
    ] {
        let rules = requires(POLICY, DETACH) + &forbid(remedy, "attach-policy", condition, more);
        assert_eq!(flaws(&rules, DENIES), "", "{remedy} {condition}");
    }
}

fn heard(rulebook: &Rulebook, action: &str, parameters: &str, removed: &[&str]) -> (Needs, Option<Case>) {
    let record = format!(
        r#"{{"eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{action}","awsRegion":"us-east-1",
            "recipientAccountId":"123456789012","requestParameters":{parameters},
            "userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/a","userName":"a","accountId":"123456789012"}}}}"#
    );
    let event = Event::from_envelope_or_record(&record).unwrap();
    let actor = Actor::of(&event).unwrap();
    let circumstances = Circumstances::of(rulebook, &event, Action::of(&event).remove(0), &actor, &[]);
    let Some(weighing) = Hearing::open(circumstances).pop().and_then(|hearing| hearing.weigh().unwrap()) else {
        return (Needs::default(), None);
    };
    let needs = weighing.needs().map(|(_, needs)| needs).unwrap_or_default();
    let facts =
        if needs.guards { Facts::none().with_removed(removed.iter().map(|&text| text.to_owned()).collect()) } else { Facts::none() };
    let now: DateTime<Utc> = "2026-01-01T00:02:00Z".parse().unwrap();
    (needs, weighing.decide(Ok(&facts), Mode::Enforce, now).unwrap())
}

#[test]
fn only_what_is_required_is_an_offence_if_it_is_removed() {
    let rules = requires(POLICY, DETACH) + &requires(INLINE, DELETE).replace("\"guard\"", "\"inline\"");
    let rulebook = load(&rules, DENIES).unwrap_or_else(|flaws| panic!("{flaws:#?}"));
    let detach = |arn: &str| heard(&rulebook, "DetachUserPolicy", &format!(r#"{{"userName":"p","policyArn":"{arn}"}}"#), &[]);
    let (needs, case) = detach("arn:aws:iam::123456789012:policy/TEAM/guard");
    assert_eq!(needs, Needs::default(), "the record says it");
    let case = case.unwrap();
    assert!(matches!(case.decision, Decision::Forbidden { .. }));
    let required = case.decision.guardrails().first().and_then(|guardrail| guardrail.requires.clone()).unwrap();
    assert_eq!(required, Requirement::Policy { policy: "arn:aws:iam:::policy/team/Guard".to_owned() });
    assert_eq!(required.policy(&case.account, "aws").unwrap().as_str(), "arn:aws:iam::123456789012:policy/team/Guard");
    assert_eq!(required.policy(&case.account, "aws-cn"), None, "of another partition");
    for other in ["arn:aws:iam::123456789012:policy/Guard", "arn:aws:iam::aws:policy/team/Guard"] {
        assert_eq!(detach(other).1, None, "{other}");
    }
    let delete = |name: &str| heard(&rulebook, "DeleteUserPolicy", &format!(r#"{{"userName":"p","policyName":"{name}"}}"#), &[]).1;
    assert!(delete("GUARD").is_some() && delete("guards").is_none());
}

#[test]
fn a_boundary_is_compared_and_the_required_one_itself_is_no_offence() {
    let rulebook = load(&requires(BOUNDARY, CHANGE), DENIES).unwrap_or_else(|flaws| panic!("{flaws:#?}"));
    let put = |name: &str, removed: &[&str]| {
        let parameters = format!(r#"{{"userName":"p","permissionsBoundary":"arn:aws:iam::123456789012:policy/{name}"}}"#);
        heard(&rulebook, "PutUserPermissionsBoundary", &parameters, removed)
    };
    let compares = Needs { guards: true, ..Needs::default() };
    assert_eq!(put("Boundary", &[BOUNDARY]), (Needs::default(), None), "whatever is read of it");
    assert_eq!(put("Narrower", &[]), (compares, None));
    let (needs, looser) = put("Looser", &[BOUNDARY]);
    assert_eq!(needs, compares);
    assert!(matches!(looser.unwrap().decision, Decision::Forbidden { .. }));
    let (needs, removed) = heard(&rulebook, "DeleteRolePermissionsBoundary", r#"{"roleName":"p"}"#, &[]);
    assert_eq!(needs, Needs::default());
    assert!(removed.is_some());
}

#[test]
fn a_group_is_left_with_what_it_holds() {
    let rulebook = load(&requires(INLINE, LEAVE), DENIES).unwrap_or_else(|flaws| panic!("{flaws:#?}"));
    let leave = |removed: &[&str]| heard(&rulebook, "RemoveUserFromGroup", r#"{"userName":"p","groupName":"g"}"#, removed).1;
    assert!(leave(&[]).is_none());
    assert!(matches!(leave(&[INLINE]).unwrap().decision, Decision::Forbidden { .. }));
}
