//! The functions can run, and in which mode.

use std::collections::BTreeSet;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput as Configuration;
use aws_sdk_lambda::types::State;
use policy::text::{name, shell_word};
use remedy::{AwsCall, Failure, Named as _};

use super::report::Report;
use crate::feed;
use crate::stack::{FUNCTION, Part, QUEUE, ROLE, Stack};

const CHECK: &str = "functions";
const MODE: &str = "MODE";

/// A function and the role that it runs with.
pub struct Deployed {
    /// As a person calls it.
    pub function: String,
    /// The role's ARN.
    pub role: String,
}

/// Looks whether every function can be invoked, and names the mode. Returns those that are there.
pub async fn check(client: &Client, stack: &Stack, report: &mut Report) -> Vec<Deployed> {
    let (mut deployed, mut modes) = (Vec::new(), BTreeSet::new());
    let (mut functions, mut well) = (0, 0);
    for function in stack.of(FUNCTION) {
        functions += 1;
        let check = format!("function {}", stack.said(function));
        let (found, wrong) = match examined(client, stack, function).await {
            Ok(found) => found,
            Err(call) => {
                let check: &str = if call.failure == Failure::AccessDenied { CHECK } else { &check };
                report.unseen(check, Err::<(), AwsCall>(call));
                continue;
            }
        };
        match wrong {
            Some((seen, to_do)) => report.fail(check, seen, to_do),
            None => well += 1,
        }
        let variables = found.environment().and_then(|environment| environment.variables());
        modes.extend(variables.and_then(|variables| variables.get(MODE)).map(|mode| name(mode)));
        deployed.extend(found.role().map(|role| Deployed { function: stack.said(function), role: role.to_owned() }));
    }
    if functions == 0 {
        report.fail(CHECK, "the stack has none", "deploy the stack again");
    } else if well == functions {
        report.ok(CHECK, format!("all {functions} are active and may run"));
    }
    let modes: Vec<String> = modes.into_iter().collect();
    match &*modes {
        [] if deployed.is_empty() => {}
        [mode] => report.ok("mode", format!("{mode}{}", if mode == "observe" { ": Rescind takes nothing back" } else { "" })),
        _ => report.fail(
            "mode",
            format!("functions differ: {}", modes.join(", ")),
            "deploy the stack again, and find out who changed a function",
        ),
    }
    queues(client, stack, report).await;
    deployed
}

/// A function's configuration, and what is wrong with the function.
async fn examined(client: &Client, stack: &Stack, function: &Part) -> Result<(Configuration, Option<Wrong>), AwsCall> {
    let found = client.get_function_configuration().function_name(&function.physical).send().await;
    let found = found.named("lambda:GetFunctionConfiguration of", &name(&function.physical))?;
    let wrong = wrong(client, stack, function, &found).await?;
    Ok((found, wrong))
}

/// What was seen, and what to do.
type Wrong = (String, String);

async fn wrong(client: &Client, stack: &Stack, function: &Part, found: &Configuration) -> Result<Option<Wrong>, AwsCall> {
    let physical = &function.physical;
    if found.state() != Some(&State::Active) {
        let state = found.state().map_or("in no state", State::as_str);
        let why = found.state_reason().map_or_else(String::new, |why| format!(": {}", name(why)));
        return Ok(Some((format!("it is {state}{why}"), "deploy the stack again".to_owned())));
    }
    let concurrency = client.get_function_concurrency().function_name(physical).send().await;
    let concurrency = concurrency.named("lambda:GetFunctionConcurrency of", &name(physical))?;
    if concurrency.reserved_concurrent_executions() == Some(0) {
        let to_do = format!("`aws lambda delete-function-concurrency --function-name {}`, and find out who set it", shell_word(physical));
        return Ok(Some(("it may not run: its reserved concurrency is 0".to_owned(), to_do)));
    }
    let role = found.role().and_then(|role| role.rsplit('/').next()).unwrap_or_default();
    if !stack.of(ROLE).any(|own| own.physical == role) {
        let to_do = "deploy the stack again, and find out who changed it".to_owned();
        return Ok(Some((format!("it runs with the role {}, which is no part of the stack", name(role)), to_do)));
    }
    Ok(None)
}

/// Looks whether functions still take from the queues that feed them.
async fn queues(client: &Client, stack: &Stack, report: &mut Report) {
    for feed in report.unseen("queues that feed a function", feed::all(client, stack).await).unwrap_or_default() {
        let queue = stack.of(QUEUE).find(|queue| stack.queue_arn(queue) == feed.queue);
        let check = format!("queue {}", queue.map_or_else(|| name(&feed.queue), |queue| name(&queue.logical)));
        match feed.state.as_str() {
            // It is on its way there.
            "Enabled" | "Enabling" | "Creating" | "Updating" => report.ok(check, "its function takes from it"),
            state => {
                let to_do = format!(
                    "`aws lambda update-event-source-mapping --enabled --uuid {}`, and find out who disabled it",
                    shell_word(&feed.id)
                );
                report.fail(check, format!("its function takes nothing from it: the mapping is {}", name(state)), to_do);
            }
        }
    }
}
