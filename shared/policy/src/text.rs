//! Text that an attacker may have written, made fit to be shown.
//!
//! Names, ARNs, user agents and error messages reach a terminal, a mail and a chat. Three things must not happen there: markup or
//! a mention takes effect, a link comes to life, the order of the letters lies (right-to-left overrides). One rule serves all three
//! places: what is not plain printable ASCII, or could begin markup, is written as its code point.

use std::fmt::Write as _;

/// Longest piece of foreign text in a message, in characters.
const SHOWN_MAX: usize = 256;

/// `text` fit for a terminal, a mail or a chat message, cut after 256 characters.
///
/// ```
/// assert_eq!(policy::text::shown("polsen"), "polsen");
/// assert_eq!(policy::text::shown("<!channel>\u{202e}"), "\\u{3c}!channel\\u{3e}\\u{202e}");
/// ```
#[must_use]
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(SHOWN_MAX));
    let mut chars = text.chars();
    let mut before = [' ', ' '];
    for c in chars.by_ref().take(SHOWN_MAX) {
        // The second slash of `://` and the dot of `www.` are what mail readers turn into links.
        let begins_link = (c == '/' && before == [':', '/']) || (c == '.' && before.map(|c| c.to_ascii_lowercase()) == ['w', 'w']);
        let inert = (c.is_ascii_graphic() || c == ' ') && !"<>&`|*\\".contains(c);
        if inert && !begins_link {
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

/// `text` as one word of a POSIX-like shell (bash, zsh, ksh), inert as markup too.
///
/// IAM allows every printable ASCII character in a path, the shell's own among them.
///
/// ```
/// assert_eq!(policy::text::shell_word("arn:aws:iam::aws:policy/Billing"), "arn:aws:iam::aws:policy/Billing");
/// assert_eq!(policy::text::shell_word("a;b<c"), "$'a\\x3bb\\x3cc'");
/// ```
#[must_use]
pub fn shell_word(text: &str) -> String {
    let escaped = escaped(text, b"");
    if !text.is_empty() && escaped == text { escaped } else { format!("$'{escaped}'") }
}

/// A policy document as one word of such a shell. What quotes keep stands as it is, so that a person can read the document.
///
/// ```
/// assert_eq!(policy::text::shell_document(r#"{"Action": "*"}"#), r#"'{"Action": "*"}'"#);
/// assert_eq!(policy::text::shell_document("{\n}"), "$'{\\x0a}'");
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

    proptest! {
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
