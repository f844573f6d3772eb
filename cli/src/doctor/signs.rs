//! Signs of life: the last event, the last heartbeat, and the rulebook that judged it.

use std::path::Path;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime as Moment;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use chrono::{DateTime, TimeDelta, Utc};
use policy::text::name;
use remedy::archive::{Archive, Heartbeat};
use remedy::{AwsCall, Named as _};

use super::report::Report;
use crate::ago::{ago, long};
use crate::stack::{RULE, Stack};

/// The rule that selects every write to IAM.
const EVERY_WRITE: &str = "QuarantineKeyFunctionIamChanged";
/// How far back one looks.
const LOOKED_BACK: TimeDelta = TimeDelta::days(14);
/// In seconds: CloudWatch keeps so fine a grid for 63 days (CloudWatch user guide, "Metrics concepts").
const GRID: i32 = 300;
/// An account without any change to IAM for longer is unusual, as it is for the alarm about it.
const EVENT_AGE: TimeDelta = TimeDelta::days(7);
/// A heartbeat is due each day; an event can take some minutes, and a retry an hour.
const HEARTBEAT_AGE: TimeDelta = TimeDelta::hours(26);
const PROBE: &str =
    "create an IAM group and delete it again. If that changes nothing within 15 minutes, look at the trail and at the rules";

/// Looks when the last change to IAM arrived.
pub async fn events(client: &Client, stack: &Stack, now: DateTime<Utc>, report: &mut Report) -> Result<(), AwsCall> {
    const CHECK: &str = "last event";
    let Some(rule) = stack.named(RULE, EVERY_WRITE) else {
        report.fail(CHECK, format!("the stack has no rule {EVERY_WRITE}"), "deploy the stack again");
        return Ok(());
    };
    let by_rule = Dimension::builder().name("RuleName").value(&rule.physical).build();
    let metric = Metric::builder().namespace("AWS/Events").metric_name("TriggeredRules").dimensions(by_rule).build();
    match latest(client, metric, now).await? {
        Some(then) if now - then <= EVENT_AGE => report.ok(CHECK, format!("a change to IAM arrived {}", ago(then, now))),
        Some(then) => report.fail(CHECK, format!("no change to IAM has arrived since {}", then.format("%Y-%m-%d")), PROBE),
        None => report.fail(CHECK, format!("no change to IAM has arrived in the last {}", long(LOOKED_BACK)), PROBE),
    }
    Ok(())
}

/// Looks when the metric of heartbeats was last sent.
pub async fn heartbeat_metric(client: &Client, now: DateTime<Utc>, report: &mut Report) -> Result<(), AwsCall> {
    const CHECK: &str = "heartbeat metric";
    let metric = Metric::builder().namespace("Rescind").metric_name("Heartbeat").build();
    match latest(client, metric, now).await? {
        Some(then) if now - then <= HEARTBEAT_AGE => report.ok(CHECK, format!("sent {}", ago(then, now))),
        Some(then) => report.fail(CHECK, format!("sent {}, and one is due each day", ago(then, now)), PROBE),
        None => report.warn(CHECK, format!("none in the last {}", long(LOOKED_BACK)), NONE),
    }
    Ok(())
}

const NONE: &str = "a stack less than a day old, or of an earlier version, has none; otherwise look at the functions";

/// Looks when a function last judged a heartbeat, and by which rulebook.
pub async fn heartbeat(ledger: &Archive, guardrails: Option<&Path>, now: DateTime<Utc>, report: &mut Report) -> Result<(), AwsCall> {
    const CHECK: &str = "heartbeat";
    let last = ledger.heartbeat().await?;
    match &last {
        Some(Heartbeat { at, seen, .. }) if now - *seen <= HEARTBEAT_AGE => {
            report.ok(CHECK, format!("the last arrived {}, {} after its change", ago(*seen, now), long(*seen - *at)));
        }
        Some(Heartbeat { seen, .. }) => report.fail(CHECK, format!("the last arrived {}, and one is due each day", ago(*seen, now)), PROBE),
        None => report.warn(CHECK, "the ledger has none", NONE),
    }
    rulebook(last.and_then(|last| last.rulebook), guardrails, report);
    Ok(())
}

/// Compares the rulebook of the last heartbeat with the one at hand.
fn rulebook(deployed: Option<String>, guardrails: Option<&Path>, report: &mut Report) {
    const CHECK: &str = "rulebook";
    let Some(dir) = guardrails else {
        if let Some(deployed) = deployed {
            report.ok(CHECK, format!("the stack judges by {}; --guardrails compares it with a folder's", name(&deployed)));
        }
        return;
    };
    let here = match rulebook::read(dir) {
        Ok(sources) => rulebook::digest(&sources),
        Err(error) => return report.fail(CHECK, error.to_string(), "name the rulebook's folder with --guardrails"),
    };
    let dir = dir.display();
    match deployed {
        Some(deployed) if deployed == here => report.ok(CHECK, format!("the stack judges by the one in {dir}, {here}")),
        Some(deployed) => {
            let seen = format!("the stack judged its last heartbeat by {}, and the one in {dir} is {here}", name(&deployed));
            report.fail(CHECK, seen, "deploy it, if that was not done since; otherwise find out who deployed another one");
        }
        None => report.warn(CHECK, format!("no heartbeat says by which rulebook the stack judges; the one in {dir} is {here}"), NONE),
    }
}

/// When a metric last had a value above zero.
async fn latest(client: &Client, metric: Metric, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, AwsCall> {
    let stat = MetricStat::builder().metric(metric).period(GRID).stat("Sum").build();
    let query = MetricDataQuery::builder().id("sum").metric_stat(stat).build();
    let asked = client.get_metric_data().metric_data_queries(query).scan_by(ScanBy::TimestampDescending);
    let asked = asked.start_time(Moment::from_secs((now - LOOKED_BACK).timestamp())).end_time(Moment::from_secs(now.timestamp()));
    let mut pages = asked.into_paginator().send();
    let mut latest = None;
    while let Some(page) = pages.next().await {
        for found in page.named("cloudwatch:GetMetricData", &"")?.metric_data_results() {
            let counted = found.timestamps().iter().zip(found.values()).filter(|(_, value)| **value > 0.0);
            latest = latest.max(counted.filter_map(|(then, _)| DateTime::from_timestamp(then.secs(), 0)).max());
        }
    }
    Ok(latest)
}
