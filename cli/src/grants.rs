//! `rescind grants`: what policy documents grant, and which statements grant it.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};
use chrono::Utc;
use policy::capability::{Capability, Grants, Holdings, Path as Escalation, Reason, RequestContext, Sure, why, why_path};
use policy::document::{Document, plain};
use policy::text::{said, shown};
use serde_json::{Value, json};

use crate::input;

/// Prints what each document grants, for people or as JSON; JSON lines if the input is JSON lines.
pub fn run(files: &[PathBuf], as_json: bool, out: &mut impl Write) -> Result<()> {
    let mut failed = 0;
    for file in files {
        let name = file.display().to_string();
        match input::read(file) {
            Ok(text) => failed += judge(&name, &text, files.len() > 1, as_json, out)?,
            Err(error) => {
                failed += 1;
                writeln!(out, "{}", failure(&name, &error.to_string(), as_json))?;
            }
        }
    }
    match failed {
        0 => Ok(()),
        1 => bail!("one document could not be read"),
        many => bail!("{many} documents could not be read"),
    }
}

/// One input: a document, or JSON lines of several. How many could not be read.
fn judge(name: &str, text: &str, several: bool, as_json: bool, out: &mut impl Write) -> Result<usize> {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let each_a_document = lines().nth(1).is_some() && lines().all(|line| serde_json::from_str::<Value>(line).is_ok());
    if !each_a_document {
        return one(name, text.trim(), several, as_json, out);
    }
    lines().enumerate().try_fold(0, |failed, (line, text)| {
        let (id, document) = labelled(text).unwrap_or_else(|| (json!(line + 1), text.to_owned()));
        let answer = answer(&document).map_or_else(|error| json!({ "id": id, "error": error }), |granted| joined(&id, granted));
        writeln!(out, "{answer}")?;
        Ok(failed + usize::from(answer.get("error").is_some()))
    })
}

/// `{"id": …, "document": …}`; the document as an object or as text.
fn labelled(line: &str) -> Option<(Value, String)> {
    let mut value: Value = serde_json::from_str(line).ok()?;
    let document = value.get_mut("document")?.take();
    let text = document.as_str().map_or_else(|| document.to_string(), ToOwned::to_owned);
    Some((value.get("id").cloned().unwrap_or_default(), text))
}

fn joined(id: &Value, mut granted: Value) -> Value {
    if let Some(members) = granted.as_object_mut() {
        members.insert("id".to_owned(), id.clone());
    }
    granted
}

fn failure(name: &str, error: &str, as_json: bool) -> String {
    if as_json { json!({ "id": name, "error": error }).to_string() } else { format!("{}: {}", shown(name), said(error)) }
}

fn one(name: &str, text: &str, several: bool, as_json: bool, out: &mut impl Write) -> Result<usize> {
    let read = plain(text).map_err(|error| error.to_string());
    let parsed = read.as_deref().map_err(Clone::clone).and_then(|text| Document::parse(text).map_err(|error| error.to_string()));
    match parsed {
        Ok(document) if as_json => writeln!(out, "{}", joined(&json!(name), as_value(&document)))?,
        Ok(document) => {
            if several {
                writeln!(out, "{}", shown(name))?;
            }
            write!(out, "{}", for_people(&document))?;
        }
        Err(error) => {
            writeln!(out, "{}", failure(name, &error, as_json))?;
            return Ok(1);
        }
    }
    Ok(0)
}

fn answer(text: &str) -> Result<Value, String> {
    let text = plain(text).map_err(|error| error.to_string())?;
    Document::parse(&text).map(|document| as_value(&document)).map_err(|error| error.to_string())
}

fn as_value(document: &Document<'_>) -> Value {
    let holdings = Holdings::one(document, now());
    let grants = Grants::of_principal(&holdings);
    let level = |sure| {
        let capabilities = grants
            .capabilities(sure)
            .map(|capability| json!({ "capability": capability.name(), "statements": places(&why(&holdings, capability)) }));
        let paths = grants.escalations(sure).map(
            |path| json!({ "id": path.id, "name": path.name, "requires": path.requires, "statements": places(&why_path(&holdings, path)) }),
        );
        json!({ "grants": capabilities.collect::<Vec<_>>(), "escalations": paths.collect::<Vec<_>>() })
    };
    json!({ "definite": level(Sure::Definite), "possible": level(Sure::Possible) })
}

/// Conditions on the time are judged by today.
fn now() -> RequestContext<'static> {
    RequestContext { at: Some(Utc::now()), ..RequestContext::default() }
}

fn places(reasons: &[Reason]) -> Vec<usize> {
    reasons.iter().map(|reason| reason.statement).collect()
}

/// The definite first; of the possible only what is not definite.
fn for_people(document: &Document<'_>) -> String {
    let holdings = Holdings::one(document, now());
    let grants = Grants::of_principal(&holdings);
    let certain: Vec<Capability> = grants.capabilities(Sure::Definite).collect();
    let may: Vec<Capability> = grants.capabilities(Sure::Possible).filter(|capability| !certain.contains(capability)).collect();
    let certain_paths: Vec<&Escalation> = grants.escalations(Sure::Definite).collect();
    let paths = grants.escalations(Sure::Possible).filter(|path| !certain_paths.iter().any(|certain| certain.id == path.id));
    let may_paths: Vec<&Escalation> = paths.collect();
    if certain.is_empty() && may.is_empty() {
        return "grants nothing that is dangerous of itself\n".to_owned();
    }
    let section = |title: &str, capabilities: &[Capability], paths: &[&Escalation]| {
        if capabilities.is_empty() && paths.is_empty() {
            return String::new();
        }
        let mut lines = vec![title.to_owned()];
        for capability in capabilities.iter().filter(|capability| **capability != Capability::Escalation) {
            lines.push(format!("  {:<24}{}", capability.name(), statements(document, &why(&holdings, *capability))));
        }
        for path in paths.iter().take(SHOWN) {
            lines.push(format!("  {:<24}{}: {}", "escalation", path.id, path.name));
            lines.push(format!("  {:<24}{}", "", statements(document, &why_path(&holdings, path))));
        }
        if let Some(more) = paths.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            lines.push(format!("  {:<24}and {more} more paths: see --json", ""));
        }
        lines.join("\n") + "\n"
    };
    section("grants for certain", &certain, &certain_paths)
        + &section("may grant, depending on conditions or on the resource", &may, &may_paths)
}

/// As many paths as a person reads.
const SHOWN: usize = 5;

fn statements(document: &Document<'_>, reasons: &[Reason]) -> String {
    let named = reasons.iter().map(|reason| {
        let sid = document.statements.get(reason.statement).and_then(|statement| statement.sid.as_deref()).filter(|sid| !sid.is_empty());
        sid.map_or_else(|| format!("statement {}", reason.statement), |sid| format!("statement {} ({})", reason.statement, shown(sid)))
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() { "the policy is open to everyone".to_owned() } else { format!("by {}", named.join(", ")) }
}
