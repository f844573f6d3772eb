//! The parts of Rescind's own stack, by their exact names.

use serde::{Deserialize, Serialize};

use crate::arn::AccountId;

/// What kind of part of an account a call names.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartKind {
    /// An alarm of `CloudWatch`.
    Alarm,
    /// A function of Lambda.
    Function,
    /// A role or managed policy of IAM.
    Iam,
    /// A key of KMS.
    Key,
    /// A layer of Lambda.
    Layer,
    /// A log group.
    LogGroup,
    /// A queue of SQS.
    Queue,
    /// A rule of `EventBridge`.
    Rule,
    /// A schedule of `EventBridge` Scheduler.
    Schedule,
    /// A stack of `CloudFormation`.
    Stack,
    /// A table of `DynamoDB`.
    Table,
    /// A topic of SNS, or a subscription of one, whose ARN begins with the topic's.
    Topic,
    /// A trail of `CloudTrail`.
    Trail,
}

/// The parts of the stack, each as its kind and name.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OwnParts {
    parts: Vec<(PartKind, String)>,
    /// The stack's account and region: a namesake elsewhere is not its part.
    account: String,
    region: String,
}

impl OwnParts {
    /// Parts by their kinds and names, of a stack in this account and region. A name may be an ARN or a URL.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = (PartKind, &'a str)>, account: &AccountId, region: &str) -> Self {
        let parts = parts.into_iter().map(|(kind, name)| (kind, plain(kind, name).to_owned()));
        Self { parts: parts.filter(|(_, name)| !name.is_empty()).collect(), account: account.to_string(), region: region.to_owned() }
    }

    /// Whether a call that was made in `region` names a part of this kind: by its name, or by its ARN or URL. IAM is one for all regions.
    #[must_use]
    pub fn has(&self, kind: PartKind, written: &str, region: &str) -> bool {
        let is_global = kind == PartKind::Iam;
        if !is_global && region != self.region {
            return false;
        }
        if let Some([_, _, in_region, account]) = arn(written)
            && (!(account.is_empty() || account == self.account) || !(is_global || in_region == self.region))
        {
            return false;
        }
        let named = plain(kind, written);
        // IAM and Lambda ignore the case of names; taking it lightly elsewhere costs at most a notice about a namesake.
        self.parts.iter().any(|(own, name)| *own == kind && name.eq_ignore_ascii_case(named))
    }
}

/// Partition, service, region and account of an ARN.
fn arn(text: &str) -> Option<[&str; 4]> {
    let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
    Some([parts.next()?, parts.next()?, parts.next()?, parts.next()?])
}

/// The name in a name, ARN or URL, without a path, qualifier or subscription.
fn plain(kind: PartKind, written: &str) -> &str {
    // The resource of an ARN; of the short form of a function's, the part after its account.
    let resource = if written.starts_with("arn:") { written.splitn(6, ':').nth(5).unwrap_or_default() } else { written };
    match kind {
        PartKind::Function | PartKind::Layer => {
            let marker = if kind == PartKind::Layer { "layer:" } else { "function:" };
            let named = resource.split_once(marker).map_or(resource, |(_, rest)| rest);
            named.split(':').next().unwrap_or_default()
        }
        PartKind::Topic => resource.split(':').next().unwrap_or_default(),
        PartKind::LogGroup => resource.strip_prefix("log-group:").unwrap_or(resource).split(':').next().unwrap_or_default(),
        PartKind::Stack => resource.strip_prefix("stack/").unwrap_or(resource).split('/').next().unwrap_or_default(),
        PartKind::Alarm => resource.strip_prefix("alarm:").unwrap_or(resource),
        PartKind::Table => resource.strip_prefix("table/").unwrap_or(resource).split('/').next().unwrap_or_default(),
        PartKind::Iam | PartKind::Key | PartKind::Queue | PartKind::Rule | PartKind::Schedule | PartKind::Trail => {
            resource.rsplit(['/', ':']).next().unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "123456789012";

    fn own() -> OwnParts {
        let entries = [
            (PartKind::Rule, "rescind-Rule-1"),
            (PartKind::Function, "rescind-watch"),
            (PartKind::Topic, "arn:aws:sns:us-east-1:123456789012:rescind-Topic-1"),
            (PartKind::Queue, "https://sqs.us-east-1.amazonaws.com/123456789012/rescind-Queue-1"),
            (PartKind::Key, "1234abcd-12ab-34cd-56ef-1234567890ab"),
            (PartKind::Alarm, "rescind-watch"),
            (PartKind::LogGroup, "/aws/lambda/rescind"),
            (PartKind::Table, "rescind-Ledger-1"),
            (PartKind::Iam, "rescind-watch-role"),
            (PartKind::Stack, "rescind"),
            (PartKind::Layer, "rescind-guardrails"),
        ];
        OwnParts::of(entries, &AccountId::new(ACCOUNT).unwrap(), "us-east-1")
    }

    #[test]
    fn a_part_is_recognised_in_every_form_in_which_a_call_can_name_it() {
        for (kind, written) in [
            (PartKind::Rule, "rescind-Rule-1"),
            (PartKind::Rule, "arn:aws:events:us-east-1:123456789012:rule/rescind-Rule-1"),
            (PartKind::Function, "rescind-watch"),
            (PartKind::Function, "rescind-watch:live"),
            (PartKind::Function, "123456789012:function:rescind-watch"),
            (PartKind::Function, "arn:aws:lambda:us-east-1:123456789012:function:rescind-watch:1"),
            (PartKind::Topic, "arn:aws:sns:us-east-1:123456789012:rescind-Topic-1"),
            (PartKind::Topic, "arn:aws:sns:us-east-1:123456789012:rescind-Topic-1:8f3c1c2e-0000"),
            (PartKind::Queue, "https://sqs.us-east-1.amazonaws.com/123456789012/rescind-Queue-1"),
            (PartKind::Queue, "https://queue.amazonaws.com/123456789012/rescind-Queue-1"),
            (PartKind::Key, "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
            (PartKind::Alarm, "rescind-watch"),
            (PartKind::LogGroup, "/aws/lambda/rescind"),
            (PartKind::LogGroup, "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/rescind:*"),
            (PartKind::Table, "arn:aws:dynamodb:us-east-1:123456789012:table/rescind-Ledger-1"),
            (PartKind::Iam, "RESCIND-watch-role"),
            (PartKind::Iam, "arn:aws:iam::123456789012:policy/rescind/rescind-watch-role"),
            (PartKind::Stack, "arn:aws:cloudformation:us-east-1:123456789012:stack/rescind/5d3c0000"),
            (PartKind::Layer, "arn:aws:lambda:us-east-1:123456789012:layer:rescind-guardrails:7"),
        ] {
            assert!(own().has(kind, written, "us-east-1"), "{kind:?} {written}");
        }
    }

    #[test]
    fn a_namesake_of_another_kind_account_or_region_is_no_part() {
        for (kind, written, region) in [
            (PartKind::Rule, "rescind-Rule-2", "us-east-1"),
            (PartKind::Rule, "rescind-Rule-1", "eu-west-1"),
            (PartKind::Alarm, "rescind-Rule-1", "us-east-1"),
            (PartKind::Function, "arn:aws:lambda:us-east-1:210987654321:function:rescind-watch", "us-east-1"),
            (PartKind::Function, "arn:aws:lambda:eu-west-1:123456789012:function:rescind-watch", "us-east-1"),
            (PartKind::Function, "", "us-east-1"),
            (PartKind::Stack, "rescind-other", "us-east-1"),
        ] {
            assert!(!own().has(kind, written, region), "{kind:?} {written} {region}");
        }
    }

    #[test]
    fn a_part_without_a_name_is_none() {
        let parts = OwnParts::of([(PartKind::Rule, "")], &AccountId::new(ACCOUNT).unwrap(), "us-east-1");
        assert!(!parts.has(PartKind::Rule, "", "us-east-1"));
    }
}
