//! `rescind describe`: a rulebook as a document for people.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use policy::guardrail::{EXEMPTIONS_FILE, Exemption, Guardrail, Mode, SCHEMA_FILE, Source};
use policy::remedy::Remedy;
use policy::{Action, watch};
use serde_json::{Value, json};

use crate::controls;

/// What a comment says about enforcing a guardrail begins so.
const FIRST_DAY: &str = "First day: ";

/// Which rulebook.
#[derive(Args)]
pub struct Arguments {
    /// The rulebook's folder.
    #[arg(default_value = "guardrails")]
    dir: PathBuf,
    /// Print one JSON document: `guardrails` and `exemptions`, each as its annotations say, with its `file` and `comment`.
    #[arg(long)]
    json: bool,
    /// Print every call and finding that Rescind knows instead, each with the function that reports it, the remedies that can answer it, and the
    /// guardrails that could forbid it.
    #[arg(long)]
    calls: bool,
}

/// Prints the rulebook, for people or as JSON.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    if arguments.calls {
        return calls(&arguments.dir, arguments.json, out);
    }
    if arguments.json { as_json(&arguments.dir, out) } else { markdown(&arguments.dir, out) }
}

/// Prints what Rescind knows of each call.
fn calls(dir: &Path, json: bool, out: &mut impl Write) -> Result<()> {
    let rulebook = rulebook::load(dir)?;
    if json {
        let described = Action::all().map(|action| {
            let row = watch::row(action.name);
            json!({
                "action": action.name,
                "source": action.source,
                "function": action.reporter,
                "remedies": action.remedies,
                "reported": row.is_some(),
                "severity": row.and_then(|row| row.severity),
                "guardrails": on(&rulebook, action),
                "parts": Action::several().filter(|(_, part)| *part == action).map(|(call, _)| call).collect::<Vec<_>>(),
            })
        });
        return Ok(writeln!(out, "{:#}", Value::Array(described.collect()))?);
    }
    for action in Action::all() {
        let remedies: Vec<&str> = action.remedies.iter().map(|remedy| remedy.name()).collect();
        writeln!(out, "{}  {}  {}  {}", action.name, action.reporter, remedies.join(", "), on(&rulebook, action).join(", "))?;
    }
    Ok(())
}

/// The guardrails that could forbid an action, by their ids.
fn on<'a>(rulebook: &'a policy::Rulebook, action: &Action) -> Vec<&'a str> {
    rulebook.guardrails_on(action).iter().map(|guardrail| &*guardrail.id).collect()
}

fn as_json(dir: &Path, out: &mut impl Write) -> Result<()> {
    let rulebook = rulebook::load(dir)?;
    let sources = rulebook::read(dir)?;
    let placed: Vec<(&str, Block)> =
        sources.iter().flat_map(|source| blocks(source).into_iter().map(|block| (source.file_name(), block))).collect();
    let described = |mut said: Value, id: &str, is_exemption: bool| {
        let found = placed.iter().find(|(file, block)| block.id.as_deref() == Some(id) && (*file == EXEMPTIONS_FILE) == is_exemption);
        if let (Some(members), Some((file, block))) = (said.as_object_mut(), found) {
            members.insert("file".to_owned(), json!(file));
            members.insert("comment".to_owned(), json!(block.comment));
        }
        said
    };
    let guardrails: Vec<Value> = rulebook.guardrails().map(|guardrail| described(json!(guardrail), &guardrail.id, false)).collect();
    let exemptions: Vec<Value> = rulebook.exemptions().map(|exemption| described(json!(exemption), &exemption.id, true)).collect();
    Ok(writeln!(out, "{:#}", json!({ "guardrails": guardrails, "exemptions": exemptions }))?)
}

/// Prints the rulebook as Markdown: what each guardrail forbids, why, what answers it, and whether it can be enforced on the first day.
fn markdown(dir: &Path, out: &mut impl Write) -> Result<()> {
    let rulebook = rulebook::load(dir)?;
    let sources = rulebook::read(dir)?;
    let guardrails: BTreeMap<&str, &Guardrail> = rulebook.guardrails().map(|guardrail| (&*guardrail.id, guardrail)).collect();
    let exemptions: BTreeMap<&str, &Exemption> = rulebook.exemptions().map(|exemption| (&*exemption.id, exemption)).collect();
    writeln!(out, "# The rulebook\n")?;
    writeln!(
        out,
        "`rescind describe` writes this document from the rulebook's files: their comments, and what each policy says of itself.\n"
    )?;
    for source in sources.iter().filter(|source| source.file_name() != SCHEMA_FILE) {
        writeln!(out, "## {}\n", source.file_name())?;
        for block in blocks(source) {
            let comment = block.comment.as_str();
            match block.id {
                None => writeln!(out, "{comment}\n")?,
                Some(id) if source.file_name() == EXEMPTIONS_FILE => {
                    if let Some(exemption) = exemptions.get(&*id) {
                        exempt(exemption, comment, out)?;
                    }
                }
                Some(id) => {
                    if let Some(guardrail) = guardrails.get(&*id) {
                        forbid(guardrail, comment, out)?;
                    }
                }
            }
        }
    }
    let named = guardrails.values().flat_map(|guardrail| &guardrail.controls);
    let titled: BTreeMap<&str, &str> = named.filter_map(|id| Some((&**id, controls::title(id)?))).collect();
    if !titled.is_empty() {
        writeln!(out, "## Controls\n\n| | |\n|---|---|")?;
        for (id, title) in titled {
            writeln!(out, "| {id} | {title} |")?;
        }
    }
    Ok(())
}

fn forbid(guardrail: &Guardrail, comment: &str, out: &mut impl Write) -> Result<()> {
    let Guardrail { id, severity, remedies, controls, description, .. } = guardrail;
    let remedies: Vec<&str> = remedies.iter().copied().map(Remedy::name).collect();
    let answer = match (remedies.is_empty(), guardrail.mode) {
        (true, _) => "reported".to_owned(),
        (false, Mode::Enforce) => remedies.join(", "),
        (false, Mode::Observe) => format!("observed; without `@mode`: {}", remedies.join(", ")),
    };
    writeln!(out, "### {id}\n")?;
    if let Some(description) = description {
        writeln!(out, "{description}.\n")?;
    }
    let (why, first_day) = comment.split_once(FIRST_DAY).unwrap_or((comment, ""));
    if !why.is_empty() {
        writeln!(out, "{}\n", why.trim_end())?;
    }
    writeln!(out, "- severity: {}\n- answer: {answer}", severity.name())?;
    if !first_day.is_empty() {
        writeln!(out, "- on the first day: {first_day}")?;
    }
    if !controls.is_empty() {
        writeln!(out, "- controls: {}", controls.join(", "))?;
    }
    Ok(writeln!(out)?)
}

fn exempt(Exemption { id, owner, reason, until }: &Exemption, comment: &str, out: &mut impl Write) -> Result<()> {
    writeln!(out, "### {id}\n\n{comment}\n")?;
    Ok(writeln!(out, "- reason: {reason}\n- owner: {owner}\n- until: {until}\n")?)
}

/// A part of a file between blank lines: a policy with its comment, or a comment alone.
struct Block {
    /// Of the policy.
    id: Option<String>,
    /// In one paragraph.
    comment: String,
}

fn blocks(source: &Source) -> Vec<Block> {
    let mut blocks = Vec::new();
    for part in source.text.split("\n\n") {
        let comment = part.lines().map_while(|line| line.strip_prefix("//")).map(str::trim).collect::<Vec<_>>().join(" ");
        let id = part.lines().find_map(|line| line.strip_prefix("@id(\"")?.strip_suffix("\")")).map(str::to_owned);
        if id.is_some() || !comment.is_empty() {
            blocks.push(Block { id, comment });
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> (String, Vec<Source>, policy::Rulebook) {
        let dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../guardrails"));
        let mut out = Vec::new();
        markdown(dir, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), rulebook::read(dir).unwrap(), rulebook::load(dir).unwrap())
    }

    #[test]
    fn the_document_of_the_shipped_rulebook_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rulebook.md");
        let (document, ..) = shipped();
        if std::env::var_os("UPDATE_RULEBOOK").is_some() {
            std::fs::write(path, &document).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == document, "docs/rulebook.md is not what `rescind describe` writes: UPDATE_RULEBOOK=1 writes it");
    }

    #[test]
    fn every_shipped_guardrail_says_why_and_whether_it_can_be_enforced_on_the_first_day() {
        let (_, sources, rulebook) = shipped();
        let comments: BTreeMap<String, String> =
            sources.iter().flat_map(blocks).filter_map(|block| Some((block.id?, block.comment))).collect();
        for guardrail in rulebook.guardrails() {
            let comment = comments.get(&guardrail.id).map_or("", String::as_str);
            let (why, first_day) = comment.split_once(FIRST_DAY).unwrap_or_default();
            let acts = !guardrail.remedies.is_empty() && guardrail.mode == Mode::Enforce;
            assert!(!why.is_empty() && !first_day.is_empty(), "{}: {comment}", guardrail.id);
            assert_eq!(first_day.starts_with("yes"), acts, "{}: {first_day}", guardrail.id);
        }
    }

    #[test]
    fn every_control_that_the_shipped_rulebook_names_has_its_title() {
        let (document, _, rulebook) = shipped();
        for control in rulebook.guardrails().flat_map(|guardrail| &guardrail.controls) {
            assert!(document.contains(&format!("| {control} | {} |", controls::title(control).unwrap_or(""))), "{control}");
        }
    }

    #[test]
    fn every_policy_is_described() {
        let (document, _, rulebook) = shipped();
        let ids = rulebook.guardrails().map(|guardrail| &guardrail.id).chain(rulebook.exemptions().map(|exemption| &exemption.id));
        for id in ids {
            assert!(document.contains(&format!("### {id}\n")), "{id}");
        }
    }
}
