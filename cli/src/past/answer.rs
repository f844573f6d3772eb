//! IAM's answers to the calls that read, from what is known of an account at a moment: in the XML of its query protocol, so that whatever asks IAM can ask
//! the past in its stead.

use std::collections::HashMap;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use policy::arn::{AccountId, PolicyArn};
use policy::target::IdentityKind::{self, Group, Role, User};
use policy::text::name as shown;

use super::state::{Account, Entity, Item, Known, Listing, Policy, Presence, Sure};
use super::xml::{close, document, list, moment, open, text};

/// Why there is no answer.
#[derive(Debug, Eq, PartialEq)]
pub enum Refusal {
    /// There was no such thing, as surely as this.
    Gone(Sure),
    /// Nobody has said it; what, for a person.
    Unknown(String),
}

type Answer<T = ()> = Result<T, Refusal>;

/// The accounts, and how sure the answers are that were given since somebody last asked for it.
#[derive(Default)]
pub struct Archive {
    pub accounts: HashMap<AccountId, Account>,
    pub sure: Sure,
}

/// A call: its action and its parameters.
pub struct Question(HashMap<String, String>);

impl Question {
    /// Reads the body of a request: a form.
    pub fn read(body: &str) -> Self {
        let plain = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        Self(body.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (plain(key), plain(value))).collect())
    }

    fn get(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }
}

fn unknown<T>(what: impl Into<String>) -> Answer<T> {
    Err(Refusal::Unknown(what.into()))
}

impl Archive {
    /// The answer to a call about an account.
    pub fn answer(&mut self, account: &AccountId, question: &Question) -> Answer<String> {
        let action = question.get("Action");
        let mut sure = Sure::Certain;
        let mut xml = String::new();
        let answer = self.write(account, action, question, &mut sure, &mut xml);
        if let Err(Refusal::Gone(is)) = answer {
            sure = sure.max(is);
        }
        self.sure = self.sure.max(sure);
        answer?;
        Ok(format!(
            "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{action}Result>{xml}</{action}Result></{action}Response>"
        ))
    }

    /// Which version of a policy had been the default before the last change of it.
    pub fn replaced(&self, account: &AccountId, arn: &str) -> Option<String> {
        match self.accounts.get(account)?.policy(arn) {
            Presence::Is(policy) => policy.replaced.clone(),
            Presence::Gone(_) | Presence::Unknown => None,
        }
    }

    fn write(&self, account: &AccountId, action: &str, question: &Question, sure: &mut Sure, xml: &mut String) -> Answer {
        let is_read = self.accounts.get(account).is_some_and(|account| account.is_read);
        let unread = Account::default();
        let known = self.accounts.get(account).unwrap_or(&unread);
        let entity = |kind: IdentityKind| {
            present(known.entity(kind, question.get(kind.name_parameter())), || {
                format!("whether there was a {} {}", kind.word(), shown(question.get(kind.name_parameter())))
            })
        };
        let of = |kind: IdentityKind, sure: &mut Sure| {
            entity(kind).map(|(entity, is)| {
                *sure = is.max(*sure);
                entity
            })
        };
        match action {
            "GetUser" => one(of(User, sure)?, sure, xml),
            "GetRole" => one(of(Role, sure)?, sure, xml),
            "GetGroup" => {
                let group = of(Group, sure)?;
                one(group, sure, xml)?;
                // Whoever is in it is known only of a whole account.
                let users = known.entities(User);
                if !is_read && !users.iter().all(|user| user.groups.whole.is_some()) {
                    *sure = Sure::Assumed;
                }
                let members = users.into_iter().filter(|user| user.groups.get(&group.name).is_some());
                list(xml, "Users", members, |xml, user| basics(user, sure, xml))
            }
            "ListAttachedUserPolicies" => attached(of(User, sure)?, sure, xml),
            "ListAttachedGroupPolicies" => attached(of(Group, sure)?, sure, xml),
            "ListAttachedRolePolicies" => attached(of(Role, sure)?, sure, xml),
            "ListUserPolicies" => inline(of(User, sure)?, sure, xml),
            "ListGroupPolicies" => inline(of(Group, sure)?, sure, xml),
            "ListRolePolicies" => inline(of(Role, sure)?, sure, xml),
            "GetUserPolicy" => inline_text(of(User, sure)?, question.get("PolicyName"), sure, xml),
            "GetGroupPolicy" => inline_text(of(Group, sure)?, question.get("PolicyName"), sure, xml),
            "GetRolePolicy" => inline_text(of(Role, sure)?, question.get("PolicyName"), sure, xml),
            "ListGroupsForUser" => {
                let user = of(User, sure)?;
                let groups = whole(&user.groups, sure, || format!("which groups {} was in", person(user)))?;
                list(xml, "Groups", groups, |xml, group| {
                    text(xml, "GroupName", group);
                    Ok(())
                })
            }
            "ListMFADevices" => {
                let user = of(User, sure)?;
                whole(&user.devices, sure, || format!("which MFA devices {} had", person(user)))?;
                list(xml, "MFADevices", user.devices.items.values(), |xml, device| {
                    text(xml, "UserName", &user.name);
                    text(xml, "SerialNumber", &device.name);
                    moment(xml, "EnableDate", Some(device.value));
                    Ok(())
                })
            }
            "GetPolicy" | "GetPolicyVersion" | "ListPolicyVersions" => {
                let policy = self.policy(known, question.get("PolicyArn"), sure)?;
                match action {
                    "GetPolicy" => default_version(policy, sure, xml),
                    "GetPolicyVersion" => version(policy, question.get("VersionId"), sure, xml),
                    _ => versions(policy, sure, xml),
                }
            }
            "GetAccountAuthorizationDetails" => everything(known, is_read, sure, xml),
            "ListEntitiesForPolicy" => holders(known, question.get("PolicyArn"), is_read, sure, xml),
            "GetAccessKeyLastUsed" => {
                let key = question.get("AccessKeyId");
                let owner = known.owner(key).ok_or_else(|| Refusal::Unknown(format!("whose the key {} was", shown(key))))?;
                text(xml, "UserName", owner.as_str());
                Ok(())
            }
            "ListUsers" if is_read => {
                *sure = Sure::Assumed;
                list(xml, "Users", known.entities(User), |xml, user| basics(user, sure, xml))
            }
            _ => unknown(format!("what IAM would have answered to {}", shown(action))),
        }
    }

    /// A managed policy. AWS's own are the same in every account, and only those that somebody has are among an account's details.
    fn policy<'a>(&'a self, known: &'a Account, arn: &str, sure: &mut Sure) -> Answer<&'a Policy> {
        let what = || format!("what policy {} said", shown(arn));
        let found = present(known.policy(arn), what);
        let (policy, is) = match found {
            Err(_) if !is_own(arn) => {
                let elsewhere = self.accounts.values().find_map(|account| match account.policy(arn) {
                    Presence::Is(policy) if policy.default.is_some() => Some(policy),
                    _ => None,
                });
                elsewhere.map_or_else(|| unknown(what()), |policy| Ok((policy, policy.sure)))
            }
            found => found,
        }?;
        *sure = is.max(*sure);
        Ok(policy)
    }
}

trait Certain {
    fn sure(&self) -> Sure;
}

impl Certain for Entity {
    fn sure(&self) -> Sure {
        self.sure
    }
}

impl Certain for Policy {
    fn sure(&self) -> Sure {
        self.sure
    }
}

fn present<T: Certain>(found: Presence<&T>, what: impl FnOnce() -> String) -> Answer<(&T, Sure)> {
    match found {
        Presence::Is(found) => Ok((found, found.sure())),
        Presence::Gone(sure) => Err(Refusal::Gone(sure)),
        Presence::Unknown => unknown(what()),
    }
}

/// The names of a listing, if it is known to be whole.
fn whole<'a, T>(listing: &'a Listing<T>, sure: &mut Sure, what: impl FnOnce() -> String) -> Answer<Vec<&'a str>> {
    let Some(is) = listing.sure() else {
        return unknown(what());
    };
    *sure = is.max(*sure);
    Ok(listing.items.values().map(|item| item.name.as_str()).collect())
}

/// One thing of a listing.
fn one_of<'a, T>(listing: &'a Listing<T>, name: &str, sure: &mut Sure, what: impl FnOnce() -> String) -> Answer<&'a Item<T>> {
    let item = match (listing.get(name), listing.whole) {
        (Some(item), _) => item,
        (None, Some(is)) => return Err(Refusal::Gone(is)),
        (None, None) => return unknown(what()),
    };
    *sure = item.sure.max(*sure);
    Ok(item)
}

fn of_known<'a, T>(known: Option<&'a (T, Sure)>, sure: &mut Sure, what: impl FnOnce() -> String) -> Answer<&'a T> {
    let Some((value, is)) = known else {
        return unknown(what());
    };
    *sure = (*is).max(*sure);
    Ok(value)
}

fn person(entity: &Entity) -> String {
    format!("{} {}", entity.kind.word(), shown(&entity.name))
}

/// `User`, `Group` or `Role`, with what its own call says of it.
fn one(entity: &Entity, sure: &mut Sure, xml: &mut String) -> Answer {
    open(xml, entity.kind.name());
    basics(entity, sure, xml)?;
    if entity.kind != Group {
        let tags = of_known(entity.tags.as_ref(), sure, || format!("which tags {} had", person(entity)))?;
        list(xml, "Tags", tags, |xml, (key, value)| {
            text(xml, "Key", key);
            text(xml, "Value", value);
            Ok(())
        })?;
        let boundary: &Known<Option<String>> = &entity.boundary;
        if let Some(arn) = of_known(boundary.as_ref(), sure, || format!("which permissions boundary {} had", person(entity)))? {
            open(xml, "PermissionsBoundary");
            text(xml, "PermissionsBoundaryArn", arn);
            close(xml, "PermissionsBoundary");
        }
    }
    if entity.kind == Role
        && let Some((trust, is)) = &entity.trust
    {
        *sure = (*is).max(*sure);
        document(xml, "AssumeRolePolicyDocument", trust);
    }
    close(xml, entity.kind.name());
    Ok(())
}

fn basics(entity: &Entity, sure: &mut Sure, xml: &mut String) -> Answer {
    let kind = entity.kind.name();
    let lacking = |what: &str| format!("which {what} {} had", person(entity));
    let (Some(id), Some(path)) = (&entity.id, &entity.path) else {
        return unknown(lacking(if entity.id.is_none() { "unique id" } else { "path" }));
    };
    *sure = entity.sure.max(*sure);
    text(xml, "Path", path);
    text(xml, entity.kind.name_parameter(), &entity.name);
    text(xml, &format!("{kind}Id"), id);
    moment(xml, "CreateDate", entity.made);
    Ok(())
}

fn attached(entity: &Entity, sure: &mut Sure, xml: &mut String) -> Answer {
    let arns = whole(&entity.attached, sure, || format!("which policies {} had attached", person(entity)))?;
    list(xml, "AttachedPolicies", arns, |xml, arn| {
        text(xml, "PolicyName", arn.rsplit('/').next().unwrap_or(arn));
        text(xml, "PolicyArn", arn);
        Ok(())
    })
}

fn inline(entity: &Entity, sure: &mut Sure, xml: &mut String) -> Answer {
    open(xml, "PolicyNames");
    for policy in whole(&entity.inline, sure, || format!("which inline policies {} had", person(entity)))? {
        text(xml, "member", policy);
    }
    close(xml, "PolicyNames");
    Ok(())
}

fn inline_text(entity: &Entity, policy: &str, sure: &mut Sure, xml: &mut String) -> Answer {
    let item = one_of(&entity.inline, policy, sure, || inline_unknown(entity, policy))?;
    text(xml, entity.kind.name_parameter(), &entity.name);
    inline_policy(entity, item, xml)
}

fn inline_policy(entity: &Entity, policy: &Item<Option<Arc<str>>>, xml: &mut String) -> Answer {
    let Some(said) = &policy.value else {
        return unknown(inline_unknown(entity, &policy.name));
    };
    text(xml, "PolicyName", &policy.name);
    document(xml, "PolicyDocument", said);
    Ok(())
}

fn inline_unknown(entity: &Entity, policy: &str) -> String {
    format!("what inline policy {} of {} said", shown(policy), person(entity))
}

fn default_of<'p>(policy: &'p Policy, sure: &mut Sure) -> Answer<&'p String> {
    of_known(policy.default.as_ref(), sure, || format!("which version of {} was the default", shown(&policy.arn)))
}

fn default_version(policy: &Policy, sure: &mut Sure, xml: &mut String) -> Answer {
    let default = default_of(policy, sure)?;
    open(xml, "Policy");
    text(xml, "Arn", &policy.arn);
    text(xml, "DefaultVersionId", default);
    close(xml, "Policy");
    Ok(())
}

fn version(policy: &Policy, id: &str, sure: &mut Sure, xml: &mut String) -> Answer {
    open(xml, "PolicyVersion");
    version_members(policy, id, sure, xml)?;
    close(xml, "PolicyVersion");
    Ok(())
}

fn version_members(policy: &Policy, id: &str, sure: &mut Sure, xml: &mut String) -> Answer {
    let what = || format!("what version {} of {} said", shown(id), shown(&policy.arn));
    let item = one_of(&policy.versions, id, sure, what)?;
    let Some(said) = &item.value.text else {
        return unknown(what());
    };
    document(xml, "Document", said);
    text(xml, "VersionId", id);
    whether_default(policy, id, xml);
    Ok(())
}

fn whether_default(policy: &Policy, id: &str, xml: &mut String) {
    let is_default = policy.default.as_ref().is_some_and(|(default, _)| default == id);
    text(xml, "IsDefaultVersion", if is_default { "true" } else { "false" });
}

fn versions(policy: &Policy, sure: &mut Sure, xml: &mut String) -> Answer {
    whole(&policy.versions, sure, || format!("which versions {} had", shown(&policy.arn)))?;
    list(xml, "Versions", policy.versions.items.values(), |xml, version| {
        text(xml, "VersionId", &version.name);
        whether_default(policy, &version.name, xml);
        moment(xml, "CreateDate", version.value.made);
        Ok(())
    })
}

/// Every document that the account's own policies and roles have. Of an account that nobody has read there may be others.
fn everything(known: &Account, is_read: bool, sure: &mut Sure, xml: &mut String) -> Answer {
    if !is_read {
        return unknown("what all policies of the account said");
    }
    *sure = Sure::Assumed;
    for kind in IdentityKind::ALL {
        list(xml, &format!("{}DetailList", kind.name()), known.entities(kind), |xml, entity| {
            text(xml, kind.name_parameter(), &entity.name);
            if kind == Role {
                let trust = of_known(entity.trust.as_ref(), sure, || format!("what the trust policy of {} said", person(entity)))?;
                document(xml, "AssumeRolePolicyDocument", trust);
            }
            whole(&entity.inline, sure, || format!("which inline policies {} had", person(entity)))?;
            let inline = entity.inline.items.values();
            list(xml, &format!("{}PolicyList", kind.name()), inline, |xml, policy| inline_policy(entity, policy, xml))
        })?;
    }
    let own = known.policies().into_iter().filter(|policy| is_own(&policy.arn));
    list(xml, "Policies", own, |xml, policy| {
        text(xml, "Arn", &policy.arn);
        let default = default_of(policy, sure)?;
        list(xml, "PolicyVersionList", [default], |xml, default| version_members(policy, default, sure, xml))
    })
}

/// Whether a managed policy is an account's, and not AWS's.
fn is_own(arn: &str) -> bool {
    PolicyArn::new(arn).is_ok_and(|arn| arn.owner() != "aws")
}

/// Whoever has a managed policy attached. Of an account that nobody has read there may be others.
fn holders(known: &Account, arn: &str, is_read: bool, sure: &mut Sure, xml: &mut String) -> Answer {
    if !is_read {
        return unknown(format!("who had policy {}", shown(arn)));
    }
    *sure = Sure::Assumed;
    for kind in IdentityKind::ALL {
        let holders = known.entities(kind).into_iter().filter(|entity| entity.attached.get(arn).is_some());
        list(xml, &format!("Policy{}s", kind.name()), holders, |xml, holder| {
            text(xml, kind.name_parameter(), &holder.name);
            if let Some(id) = &holder.id {
                text(xml, &format!("{}Id", kind.name()), id);
            }
            Ok(())
        })?;
    }
    Ok(())
}
