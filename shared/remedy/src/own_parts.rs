//! The parts of Rescind's own stack, as `CloudFormation` lists them.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use policy::arn::{AccountId, IamName};
use policy::own::OwnParts;
use policy::text::name;

use crate::elsewhere::Elsewhere;
use crate::error::{AwsCall, Named as _};

/// So long a list is good: a deployment can add a part.
const FRESH: TimeDelta = TimeDelta::minutes(5);

/// The kinds of parts by their types in `CloudFormation`. A subscription's ARN begins with its topic's.
const KINDS: [(&str, &str); 14] = [
    ("AWS::CloudWatch::Alarm", "alarm"),
    ("AWS::DynamoDB::Table", "table"),
    ("AWS::Events::Rule", "rule"),
    ("AWS::IAM::ManagedPolicy", "iam"),
    ("AWS::IAM::Role", "iam"),
    ("AWS::KMS::Key", "key"),
    ("AWS::Lambda::Function", "function"),
    ("AWS::Lambda::LayerVersion", "layer"),
    ("AWS::Logs::LogGroup", "log-group"),
    ("AWS::S3::Bucket", "bucket"),
    ("AWS::Scheduler::Schedule", "schedule"),
    ("AWS::SNS::Topic", "topic"),
    ("AWS::SQS::Queue", "queue"),
    ("AWS::Lambda::EventSourceMapping", "mapping"),
];

/// The parts of the stack, listed when they are asked for.
#[derive(Default)]
pub struct Listed(Mutex<Option<(DateTime<Utc>, OwnParts)>>);

impl Listed {
    /// The parts of the stack with this id, or name, in its account and region.
    ///
    /// # Errors
    ///
    /// If `CloudFormation` did not answer.
    pub async fn parts(
        &self,
        elsewhere: &Elsewhere,
        (stack, account, region, roles): (&str, &AccountId, &str, &[IamName]),
        now: DateTime<Utc>,
    ) -> Result<OwnParts, AwsCall> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, parts)) = known.filter(|(at, _)| (TimeDelta::zero()..FRESH).contains(&(now - *at))) {
            return Ok(parts);
        }
        let call = "cloudformation:ListStackResources of";
        let client = elsewhere.cloudformation(call)?;
        let mut pages = client.list_stack_resources().stack_name(stack).into_paginator().send();
        let mut entries = vec![format!("stack/{stack}")];
        entries.extend(roles.iter().map(|role| format!("iam/{role}")));
        while let Some(page) = pages.next().await {
            for part in page.named(call, &name(stack))?.stack_resource_summaries() {
                let kind = KINDS.iter().find(|(listed, _)| part.resource_type() == Some(listed)).map(|(_, kind)| kind);
                if let (Some(kind), Some(id)) = (kind, part.physical_resource_id().filter(|id| !id.is_empty())) {
                    entries.push(format!("{kind}/{id}"));
                }
            }
        }
        let parts = OwnParts::parse(entries.iter().map(String::as_str), account, region).unwrap_or_default();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, parts.clone()));
        Ok(parts)
    }
}
