//! Cases from the functions' logs.

use anyhow::{Result, bail};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsError;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use policy::Case;
use policy::text::quoted;
use remedy::AwsCall;
use remedy::caller::CallerError;

use super::source;

/// The log group of a stack: all its functions share it.
pub fn groups(stack: &str) -> Vec<String> {
    vec![format!("/aws/lambda/{stack}")]
}

/// Every case with this id, the newest last.
pub async fn cases(logs: &Client, groups: &[String], id: &str) -> Result<Vec<Case>> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for group in groups {
        // The lines whose member `case` is the id. A stack that was used for years has many pages, most of them empty.
        let pattern = format!("{{ $.case = \"{id}\" }}");
        let mut pages = logs.filter_log_events().log_group_name(group).filter_pattern(pattern).into_paginator().send();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => found.extend(page.events().iter().filter_map(|event| case(event, id))),
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
        bail!("there is no log group {}: name another with --stack or --log-group", missing.join(", "));
    }
    if found.is_empty() {
        let groups: Vec<String> = groups.iter().map(|group| quoted(group)).collect();
        bail!("no case {id} in the log groups {}: logs expire, so give the JSON of its notice instead", groups.join(", "));
    }
    found.sort_by_key(|(time, _)| *time);
    Ok(found.into_iter().map(|(_, case)| case).collect())
}

/// The case in a line, and the line's time. A line that cannot be read is not Rescind's.
fn case(event: &FilteredLogEvent, id: &str) -> Option<(i64, Case)> {
    let case = source::cases(event.message()?).ok()?.into_iter().find(|case| case.id == id)?;
    Some((event.timestamp()?, case))
}
