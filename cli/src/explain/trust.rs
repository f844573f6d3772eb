//! Who can assume a role, by its trust policy.

use policy::account::Unread;
use policy::document::{Condition, Document, Effect, Patterns, Principal, Principals, Statement};
use policy::pattern::{covers, overlaps};
use serde::Serialize;

/// The calls that assume a role (STS API reference).
const ASSUMING: [&str; 3] = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

/// What a trust policy lets whom do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trust {
    /// Whether a statement admits everybody, be it under conditions.
    pub anyone: bool,
    /// Whom it admits.
    pub allowed: Vec<Assumer>,
    /// Whom it refuses, whatever admits them.
    pub denied: Vec<Assumer>,
    /// Why the trust policy is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
}

/// One principal of one statement.
#[derive(Debug, Serialize)]
pub struct Assumer {
    /// `anyone`, `aws`, `service`, `federated` or `canonical-user`.
    pub kind: &'static str,
    /// Its name; nothing for `anyone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For `anyone`: but not these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// What has to hold, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// The statement's place in the trust policy, from 0.
    pub statement: usize,
}

impl Trust {
    /// Reads the trust policy.
    pub fn of(document: &Result<Document<'_>, Unread>) -> Self {
        match document {
            Ok(document) => {
                let (allowed, denied) = (assumers(document, Effect::Allow), assumers(document, Effect::Deny));
                Self { anyone: allowed.iter().any(|assumer| assumer.kind == "anyone"), allowed, denied, unread: None }
            }
            Err(unread) => Self { anyone: false, allowed: Vec::new(), denied: Vec::new(), unread: Some(unread.to_string()) },
        }
    }
}

fn assumers(document: &Document<'_>, effect: Effect) -> Vec<Assumer> {
    let statements = document.statements.iter().enumerate();
    let relevant = statements.filter(|(_, statement)| statement.effect == effect && assumes(&statement.actions));
    relevant.flat_map(|(place, statement)| of_statement(place, statement)).collect()
}

/// Whether some call that assumes a role is among the actions.
fn assumes(actions: &Patterns<'_>) -> bool {
    if actions.negated {
        ASSUMING.iter().any(|call| !actions.values.iter().any(|pattern| covers(pattern, call)))
    } else {
        actions.values.iter().any(|pattern| ASSUMING.iter().any(|call| overlaps(pattern, call)))
    }
}

fn of_statement(statement: usize, of: &Statement<'_>) -> Vec<Assumer> {
    let conditions: Vec<String> = of.conditions.iter().map(condition).collect();
    let assumer = |(kind, name): (&'static str, Option<String>), except: Vec<String>| Assumer {
        kind,
        name,
        except,
        conditions: conditions.clone(),
        statement,
    };
    match &of.principals {
        Principals::Absent => Vec::new(),
        Principals::Only(list) => list.iter().map(|principal| assumer(named(principal), Vec::new())).collect(),
        Principals::AllBut(list) => {
            let except = list.iter().map(|principal| named(principal).1.unwrap_or_else(|| "anyone".to_owned())).collect();
            vec![assumer(("anyone", None), except)]
        }
    }
}

fn named(principal: &Principal<'_>) -> (&'static str, Option<String>) {
    match principal {
        Principal::Everyone => ("anyone", None),
        Principal::Aws(name) | Principal::Bare(name) => ("aws", Some(name.to_string())),
        Principal::Service(name) => ("service", Some(name.to_string())),
        Principal::Federated(name) => ("federated", Some(name.to_string())),
        Principal::CanonicalUser(name) => ("canonical-user", Some(name.to_string())),
    }
}

fn condition(Condition { operator, key, values }: &Condition<'_>) -> String {
    let qualifier = operator.qualifier.map_or_else(String::new, |qualifier| format!("{qualifier:?}:"));
    let if_exists = if operator.if_exists { "IfExists" } else { "" };
    // The variants are spelt as the operators are.
    format!("{qualifier}{:?}{if_exists} {key} {}", operator.test, values.join(" or "))
}
