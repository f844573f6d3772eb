//! A change as a Cedar request: principal, action, resource, context, and the entities they refer to.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::str::FromStr;

use cedar_policy::{Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression, Schema};
use chrono::SecondsFormat;

use super::DecisionError;
use super::requirement::{self, Requirement};
use crate::action::Action;
use crate::actor::{Actor, ActorKind};
use crate::arn::{AccountId, path_of};
use crate::break_glass::Standing;
use crate::change::Change;
use crate::facts::{Facts, Members, Needs};
use crate::own::OwnParts;
use crate::record::Event;
use crate::target::{Identity, Target};

/// A change, put to the rulebook.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Where and when.
    pub event: &'a Event,
    /// Who.
    pub actor: &'a Actor,
    /// Which call.
    pub action: &'static Action,
    /// What changed.
    pub change: &'a Change,
    /// What was read from IAM.
    pub facts: &'a Facts,
    /// What the actor is on the list of break-glass principals.
    pub break_glass: Standing,
    /// Accounts of others that count as trusted.
    pub trusted_accounts: &'a [AccountId],
    /// The parts of Rescind's own stack, if they are known.
    pub own: Option<&'a OwnParts>,
}

/// A question in Cedar's terms.
pub(super) struct Translated {
    pub request: Request,
    pub entities: Entities,
    /// The facts that the request would hold, and that were not read: placeholders stand in their places.
    pub unread: Needs,
}

struct Resource {
    uid: EntityUid,
    entity: Entity,
    groups: Vec<Entity>,
    unread: Needs,
}

/// The schema, with the names that every request uses looked up once.
pub(super) struct Vocabulary {
    schema: Schema,
    actions: HashMap<&'static Action, Judged>,
    /// The same, in the order of the schema.
    in_order: Vec<&'static Action>,
    action_entities: Entities,
    types: HashMap<&'static str, EntityTypeName>,
    /// What the guardrails require, each once.
    requirements: Vec<Requirement>,
}

/// An action that is judged.
struct Judged {
    uid: EntityUid,
    /// The action and its groups: every request about it begins with them, and needs no other action's.
    entities: Entities,
    /// Whether the schema says what such a request holds: of actions that are alike, it says so of one (see `load`).
    is_typed: bool,
}

/// The schema's entity types.
const TYPES: [&str; 9] = ["User", "Group", "Role", "Root", "Service", "Principal", "Account", "Policy", "Provider"];

impl Vocabulary {
    pub(super) fn of(schema: Schema, judged: &[&'static Action]) -> Result<Self, String> {
        let type_name = |name| EntityTypeName::from_str(name).map(|found| (name, found)).map_err(|error| error.to_string());
        let types = TYPES.into_iter().map(type_name).collect::<Result<_, _>>()?;
        let action_type = EntityTypeName::from_str("Action").map_err(|error| error.to_string())?;
        let action_entities = schema.action_entities().map_err(|error| error.to_string())?;
        let with_groups = |action: &'static Action| {
            let uid = EntityUid::from_type_name_and_id(action_type.clone(), EntityId::new(action.name));
            let groups = action_entities.ancestors(&uid).into_iter().flatten();
            let entities = groups.chain([&uid]).filter_map(|uid| action_entities.get(uid)).cloned();
            let entities = Entities::from_entities(entities, None).map_err(|error| error.to_string())?;
            let is_typed = schema.principals_for_action(&uid).is_some_and(|mut principals| principals.next().is_some());
            Ok((action, Judged { uid, entities, is_typed }))
        };
        let actions = judged.iter().copied().map(with_groups).collect::<Result<_, String>>()?;
        Ok(Self { schema, actions, in_order: judged.to_vec(), action_entities, types, requirements: Vec::new() })
    }

    pub(super) const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The actions that are judged.
    pub(super) fn actions(&self) -> impl Iterator<Item = &'static Action> {
        self.in_order.iter().copied()
    }

    /// What the guardrails require.
    pub(super) fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Adds something that a guardrail requires.
    pub(super) fn require(&mut self, requirement: &Requirement) {
        if !self.requirements.contains(requirement) {
            self.requirements.push(requirement.clone());
        }
    }

    /// Whether it is a group of actions.
    pub(super) fn is_group(&self, uid: &EntityUid) -> bool {
        self.action_entities.get(uid).is_some() && !self.actions.values().any(|action| action.uid == *uid)
    }

    /// The action and the groups of actions that it is in.
    pub(super) fn action_with_groups(&self, action: &Action) -> HashSet<&EntityUid> {
        let uid = self.actions.get(action).map(|action| &action.uid);
        let groups = uid.and_then(|uid| self.action_entities.ancestors(uid)).into_iter().flatten();
        groups.chain(uid).collect()
    }

    /// The context of a request as an outline.
    pub(super) fn outline<'q>(&'q self, question: &Question<'q>) -> Members<'q> {
        self.members(question, none(question).outlined())
    }

    /// The request, with those members of the context that are read.
    pub(super) fn translate(&self, question: &Question<'_>, is_read: &dyn Fn(&str) -> bool) -> Result<Translated, DecisionError> {
        debug_assert!(self.is_in_schema(question)?, "the schema does not know a request about {}", question.action.name);
        self.request(question, self.members(question, none(question).only(is_read)), None)
    }

    /// Whether the whole request is one that the schema describes, which policies were validated for. Tests ask.
    fn is_in_schema(&self, question: &Question<'_>) -> Result<bool, DecisionError> {
        let schema = self.actions.get(question.action).filter(|action| action.is_typed).map(|_| &self.schema);
        self.request(question, self.members(question, none(question)), schema).map(|_| true)
    }

    fn members<'q>(&'q self, question: &Question<'q>, none: Members<'q>) -> Members<'q> {
        members(question, &self.requirements, none)
    }

    fn request(&self, question: &Question<'_>, members: Members<'_>, schema: Option<&Schema>) -> Result<Translated, DecisionError> {
        let wrong = |error: &dyn std::error::Error| DecisionError::Request(error.to_string());
        let (principal, principal_entity) = self.principal(question.actor, question.event.partition())?;
        let mut resource = self.resource(question, &principal)?;
        // If they are the same, the target's entity serves as both: it has what was read, and the path that the record gives of the actor.
        if principal != resource.uid {
            resource.groups.push(principal_entity);
        }
        resource.groups.push(resource.entity);
        let action = self.actions.get(question.action);
        let action = action.ok_or_else(|| DecisionError::Request(format!("unknown action {}", question.action.name)))?;
        let entities = action.entities.clone().add_entities(resource.groups, schema).map_err(|error| wrong(&error))?;
        let (context, unread) = members.finish().map_err(DecisionError::Request)?;
        let request = Request::new(principal, action.uid.clone(), resource.uid, context, schema).map_err(|error| wrong(&error))?;
        Ok(Translated { request, entities, unread: unread | resource.unread })
    }

    /// The request as far as it is known if the event does not say what changed: about nothing, with what every context has.
    pub(super) fn of_actor(
        &self,
        action: &Action,
        event: &Event,
        actor: &Actor,
        break_glass: Standing,
    ) -> Result<(Request, Entities), DecisionError> {
        let wrong = |error: &dyn std::error::Error| DecisionError::Request(error.to_string());
        let (principal, entity) = self.principal(actor, event.partition())?;
        let judged = self.actions.get(action).ok_or_else(|| DecisionError::Request(format!("unknown action {}", action.name)))?;
        let entities = judged.entities.clone().add_entities([entity], None).map_err(|error| wrong(&error))?;
        let none = Members::new(&event.account, event.partition());
        let (context, _) = circumstances(event, actor, break_glass, none).finish().map_err(DecisionError::Request)?;
        let request = Request::new(principal.clone(), judged.uid.clone(), principal, context, None).map_err(|error| wrong(&error))?;
        Ok((request, entities))
    }

    /// An entity's id, in lower case as every name that is put to the rulebook (see `fold`).
    fn uid(&self, type_name: &str, id: &str) -> Result<EntityUid, DecisionError> {
        let name = self.types.get(type_name).cloned();
        let name = name.ok_or_else(|| DecisionError::Request(format!("unknown entity type {type_name}")))?;
        Ok(EntityUid::from_type_name_and_id(name, EntityId::new(id.to_ascii_lowercase())))
    }

    fn principal(&self, actor: &Actor, partition: &str) -> Result<(EntityUid, Entity), DecisionError> {
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

    /// The target, the groups that it is in, and the facts about it that were not read.
    fn resource(&self, question: &Question<'_>, principal: &EntityUid) -> Result<Resource, DecisionError> {
        let partition = question.event.partition();
        let home = question.event.account.as_str();
        let iam = |account: &str, end: &str| format!("arn:{partition}:iam::{account}:{end}");
        let plain = |type_name: &str, id: &str, account: &str, arn: &str, name: &str, path: Option<&str>| {
            let uid = self.uid(type_name, id)?;
            let mut attributes = vec![("account", string(account)), ("arn", folded(arn)), ("name", folded(name))];
            attributes.extend(path.map(|path| ("path", folded(path))));
            Ok(Resource {
                entity: entity(uid.clone(), attributes, HashSet::new(), &[])?,
                uid,
                groups: Vec::new(),
                unread: Needs::default(),
            })
        };
        match question.change.target() {
            Target::Identity(identity) => self.identity(question, &identity, principal),
            Target::Root => plain("Root", &iam(home, "root"), home, &iam(home, "root"), "root", None),
            Target::Account => plain("Account", home, home, &iam(home, "root"), home, None),
            Target::Policy(arn) => plain("Policy", arn.as_str(), arn.owner(), arn.as_str(), arn.name(), Some(arn.path())),
            Target::Provider(arn) => plain("Provider", arn.as_str(), arn.account(), arn.as_str(), arn.name(), None),
        }
    }

    fn identity(&self, question: &Question<'_>, identity: &Identity, principal: &EntityUid) -> Result<Resource, DecisionError> {
        let partition = question.event.partition();
        let account = question.event.account.as_str();
        let Identity { kind, name, .. } = identity;
        let word = kind.word();
        let uid = self.uid(kind.name(), &format!("arn:{partition}:iam::{account}:{word}/{name}"))?;
        let details = question.facts.details();
        // INVARIANT: a path that was not read is a placeholder, and the fact is noted as unread.
        let path = match details {
            Some(details) => details.path.as_str(),
            None if *principal == uid => path_of(&question.actor.arn),
            None => "/",
        };
        let arn = format!("arn:{partition}:iam::{account}:{word}{path}{name}");
        let attributes = vec![("account", string(account)), ("arn", folded(&arn)), ("name", folded(name.as_str())), ("path", folded(path))];
        let groups = question.facts.groups().unwrap_or_default().iter().map(|group| {
            let id = format!("arn:{partition}:iam::{account}:group/{group}");
            let uid = self.uid("Group", &id)?;
            let attributes =
                vec![("account", string(account)), ("arn", folded(&id)), ("name", folded(group.as_str())), ("path", string("/"))];
            Ok((uid.clone(), entity(uid, attributes, HashSet::new(), &[])?))
        });
        let (parents, groups): (HashSet<EntityUid>, Vec<Entity>) = groups.collect::<Result<Vec<_>, DecisionError>>()?.into_iter().unzip();
        let tags = details.map_or(&[][..], |details| &details.tags);
        // Only users are in groups.
        let unread =
            Needs { details: details.is_none(), groups: identity.is_user() && question.facts.groups().is_none(), ..Needs::default() };
        Ok(Resource { entity: entity(uid.clone(), attributes, parents, tags)?, uid, groups, unread })
    }
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

/// No members yet.
fn none<'a>(question: &Question<'a>) -> Members<'a> {
    Members::new(&question.event.account, question.event.partition())
}

fn members<'a>(question: &Question<'a>, requirements: &[Requirement], none: Members<'a>) -> Members<'a> {
    let event = question.event;
    let mut context = circumstances(event, question.actor, question.break_glass, none).trusting(question.trusted_accounts);
    if let Some(own) = question.own {
        context = context.knowing(own, &event.region);
    }
    if let Some(removes) = question.change.kind().removes() {
        context.removes(requirement::removed(requirements.iter(), removes, question.facts, &event.account, event.partition()));
    }
    question.change.kind().context(question.facts, &mut context);
    context
}

/// The members that every context has.
fn circumstances<'a>(event: &Event, actor: &Actor, break_glass: Standing, mut context: Members<'a>) -> Members<'a> {
    context.text("account", event.account.as_str());
    context.boolean("breakGlass", break_glass == Standing::Listed);
    context.boolean("breakGlassRecreated", break_glass == Standing::Recreated);
    context.boolean("mfa", actor.mfa == Some(true));
    context.text("region", &event.region);
    context.push("time", || RestrictedExpression::new_datetime(event.record.event_time.to_rfc3339_opts(SecondsFormat::Millis, true)));
    context.text("userAgent", actor.user_agent.as_deref().unwrap_or_default());
    context.boolean("assumedRoot", actor.assumed_root);
    let known = [
        ("accessKeyId", &actor.access_key_id),
        ("delegate", &actor.delegate),
        ("inScopeOf", &actor.in_scope_of),
        ("invokedBy", &actor.invoked_by),
        ("onBehalfOf", &actor.on_behalf_of),
        ("session", &actor.session),
        ("sourceIdentity", &actor.source_identity),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            context.text(name, value);
        }
    }
    if let Some(address) = actor.source_ip.as_deref().and_then(|source| IpAddr::from_str(source).ok()) {
        context.push("sourceIp", || RestrictedExpression::new_ip(address.to_string()));
    }
    context
}

/// An ARN, name or path, in lower case (see `fold`).
fn folded(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_ascii_lowercase())
}

fn string(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}
