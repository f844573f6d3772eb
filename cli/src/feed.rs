//! Queues that feed a function.

use aws_sdk_lambda::Client;
use policy::text::name;
use remedy::{AwsCall, Named as _};

use crate::stack::{MAPPING, Stack};

/// A queue from which Lambda takes messages for a function.
pub struct Feed {
    /// The mapping's id.
    pub id: String,
    /// The queue's ARN.
    pub queue: String,
    /// The function's ARN.
    pub function: String,
    /// `Enabled` and so on.
    pub state: String,
}

/// Those of a stack.
pub async fn all(client: &Client, stack: &Stack) -> Result<Vec<Feed>, AwsCall> {
    let mut feeds = Vec::new();
    for mapping in stack.of(MAPPING) {
        let found = client.get_event_source_mapping().uuid(&mapping.physical).send().await;
        let found = found.named("lambda:GetEventSourceMapping of", &name(&mapping.physical))?;
        feeds.push(Feed {
            id: mapping.physical.clone(),
            queue: found.event_source_arn.unwrap_or_default(),
            function: found.function_arn.unwrap_or_default(),
            state: found.state.unwrap_or_default(),
        });
    }
    Ok(feeds)
}
