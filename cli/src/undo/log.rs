//! Cases from the functions' logs.

use anyhow::{Result, bail};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsError;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use policy::Case;
use policy::change::Remedy;
use policy::text::quoted;
use remedy::AwsCall;
use remedy::caller::CallerError;

use super::source;

/// The log groups of a stack: each function bears the name of its remedy.
pub fn groups(stack: &str) -> Vec<String> {
    Remedy::ALL.iter().map(|remedy| format!("/aws/lambda/{stack}-{}", remedy.name())).collect()
}

/// Every case of an id, the newest last.
pub async fn cases(logs: &Client, groups: &[String], id: &str) -> Result<Vec<Case>> {
    let (mut told, mut missing) = (Vec::new(), Vec::new());
    for group in groups {
        // The lines whose member `case` is the id. A stack that was used for years has many pages, most of them empty.
        let pattern = format!("{{ $.case = \"{id}\" }}");
        let mut pages = logs.filter_log_events().log_group_name(group).filter_pattern(pattern).into_paginator().send();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => told.extend(page.events().iter().filter_map(|event| case(event, id))),
                Err(error) if error.as_service_error().is_some_and(FilterLogEventsError::is_resource_not_found_exception) => {
                    missing.push(quoted(group));
                    break;
                }
                Err(error) => {
                    return Err(CallerError::from(AwsCall::of(format!("logs:FilterLogEvents in {}", quoted(group)), &error)).into());
                }
            }
        }
    }
    if missing.len() == groups.len() {
        bail!("there are no log groups {}: --stack or --log-group names others", missing.join(", "));
    }
    if told.is_empty() {
        let groups: Vec<String> = groups.iter().map(|group| quoted(group)).collect();
        bail!("no case {id} in the log groups {}: they keep lines for a time, a notice is kept for good", groups.join(", "));
    }
    told.sort_by_key(|(time, _)| *time);
    Ok(told.into_iter().map(|(_, case)| case).collect())
}

/// The case that a line tells, and when. A line that is not understood is not one of Rescind's.
fn case(event: &FilteredLogEvent, id: &str) -> Option<(i64, Case)> {
    let case = source::cases(event.message()?).ok()?.into_iter().find(|case| case.id == id)?;
    Some((event.timestamp()?, case))
}
