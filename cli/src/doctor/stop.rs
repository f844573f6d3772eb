//! Nobody has stopped Rescind.

use remedy::AwsCall;
use remedy::archive::Archive;

use super::report::Report;

const CHECK: &str = "stop";
const RESUME: &str =
    "`rescind resume` ends it. Only principals in BreakGlassArns can stop Rescind: if none of them did, treat it as an attack";

/// Looks whether a person has stopped it, or a guardrail.
pub async fn check(ledger: &Archive, report: &mut Report) -> Result<(), AwsCall> {
    let stop = ledger.stopped().await?;
    let seen = stop.lines().join("; ");
    if stop.is_nothing() {
        report.ok(CHECK, "nobody has stopped anything");
    } else if stop.everything.is_some() || !stop.guardrails.is_empty() {
        report.fail(CHECK, seen, RESUME);
    } else {
        report.warn(CHECK, seen, RESUME);
    }
    Ok(())
}
