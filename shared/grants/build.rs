//! Checks the catalog, and makes of it the tables that the capability module reads: a mistake in the data is an error of the build.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, error, fs};

use serde::Deserialize;

type Result<T> = std::result::Result<T, Box<dyn error::Error>>;

/// `catalog/escalations.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Escalations {
    /// Each action with the ARNs it works on: `service:region:account:resource`, `*` for what varies; none where it takes no resource.
    actions: BTreeMap<String, Vec<String>>,
    /// What an action with several types cannot do without: of each group one. The other types are optional.
    needs: BTreeMap<String, Vec<Vec<String>>>,
    paths: Vec<Escalation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Escalation {
    id: String,
    name: String,
    category: String,
    requires: Vec<String>,
    /// The services that the role is passed to.
    passes: Option<Vec<String>>,
}

const PASS_ROLE: &str = "iam:PassRole";
/// As many bits as a set of marks has.
const MARKS_MAX: usize = 320;

/// A mark: an action, or a pattern of actions, that a policy may grant.
struct Mark {
    display: String,
    shapes: Vec<String>,
    /// Groups of shapes, as bits: it needs one of each.
    needs: Vec<u32>,
}

impl Mark {
    fn service(&self) -> &str {
        self.display.split_once(':').map_or("", |(service, _)| service)
    }

    fn is_wild(&self) -> bool {
        self.display.contains('*')
    }
}

fn main() -> Result<()> {
    let escalations: Escalations = read("catalog/escalations.json")?;
    let categories: BTreeMap<String, Vec<String>> = read("catalog/categories.json")?;
    check(&escalations)?;
    let marks = marks(&escalations, &categories);
    if marks.len() > MARKS_MAX {
        return Err(format!("the catalog has {} actions and patterns: {MARKS_MAX} are the most", marks.len()).into());
    }
    let text = tables(&escalations, &categories, &marks)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("catalog.rs"), text)?;
    Ok(())
}

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> Result<T> {
    println!("cargo::rerun-if-changed={name}");
    let text = fs::read_to_string(name).map_err(|error| format!("{name}: {error}"))?;
    Ok(serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?)
}

fn check(escalations: &Escalations) -> Result<()> {
    let mut ids = BTreeSet::new();
    for path in &escalations.paths {
        let id = &path.id;
        if !ids.insert(id) {
            return Err(format!("the path {id} is there twice").into());
        }
        if let Some(action) = path.requires.iter().find(|action| !escalations.actions.contains_key(*action)) {
            return Err(format!("the path {id} requires {action}, whose resource types are not listed").into());
        }
        if path.requires.is_empty() || !path.requires.is_sorted_by(|a, b| a.to_lowercase() < b.to_lowercase()) {
            return Err(format!("the path {id} does not list what it requires in order, each once").into());
        }
        if path.passes.is_some() != path.requires.iter().any(|action| action == PASS_ROLE) {
            return Err(format!("the path {id} has to say which service a role is passed to where it passes one, and only there").into());
        }
    }
    for (action, shapes) in &escalations.actions {
        if let Some(shape) = shapes.iter().find(|shape| shape.splitn(4, ':').count() != 4) {
            return Err(format!("{action}: {shape} is not service:region:account:resource").into());
        }
        let groups = escalations.needs.get(action);
        if (shapes.len() > 1) != groups.is_some_and(|groups| !groups.is_empty()) || shapes.len() > 32 {
            return Err(format!("{action} has to say which of its types it needs where it has several, and only there").into());
        }
        if let Some(shape) = groups.into_iter().flatten().flatten().find(|shape| !shapes.contains(shape)) {
            return Err(format!("{action} needs {shape}, which is none of its types").into());
        }
        if !escalations.paths.iter().any(|path| path.requires.contains(action)) {
            return Err(format!("{action} belongs to no path").into());
        }
    }
    Ok(())
}

/// Every action and pattern once, by service; in each the actions first.
fn marks(escalations: &Escalations, categories: &BTreeMap<String, Vec<String>>) -> Vec<Mark> {
    let mut all: BTreeMap<(String, bool, String), Mark> = BTreeMap::new();
    let listed = escalations.actions.iter().map(|(action, shapes)| (action.clone(), shapes.clone()));
    let patterns = categories.values().flatten().map(|pattern| {
        let service = pattern.split(':').next().unwrap_or_default();
        (pattern.clone(), vec![format!("{service}:*:*:*")])
    });
    for (display, shapes) in listed.chain(patterns) {
        let bits = |group: &Vec<String>| {
            (0..).zip(&shapes).filter(|(_, shape)| group.contains(shape)).fold(0, |bits, (bit, _)| bits | 1_u32 << bit)
        };
        let needs = escalations.needs.get(&display).into_iter().flatten().map(bits).collect();
        let mark = Mark { display, shapes, needs };
        let key = (mark.service().to_owned(), mark.is_wild(), mark.display.to_lowercase());
        all.entry(key).or_insert(mark);
    }
    all.into_values().collect()
}

fn tables(escalations: &Escalations, categories: &BTreeMap<String, Vec<String>>, marks: &[Mark]) -> Result<String> {
    let place = |display: &str| marks.iter().position(|mark| mark.display.eq_ignore_ascii_case(display)).ok_or("a mark is lost");
    let mut out = String::new();
    writeln!(out, "pub(in crate::capability) static MARKS: [Mark; {}] = [", marks.len())?;
    for mark in marks {
        writeln!(out, "    Mark {{ name: {:?}, shapes: &{:?}, needs: &{:?} }},", mark.display, mark.shapes, mark.needs)?;
    }
    writeln!(out, "];")?;
    exact_and_services(&mut out, marks)?;
    let services: BTreeSet<&str> = escalations.paths.iter().flat_map(|path| path.passes.iter().flatten()).map(String::as_str).collect();
    if services.len() > 64 {
        return Err("roles are passed to more than 64 services".into());
    }
    let services: Vec<&str> = services.into_iter().collect();
    writeln!(out, "pub(in crate::capability) static PASSED_TO: [&str; {}] = {services:?};", services.len())?;
    let sets = escalations.paths.iter().map(|path| path.requires.iter().map(|action| place(action)).collect());
    let sets: Vec<BTreeSet<usize>> = sets.collect::<std::result::Result<_, _>>()?;
    writeln!(out, "pub(in crate::capability) static PATHS: [Path; {}] = [", escalations.paths.len())?;
    for (path, set) in escalations.paths.iter().zip(&sets) {
        let passes = path.passes.iter().flatten().filter_map(|name| services.iter().position(|service| service == name));
        let passes = passes.fold(0_u64, |bits, place| bits | 1 << place);
        let smaller = sets.iter().enumerate().filter(|(_, other)| *other != set && other.is_subset(set)).map(|(place, _)| place);
        let smaller: Vec<usize> = smaller.collect();
        writeln!(
            out,
            "    Path {{ id: {:?}, name: {:?}, category: Category::{}, requires: &{:?}, set: {}, passes: {passes}, smaller: &{smaller:?} }},",
            path.id,
            path.name,
            variant(&path.category),
            path.requires,
            literal(set.iter().copied()),
        )?;
    }
    writeln!(out, "];")?;
    let on_resources = escalations.paths.iter().zip(&sets).filter(|(path, _)| path.category == "resource-policy");
    let on_resources = on_resources.flat_map(|(_, set)| set.iter().copied());
    writeln!(out, "pub(in crate::capability) static ON_RESOURCES: Set = {};", literal(on_resources))?;
    for (category, patterns) in categories {
        let mut set: BTreeSet<usize> = patterns.iter().map(|pattern| place(pattern)).collect::<std::result::Result<_, _>>()?;
        // The catalogued actions that a pattern names are of its category too.
        let named = |mark: &Mark| patterns.iter().any(|pattern| names(&pattern.to_lowercase(), &mark.display.to_lowercase()));
        set.extend(marks.iter().enumerate().filter(|(_, mark)| !mark.is_wild() && named(mark)).map(|(place, _)| place));
        writeln!(
            out,
            "pub(in crate::capability) static {}: Set = {};",
            category.to_uppercase().replace('-', "_"),
            literal(set.into_iter())
        )?;
    }
    writeln!(out, "pub(in crate::capability) const PASS_ROLE: usize = {};", place(PASS_ROLE)?)?;
    Ok(out)
}

fn exact_and_services(out: &mut String, marks: &[Mark]) -> Result<()> {
    let mut exact = phf_codegen::Map::new();
    let mut ranges: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for (place, mark) in marks.iter().enumerate() {
        let (_, wild, end) = ranges.entry(mark.service()).or_insert((place, place, place));
        *end = place + 1;
        if !mark.is_wild() {
            *wild = place + 1;
            exact.entry(mark.display.to_lowercase(), place.to_string());
        }
    }
    let any =
        ranges.get("*").filter(|(start, ..)| *start == 0).map(|(.., end)| *end).ok_or("patterns for any service have to stand first")?;
    writeln!(out, "pub(in crate::capability) const ANY_SERVICE: usize = {any};")?;
    writeln!(out, "pub(in crate::capability) static EXACT: phf::Map<&str, usize> = {};", exact.build())?;
    let mut services = phf_codegen::Map::new();
    for (service, range) in ranges {
        services.entry(service, format!("{range:?}"));
    }
    writeln!(out, "pub(in crate::capability) static SERVICES: phf::Map<&str, (usize, usize, usize)> = {};", services.build())?;
    Ok(())
}

/// Whether a pattern with `*` names an action.
fn names(pattern: &str, action: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == action,
        Some((start, rest)) => action
            .strip_prefix(start)
            .is_some_and(|tail| tail.char_indices().map(|(at, _)| &tail[at..]).chain([""]).any(|tail| names(rest, tail))),
    }
}

/// A set of marks as five words of 64 bits.
fn literal(places: impl Iterator<Item = usize>) -> String {
    let mut words = [0_u64; MARKS_MAX / 64];
    for place in places {
        if let Some(word) = words.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }
    format!("Set({words:?})")
}

/// `self-escalation` as `SelfEscalation`.
fn variant(category: &str) -> String {
    let capital =
        |word: &str| word.chars().take(1).map(|letter| letter.to_ascii_uppercase()).chain(word.chars().skip(1)).collect::<String>();
    category.split('-').map(capital).collect()
}
