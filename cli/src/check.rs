//! `rescind check`: what is wrong with a rulebook.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use chrono::Utc;
use clap::Args;
use policy::guardrail::Flaw;
use rulebook::{CheckError, Flaws, RulebookError};
use serde_json::{Value, json};

/// Which rulebook.
#[derive(Args)]
pub struct Arguments {
    /// The rulebook's folder.
    #[arg(default_value = "guardrails")]
    dir: PathBuf,
    /// Print one JSON document: `valid`, and either `problems` (each with `file`, `line`, `column`, `message`, `help`), or how many `guardrails` and
    /// `exemptions` there are, and which exemptions are `ending` (each with `id`, `owner`, `reason`, `until`, `daysLeft`).
    #[arg(long)]
    json: bool,
}

/// Reports that the rulebook is valid and which exemptions have ended or will soon, or fails with everything that is wrong.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let (dir, now) = (&arguments.dir, Utc::now());
    if !arguments.json {
        return Ok(rulebook::check(dir, now, out)?);
    }
    match rulebook::load(dir) {
        Ok(rulebook) => {
            let ending = rulebook.ending(now);
            let ending = ending.iter().map(|ending| {
                let mut said = json!(ending.exemption);
                if let Some(members) = said.as_object_mut() {
                    members.insert("daysLeft".to_owned(), json!(ending.days_left));
                }
                said
            });
            let ending: Vec<Value> = ending.collect();
            let (guardrails, exemptions) = (rulebook.guardrail_count(), rulebook.exemption_count());
            let document = json!({ "valid": true, "guardrails": guardrails, "exemptions": exemptions, "ending": ending });
            Ok(writeln!(out, "{document:#}")?)
        }
        Err(RulebookError::Invalid(Flaws(flaws))) => {
            let problems: Vec<Value> = flaws.iter().map(problem).collect();
            writeln!(out, "{:#}", json!({ "valid": false, "problems": problems }))?;
            Err(CheckError::Invalid { dir: dir.clone(), flaws: Flaws(flaws) }.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn problem(Flaw { file, line, column, message, help }: &Flaw) -> Value {
    json!({ "file": file, "line": line, "column": column, "message": message, "help": help })
}
