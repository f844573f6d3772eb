//! Whether a guardrail would take back what Rescind itself does.
//!
//! `quarantine-principal` contains people by policies of its own. No remedy takes one of these away, so a guardrail that is written against
//! them promises what it cannot do, and if it could, two functions would undo each other's work. One that forbids them only because it
//! forbids any policy like them is no mistake.

use cedar_policy::{Authorizer, Context, Entities, EntityUid, Policy, PolicyId, PolicySet, Request};
use chrono::DateTime;
use serde_json::{Value, json};

use super::{gate, needs};
use crate::arn::IamName;
use crate::containment::{self, PATH, Quarantine, Sessions};

/// Whether a policy in its folded JSON form forbids one of Rescind's quarantines, and not the same policy by another name and ARN. Conditions
/// about anything else count as met.
pub(super) fn is_at_quarantines(policy: &Value) -> bool {
    let mut about_policy = gate::without(policy, &is_about_policy);
    if let Some(members) = about_policy.as_object_mut() {
        members.extend(["principal", "action", "resource"].map(|scope| (scope.to_owned(), json!({ "op": "All" }))));
    }
    let Ok(policy) = Policy::from_json(Some(PolicyId::new("guardrail")), about_policy) else {
        return false;
    };
    let forbids = |path: &str, name: &str| forbids(&policy, path, name).unwrap_or(false);
    quarantines().iter().any(|(prefix, end)| {
        let prefix = prefix.to_ascii_lowercase();
        forbids(PATH, &format!("{prefix}{end}")) && !forbids("/", &format!("another-{end}"))
    })
}

/// A name of each form that Rescind gives: its beginning, and the rest.
fn quarantines() -> Vec<(&'static str, String)> {
    let before = DateTime::UNIX_EPOCH;
    let name = IamName::new("name").ok();
    let named = name.clone().map(Sessions::Named).into_iter().chain(name.map(Sessions::Of));
    let sessions = named.chain([Sessions::All]).map(|of| Quarantine { before, of }.policy_name());
    let ends = sessions.filter_map(|name| name.as_str().strip_prefix(containment::PREFIX).map(str::to_owned));
    ends.map(|end| (containment::PREFIX, end))
        .chain([(containment::DENY_EVERYTHING, "id".to_owned()), (containment::DENY_WITHOUT_MFA, "id".to_owned())])
        .collect()
}

fn forbids(policy: &Policy, path: &str, name: &str) -> Option<bool> {
    let arn = format!("arn:aws:iam::123456789012:policy{path}{name}");
    let members = json!({ "policy": { "arn": arn, "name": name, "owner": "123456789012" } });
    let context = Context::from_json_value(members, None).ok()?;
    let anybody: EntityUid = r#"User::"anybody""#.parse().ok()?;
    let request = Request::new(anybody.clone(), r#"Action::"any""#.parse().ok()?, anybody, context, None).ok()?;
    let policies = PolicySet::from_policies([policy.clone()]).ok()?;
    let response = Authorizer::new().is_authorized(&request, &policies, &Entities::empty());
    Some(response.diagnostics().reason().next().is_some())
}

/// Whether an expression asks for nothing but the policy's ARN, name or owner.
fn is_about_policy(expression: &Value) -> bool {
    let names_it = matches!(needs::attribute_of(expression), Some("arn" | "name" | "owner"));
    if names_it {
        return expression.pointer("/./left").and_then(needs::attribute_of) == Some("policy");
    }
    let Value::Object(members) = expression else {
        return true;
    };
    members.iter().all(|(operator, operands)| operator == "Value" || (operator != "Var" && needs::parts(operands).all(is_about_policy)))
}
