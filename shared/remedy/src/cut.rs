//! What a message leaves out of a case that is too long for it, and how it says so.

use std::collections::BTreeMap;

use policy::text::bounded;
use serde_json::{Map, Value, json};

/// A line of a notice: a word, and what there is to say.
pub type Line = (&'static str, String);

/// How much of a case a message holds.
pub struct Cut {
    /// Longest text, in bytes as a message's JSON writes it.
    text: usize,
    /// Most items of a list, and most lines of one word.
    items: usize,
    /// Where the calls stand: those that were made, would be made, and undo them.
    calls: Calls,
}

/// Where a message holds the calls of a case. They are whole or left out: half a command is worse than none.
#[derive(Clone, Copy, PartialEq)]
enum Calls {
    /// In every form.
    Everywhere,
    /// In the form for queues and functions. People get the command that looks them up.
    InTheCase,
    /// In the function's answer and log alone.
    Nowhere,
}

/// The least first: the first that makes a message fit is taken.
pub const CUTS: [Cut; 4] = [
    Cut { text: 4096, items: 50, calls: Calls::Everywhere },
    BRIEF,
    Cut { text: 512, items: 10, calls: Calls::InTheCase },
    Cut { text: 256, items: 5, calls: Calls::Nowhere },
];

/// What is no case is cut like this whatever it holds.
pub const BRIEF: Cut = Cut { text: 512, items: 10, calls: Calls::Everywhere };

/// The same within the change itself: the ARN of a policy, of up to 680 characters, has to be read back.
const CHANGE_TEXT_MIN: usize = 4096;
/// The members of an outcome that hold calls.
const CALLS: [&str; 3] = ["calls", "undo", "would"];
/// The words of the lines that say what to do.
pub const ACTIONS: [&str; 5] = ["Also", "Undo", "By hand", "Next", "Note"];
/// The lines that hold them.
const CALL_LINES: [&str; 2] = ["Undo", "By hand"];

impl Cut {
    /// The case, cut, with a member `leftOut` that counts what is missing from each list.
    pub fn case(&self, mut case: Value) -> Value {
        let mut left_out = BTreeMap::new();
        let Value::Object(members) = &mut case else {
            return case;
        };
        for (key, value) in members.iter_mut() {
            let text = if key == "change" { CHANGE_TEXT_MIN } else { self.text };
            self.value(key, value, text, &mut left_out);
        }
        if !left_out.is_empty() {
            let counts: Map<String, Value> = left_out.into_iter().map(|(key, count)| (key, json!(count))).collect();
            members.insert("leftOut".to_owned(), counts.into());
        }
        case
    }

    fn value(&self, key: &str, value: &mut Value, text: usize, left_out: &mut BTreeMap<String, usize>) {
        match value {
            Value::String(written) => *written = within(std::mem::take(written), text),
            Value::Array(_) if CALLS.contains(&key) && self.calls != Calls::Nowhere => {}
            Value::Array(items) => {
                let most = if CALLS.contains(&key) { 0 } else { self.items };
                if items.len() > most {
                    *left_out.entry(key.to_owned()).or_default() += items.len() - most;
                    items.truncate(most);
                }
                for item in items {
                    self.value(key, item, text, left_out);
                }
            }
            Value::Object(members) => members.iter_mut().for_each(|(key, value)| self.value(key, value, text, left_out)),
            _ => {}
        }
    }

    /// The lines of a notice, cut, with a line that counts those that are missing.
    pub fn lines(&self, lines: &[Line], case_id: &str) -> Vec<Line> {
        lines.chunk_by(|(word, _), (next, _)| word == next).flat_map(|run| self.run(run, case_id)).collect()
    }

    /// Lines of the same word.
    fn run(&self, run: &[Line], case_id: &str) -> Vec<Line> {
        let Some(&(word, _)) = run.first() else {
            return Vec::new();
        };
        if CALL_LINES.contains(&word) {
            if self.calls == Calls::Everywhere {
                return run.to_vec();
            }
            let what = if run.len() == 1 { "the command is".to_owned() } else { format!("the {} commands are", run.len()) };
            let instead = match word {
                "Undo" => format!("rescind undo {case_id} ({what} too long for this message)"),
                _ => format!("{what} too long for this message: see the case in the function's log"),
            };
            return vec![(word, instead)];
        }
        let mut kept: Vec<Line> = run.iter().take(self.items).map(|(word, line)| (*word, within(line.clone(), self.text))).collect();
        let more = run.len().saturating_sub(self.items);
        if more > 0 {
            let what = if matches!(word, "Guardrail" | "Perhaps") { " guardrails" } else { "" };
            kept.push((word, format!("and {more} more{what}")));
        }
        kept
    }
}

/// `text`, cut so that it has at most `max` bytes where JSON stands as text within JSON, less the mark that says so.
fn within(text: String, max: usize) -> String {
    let mut written = 0;
    let end = text.char_indices().find_map(|(at, c)| {
        written += match c {
            '"' | '\\' => 4,
            c if c.is_ascii_control() => 7,
            c => c.len_utf8(),
        };
        (written > max).then_some(at)
    });
    match end {
        Some(end) => bounded(text, end),
        None => text,
    }
}
