//! Nothing above the functions' roles keeps them from their remedies: no service control policy, no permissions boundary.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType as Decision, ResourceSpecificResult,
};
use policy::document::plain;
use policy::text::name;
use remedy::{AwsCall, Failure, Named as _};
use serde_json::Value;

use super::functions::Deployed;
use super::report::Report;

const CHECK: &str = "rights";

/// What stands in a role's way.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Obstacle {
    /// A policy of the organization, which does not say which one it is.
    Organization,
    /// The role's permissions boundary.
    Boundary,
    /// A denial among the role's own policies; their names.
    Denial(Vec<String>),
    /// Its own policies do not allow it any more.
    Nothing,
}

impl Obstacle {
    fn words(&self) -> String {
        match self {
            Self::Organization => "a service control policy of the organization denies".to_owned(),
            Self::Boundary => "the permissions boundary does not allow".to_owned(),
            Self::Denial(policies) if policies.is_empty() => "a policy of the role or of the organization denies".to_owned(),
            Self::Denial(policies) => format!("the role's policy {} denies", policies.join(", ")),
            Self::Nothing => "no policy of the role allows".to_owned(),
        }
    }
}

/// Simulates the calls that each role's inline policies allow.
pub async fn check(client: &Client, deployed: &[Deployed], region: &str, report: &mut Report) {
    if deployed.is_empty() {
        report.warn(CHECK, "not looked at: the functions do not say which roles they have", "see above");
    }
    let mut well = 0;
    for Deployed { function, role } in deployed {
        let check = format!("rights of {function}");
        match obstacles(client, role, region).await {
            Err(call) => {
                let check = if call.failure == Failure::AccessDenied { CHECK } else { &check };
                report.unseen(check, Err::<(), _>(call));
            }
            Ok(None) => report.warn(check, "its role has no inline policy that allows a call", "deploy the stack again"),
            Ok(Some(obstacles)) if obstacles.is_empty() => well += 1,
            Ok(Some(obstacles)) => {
                let seen: Vec<String> =
                    obstacles.iter().map(|(obstacle, calls)| format!("{} {}", obstacle.words(), joined(calls))).collect();
                report.fail(check, seen.join("; "), "let this role make these calls: its remedies fail without them");
            }
        }
    }
    if well == deployed.len() && well > 0 {
        report.ok(CHECK, format!("no service control policy, boundary or denial keeps the {well} functions from their calls"));
    }
}

fn joined(calls: &BTreeSet<String>) -> String {
    calls.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// What stands in the way of which calls of a role; `None` if no inline policy allows it any.
async fn obstacles(client: &Client, role: &str, region: &str) -> Result<Option<BTreeMap<Obstacle, BTreeSet<String>>>, AwsCall> {
    let all = asked(client, role).await?;
    let mut obstacles: BTreeMap<Obstacle, BTreeSet<String>> = BTreeMap::new();
    for asked in &all {
        for result in simulate(client, role, region, asked).await? {
            if let Some(obstacle) = obstacle(&result) {
                obstacles.entry(obstacle).or_default().insert(name(result.eval_action_name()));
            }
        }
    }
    Ok((!all.is_empty()).then_some(obstacles))
}

/// Calls that one statement allows, and resources on which it does.
#[derive(Debug, Default, Eq, PartialEq)]
struct Asked {
    actions: Vec<String>,
    resources: Vec<String>,
}

/// What a role's inline policies allow.
async fn asked(client: &Client, role: &str) -> Result<Vec<Asked>, AwsCall> {
    let role = role.rsplit('/').next().unwrap_or_default();
    let mut policies = client.list_role_policies().role_name(role).into_paginator().items().send();
    let mut all = Vec::new();
    while let Some(policy) = policies.next().await {
        let policy = policy.named("iam:ListRolePolicies of role", &name(role))?;
        let found = client.get_role_policy().role_name(role).policy_name(&policy).send().await;
        let found = found.named("iam:GetRolePolicy of role", &name(role))?;
        all.extend(allowed(&plain(found.policy_document()).unwrap_or_default()));
    }
    Ok(all)
}

/// What the statements of a document allow, as far as it can be simulated.
fn allowed(document: &str) -> Vec<Asked> {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let statements = listed(document.get("Statement")).into_iter();
    statements.filter(|statement| statement.get("Effect").and_then(Value::as_str) == Some("Allow")).flat_map(of_statement).collect()
}

fn of_statement(statement: &Value) -> Vec<Asked> {
    // A policy variable has no value in a simulation.
    let resources = texts(statement.get("Resource")).into_iter().filter(|resource| !resource.contains("${"));
    let resources: Vec<String> = resources.map(|resource| example(&resource)).collect();
    let mut asked: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    // A simulation takes no patterns of actions.
    for action in texts(statement.get("Action")).into_iter().filter(|action| !action.contains(['*', '?'])) {
        asked.entry(fitting(&action, &resources)).or_default().push(action);
    }
    asked.into_iter().filter(|(resources, _)| !resources.is_empty()).map(|(resources, actions)| Asked { actions, resources }).collect()
}

/// The resources that an action can be about, by their type: `iam:DetachUserPolicy` is about users, whatever else its statement names.
fn fitting(action: &str, resources: &[String]) -> Vec<String> {
    let action = action.to_ascii_lowercase();
    let kind = |resource: &str| resource.rsplit(':').next().and_then(|rest| rest.split_once('/')).map(|(kind, _)| kind.to_owned());
    let fits = |resource: &&String| kind(resource).is_some_and(|kind| action.contains(&kind));
    let fitting: Vec<String> = resources.iter().filter(fits).cloned().collect();
    if fitting.is_empty() { resources.to_vec() } else { fitting }
}

/// A resource that a pattern matches.
fn example(pattern: &str) -> String {
    if pattern == "*" { pattern.to_owned() } else { pattern.replace('*', "example").replace('?', "x") }
}

fn listed(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    listed(value).into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

async fn simulate(client: &Client, role: &str, region: &str, asked: &Asked) -> Result<Vec<EvaluationResult>, AwsCall> {
    let simulated = client.simulate_principal_policy().policy_source_arn(role);
    let simulated = simulated.set_action_names(Some(asked.actions.clone())).set_resource_arns(Some(asked.resources.clone()));
    let simulated = simulated.set_context_entries(Some(context(role, region)));
    let mut pages = simulated.into_paginator().items().send();
    let mut results = Vec::new();
    while let Some(result) = pages.next().await {
        results.push(result.named("iam:SimulatePrincipalPolicy of", &name(role))?);
    }
    Ok(results)
}

/// What a function's calls have in common: the conditions of a service control policy often ask for it, above all for who calls.
fn context(role: &str, region: &str) -> Vec<ContextEntry> {
    let account = role.split(':').nth(4).unwrap_or_default();
    let entry = |name: &str, kind: ContextKeyTypeEnum, value: &str| {
        ContextEntry::builder().context_key_name(name).context_key_type(kind).context_key_values(value).build()
    };
    let text = |name: &str, value: &str| entry(name, ContextKeyTypeEnum::String, value);
    let flag = |name: &str, value: &str| entry(name, ContextKeyTypeEnum::Boolean, value);
    vec![
        text("aws:PrincipalArn", role),
        text("aws:PrincipalAccount", account),
        text("aws:PrincipalType", "AssumedRole"),
        text("aws:RequestedRegion", region),
        flag("aws:PrincipalIsAWSService", "false"),
        flag("aws:SecureTransport", "true"),
        flag("aws:ViaAWSService", "false"),
    ]
}

/// What stands in the way of a call, if anything does.
fn obstacle(result: &EvaluationResult) -> Option<Obstacle> {
    let specific = result.resource_specific_results();
    let bounds =
        specific.iter().map(|one| one.permissions_boundary_decision_detail()).chain([result.permissions_boundary_decision_detail()]);
    if result.organizations_decision_detail().is_some_and(|detail| !detail.allowed_by_organizations()) {
        return Some(Obstacle::Organization);
    }
    if bounds.flatten().any(|detail| !detail.allowed_by_permissions_boundary()) {
        return Some(Obstacle::Boundary);
    }
    let decisions = specific.iter().map(ResourceSpecificResult::eval_resource_decision).chain([result.eval_decision()]);
    let is_denied = decisions.clone().any(|decision| *decision == Decision::ExplicitDeny);
    if is_denied {
        let matched = specific.iter().flat_map(ResourceSpecificResult::matched_statements).chain(result.matched_statements());
        let policies: BTreeSet<String> = matched.filter_map(|statement| statement.source_policy_id()).map(name).collect();
        return Some(Obstacle::Denial(policies.into_iter().collect()));
    }
    // A statement with a condition allows nothing in a simulation that does not say what the condition asks for.
    let depends = !result.missing_context_values().is_empty() || specific.iter().any(|one| !one.missing_context_values().is_empty());
    let is_allowed = decisions.into_iter().all(|decision| *decision == Decision::Allowed);
    (!is_allowed && !depends).then_some(Obstacle::Nothing)
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::types::{OrganizationsDecisionDetail, PermissionsBoundaryDecisionDetail, Statement};

    use super::*;

    #[test]
    fn the_calls_of_a_statement_are_simulated_on_examples_of_its_resources() {
        let document = r#"{"Statement": [
            {"Effect": "Allow", "Action": ["iam:DetachUserPolicy", "iam:Get*"], "Resource": ["arn:aws:iam::1:user/*", "arn:aws:iam::1:user/${*}"]},
            {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"},
            {"Effect": "Deny", "Action": "iam:DeleteUser", "Resource": "*"},
            {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
        ]}"#;
        let asked = |action: &str, resource: &str| Asked { actions: vec![action.to_owned()], resources: vec![resource.to_owned()] };
        assert_eq!(allowed(document), [asked("iam:DetachUserPolicy", "arn:aws:iam::1:user/example"), asked("iam:ListUsers", "*")]);
        assert_eq!(allowed(r#"{"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "*"}}"#), [asked("a:B", "*")]);
        assert_eq!(allowed("[").len(), 0);
    }

    #[test]
    fn a_call_is_simulated_on_resources_of_its_own_type() {
        let document = r#"{"Statement": {"Effect": "Allow", "Action": ["iam:DetachUserPolicy", "iam:DetachGroupPolicy", "iam:DeleteUserPolicy", "sqs:SendMessage"],
            "Resource": ["arn:aws:iam::1:user/*", "arn:aws:iam::1:group/*"]}}"#;
        let [user, group] = ["arn:aws:iam::1:user/example", "arn:aws:iam::1:group/example"].map(str::to_owned);
        let asked = |actions: &[&str], resources: &[&String]| Asked {
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            resources: resources.iter().map(|resource| (*resource).clone()).collect(),
        };
        let expected = [
            asked(&["iam:DetachGroupPolicy"], &[&group]),
            asked(&["iam:DetachUserPolicy", "iam:DeleteUserPolicy"], &[&user]),
            asked(&["sqs:SendMessage"], &[&user, &group]),
        ];
        assert_eq!(allowed(document), expected);
    }

    fn result(decision: Decision) -> aws_sdk_iam::types::builders::EvaluationResultBuilder {
        EvaluationResult::builder().eval_action_name("iam:DetachUserPolicy").eval_decision(decision)
    }

    #[test]
    fn each_obstacle_is_known_from_the_others() {
        let of = |result: aws_sdk_iam::types::builders::EvaluationResultBuilder| obstacle(&result.build().unwrap());
        let organization = |allowed| OrganizationsDecisionDetail::builder().allowed_by_organizations(allowed).build();
        let boundary = |allowed| PermissionsBoundaryDecisionDetail::builder().allowed_by_permissions_boundary(allowed).build();
        let policy = Statement::builder().source_policy_id("EveryFunction").build();
        assert_eq!(of(result(Decision::Allowed).organizations_decision_detail(organization(true))), None);
        assert_eq!(of(result(Decision::ImplicitDeny).organizations_decision_detail(organization(false))), Some(Obstacle::Organization));
        assert_eq!(of(result(Decision::ExplicitDeny).organizations_decision_detail(organization(false))), Some(Obstacle::Organization));
        assert_eq!(of(result(Decision::ImplicitDeny).permissions_boundary_decision_detail(boundary(false))), Some(Obstacle::Boundary));
        let denied = result(Decision::ExplicitDeny).permissions_boundary_decision_detail(boundary(true)).matched_statements(policy);
        assert_eq!(of(denied), Some(Obstacle::Denial(vec!["EveryFunction".to_owned()])));
        assert_eq!(of(result(Decision::ImplicitDeny)), Some(Obstacle::Nothing));
        assert_eq!(of(result(Decision::ImplicitDeny).missing_context_values("iam:PolicyARN")), None, "its condition decides");
    }
}
