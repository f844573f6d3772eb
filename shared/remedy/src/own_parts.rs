//! The parts of Rescind's own stack, as `CloudFormation` lists them.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use policy::arn::{AccountId, IamName};
use policy::own::{OwnParts, PartKind};
use policy::text::name;

use crate::elsewhere::Elsewhere;
use crate::error::{AwsCall, Named as _};

/// So long a list is good: a deployment can add a part.
const FRESH: TimeDelta = TimeDelta::minutes(5);

/// The kinds of parts about which a call is of interest, by their types in `CloudFormation`.
const KINDS: [(&str, PartKind); 12] = [
    ("AWS::CloudWatch::Alarm", PartKind::Alarm),
    ("AWS::DynamoDB::Table", PartKind::Table),
    ("AWS::Events::Rule", PartKind::Rule),
    ("AWS::IAM::ManagedPolicy", PartKind::Iam),
    ("AWS::IAM::Role", PartKind::Iam),
    ("AWS::KMS::Key", PartKind::Key),
    ("AWS::Lambda::Function", PartKind::Function),
    ("AWS::Lambda::LayerVersion", PartKind::Layer),
    ("AWS::Logs::LogGroup", PartKind::LogGroup),
    ("AWS::Scheduler::Schedule", PartKind::Schedule),
    ("AWS::SNS::Topic", PartKind::Topic),
    ("AWS::SQS::Queue", PartKind::Queue),
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
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            for part in page.named(call, &name(stack))?.stack_resource_summaries() {
                let kind = KINDS.iter().find(|(listed, _)| part.resource_type() == Some(listed)).map(|(_, kind)| *kind);
                listed.extend(kind.zip(part.physical_resource_id().map(str::to_owned)));
            }
        }
        let known = roles.iter().map(|role| (PartKind::Iam, role.as_str())).chain([(PartKind::Stack, stack)]);
        let parts = OwnParts::of(known.chain(listed.iter().map(|(kind, id)| (*kind, id.as_str()))), account, region);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, parts.clone()));
        Ok(parts)
    }
}
