//! Whether a rulebook takes back what it requires.
//!
//! Decided without an account: somebody plain puts the required policy where it has to be, and the guardrails that need no more than that say
//! whether they forbid it. What depends on anything else (who it is, what else the target holds) is no contradiction.

use serde_json::json;

use super::{Decision, Mode, Question, Requirement, Rulebook};
use crate::action::Action;
use crate::actor::Actor;
use crate::break_glass::Standing;
use crate::capability::RequestContext;
use crate::change::{Claim, Gives};
use crate::facts::{Facts, Texts};
use crate::record::Event;
use crate::remedy::Remedy;

/// The guardrail that takes back the required policy from somebody who puts it on the targets of these actions, if there is one.
pub(super) fn of(rulebook: &Rulebook, requirement: &Requirement, actions: &[&'static Action]) -> Option<String> {
    actions.iter().find_map(|action| forbidden(rulebook, requirement, putting(action)?))
}

/// The call that puts there what such a call takes away. No guardrail takes back a boundary, and a user in a group gets what the group was given.
fn putting(action: &Action) -> Option<&'static Action> {
    let name = match action.name {
        "DetachUserPolicy" => "AttachUserPolicy",
        "DetachGroupPolicy" => "AttachGroupPolicy",
        "DetachRolePolicy" => "AttachRolePolicy",
        "DeleteUserPolicy" => "PutUserPolicy",
        "DeleteGroupPolicy" => "PutGroupPolicy",
        "DeleteRolePolicy" => "PutRolePolicy",
        _ => return None,
    };
    Action::named(name)
}

fn forbidden(rulebook: &Rulebook, requirement: &Requirement, action: &'static Action) -> Option<String> {
    const ACCOUNT: &str = "123456789012";
    const TIME: &str = "1970-01-01T00:00:00Z";
    let mut parameters = json!({ "userName": "somebody", "groupName": "somebody", "roleName": "somebody" });
    let members = parameters.as_object_mut()?;
    match requirement {
        Requirement::Inline { name, document, .. } => {
            members.insert("policyName".to_owned(), json!(name));
            members.insert("policyDocument".to_owned(), json!(document));
        }
        Requirement::Boundary { .. } | Requirement::Policy { .. } => {
            let account = crate::arn::AccountId::new(ACCOUNT).ok()?;
            members.insert("policyArn".to_owned(), json!(requirement.policy(&account, "aws")?));
        }
    }
    let record = json!({
        "eventTime": TIME, "eventSource": action.source, "eventName": action.name, "awsRegion": "us-east-1", "recipientAccountId": ACCOUNT,
        "userIdentity": { "type": "IAMUser", "accountId": ACCOUNT, "userName": "anybody", "arn": format!("arn:aws:iam::{ACCOUNT}:user/anybody") },
        "requestParameters": parameters,
    });
    let event = Event::from_envelope_or_record(&record.to_string()).ok()?;
    let actor = Actor::of(&event).ok()?;
    let Some(Claim::Change(change)) = action.claims(&event, &actor).into_iter().next() else {
        return None;
    };
    let facts = match change.kind().gives() {
        Gives::Inline(_, text) => {
            let texts = Texts { policies: vec![text.to_owned()], boundary: None };
            Facts::none().with_granted(rulebook.access(&texts, RequestContext::default()).ok()?)
        }
        _ => Facts::none(),
    };
    let question = Question {
        event: &event,
        actor: &actor,
        action,
        change: &change,
        facts: &facts,
        break_glass: Standing::Unlisted,
        trusted_accounts: &[],
        own: None,
    };
    let weighed = rulebook.weigh(&question).ok()??;
    let Ok(Decision::Forbidden { guardrails, .. }) = rulebook.decide(&question, weighed, None) else {
        return None;
    };
    let takes_back = |remedy: &Remedy| matches!(remedy, Remedy::DetachPolicy | Remedy::DeleteInlinePolicy);
    let forbids = |guardrail: &&super::Guardrail| guardrail.mode == Mode::Enforce && guardrail.remedies.iter().any(takes_back);
    guardrails.iter().find(forbids).map(|guardrail| guardrail.id.clone())
}
