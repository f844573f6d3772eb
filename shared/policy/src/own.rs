//! The parts of Rescind's own stack, by their exact names.

use crate::arn::AccountId;

/// One part of the stack.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Own {
    kind: String,
    name: String,
}

/// The parts of the stack, each as its kind and name: `rule/rescind-DetachPolicyFunctionPolicyAttached-1A2B`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OwnParts {
    parts: Vec<Own>,
    /// The stack's account and region: a namesake elsewhere is not its part.
    account: String,
    region: String,
}

impl OwnParts {
    /// Reads a list of kinds and names; `None` if an entry has no kind, or no name.
    #[must_use]
    pub fn parse<'a>(entries: impl Iterator<Item = &'a str>, account: &AccountId, region: &str) -> Option<Self> {
        let own = |entry: &str| {
            let (kind, name) = entry.split_once('/').filter(|(kind, name)| !kind.is_empty() && !name.is_empty())?;
            Some(Own { kind: kind.to_owned(), name: plain(kind, name).to_owned() })
        };
        let parts = entries.map(own).collect::<Option<_>>()?;
        Some(Self { parts, account: account.to_string(), region: region.to_owned() })
    }

    /// Whether a call that was made in `region` names a part of this kind: by its name, or by its ARN or URL. IAM is one for all regions.
    #[must_use]
    pub fn has(&self, kind: &str, written: &str, region: &str) -> bool {
        let is_global = kind == "iam";
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
        self.parts.iter().any(|own| own.kind == kind && own.name.eq_ignore_ascii_case(named))
    }
}

/// Partition, service, region and account of an ARN.
fn arn(text: &str) -> Option<[&str; 4]> {
    let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
    Some([parts.next()?, parts.next()?, parts.next()?, parts.next()?])
}

/// The name in a name, ARN or URL, without a path, qualifier or subscription.
fn plain<'a>(kind: &str, written: &'a str) -> &'a str {
    // The resource of an ARN; of the short form of a function's, the part after its account.
    let resource = if written.starts_with("arn:") { written.splitn(6, ':').nth(5).unwrap_or_default() } else { written };
    match kind {
        "function" | "layer" => {
            let marker = if kind == "layer" { "layer:" } else { "function:" };
            let named = resource.split_once(marker).map_or(resource, |(_, rest)| rest);
            named.split(':').next().unwrap_or_default()
        }
        "topic" => resource.split(':').next().unwrap_or_default(),
        "log-group" => resource.strip_prefix("log-group:").unwrap_or(resource).split(':').next().unwrap_or_default(),
        "stack" => resource.strip_prefix("stack/").unwrap_or(resource).split('/').next().unwrap_or_default(),
        "alarm" => resource.strip_prefix("alarm:").unwrap_or(resource),
        "table" => resource.strip_prefix("table/").unwrap_or(resource).split('/').next().unwrap_or_default(),
        _ => resource.rsplit(['/', ':']).next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "123456789012";

    fn own() -> OwnParts {
        let entries = [
            "rule/rescind-Rule-1",
            "function/rescind-watch",
            "topic/arn:aws:sns:us-east-1:123456789012:rescind-Topic-1",
            "queue/https://sqs.us-east-1.amazonaws.com/123456789012/rescind-Queue-1",
            "key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "alarm/rescind-watch",
            "log-group//aws/lambda/rescind",
            "table/rescind-Ledger-1",
            "iam/rescind-watch-role",
            "stack/rescind",
            "layer/rescind-guardrails",
        ];
        OwnParts::parse(entries.into_iter(), &AccountId::new(ACCOUNT).unwrap(), "us-east-1").unwrap()
    }

    #[test]
    fn a_part_is_recognised_in_every_form_in_which_a_call_can_name_it() {
        for (kind, written) in [
            ("rule", "rescind-Rule-1"),
            ("rule", "arn:aws:events:us-east-1:123456789012:rule/rescind-Rule-1"),
            ("function", "rescind-watch"),
            ("function", "rescind-watch:live"),
            ("function", "123456789012:function:rescind-watch"),
            ("function", "arn:aws:lambda:us-east-1:123456789012:function:rescind-watch:1"),
            ("topic", "arn:aws:sns:us-east-1:123456789012:rescind-Topic-1"),
            ("topic", "arn:aws:sns:us-east-1:123456789012:rescind-Topic-1:8f3c1c2e-0000"),
            ("queue", "https://sqs.us-east-1.amazonaws.com/123456789012/rescind-Queue-1"),
            ("queue", "https://queue.amazonaws.com/123456789012/rescind-Queue-1"),
            ("key", "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
            ("alarm", "rescind-watch"),
            ("log-group", "/aws/lambda/rescind"),
            ("log-group", "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/rescind:*"),
            ("table", "arn:aws:dynamodb:us-east-1:123456789012:table/rescind-Ledger-1"),
            ("iam", "RESCIND-watch-role"),
            ("iam", "arn:aws:iam::123456789012:policy/rescind/rescind-watch-role"),
            ("stack", "arn:aws:cloudformation:us-east-1:123456789012:stack/rescind/5d3c0000"),
            ("layer", "arn:aws:lambda:us-east-1:123456789012:layer:rescind-guardrails:7"),
        ] {
            assert!(own().has(kind, written, "us-east-1"), "{kind} {written}");
        }
    }

    #[test]
    fn a_namesake_of_another_kind_account_or_region_is_no_part() {
        for (kind, written, region) in [
            ("rule", "rescind-Rule-2", "us-east-1"),
            ("rule", "rescind-Rule-1", "eu-west-1"),
            ("alarm", "rescind-Rule-1", "us-east-1"),
            ("function", "arn:aws:lambda:us-east-1:210987654321:function:rescind-watch", "us-east-1"),
            ("function", "arn:aws:lambda:eu-west-1:123456789012:function:rescind-watch", "us-east-1"),
            ("function", "", "us-east-1"),
            ("stack", "rescind-other", "us-east-1"),
        ] {
            assert!(!own().has(kind, written, region), "{kind} {written} {region}");
        }
    }

    #[test]
    fn an_entry_without_a_kind_or_name_is_refused() {
        for entry in ["rule", "rule/", "/name", ""] {
            assert_eq!(OwnParts::parse([entry].into_iter(), &AccountId::new(ACCOUNT).unwrap(), "us-east-1"), None, "{entry}");
        }
    }
}
