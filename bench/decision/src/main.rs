//! Times a decision in-process, with the rulebook that ships: one JSON line a row, for `make bench`.

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Instant;

use chrono::Utc;
use policy::facts::Facts;
use policy::guardrail::Mode;
use policy::hearing::Circumstances;
use policy::{Action, Actor, Case, Event, Hearing, Rulebook};
use serde_json::json;

/// Decisions in one sample: enough that the clock's own cost does not count.
const BATCH: u32 = 100;
/// Samples of a row.
const SAMPLES: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    io::stdout().write_all(measure()?.as_bytes())?;
    Ok(())
}

fn measure() -> Result<String, Box<dyn Error>> {
    let rulebook = rulebook::load(Path::new("guardrails"))?;
    let billing = std::fs::read_to_string("events/attach-user-policy.json")?;
    let unconcerned = billing.replace("AttachUserPolicy", "ListUsers");
    let case = judge(&rulebook, &billing);
    assert!(case.is_some(), "the Billing event breaks a guardrail");
    assert!(judge(&rulebook, &unconcerned).is_none(), "no guardrail can concern ListUsers");

    let event = Event::from_event_bridge(&billing)?;
    let decided = time("decision on a change, shipped rulebook, no facts", || decide(&rulebook, &event));
    let passed = time("a record no guardrail can concern, parsing included", || judge(&rulebook, &unconcerned));
    Ok(format!("{decided}\n{passed}\n"))
}

fn judge(rulebook: &Rulebook, json: &str) -> Option<Case> {
    decide(rulebook, &Event::from_event_bridge(json).ok()?)
}

fn decide(rulebook: &Rulebook, event: &Event) -> Option<Case> {
    let actor = Actor::of(event).ok()?;
    let hearing = Hearing::open(Circumstances::of(rulebook, event, Action::of(event).pop()?, &actor, &[])).pop()?;
    hearing.weigh().ok()??.decide(Ok(&Facts::none()), Mode::Enforce, Utc::now()).ok()?
}

/// The median of many samples, and the distance between their quartiles, in microseconds.
fn time(row: &str, mut work: impl FnMut() -> Option<Case>) -> serde_json::Value {
    let mut samples: Vec<f64> = (0..SAMPLES)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..BATCH {
                black_box(work());
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(BATCH)
        })
        .collect();
    samples.sort_by(f64::total_cmp);
    let at = |quarter: usize| samples.get(SAMPLES * quarter / 4).copied().unwrap_or_default();
    json!({ "row": row, "median_us": at(2), "spread_us": at(3) - at(1) })
}
