//! Names without regard to case, as IAM reads them.
//!
//! IAM finds a user, role or policy whichever way its name is capitalised, and CloudTrail records what the caller wrote
//! (awslabs/mcp pull request 4101 describes a deny list that this bypassed). Cedar compares letter by letter: attaching
//! `administratoraccess` would slip past a guardrail on `AdministratorAccess`. So ARNs, names, paths and entity ids, the policy's, the
//! target's and the actor's, are put to the rulebook in lower case, and the texts that a guardrail compares them with are lowered when it
//! is loaded. A comparison with anything else than text could not be lowered, and is refused.

use serde_json::Value;

/// Comparisons as Cedar's JSON form names them.
const COMPARISONS: [&str; 6] = ["==", "!=", "like", "contains", "containsAll", "containsAny"];
/// Attributes that hold what IAM reads without regard to case.
const WRITTEN: [&str; 5] = ["arn", "name", "path", "newName", "newPath"];
const REFUSED: &str = "an ARN, name or path can only be compared with text, or with another ARN, name or path";

/// Lowers the texts of a policy that are compared with ARNs, names and paths.
pub(super) fn policy(policy: &mut Value) -> Result<(), String> {
    for scope in ["principal", "resource"] {
        if let Some(constraint) = policy.get_mut(scope) {
            lower_ids(constraint);
        }
    }
    let conditions = policy.get_mut("conditions").and_then(Value::as_array_mut).into_iter().flatten();
    conditions.filter_map(|condition| condition.get_mut("body")).try_for_each(expression)
}

/// An expression is an object with its operator as the one key; below that stand its operands, by name or in a list.
fn expression(value: &mut Value) -> Result<(), String> {
    if is_written(value) {
        return Err(REFUSED.to_owned());
    }
    let Value::Object(members) = value else {
        return Ok(());
    };
    for (operator, operands) in members.iter_mut() {
        if operator == "Value" {
            lower_ids(operands);
        } else if COMPARISONS.contains(&operator.as_str()) && sides(operands).any(|side| is_written(side)) {
            sides(operands).try_for_each(text)?;
        } else {
            sides(operands).try_for_each(expression)?;
        }
    }
    Ok(())
}

fn sides(operands: &mut Value) -> Box<dyn Iterator<Item = &mut Value> + '_> {
    match operands {
        Value::Object(named) => Box::new(named.values_mut()),
        Value::Array(listed) => Box::new(listed.iter_mut()),
        _ => Box::new(std::iter::empty()),
    }
}

/// Lowers one side of a comparison: text, a set of texts, the pattern of a `like`, or another written attribute.
fn text(side: &mut Value) -> Result<(), String> {
    if is_written(side) {
        return Ok(());
    }
    match side {
        Value::Array(pattern) => pattern.iter_mut().filter_map(|part| part.get_mut("Literal")).for_each(lower),
        Value::Object(members) => match members.iter_mut().next() {
            Some((kind, literal @ Value::String(_))) if kind == "Value" => lower(literal),
            Some((kind, Value::Array(items))) if kind == "Set" => items.iter_mut().try_for_each(text)?,
            _ => return Err(REFUSED.to_owned()),
        },
        _ => return Err(REFUSED.to_owned()),
    }
    Ok(())
}

/// `resource.name`, `principal.arn`, `context.policy.arn` and their like.
fn is_written(value: &Value) -> bool {
    let attribute = value.get(".").and_then(|access| access.get("attr")).and_then(Value::as_str);
    attribute.is_some_and(|attribute| WRITTEN.contains(&attribute))
}

/// The ids of entities anywhere below, such as `User::"arn:…:user/Polsen"`.
fn lower_ids(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // Actions have the names of calls, letter by letter.
            if members.get("type").is_some_and(|kind| kind != "Action")
                && let Some(id) = members.get_mut("id")
            {
                lower(id);
            }
            members.values_mut().for_each(lower_ids);
        }
        Value::Array(items) => items.iter_mut().for_each(lower_ids),
        _ => {}
    }
}

fn lower(value: &mut Value) {
    if let Value::String(text) = value {
        text.make_ascii_lowercase();
    }
}
