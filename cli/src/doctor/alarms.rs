//! No alarm rings, and every alarm could.

use std::collections::HashMap;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{MetricAlarm, StateValue};
use policy::text::speech;
use remedy::{AwsCall, Named as _};

use super::report::Report;
use crate::stack::{ALARM, Stack};

/// How many alarms one call may name (CloudWatch API reference, `DescribeAlarms`).
const AT_ONCE: usize = 100;
const RUNBOOK: &str = "docs/operations.md says what each alarm means and what to do";

/// Looks at the state of every alarm of the stack.
pub async fn check(client: &Client, stack: &Stack, report: &mut Report) -> Result<(), AwsCall> {
    let names: Vec<String> = stack.of(ALARM).map(|alarm| alarm.physical.clone()).collect();
    let mut found = HashMap::new();
    for names in names.chunks(AT_ONCE) {
        let answer = client.describe_alarms().set_alarm_names(Some(names.to_vec())).max_records(100).send().await;
        let answer = answer.named("cloudwatch:DescribeAlarms", &"")?;
        found.extend(answer.metric_alarms.unwrap_or_default().into_iter().filter_map(|alarm| Some((alarm.alarm_name.clone()?, alarm))));
    }
    let mut quiet = 0;
    for part in stack.of(ALARM) {
        let check = format!("alarm {}", stack.said(part));
        match found.get(&part.physical) {
            Some(alarm) if is_quiet(alarm) => quiet += 1,
            Some(alarm) => judge(check, alarm, report),
            None => report.fail(check, "it is gone", "deploy the stack again, and find out who deleted it"),
        }
    }
    if names.is_empty() {
        report.fail("alarms", "the stack has none", "deploy the stack again");
    } else if quiet == names.len() {
        report.ok("alarms", format!("none of the {quiet} rings, and all can"));
    }
    Ok(())
}

fn is_quiet(alarm: &MetricAlarm) -> bool {
    alarm.state_value() == Some(&StateValue::Ok) && alarm.actions_enabled() != Some(false)
}

fn judge(check: String, alarm: &MetricAlarm, report: &mut Report) {
    let reason = alarm.state_reason().map_or_else(String::new, |reason| format!(": {}", speech(reason)));
    match alarm.state_value() {
        Some(StateValue::Alarm) => report.fail(check, format!("it rings{reason}"), RUNBOOK),
        _ if alarm.actions_enabled() == Some(false) => {
            report.fail(
                check,
                "its actions are disabled, so nobody hears it",
                "`aws cloudwatch enable-alarm-actions`, and find out who disabled them",
            );
        }
        _ => report.warn(
            check,
            format!("CloudWatch has too little data to judge{reason}"),
            "a new stack needs some minutes; look again later",
        ),
    }
}
