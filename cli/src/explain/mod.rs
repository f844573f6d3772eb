//! `rescind explain`: what a user, group or role can do, and through what.

mod model;
mod tree;
mod trust;

use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::{env, io};

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, ValueEnum};
use policy::account::Account;
use policy::target::IdentityKind;
use policy::text::quoted;
use remedy::caller::CallerError;
use remedy::reading::account;

use self::model::Explanation;
use crate::live;

/// How like a name has to be to be offered instead (Jaro-Winkler similarity; 0.7 lets a letter or two differ in a short name).
const LIKE: f64 = 0.7;
/// Names that are offered.
const OFFERED: usize = 3;

/// Who is explained, from what, and how it is printed.
#[derive(Args)]
pub struct Arguments {
    /// What it is.
    kind: Kind,
    /// Its name; case does not count.
    name: String,
    /// Read what `aws iam get-account-authorization-details` printed, from a file or - for standard input, instead of the live account.
    #[arg(long)]
    from: Option<PathBuf>,
    /// Print one JSON document: `kind`, `name`, `arn`, `policies`, `groups`, `boundary`, `complete`, `can` (`definite` and `possible`), `adminBy`, `escalations`
    /// and `trust`.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    User,
    Role,
    Group,
}

/// Prints what the principal can do.
pub fn run(arguments: &Arguments, out: &mut impl Write) -> Result<()> {
    let kind = match arguments.kind {
        Kind::User => IdentityKind::User,
        Kind::Role => IdentityKind::Role,
        Kind::Group => IdentityKind::Group,
    };
    let json = match &arguments.from {
        Some(path) => crate::input::read(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => live::runtime()?.block_on(account::read(&live::caller()?.reader())).map_err(CallerError::from)?,
    };
    let account = Account::parse(&json).with_context(|| source(arguments.from.as_deref()))?;
    let holder = account.holder(kind, &arguments.name).ok_or_else(|| unknown(&account, kind, &arguments.name))?;
    let explanation = Explanation::of(&holder);
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&explanation)?)?;
    } else {
        // https://no-color.org: set, and not to nothing.
        let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        write!(out, "{}", tree::of(&explanation, wanted && io::stdout().is_terminal()))?;
    }
    Ok(())
}

fn source(from: Option<&Path>) -> String {
    from.map_or_else(|| "the live account".to_owned(), |path| path.display().to_string())
}

fn unknown(account: &Account<'_>, kind: IdentityKind, name: &str) -> anyhow::Error {
    let like = |known: &str| strsim::jaro_winkler(&known.to_lowercase(), &name.to_lowercase());
    let mut near: Vec<(f64, &str)> = account.names(kind).map(|known| (like(known), known)).filter(|(like, _)| *like >= LIKE).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let near: Vec<String> = near.iter().take(OFFERED).map(|(_, known)| quoted(known)).collect();
    let hint = if near.is_empty() { String::new() } else { format!("\n    help: did you mean {}?", near.join(", ")) };
    anyhow!("the account has no {} {}{hint}", kind.word(), quoted(name))
}

#[cfg(test)]
mod tests;
