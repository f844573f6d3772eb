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
    fn a_gate_opens_where_everything_asks_for_facts() {
        insta::assert_snapshot!(gate("when { context.after.grants.admin || context.mfa }"), @"forbid( principal, action, resource );");
    }

    #[test]
    fn an_exception_that_asks_for_no_fact_shuts_the_gate() {
        insta::assert_snapshot!(gate("unless { context.mfa || resource.hasTag(\"a\") }"), @"forbid( principal, action, resource ) when { !context.mfa };");
    }
}
