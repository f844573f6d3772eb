//! Which facts a guardrail refers to.
//!
//! Read off the policy's own JSON form (Cedar's "EST"): an attribute, a tag or a membership that is not in a record. In doubt a
//! fact is needed: one read too many costs a call, one too few would let a guardrail judge what it has not seen.

use serde_json::Value;

use crate::facts::Needs;

/// What a policy needs, or why it asks for something that Rescind never knows.
pub(super) fn of_policy(policy: &Value) -> Result<Needs, String> {
    let mut needs = Needs::default();
    let scope = |member: &str| policy.get(member).unwrap_or(&Value::Null);
    needs.groups |= mentions(scope("resource"), "in");
    if mentions(scope("principal"), "in") {
        return Err(UNKNOWN_OF_ACTOR.to_owned());
    }
    bodies(policy).try_for_each(|body| walk(body, &mut needs))?;
    Ok(needs)
}

const UNKNOWN_OF_ACTOR: &str = "the actor's tags and groups are not known: only the target's are read";
const UNKNOWN_OF_LITERAL: &str = "the attributes of an entity that is neither principal nor resource are not known";

/// What an expression needs.
pub(super) fn of_expression(expression: &Value) -> Result<Needs, String> {
    let mut needs = Needs::default();
    walk(expression, &mut needs).map(|()| needs)
}

/// Whether a scope constraint is, or holds, a membership test: `{"op": "in", …}` or `{"op": "is", "in": …}`.
fn mentions(constraint: &Value, membership: &str) -> bool {
    constraint.get("op").and_then(Value::as_str) == Some(membership) || constraint.get(membership).is_some()
}

/// An expression is an object with its operator as the one key; below that stand its operands, by name or in a list.
fn walk(expression: &Value, needs: &mut Needs) -> Result<(), String> {
    let Value::Object(members) = expression else {
        return Ok(());
    };
    for (operator, operands) in members.iter().filter(|(operator, _)| *operator != "Value") {
        weigh(operator, operands, needs)?;
        match operands {
            Value::Object(named) => named.values().try_for_each(|operand| walk(operand, needs))?,
            Value::Array(listed) => listed.iter().try_for_each(|operand| walk(operand, needs))?,
            _ => {}
        }
    }
    Ok(())
}

fn weigh(operator: &str, operands: &Value, needs: &mut Needs) -> Result<(), String> {
    let left = operands.get("left").unwrap_or(&Value::Null);
    let attribute = operands.get("attr").and_then(Value::as_str);
    match attribute {
        Some("before" | "after") => needs.holdings = true,
        Some("holders") => needs.holders = true,
        Some("administrator") => needs.administrator = true,
        Some("hasDevice") => needs.device = true,
        Some("denied") => needs.denied = true,
        Some("removes") => needs.guards = true,
        Some("conditional") => needs.conditional = true,
        Some("namedBy") => needs.named_by = true,
        Some("failures") => needs.failures = true,
        Some("allows" | "escalations" | "grants" | "mayGrant") => needs.document |= !is_of_target(left),
        // Compared, or handed on, as a whole.
        None if parts(operands).any(|part| {
            part.get("Var").is_some_and(|variable| variable == "context")
                || matches!(attribute_of(part), Some("policy" | "group" | "holders"))
        }) =>
        {
            needs.document = true;
            needs.group_path = true;
            needs.holdings = true;
            needs.holders = true;
            needs.administrator = true;
            needs.device = true;
            needs.denied = true;
            needs.guards = true;
            needs.conditional = true;
            needs.named_by = true;
            needs.failures = true;
        }
        _ => {}
    }
    match (operator, base(left)) {
        ("." | "has", Base::Literal) => return Err(UNKNOWN_OF_LITERAL.to_owned()),
        ("." | "has", base @ (Base::Resource | Base::Other)) => {
            let placed = matches!(attribute, Some("arn" | "path"));
            needs.details |= placed;
            needs.group_path |= placed && matches!(base, Base::Other);
        }
        (".", Base::Known) if attribute_of(left) == Some("group") => needs.group_path |= matches!(attribute, Some("arn" | "path")),
        ("hasTag" | "getTag", Base::Resource) => needs.details = true,
        ("hasTag" | "getTag", _) | ("in", Base::Principal | Base::Other) => return Err(UNKNOWN_OF_ACTOR.to_owned()),
        ("in", Base::Resource) => needs.groups = true,
        ("is", base) if operands.get("in").is_some() => match base {
            Base::Resource => needs.groups = true,
            _ => return Err(UNKNOWN_OF_ACTOR.to_owned()),
        },
        _ => {}
    }
    Ok(())
}

/// The expressions in a policy's conditions.
pub(super) fn bodies(policy: &Value) -> impl Iterator<Item = &Value> {
    let conditions = policy.get("conditions").and_then(Value::as_array).into_iter().flatten();
    conditions.filter_map(|condition| condition.get("body"))
}

/// The operands, by name or in a list.
pub(super) fn parts(operands: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match operands {
        Value::Object(named) => Box::new(named.values()),
        Value::Array(listed) => Box::new(listed.iter()),
        _ => Box::new(std::iter::empty()),
    }
}

/// `grants` of `context.policy.grants`.
pub(super) fn attribute_of(expression: &Value) -> Option<&str> {
    expression.get(".")?.get("attr")?.as_str()
}

/// Whether it is `context.before` or `context.after`.
fn is_of_target(expression: &Value) -> bool {
    matches!(attribute_of(expression), Some("before" | "after"))
}

enum Base {
    /// `action` and `context`.
    Known,
    Principal,
    Resource,
    Literal,
    Other,
}

fn base(expression: &Value) -> Base {
    let variable = expression.get("Var").and_then(Value::as_str);
    match variable {
        Some("principal") => Base::Principal,
        Some("resource") => Base::Resource,
        Some(_) => Base::Known,
        None if expression.get("Value").is_some_and(|value| value.get("__entity").is_some()) => Base::Literal,
        None => expression.get(".").and_then(|attribute| attribute.get("left")).map_or(Base::Other, base),
    }
}

#[cfg(test)]
mod tests {
    use cedar_policy::Policy;

    use super::*;

    fn needs(condition: &str) -> Result<Needs, String> {
        let policy = Policy::parse(None, format!("forbid (principal, action, resource) when {{ {condition} }};")).unwrap();
        of_policy(&policy.to_json().unwrap())
    }

    const NONE: Needs = Needs::NONE;
    const GROUPS: Needs = Needs { groups: true, ..NONE };
    const HOLDINGS: Needs = Needs { holdings: true, ..NONE };

    #[test]
    fn what_the_record_tells_needs_no_fact() {
        assert_eq!(needs(r#"context.policy.arn like "*" && principal.arn like "*" && resource.name == "a""#), Ok(NONE));
        assert_eq!(needs("principal == resource && resource is User"), Ok(NONE));
    }

    #[test]
    fn a_path_or_tag_of_the_target_is_a_fact() {
        for condition in
            [r#"resource.path like "/a/*""#, r#"resource.hasTag("a")"#, r#"(if context.mfa then principal else resource).arn == """#]
        {
            assert!(needs(condition).unwrap().details, "{condition}");
        }
    }

    #[test]
    fn a_group_of_the_target_is_a_fact() {
        assert_eq!(needs(r#"resource in Group::"a""#), Ok(GROUPS));
        assert_eq!(needs(r#"resource is User in Group::"a""#), Ok(GROUPS));
        let scoped = Policy::parse(None, r#"forbid (principal, action, resource is User in Group::"a");"#).unwrap();
        assert_eq!(of_policy(&scoped.to_json().unwrap()), Ok(GROUPS));
    }

    #[test]
    fn what_the_policy_grants_is_a_fact() {
        for condition in [
            "context.policy.grants.admin",
            r#"context.policy.escalations.contains("a")"#,
            "(if context.mfa then context.before else context.after).grants.admin",
        ] {
            assert!(needs(condition).unwrap().document, "{condition}");
        }
    }

    #[test]
    fn a_path_of_the_group_that_a_user_joined_is_a_fact() {
        for condition in [r#"context.group.path like "/a/*""#, r#"context.group.arn == "x""#] {
            assert_eq!(needs(condition), Ok(Needs { group_path: true, ..NONE }), "{condition}");
        }
        assert_eq!(needs(r#"context.group.name == "x""#), Ok(NONE));
        assert_eq!(needs("context.group.grants.admin"), Ok(Needs { document: true, ..NONE }));
    }

    #[test]
    fn what_the_target_can_do_is_a_fact() {
        assert_eq!(needs("context.after.grants.admin && !context.before.mayGrant.admin"), Ok(HOLDINGS));
    }

    #[test]
    fn which_guards_a_change_takes_away_is_a_fact() {
        assert_eq!(needs(r#"context.removes.contains("x")"#), Ok(Needs { guards: true, ..NONE }));
    }

    #[test]
    fn a_record_compared_as_a_whole_needs_all_that_is_in_it() {
        let all = Needs {
            document: true,
            group_path: true,
            holdings: true,
            holders: true,
            administrator: true,
            device: true,
            denied: true,
            guards: true,
            conditional: true,
            named_by: true,
            failures: true,
            ..NONE
        };
        assert_eq!(needs("[context.policy].contains(context.policy)"), Ok(all));
        assert_eq!(needs("context.holders == context.holders"), Ok(all));
    }

    #[test]
    fn who_holds_the_policy_is_a_fact_and_whether_an_administrator_does_is_another() {
        assert_eq!(needs("context.holders.count > 3 || context.holders.breakGlass"), Ok(Needs { holders: true, ..NONE }));
        let both = Needs { holders: true, administrator: true, ..NONE };
        assert_eq!(needs("context.holders.administrator"), Ok(both));
        assert_eq!(needs("context.breakGlass"), Ok(NONE));
    }

    #[test]
    fn whether_a_user_has_a_device_is_a_fact_and_whether_the_user_is_denied_without_one_is_another() {
        assert_eq!(needs("!context.hasDevice"), Ok(Needs { device: true, ..NONE }));
        assert_eq!(needs("context.denied"), Ok(Needs { denied: true, ..NONE }));
    }

    #[test]
    fn what_is_never_known_is_refused_instead_of_being_empty() {
        for condition in [
            r#"principal.hasTag("a")"#,
            r#"principal in Group::"a""#,
            r#"principal is User in Group::"a""#,
            r#"User::"a".name == "a""#,
            r#"User::"a".hasTag("a")"#,
        ] {
            assert!(needs(condition).is_err(), "{condition}");
        }
    }
}
