//! Patterns that let more through than they seem to.
//!
//! `arn:aws*:iam::*:role/aws-service-role/…` looks as if it named roles that only AWS can create. But `*` matches any text, colons and slashes
//! among it, and a path can hold both (IAM API reference, `CreateRole`, `Path`): the ARN of a role with the path
//! `/x:role/aws-service-role/…` matches as well. Whoever can create a role could exempt themselves. So wherever a wider match lets more
//! through, in an exemption, an `unless` or behind a `!`, a pattern has no wildcard before the path. In the `when` of a guardrail a wider match
//! only forbids more.

use serde_json::Value;

use super::needs::{attribute_of, parts};

/// A pattern with a wildcard before the path.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Loose {
    /// As it is written, without its quotes.
    pub pattern: String,
    /// What to write instead.
    pub help: &'static str,
}

/// What comes of it if an expression is true more often.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Wider {
    Forbids,
    LetsThrough,
    /// One or the other: an operator that is neither `&&`, `||` nor `!` stands in between.
    Either,
}

impl Wider {
    const fn negated(self) -> Self {
        match self {
            Self::Forbids => Self::LetsThrough,
            Self::LetsThrough => Self::Forbids,
            Self::Either => Self::Either,
        }
    }
}

/// The loose patterns of a policy in its JSON form.
pub(super) fn of_policy(policy: &Value) -> Vec<Loose> {
    let is = |value: &Value, member: &str, text: &str| value.get(member).and_then(Value::as_str) == Some(text);
    let mut found = Vec::new();
    for condition in policy.get("conditions").and_then(Value::as_array).into_iter().flatten() {
        let wider = if is(policy, "effect", "permit") == is(condition, "kind", "when") { Wider::LetsThrough } else { Wider::Forbids };
        walk(condition.get("body").unwrap_or(&Value::Null), wider, &mut found);
    }
    found
}

fn walk(expression: &Value, wider: Wider, found: &mut Vec<Loose>) {
    let Value::Object(members) = expression else {
        return;
    };
    for (operator, operands) in members.iter().filter(|(operator, _)| *operator != "Value") {
        match operator.as_str() {
            "like" if wider != Wider::Forbids => found.extend(loose(operands)),
            "&&" | "||" => parts(operands).for_each(|part| walk(part, wider, found)),
            "!" => parts(operands).for_each(|part| walk(part, wider.negated(), found)),
            "if-then-else" => {
                for (name, part) in operands.as_object().into_iter().flatten() {
                    walk(part, if name == "if" { Wider::Either } else { wider }, found);
                }
            }
            _ => parts(operands).for_each(|part| walk(part, Wider::Either, found)),
        }
    }
}

/// The pattern of a `like` on an ARN or a path, if it has a wildcard before the path.
fn loose(operands: &Value) -> Option<Loose> {
    let left = operands.get("left")?;
    let pattern = operands.get("pattern")?.as_array()?;
    let literal = |part: &Value| part.get("Literal").and_then(Value::as_str).map(str::to_owned);
    let start: String = pattern.iter().map_while(literal).collect();
    let reaches_path = match attribute_of(left)? {
        "arn" => start.splitn(6, ':').nth(5).is_some_and(|resource| resource.contains('/')),
        "path" => !start.is_empty(),
        _ => return None,
    };
    let has_wildcard = pattern.iter().any(|part| literal(part).is_none());
    if reaches_path || !has_wildcard {
        return None;
    }
    let written = pattern.iter().map(|part| literal(part).map_or_else(|| "*".to_owned(), |text| text.replace('*', "\\*")));
    let help = match left.pointer("/./left").and_then(attribute_of) {
        Some("policy") => r#"compare owner and name: `context.policy.owner == "aws" && context.policy.name == "ReadOnlyAccess"`"#,
        Some("group") => r#"compare path and name: `context.group.path == "/team/" && context.group.name == "deployers"`"#,
        _ => {
            r#"compare account, path and name: `principal is Role && principal.account == context.account && principal.path == "/team/" && principal.name == "deploy"`"#
        }
    };
    Some(Loose { pattern: written.collect(), help })
}

#[cfg(test)]
mod tests {
    use cedar_policy::Policy;

    use super::*;

    fn patterns(policy: &str) -> Vec<String> {
        let policy = Policy::parse(None, policy).unwrap();
        of_policy(&policy.to_json().unwrap()).into_iter().map(|loose| loose.pattern).collect()
    }

    fn exempts(condition: &str) -> Vec<String> {
        patterns(&format!("permit (principal, action, resource) when {{ {condition} }};"))
    }

    #[test]
    fn a_wildcard_before_the_path_is_found_in_every_segment_of_an_arn() {
        for pattern in [
            "*",
            "*:role/finance/Admin",
            "arn:*",
            "arn:aws*:iam::123456789012:role/finance/Admin",
            "arn:aws:*::123456789012:role/finance/Admin",
            "arn:aws:iam:*:123456789012:role/finance/Admin",
            "arn:aws:iam::*:role/finance/Admin",
            "arn:aws:iam::123456789012:*/finance/Admin",
            "arn:aws:iam::123456789012:ro*e/finance/Admin",
            "arn:aws:iam::123456789012:*",
        ] {
            for attribute in ["principal.arn", "resource.arn", "context.policy.arn", "context.group.arn"] {
                assert_eq!(exempts(&format!("{attribute} like \"{pattern}\"")), [pattern], "{attribute}");
            }
        }
    }

    #[test]
    fn a_wildcard_in_the_path_or_the_name_is_none_of_them() {
        for condition in [
            r#"principal.arn like "arn:aws:iam::123456789012:role/finance/*""#,
            r#"principal.arn like "arn:aws:iam::123456789012:role/*""#,
            r#"principal.arn like "arn:aws:iam::123456789012:role/finance/Admin""#,
            r#"principal.arn like "\*:role""#,
            r#"principal.path like "/finance/*""#,
            r#"principal.name like "*Admin""#,
            r#"context.userAgent like "*""#,
        ] {
            assert_eq!(exempts(condition), [""; 0], "{condition}");
        }
    }

    #[test]
    fn a_path_that_begins_anywhere_is_found() {
        assert_eq!(exempts(r#"principal.path like "*/aws-service-role/*""#), ["*/aws-service-role/*"]);
    }

    #[test]
    fn only_where_a_wider_match_lets_more_through_is_it_found() {
        let like = r#"principal.arn like "*""#;
        for (policy, is_found) in [
            (format!("forbid (principal, action, resource) when {{ {like} }};"), false),
            (format!("forbid (principal, action, resource) unless {{ {like} }};"), true),
            (format!("forbid (principal, action, resource) when {{ context.mfa && !({like} || context.mfa) }};"), true),
            (format!("forbid (principal, action, resource) when {{ !!({like}) }};"), false),
            (format!("forbid (principal, action, resource) unless {{ !({like}) }};"), false),
            (format!("forbid (principal, action, resource) when {{ ({like}) == false }};"), true),
            (format!("forbid (principal, action, resource) when {{ if {like} then context.mfa else true }};"), true),
            (format!("forbid (principal, action, resource) when {{ if context.mfa then {like} else true }};"), false),
            (format!("permit (principal, action, resource) when {{ {like} }};"), true),
            (format!("permit (principal, action, resource) unless {{ {like} }};"), false),
            (format!("permit (principal, action, resource) when {{ !({like}) }};"), false),
            (format!("permit (principal, action, resource) when {{ [{like}].contains(true) }};"), true),
        ] {
            assert_eq!(!patterns(&policy).is_empty(), is_found, "{policy}");
        }
    }
}
