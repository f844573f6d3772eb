//! What a policy certainly asks of the context, without asking Cedar: where it is otherwise the policy cannot apply. Of most changes no guardrail passes
//! this, and Cedar takes longer than everything else.

use serde_json::Value;

use crate::facts::Members;

/// What has to hold of the context for a policy to apply: never more than the policy itself asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Must(Vec<Asked>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Asked {
    /// `context has …`
    Member(String),
    /// `context.…`, or its opposite.
    Boolean(String, bool),
}

impl Must {
    /// Of a policy in its JSON form.
    pub(super) fn of_policy(policy: &Value) -> Self {
        let mut asked = Vec::new();
        for condition in policy.get("conditions").and_then(Value::as_array).into_iter().flatten() {
            let holds = condition.get("kind").is_none_or(|kind| kind == "when");
            if let Some(body) = condition.get("body") {
                collect(body, holds, &mut asked);
            }
        }
        Self(asked)
    }

    /// Whether a request with this context may be one to which the policy applies.
    pub(super) fn may_hold(&self, context: &Members<'_>) -> bool {
        self.0.iter().all(|asked| match asked {
            Asked::Member(name) => context.has(name),
            // Where there is no such member, Cedar says what is wrong.
            Asked::Boolean(name, wanted) => context.is(name).is_none_or(|is| is == *wanted),
        })
    }

    /// The same of a context of which this is known: what these booleans are, if it has them.
    pub(super) fn may_hold_where(&self, known: &[(&str, bool)]) -> bool {
        let may = |name: &str, wanted: bool| known.iter().all(|(known, is)| *known != name || *is == wanted);
        self.0.iter().all(|asked| !matches!(asked, Asked::Boolean(name, wanted) if !may(name, *wanted)))
    }
}

/// What an expression that has to come out as `holds` asks of the context.
fn collect(expression: &Value, holds: bool, asked: &mut Vec<Asked>) {
    let joint = if holds { "&&" } else { "||" };
    if let Some(chain) = expression.get(joint) {
        for side in ["left", "right"] {
            if let Some(side) = chain.get(side) {
                collect(side, holds, asked);
            }
        }
    } else if let Some(negated) = expression.get("!").and_then(|not| not.get("arg")) {
        collect(negated, !holds, asked);
    } else if let Some(name) = member(expression, ".") {
        asked.push(Asked::Boolean(name.to_owned(), holds));
    } else if let Some(name) = member(expression, "has").filter(|_| holds) {
        asked.push(Asked::Member(name.to_owned()));
    }
}

/// The member of the context that an expression is about.
pub(super) fn member<'e>(expression: &'e Value, operator: &str) -> Option<&'e str> {
    let of = expression.get(operator)?;
    of.get("left")?.get("Var").filter(|variable| *variable == "context")?;
    of.get("attr")?.as_str()
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use cedar_policy::Policy;

    use super::*;
    use crate::arn::AccountId;

    fn must(conditions: &str) -> Must {
        let policy = Policy::from_str(&format!("forbid (principal, action, resource) {conditions};")).unwrap();
        Must::of_policy(&policy.to_json().unwrap())
    }

    #[test]
    fn what_is_certainly_asked_is_found_and_nothing_else() {
        let asked = must(
            "when { context has a && context.a && !context.b && (context.c || context.d) && principal.name == \"x\" } unless { context.e || !context.f || context.g.h }",
        );
        let boolean = |name: &str, wanted| Asked::Boolean(name.to_owned(), wanted);
        assert_eq!(
            asked.0,
            [Asked::Member("a".to_owned()), boolean("a", true), boolean("b", false), boolean("e", false), boolean("f", true)]
        );
        assert_eq!(must("when { !(context.a && context.b) } unless { context.c && context.d }").0, []);
    }

    #[test]
    fn a_policy_is_ruled_out_by_what_is_there_and_by_what_it_asks_to_be_there() {
        let account = AccountId::new("123456789012").unwrap();
        let mut context = Members::new(&account, "aws");
        context.boolean("mfa", true);
        context.text("name", "x");
        let may = |conditions: &str| must(conditions).may_hold(&context);
        assert!(may("when { context.mfa }") && !may("when { !context.mfa }") && !may("unless { context.mfa }"));
        assert!(may("when { context has name }") && !may("when { context has other && context.other }"));
        assert!(may("when { context.other }"), "that it is not there is for Cedar to say");
        assert!(may("when { principal == resource }"));
    }

    #[test]
    fn a_policy_that_asks_for_a_boolean_is_ruled_out_where_it_is_known_to_be_otherwise() {
        let may = |conditions: &str| must(conditions).may_hold_where(&[("a", false), ("b", true)]);
        assert!(!may("when { context has a && context.a }") && !may("unless { context.c || !context.a }") && !may("unless { context.b }"));
        assert!(may("when { !context.a && context.b }") && may("when { context has a }") && may("when { context.a || context.b }"));
    }
}
