//! Which members of the context policies read: a request needs no others, and making one costs more than evaluating a policy.

use std::collections::BTreeSet;

use serde_json::Value;

use super::must::member;
use super::needs::{bodies, parts};

/// Members of the context.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Reads {
    names: BTreeSet<String>,
    /// The context is compared, or handed on, as a whole.
    whole: bool,
}

impl Reads {
    /// What a policy in its JSON form reads: in doubt, everything.
    pub(super) fn of_policy(policy: &Value) -> Self {
        let mut reads = Self::default();
        bodies(policy).for_each(|body| reads.walk(body));
        reads
    }

    /// Whether this member is read.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.whole || self.names.contains(name)
    }

    /// What either reads.
    pub(super) fn extend(&mut self, more: &Self) {
        self.names.extend(more.names.iter().cloned());
        self.whole |= more.whole;
    }

    fn walk(&mut self, expression: &Value) {
        if let Some(name) = member(expression, ".").or_else(|| member(expression, "has")) {
            self.names.insert(name.to_owned());
            return;
        }
        self.whole |= expression.get("Var").is_some_and(|variable| variable == "context");
        let operators = expression.as_object().into_iter().flatten().filter(|(operator, _)| *operator != "Value");
        operators.flat_map(|(_, operands)| parts(operands)).for_each(|operand| self.walk(operand));
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use cedar_policy::Policy;

    use super::*;

    fn reads(condition: &str) -> Reads {
        let policy = Policy::from_str(&format!("forbid (principal, action, resource) {condition};")).unwrap();
        Reads::of_policy(&policy.to_json().unwrap())
    }

    #[test]
    fn every_member_that_is_read_is_named_wherever_it_stands() {
        let read = reads(
            r#"when { context.a && context has b && [context.d.e].contains(resource.f) && (if context.g then context["h"] else !context.i) }
            unless { {"j": context.k like "context.l"}.j || ip("::1").isInRange(context.m) || principal == context.n }"#,
        );
        assert_eq!(read.names.iter().map(String::as_str).collect::<String>(), "abdghikmn");
        assert!(!read.whole && read.contains("d") && !read.contains("f"));
    }

    #[test]
    fn a_context_that_is_used_as_a_whole_is_read_wholly() {
        for condition in [
            r#"when { context == {"a": 1} }"#,
            "when { [context].contains(resource) }",
            "unless { context.a == context }",
            "when { context has a.b }",
        ] {
            assert!(reads(condition).contains("anything"), "{condition}");
        }
    }
}
