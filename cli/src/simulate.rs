//! `rescind simulate`: requests put to policies, as JSON lines.

use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead, Write};

use anyhow::{Context as _, Result};
use policy::access::{self, Answer, Bracket, Context, Layer, Misplaced, Policies, Reading, Requester, evaluate};
use policy::document::{Document, Principal, PrincipalList, Principals, Texts};
use policy::text::quoted;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Longest line, in bytes: some five times the documents that AWS lets a request have.
const LINE_MAX: usize = 4 * 1024 * 1024;
/// Longest name, ARN or value of a request, in bytes; an ARN has 2,048 at most.
const TEXT_MAX: usize = 8 * 1024;

/// Answers each line with one line. A line that is no request is answered with its error. Policies that are read otherwise than AWS documents
/// them are named in `warnings`.
pub fn run(input: &mut impl BufRead, out: &mut impl Write, warnings: &mut impl Write) -> Result<()> {
    let mut line = Vec::new();
    let mut number = 0_u64;
    let mut answer = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).context("cannot read standard input")? == 0 {
            return out.flush().context("cannot write the answers");
        }
        number += 1;
        let text = line.trim_ascii();
        if text.is_empty() {
            continue;
        }
        answer.clear();
        respond(text, &mut answer, |warning| {
            // An answer counts for more than its warning.
            let _ = writeln!(warnings, "warning: line {number}: {warning}");
        });
        out.write_all(&answer).context("cannot write the answers")?;
    }
}

/// One line's answer.
fn respond(line: &[u8], answer: &mut Vec<u8>, warn: impl FnMut(&str)) {
    // Writing to memory does not fail.
    let _ = match put(line, warn) {
        Ok((id, bracket)) => write_answer(id, &bracket, answer),
        Err(error) => {
            let id =
                std::str::from_utf8(line).ok().and_then(|line| serde_json::from_str::<Named<'_>>(line).ok()).and_then(|named| named.id);
            let failure = serde_json::json!({ "error": error }).to_string();
            writeln!(answer, "{{\"id\":{},{}", id.map_or("null", RawValue::get), failure.strip_prefix('{').unwrap_or_default())
        }
    };
}

/// What is read of a line that cannot be answered.
#[derive(serde::Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

fn put(line: &[u8], warn: impl FnMut(&str)) -> Result<(Option<&RawValue>, Bracket), String> {
    if line.len() > LINE_MAX {
        return Err(format!("the line has {} bytes: the limit is {LINE_MAX}", line.len()));
    }
    let line = std::str::from_utf8(line).map_err(|error| error.to_string())?;
    let asked: Asked<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let wanted = |name: &str, value: &Option<Cow<'_, str>>| match value {
        None => Err(format!("{name} is missing")),
        Some(text) if text.is_empty() => Err(format!("{name} is empty")),
        Some(text) if text.len() > TEXT_MAX => Err(format!("{name} has {} bytes: the limit is {TEXT_MAX}", text.len())),
        Some(_) => Ok(()),
    };
    wanted("principal", &asked.principal)?;
    wanted("action", &asked.action)?;
    wanted("resource", &asked.resource)?;
    let (action, resource) = (asked.action.as_deref().unwrap_or_default(), asked.resource.as_deref().unwrap_or_default());
    if !action.split_once(':').is_some_and(|(service, name)| !service.is_empty() && !name.is_empty()) {
        return Err(format!("action: {} is not an action: expected service:name", quoted(action)));
    }
    let who = Requester::new(asked.principal.as_deref().unwrap_or_default()).map_err(|error| format!("principal: {error}"))?;
    let account = asked.resource_account.as_deref();
    if let Some(account) = account.filter(|account| account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err(format!("resourceAccount: {} is not an account id: expected 12 digits", quoted(account)));
    }
    placed(&asked)?;
    warn_of_bare_principals(&asked, warn);
    let reading = if asked.unknown.is_empty() { Reading::Documented } else { Reading::Cautious };
    let context = Context::new(asked.context, asked.unknown).map_err(|key| format!("context: {} is given twice", quoted(&key)))?;
    let request = access::Request { who, action, resource, resource_account: account, context, reading };
    let policies = Policies {
        identity: &asked.identity,
        boundary: &asked.boundary,
        session: &asked.session,
        service_control: &asked.service_control,
        resource_control: &asked.resource_control,
        resource: asked.resource_policy.as_ref(),
    };
    Ok((asked.id, evaluate(&request, &policies)))
}

/// Refuses documents that AWS would not save in that place.
fn placed(asked: &Asked<'_>) -> Result<(), String> {
    let check = |documents: &[Document<'_>], layer: Layer, name: &dyn fmt::Display| {
        documents
            .iter()
            .enumerate()
            .find_map(|(place, document)| access::misplaced(document, layer).map(|(at, why)| (place, at, why)))
            .map_or(Ok(()), |(place, at, why)| {
                let why = match why {
                    Misplaced::NamesPrincipals => "names principals, which only a resource's policy does",
                    Misplaced::NamesNobody => "has neither Principal nor NotPrincipal",
                    Misplaced::WithoutResource => "has neither Resource nor NotResource",
                    Misplaced::Allows => "allows something, which only AWS's own resource control policy does",
                };
                Err(format!("{name}[{place}]: Statement[{at}] {why}"))
            })
    };
    check(&asked.identity, Layer::Identity, &"identityPolicies")?;
    check(&asked.boundary, Layer::Boundary, &"permissionsBoundaries")?;
    check(&asked.session, Layer::Session, &"sessionPolicies")?;
    for (level, documents) in asked.service_control.iter().enumerate() {
        check(documents, Layer::ServiceControl(level), &format_args!("serviceControlPolicies[{level}]"))?;
    }
    for (level, documents) in asked.resource_control.iter().enumerate() {
        check(documents, Layer::ResourceControl(level), &format_args!("resourceControlPolicies[{level}]"))?;
    }
    check(asked.resource_policy.as_slice(), Layer::Resource, &"resourcePolicy")
}

/// Warns of principals that stand without their type.
fn warn_of_bare_principals(asked: &Asked<'_>, mut warn: impl FnMut(&str)) {
    let mut look = |document: &Document<'_>, name: &dyn fmt::Display| {
        for (place, statement) in document.statements.iter().enumerate() {
            let (Principals::Only(list) | Principals::AllBut(list)) = &statement.principals else {
                continue;
            };
            for principal in list {
                if let Principal::Bare(text) = principal {
                    warn(&format!("{name}: Statement[{place}]: the principal {0} is read as {{\"AWS\": {0}}}", quoted(text)));
                }
            }
        }
    };
    for (level, documents) in asked.resource_control.iter().enumerate() {
        for (place, document) in documents.iter().enumerate() {
            look(document, &format_args!("resourceControlPolicies[{level}][{place}]"));
        }
    }
    if let Some(document) = &asked.resource_policy {
        look(document, &"resourcePolicy");
    }
}

fn write_answer(id: Option<&RawValue>, bracket: &Bracket, out: &mut Vec<u8>) -> std::io::Result<()> {
    write!(out, "{{\"id\":{},", id.map_or("null", RawValue::get))?;
    write_members(&bracket.definite, out)?;
    if bracket.possible != bracket.definite {
        write!(out, ",\"possible\":{{")?;
        write_members(&bracket.possible, out)?;
        write!(out, "}}")?;
    }
    writeln!(out, "}}")
}

fn write_members(answer: &Answer, out: &mut Vec<u8>) -> std::io::Result<()> {
    write!(out, "\"decision\":\"{}\",\"decidedBy\":[", answer.verdict.name())?;
    for (place, deciding) in answer.decided_by.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        write!(out, "{comma}{{\"policy\":\"{}\",\"statement\":{}}}", deciding.policy(), deciding.statement)?;
    }
    write!(out, "]")
}

/// A line, borrowed as far as JSON lets it.
#[derive(Default)]
struct Asked<'a> {
    id: Option<&'a RawValue>,
    principal: Option<Cow<'a, str>>,
    action: Option<Cow<'a, str>>,
    resource: Option<Cow<'a, str>>,
    resource_account: Option<Cow<'a, str>>,
    context: Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)>,
    unknown: Vec<Cow<'a, str>>,
    identity: Vec<Document<'a>>,
    boundary: Vec<Document<'a>>,
    session: Vec<Document<'a>>,
    service_control: Vec<Vec<Document<'a>>>,
    resource_control: Vec<Vec<Document<'a>>>,
    resource_policy: Option<Document<'a>>,
}

const MEMBERS: [&str; 13] = [
    "id",
    "principal",
    "action",
    "resource",
    "resourceAccount",
    "context",
    "unknownContext",
    "identityPolicies",
    "permissionsBoundaries",
    "sessionPolicies",
    "serviceControlPolicies",
    "resourceControlPolicies",
    "resourcePolicy",
];

impl<'de: 'a, 'a> Deserialize<'de> for Asked<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AskedVisitor)
    }
}

struct AskedVisitor;

/// Text that is borrowed if it can be.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for AskedVisitor {
    type Value = Asked<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request, an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut asked = Asked::default();
        let mut seen = [false; MEMBERS.len()];
        while let Some(Text(name)) = members.next_key()? {
            let Some((known, given)) = MEMBERS.iter().zip(&mut seen).find(|(known, _)| **known == name) else {
                if let Some(meant) = meant(&name) {
                    return Err(Error::custom(format_args!("unknown member {}: did you mean {meant}?", quoted(&name))));
                }
                let _: IgnoredAny = members.next_value()?;
                continue;
            };
            if std::mem::replace(given, true) {
                return Err(Error::custom(format_args!("{known} is given twice")));
            }
            read(&mut asked, known, &mut members).map_err(|error: A::Error| Error::custom(format_args!("{known}: {error}")))?;
        }
        Ok(asked)
    }
}

/// The member whose name is so much like this one that a slip is likelier than a note: a policy left out for it would change the answer.
fn meant(name: &str) -> Option<&'static str> {
    let near = |known: &&str| known.len() > 2 && strsim::damerau_levenshtein(&name.to_ascii_lowercase(), &known.to_ascii_lowercase()) <= 3;
    MEMBERS.into_iter().find(near)
}

/// Reads one member; `null` is as good as absent.
fn read<'de, A: MapAccess<'de>>(asked: &mut Asked<'de>, name: &str, members: &mut A) -> Result<(), A::Error> {
    fn text<'de, A: MapAccess<'de>>(members: &mut A) -> Result<Option<Cow<'de, str>>, A::Error> {
        Ok(members.next_value::<Option<Text<'de>>>()?.map(|Text(text)| text))
    }
    match name {
        "id" => asked.id = Some(members.next_value()?),
        "principal" => asked.principal = members.next_value::<Option<Asking<'de>>>()?.map(|Asking(name)| name),
        "action" => asked.action = text(members)?,
        "resource" => asked.resource = text(members)?,
        "resourceAccount" => asked.resource_account = text(members)?,
        "context" => asked.context = members.next_value::<Option<Keys<'de>>>()?.map(|Keys(keys)| keys).unwrap_or_default(),
        "unknownContext" => asked.unknown = members.next_value::<Option<Texts<'de>>>()?.map(|Texts(keys)| keys).unwrap_or_default(),
        "identityPolicies" => asked.identity = members.next_value::<Option<_>>()?.unwrap_or_default(),
        "permissionsBoundaries" => asked.boundary = members.next_value::<Option<_>>()?.unwrap_or_default(),
        "sessionPolicies" => asked.session = members.next_value::<Option<_>>()?.unwrap_or_default(),
        "serviceControlPolicies" => asked.service_control = members.next_value::<Option<_>>()?.unwrap_or_default(),
        "resourceControlPolicies" => asked.resource_control = members.next_value::<Option<_>>()?.unwrap_or_default(),
        _ => asked.resource_policy = members.next_value()?,
    }
    Ok(())
}

/// Who asks: a text, or an object as a policy has it, such as `{"AWS": "*"}` for anybody.
struct Asking<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Asking<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AskingVisitor;

        impl<'de> Visitor<'de> for AskingVisitor {
            type Value = Asking<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a principal: text, or an object with one")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Asking(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Asking(Cow::Owned(text.to_owned())))
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                let PrincipalList(list) = PrincipalList::deserialize(MapAccessDeserializer::new(members))?;
                let count = list.len();
                match list.into_iter().next() {
                    Some(principal) if count == 1 => Ok(Asking(match principal {
                        Principal::Everyone => Cow::Borrowed("*"),
                        Principal::Aws(name)
                        | Principal::Bare(name)
                        | Principal::Service(name)
                        | Principal::Federated(name)
                        | Principal::CanonicalUser(name) => name,
                    })),
                    _ => Err(Error::custom(format_args!("{count} principals: expected one"))),
                }
            }
        }

        deserializer.deserialize_any(AskingVisitor)
    }
}

/// The condition keys: of each one value, or a list.
struct Keys<'a>(Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Keys<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor;

        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of condition keys")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut keys = Vec::new();
                while let Some(Text(key)) = members.next_key()? {
                    let Some(Texts(values)) = members.next_value::<Option<Texts<'de>>>()? else {
                        continue;
                    };
                    if values.iter().any(|value| value.len() > TEXT_MAX) {
                        return Err(Error::custom(format_args!("a value of {} has more than {TEXT_MAX} bytes", quoted(&key))));
                    }
                    keys.push((key, values));
                }
                Ok(Keys(keys))
            }
        }

        deserializer.deserialize_map(KeysVisitor)
    }
}
