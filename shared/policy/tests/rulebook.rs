//! What a rulebook may say, and what it is told when it may not.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use policy::action::ACTIONS;
use policy::arn::IamName;
use policy::capability::RequestContext;
use policy::facts::{Facts, IdentityDetails, Needs, Texts};
use policy::guardrail::{Decision, Flaw, Guardrail, Judge, Mode, Source};
use policy::hearing::{Circumstances, HearingError};
use policy::remedy::Remedy;
use policy::severity::Severity;
use policy::{Action, Actor, Case, Event, Hearing, Rulebook};
use proptest::prelude::*;

fn load(guardrails: &str, exemptions: &str) -> Result<Rulebook, Vec<Flaw>> {
    let file = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
    Rulebook::load(&[file("rules.cedar", guardrails), file("exemptions.cedar", exemptions)])
}

fn rulebook(guardrails: &str, exemptions: &str) -> Rulebook {
    load(guardrails, exemptions).unwrap_or_else(|flaws| panic!("{flaws:#?}"))
}

fn flaws(guardrails: &str, exemptions: &str) -> String {
    let flaws = load(guardrails, exemptions).err().unwrap_or_default();
    flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

const HEAD: &str = "@id(\"a\")\n@severity(\"high\")\n@remedy(\"detach-policy\")\n";

fn guardrail(condition: &str) -> String {
    format!("{HEAD}forbid (principal, action in Action::\"attach-policy\", resource) when {{ {condition} }};\n")
}

fn event(identity: &str, more: &str) -> Event {
    let record = format!(
        r#"{{"eventTime":"2026-01-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"AttachUserPolicy","awsRegion":"us-east-1",
            "recipientAccountId":"123456789012","userIdentity":{identity},
            "requestParameters":{{"userName":"polsen","policyArn":"arn:aws:iam::aws:policy/job-function/Billing"}}{more}}}"#
    );
    Event::from_envelope_or_record(&record).unwrap()
}

const POLSEN: &str =
    r#"{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/staff/polsen","userName":"polsen","accountId":"123456789012"}"#;

fn now() -> DateTime<Utc> {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

/// Puts an event before a rulebook, in a pause of which `facts` are read.
fn heard(rulebook: &Rulebook, event: &Event, facts: impl Fn(Needs) -> Facts) -> Result<(Needs, Option<Case>), HearingError> {
    let actor = Actor::of(event)?;
    let circumstances = Circumstances::of(rulebook, event, Action::of(event).remove(0), &actor, &[]);
    let Some(hearing) = Hearing::open(circumstances).pop() else {
        return Ok((Needs::default(), None));
    };
    let Some(weighing) = hearing.weigh()? else {
        return Ok((Needs::default(), None));
    };
    let needs = weighing.needs().map(|(_, needs)| needs).unwrap_or_default();
    Ok((needs, weighing.decide(Ok(&facts(needs)), Mode::Enforce, now())?))
}

fn needs(rulebook: &Rulebook) -> Needs {
    heard(rulebook, &event(POLSEN, ""), |_| Facts::none()).unwrap().0
}

fn decide(rulebook: &Rulebook, event: &Event, facts: &Facts) -> Option<Case> {
    heard(rulebook, event, |_| facts.clone()).unwrap().1
}

fn forbids(condition: &str, identity: &str, more: &str) -> bool {
    decide(&rulebook(&guardrail(condition), ""), &event(identity, more), &Facts::none()).is_some()
}

// ── What can be asked ──

#[test]
fn the_circumstances_of_a_call_can_be_asked() {
    for condition in [
        r#"context has sourceIp && context.sourceIp.isInRange(ip("192.0.2.0/24"))"#,
        r#"context.time < datetime("2026-01-01T00:00:01Z")"#,
        r#"context.userAgent like "*aws-cli*""#,
        "!context.mfa",
        "principal == resource",
        r#"principal is User && principal.path == "/staff/""#,
    ] {
        let more = r#","sourceIPAddress":"192.0.2.26","userAgent":"aws-cli/2""#;
        assert!(forbids(condition, POLSEN, more), "{condition}");
    }
}

#[test]
fn names_are_compared_without_regard_to_case_as_iam_reads_them() {
    for condition in [
        r#"context.policy.arn like "arn:aws*:iam::aws:policy/job-FUNCTION/Billing""#,
        r#"context.policy.name == "BILLING""#,
        r#"["Other", "BilLing"].contains(context.policy.name)"#,
        r#"context.policy.name != "Other" && resource.name == "PolSen""#,
        r#"principal.arn == "arn:aws:iam::123456789012:user/Staff/polsen""#,
        r#"resource == User::"arn:aws:iam::123456789012:user/POLSEN""#,
        "principal.name == resource.name",
    ] {
        assert!(forbids(condition, POLSEN, ""), "{condition}");
    }
    let scoped = format!(
        "{HEAD}forbid (principal == User::\"arn:aws:iam::123456789012:user/PolSen\", action in Action::\"attach-policy\", resource);"
    );
    assert!(decide(&rulebook(&scoped, ""), &event(POLSEN, ""), &Facts::none()).is_some());
}

#[test]
fn a_refused_call_is_as_grave_as_its_guardrail_says_and_low_if_it_says_nothing() {
    let severity = |annotation: &str| {
        let rulebook = rulebook(&format!("@refused(\"{annotation}\") {}", guardrail("true")), "");
        let case = decide(&rulebook, &event(POLSEN, r#","errorCode":"AccessDenied""#), &Facts::none()).unwrap();
        assert!(case.decision.guardrails().iter().all(|guardrail| guardrail.remedies.is_empty()));
        case.severity()
    };
    assert_eq!(severity("high"), Some(Severity::High));
    assert_eq!(severity("low"), Some(Severity::Low));
    let silent = decide(&rulebook(&guardrail("true"), ""), &event(POLSEN, r#","errorCode":"AccessDenied""#), &Facts::none());
    assert_eq!(silent.unwrap().severity(), Some(Severity::Low));
}

#[test]
fn a_tag_is_compared_as_it_is_written() {
    let tagged = rulebook(&guardrail(r#"resource is User && resource.hasTag("Team") && resource.getTag("Team") == "Ops""#), "");
    let facts = |value: &str| {
        let tags = vec![("Team".to_owned(), value.to_owned())];
        Facts::none().with_details(IdentityDetails { path: "/".to_owned(), tags })
    };
    assert!(decide(&tagged, &event(POLSEN, ""), &facts("Ops")).is_some());
    assert!(decide(&tagged, &event(POLSEN, ""), &facts("ops")).is_none());
}

#[test]
fn somebody_else_of_the_same_name_is_not_the_target() {
    let other = POLSEN.replace("123456789012", "999999999999");
    assert!(!forbids("principal == resource", &other, ""));
}

#[test]
fn a_call_by_an_aws_service_has_no_address() {
    assert!(!forbids("context has sourceIp", POLSEN, r#","sourceIPAddress":"cloudformation.amazonaws.com""#));
}

#[test]
fn mfa_that_is_not_recorded_is_no_mfa() {
    assert!(!forbids("context.mfa", POLSEN, ""));
}

#[test]
fn tags_and_path_and_groups_are_asked_for_only_when_a_guardrail_refers_to_them() {
    let needs = |condition: &str| needs(&rulebook(&guardrail(condition), ""));
    assert_eq!(needs(r#"context.policy.name == "Billing""#), Needs::default());
    let tagged = r#"resource is User && resource.hasTag("team") && resource.getTag("team") == "ops""#;
    assert_eq!(needs(tagged), Needs { details: true, ..Needs::default() });
    assert_eq!(needs(r#"resource in Group::"arn:aws:iam::123456789012:group/admins""#), Needs { groups: true, ..Needs::default() });
}

#[test]
fn facts_that_were_read_decide() {
    let tagged = rulebook(&guardrail(r#"resource is User && resource.hasTag("team") && resource.getTag("team") == "ops""#), "");
    let details = |team: &str| IdentityDetails { path: "/".to_owned(), tags: vec![("team".to_owned(), team.to_owned())] };
    let facts = |team: &str| Facts::none().with_details(details(team));
    assert!(decide(&tagged, &event(POLSEN, ""), &facts("ops")).is_some());
    assert!(decide(&tagged, &event(POLSEN, ""), &facts("dev")).is_none());

    let grouped = rulebook(&guardrail(r#"resource in Group::"arn:aws:iam::123456789012:group/admins""#), "");
    let member = Facts::none().with_groups(vec![IamName::new("admins").unwrap()]);
    assert!(decide(&grouped, &event(POLSEN, ""), &member).is_some());
    assert!(decide(&grouped, &event(POLSEN, ""), &Facts::none().with_groups(Vec::new())).is_none());
}

#[test]
fn a_fact_that_only_an_exemption_asks_for_is_read_too() {
    let exemption = r#"@id("e") @owner("o") @reason("r") @until("2026-12-31") permit (principal, action, resource is User) when { resource.path == "/x/" };"#;
    assert!(needs(&rulebook(&guardrail("true"), exemption)).details);
}

#[test]
fn a_guardrail_for_one_action_concerns_no_other() {
    let rules = format!("{HEAD}forbid (principal, action == Action::\"AttachRolePolicy\", resource);");
    let rulebook = rulebook(&rules, "");
    let concerned: Vec<&str> = ACTIONS.iter().filter(|action| rulebook.concerns(action)).map(|action| action.name).collect();
    assert_eq!(concerned, ["AttachRolePolicy"]);
}

#[test]
fn a_function_loads_what_it_judges_by_and_validates_no_other() {
    let file = |text: &str| [Source { name: "rules.cedar".to_owned(), text: text.to_owned() }];
    let load_for = |text: &str, remedy| Rulebook::load_for(&file(text), Judge::of(remedy));
    let own = guardrail("true");
    let others = "@id(\"b\")\n@severity(\"low\")\nforbid (principal, action in Action::\"credential\", resource) when { context.nowhere };";
    let both = format!("{own}{others}");
    let loaded = load_for(&both, Remedy::DetachPolicy).unwrap_or_else(|flaws| panic!("{flaws:#?}"));
    assert_eq!((loaded.guardrail_count(), loaded.concerns(Action::named("CreateAccessKey").unwrap())), (1, false));
    assert!(load_for(&both, Remedy::QuarantineKey).is_err(), "who judges by it validates it");
    assert!(load(&both, "").is_err(), "and so does whoever checks the whole");
    assert_eq!(load_for(others, Remedy::DetachPolicy).unwrap_or_else(|flaws| panic!("{flaws:#?}")).guardrail_count(), 0);
}

#[test]
fn a_function_that_does_not_report_considers_only_guardrails_that_ask_for_its_remedy() {
    let own = "@id(\"c\")\n@severity(\"low\")\n@remedy(\"quarantine-principal\")\nforbid (principal, action == Action::\"AttachUserPolicy\", resource);\n";
    let sources = [Source { name: "rules.cedar".to_owned(), text: format!("{}{own}", guardrail("true")) }];
    let ids = |judge| {
        let rulebook = Rulebook::load_for(&sources, judge).unwrap_or_else(|flaws| panic!("{flaws:#?}"));
        let case = decide(&rulebook, &event(POLSEN, ""), &Facts::none());
        case.map(|case| case.decision.guardrails().iter().map(|guardrail| guardrail.id.clone()).collect::<Vec<_>>())
    };
    assert_eq!(ids(Judge::of(Remedy::DetachPolicy)).unwrap(), ["a", "c"], "the reporting function considers all of them");
    assert_eq!(ids(Judge::of(Remedy::QuarantinePrincipal)).unwrap(), ["c"]);
    assert_eq!(ids(Judge::of(Remedy::QuarantineKey)), None);
    assert_eq!(ids(Judge::Function { name: "watch", owns: None }), None, "a function may own no remedy at all");
}

#[test]
fn one_function_alone_makes_the_case_if_there_is_no_remedy_to_make_one() {
    let rules = "@id(\"a\")\n@severity(\"low\")\n@remedy(\"detach-policy,quarantine-principal\")\nforbid (principal, action == Action::\"AttachUserPolicy\", resource);\n";
    let told = "@id(\"t\")\n@severity(\"low\")\nforbid (principal, action == Action::\"AttachUserPolicy\", resource);\n";
    let makers = |rules: &str, exemptions: &str, more: &str| {
        let file = |name: &str, text: &str| Source { name: name.to_owned(), text: text.to_owned() };
        let sources = [file("rules.cedar", rules), file("exemptions.cedar", exemptions)];
        let makes = |remedy: &&Remedy| {
            let rulebook = Rulebook::load_for(&sources, Judge::of(**remedy)).unwrap_or_else(|flaws| panic!("{flaws:#?}"));
            decide(&rulebook, &event(POLSEN, more), &Facts::none()).is_some()
        };
        Remedy::ALL.iter().filter(makes).map(|remedy| remedy.name()).collect::<Vec<_>>()
    };
    assert_eq!(makers(rules, "", ""), ["detach-policy", "quarantine-principal"]);
    assert_eq!(makers(told, "", ""), ["detach-policy"]);
    assert_eq!(makers(rules, &exemption("2099-01-01"), ""), ["detach-policy"]);
    assert_eq!(makers(rules, "", r#","errorCode":"AccessDenied""#), ["detach-policy"]);
    assert_eq!(makers(&rules.replace("detach-policy,", ""), "", ""), ["quarantine-principal"]);
    assert_eq!(makers(&format!("{}{told}", rules.replace("detach-policy,", "")), "", ""), ["detach-policy", "quarantine-principal"]);
}

#[test]
fn an_action_that_nobody_knows_is_refused_by_every_function() {
    let typo = "@id(\"a\")\n@severity(\"low\")\nforbid (principal, action == Action::\"CreateAcessKey\", resource);";
    for remedy in Remedy::ALL {
        let sources = [Source { name: "rules.cedar".to_owned(), text: typo.to_owned() }];
        assert!(Rulebook::load_for(&sources, Judge::of(*remedy)).is_err(), "{}", remedy.name());
    }
}

// ── Exemptions ──

fn exemption(until: &str) -> String {
    format!("@id(\"e\") @owner(\"o\") @reason(\"r\") @until(\"{until}\")\npermit (principal, action, resource);")
}

#[test]
fn an_exemption_covers_until_the_end_of_its_day_by_the_time_of_the_change() {
    let verdict = |until| decide(&rulebook(&guardrail("true"), &exemption(until)), &event(POLSEN, ""), &Facts::none()).unwrap().decision;
    assert!(now() > event(POLSEN, "").record.event_time + chrono::Duration::days(30), "delivered much later");
    assert!(matches!(verdict("2026-01-01"), Decision::Exempt { exemption, .. } if exemption.id == "e"));
    assert!(matches!(verdict("2025-12-31"), Decision::Forbidden { .. }));
}

// ── What the record decides without facts ──

/// A policy whose document cannot be read.
fn unread(guardrails: &str, exemptions: &str) -> Decision {
    let (event, rulebook) = (event(POLSEN, ""), rulebook(guardrails, exemptions));
    let actor = Actor::of(&event).unwrap();
    let circumstances = Circumstances::of(&rulebook, &event, Action::of(&event).remove(0), &actor, &[]);
    let weighing = Hearing::open(circumstances).remove(0).weigh().unwrap().unwrap();
    weighing.decide(Err("it cannot be read"), Mode::Enforce, now()).unwrap().unwrap().decision
}

fn named(id: &str, condition: &str) -> String {
    guardrail(condition).replacen("@id(\"a\")", &format!("@id(\"{id}\")"), 1)
}

fn ids(guardrails: &[Guardrail]) -> Vec<&str> {
    guardrails.iter().map(|guardrail| guardrail.id.as_str()).collect()
}

const BY_NAME: &str = r#"context.policy.name == "Billing""#;
const BY_GRANTS: &str = "context.policy.grants.admin";

#[test]
fn a_guardrail_that_the_record_decides_stands_where_a_fact_cannot_be_read() {
    let rules = [named("by-name", BY_NAME), named("by-grants", BY_GRANTS)].concat();
    let Decision::Forbidden { guardrails, undecided: Some(undecided) } = unread(&rules, "") else { panic!() };
    assert_eq!(ids(&guardrails), ["by-name"]);
    assert_eq!((ids(&undecided.guardrails), undecided.reason.as_str()), (vec!["by-grants"], "it cannot be read"));
}

#[test]
fn a_guardrail_that_the_record_rules_out_is_not_listed_as_one_that_may_be_broken() {
    let elsewhere = format!(r#"context.policy.name == "Other" && {BY_GRANTS}"#);
    let rules = [named("by-grants", BY_GRANTS), named("elsewhere", &elsewhere)].concat();
    assert!(matches!(unread(&rules, ""), Decision::Unknown { guardrails, .. } if ids(&guardrails) == ["by-grants"]));
}

#[test]
fn an_exemption_of_the_actor_covers_what_cannot_be_decided_as_well() {
    let exemption = exemption("2026-06-01");
    let Decision::Exempt { guardrails, undecided: Some(undecided), .. } = unread(&named("by-grants", BY_GRANTS), &exemption) else {
        panic!()
    };
    assert_eq!((ids(&guardrails), ids(&undecided.guardrails)), (Vec::new(), vec!["by-grants"]));
}

#[test]
fn what_is_forbidden_for_certain_is_unknown_where_an_exemption_may_cover_it() {
    let exemption = exemption("2026-06-01").replace(';', " when { resource.hasTag(\"a\") };");
    assert!(
        matches!(unread(&named("by-name", BY_NAME), &exemption), Decision::Unknown { guardrails, .. } if ids(&guardrails) == ["by-name"])
    );
}

#[test]
fn an_exemption_is_judged_by_the_time_of_the_change_and_not_of_its_delivery() {
    let rulebook = rulebook(&guardrail("true"), &exemption("2025-12-31"));
    let verdict = |time: &str| {
        let mut event = event(POLSEN, "");
        event.record.event_time = time.parse().unwrap();
        decide(&rulebook, &event, &Facts::none()).unwrap().decision
    };
    assert!(matches!(verdict("2025-12-31T23:59:59Z"), Decision::Exempt { .. }), "delivered months after its end");
    assert!(matches!(verdict("2026-01-01T00:00:00Z"), Decision::Forbidden { .. }));
}

#[test]
fn an_exemption_is_announced_30_and_7_days_before_its_end_and_after_it() {
    let announced = |until| {
        let rulebook = rulebook(&guardrail("true"), &exemption(until));
        rulebook
            .ending(now())
            .into_iter()
            .map(|ending| (ending.exemption.id.clone(), ending.days_left, ending.within()))
            .collect::<Vec<_>>()
    };
    assert_eq!(announced("2026-07-02"), []);
    assert_eq!(announced("2026-07-01"), [("e".to_owned(), 30, Some(30))]);
    assert_eq!(announced("2026-06-09"), [("e".to_owned(), 8, Some(30))]);
    assert_eq!(announced("2026-06-08"), [("e".to_owned(), 7, Some(7))]);
    assert_eq!(announced("2026-06-01"), [("e".to_owned(), 0, Some(7))], "its last day");
    assert_eq!(announced("2026-05-31"), [("e".to_owned(), -1, None)]);
}

#[test]
fn the_exemption_that_ends_first_is_announced_first() {
    let one = |id: &str, until: &str| exemption(until).replace("\"e\"", &format!("\"{id}\""));
    let exemptions = [one("a", "2026-06-20"), one("b", "2026-05-01"), one("c", "2026-06-02"), one("d", "2027-01-01")].join("\n");
    let rulebook = rulebook(&guardrail("true"), &exemptions);
    assert_eq!(rulebook.ending(now()).iter().map(|ending| ending.exemption.id.as_str()).collect::<Vec<_>>(), ["b", "c", "a"]);
}

// ── What is refused ──

#[test]
fn an_empty_rulebook_is_refused_because_it_forbids_nothing() {
    insta::assert_snapshot!(flaws("", ""), @"
    rules.cedar:1:1: the rulebook holds no guardrail
        help: an empty rulebook would forbid nothing: add a `forbid` policy
    ");
}

#[test]
fn a_misspelt_attribute_is_refused_at_its_place_instead_of_failing_open() {
    insta::assert_snapshot!(flaws(&guardrail("context.polcy.arn == \"x\""), ""), @r#"
    rules.cedar:4:72: attribute `polcy` in context for Action::"AttachGroupPolicy" not found
        help: did you mean `policy`?
    "#);
}

#[test]
fn an_attribute_that_may_be_absent_has_to_be_tested_for() {
    insta::assert_snapshot!(flaws(&guardrail("context.sourceIp.isLoopback()"), ""), @r#"
    rules.cedar:4:72: unable to guarantee safety of access to optional attribute `sourceIp` in context for Action::"AttachGroupPolicy"
        help: try testing for the attribute's presence with `context has sourceIp && ..`
    "#);
}

#[test]
fn a_syntax_error_is_named_at_its_place() {
    insta::assert_snapshot!(flaws("@id(\"a\")\nforbid (principal, action, resource) whn { true };", ""), @"
    rules.cedar:2:38: invalid policy condition: whn
        help: condition must be either `when` or `unless`
    ");
}

#[test]
fn misspelt_annotations_are_named_with_what_was_meant() {
    let rules = "@id(\"a\")\n@sevrity(\"high\")\n@remedy(\"detach-polcy\")\n@severity(\"hihg\")\n@mode(\"observ\")\nforbid (principal, action, resource);";
    insta::assert_snapshot!(flaws(rules, ""), @"
    rules.cedar:2:1: unknown annotation `@sevrity`
        help: did you mean `severity`?
    rules.cedar:3:1: unknown remedy `detach-polcy`
        help: did you mean `detach-policy`?
    rules.cedar:4:1: unknown severity `hihg`
        help: did you mean `high`?
    rules.cedar:5:1: unknown mode `observ`
        help: did you mean `observe`?
    ");
}

#[test]
fn an_id_is_needed_and_used_once() {
    let without = "@severity(\"high\")\nforbid (principal, action, resource);";
    insta::assert_snapshot!(flaws(without, ""), @"rules.cedar:1:1: `@id` is missing or empty");
    let twice = guardrail("true").repeat(2);
    insta::assert_snapshot!(flaws(&twice, ""), @"
    rules.cedar:5:1: the id `a` is used twice
        help: a case is known by its guardrail's id: give each its own
    ");
}

#[test]
fn permits_and_forbids_stand_in_their_own_files() {
    insta::assert_snapshot!(flaws(&format!("{}permit (principal, action, resource);", guardrail("true")), ""), @"
    rules.cedar:5:1: a guardrail is a `forbid` policy
        help: a `permit` belongs in exemptions.cedar, where it is an exemption
    ");
    insta::assert_snapshot!(flaws(&guardrail("true"), "forbid (principal, action, resource);"), @"
    exemptions.cedar:1:1: an exemption is a `permit` policy
        help: a `forbid` belongs in any other *.cedar file, where it is a guardrail
    ");
}

#[test]
fn an_exemption_says_who_why_and_until_when() {
    insta::assert_snapshot!(flaws(&guardrail("true"), "@id(\"e\") @until(\"soon\")\npermit (principal, action, resource);"), @"
    exemptions.cedar:1:1: `@owner` is missing or empty
    exemptions.cedar:1:1: `@reason` is missing or empty
    exemptions.cedar:1:10: `soon` is not a date
        help: a date like `2027-01-31` is expected
    ");
}

#[test]
fn a_guardrail_that_can_never_apply_is_refused() {
    insta::assert_snapshot!(flaws(&guardrail("resource is Group && resource is User"), ""), @"rules.cedar:1:1: policy is impossible: the policy expression evaluates to false for all valid requests");
}

#[test]
fn a_guardrail_that_would_undo_what_another_function_does_is_refused() {
    let guardrail = |action: &str, remedy: &str, condition: &str| {
        format!(
            "@id(\"a\") @severity(\"low\") @remedy(\"{remedy}\") forbid (principal, action in Action::\"{action}\", resource) {condition};"
        )
    };
    for condition in [
        r#"when { context.policy.name like "RescindQuarantine*" }"#,
        r#"when { context.policy.name like "rescinddenyeverything-*" && resource.path == "/prod/" }"#,
        r#"when { context.policy.arn like "*:policy/rescind/*" && context.policy.grants.admin }"#,
        r#"when { context.policy.arn like "*/rescind/*" } unless { principal is Root }"#,
        r#"when { context.policy.name like "*-s-*" && context.policy.arn like "*:policy/res*" }"#,
    ] {
        let said = flaws(&guardrail("attach-policy", "quarantine-key,detach-policy", condition), "");
        assert!(said.contains("`detach-policy` would undo what `quarantine-principal` does"), "{condition}: {said}");
    }
    let inline = guardrail("put-policy", "delete-inline-policy", r#"when { context.policy.name like "Rescind*" }"#);
    assert!(flaws(&inline, "").contains("`delete-inline-policy` would undo"));
    for (remedy, condition) in [
        ("detach-policy", r#"when { context.policy.owner != "aws" }"#),
        ("detach-policy", r#"unless { context.policy.arn like "arn:aws:iam::123456789012:policy/approved/*" }"#),
        ("detach-policy", r#"unless { context.policy.arn like "arn:aws:iam::123456789012:policy/rescind/*" }"#),
        ("detach-policy", r#"unless { context.policy.name like "Rescind*" }"#),
        ("detach-policy", r#"when { context.policy.name like "*-s-*" }"#),
        ("quarantine-key", r#"when { context.policy.name like "RescindQuarantine*" }"#),
    ] {
        load(&guardrail("attach-policy", remedy, condition), "").unwrap_or_else(|flaws| panic!("{condition}: {flaws:#?}"));
    }
}

#[test]
fn a_wildcard_before_the_path_is_refused_where_it_lets_a_change_through() {
    let unless = format!(
        "{HEAD}forbid (principal, action in Action::\"attach-policy\", resource)\nwhen {{ context.policy.arn like \"arn:aws*:iam::*\" }}\nunless {{ context.policy.arn like \"arn:aws*:iam::aws:policy/Read*\" }};"
    );
    let exemption = "@id(\"e\") @owner(\"o\") @reason(\"r\") @until(\"2026-12-31\")\npermit (principal, action, resource)\nwhen { principal.arn like \"arn:aws:iam::*:role/aws-service-role/x\" };";
    insta::assert_snapshot!(flaws(&unless, exemption), @r#"
    exemptions.cedar:3:27: `arn:aws:iam::*:role/aws-service-role/x` lets more through than it seems to: `*` also matches colons and slashes, and whoever creates a role or policy chooses its path
        help: compare account, path and name: `principal is Role && principal.account == context.account && principal.path == "/team/" && principal.name == "deploy"`
    rules.cedar:6:34: `arn:aws*:iam::aws:policy/Read*` lets more through than it seems to: `*` also matches colons and slashes, and whoever creates a role or policy chooses its path
        help: compare owner and name: `context.policy.owner == "aws" && context.policy.name == "ReadOnlyAccess"`
    "#);
}

#[test]
fn no_role_that_somebody_can_create_has_an_arn_that_an_accepted_pattern_matches_beside_its_own_path() {
    let until = "@id(\"e\") @owner(\"o\") @reason(\"r\") @until(\"2026-12-31\")";
    let pattern = "arn:aws:iam::123456789012:role/aws-service-role/*";
    let exempts = format!("{until} permit (principal, action, resource) when {{ principal.arn like \"{pattern}\" }};");
    let rulebook = rulebook(&guardrail("true"), &exempts);
    let verdict = |path: &str| {
        let arn = format!("arn:aws:iam::123456789012:role{path}x");
        let role = format!(
            r#"{{"type":"AssumedRole","accountId":"123456789012","arn":"arn:aws:sts::123456789012:assumed-role/x/y",
                "sessionContext":{{"sessionIssuer":{{"arn":"{arn}","userName":"x"}}}}}}"#
        );
        matches!(decide(&rulebook, &event(&role, ""), &Facts::none()).unwrap().decision, Decision::Exempt { .. })
    };
    assert!(verdict("/aws-service-role/sso.amazonaws.com/"));
    for path in
        ["/", "/x:role/aws-service-role/sso.amazonaws.com/", "/a/aws-service-role/", "/arn:aws:iam::123456789012:role/aws-service-role/"]
    {
        assert!(!verdict(path), "{path}");
    }
}

#[test]
fn what_is_never_known_of_the_actor_is_refused() {
    insta::assert_snapshot!(flaws(&guardrail("principal is User && principal.hasTag(\"a\")"), ""), @"rules.cedar:1:1: the actor's tags and groups are not known: only the target's are read");
}

#[test]
fn a_name_compared_with_what_cannot_be_lowered_is_refused() {
    let owner = r#"resource is User && resource.hasTag("owner") && resource.getTag("owner") == principal.name"#;
    insta::assert_snapshot!(flaws(&guardrail(owner), ""), @"rules.cedar:1:1: an ARN, name or path can only be compared with text, or with another ARN, name or path");
}

#[test]
fn a_schema_of_another_version_is_refused() {
    let schema = Source { name: "g/schema.cedarschema".to_owned(), text: "entity User;".to_owned() };
    let rules = Source { name: "g/rules.cedar".to_owned(), text: guardrail("true") };
    let flaws = Rulebook::load(&[schema, rules]).err().unwrap();
    assert!(flaws[0].to_string().starts_with("g/schema.cedarschema:1:1: this is not the schema"), "{}", flaws[0]);
}

// ── Nothing that a record can hold keeps a guardrail from being evaluated ──

#[test]
fn an_error_at_run_time_is_returned_and_never_taken_for_allowed() {
    // No type error, so strict validation lets it pass; Cedar itself would skip this guardrail, and allow.
    let overflows = rulebook(&guardrail("9223372036854775807 + 1 == 0"), "");
    let error = heard(&overflows, &event(POLSEN, ""), |_| Facts::none()).unwrap_err();
    assert!(error.to_string().contains("overflow"), "{error}");
}

static TOUCHES_ALL: LazyLock<Rulebook> = LazyLock::new(|| {
    let everything = r#"context.userAgent like "*" && principal.arn like "*" && principal.name like "*" && resource.name == "polsen""#;
    rulebook(&guardrail(everything), "")
});

proptest! {
    #[test]
    fn a_guardrail_that_loads_never_fails_open(
        kind in "IAMUser|AssumedRole|Root|AWSService|WebIdentityUser|AWSAccount|[A-Za-z]{0,12}",
        arn in "(arn:aws:(iam|sts)::[0-9]{12}:(user|role|assumed-role|root)[ -~]{0,40})?",
        name in "[ -~]{0,20}",
        agent in any::<String>(),
        source in "[0-9a-f.:]{0,20}|[ -~]{0,20}",
        mfa in proptest::option::of(any::<bool>()),
    ) {
        let attributes = mfa.map_or_else(|| serde_json::json!({}), |mfa| serde_json::json!({ "mfaAuthenticated": mfa.to_string() }));
        let mut identity = serde_json::json!({
            "type": kind, "userName": name, "accountId": "123456789012", "invokedBy": agent, "accessKeyId": name,
            "sessionContext": { "attributes": attributes }
        });
        if !arn.is_empty() {
            identity["arn"] = serde_json::json!(arn);
        }
        let more = format!(",\"userAgent\":{},\"sourceIPAddress\":{}", serde_json::json!(agent), serde_json::json!(source));
        let event = event(&identity.to_string(), &more);
        prop_assert!(decide(&TOUCHES_ALL, &event, &Facts::none()).is_some());
    }
}

/// What a customer's own policy with this document is judged to be, by a rulebook with this condition.
fn judged(condition: &str, document: &str) -> bool {
    let rulebook = rulebook(&guardrail(condition), "");
    let access = rulebook.access(&Texts { policies: vec![document.to_owned()], boundary: None }, RequestContext::default()).unwrap();
    decide(&rulebook, &event(POLSEN, ""), &Facts::none().with_granted(access)).is_some()
}

const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const READ_ONLY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}}"#;

#[test]
fn a_guardrail_judges_a_policy_by_what_it_grants() {
    assert!(judged("context.policy.grants.admin", EVERYTHING));
    assert!(!judged("context.policy.grants.admin || context.policy.mayGrant.admin", READ_ONLY));
}

#[test]
fn a_guardrail_asks_which_actions_a_policy_allows() {
    for (condition, broken) in [
        (r#"context.policy.allows.contains("ec2:DescribeInstances")"#, true),
        (r#"context.policy.allows.containsAny(["iam:PassRole", "ec2:*"])"#, true),
        (r#"context.policy.allows.containsAll(["iam:PassRole", "ec2:*"])"#, false),
    ] {
        assert_eq!(judged(condition, READ_ONLY), broken, "{condition}");
    }
}

#[test]
fn a_name_that_could_never_be_found_does_not_load() {
    for (condition, flaw) in [
        (r#"context.policy.escalations.contains("iam-putuserpolcy")"#, "`iam-putuserpolcy` is not the id of an escalation path"),
        ("context.policy.allows.contains(context.region)", "have to be written out"),
        (r#"context.policy.allows == ["iam:PassRole"]"#, "answers only"),
        ("context.policy.grants.amdin", "admin"),
    ] {
        let flaws = flaws(&guardrail(condition), "");
        assert!(flaws.contains(flaw), "{condition}: {flaws}");
    }
}

#[test]
fn a_document_that_cannot_be_read_is_no_answer() {
    let rulebook = rulebook(&guardrail("context.policy.grants.admin"), "");
    assert!(rulebook.access(&Texts { policies: vec!["{}".to_owned()], boundary: None }, RequestContext::default()).is_err());
}

#[test]
fn facts_are_read_only_for_a_guardrail_that_could_apply() {
    let own = rulebook(&guardrail(r#"context.policy.owner != "aws" && context.after.grants.admin"#), "");
    assert_eq!(needs(&own), Needs::default());
    let aws = rulebook(&guardrail(r#"context.policy.owner == "aws" && context.after.grants.admin"#), "");
    assert_eq!(needs(&aws), Needs { holdings: true, ..Needs::default() });
}

#[test]
fn a_remedy_is_limited_by_every_guardrail_that_enforces_it_and_never_if_one_is_critical() {
    let rule = |id: &str, more: &str, condition: &str| {
        format!("@id(\"{id}\")\n{more}\nforbid (principal, action in Action::\"attach-policy\", resource) when {{ {condition} }};\n")
    };
    let detach = |severity: &str| format!("@severity(\"{severity}\") @remedy(\"detach-policy\")");
    let limited_by = |guardrails: &[String], facts: Result<&Facts, &str>| {
        let rulebook = rulebook(&guardrails.concat(), "");
        let event = event(POLSEN, "");
        let (action, actor) = (Action::of(&event).remove(0), Actor::of(&event).unwrap());
        let circumstances = Circumstances::of(&rulebook, &event, action, &actor, &[]);
        let weighing = Hearing::open(circumstances).remove(0).weigh().unwrap().unwrap();
        let case = weighing.decide(facts, Mode::Enforce, Utc::now()).unwrap().unwrap();
        case.limited_by().join(" ")
    };
    let none = Facts::none();
    let others = [
        rule("low", &detach("low"), "true"),
        rule("high", &detach("high"), "true"),
        rule("reported", "@severity(\"critical\")", "true"),
        rule("observed", &format!("{} @mode(\"observe\")", detach("critical")), "true"),
        rule("of-another", "@severity(\"critical\") @remedy(\"quarantine-principal\")", "true"),
    ];
    assert_eq!(limited_by(&others, Ok(&none)), "high low");
    let with = |more: String| others.iter().cloned().chain([more]).collect::<Vec<_>>();
    assert_eq!(limited_by(&with(rule("critical", &detach("critical"), "true")), Ok(&none)), "");
    let perhaps = rule("perhaps", &detach("critical"), "context.policy.grants.admin");
    assert_eq!(limited_by(&with(perhaps), Err("IAM does not answer")), "", "one that may be broken as well");
}

#[test]
fn a_function_knows_the_ids_of_guardrails_that_only_others_judge_by() {
    let text =
        format!("{}@id(\"b\") @severity(\"low\")\nforbid (principal, action == Action::\"AddUserToGroup\", resource);", guardrail("true"));
    let sources = [Source { name: "rules.cedar".to_owned(), text }];
    for judge in [Judge::Everyone, Judge::of(Remedy::DeleteInlinePolicy), Judge::of(Remedy::RemoveGroupMember)] {
        let rulebook = Rulebook::load_for(&sources, judge).unwrap();
        assert_eq!(rulebook.ids().iter().map(String::as_str).collect::<Vec<_>>(), ["a", "b"]);
    }
}
