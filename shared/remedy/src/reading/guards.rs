//! Which guards that the rulebook requires a change took away.

use policy::access::{Width, width};
use policy::arn::PolicyArn;
use policy::change::Removes;
use policy::containment;
use policy::document::{Document, plain};
use policy::guardrail::Requirement;
use policy::hearing::Circumstances;
use policy::target::Identity;
use policy::text;

use super::{Reader, holdings};
use crate::error::{AwsCall, found};

/// The required guards that a change took away, as the rulebook writes them, or why that cannot be read.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn removed(
    reader: &Reader,
    circumstances: Circumstances<'_>,
    removes: Removes<'_>,
) -> Result<Result<Vec<String>, String>, AwsCall> {
    let (account, partition) = circumstances.home();
    let mut gone = Vec::new();
    for requirement in circumstances.requirements() {
        let is_removed = match (requirement, removes) {
            (Requirement::Boundary { .. }, Removes::Boundary(Some(boundary))) => match requirement.policy(account, partition) {
                Some(required) => compared(reader, boundary, &required).await? != Width::NotLooser,
                None => true,
            },
            (Requirement::Policy { .. } | Requirement::Inline { .. }, Removes::Membership(group)) => {
                let group = Identity::group(group.clone());
                match holds(reader, &group, requirement, requirement.policy(account, partition).as_ref()).await? {
                    Some(holds) => holds,
                    None => return Ok(Err(format!("{group} is gone, so Rescind cannot read what it held"))),
                }
            }
            _ => false,
        };
        if is_removed {
            gone.push(requirement.to_string());
        }
    }
    Ok(Ok(gone))
}

/// How one permissions boundary compares with another, by their default versions. It is unclear if one of them is gone or cannot be read.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn compared(reader: &Reader, one: &PolicyArn, other: &PolicyArn) -> Result<Width, AwsCall> {
    if one.as_str().eq_ignore_ascii_case(other.as_str()) {
        return Ok(Width::NotLooser);
    }
    let (Some(one), Some(other)) = (holdings::document(reader, one.as_str()).await?, holdings::document(reader, other.as_str()).await?)
    else {
        return Ok(Width::Unclear);
    };
    let (Ok(one), Ok(other)) = (plain(&one), plain(&other)) else {
        return Ok(Width::Unclear);
    };
    Ok(match (Document::parse(&one), Document::parse(&other)) {
        (Ok(one), Ok(other)) => width(&one, &other),
        _ => Width::Unclear,
    })
}

/// Whether an identity itself holds a required policy, attached or inline with the required text; `None` if the identity is gone. `policy` is that
/// of a requirement that names one.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn holds(
    reader: &Reader,
    identity: &Identity,
    requirement: &Requirement,
    policy: Option<&PolicyArn>,
) -> Result<Option<bool>, AwsCall> {
    Ok(match requirement {
        Requirement::Inline { name, document, .. } => {
            let Some(names) = found(holdings::inline(reader, identity).await)? else {
                return Ok(None);
            };
            let Some(name) = names.iter().find(|listed| listed.eq_ignore_ascii_case(name.as_str())) else {
                return Ok(Some(false));
            };
            let text = found(holdings::inline_document(reader, identity, name).await)?;
            Some(text.is_some_and(|text| containment::says(&text, document)))
        }
        Requirement::Policy { .. } | Requirement::Boundary { .. } => {
            let attached = found(holdings::attached(reader, identity).await)?;
            let is = |arn: &String| policy.is_some_and(|policy| policy.as_str().eq_ignore_ascii_case(arn));
            attached.map(|attached| attached.iter().any(is))
        }
    })
}

/// Why a boundary is neither restored nor spared.
#[must_use]
pub fn unclear(one: &PolicyArn, other: &PolicyArn) -> String {
    format!(
        "Rescind cannot prove whether {} is looser than the required {}, and does not guess: compare the two, and set the required one if it is",
        text::name(one.as_str()),
        text::name(other.as_str())
    )
}
