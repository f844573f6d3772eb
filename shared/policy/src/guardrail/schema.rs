//! The schema of a rulebook: as much of it as the actions need that are judged.

use std::collections::BTreeSet;

use cedar_policy::Schema;
use serde_json::{Value, json};

use super::request::Vocabulary;
use super::source::{Flaw, Source};
use crate::action::Action;
use crate::watch::{self, Row};

/// The file that holds the schema.
pub const SCHEMA_FILE: &str = "schema.cedarschema";

/// The schema that this build speaks: the rulebook's reference, compiled in so that the two cannot drift apart.
pub const SHIPPED_SCHEMA: &str = include_str!("../../../../guardrails/schema.cedarschema");

/// The same in Cedar's JSON form, made from the text by a test, without the actions of [`watch`], which [`schema_of`] adds. Reading the text took
/// 20 of the 40 million instructions of a function's init; with this form the whole of init takes 28.
const COMPILED_SCHEMA: &str = include_str!("schema.json");

/// The schema of these actions, with the names that requests use.
pub(super) fn vocabulary(sources: &[Source], actions: &[&'static Action], flaws: &mut Vec<Flaw>) -> Result<Vocabulary, Vec<Flaw>> {
    for source in sources.iter().filter(|source| source.file_name() == SCHEMA_FILE && source.text != SHIPPED_SCHEMA) {
        let same = source.text.bytes().zip(SHIPPED_SCHEMA.bytes()).take_while(|(a, b)| a == b).count();
        let flaw = source.flaw(source.text.floor_char_boundary(same), "this is not the schema that this build of Rescind speaks");
        flaws.push(flaw.with_help("the schema belongs to Rescind: take the file of the same version, and write rules in the other files"));
    }
    let vocabulary = schema_of(sources, actions).and_then(|schema| Vocabulary::of(schema, actions));
    vocabulary.map_err(|error| vec![Source { name: SCHEMA_FILE.to_owned(), text: String::new() }.flaw(0, error)])
}

/// The schema of these actions, and of the others that a policy names, which apply to nothing: it takes time to read an action. Cedar validates a policy
/// once for each action, and type of principal and resource, that the schema knows. So of actions that are alike in all of this only the first
/// applies to anything, and those that a policy names: whatever is true of one of them is true of the others.
fn schema_of(sources: &[Source], actions: &[&'static Action]) -> Result<Schema, String> {
    let mut schema: Value = serde_json::from_str(COMPILED_SCHEMA).map_err(|error| error.to_string())?;
    let named: BTreeSet<&str> = sources.iter().filter(|source| source.file_name() != SCHEMA_FILE).flat_map(named_actions).collect();
    if let Some(all) = schema.pointer_mut("//actions").and_then(Value::as_object_mut) {
        all.extend(watch::rows().map(|row| (row.action.name.to_owned(), action_of(row))));
        let judged: BTreeSet<&str> = actions.iter().map(|action| action.name).collect();
        let mut alike = BTreeSet::new();
        all.retain(|name, action| {
            let (is_judged, is_named) = (judged.contains(name.as_str()), named.contains(name.as_str()));
            let is_group = action.pointer("/appliesTo/principalTypes/0").is_none();
            if let Some(members) = action.as_object_mut().filter(|_| !is_group)
                && !(is_judged && (is_named || alike.insert(json!(members).to_string())))
            {
                members.remove("appliesTo");
            }
            is_group || is_judged || is_named
        });
    }
    Schema::from_json_value(schema).map_err(|error| error.to_string())
}

/// What follows `Action::` in a text.
fn named_actions(source: &Source) -> impl Iterator<Item = &str> {
    source.text.split("Action::\"").skip(1).filter_map(|rest| rest.split('"').next())
}

/// What the schema says of a call that is only reported.
fn action_of(row: &Row) -> Value {
    let groups = row.groups().map(|group| json!({ "id": group, "type": "Action" }));
    json!({
        "appliesTo": {
            "principalTypes": ["User", "Role", "Root", "Service", "Principal"],
            "resourceTypes": row.subject.types(),
            "context": { "type": "Noticed" },
        },
        "memberOf": groups.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use cedar_policy::SchemaFragment;

    use super::*;

    /// Run with `UPDATE_SCHEMA=1` after a change to the schema.
    #[test]
    fn the_compiled_schema_says_what_its_text_says() {
        let (schema, warnings) = SchemaFragment::from_cedarschema_str(SHIPPED_SCHEMA).unwrap();
        assert_eq!(warnings.count(), 0);
        let mut compiled: Value = serde_json::from_str(&schema.to_json_string().unwrap()).unwrap();
        let actions = compiled.pointer_mut("//actions").unwrap().as_object_mut().unwrap();
        for row in watch::rows() {
            let written = actions.remove(row.action.name).unwrap_or_else(|| panic!("{:?} is not in the schema", row.action));
            assert_eq!(written, action_of(row), "{:?}", row.action);
        }
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/guardrail/schema.json");
            std::fs::write(path, format!("{compiled:#}\n")).unwrap();
        } else {
            assert_eq!(serde_json::from_str::<Value>(COMPILED_SCHEMA).unwrap(), compiled);
        }
    }
}
