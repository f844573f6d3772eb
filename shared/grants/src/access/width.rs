//! Whether a permissions boundary is looser than another: by what they allow, not by their names.
//!
//! Both answers that are certain are proven. "Not looser": every statement that allows something stands inside one of the other's, and
//! everything that the other denies is denied. "Looser": there is a request that one certainly allows and the other certainly does not,
//! whatever the condition keys are. Everything else is unclear.

use std::borrow::Cow;

use super::{Context, Layer, Policies, Reading, Request, Requester, Verdict, evaluate, misplaced};
use crate::document::{Document, Effect, Patterns, Statement};
use crate::pattern::{covers, covers_exactly, overlaps};

/// How one boundary compares with another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Width {
    /// It certainly allows nothing that the other does not.
    NotLooser,
    /// It certainly allows something that the other does not.
    Looser,
    /// Neither is proven.
    Unclear,
}

/// How many pairs of action and resource are tried at most: boundaries have at most 6,144 characters, so few have more.
const TRIES: usize = 4096;

/// How `one` compares with `other`.
#[must_use]
pub fn width(one: &Document<'_>, other: &Document<'_>) -> Width {
    if [one, other].iter().any(|document| misplaced(document, Layer::Boundary).is_some()) {
        return Width::Unclear;
    }
    if is_inside(one, other) {
        Width::NotLooser
    } else if allows_more(one, other) {
        Width::Looser
    } else {
        Width::Unclear
    }
}

fn is_inside(one: &Document<'_>, other: &Document<'_>) -> bool {
    // Whether `${…}` is a variable depends on the version.
    if one.version != other.version && [one, other].into_iter().any(has_variables) {
        return false;
    }
    let (allowed, allowed_by_other) = (with(one, Effect::Allow), with(other, Effect::Allow));
    let (denied, denied_by_other) = (with(one, Effect::Deny), with(other, Effect::Deny));
    let nothing = allowed.is_empty();
    nothing
        || (allowed.iter().flat_map(parts).all(|part| allowed_by_other.iter().any(|outer| surrounds(outer, &part)))
            && denied_by_other.iter().flat_map(parts).all(|part| denied.iter().any(|outer| surrounds(outer, &part))))
}

fn with<'a>(document: &Document<'a>, effect: Effect) -> Vec<Statement<'a>> {
    document.statements.iter().filter(|statement| statement.effect == effect).cloned().collect()
}

fn has_variables(document: &Document<'_>) -> bool {
    let has = |values: &[Cow<'_, str>]| values.iter().any(|value| value.contains("${"));
    document.statements.iter().any(|statement| {
        has(&statement.actions.values)
            || statement.resources.as_ref().is_some_and(|resources| has(&resources.values))
            || statement.conditions.iter().any(|condition| has(&condition.values))
    })
}

/// A statement as several, each with one action and one resource: each of them may stand inside another statement.
fn parts<'s, 'a>(statement: &'s Statement<'a>) -> Vec<Statement<'a>> {
    let split = |patterns: &Patterns<'a>| -> Vec<Patterns<'a>> {
        if patterns.negated {
            return vec![patterns.clone()];
        }
        patterns.values.iter().map(|value| Patterns { negated: false, values: vec![value.clone()] }).collect()
    };
    let resources = statement.resources.as_ref().map(split).unwrap_or_default();
    let actions = split(&statement.actions);
    let pairs = actions.iter().flat_map(|actions| resources.iter().map(move |resources| (actions.clone(), resources.clone())));
    pairs.map(|(actions, resources)| Statement { actions, resources: Some(resources), ..statement.clone() }).collect()
}

/// Whether whatever the inner statement applies to, the outer one applies to as well.
fn surrounds(outer: &Statement<'_>, inner: &Statement<'_>) -> bool {
    let (Some(outer_resources), Some(inner_resources)) = (&outer.resources, &inner.resources) else {
        return false;
    };
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let conditions = outer.conditions.iter().all(|condition| {
        let is = |other: &crate::document::Condition<'_>| {
            other.operator == condition.operator && same(&other.key, &condition.key) && other.values == condition.values
        };
        inner.conditions.iter().any(is)
    });
    conditions
        && hold(&outer.actions, &inner.actions, names_actions_of, is_every_action)
        && hold(outer_resources, inner_resources, names_resources_of, |resource| resource == "*")
}

fn hold(outer: &Patterns<'_>, inner: &Patterns<'_>, names: fn(&str, &str) -> bool, is_everything: fn(&str) -> bool) -> bool {
    let among = |value: &str, patterns: &Patterns<'_>| patterns.values.iter().any(|pattern| names(pattern, value));
    match (outer.negated, inner.negated) {
        (false, false) => inner.values.iter().all(|value| among(value, outer)),
        // Whatever the outer one leaves out, the inner one leaves out as well.
        (true, true) => outer.values.iter().all(|value| among(value, inner)),
        (true, false) => {
            let plain = |value: &str| !value.contains("${");
            let apart = |value: &str| outer.values.iter().all(|left_out| plain(left_out) && plain(value) && !overlaps(left_out, value));
            inner.values.iter().all(|value| apart(value))
        }
        (false, true) => outer.values.iter().any(|value| is_everything(value)),
    }
}

fn is_every_action(pattern: &str) -> bool {
    pattern == "*" || pattern == "*:*"
}

/// Whether one pattern of actions certainly names all that the other names, however disputed points are taken.
fn names_actions_of(outer: &str, inner: &str) -> bool {
    if is_every_action(outer) || outer.eq_ignore_ascii_case(inner) {
        return true;
    }
    let (Some((service, name)), Some((inner_service, inner_name))) = (outer.split_once(':'), inner.split_once(':')) else {
        return false;
    };
    let plain = !service.contains(['*', '?']) && !name.is_empty() && !outer.contains(char::is_whitespace);
    plain && service.eq_ignore_ascii_case(inner_service) && covers(name, inner_name)
}

/// The same of resources, part by part: whether `*` reaches from one part of an ARN into the next is disputed.
fn names_resources_of(outer: &str, inner: &str) -> bool {
    if outer == "*" || outer == inner {
        return true;
    }
    if outer.contains("${") || inner.contains("${") {
        return false;
    }
    let parts = |arn: &str| arn.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (outer, inner) = (parts(outer), parts(inner));
    outer.len() == 6 && inner.len() == 6 && outer.iter().zip(&inner).all(|(outer, inner)| covers_exactly(outer, inner))
}

/// Whether there is a request that one certainly allows, and the other certainly does not.
fn allows_more(one: &Document<'_>, other: &Document<'_>) -> bool {
    const ACCOUNT: &str = "000000000000";
    let Ok(who) = Requester::new("arn:aws:iam::000000000000:user/somebody") else {
        return false;
    };
    let statements = || one.statements.iter().chain(&other.statements);
    // Of each key that a condition names nothing is known.
    let mut keys: Vec<Cow<'_, str>> =
        statements().flat_map(|statement| &statement.conditions).map(|condition| condition.key.to_ascii_lowercase().into()).collect();
    keys.sort();
    keys.dedup();
    let Ok(context) = Context::new([], keys) else {
        return false;
    };
    let examples = |values: &mut dyn Iterator<Item = &Cow<'_, str>>, more: &[&str]| {
        let mut examples: Vec<String> = values.map(|pattern| example(pattern)).chain(more.iter().map(|&text| text.to_owned())).collect();
        examples.sort();
        examples.dedup();
        examples
    };
    let actions =
        examples(&mut statements().flat_map(|statement| &statement.actions.values), &["iam:CreateUser", "s3:GetObject", "sts:AssumeRole"]);
    let resources = examples(
        &mut statements().flat_map(|statement| &statement.resources).flat_map(|resources| &resources.values),
        &["arn:aws:example:us-east-1:000000000000:somewhere"],
    );
    let verdicts = |document: &Document<'_>, action: &str, resource: &str| {
        let request =
            Request { who, action, resource, resource_account: Some(ACCOUNT), context: context.clone(), reading: Reading::Cautious };
        let answer = evaluate(&request, &Policies { identity: std::slice::from_ref(document), ..Policies::default() });
        (answer.definite.verdict, answer.possible.verdict)
    };
    let pairs = actions.iter().flat_map(|action| resources.iter().map(move |resource| (action, resource)));
    pairs.take(TRIES).any(|(action, resource)| {
        verdicts(one, action, resource).0 == Verdict::Allowed && verdicts(other, action, resource).1 != Verdict::Allowed
    })
}

/// Something that a pattern names.
fn example(pattern: &str) -> String {
    if is_every_action(pattern) {
        return "example:Anything".to_owned();
    }
    pattern.replace('*', "Anything").replace('?', "a")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::literal_string_with_formatting_args, reason = "policy variables are written so")]

    use proptest::prelude::*;

    use super::*;

    fn compared(one: &str, other: &str) -> Width {
        let whole = |statements: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        let (one, other) = (whole(one), whole(other));
        width(&Document::parse(&one).unwrap(), &Document::parse(&other).unwrap())
    }

    fn allow(action: &str, resource: &str) -> String {
        format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#)
    }

    #[test]
    fn a_boundary_that_only_narrows_is_not_looser() {
        let all = allow("s3:*", "*");
        for narrower in [
            allow("s3:Get*", "*"),
            allow("S3:getobject", "arn:aws:s3:::b/*"),
            all.clone(),
            r#"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}"#.to_owned(),
            r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#.to_owned(),
        ] {
            assert_eq!(compared(&narrower, &all), Width::NotLooser, "{narrower}");
        }
        assert_eq!(
            compared(&allow("iam:Get*", "*"), r#"{"Effect":"Allow","NotAction":["s3:*","sts:*"],"Resource":"*"}"#),
            Width::NotLooser
        );
        let but = |left_out: &str| format!(r#"{{"Effect":"Allow","NotAction":{left_out},"Resource":"*"}}"#);
        assert_eq!(compared(&but(r#"["iam:*","sts:*"]"#), &but(r#""iam:*""#)), Width::NotLooser);
    }

    #[test]
    fn a_boundary_that_lets_more_through_is_looser() {
        let get = allow("s3:Get*", "*");
        for wider in [allow("*", "*"), allow("s3:*", "*"), format!("{get},{}", allow("iam:CreateUser", "*"))] {
            assert_eq!(compared(&wider, &get), Width::Looser, "{wider}");
        }
        let guarded = format!(r#"{},{{"Effect":"Deny","Action":"iam:*","Resource":"*"}}"#, allow("*", "*"));
        assert_eq!(compared(&allow("*", "*"), &guarded), Width::Looser);
        assert_eq!(compared(&guarded, &allow("*", "*")), Width::NotLooser);
        assert_eq!(compared(&allow("s3:GetObject", "arn:aws:s3:::other/*"), &allow("s3:GetObject", "arn:aws:s3:::b/*")), Width::Looser);
    }

    #[test]
    fn what_depends_on_conditions_is_unclear() {
        let here = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}"#;
        let there = here.replace("eu-west-1", "us-east-1");
        assert_eq!(compared(here, &there), Width::Unclear);
        let resource = |text: &str| allow("s3:GetObject", text);
        assert_eq!(compared(&resource("arn:aws:s3:::b/${aws:username}"), &resource("arn:aws:s3:::b/*")), Width::Unclear);
        assert_ne!(compared(&resource("arn:aws:s3:::b/Key*"), &resource("arn:aws:s3:::b/key*")), Width::NotLooser, "letter by letter");
        assert_ne!(compared(&resource("arn:aws:s3:::b:c"), &resource("arn:aws:s3*:b:c")), Width::NotLooser, "part by part");
    }

    fn statements() -> impl Strategy<Value = String> {
        let patterns = |choices: &'static [&'static str]| {
            (any::<bool>(), proptest::collection::vec(proptest::sample::select(choices), 1..3))
                .prop_map(|(negated, values)| (if negated { "Not" } else { "" }, serde_json::to_string(&values).unwrap()))
        };
        let actions = patterns(&["*", "s3:*", "s3:Get*", "s3:GetObject", "s3:Get?bject", "iam:*", "iam:CreateUser", "*:*", "s*:Get*"]);
        let resources =
            patterns(&["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/k", "arn:aws:s3:::*", "arn:aws:iam::111122223333:user/ann", "arn:*:s3*"]);
        let condition = proptest::sample::select(&["", r#","Condition":{"StringEquals":{"aws:PrincipalTag/a":"b"}}"#][..]);
        let one = (proptest::sample::select(&["Allow", "Deny"][..]), actions, resources, condition).prop_map(
            |(effect, (not_action, actions), (not_resource, resources), condition)| {
                format!(r#"{{"Effect":"{effect}","{not_action}Action":{actions},"{not_resource}Resource":{resources}{condition}}}"#)
            },
        );
        proptest::collection::vec(one, 1..4).prop_map(|all| format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, all.join(",")))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_not_looser_allows_nothing_that_the_other_does_not(one in statements(), other in statements(), tagged in any::<bool>()) {
            let (one, other) = (Document::parse(&one).unwrap(), Document::parse(&other).unwrap());
            let compared = width(&one, &other);
            prop_assert_eq!(width(&one, &one), Width::NotLooser);
            let tags = tagged.then(|| (Cow::Borrowed("aws:PrincipalTag/a"), vec![Cow::Borrowed("b")]));
            let context = Context::new(tags, []).unwrap();
            for action in ["s3:GetObject", "s3:PutObject", "iam:CreateUser", "ec2:RunInstances"] {
                for resource in ["*", "arn:aws:s3:::b/k", "arn:aws:s3:::b/l", "arn:aws:iam::111122223333:user/ann"] {
                    for reading in [Reading::Documented, Reading::Cautious] {
                        let asked = |document: &Document<'_>| {
                            let who = Requester::new("arn:aws:iam::111122223333:user/ann").unwrap();
                            let request = Request { who, action, resource, resource_account: Some("111122223333"), context: context.clone(), reading };
                            let answer = evaluate(&request, &Policies { identity: std::slice::from_ref(document), ..Policies::default() });
                            (answer.definite.verdict == Verdict::Allowed, answer.possible.verdict == Verdict::Allowed)
                        };
                        let (is, may) = (asked(&one), asked(&other));
                        if compared == Width::NotLooser {
                            prop_assert!((!is.0 || may.0) && (!is.1 || may.1), "{} on {}", action, resource);
                        }
                    }
                }
            }
        }
    }
}
