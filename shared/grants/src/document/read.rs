//! From JSON to a document, by hand-written visitors.
//!
//! Derived code with `untagged` enums buffers every value that may be a scalar or a list, which takes more than three times as long, and
//! its errors name neither the element nor the place.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Condition, Document, Effect, Operator, Patterns, Principal, Principals, Statement, Version};
use crate::text::quoted;

/// Says where an error lies. `serde_json` keeps the line and column that the inner message ends with.
fn within<E: Error>(place: impl fmt::Display) -> impl FnOnce(E) -> E {
    move |error| E::custom(format_args!("{place}: {error}"))
}

/// Takes an element's value; a second one of the name is refused rather than picked from (item 3 of `docs/evaluation.md`).
fn once<E: Error, T>(slot: &mut Option<T>, name: &str, value: T) -> Result<(), E> {
    if slot.replace(value).is_some() {
        return Err(E::custom(format_args!("{name} is given twice")));
    }
    Ok(())
}

/// Text, or a number or boolean as its text; borrowed where JSON has it without escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
}

/// One text, or a list of them; a number or a boolean is its text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Texts<'a>(pub Vec<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a list of texts")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Texts(vec![Cow::Borrowed(text)]))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        TextVisitor.visit_str(text).map(|text| Texts(vec![text.0]))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        TextVisitor.visit_bool(value).map(|text| Texts(vec![text.0]))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        TextVisitor.visit_i64(value).map(|text| Texts(vec![text.0]))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        TextVisitor.visit_u64(value).map(|text| Texts(vec![text.0]))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        TextVisitor.visit_f64(value).map(|text| Texts(vec![text.0]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        // The median list of AWS's own policies has nine items: one allocation instead of three.
        let mut texts = Vec::with_capacity(8);
        while let Some(Text(text)) = list.next_element()? {
            texts.push(text);
        }
        Ok(Texts(texts))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Document<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(DocumentVisitor)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Document<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a policy document, an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let (mut version, mut id, mut statements) = (None, None, None);
        while let Some(Text(name)) = members.next_key()? {
            if name.eq_ignore_ascii_case("Statement") {
                once(&mut statements, "Statement", members.next_value::<Statements<'_>>()?.0)?;
            } else if name.eq_ignore_ascii_case("Version") {
                let Text(text) = members.next_value().map_err(within("Version"))?;
                once(&mut version, "Version", read_version(&text)?)?;
            } else if name.eq_ignore_ascii_case("Id") {
                let Text(text) = members.next_value().map_err(within("Id"))?;
                once(&mut id, "Id", text)?;
            } else {
                return Err(unknown(&name, "Version, Id or Statement"));
            }
        }
        let statements = statements.ok_or_else(|| Error::custom("Statement is missing"))?;
        Ok(Document { version: version.unwrap_or_default(), id, statements })
    }
}

fn unknown<E: Error>(name: &str, wanted: &str) -> E {
    E::custom(format_args!("unknown element {}: expected {wanted}", quoted(name)))
}

fn read_version<E: Error>(text: &str) -> Result<Version, E> {
    match text {
        "2012-10-17" => Ok(Version::V2012),
        "2008-10-17" => Ok(Version::V2008),
        other => Err(E::custom(format_args!("Version: {} is neither 2012-10-17 nor 2008-10-17", quoted(other)))),
    }
}

/// One statement, or a list of them (item 1).
struct Statements<'a>(Vec<Statement<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Statements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StatementsVisitor)
    }
}

struct StatementsVisitor;

impl<'de> Visitor<'de> for StatementsVisitor {
    type Value = Statements<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a statement or a list of statements")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        read_statement(members).map(|statement| Statements(vec![statement])).map_err(within("Statement"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut statements = Vec::new();
        loop {
            let read = list.next_element().map_err(|error| within(format_args!("Statement[{}]", statements.len()))(error))?;
            let Some(OneStatement(statement)) = read else {
                return Ok(Statements(statements));
            };
            statements.push(statement);
        }
    }
}

struct OneStatement<'a>(Statement<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for OneStatement<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StatementVisitor)
    }
}

struct StatementVisitor;

impl<'de> Visitor<'de> for StatementVisitor {
    type Value = OneStatement<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a statement, an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        read_statement(members).map(OneStatement)
    }
}

/// The elements of a statement, the frequent ones first.
const ELEMENTS: [&str; 9] = ["Action", "Effect", "Resource", "Sid", "Condition", "Principal", "NotAction", "NotResource", "NotPrincipal"];

fn read_statement<'de, A: MapAccess<'de>>(mut members: A) -> Result<Statement<'de>, A::Error> {
    let (mut sid, mut effect, mut principals, mut actions, mut resources, mut conditions) = (None, None, None, None, None, None);
    while let Some(Text(name)) = members.next_key()? {
        let Some(element) = ELEMENTS.into_iter().find(|element| element.eq_ignore_ascii_case(&name)) else {
            return Err(unknown(&name, "Sid, Effect, (Not)Principal, (Not)Action, (Not)Resource or Condition"));
        };
        match element {
            "Sid" => once(&mut sid, element, members.next_value::<Text<'_>>().map_err(within(element))?.0)?,
            "Effect" => {
                let Text(text) = members.next_value().map_err(within(element))?;
                once(&mut effect, element, read_effect(&text)?)?;
            }
            "Action" | "NotAction" => once(&mut actions, "Action or NotAction", read_patterns(&mut members, element)?)?,
            "Resource" | "NotResource" => once(&mut resources, "Resource or NotResource", read_patterns(&mut members, element)?)?,
            "Condition" => {
                let Conditions(list) = members.next_value().map_err(within(element))?;
                once(&mut conditions, element, list)?;
            }
            _ => {
                let PrincipalList(list) = members.next_value().map_err(within(element))?;
                let named = if element == "Principal" { Principals::Only(list) } else { Principals::AllBut(list) };
                once(&mut principals, "Principal or NotPrincipal", named)?;
            }
        }
    }
    Ok(Statement {
        sid,
        effect: effect.ok_or_else(|| Error::custom("Effect is missing"))?,
        principals: principals.unwrap_or(Principals::Absent),
        actions: actions.ok_or_else(|| Error::custom("Action or NotAction is missing"))?,
        resources,
        conditions: conditions.unwrap_or_default(),
    })
}

fn read_effect<E: Error>(text: &str) -> Result<Effect, E> {
    match text {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(E::custom(format_args!("Effect: {} is neither Allow nor Deny", quoted(other)))),
    }
}

fn read_patterns<'de, A: MapAccess<'de>>(members: &mut A, element: &str) -> Result<Patterns<'de>, A::Error> {
    let Texts(values) = members.next_value().map_err(within(element))?;
    Ok(Patterns { negated: element.starts_with("Not"), values })
}

/// The value of `Principal` or `NotPrincipal`.
#[derive(Debug)]
pub struct PrincipalList<'a>(pub Vec<Principal<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for PrincipalList<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PrincipalsVisitor)
    }
}

struct PrincipalsVisitor;

impl<'de> Visitor<'de> for PrincipalsVisitor {
    type Value = PrincipalList<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"*\", an ARN, an account id or an object of principals")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let principal = match text {
            "*" => Principal::Everyone,
            _ if text.starts_with("arn:") || crate::arn::AccountId::new(text).is_ok() => Principal::Bare(text.to_owned().into()),
            _ => return Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        };
        Ok(PrincipalList(vec![principal]))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        let mut seen: [Option<()>; PRINCIPAL_TYPES.len()] = [None; PRINCIPAL_TYPES.len()];
        while let Some(Text(name)) = members.next_key()? {
            let known = PRINCIPAL_TYPES.iter().zip(&mut seen).find(|((known, _), _)| known.eq_ignore_ascii_case(&name));
            let Some(((kind, principal), slot)) = known else {
                return Err(unknown(&name, "AWS, Service, Federated or CanonicalUser"));
            };
            once(slot, kind, ())?;
            let Texts(names) = members.next_value().map_err(within(kind))?;
            list.extend(names.into_iter().map(principal));
        }
        Ok(PrincipalList(list))
    }
}

type MakePrincipal = for<'a> fn(Cow<'a, str>) -> Principal<'a>;
const PRINCIPAL_TYPES: [(&str, MakePrincipal); 4] = [
    ("AWS", |name| if name == "*" { Principal::Everyone } else { Principal::Aws(name) }),
    ("Service", |name| Principal::Service(name)),
    ("Federated", |name| Principal::Federated(name)),
    ("CanonicalUser", |name| Principal::CanonicalUser(name)),
];

/// The value of `Condition`: operators, of each its keys, of each its values.
struct Conditions<'a>(Vec<Condition<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Conditions<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ConditionsVisitor)
    }
}

struct ConditionsVisitor;

impl<'de> Visitor<'de> for ConditionsVisitor {
    type Value = Conditions<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of condition operators")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut list: Vec<Condition<'de>> = Vec::new();
        while let Some(Text(name)) = members.next_key()? {
            let Some(operator) = Operator::from_name(&name) else {
                // The value is not looked at: whatever it holds, nobody could say what the statement means.
                let _: IgnoredAny = members.next_value()?;
                return Err(Error::custom(format_args!("unknown condition operator {}", quoted(&name))));
            };
            if list.iter().any(|earlier| earlier.operator == operator) {
                return Err(Error::custom(format_args!("{} is given twice", quoted(&name))));
            }
            let Keys(keys) = members.next_value().map_err(within(&name))?;
            list.extend(keys.into_iter().map(|(key, values)| Condition { operator, key, values }));
        }
        Ok(Conditions(list))
    }
}

struct Keys<'a>(Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Keys<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of condition keys")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut keys: Vec<(Cow<'de, str>, Vec<Cow<'de, str>>)> = Vec::new();
        while let Some(Text(key)) = members.next_key()? {
            let Texts(values) = members.next_value().map_err(|error| within(quoted(&key))(error))?;
            keys.push((key, values));
        }
        if let Some(key) = twice(&keys) {
            return Err(Error::custom(format_args!("{} is given twice", quoted(&key))));
        }
        Ok(Keys(keys))
    }
}

/// A key that stands there twice. Sorted rather than compared pair by pair: a hostile document can hold thousands.
fn twice(keys: &[(Cow<'_, str>, Vec<Cow<'_, str>>)]) -> Option<String> {
    let mut names: Vec<&str> = keys.iter().map(|(key, _)| key.as_ref()).collect();
    names.sort_unstable();
    names.iter().zip(names.iter().skip(1)).find(|(a, b)| a == b).map(|(name, _)| (*name).to_owned())
}
