//! Text that an attacker may have written, made fit to be shown.
//!
//! Names, ARNs, user agents and error messages reach a terminal, a mail and a chat. Four things must not happen there: markup or
//! a mention takes effect, a link comes to life, the order of the letters lies (right-to-left overrides), foreign text reads as Rescind's own
//! words. One rule serves all three places: what is not plain printable ASCII, or could begin markup, is written as its code point, and whatever
//! is more than one plain word stands between double quotes.

use std::fmt::{Display, Write as _};

/// Longest piece of foreign text in a message, in characters.
const SHOWN_MAX: usize = 256;
/// Longest message that is made safe as a whole, in characters.
const SAID_MAX: usize = 1024;

/// `text` fit for a terminal, a mail or a chat message, cut after 256 characters.
///
/// ```
/// assert_eq!(grants::text::shown("polsen"), "polsen");
/// assert_eq!(grants::text::shown("<!channel>\u{202e}"), "\\u{3c}!channel\\u{3e}\\u{202e}");
/// ```
#[must_use]
pub fn shown(text: &str) -> String {
    inert(text, "<>&`|*\\", "", SHOWN_MAX)
}

/// The first `max` characters of `text`, with everything as its code point that is neither plain ASCII nor `plain`, begins a link, or is among
/// the `live`.
fn inert(text: &str, live: &str, plain: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    let mut chars = text.chars();
    let mut before = [' ', ' '];
    for c in chars.by_ref().take(max) {
        // The second slash of `://` and the dot of `www.` are what mail readers turn into links.
        let begins_link = (c == '/' && before == [':', '/']) || (c == '.' && before.map(|c| c.to_ascii_lowercase()) == ['w', 'w']);
        let stands = plain.contains(c) || ((c.is_ascii_graphic() || c == ' ') && !live.contains(c));
        if stands && !begins_link {
            out.push(c);
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        before = [before[1], c];
    }
    let rest = chars.count();
    if rest > 0 {
        let _ = write!(out, "… ({rest} more characters)");
    }
    out
}

/// `text` as [`shown`], between back-quotes: how input is named in an error message.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("`{}`", shown(text))
}

/// Foreign `text` in a sentence of Rescind's own, such as a user agent: as [`shown`], between double quotes that nothing in it can close.
///
/// ```
/// assert_eq!(grants::text::speech("aws-cli/2.15, with MFA"), "\"aws-cli/2.15, with MFA\"");
/// assert_eq!(grants::text::speech("a\" b"), "\"a\\u{22} b\"");
/// ```
#[must_use]
pub fn speech(text: &str) -> String {
    format!("\"{}\"", shown(text).replace('"', "\\u{22}"))
}

/// A foreign name, ARN or code in a sentence of Rescind's own: as it stands if it is one plain word that cannot pass for a sentence, as
/// [`speech`] otherwise.
///
/// ```
/// assert_eq!(grants::text::name("arn:aws:iam::123456789012:user/team/polsen"), "arn:aws:iam::123456789012:user/team/polsen");
/// assert_eq!(grants::text::name("polsen, an administrator"), "\"polsen, an administrator\"");
/// ```
#[must_use]
pub fn name(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+=.@_-/:".contains(c);
    let shown = shown(text);
    if !text.is_empty() && shown.chars().all(plain) { shown } else { speech(text) }
}

/// The first `most` names, and how many more there are.
///
/// ```
/// assert_eq!(grants::text::few(["polsen", "mallory", "deployer"], 2), "polsen, mallory and 1 more");
/// ```
#[must_use]
pub fn few<T: Display>(names: impl IntoIterator<Item = T>, most: usize) -> String {
    let mut names = names.into_iter();
    let first: Vec<String> = names.by_ref().take(most).map(|name| name.to_string()).collect();
    let first = first.join(", ");
    match names.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// A message of Rescind's own or of a library, made safe once more: foreign text in it may already be [`shown`], [`quoted`] or [`speech`], and
/// stays as it is. Cut after 1,024 characters.
///
/// ```
/// use grants::text::{quoted, said};
/// assert_eq!(said(&format!("{} is no action", quoted("<b>"))), "`\\u{3c}b\\u{3e}` is no action");
/// ```
#[must_use]
pub fn said(text: &str) -> String {
    inert(text, "<>&|*", "…", SAID_MAX)
}

/// An error with its causes, each of them once: the message of an error often holds its cause's.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            // Writing to a String does not fail.
            let _ = write!(text, ": {words}");
        }
        source = cause.source();
    }
    text
}

/// `text` as one word of a POSIX-like shell (bash, zsh, ksh), inert as markup too.
///
/// IAM allows every printable ASCII character in a path, the shell's own among them.
///
/// ```
/// assert_eq!(grants::text::shell_word("arn:aws:iam::aws:policy/Billing"), "arn:aws:iam::aws:policy/Billing");
/// assert_eq!(grants::text::shell_word("a;b<c"), "$'a\\x3bb\\x3cc'");
/// ```
#[must_use]
pub fn shell_word(text: &str) -> String {
    let escaped = escaped(text, b"");
    if !text.is_empty() && escaped == text { escaped } else { format!("$'{escaped}'") }
}

/// A policy document as one word of such a shell. What quotes keep stands as it is, so that a person can read the document.
///
/// ```
/// assert_eq!(grants::text::shell_document(r#"{"Action": "*"}"#), r#"'{"Action": "*"}'"#);
/// assert_eq!(grants::text::shell_document("{\n}"), "$'{\\x0a}'");
/// ```
#[must_use]
pub fn shell_document(text: &str) -> String {
    let escaped = escaped(text, b" {}[]\":*");
    if escaped == text { format!("'{escaped}'") } else { format!("$'{escaped}'") }
}

/// `text` for `$'…'`: letters, digits and what IAM's names are made of stand as they are, and so does what else is `plain`.
fn escaped(text: &str, plain: &[u8]) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let stands = byte.is_ascii_alphanumeric() || b"_+=,.@/:-".contains(&byte) || plain.contains(&byte);
        // Two slashes or `www.` make a link.
        let links = (byte == b'/' && out.ends_with('/'))
            || (byte == b'.' && out.get(out.len().saturating_sub(3)..).is_some_and(|end| end.eq_ignore_ascii_case("www")));
        if stands && !links {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// The first `max` bytes of `text`, cut between characters, with a mark that says so.
#[must_use]
pub fn bounded(text: String, max: usize) -> String {
    if text.len() <= max {
        return text;
    }
    let cut = text.floor_char_boundary(max);
    let mut out = text.get(..cut).unwrap_or_default().to_owned();
    let _ = write!(out, "… ({} more bytes)", text.len() - cut);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_mentions_and_links_are_inert() {
        let shown = shown("<b>hi</b> <!channel> https://evil.example www.evil.example `x` \u{1b}[31m\u{202e}");
        for live in ["<", ">", "://", "www.", "`", "\u{1b}", "\u{202e}"] {
            assert!(!shown.contains(live), "{live:?} in {shown}");
        }
    }

    #[test]
    fn a_megabyte_is_cut() {
        assert!(shown(&"a".repeat(1 << 20)).len() < 400);
        assert!(bounded("ä".repeat(1 << 20), 101).len() < 200);
    }

    #[test]
    fn a_cause_is_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read the case: {0}")]
        struct Holds(#[from] std::fmt::Error);
        #[derive(Debug, thiserror::Error)]
        #[error("nothing was done")]
        struct Lacks(#[from] Holds);
        assert_eq!(
            chain(&Lacks(Holds(std::fmt::Error))),
            "nothing was done: cannot read the case: an error occurred when formatting an argument"
        );
    }

    proptest! {
        #[test]
        fn nothing_closes_the_quotes_that_it_stands_in(text in any::<String>()) {
            let speech = speech(&text);
            prop_assert_eq!(speech.matches('"').count(), 2);
            prop_assert!(speech.starts_with('"') && speech.ends_with('"'));
            prop_assert!(name(&text) == speech || !name(&text).contains([' ', ',', ';', '"']));
        }

        #[test]
        fn what_is_shown_once_is_not_escaped_twice(text in any::<String>()) {
            for once in [quoted(&text), speech(&text), name(&text)] {
                prop_assert_eq!(said(&once), once);
            }
        }

        #[test]
        fn a_message_made_safe_is_printable(text in any::<String>()) {
            let said = said(&text);
            prop_assert!(said.chars().all(|c| c == '…' || c == ' ' || c.is_ascii_graphic()));
            prop_assert!(!said.contains("://") && !said.contains('<'));
        }

        #[test]
        fn whatever_is_shown_is_printable(text in any::<String>()) {
            let shown = shown(&text);
            prop_assert!(shown.chars().all(|c| c == '…' || c == ' ' || c.is_ascii_graphic()));
            prop_assert!(!shown.contains("://") && !shown.contains('<'));
        }

        #[test]
        fn a_shell_reads_the_word_back(text in "[ -~]{1,60}") {
            let word = shell_word(&text);
            let said = std::process::Command::new("bash").arg("-c").arg(format!("printf %s {word}")).output().unwrap();
            prop_assert_eq!(String::from_utf8(said.stdout).unwrap(), text);
        }
    }
}
