//! The explanation for people: a tree, readable at a glance.

use policy::text::{said, shown};

use super::model::{Can, Escalation, Explanation, Policy};
use super::trust::{Assumer, Trust};

/// Select Graphic Rendition (ECMA-48): what a terminal takes for colour.
const BOLD: &str = "1";
const RED: &str = "1;31";
const YELLOW: &str = "33";
const DIM: &str = "2";

/// As many ways to more as a person reads.
const PATHS: usize = 5;

/// What hangs below a line of the tree.
struct Node {
    text: String,
    below: Vec<Self>,
}

/// The text, each line ended.
pub fn of(explanation: &Explanation, colour: bool) -> String {
    let paint = Paint(colour);
    let mut below: Vec<Node> = explanation.policies.iter().map(|policy| paint.policy("policy", policy)).collect();
    for group in &explanation.groups {
        let (text, policies) = (format!("group {}", paint.name(&group.name)), group.policies.as_deref());
        below.push(Node {
            text: policies.map_or_else(|| format!("{text}: {}", paint.unknown("not in the account's details")), |_| text.clone()),
            below: policies.unwrap_or_default().iter().map(|policy| paint.policy("policy", policy)).collect(),
        });
    }
    below.extend(explanation.boundary.as_ref().map(|boundary| paint.policy("boundary", boundary)));
    if below.is_empty() {
        below.push(leaf("no policies".to_owned()));
    }
    let mut out = format!("{} {}  {}\n", explanation.kind, paint.name(&explanation.name), paint.of(DIM, &shown(&explanation.arn)));
    draw(&below, "", &mut out);
    out.push('\n');
    out.push_str(&paint.sum(explanation));
    if let Some(trust) = &explanation.trust {
        out.push_str(&paint.trust(trust));
    }
    out
}

const fn leaf(text: String) -> Node {
    Node { text, below: Vec::new() }
}

fn draw(nodes: &[Node], indent: &str, out: &mut String) {
    for (place, node) in nodes.iter().enumerate() {
        let last = place + 1 == nodes.len();
        let (branch, bar) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        out.extend([indent, branch, &node.text, "\n"]);
        draw(&node.below, &format!("{indent}{bar}"), out);
    }
}

/// Colours, or none.
struct Paint(bool);

impl Paint {
    fn of(&self, rendition: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{rendition}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn name(&self, name: &str) -> String {
        self.of(BOLD, &shown(name))
    }

    fn unknown(&self, why: &str) -> String {
        self.of(YELLOW, &format!("not known: {}", said(why)))
    }

    fn capability(&self, name: &str) -> String {
        if matches!(name, "admin" | "escalation") { self.of(RED, name) } else { name.to_owned() }
    }

    fn policy(&self, what: &str, policy: &Policy) -> Node {
        let place = policy.arn.as_deref().map_or_else(|| "(inline)".to_owned(), shown);
        let says = match (&policy.can, &policy.unread) {
            (Some(can), _) if what == "boundary" => format!("leaves at most {}", self.can(can)),
            (Some(can), _) => self.can(can),
            (None, unread) => self.unknown(unread.as_deref().unwrap_or_default()),
        };
        leaf(format!("{what} {} {} → {says}", self.name(&policy.name), self.of(DIM, &place)))
    }

    fn can(&self, can: &Can) -> String {
        let definite: Vec<String> = can.definite.iter().map(|name| self.capability(name)).collect();
        let possible: Vec<String> = can.only_possible().map(|name| self.capability(name)).collect();
        match (definite.is_empty(), possible.is_empty()) {
            (true, true) => self.of(DIM, "nothing dangerous"),
            (false, true) => definite.join(", "),
            (true, false) => format!("possibly {}", possible.join(", ")),
            (false, false) => format!("{}; possibly {}", definite.join(", "), possible.join(", ")),
        }
    }

    fn sum(&self, explanation: &Explanation) -> String {
        let mut out = format!("All together: {}\n", self.can(&explanation.can));
        if !explanation.complete {
            out.push_str(&self.of(YELLOW, "Not everything could be read: what is missing may grant, or deny, anything."));
            out.push('\n');
        }
        if !explanation.admin_by.is_empty() {
            let by = explanation.admin_by.iter().map(|by| format!("statement {} of {}", by.statement, self.name(&by.policy)));
            out.extend(["  admin by ", &by.collect::<Vec<_>>().join(", "), "\n"]);
        }
        for Escalation { id, name, definite } in explanation.escalations.iter().take(PATHS) {
            let sure = if *definite { "" } else { "possibly " };
            out.extend(["  ", sure, "a path to more access: ", &self.of(RED, name), " (", id, ")\n"]);
        }
        if let Some(more) = explanation.escalations.len().checked_sub(PATHS).filter(|more| *more > 0) {
            out.push_str(&self.of(DIM, &format!("  and {more} more ways: see --json")));
            out.push('\n');
        }
        out
    }

    fn trust(&self, trust: &Trust) -> String {
        let mut out = String::from("\nWho can assume it:\n");
        if let Some(unread) = &trust.unread {
            out.extend(["  ", &self.unknown(unread), "\n"]);
        } else if trust.allowed.is_empty() {
            out.push_str("  nobody\n");
        }
        for (prefix, assumers) in [("", &trust.allowed), ("never: ", &trust.denied)] {
            for assumer in assumers {
                out.extend(["  ", prefix, &self.assumer(assumer), "\n"]);
            }
        }
        out
    }

    fn assumer(&self, assumer: &Assumer) -> String {
        let named = |name: &String| format!("{} {}", assumer.kind, self.name(name));
        let mut text = assumer.name.as_ref().map_or_else(|| self.of(RED, "ANYONE"), named);
        if !assumer.except.is_empty() {
            let except: Vec<String> = assumer.except.iter().map(|name| shown(name)).collect();
            text.extend([", except ", &except.join(", ")]);
        }
        if !assumer.conditions.is_empty() {
            let conditions: Vec<String> = assumer.conditions.iter().map(|condition| shown(condition)).collect();
            text.extend([", if ", &conditions.join(" and ")]);
        }
        text
    }
}
