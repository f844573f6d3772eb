//! Any request and policies: evaluation neither panics nor hangs, what is definite is possible, and neither a deny nor a boundary adds access.
//!
//! The input is a request line by line: principal, action, resource, the resource's account, a condition key, its value, a key of which nothing
//! is known; then the policies, each after the letter of its layer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::access::{Context, Policies, Reading, Request, Requester, Verdict, evaluate};
use policy::document::{Document, Effect};

#[derive(Clone, Default)]
struct Layers<'a> {
    identity: Vec<Document<'a>>,
    boundary: Vec<Document<'a>>,
    session: Vec<Document<'a>>,
    service_control: Vec<Vec<Document<'a>>>,
    resource_control: Vec<Vec<Document<'a>>>,
    resource: Option<Document<'a>>,
}

impl Layers<'_> {
    /// Whether the request is allowed: for certain, and possibly.
    fn allow(&self, request: &Request<'_>) -> (bool, bool) {
        let bracket = evaluate(
            request,
            &Policies {
                identity: &self.identity,
                boundary: &self.boundary,
                session: &self.session,
                service_control: &self.service_control,
                resource_control: &self.resource_control,
                resource: self.resource.as_ref(),
            },
        );
        (bracket.definite.verdict == Verdict::Allowed, bracket.possible.verdict == Verdict::Allowed)
    }
}

fn no_more(after: (bool, bool), before: (bool, bool)) -> bool {
    (before.0 || !after.0) && (before.1 || !after.1)
}

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let mut line = || lines.next().unwrap_or_default();
    let Ok(who) = Requester::new(line()) else { return };
    let (action, resource, account, key, value, unknown) = (line(), line(), line(), line(), line(), line());
    let Ok(context) = Context::new([(key.into(), value.split('|').map(Into::into).collect())], [unknown.into()]) else { return };
    let resource_account = Some(account).filter(|account| !account.is_empty());
    let request = Request { who, action, resource, resource_account, context, reading: Reading::Cautious };

    let mut layers = Layers::default();
    for line in lines {
        let Some((layer, text)) = line.split_at_checked(1) else { continue };
        let Ok(document) = Document::parse(text) else { continue };
        match layer {
            "i" => layers.identity.push(document),
            "b" => layers.boundary.push(document),
            "s" => layers.session.push(document),
            "o" => layers.service_control.push(vec![document]),
            "c" => layers.resource_control.push(vec![document]),
            _ => layers.resource = Some(document),
        }
    }
    let before = layers.allow(&request);
    assert!(!before.0 || before.1, "definite and not possible");

    let mut reversed = layers.clone();
    reversed.identity.reverse();
    reversed.identity.iter_mut().chain(&mut reversed.resource).for_each(|document| document.statements.reverse());
    assert_eq!(reversed.allow(&request), before, "the order of statements counts");

    for (place, document) in layers.identity.iter().chain(&layers.boundary).enumerate() {
        let mut denied = layers.clone();
        let mut deny = document.clone();
        deny.statements.iter_mut().for_each(|statement| statement.effect = Effect::Deny);
        if place % 2 == 0 {
            denied.identity.push(deny);
        } else {
            denied.resource_control.push(vec![deny]);
        }
        assert!(no_more(denied.allow(&request), before), "a deny adds access");
    }

    let mut unbounded = layers.clone();
    unbounded.boundary.clear();
    assert!(no_more(before, unbounded.allow(&request)), "a boundary adds access");
});
