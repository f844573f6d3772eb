//! Which actions and escalation paths a policy asks about by name.
//!
//! A name that nobody knows would make a guardrail that never applies: paths are looked up in the catalog, and actions have to be written
//! out, so that they can be put to the documents before the policy is evaluated.

use serde_json::Value;

use super::needs::{attribute_of, bodies, parts};
use crate::capability::Path;
use crate::text::quoted;

const MEMBERSHIP: [&str; 3] = ["contains", "containsAny", "containsAll"];

/// The actions that the policy asks `allows` about, or why it cannot be answered.
pub(super) fn of_policy(policy: &Value) -> Result<Vec<String>, String> {
    let mut actions = Vec::new();
    bodies(policy).try_for_each(|body| walk(body, &mut actions))?;
    Ok(actions)
}

fn walk(expression: &Value, actions: &mut Vec<String>) -> Result<(), String> {
    let Value::Object(members) = expression else {
        return Ok(());
    };
    for (operator, operands) in members.iter().filter(|(operator, _)| *operator != "Value") {
        let left = operands.get("left").unwrap_or(&Value::Null);
        let membership = MEMBERSHIP.contains(&operator.as_str());
        match attribute_of(left) {
            Some("allows") if membership => actions.extend(written(operands)?),
            Some("escalations") if membership => written(operands)?.iter().try_for_each(|id| known(id))?,
            _ if parts(operands).any(|part| attribute_of(part) == Some("allows")) => {
                return Err("`allows` answers only `contains`, `containsAny` and `containsAll`, with the actions written out".to_owned());
            }
            _ => {}
        }
        parts(operands).try_for_each(|operand| walk(operand, actions))?;
    }
    Ok(())
}

/// The texts on the right side: one, or a set of them.
fn written(operands: &Value) -> Result<Vec<String>, String> {
    let right = operands.get("right").unwrap_or(&Value::Null);
    let items = right.get("Set").and_then(Value::as_array).map_or_else(|| vec![right], |items| items.iter().collect());
    let text = |item: &Value| item.get("Value").and_then(Value::as_str).map(ToOwned::to_owned);
    let texts: Option<Vec<String>> = items.into_iter().map(text).collect();
    texts.ok_or_else(|| "actions and escalation paths have to be written out, as text".to_owned())
}

fn known(id: &str) -> Result<(), String> {
    match Path::named(id) {
        Some(_) => Ok(()),
        None => Err(format!("{} is not the id of an escalation path", quoted(id))),
    }
}
