//! Where things stand in a JSON text: what is cut out of one has to leave the rest as it was written.
//!
//! INVARIANT: the text is valid JSON, so the scanner needs to know no more than strings and brackets. On any other text it ends all the same.

use std::ops::Range;

/// One member of an object, or one item of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Item {
    /// From its key, if it has one, to the end of its value.
    pub whole: Range<usize>,
    /// Its value.
    pub value: Range<usize>,
    /// Its key, as it means.
    pub key: Option<String>,
}

/// The members or items of the object or list that begins at `start`; none of anything else.
pub(super) fn items(text: &str, start: usize) -> Vec<Item> {
    let is_object = match text.as_bytes().get(start) {
        Some(b'{') => true,
        Some(b'[') => false,
        _ => return Vec::new(),
    };
    let mut items = Vec::new();
    let mut at = blanks(text, start + 1);
    while let Some(byte) = text.as_bytes().get(at).filter(|byte| !b"]}".contains(byte)) {
        if *byte == b',' {
            at = blanks(text, at + 1);
            continue;
        }
        let begin = at;
        let mut key = None;
        if is_object {
            let end = value_end(text, at);
            key = text.get(at..end).and_then(|key| serde_json::from_str(key).ok());
            // Past the colon.
            at = blanks(text, blanks(text, end) + 1);
        }
        let end = value_end(text, at);
        items.push(Item { whole: begin..end, value: at..end, key });
        at = blanks(text, end.max(at + 1));
    }
    items
}

/// The first place at or after `at` that is not white space.
pub(super) fn blanks(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Where the value ends that begins at `start`.
fn value_end(text: &str, start: usize) -> usize {
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in rest.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            if in_string || depth > 0 {
                continue;
            }
            return start + at + 1;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            // The end of a number, `true`, `false` or `null`.
            b'}' | b']' | b',' if depth == 0 => return start + at,
            b'}' | b']' if depth == 1 => return start + at + 1,
            b'}' | b']' => depth -= 1,
            byte if byte.is_ascii_whitespace() && depth == 0 => return start + at,
            _ => {}
        }
    }
    text.len()
}

/// What to cut out of a list or an object so that only some of its items stay. INVARIANT: one stays at least.
pub(super) fn cuts(items: &[Item], stays: impl Fn(usize) -> bool) -> Vec<Range<usize>> {
    let last = (0..items.len()).rev().find(|place| stays(*place));
    let mut cuts = Vec::new();
    for (place, pair) in items.windows(2).enumerate() {
        if let [item, next] = pair
            && !stays(place)
            && last.is_some_and(|last| place < last)
        {
            cuts.push(item.whole.start..next.whole.start);
        }
    }
    let end = |place: usize| items.get(place).map(|item| item.whole.end);
    if let (Some(from), Some(to)) = (last.and_then(end), items.last().map(|item| item.whole.end))
        && from < to
    {
        cuts.push(from..to);
    }
    cuts
}
