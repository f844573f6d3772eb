//! Which policies could apply, before any fact is read.
//!
//! A policy that asks for facts gets a gate: the same policy without the parts that ask for them. Where the gate stays shut the policy
//! cannot apply, whatever the facts are, and nothing is read for it.

use serde_json::{Value, json};

use super::needs;
use crate::facts::Needs;

/// The gate of a policy in its JSON form: never narrower than the policy.
pub(super) fn of_policy(policy: &Value) -> Value {
    let mut gate = without(policy, &|part| needs::of_expression(part).is_ok_and(Needs::is_empty));
    if let Some(resource) = gate.get_mut("resource") {
        // A membership is a fact; a type or an id is not.
        match resource.get("op").and_then(Value::as_str) {
            Some("in") => *resource = json!({ "op": "All" }),
            Some("is") => {
                resource.as_object_mut().map(|members| members.remove("in"));
            }
            _ => {}
        }
    }
    gate
}

/// Of a policy in its JSON form, the part that the actor and the circumstances of the call decide, whatever was changed: never narrower than the
/// policy.
pub(super) fn of_actor(policy: &Value) -> Value {
    let mut gate = without(policy, &is_about_actor);
    if let Some(resource) = gate.get_mut("resource") {
        *resource = json!({ "op": "All" });
    }
    gate
}

/// The members that every context has.
const CIRCUMSTANCES: [&str; 11] = [
    "account",
    "accessKeyId",
    "breakGlass",
    "breakGlassRecreated",
    "invokedBy",
    "mfa",
    "region",
    "session",
    "sourceIp",
    "time",
    "userAgent",
];

/// Whether an expression looks at nothing but the actor and the circumstances of the call.
fn is_about_actor(expression: &Value) -> bool {
    let Value::Object(members) = expression else {
        return true;
    };
    members.iter().all(|(operator, operands)| {
        let of_context = operands.get("left").and_then(|left| left.get("Var")).is_some_and(|variable| variable == "context");
        let attribute = operands.get("attr").and_then(Value::as_str).unwrap_or_default();
        match operator.as_str() {
            "Value" => true,
            "Var" => operands == "principal",
            "." | "has" if of_context => CIRCUMSTANCES.contains(&attribute),
            _ => needs::parts(operands).all(is_about_actor),
        }
    })
}

/// A policy without the parts of its conditions that are not `free`: never narrower than the policy.
pub(super) fn without(policy: &Value, free: &impl Fn(&Value) -> bool) -> Value {
    let mut wider = policy.clone();
    if let Some(conditions) = wider.get_mut("conditions").and_then(Value::as_array_mut) {
        conditions.retain_mut(|condition| {
            let joint = if condition.get("kind").is_some_and(|kind| kind == "unless") { "||" } else { "&&" };
            let kept = condition.get_mut("body").and_then(|body| keep(body.take(), joint, free).map(|kept| *body = kept));
            kept.is_some()
        });
    }
    wider
}

/// What of a chain of `&&` (in `unless`: of `||`) is free.
fn keep(body: Value, joint: &str, free: &impl Fn(&Value) -> bool) -> Option<Value> {
    if free(&body) {
        return Some(body);
    }
    let chain = body.get(joint)?;
    let side = |name: &str| keep(chain.get(name).cloned().unwrap_or_default(), joint, free);
    match (side("left"), side("right")) {
        (Some(left), Some(right)) => Some(json!({ joint: { "left": left, "right": right } })),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use cedar_policy::Policy;

    use super::*;

    fn gate(condition: &str) -> String {
        let policy = Policy::from_str(&format!("forbid (principal, action, resource in Group::\"g\") {condition};")).unwrap();
        let gate = Policy::from_json(None, of_policy(&policy.to_json().unwrap())).unwrap();
        gate.to_cedar().unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_gate_keeps_what_asks_for_no_fact() {
        let kept = gate("when { context.policy.owner != \"aws\" && context.policy.grants.admin && context.mfa }");
        insta::assert_snapshot!(kept, @r#"forbid( principal, action, resource ) when { (!(context.policy.owner == "aws")) && context.mfa };"#);
    }

    #[test]
    fn what_the_actor_decides_is_kept_of_a_policy() {
        let policy = "forbid (principal is Role, action, resource in Group::\"g\") when { principal.name == \"a\" && context.mfa } when { resource.name == \"b\" } unless { context.breakGlass || context.policy.name == \"c\" };";
        let gate = of_actor(&Policy::from_str(policy).unwrap().to_json().unwrap());
        let gate = Policy::from_json(None, gate).unwrap().to_cedar().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        insta::assert_snapshot!(gate, @r#"forbid( principal is Role, action, resource ) when { (principal.name == "a") && context.mfa && (!context.breakGlass) };"#);
    }

    #[test]
    fn a_gate_opens_where_everything_asks_for_facts() {
        insta::assert_snapshot!(gate("when { context.after.grants.admin || context.mfa }"), @"forbid( principal, action, resource );");
    }

    #[test]
    fn an_exception_that_asks_for_no_fact_shuts_the_gate() {
        insta::assert_snapshot!(gate("unless { context.mfa || resource.hasTag(\"a\") }"), @"forbid( principal, action, resource ) when { !context.mfa };");
    }
}
