//! The text of a rulebook, and what is wrong with it: where, what, and what was intended.

use std::fmt;

use miette::Diagnostic;

/// One file of a rulebook.
#[derive(Clone, Debug)]
pub struct Source {
    /// As it is named in messages: a path.
    pub name: String,
    /// Its whole text.
    pub text: String,
}

impl Source {
    /// The file's own name, without its folder.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it holds the text of a required policy, not rules.
    pub(super) fn is_text_of_a_guard(&self) -> bool {
        self.name.rsplit_once('.').is_some_and(|(_, extension)| extension == "json")
    }

    pub(super) fn flaw(&self, offset: usize, message: impl Into<String>) -> Flaw {
        let before = self.text.get(..offset.min(self.text.len())).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Flaw {
            file: self.name.clone(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message: message.into(),
            help: None,
        }
    }

    /// A finding of Cedar's own, at the place it labels.
    pub(super) fn diagnostic(&self, found: &dyn Diagnostic) -> Flaw {
        let label = found.labels().and_then(|mut labels| labels.next());
        let detail = label.as_ref().and_then(|label| label.label());
        // Cedar names a policy by its number in the file; its place says more.
        let said = found.to_string();
        let said = said.strip_prefix("for policy `").and_then(|rest| rest.split_once("`, ")).map_or(said.as_str(), |(_, rest)| rest);
        let message = detail.map_or_else(|| said.to_owned(), |detail| format!("{said}: {detail}"));
        Flaw { help: found.help().map(|help| help.to_string()), ..self.flaw(label.map_or(0, |label| label.offset()), message) }
    }
}

/// One thing that is wrong with a rulebook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Flaw {
    /// The file, as its [`Source`] names it.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What was probably intended, or what to do.
    pub help: Option<String>,
}

impl Flaw {
    pub(super) fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, help } = self;
        write!(f, "{file}:{line}:{column}: {message}")?;
        help.iter().try_for_each(|help| write!(f, "\n    help: {help}"))
    }
}

/// `did you mean …?`, where one of the `known` words is close enough to what was written.
pub(super) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let closest = known
        .clone()
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(written, word), word))
        .filter(|(distance, word)| *distance <= word.len().div_ceil(3))
        .min();
    closest.map_or_else(
        || format!("expected one of {}", known.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")),
        |(_, word)| format!("did you mean `{word}`?"),
    )
}
