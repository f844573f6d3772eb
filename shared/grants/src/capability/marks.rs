//! What documents allow and deny, as sets of marks.

use super::actions::{self, Named, Value};
use super::catalog::{MARKS, Mark, ON_RESOURCES, PASS_ROLE, Set};
use super::conditions::{self, Denial, RequestContext};
use super::reach::{self, Reach};
use crate::document::{Document, Effect, Patterns, Principals, Statement, Version};
use crate::pattern::{covers, matches_ignore_case};

/// What some documents grant of the marks, their denies taken off.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Granted {
    /// For certain, on everything that the action works on.
    pub definite: Set,
    /// For certain, on one's own user at least.
    pub oneself: Set,
    /// Perhaps, or on something.
    pub possible: Set,
    /// Perhaps, on one's own user or on what may be it.
    pub perhaps_oneself: Set,
    /// The services that a role can be passed to, for certain and perhaps.
    pub passed: (u64, u64),
    /// What gives access to a resource through the resource's policy, to those who have every action of its service already: for certain and
    /// perhaps.
    pub needless: (Set, Set),
}

impl Granted {
    /// What both grant: a principal within its boundary.
    pub(super) fn within(self, boundary: Self) -> Self {
        Self {
            definite: self.definite & boundary.definite,
            oneself: self.oneself & boundary.oneself,
            possible: self.possible & boundary.possible,
            perhaps_oneself: self.perhaps_oneself & boundary.perhaps_oneself,
            passed: (self.passed.0 & boundary.passed.0, self.passed.1 & boundary.passed.1),
            needless: self.needless,
        }
    }

    /// What the denies leave of it.
    fn but(self, denied: Self) -> Self {
        Self {
            definite: self.definite.but(denied.definite | denied.possible),
            oneself: self.oneself.but(denied.oneself | denied.perhaps_oneself),
            possible: (self.possible | self.definite).but(denied.definite),
            perhaps_oneself: (self.perhaps_oneself | self.oneself).but(denied.oneself),
            passed: (self.passed.0 & !denied.passed.1, self.passed.1 & !denied.passed.0),
            needless: self.needless,
        }
    }

    fn note_needless(&mut self, place: usize, certain: bool) {
        if certain { &mut self.needless.0 } else { &mut self.needless.1 }.insert(place);
    }

    /// Notes a mark. A reach of which something is left out counts as everything.
    fn record(&mut self, place: usize, reach: Reach, certain: bool) {
        let (everyone, oneself) = match reach {
            Reach::Nothing => (false, false),
            Reach::Oneself => (false, true),
            Reach::Others => (true, false),
            Reach::Some | Reach::Rest | Reach::All => (true, true),
        };
        let certain = certain && reach != Reach::Some;
        if everyone {
            if certain { &mut self.definite } else { &mut self.possible }.insert(place);
        }
        if oneself {
            if certain { &mut self.oneself } else { &mut self.perhaps_oneself }.insert(place);
        }
    }
}

/// An allowed action that a mark's pattern names: a deny of that action alone takes it away again.
struct Instance<'a> {
    action: &'a str,
    place: usize,
    reach: Reach,
    certain: bool,
}

/// Some of the shapes of a mark that has several: what one statement lacks, another may add.
struct Part {
    place: usize,
    effect: Effect,
    /// For certain, as bits.
    certain: u32,
    /// Perhaps.
    perhaps: u32,
}

/// What all these documents grant together.
pub(super) fn of(documents: &[Document<'_>], context: &RequestContext<'_>) -> Granted {
    let (mut allowed, mut denied) = (Granted::default(), Granted::default());
    let (mut instances, mut parts) = (Vec::new(), Vec::new());
    for (document, statement) in
        documents.iter().flat_map(|document| document.statements.iter().map(move |statement| (document, statement)))
    {
        // Item 12 of `docs/evaluation.md`.
        let own = document.version == Version::V2012;
        match statement.effect {
            // What names its principals is a resource's policy, and grants nothing to whoever holds it.
            Effect::Allow if statement.principals == Principals::Absent => {
                allow(statement, own, context, &mut allowed, &mut instances, &mut parts);
            }
            Effect::Deny if statement.principals == Principals::Absent => deny(statement, own, documents, context, &mut denied, &mut parts),
            _ => {}
        }
    }
    for Instance { action, place, reach, certain } in instances {
        let (whole, part) = denied_action(documents, action, context);
        if !whole {
            allowed.record(place, reach, certain && !part);
        }
    }
    join(&parts, &mut allowed, &mut denied);
    allowed.but(denied)
}

/// Puts together what several statements allow and deny of a mark's shapes.
fn join(parts: &[Part], allowed: &mut Granted, denied: &mut Granted) {
    let mut done = Set::EMPTY;
    for place in parts.iter().map(|part| part.place) {
        let Some(mark) = MARKS.get(place).filter(|_| !done.contains(place)) else {
            continue;
        };
        done.insert(place);
        let union = |effect: Effect| {
            let of_it = parts.iter().filter(|part| part.place == place && part.effect == effect);
            of_it.fold((0, 0), |(certain, perhaps), part| (certain | part.certain, perhaps | part.perhaps))
        };
        // Another statement may allow the action on everything.
        let everything = |set: Set| if set.contains(place) { u32::MAX } else { 0 };
        let (granted, refused) = (union(Effect::Allow), union(Effect::Deny));
        let certain = granted.0 | everything(allowed.definite);
        if mark.is_open((certain | granted.1 | everything(allowed.possible)) & !refused.0) {
            allowed.record(place, Reach::All, false);
        } else {
            denied.record(place, Reach::All, true);
        }
        if mark.is_open(certain & !refused.1) {
            allowed.record(place, Reach::All, true);
        } else {
            denied.record(place, Reach::All, false);
        }
    }
}

/// What one statement allows, whatever others deny.
pub(super) fn of_statement(statement: &Statement<'_>, context: &RequestContext<'_>) -> Granted {
    let (mut allowed, mut instances, mut parts) = (Granted::default(), Vec::new(), Vec::new());
    if statement.effect == Effect::Allow && statement.principals == Principals::Absent {
        allow(statement, true, context, &mut allowed, &mut instances, &mut parts);
        for Instance { place, reach, certain, .. } in instances {
            allowed.record(place, reach, certain);
        }
        for part in parts.iter().filter(|part| part.perhaps != 0) {
            allowed.record(part.place, Reach::Some, false);
        }
    }
    allowed.but(Granted::default())
}

/// `own`: whether the document's version has variables, so that it can name one's own user.
fn allow<'a>(
    statement: &'a Statement<'_>,
    own: bool,
    context: &RequestContext<'_>,
    allowed: &mut Granted,
    instances: &mut Vec<Instance<'a>>,
    parts: &mut Vec<Part>,
) {
    let unconditional = conditions::limit_nothing(&statement.conditions, context);
    let everything = reach::is_everything(statement.resources.as_ref());
    let needless = |place| {
        let has_service = |mark: &Mark| actions::names_service(&statement.actions, mark.service());
        ON_RESOURCES.contains(place) && MARKS.get(place).is_some_and(has_service)
    };
    actions::named(&statement.actions, |place, named, index| {
        let sure = !matches!(named, Named::Perhaps | Named::PerhapsInstance);
        let certain = unconditional && sure;
        if let Some((mark, resources)) = in_parts(statement, place) {
            let shapes = reach::shapes(resources, mark);
            let certain = if certain { shapes.nearly } else { 0 };
            if needless(place) {
                allowed.note_needless(place, mark.is_open(certain));
            }
            parts.push(Part { place, effect: Effect::Allow, certain, perhaps: shapes.some });
            return;
        }
        let reach = match MARKS.get(place) {
            Some(mark) if !everything => reach_of(statement, own, mark),
            _ => Reach::All,
        };
        if needless(place) {
            allowed.note_needless(place, certain && reach >= Reach::Rest);
        }
        if place == PASS_ROLE && reach != Reach::Nothing {
            let (services, perhaps) = conditions::passed_to(&statement.conditions, |condition| {
                conditions::limit_nothing(std::slice::from_ref(condition), context)
            });
            let services = if sure && reach >= Reach::Rest { services } else { 0 };
            allowed.passed = (allowed.passed.0 | services, allowed.passed.1 | perhaps);
            allowed.record(place, reach, services != 0);
            return;
        }
        match (named, index.and_then(|index| statement.actions.values.get(index))) {
            (Named::Instance, Some(action)) => instances.push(Instance { action, place, reach, certain }),
            _ => allowed.record(place, reach, certain),
        }
    });
}

fn deny(
    statement: &Statement<'_>,
    own: bool,
    documents: &[Document<'_>],
    context: &RequestContext<'_>,
    denied: &mut Granted,
    parts: &mut Vec<Part>,
) {
    let denial = conditions::denial(&statement.conditions, documents, context);
    if denial == Denial::Nothing {
        return;
    }
    let unconditional = denial == Denial::Certain;
    actions::named(&statement.actions, |place, named, _| {
        if let Some((mark, resources)) = in_parts(statement, place) {
            let shapes = reach::shapes(resources, mark);
            let certain = if unconditional && named == Named::Whole { shapes.whole } else { 0 };
            parts.push(Part { place, effect: Effect::Deny, certain, perhaps: shapes.nearly });
            return;
        }
        let reach = MARKS.get(place).map_or(Reach::All, |mark| reach_of(statement, own, mark));
        if place == PASS_ROLE && reach >= Reach::Rest {
            let (sure, perhaps) = conditions::passed_to(&statement.conditions, |condition| {
                conditions::denial(std::slice::from_ref(condition), documents, context) == Denial::Certain
            });
            let sure = if reach == Reach::All && named == Named::Whole { sure } else { 0 };
            denied.passed = (denied.passed.0 | sure, denied.passed.1 | perhaps);
            if !unconditional {
                return;
            }
        }
        match (named, reach) {
            // Of a pattern one action is denied, or of all resources some: others remain.
            (Named::Instance | Named::PerhapsInstance, _) | (_, Reach::Nothing | Reach::Some) => {}
            (_, reach) => denied.record(place, reach, unconditional && named == Named::Whole && reach != Reach::Rest),
        }
    });
}

/// The mark, if it has several shapes, and the statement's resources, if they are not everything.
fn in_parts<'a, 'b>(statement: &'a Statement<'b>, place: usize) -> Option<(&'static Mark, &'a Patterns<'b>)> {
    let mark = MARKS.get(place).filter(|mark| !mark.needs.is_empty())?;
    statement.resources.as_ref().filter(|resources| !reach::is_everything(Some(resources))).map(|resources| (mark, resources))
}

fn reach_of(statement: &Statement<'_>, own: bool, mark: &Mark) -> Reach {
    match reach::of(statement.resources.as_ref(), mark) {
        Reach::Oneself if !own => Reach::Some,
        reach => reach,
    }
}

/// Whether an action is denied on everything: for certain, and perhaps.
pub(super) fn denied_action(documents: &[Document<'_>], action: &str, context: &RequestContext<'_>) -> (bool, bool) {
    let mut answer = (false, false);
    for statement in documents.iter().flat_map(|document| &document.statements).filter(|statement| statement.effect == Effect::Deny) {
        let named = statement.actions.values.iter().any(|value| names_all(value, action)) != statement.actions.negated;
        let everything = reach::is_everything(statement.resources.as_ref());
        let all_but = statement.resources.as_ref().is_some_and(|resources| resources.negated);
        if named && (everything || all_but) {
            let denial = conditions::denial(&statement.conditions, documents, context);
            if denial == Denial::Nothing {
                continue;
            }
            answer.0 |= everything && denial == Denial::Certain;
            answer.1 = true;
        }
    }
    answer
}

/// Whether a value of an action element names all that the pattern stands for.
pub(super) fn names_all(value: &str, pattern: &str) -> bool {
    match Value::of(value) {
        Value::Everything => true,
        Value::Action(..) => matches_ignore_case(value, pattern) && (!pattern.contains('*') || covers(value, pattern)),
        Value::Never => false,
    }
}
