//! The parts of a deployed stack, as `CloudFormation` lists them: what belongs to Rescind is never guessed by its name.

use anyhow::{Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::ResourceStatus;
use clap::Args;
use policy::text::{name, quoted};
use remedy::caller::CallerError;
use remedy::{AwsCall, Named as _};

/// Types of parts.
pub const ALARM: &str = "AWS::CloudWatch::Alarm";
pub const FUNCTION: &str = "AWS::Lambda::Function";
pub const MAPPING: &str = "AWS::Lambda::EventSourceMapping";
pub const QUEUE: &str = "AWS::SQS::Queue";
pub const ROLE: &str = "AWS::IAM::Role";
pub const RULE: &str = "AWS::Events::Rule";
pub const TABLE: &str = "AWS::DynamoDB::Table";
pub const TOPIC: &str = "AWS::SNS::Topic";

/// Which stack.
#[derive(Args)]
pub struct Place {
    /// The stack.
    #[arg(long, value_name = "NAME", default_value = "rescind")]
    stack: String,
}

/// A stack and its parts.
pub struct Stack {
    /// Its name.
    pub name: String,
    /// `CREATE_COMPLETE` and so on.
    pub status: String,
    /// `aws`, `aws-cn` and so on.
    pub partition: String,
    /// Where it is.
    pub region: String,
    /// Whose it is.
    pub account: String,
    parts: Vec<Part>,
}

/// One part of a stack.
#[derive(Debug, Eq, PartialEq)]
pub struct Part {
    /// Its name in the template.
    pub logical: String,
    /// Its id in AWS: a name, an ARN or a URL.
    pub physical: String,
    kind: String,
}

impl Place {
    /// Asks `CloudFormation` for the stack.
    pub async fn read(&self, client: &Client) -> Result<Stack> {
        let described = client.describe_stacks().stack_name(&self.stack).send().await;
        let described = described.named("cloudformation:DescribeStacks of", &quoted(&self.stack)).map_err(CallerError::from)?;
        let Some(found) = described.stacks().first() else {
            bail!("this account and region have no stack {}: name another with --stack", quoted(&self.stack));
        };
        let Some(mut stack) = Stack::of_arn(found.stack_name().unwrap_or(&self.stack), found.stack_id().unwrap_or_default()) else {
            bail!("CloudFormation gives the stack {} an id that is no ARN", quoted(&self.stack));
        };
        found.stack_status().map_or("", |status| status.as_str()).clone_into(&mut stack.status);
        stack.parts = parts(client, &self.stack).await.map_err(CallerError::from)?;
        Ok(stack)
    }
}

async fn parts(client: &Client, stack: &str) -> Result<Vec<Part>, AwsCall> {
    let mut pages = client.list_stack_resources().stack_name(stack).into_paginator().items().send();
    let mut parts = Vec::new();
    while let Some(part) = pages.next().await {
        let part = part.named("cloudformation:ListStackResources of", &quoted(stack))?;
        let is_gone = matches!(part.resource_status(), Some(ResourceStatus::DeleteComplete | ResourceStatus::DeleteSkipped));
        if let (Some(logical), Some(physical), Some(kind), false) =
            (part.logical_resource_id(), part.physical_resource_id(), part.resource_type(), is_gone)
        {
            parts.push(Part { logical: logical.to_owned(), physical: physical.to_owned(), kind: kind.to_owned() });
        }
    }
    Ok(parts)
}

impl Stack {
    fn of_arn(name: &str, arn: &str) -> Option<Self> {
        let mut fields = arn.split(':').skip(1).map(str::to_owned);
        let (partition, _, region, account) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        fields.next()?;
        Some(Self { name: name.to_owned(), status: String::new(), partition, region, account, parts: Vec::new() })
    }

    /// How many parts it has.
    pub const fn size(&self) -> usize {
        self.parts.len()
    }

    /// Its parts of a type.
    pub fn of(&self, kind: &str) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| part.kind == kind)
    }

    /// The part of that type with that name in the template.
    pub fn named(&self, kind: &str, logical: &str) -> Option<&Part> {
        self.of(kind).find(|part| part.logical == logical)
    }

    /// The ARN of one of its functions.
    pub fn function_arn(&self, function: &Part) -> String {
        format!("arn:{}:lambda:{}:{}:function:{}", self.partition, self.region, self.account, function.physical)
    }

    /// The ARN of one of its queues, which go by their URLs.
    pub fn queue_arn(&self, queue: &Part) -> String {
        let name = queue.physical.rsplit('/').next().unwrap_or_default();
        format!("arn:{}:sqs:{}:{}:{name}", self.partition, self.region, self.account)
    }

    /// The ARN of one of its rules.
    pub fn rule_arn(&self, rule: &Part) -> String {
        format!("arn:{}:events:{}:{}:rule/{}", self.partition, self.region, self.account, rule.physical)
    }

    /// The function with that ARN, with or without the qualifier that an ARN of an invocation has.
    pub fn function(&self, arn: &str) -> Option<&Part> {
        let arn = arn.strip_suffix(":$LATEST").unwrap_or(arn);
        self.of(FUNCTION).find(|function| self.function_arn(function) == arn)
    }

    /// The function whose rule this is: SAM begins the names of a function's rules with the function's own.
    pub fn function_of_rule(&self, rule: &Part) -> Option<&Part> {
        self.of(FUNCTION).filter(|function| rule.logical.starts_with(&function.logical)).max_by_key(|function| function.logical.len())
    }

    /// A part as a person calls it: without the stack's name before it.
    pub fn short<'a>(&self, part: &'a Part) -> &'a str {
        part.physical.strip_prefix(&*self.name).and_then(|rest| rest.strip_prefix('-')).unwrap_or(&part.physical)
    }

    /// The words for a part in a sentence.
    pub fn said(&self, part: &Part) -> String {
        name(self.short(part))
    }

    #[cfg(test)]
    pub fn for_test(parts: &[(&str, &str, &str)]) -> Self {
        let arn = "arn:aws:cloudformation:us-east-1:123456789012:stack/rescind/0a1b2c3d";
        let parts = parts.iter().map(|(kind, logical, physical)| Part {
            logical: (*logical).to_owned(),
            physical: (*physical).to_owned(),
            kind: (*kind).to_owned(),
        });
        Self { parts: parts.collect(), ..Self::of_arn("rescind", arn).unwrap() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack() -> Stack {
        Stack::for_test(&[
            (FUNCTION, "DetachFunction", "rescind-detach"),
            (FUNCTION, "DetachFunctionOther", "rescind-other"),
            (RULE, "DetachFunctionTick", "rescind-DetachFunctionTick-1"),
            (RULE, "DetachFunctionOtherTick", "rescind-DetachFunctionOtherTick-1"),
            (QUEUE, "FailedEvents", "https://sqs.us-east-1.amazonaws.com/123456789012/rescind-FailedEvents-1"),
        ])
    }

    #[test]
    fn a_function_is_the_stack_s_own_only_by_its_exact_arn() {
        let (stack, arn) = (stack(), "arn:aws:lambda:us-east-1:123456789012:function:rescind-detach");
        assert_eq!(stack.function(arn).map(|part| &*part.logical), Some("DetachFunction"));
        assert_eq!(stack.function(&format!("{arn}:$LATEST")).map(|part| &*part.logical), Some("DetachFunction"));
        for foreign in [&format!("{arn}:1"), &format!("{arn}-2"), &arn.replace("123456789012", "210987654321"), "rescind-detach", ""] {
            assert_eq!(stack.function(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_rule_belongs_to_the_function_whose_name_it_begins_with() {
        let stack = stack();
        let of = |rule| stack.named(RULE, rule).and_then(|rule| stack.function_of_rule(rule)).map(|function| &*function.logical);
        assert_eq!([of("DetachFunctionTick"), of("DetachFunctionOtherTick")], [Some("DetachFunction"), Some("DetachFunctionOther")]);
    }

    #[test]
    fn a_queue_goes_by_its_url_and_has_an_arn() {
        let stack = stack();
        let queue = stack.named(QUEUE, "FailedEvents").unwrap();
        assert_eq!(stack.queue_arn(queue), "arn:aws:sqs:us-east-1:123456789012:rescind-FailedEvents-1");
    }

    #[test]
    fn an_id_that_is_no_arn_is_no_stack_s() {
        assert!(Stack::of_arn("rescind", "rescind").is_none() && Stack::of_arn("rescind", "").is_none());
    }
}
