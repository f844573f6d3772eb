//! IAM's wildcards: `*` for any text, `?` for any one character.
//!
//! Patterns are attacker-written, so nothing here backtracks further than the last `*`, and nothing recurses.

/// Whether the text is one that the pattern names, letter by letter.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    glob(pattern.as_bytes(), text.as_bytes(), |pattern, text| pattern == text)
}

/// Whether the text is one that the pattern names, without regard to the case of ASCII letters, as IAM compares actions.
#[must_use]
pub fn matches_ignore_case(pattern: &str, text: &str) -> bool {
    glob(pattern.as_bytes(), text.as_bytes(), |pattern, text| pattern.eq_ignore_ascii_case(&text))
}

/// A `*` of the text itself in a pattern for [`matches_filled`], where `*` would be the wildcard. No byte of UTF-8 is this one.
pub(crate) const LITERAL_STAR: u8 = 0xFE;
/// A `?` of the text itself, likewise.
pub(crate) const LITERAL_QUESTION_MARK: u8 = 0xFF;

/// The byte that a pattern's byte stands for.
pub(crate) const fn plain_byte(byte: u8) -> u8 {
    match byte {
        LITERAL_STAR => b'*',
        LITERAL_QUESTION_MARK => b'?',
        other => other,
    }
}

/// As [`matches`], with a pattern in which some stars and question marks are letters.
pub(crate) fn matches_filled(pattern: &[u8], text: &str) -> bool {
    glob(pattern, text.as_bytes(), |pattern, text| plain_byte(pattern) == text)
}

/// The two-pointer match: on a mismatch the last `*` takes one byte more, and no earlier one is tried again.
fn glob(pattern: &[u8], text: &[u8], same: impl Fn(u8, u8) -> bool) -> bool {
    // Most pairs differ in their last letter already.
    if let (Some(&wanted), Some(&last)) = (pattern.last(), text.last())
        && !is_wild(wanted)
        && !same(wanted, last)
    {
        return false;
    }
    // Nor can a pattern with more letters than the text: this keeps a hostile one from being tried at every place.
    if pattern.len() > text.len() && pattern.iter().filter(|byte| !is_wild(**byte)).count() > text.len() {
        return false;
    }
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(read) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(b'?') => {
                at += 1;
                read += width(byte);
            }
            Some(&wanted) if same(wanted, byte) => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((before, taken)) = star else {
                    return false;
                };
                let taken = taken + text.get(taken).map_or(1, |byte| width(*byte));
                star = Some((before, taken));
                (at, read) = (before + 1, taken);
            }
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

/// The bytes of the UTF-8 character that begins so: `?` stands for a character.
const fn width(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0..0xF0 => 3,
        0xC0..0xE0 => 2,
        _ => 1,
    }
}

/// Whether there is a text that both patterns name, without regard to case.
#[must_use]
pub fn overlaps(a: &str, b: &str) -> bool {
    if !b.contains(['*', '?']) {
        return matches_ignore_case(a, b);
    }
    if !a.contains(['*', '?']) {
        return matches_ignore_case(b, a);
    }
    // What stands before the first wildcards, and after the last, must agree; for most pairs that settles it.
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if !ends_agree(a.iter(), b.iter()) || !ends_agree(a.iter().rev(), b.iter().rev()) {
        return false;
    }
    // Row by row: after `i` bytes of `a`, the places in `b` that some common text can have reached.
    let mut row = vec![false; b.len() + 1];
    if let Some(start) = row.first_mut() {
        *start = true;
    }
    skip_stars(&mut row, b);
    for &byte in a {
        let mut next = vec![false; b.len() + 1];
        for (place, _) in row.iter().enumerate().filter(|(_, reached)| **reached) {
            let step = b.get(place).copied();
            if byte == b'*' {
                // `*` stands for nothing, or swallows the rest of `b` piece by piece.
                next.iter_mut().skip(place).for_each(|reached| *reached = true);
                break;
            }
            let target = match step {
                Some(b'*') => Some(place),
                Some(b'?') => Some(place + 1),
                Some(other) if byte == b'?' || other.eq_ignore_ascii_case(&byte) => Some(place + 1),
                _ => None,
            };
            if let Some(reached) = target.and_then(|target| next.get_mut(target)) {
                *reached = true;
            }
        }
        skip_stars(&mut next, b);
        row = next;
    }
    row.last().copied().unwrap_or(false)
}

/// A `*` in `b` may stand for nothing.
fn skip_stars(row: &mut [bool], b: &[u8]) {
    for place in 0..b.len() {
        if b.get(place) == Some(&b'*')
            && row.get(place) == Some(&true)
            && let Some(after) = row.get_mut(place + 1)
        {
            *after = true;
        }
    }
}

/// Whether two patterns agree up to the first wildcard in either.
fn ends_agree<'a>(a: impl Iterator<Item = &'a u8>, b: impl Iterator<Item = &'a u8>) -> bool {
    a.zip(b).take_while(|(a, b)| !is_wild(**a) && !is_wild(**b)).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

const fn is_wild(byte: u8) -> bool {
    matches!(byte, b'*' | b'?')
}

/// Whether it is proven that the first pattern names every text that the second names, without regard to case.
///
/// The second is read as a text in which a wildcard is a letter of its own: `*` is met only by `*`, and `?` by `*` or `?`.
#[must_use]
pub fn covers(a: &str, b: &str) -> bool {
    glob(a.as_bytes(), b.as_bytes(), |wanted, byte| !is_wild(byte) && wanted.eq_ignore_ascii_case(&byte)) && !leans_on_a_star(a, b)
}

/// As [`covers`], letter by letter, as IAM compares resources. It proves less: nothing if a `?` of the first could stand for a `*` of the second.
#[must_use]
pub fn covers_exactly(a: &str, b: &str) -> bool {
    glob(a.as_bytes(), b.as_bytes(), |wanted, byte| !is_wild(byte) && wanted == byte) && !(a.contains('?') && b.contains('*'))
}

/// Whether the match of `covers` had to let a `?` of the first stand for a `*` of the second, which may stand for nothing.
fn leans_on_a_star(a: &str, b: &str) -> bool {
    a.contains('?') && b.contains('*') && !covers_strictly(a.as_bytes(), b.as_bytes())
}

/// As `glob`, where `?` refuses `*`. Kept apart because the plain match is what nearly every pair takes.
fn covers_strictly(a: &[u8], b: &[u8]) -> bool {
    let mut row = vec![false; a.len() + 1];
    if let Some(start) = row.first_mut() {
        *start = true;
    }
    skip_stars(&mut row, a);
    for &byte in b {
        let mut next = vec![false; a.len() + 1];
        for (place, _) in row.iter().enumerate().filter(|(_, reached)| **reached) {
            let target = match a.get(place) {
                Some(b'*') => Some(place),
                Some(b'?') if byte != b'*' => Some(place + 1),
                Some(wanted) if !is_wild(*wanted) && !is_wild(byte) && wanted.eq_ignore_ascii_case(&byte) => Some(place + 1),
                _ => None,
            };
            if let Some(reached) = target.and_then(|target| next.get_mut(target)) {
                *reached = true;
            }
        }
        skip_stars(&mut next, a);
        row = next;
    }
    row.last().copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_any_text_and_none() {
        assert!(matches("s3:*", "s3:") && matches("*", "") && matches("a*c", "ac") && matches("a*b*c", "a-b-b-c"));
        assert!(!matches("a*b*c", "a-b-b-d"));
    }

    #[test]
    fn a_question_mark_stands_for_one_character_of_any_width() {
        assert!(matches("i?m:x", "iam:x") && matches("?", "é") && matches("*?", "日本"));
        assert!(!matches("?", "") && !matches("?", "ab"));
    }

    #[test]
    fn the_case_of_letters_counts_only_where_it_is_asked() {
        assert!(!matches("IAM:Pass*", "iam:PassRole") && matches_ignore_case("IAM:pass*", "iam:PassRole"));
    }

    #[test]
    fn patterns_overlap_where_one_text_fits_both() {
        for (a, b) in [("iam:Attach*", "iam:*Policy"), ("i?m:*", "iam:Put*"), ("*a", "b*"), ("a?c", "ab*"), ("a*", "A"), ("*", "*")] {
            assert!(overlaps(a, b) && overlaps(b, a), "{a} {b}");
        }
        for (a, b) in [("iam:*", "s3:*"), ("a?", "a"), ("*a", "*b"), ("ab*", "?c*"), ("a??", "a?")] {
            assert!(!overlaps(a, b) && !overlaps(b, a), "{a} {b}");
        }
    }

    #[test]
    fn a_pattern_covers_what_it_names_whole() {
        for (a, b) in [("*", "iam:*"), ("iam:*", "iam:Put*"), ("i?m:*", "iam:?ut*"), ("*:*", "*:*"), ("a*", "a?*")] {
            assert!(covers(a, b), "{a} {b}");
        }
        for (a, b) in [("iam:Put*", "iam:*"), ("?*", "*"), ("a?", "a*"), ("iam:?*", "iam:*"), ("iam:a", "iam:?")] {
            assert!(!covers(a, b), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn what_is_covered_is_matched_and_what_both_match_overlaps(a in "[ab*?]{0,6}", b in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            let (by_a, by_b) = (matches(&a, &text), matches(&b, &text));
            prop_assert!(!(covers(&a, &b) && by_b) || by_a);
            prop_assert!(!(by_a && by_b) || overlaps(&a, &b));
        }

        #[test]
        fn patterns_that_overlap_have_a_text_in_common(a in "[ab*?]{0,4}", b in "[ab*?]{0,4}") {
            // Any common text can be cut down to one no longer than both patterns together.
            let mut texts = vec![String::new()];
            let mut found = false;
            for _ in 0..=8 {
                found |= texts.iter().any(|text| matches(&a, text) && matches(&b, text));
                texts = texts.iter().flat_map(|text| [format!("{text}a"), format!("{text}b")]).collect();
            }
            prop_assert_eq!(overlaps(&a, &b), found);
        }
    }
}
