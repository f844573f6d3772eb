//! What a guardrail has to know that the record does not say. Rescind reads it only if a guardrail asks.

use policy::Change;
use policy::arn::PolicyArn;
use policy::break_glass::BreakGlass;
use policy::change::{Gives, MfaChanged, PolicyVersionSet, Replaced, SessionStarted};
use policy::facts::{Access, Facts, Holders, Needs, Texts};
use policy::hearing::Circumstances;
use policy::target::{Identity, IdentityKind, Target};
use policy::{text, trust};

use super::holdings::{self, Except};
use super::identity::Whom;
use super::{Reader, credentials, guards, holders, identity, names, versions};
use crate::error::{AwsCall, found};

/// Why a fact cannot be had. AWS answered, so this is no error, but the change cannot be judged, and a person has to know.
const GONE: &str = "the target is no longer there under its name, so Rescind cannot read what the guardrails ask about it";

/// What is known beside the change and the account.
#[derive(Clone, Copy, Debug)]
pub struct Background<'a> {
    /// The principals that may lift a quarantine.
    pub break_glass: &'a [BreakGlass],
    /// The stack's own policy that denies a user everything without MFA.
    pub deny_without_mfa: &'a PolicyArn,
    /// Which version of the changed policy had been the default before, if the ledger knows it.
    pub replaced: Option<&'a str>,
}

/// The facts that are needed, or why they cannot be had.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn read(
    reader: &Reader,
    circumstances: Circumstances<'_>,
    change: &Change,
    needs: Needs,
    background: Background<'_>,
) -> Result<Result<Facts, String>, AwsCall> {
    let mut facts = Facts::none();
    let target = match change.target() {
        // Nothing is read of it by its name.
        _ if (Needs { named_by: false, failures: false, ..needs }).is_empty() => Target::Account,
        Target::Identity(identity) if identity.id.is_some() => match identity::resolve(reader, &identity, None).await? {
            Whom::Is(identity) => Target::Identity(identity),
            Whom::Gone(why) | Whom::Unknown(why) => {
                return Ok(Err(format!("{why}, so Rescind cannot read what the guardrails ask about it")));
            }
        },
        target => target,
    };
    let given = change.kind().gives();
    let joined = match given {
        Gives::Membership(group) => Some(Identity::group(group.clone())),
        Gives::Nothing | Gives::Managed(_) | Gives::Inline(..) | Gives::Version(_) => None,
    };
    if let Some(identity) = target.identity()
        && needs.details
    {
        match found(identity::details(reader, identity).await)? {
            Some(details) => facts = facts.with_details(details),
            None => return Ok(Err(GONE.to_owned())),
        }
    }
    if let Some(user) = target.user()
        && needs.groups
    {
        let Some(mut groups) = found(identity::groups(reader, &user.name).await)? else {
            return Ok(Err(GONE.to_owned()));
        };
        // Another function may have taken the membership back already: the change gave it all the same.
        if let Some(group) = &joined
            && !groups.iter().any(|name| group.is_named(group.kind, name.as_str()))
        {
            groups.push(group.name.clone());
        }
        facts = facts.with_groups(groups);
    }
    if let Some(group) = &joined
        && needs.group_path
    {
        match found(identity::details(reader, group).await)? {
            Some(details) => facts = facts.with_group_path(details.path),
            None => return Ok(Err(format!("{group} is gone, so Rescind cannot read its path"))),
        }
    }
    if let Some(removes) = change.kind().removes()
        && needs.guards
    {
        match guards::removed(reader, circumstances, removes).await? {
            Ok(removed) => facts = facts.with_removed(removed),
            Err(reason) => return Ok(Err(reason)),
        }
    }
    if needs.document || needs.holdings {
        let documents = match granted(reader, given).await? {
            Ok(documents) => documents,
            Err(reason) => return Ok(Err(reason)),
        };
        let (alone, holdings) = match accesses(reader, circumstances, target.identity(), given, documents, needs).await? {
            Ok(accesses) => accesses,
            Err(reason) => return Ok(Err(reason)),
        };
        facts = facts.with_granted(alone);
        if let Some((before, after)) = holdings {
            facts = facts.with_holdings(before, after);
        }
    }
    if let (Change::MfaChanged(changed), Some(user)) = (change, target.user()) {
        facts = match second_factor(reader, circumstances, (changed, user), needs, background, facts).await? {
            Ok(facts) => facts,
            Err(reason) => return Ok(Err(reason)),
        };
    }
    if let (Change::SessionStarted(started), Some(role)) = (change, target.identity())
        && needs.conditional
    {
        facts = match conditional(reader, circumstances, started, role).await? {
            Ok(is_conditional) => facts.with_conditional(is_conditional),
            Err(reason) => return Ok(Err(reason)),
        };
    }
    if let Change::Renamed(renamed) = change
        && needs.named_by
    {
        facts = facts.with_named_by(names::named_by(reader, renamed).await?);
    }
    if let Gives::Version(set) = given {
        facts = match of_policy(reader, circumstances, set, needs, background, facts).await? {
            Ok(facts) => facts,
            Err(reason) => return Ok(Err(reason)),
        };
    }
    Ok(Ok(facts))
}

/// What is asked about a user's second factor.
async fn second_factor(
    reader: &Reader,
    circumstances: Circumstances<'_>,
    (changed, user): (&MfaChanged, &Identity),
    needs: Needs,
    Background { deny_without_mfa, .. }: Background<'_>,
    mut facts: Facts,
) -> Result<Result<Facts, String>, AwsCall> {
    if needs.device {
        let Some(has_one) = credentials::has_device_since(reader, changed, &user.name, circumstances.time()).await? else {
            return Ok(Err(GONE.to_owned()));
        };
        facts = facts.with_device(has_one);
    }
    if needs.denied {
        let Some(attached) = found(holdings::attached(reader, user).await)? else {
            return Ok(Err(GONE.to_owned()));
        };
        facts = facts.with_denied(attached.iter().any(|arn| arn.eq_ignore_ascii_case(deny_without_mfa.as_str())));
    }
    Ok(Ok(facts))
}

/// Whether the trust policy of a role lets the caller in under a condition only.
async fn conditional(
    reader: &Reader,
    circumstances: Circumstances<'_>,
    started: &SessionStarted,
    role: &Identity,
) -> Result<Result<bool, String>, AwsCall> {
    let text = if role.kind == IdentityKind::Role { found(holdings::trust_document(reader, role).await)? } else { None };
    let Some(text) = text else {
        return Ok(Err(GONE.to_owned()));
    };
    let caller = started.from.as_deref().unwrap_or_else(|| circumstances.home().0.as_str());
    let is_conditional = trust::lets_in_conditionally(&text, caller);
    Ok(is_conditional.map_err(|error| format!("Rescind cannot read the trust policy of {role}: {error}")))
}

/// What is asked about a policy whose version was changed: what its default said before, and who holds it.
async fn of_policy(
    reader: &Reader,
    circumstances: Circumstances<'_>,
    set: &PolicyVersionSet,
    needs: Needs,
    Background { break_glass, replaced, .. }: Background<'_>,
    mut facts: Facts,
) -> Result<Result<Facts, String>, AwsCall> {
    if needs.holdings
        && let Some(after) = facts.granted().cloned()
    {
        let replaced = match &set.replaced {
            Some(replaced) => Some(replaced.clone()),
            None => replaces(reader, circumstances, set, replaced).await?,
        };
        let mut before = Vec::new();
        for version in replaced.iter().flat_map(|replaced| &replaced.versions) {
            // One that was deleted in the meantime says nothing any more.
            if let Some(text) = holdings::version_document(reader, set.policy_arn.as_str(), version).await? {
                match circumstances.access(&Texts { policies: vec![text], boundary: None }, None) {
                    Ok(access) => before.push(access),
                    Err(error) => return Ok(Err(format!("Rescind cannot read what version {version} grants: {error}"))),
                }
            }
        }
        facts = facts.with_holdings(Access::common(&before), after).with_replaced(replaced);
    }
    if needs.holders || needs.administrator {
        // A policy that is gone is held by nobody.
        let found = holders::of(reader, &set.policy_arn).await?.unwrap_or_default();
        if needs.holders {
            let listed = holders::break_glass(reader, break_glass, set.policy_arn.owner(), &found).await?;
            let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
            facts = facts.with_holders(Holders { count, break_glass: listed.is_some() });
        }
        if needs.administrator {
            facts = match holders::has_administrator(reader, circumstances, &set.policy_arn, &found).await? {
                Ok(is_any) => facts.with_administrator(is_any),
                Err(reason) => return Ok(Err(reason)),
            };
        }
    }
    Ok(Ok(facts))
}

/// Which version had been the default before.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn replaces(
    reader: &Reader,
    circumstances: Circumstances<'_>,
    set: &PolicyVersionSet,
    known: Option<&str>,
) -> Result<Option<Replaced>, AwsCall> {
    let versions = versions::of(reader, &set.policy_arn).await?.unwrap_or_default();
    Ok(versions::replaced(&versions, set, circumstances.time(), known))
}

/// The documents of what a change gives, or why they cannot be had.
async fn granted(reader: &Reader, given: Gives<'_>) -> Result<Result<Vec<String>, String>, AwsCall> {
    Ok(match given {
        Gives::Nothing => Ok(Vec::new()),
        Gives::Managed(arn) => holdings::document(reader, arn.as_str())
            .await?
            .map(|text| vec![text])
            .ok_or_else(|| format!("the policy {} is no longer there, so Rescind cannot read what it grants", text::name(arn.as_str()))),
        Gives::Inline(_, text) => Ok(vec![text.to_owned()]),
        Gives::Version(PolicyVersionSet { document: Some(text), .. }) => Ok(vec![text.clone()]),
        Gives::Version(PolicyVersionSet { policy_arn, version, .. }) => {
            let version = version.as_deref().unwrap_or_default();
            let text = holdings::version_document(reader, policy_arn.as_str(), version).await?;
            let gone = || format!("version {} of {} is no longer there", text::name(version), text::name(policy_arn.as_str()));
            text.map(|text| vec![text]).ok_or_else(|| format!("{}, so Rescind cannot read what it grants", gone()))
        }
        Gives::Membership(group) => holdings::of_identity(reader, &Identity::group(group.clone()), Except::Nothing)
            .await?
            .ok_or_else(|| format!("group {group} is gone, so Rescind cannot read what it grants")),
    })
}

type Accesses = (Access, Option<(Access, Access)>);

/// What the change grants alone, and what the target could do without it and can do with it. Nothing of this depends on whether another
/// function has taken the change back already.
async fn accesses(
    reader: &Reader,
    circumstances: Circumstances<'_>,
    identity: Option<&Identity>,
    given: Gives<'_>,
    documents: Vec<String>,
    needs: Needs,
) -> Result<Result<Accesses, String>, AwsCall> {
    let judge =
        |texts: &Texts| circumstances.access(texts, identity).map_err(|error| format!("Rescind cannot read what is granted: {error}"));
    let alone = match judge(&Texts { policies: documents.clone(), boundary: None }) {
        Ok(alone) => alone,
        Err(reason) => return Ok(Err(reason)),
    };
    let Some(identity) = identity.filter(|_| needs.holdings) else {
        return Ok(Ok((alone, None)));
    };
    let Some(mut texts) = holdings::of(reader, identity, Except::what(given)).await? else {
        return Ok(Err(GONE.to_owned()));
    };
    let before = judge(&texts);
    texts.policies.extend(documents);
    Ok(before.and_then(|before| judge(&texts).map(|after| (alone, Some((before, after))))))
}

/// Everything that an identity holds with what a change gave it, whether or not another function has taken that back already; `None` if the
/// identity is gone.
///
/// # Errors
///
/// If IAM did not answer.
pub async fn held_after(reader: &Reader, identity: &Identity, change: &Change) -> Result<Option<Texts>, AwsCall> {
    let is_its_own = change.target().identity().is_some_and(|target| identity.is_named(target.kind, target.name.as_str()));
    let given = if is_its_own { change.kind().gives() } else { Gives::Nothing };
    let Some(mut texts) = holdings::of(reader, identity, Except::what(given)).await? else {
        return Ok(None);
    };
    // A policy or a group that is gone gives nothing any more.
    texts.policies.extend(granted(reader, given).await?.unwrap_or_default());
    Ok(Some(texts))
}
