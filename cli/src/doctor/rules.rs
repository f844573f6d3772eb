//! The rules deliver events to the functions.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::{RuleState, Target};
use policy::text::{name, shell_word};
use remedy::{AwsCall, Named as _};

use super::report::Report;
use crate::stack::{FUNCTION, Part, QUEUE, RULE, Stack};

/// Where what cannot be delivered waits.
const DEAD_LETTERS: &str = "UndeliveredEvents";
const DEPLOY: &str = "deploy the stack again, and find out who changed it: CloudTrail's event history has the call";

/// Looks whether every rule is enabled and delivers to its function, and whether events that it cannot deliver are kept.
pub async fn check(client: &Client, stack: &Stack, report: &mut Report) {
    let (mut rules, mut well) = (0, 0);
    for rule in stack.of(RULE) {
        rules += 1;
        let check = format!("rule {}", stack.said(rule));
        match wrong(client, stack, rule).await {
            Ok(None) => well += 1,
            Ok(Some((seen, to_do))) => report.fail(check, seen, to_do),
            Err(call) if call.failure == remedy::Failure::AccessDenied => {
                report.unseen("rules", Err::<(), _>(call));
            }
            Err(call) => {
                report.unseen(&check, Err::<(), _>(call));
            }
        }
    }
    if rules == 0 {
        report.fail("rules", "the stack has none", DEPLOY);
    } else if well == rules {
        report.ok("rules", format!("all {rules} are enabled and deliver to their functions; events that they cannot deliver are kept"));
    }
}

/// What is wrong with a rule, and what to do.
async fn wrong(client: &Client, stack: &Stack, rule: &Part) -> Result<Option<(String, String)>, AwsCall> {
    let described = client.describe_rule().name(&rule.physical).send().await;
    let described = described.named("events:DescribeRule of", &name(&rule.physical))?;
    if !matches!(described.state(), Some(RuleState::Enabled | RuleState::EnabledWithAllCloudtrailManagementEvents)) {
        let to_do = format!("`aws events enable-rule --name {}`, and find out who disabled it", shell_word(&rule.physical));
        return Ok(Some(("it is disabled: its function gets no events".to_owned(), to_do)));
    }
    let targets = targets(client, &rule.physical).await?;
    let Some(target) = targets.iter().find(|target| is_own(stack, rule, target)) else {
        return Ok(Some(("it does not deliver to its function".to_owned(), DEPLOY.to_owned())));
    };
    // A tick that is lost does no harm: the next one comes.
    let is_tick = described.schedule_expression().is_some_and(|schedule| !schedule.is_empty());
    let kept = stack.named(QUEUE, DEAD_LETTERS).map(|queue| stack.queue_arn(queue));
    let keeps = target.dead_letter_config().and_then(|config| config.arn()).map(str::to_owned);
    if !is_tick && (keeps.is_none() || keeps != kept) {
        return Ok(Some((format!("events that it cannot deliver do not go to {DEAD_LETTERS}"), DEPLOY.to_owned())));
    }
    if let Some(foreign) = targets.iter().find(|target| !belongs(stack, target)) {
        let to_do = "find out who added it; remove it with `aws events remove-targets`".to_owned();
        return Ok(Some((format!("it also delivers to {}, which is no part of the stack", name(foreign.arn())), to_do)));
    }
    Ok(None)
}

async fn targets(client: &Client, rule: &str) -> Result<Vec<Target>, AwsCall> {
    let (mut targets, mut next) = (Vec::new(), None);
    loop {
        let page = client.list_targets_by_rule().rule(rule).set_next_token(next).send().await;
        let page = page.named("events:ListTargetsByRule of", &name(rule))?;
        targets.extend(page.targets.unwrap_or_default());
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(targets);
        }
    }
}

/// Whether a target is the function of the rule, or a queue of the stack that feeds it.
fn is_own(stack: &Stack, rule: &Part, target: &Target) -> bool {
    let is_its_function = stack.function_of_rule(rule).is_some_and(|function| stack.function_arn(function) == target.arn());
    is_its_function || is_queue(stack, target)
}

fn is_queue(stack: &Stack, target: &Target) -> bool {
    stack.of(QUEUE).any(|queue| stack.queue_arn(queue) == target.arn())
}

fn belongs(stack: &Stack, target: &Target) -> bool {
    stack.of(FUNCTION).any(|function| stack.function_arn(function) == target.arn()) || is_queue(stack, target)
}
