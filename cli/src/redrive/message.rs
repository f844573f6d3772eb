//! What a message in one of the two queues says. Whoever may send messages to the queues can write one, so nothing in it is believed: it can only name a
//! function of the stack, by its exact ARN, and an event, which that function judges.

use std::collections::HashMap;

use policy::text::{name, speech};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::feed::Feed;
use crate::stack::{QUEUE, RULE, Stack};

/// How the type of an error begins that will occur again when the event is sent again.
const FINAL: &str = "Final.";

/// A function of the stack.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Function {
    /// Its exact ARN.
    pub arn: String,
    /// As a person calls it.
    pub name: String,
}

/// An event, and what it says of itself, fit to be shown.
#[derive(Debug)]
pub struct Event {
    /// As the function gets it.
    pub text: String,
    /// The service and the call, or what was found.
    pub call: String,
    /// Who called.
    pub actor: Option<String>,
    /// When.
    pub time: Option<String>,
    /// The id under which CloudTrail's event history has it.
    pub id: Option<String>,
    account: String,
}

/// One message; for what it does not say, why not.
#[derive(Debug)]
pub struct Message {
    /// For whom it is.
    pub function: Result<Function, String>,
    /// What it is about.
    pub event: Result<Event, String>,
    /// Why it is here, fit to be shown.
    pub error: Option<String>,
    /// The type of the error, if it will occur again.
    pub is_final: Option<String>,
}

/// What a queue says of a message besides its text.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// What its sender says.
    pub attributes: &'a HashMap<String, String>,
    /// The queue that gave up on it and from which SQS moved it here.
    pub moved_from: Option<&'a str>,
}

/// A stack, and which of its queues feed which of its functions; or why that is not known.
#[derive(Clone, Copy)]
pub struct Home<'a> {
    pub stack: &'a Stack,
    pub feeds: Result<&'a [Feed], &'a str>,
}

impl Message {
    /// The function that gets the event, or why it does not: an error that would occur again holds it back, unless `all` is sent.
    pub fn verdict(&self, stack: &Stack, all: bool) -> Result<(&Function, &Event), String> {
        let event = self.event.as_ref().map_err(Clone::clone)?;
        let function = self.function.as_ref().map_err(Clone::clone)?;
        if event.account != stack.account {
            return Err(format!("foreign: its account is {}", name(&event.account)));
        }
        match &self.is_final {
            Some(kind) if !all => Err(format!("it would fail again: {}; --all sends it all the same", advice(kind))),
            _ => Ok((function, event)),
        }
    }
}

/// What has to be done first.
fn advice(kind: &str) -> &'static str {
    match kind {
        "Final.Init" | "Final.Rulebook" => "the environment or the rulebook is wrong: `rescind check`, deploy",
        "Final.MalformedEvent" | "Final.ForeignEvent" => "EventBridge sends no such event: find out who invoked the function",
        _ => "repair what the error names",
    }
}

impl Home<'_> {
    /// A message of the queue of events that `EventBridge` could not deliver: the event, with the rule, the target and the cause in attributes
    /// (EventBridge user guide, "Using dead-letter queues").
    pub fn undelivered(self, body: &str, envelope: Envelope<'_>) -> Message {
        let said = |attribute: &str| envelope.attributes.get(attribute).map(String::as_str).filter(|text| !text.is_empty());
        let error: Vec<String> = said("ERROR_CODE").map(name).into_iter().chain(said("ERROR_MESSAGE").map(speech)).collect();
        Message {
            function: self.of_rule(said("RULE_ARN"), said("TARGET_ARN")),
            event: Event::read(body),
            error: (!error.is_empty()).then(|| error.join(" ")),
            is_final: None,
        }
    }

    fn of_rule(self, rule: Option<&str>, target: Option<&str>) -> Result<Function, String> {
        let (Some(rule), Some(target)) = (rule, target) else {
            return Err("unreadable: it does not say which rule could not deliver it to whom, as EventBridge does".to_owned());
        };
        if !self.stack.of(RULE).any(|own| self.stack.rule_arn(own) == rule) {
            return Err(format!("foreign: the rule {} is no part of the stack", name(rule)));
        }
        let is_queue = self.stack.of(QUEUE).any(|queue| self.stack.queue_arn(queue) == target);
        if is_queue { self.fed_by(target) } else { self.function(target) }
    }

    /// A message of the queue of events that a function failed on: Lambda's record of it (Lambda developer guide, "Capturing records of asynchronous
    /// invocations"), or what SQS moved here from a queue that feeds a function, which is the event alone.
    pub fn failed(self, body: &str, envelope: Envelope<'_>) -> Message {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Failed {
            request_context: Context,
            request_payload: Box<RawValue>,
            #[serde(default)]
            response_payload: Value,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Context {
            function_arn: String,
            #[serde(default)]
            condition: String,
        }

        if let Some(queue) = envelope.moved_from {
            let error = Some("the function's log has the error".to_owned());
            return Message { function: self.fed_by(queue), event: Event::read(body), error, is_final: None };
        }
        match serde_json::from_str::<Failed>(body) {
            Ok(Failed { request_context, request_payload, response_payload }) => {
                let said = |member: &str| response_payload.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
                let kind = said("errorType").or_else(|| Some(&*request_context.condition).filter(|condition| !condition.is_empty()));
                let error: Vec<String> = kind.map(name).into_iter().chain(said("errorMessage").map(speech)).collect();
                Message {
                    function: self.function(&request_context.function_arn),
                    event: Event::read(request_payload.get()),
                    error: (!error.is_empty()).then(|| error.join(" ")),
                    is_final: kind.filter(|kind| kind.starts_with(FINAL)).map(str::to_owned),
                }
            }
            Err(_) => Message {
                function: Err(
                    "unreadable: neither Lambda's record of a failure, nor moved here from a queue that feeds a function".to_owned()
                ),
                event: Event::read(body),
                error: None,
                is_final: None,
            },
        }
    }

    fn function(self, arn: &str) -> Result<Function, String> {
        let part = self.stack.function(arn).ok_or_else(|| format!("foreign: {} is no function of the stack, or is gone", name(arn)))?;
        Ok(Function { arn: self.stack.function_arn(part), name: self.stack.said(part) })
    }

    fn fed_by(self, queue: &str) -> Result<Function, String> {
        let feeds = self.feeds.map_err(|why| format!("which function a queue feeds is not known: {why}"))?;
        let feed = feeds.iter().find(|feed| feed.queue == queue);
        self.function(&feed.ok_or_else(|| format!("foreign: {} feeds no function of the stack", name(queue)))?.function)
    }
}

impl Event {
    /// What `EventBridge` delivers, read only as far as a person wants to see it.
    fn read(text: &str) -> Result<Self, String> {
        let envelope: Value = serde_json::from_str(text).map_err(|_| "unreadable: its event is no JSON".to_owned())?;
        let member = |path: &str| envelope.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(source), Some(kind), Some(account)) = (member("/source"), member("/detail-type"), member("/account")) else {
            return Err("unreadable: its event has no source, detail-type and account, as EventBridge's have".to_owned());
        };
        let call = member("/detail/eventName").map_or_else(
            || format!("{} {}", name(source), name(kind)),
            |call| format!("{}:{}", name(member("/detail/eventSource").unwrap_or(source)), name(call)),
        );
        let actor = ["arn", "principalId", "invokedBy", "type"].iter().find_map(|which| member(&format!("/detail/userIdentity/{which}")));
        Ok(Self {
            text: text.to_owned(),
            call,
            actor: actor.map(name),
            time: member("/detail/eventTime").or_else(|| member("/time")).map(name),
            id: member("/detail/eventID").or_else(|| member("/id")).map(name),
            account: account.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
