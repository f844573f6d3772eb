//! Times reading and judging policy documents in-process, for `make bench`: documents as JSON lines on standard input, one JSON line a row.

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Read as _, Write as _};
use std::time::Instant;

use policy::capability::Grants;
use policy::document::{DOCUMENT_MAX, Document};
use serde_json::json;

/// Samples of a document; the best counts, since only disturbance makes one slower.
const SAMPLES: usize = 15;
/// Repetitions in one sample: enough that the clock's own cost does not count.
const BATCH: u32 = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let documents: Vec<&str> = text.lines().collect();
    let mut rows = vec![
        row("document: parse", documents.iter().map(|document| time(|| Document::parse(document).is_ok()))),
        row("document: parse and mark its capabilities", documents.iter().map(|document| time(|| judge(document)))),
    ];
    for kilobytes in [1, 10, 100] {
        let (hostile, halves) = (hostile(kilobytes * 1024), halves(kilobytes * 1024));
        rows.push(row(&format!("hostile patterns, {kilobytes} KB"), std::iter::once(time(|| judge(&hostile)))));
        rows.push(row(&format!("hostile halves of everything, {kilobytes} KB"), std::iter::once(time(|| judge(&halves)))));
    }
    for row in rows {
        writeln!(io::stdout(), "{row}")?;
    }
    Ok(())
}

fn judge(text: &str) -> bool {
    Document::parse(text)
        .is_ok_and(|document| Grants::of_document(&document).has(policy::capability::Capability::Admin, policy::capability::Sure::Possible))
}

/// A document of about this size that is one list of patterns which are dear to match.
fn hostile(bytes: usize) -> String {
    let pattern = format!("iam:{}z", "*?".repeat(40));
    let count = bytes.min(DOCUMENT_MAX) / (pattern.len() + 3);
    let actions = vec![pattern; count.max(1)];
    json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": actions, "Resource": "*" } }).to_string()
}

/// A document of about this size that leaves out as many patterns as it grants, each of which has to be compared with many.
fn halves(bytes: usize) -> String {
    let count = (bytes.min(DOCUMENT_MAX) / 20).max(1);
    let patterns = |letter: char| (0..count).map(|number| format!("?{letter}{number}:*")).collect::<Vec<_>>();
    let statement = |element: &str, letter: char| json!({ "Effect": "Allow", element: patterns(letter), "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [statement("NotAction", 'a'), statement("Action", 'b')] }).to_string()
}

/// Microseconds.
fn time(mut work: impl FnMut() -> bool) -> f64 {
    let sample = |_| {
        let start = Instant::now();
        for _ in 0..BATCH {
            black_box(work());
        }
        start.elapsed().as_secs_f64() * 1e6 / f64::from(BATCH)
    };
    (0..SAMPLES).map(sample).fold(f64::INFINITY, f64::min)
}

/// The median document, and the distance between the quartiles.
fn row(name: &str, times: impl Iterator<Item = f64>) -> serde_json::Value {
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    let at = |quarter: usize| times.get((times.len() * quarter / 4).min(times.len().saturating_sub(1))).copied().unwrap_or_default();
    json!({ "row": name, "median_us": at(2), "spread_us": at(3) - at(1) })
}
