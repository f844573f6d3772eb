//! Links into the AWS Management Console, for whoever has to look at what a case is about.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use crate::Case;
use crate::change::Change;
use crate::target::{IdentityKind, Target};

/// Where each partition's console is, behind the region (AWS General Reference, "AWS Management Console endpoints"; user guides of AWS in China, of
/// AWS `GovCloud` (US) and of the European Sovereign Cloud). Isolated partitions do not publish theirs.
const HOSTS: [(&str, &str); 4] = [
    ("aws", "console.aws.amazon.com"),
    ("aws-cn", "console.amazonaws.cn"),
    ("aws-eusc", "console.amazonaws-eusc.eu"),
    ("aws-us-gov", "console.amazonaws-us-gov.com"),
];

/// The page of a case's target; of a target that has none, its record in CloudTrail's event history. `None` if the console has neither.
#[must_use]
pub fn link(case: &Case) -> Option<String> {
    let change = case.change.as_ref()?;
    let (_, host) = HOSTS.iter().find(|(partition, _)| *partition == case.partition)?;
    let region = Some(&case.region).filter(|region| region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))?;
    let page = match change.target() {
        Target::Identity(identity) => {
            let kind = match identity.kind {
                IdentityKind::User => "users",
                IdentityKind::Group => "groups",
                IdentityKind::Role => "roles",
            };
            format!("iam/home?region={region}#/{kind}/details/{}", encoded(identity.name.as_str()))
        }
        Target::Policy(arn) => format!("iam/home?region={region}#/policies/details/{}", encoded(arn.as_str())),
        Target::Provider(arn) => {
            let kind = if arn.as_str().contains(":saml-provider/") { "SAML" } else { "OPENID" };
            format!("iam/home?region={region}#/identity_providers/details/{kind}/{}", encoded(arn.as_str()))
        }
        // What AWS reports by itself is not in the event history.
        Target::Root | Target::Account if matches!(change, Change::CredentialExposed(_)) => return None,
        Target::Root | Target::Account => {
            format!("cloudtrailv2/home?region={region}#/events?EventId={}", encoded(case.record.event_id.as_deref()?))
        }
    };
    Some(format!("https://{region}.{host}/{page}"))
}

/// Text as one part of a link.
fn encoded(text: &str) -> PercentEncode<'_> {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
    utf8_percent_encode(text, ESCAPED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_leaves_its_place_in_the_link() {
        assert_eq!(encoded("Ann.Example-1_2").to_string(), "Ann.Example-1_2");
        assert_eq!(encoded("a+b=c,d@e").to_string(), "a%2Bb%3Dc%2Cd%40e");
        assert_eq!(encoded("x/../y?z#[evil](https://e) ü").to_string(), "x%2F..%2Fy%3Fz%23%5Bevil%5D%28https%3A%2F%2Fe%29%20%C3%BC");
    }
}
