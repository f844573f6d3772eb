//! A change as a Cedar request: principal, action, resource, context, and the entities they refer to.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::str::FromStr;

use cedar_policy::{Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression, Schema};
use chrono::SecondsFormat;

use super::{Access, DecisionError};
use crate::actor::{Actor, ActorKind};
use crate::arn::{IamName, PolicyArn};
use crate::change::{Action, Change, Target, TargetKind};
use crate::credential::Credential;
use crate::record::Event;

/// A change, put to the rulebook.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Where and when.
    pub event: &'a Event,
    /// Who.
    pub actor: &'a Actor,
    /// Which call.
    pub action: Action,
    /// What changed.
    pub change: &'a Change,
    /// What was read from IAM.
    pub facts: &'a Facts,
    /// Whether the actor is one of those who may lift a quarantine.
    pub break_glass: bool,
}

/// What was read from IAM about the target, as far as [`super::Needs`] asked for it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// From GetUser, GetGroup or GetRole.
    pub details: Option<TargetDetails>,
    /// From ListGroupsForUser.
    pub groups: Vec<IamName>,
    /// What the attached policy grants.
    pub policy: Option<Access>,
    /// What the target could do without it.
    pub before: Option<Access>,
    /// What the target can do with it.
    pub after: Option<Access>,
}

/// What IAM says of a user, group or role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TargetDetails {
    /// `/` or `/team/a/`.
    pub path: String,
    /// Its tags, key and value; groups have none.
    pub tags: Vec<(String, String)>,
}

/// The schema, with the names that every request uses looked up once.
pub(super) struct Vocabulary {
    schema: Schema,
    actions: HashMap<Action, EntityUid>,
    action_entities: Entities,
    types: HashMap<&'static str, EntityTypeName>,
}

/// The schema's entity types.
const TYPES: [&str; 6] = ["User", "Group", "Role", "Root", "Service", "Principal"];

impl Vocabulary {
    pub(super) fn of(schema: Schema, judged: &[Action]) -> Result<Self, String> {
        let type_name = |name| EntityTypeName::from_str(name).map(|found| (name, found)).map_err(|error| error.to_string());
        let types = TYPES.into_iter().map(type_name).collect::<Result<_, _>>()?;
        let action_type = EntityTypeName::from_str("Action").map_err(|error| error.to_string())?;
        let actions = judged
            .iter()
            .copied()
            .map(|action| (action, EntityUid::from_type_name_and_id(action_type.clone(), EntityId::new(action.name()))))
            .collect();
        let action_entities = schema.action_entities().map_err(|error| error.to_string())?;
        Ok(Self { schema, actions, action_entities, types })
    }

    pub(super) const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The actions that are judged.
    pub(super) fn actions(&self) -> impl Iterator<Item = Action> {
        Action::ALL.iter().copied().filter(|action| self.actions.contains_key(action))
    }

    /// Whether it is a group of actions.
    pub(super) fn is_group(&self, uid: &EntityUid) -> bool {
        self.action_entities.get(uid).is_some() && !self.actions.values().any(|action| action == uid)
    }

    /// The action and the groups of actions that it is in.
    pub(super) fn action_with_groups(&self, action: Action) -> HashSet<&EntityUid> {
        let uid = self.actions.get(&action);
        let groups = uid.and_then(|uid| self.action_entities.ancestors(uid)).into_iter().flatten();
        groups.chain(uid).collect()
    }

    pub(super) fn translate(&self, question: &Question<'_>) -> Result<(Request, Entities), DecisionError> {
        let wrong = |error: &dyn std::error::Error| DecisionError::Request(error.to_string());
        let (principal, principal_entity) = self.principal(question)?;
        let (resource, resource_entity, mut entities) = self.resource(question, &principal)?;
        // Where they are the same, the target's entity serves as both: it has what was read, and the path that the record gives of the actor.
        if principal != resource {
            entities.push(principal_entity);
        }
        entities.push(resource_entity);
        let entities = self.action_entities.clone().add_entities(entities, Some(&self.schema)).map_err(|error| wrong(&error))?;
        let action = self.actions.get(&question.action).cloned();
        let action = action.ok_or_else(|| DecisionError::Request(format!("unknown action {}", question.action.name())))?;
        let request = Request::new(principal, action, resource, context(question)?, Some(&self.schema)).map_err(|error| wrong(&error))?;
        Ok((request, entities))
    }

    /// An entity's id, in lower case as every name that is put to the rulebook (see `fold`).
    fn uid(&self, type_name: &str, id: &str) -> Result<EntityUid, DecisionError> {
        let name = self.types.get(type_name).cloned();
        let name = name.ok_or_else(|| DecisionError::Request(format!("unknown entity type {type_name}")))?;
        Ok(EntityUid::from_type_name_and_id(name, EntityId::new(id.to_ascii_lowercase())))
    }

    fn principal(&self, question: &Question<'_>) -> Result<(EntityUid, Entity), DecisionError> {
        let actor = question.actor;
        let partition = question.event.partition();
        let account = actor.account.as_str();
        let (type_name, id) = match actor.kind {
            ActorKind::User => ("User", format!("arn:{partition}:iam::{account}:user/{}", actor.name)),
            ActorKind::Role => ("Role", format!("arn:{partition}:iam::{account}:role/{}", actor.name)),
            ActorKind::Root => ("Root", format!("arn:{partition}:iam::{account}:root")),
            ActorKind::Service => ("Service", actor.arn.clone()),
            ActorKind::Principal if actor.arn.is_empty() => ("Principal", "unknown".to_owned()),
            ActorKind::Principal => ("Principal", actor.arn.clone()),
        };
        let arn = if actor.arn.is_empty() { &id } else { &actor.arn };
        let mut attributes = vec![("account", string(account)), ("arn", folded(arn)), ("name", folded(&actor.name))];
        if matches!(actor.kind, ActorKind::User | ActorKind::Role) {
            attributes.push(("path", folded(path_of(arn))));
        }
        let uid = self.uid(type_name, &id)?;
        let entity = entity(uid.clone(), attributes, HashSet::new(), &[])?;
        Ok((uid, entity))
    }

    /// The target, and the groups that it is in.
    fn resource(&self, question: &Question<'_>, principal: &EntityUid) -> Result<(EntityUid, Entity, Vec<Entity>), DecisionError> {
        let partition = question.event.partition();
        let account = question.event.account.as_str();
        let Target { kind, name } = question.change.target();
        let word = kind.word();
        if *kind == TargetKind::Root {
            let uid = self.uid(kind.name(), &format!("arn:{partition}:iam::{account}:root"))?;
            let arn = format!("arn:{partition}:iam::{account}:root");
            let attributes = vec![("account", string(account)), ("arn", folded(&arn)), ("name", folded(name.as_str()))];
            return Ok((uid.clone(), entity(uid, attributes, HashSet::new(), &[])?, Vec::new()));
        }
        let uid = self.uid(kind.name(), &format!("arn:{partition}:iam::{account}:{word}/{name}"))?;
        let details = question.facts.details.as_ref();
        // INVARIANT: without details the path is a placeholder that no loaded policy looks at, because `Needs` would have asked.
        let path = match details {
            Some(details) => details.path.as_str(),
            None if *principal == uid => path_of(&question.actor.arn),
            None => "/",
        };
        let arn = format!("arn:{partition}:iam::{account}:{word}{path}{name}");
        let attributes = vec![("account", string(account)), ("arn", folded(&arn)), ("name", folded(name.as_str())), ("path", folded(path))];
        let groups = question.facts.groups.iter().map(|group| {
            let id = format!("arn:{partition}:iam::{account}:group/{group}");
            let uid = self.uid("Group", &id)?;
            let attributes =
                vec![("account", string(account)), ("arn", folded(&id)), ("name", folded(group.as_str())), ("path", string("/"))];
            Ok((uid.clone(), entity(uid, attributes, HashSet::new(), &[])?))
        });
        let (parents, groups): (HashSet<EntityUid>, Vec<Entity>) = groups.collect::<Result<Vec<_>, DecisionError>>()?.into_iter().unzip();
        let tags = details.map_or(&[][..], |details| &details.tags);
        let entity = entity(uid.clone(), attributes, parents, tags)?;
        Ok((uid, entity, groups))
    }
}

/// The path in `arn:…:user/team/a/name`: `/team/a/`.
fn path_of(arn: &str) -> &str {
    let after = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let path = after.find('/').and_then(|start| after.get(start..=after.rfind('/')?));
    path.unwrap_or("/")
}

fn entity(
    uid: EntityUid,
    attributes: Vec<(&str, RestrictedExpression)>,
    parents: HashSet<EntityUid>,
    tags: &[(String, String)],
) -> Result<Entity, DecisionError> {
    let attributes: HashMap<_, _> = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let tags: Vec<_> = tags.iter().map(|(key, value)| (key.clone(), string(value))).collect();
    Entity::new_with_tags(uid, attributes, parents, tags).map_err(|error| DecisionError::Request(error.to_string()))
}

fn context(question: &Question<'_>) -> Result<Context, DecisionError> {
    let Question { event, actor, change, facts, break_glass, .. } = question;
    let time = event.record.event_time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut pairs = vec![
        ("account", string(event.account.as_str())),
        ("breakGlass", RestrictedExpression::new_bool(*break_glass)),
        ("mfa", RestrictedExpression::new_bool(actor.mfa == Some(true))),
        ("region", string(&event.region)),
        ("time", RestrictedExpression::new_datetime(time)),
        ("userAgent", string(actor.user_agent.as_deref().unwrap_or_default())),
    ];
    for (name, value) in [("accessKeyId", &actor.access_key_id), ("invokedBy", &actor.invoked_by), ("session", &actor.session)] {
        pairs.extend(value.as_deref().map(|value| (name, string(value))));
    }
    let address = actor.source_ip.as_deref().and_then(|source| IpAddr::from_str(source).ok());
    pairs.extend(address.map(|address| ("sourceIp", RestrictedExpression::new_ip(address.to_string()))));
    match change {
        Change::PolicyAttached { policy_arn, .. } => {
            // INVARIANT: what was not read is empty, and no loaded policy looks at it, because `Needs` would have asked.
            let nothing = Access::default();
            let known = |access: &Option<Access>| access.as_ref().unwrap_or(&nothing).clone();
            pairs.push(("after", known(&facts.after).record()?));
            pairs.push(("before", known(&facts.before).record()?));
            pairs.push(("policy", managed_policy(policy_arn, &known(&facts.policy))?));
        }
        Change::CredentialActivated { credential, created, .. } => {
            pairs.push(("created", RestrictedExpression::new_bool(*created)));
            pairs.push(("credential", text_record([("id", credential.id.as_str()), ("kind", credential.kind.name())])?));
        }
        Change::CredentialExposed { credential, session, finding, .. } => {
            let found = [("finder", finding.finder.as_str()), ("severity", finding.severity.name()), ("type", finding.kind.as_str())];
            pairs.push(("finding", text_record(found)?));
            if let Some(Credential { kind, id }) = credential {
                pairs.push(("credential", text_record([("id", id.as_str()), ("kind", kind.name())])?));
            }
            pairs.push(("ofSession", RestrictedExpression::new_bool(session.is_some())));
        }
        Change::QuarantineLifted { policy_name, .. } => pairs.push(("policyName", string(policy_name.as_str()))),
    }
    let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
    Context::from_pairs(pairs).map_err(|error| DecisionError::Request(error.to_string()))
}

fn managed_policy(arn: &PolicyArn, access: &Access) -> Result<RestrictedExpression, DecisionError> {
    let members = [("arn", arn.as_str()), ("name", arn.name()), ("owner", arn.owner())];
    RestrictedExpression::new_record(members.map(|(name, value)| (name.to_owned(), folded(value))).into_iter().chain(access.members()?))
        .map_err(|error| DecisionError::Request(error.to_string()))
}

fn text_record<const N: usize>(members: [(&str, &str); N]) -> Result<RestrictedExpression, DecisionError> {
    RestrictedExpression::new_record(members.map(|(name, value)| (name.to_owned(), string(value))))
        .map_err(|error| DecisionError::Request(error.to_string()))
}

/// An ARN, name or path, in lower case (see `fold`).
fn folded(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_ascii_lowercase())
}

fn string(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_off_an_arn() {
        let paths = ["user/polsen", "user/a/b/polsen", "role/aws-service-role/x/y"].map(|end| format!("arn:aws:iam::1:{end}"));
        assert_eq!(paths.each_ref().map(|arn| path_of(arn)), ["/", "/a/b/", "/aws-service-role/x/"]);
    }
}
