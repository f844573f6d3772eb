//! Somebody receives what Rescind sends.

use aws_sdk_sns::Client;
use policy::text::{few, name};
use remedy::{AwsCall, Named as _};

use super::report::Report;
use crate::stack::{Stack, TOPIC};

/// The topic of every notice, which every stack has.
const NOTICES: &str = "NoticeTopic";
/// The topic of alarms, which newer stacks have.
const ALARMS: &str = "AlarmTopic";
/// What SNS says instead of an ARN until somebody has confirmed a subscription.
const PENDING: &str = "PendingConfirmation";
/// How many subscriptions are named.
const NAMED: usize = 5;

/// Looks whether each topic has a subscription that somebody has confirmed.
pub async fn check(client: &Client, stack: &Stack, report: &mut Report) {
    for logical in [NOTICES, ALARMS] {
        let check = format!("topic {logical}");
        match stack.named(TOPIC, logical) {
            Some(topic) => {
                if let Some(subscriptions) = report.unseen(&check, subscriptions(client, &topic.physical).await) {
                    judge(check, &subscriptions, report);
                }
            }
            None if logical == NOTICES => report.fail(check, "the stack has none", "deploy the stack again"),
            None => {}
        }
    }
}

/// A subscription: whether somebody has confirmed it, and who gets what it delivers.
struct Subscription {
    is_pending: bool,
    who: String,
}

async fn subscriptions(client: &Client, topic: &str) -> Result<Vec<Subscription>, AwsCall> {
    let mut pages = client.list_subscriptions_by_topic().topic_arn(topic).into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(subscription) = pages.next().await {
        let subscription = subscription.named("sns:ListSubscriptionsByTopic of", &name(topic))?;
        let who = format!("{} {}", name(subscription.protocol().unwrap_or_default()), name(subscription.endpoint().unwrap_or_default()));
        found.push(Subscription { is_pending: subscription.subscription_arn() == Some(PENDING), who });
    }
    Ok(found)
}

fn judge(check: String, subscriptions: &[Subscription], report: &mut Report) {
    let pending: Vec<&str> = subscriptions.iter().filter(|one| one.is_pending).map(|one| &*one.who).collect();
    let confirmed = subscriptions.len() - pending.len();
    let named = few(&pending, NAMED);
    let confirm = "click the link in the mail that AWS sent there, or subscribe again to get another one";
    match (confirmed, pending.is_empty()) {
        (0, true) => report.fail(
            check,
            "nobody is subscribed, so nobody receives anything",
            "deploy with NotificationEmail, or subscribe to the topic",
        ),
        (0, false) => report.fail(check, format!("nobody has confirmed a subscription: {named}"), confirm),
        (_, true) => report.ok(check, format!("{confirmed} confirmed subscription{}", if confirmed == 1 { "" } else { "s" })),
        (_, false) => report.warn(check, format!("{confirmed} confirmed, and not confirmed: {named}"), confirm),
    }
}
