//! What was looked at, what was seen, and what to do.

use std::io::{self, Write};

use policy::text::said;
use remedy::{AwsCall, Failure};
use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing is wrong.
    Ok,
    /// Something may be wrong, or could not be looked at.
    Warning,
    /// Something is wrong: Rescind may not see, take back or report a change.
    Failed,
}

/// One thing that was looked at.
#[derive(Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_do: Option<String>,
}

/// Everything that was looked at, in order.
#[derive(Debug, Default)]
pub struct Report {
    checks: Vec<Check>,
}

impl Report {
    /// Nothing is wrong.
    pub fn ok(&mut self, check: impl Into<String>, seen: impl Into<String>) {
        self.add(check.into(), Verdict::Ok, seen.into(), None);
    }

    /// Something may be wrong.
    pub fn warn(&mut self, check: impl Into<String>, seen: impl Into<String>, to_do: impl Into<String>) {
        self.add(check.into(), Verdict::Warning, seen.into(), Some(to_do.into()));
    }

    /// Something is wrong.
    pub fn fail(&mut self, check: impl Into<String>, seen: impl Into<String>, to_do: impl Into<String>) {
        self.add(check.into(), Verdict::Failed, seen.into(), Some(to_do.into()));
    }

    /// What could not be looked at: a warning if AWS denies the call or does not answer. Any other refusal says that something is wrong.
    pub fn unseen<T>(&mut self, check: &str, asked: Result<T, AwsCall>) -> Option<T> {
        let call = match asked {
            Ok(value) => return Some(value),
            Err(call) => call,
        };
        // A call's name is its permission.
        let permission = call.call.split(' ').next().unwrap_or_default();
        match call.failure {
            Failure::AccessDenied => {
                let to_do = format!("allow {permission} to whoever runs this, and run it again");
                self.warn(check, format!("not looked at: AWS denies {permission}"), to_do);
            }
            failure if failure.is_retryable() => {
                self.warn(check, format!("not looked at: {} failed: {}", call.call, said(&call.message)), "run this again");
            }
            _ => self.fail(
                check,
                format!("{} failed: {}", call.call, said(&call.message)),
                "look whether it is still there, and deploy the stack",
            ),
        }
        None
    }

    fn add(&mut self, check: String, verdict: Verdict, seen: String, to_do: Option<String>) {
        let check = Check { what: check, verdict, seen, to_do };
        // A permission that is missing is missing for every part alike.
        if !self.checks.contains(&check) {
            self.checks.push(check);
        }
    }

    /// How many checks ended so.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }

    /// Whether nothing failed.
    pub fn is_well(&self) -> bool {
        self.count(Verdict::Failed) == 0
    }

    /// One line a check, and one that counts them.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for Check { what, verdict, seen, to_do } in &self.checks {
            let verdict = match verdict {
                Verdict::Ok => "ok",
                Verdict::Warning => "warning",
                Verdict::Failed => "FAILED",
            };
            let to_do = to_do.as_ref().map_or_else(String::new, |to_do| format!("; to do: {to_do}"));
            writeln!(out, "{verdict:<8} {what}: {seen}{to_do}")?;
        }
        let [ok, warnings, failed] = [Verdict::Ok, Verdict::Warning, Verdict::Failed].map(|verdict| self.count(verdict));
        writeln!(out, "{ok} ok, {warnings} warning{}, {failed} failed", if warnings == 1 { "" } else { "s" })
    }

    /// One JSON document.
    pub fn print_json(&self, stack: &str, out: &mut impl Write) -> io::Result<()> {
        let [ok, warnings, failed] = [Verdict::Ok, Verdict::Warning, Verdict::Failed].map(|verdict| self.count(verdict));
        let document = serde_json::json!({ "stack": stack, "checks": self.checks, "ok": ok, "warnings": warnings, "failed": failed });
        writeln!(out, "{document:#}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(failure: Failure) -> Result<(), AwsCall> {
        Err(AwsCall { call: "events:DescribeRule of r".to_owned(), failure, message: "no".to_owned() })
    }

    fn printed(report: &Report) -> String {
        let mut out = Vec::new();
        report.print(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_denied_call_is_a_warning_that_names_the_permission_once() {
        let mut report = Report::default();
        report.unseen("rules", refused(Failure::AccessDenied));
        report.unseen("rules", refused(Failure::AccessDenied));
        let seen = printed(&report);
        assert!(
            seen.starts_with("warning  rules: not looked at: AWS denies events:DescribeRule; to do: allow events:DescribeRule to "),
            "{seen}"
        );
        assert!(seen.ends_with("\n0 ok, 1 warning, 0 failed\n") && report.is_well(), "{seen}");
    }

    #[test]
    fn a_call_that_is_throttled_is_a_warning_and_one_that_is_refused_a_failure() {
        let mut report = Report::default();
        report.unseen("rules", refused(Failure::Throttled));
        assert!(report.is_well());
        report.unseen("rules", refused(Failure::NotFound));
        assert!(!report.is_well());
    }
}
