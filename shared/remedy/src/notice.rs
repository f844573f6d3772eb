//! The case as a person reads it: the mail of ten seconds, the chat message, the document for machines.
//!
//! Whatever an attacker may have written passes through [`policy::text::shown`] on its way here.

use std::fmt::Write as _;

use aws_sdk_sns::types::MessageAttributeValue;
use policy::actor::{Actor, ActorKind};
use policy::case::{Call, Case, Outcome};
use policy::change::{Change, Target};
use policy::guardrail::Decision;
use policy::text::shown;
use serde_json::{Value, json};

use crate::error::{AwsCall, Error};

/// Longest subject that SNS takes, in characters (SNS API reference, `Publish`).
const SUBJECT_MAX: usize = 100;

/// A case made readable.
pub struct Notice<'a> {
    case: &'a Case,
    /// What happened to what, in one line.
    headline: String,
    /// What a reader wants to know next: a word, and what there is to say.
    lines: Vec<(&'static str, String)>,
}

impl<'a> Notice<'a> {
    /// The notice of a case.
    #[must_use]
    pub fn of(case: &'a Case) -> Self {
        let mut lines = vec![("What", what(case))];
        lines.extend(why(case).map(|why| ("Why", why)));
        lines.extend([("Who", who(&case.actor)), ("From", from(&case.actor)), ("When", when(case))]);
        lines.push(("Account", format!("{}, {}", case.account, case.region)));
        let broken = if matches!(case.decision, Decision::Unknown { .. }) { "Perhaps" } else { "Guardrail" };
        lines.extend(case.decision.guardrails().iter().map(|guardrail| {
            let why = guardrail.description.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            let controls = if guardrail.controls.is_empty() { String::new() } else { format!(" [{}]", guardrail.controls.join(", ")) };
            (broken, format!("{} ({}, {}){why}{controls}", guardrail.id, guardrail.severity.name(), guardrail.mode.name()))
        }));
        if let Decision::Exempt { exemption, .. } = &case.decision {
            let text = format!("{}, of {}, until {}: {}", exemption.id, exemption.owner, exemption.until, exemption.reason);
            lines.push(("Exemption", text));
        }
        lines.extend(to_do(case));
        lines.push(("Case", case.id.clone()));
        Self { case, headline: headline(case), lines }
    }

    /// What happened to what: at most 100 printable ASCII characters.
    #[must_use]
    pub fn subject(&self) -> String {
        let severity = self.case.decision.lead().map_or("unknown", |guardrail| guardrail.severity.name());
        let subject = format!("[{severity}] Rescind: {} ({})", self.headline, self.case.account);
        let ascii = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        subject.chars().map(ascii).take(SUBJECT_MAX).collect()
    }

    /// The message for a mail or a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.headline);
        for (word, line) in &self.lines {
            // Writing to a String does not fail.
            let _ = writeln!(text, "{word:<10} {line}");
        }
        text
    }

    /// The message for AWS's chat integration (Amazon Q Developer in chat applications, "Custom notifications").
    fn chat(&self) -> Value {
        // Between back-quotes a chat takes neither markup nor mentions nor links, and `shown` leaves no back-quote.
        let code = |line: &str| line.split('\n').map(|line| format!("`{}`", line.replace('`', "'"))).collect::<Vec<_>>().join("\n");
        let (steps, description): (Vec<_>, Vec<_>) = self.lines.iter().partition(|(word, _)| ACTIONS.contains(word));
        let written =
            |lines: Vec<&(&str, String)>| lines.into_iter().map(|(word, line)| format!("*{word}* {}", code(line))).collect::<Vec<_>>();
        json!({
            "version": "1.0",
            "source": "custom",
            "id": self.case.id,
            "content": {
                "textType": "client-markdown",
                "title": self.subject(),
                "description": written(description).join("\n"),
                "nextSteps": written(steps),
                "keywords": [self.case.outcome.name(), self.case.account],
            },
            "metadata": {
                "threadId": self.case.id,
                "summary": self.headline,
                "eventType": format!("rescind.{}", self.case.outcome.name()),
            },
        })
    }

    /// The message in the form that each kind of subscriber wants, as SNS's `MessageStructure: json` takes it.
    #[must_use]
    pub fn message(&self) -> String {
        let text = self.text();
        let chat = self.chat().to_string();
        let document = self.case.to_string();
        json!({ "default": text, "email": text, "sqs": document, "lambda": document, "https": chat }).to_string()
    }

    /// Publishes the notice.
    ///
    /// # Errors
    ///
    /// Where SNS did not take it: then nobody was told, and the event must be tried again.
    pub async fn publish(&self, sns: &aws_sdk_sns::Client, topic_arn: &str) -> Result<(), Error> {
        let mut request = sns.publish().topic_arn(topic_arn).subject(self.subject()).message_structure("json").message(self.message());
        for (name, value) in self.attributes() {
            // A value without a data type is all that the builder refuses.
            if let Ok(value) = MessageAttributeValue::builder().data_type("String").string_value(value).build() {
                request = request.message_attributes(name, value);
            }
        }
        let answer = request.send().await;
        answer.map(drop).map_err(|error| AwsCall::of(format!("sns:Publish of case {}", self.case.id), &error).into())
    }

    /// What subscribers filter by.
    fn attributes(&self) -> [(&'static str, String); 5] {
        let lead = self.case.decision.lead();
        let change = self.case.change.as_ref().map_or("unknown", Change::name);
        [
            ("severity", lead.map_or("unknown", |guardrail| guardrail.severity.name()).to_owned()),
            ("guardrail", lead.map_or("unknown", |guardrail| &guardrail.id).to_owned()),
            ("outcome", self.case.outcome.name().to_owned()),
            ("account", self.case.account.to_string()),
            ("change", change.to_owned()),
        ]
    }
}

/// The words of the lines that tell a reader what to do.
const ACTIONS: [&str; 3] = ["Undo", "By hand", "Next"];

fn subject_matter(case: &Case) -> String {
    match &case.change {
        Some(Change::PolicyAttached { target, policy_arn }) => format!("policy {} on {target}", policy_arn.name()),
        None => format!("an unreadable {}", shown(&case.record.event_name)),
    }
}

fn headline(case: &Case) -> String {
    let matter = subject_matter(case);
    match case.outcome {
        Outcome::Applied => format!("taken back: {matter}"),
        Outcome::AlreadyClean => format!("already gone: {matter}"),
        Outcome::Observed if case.remedies().is_empty() => format!("noticed: {matter}"),
        Outcome::Observed => format!("would be taken back: {matter}"),
        Outcome::Exempt => format!("exempt: {matter}"),
        Outcome::Unremediable => format!("ACT: cannot be taken back: {matter}"),
        Outcome::Failed => format!("ACT: could not be taken back: {matter}"),
        Outcome::Attempted => format!("refused by AWS: {matter}"),
    }
}

fn what(case: &Case) -> String {
    match &case.change {
        Some(Change::PolicyAttached { target, policy_arn }) => match case.outcome {
            Outcome::Attempted => {
                let why = case.record.error_code.as_deref().map(shown).unwrap_or_default();
                format!(
                    "tried to attach {} to {target}; AWS refused it ({why}), so nothing is to be taken back",
                    shown(policy_arn.as_str())
                )
            }
            outcome => format!("{} was attached to {target}{}", shown(policy_arn.as_str()), state(outcome)),
        },
        None => format!("{} was called, and its record does not say with what", shown(&case.record.event_name)),
    }
}

/// Why it came out so, where the outcome alone does not say.
fn why(case: &Case) -> Option<String> {
    let reason = match &case.decision {
        Decision::Unknown { reason, .. } => Some(reason.as_str()),
        Decision::Allowed | Decision::Exempt { .. } | Decision::Forbidden { .. } => None,
    };
    let detail = case.outcomes.iter().find_map(|outcome| outcome.detail.as_deref());
    let parts: Vec<&str> = reason.into_iter().chain(detail).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

const fn state(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "; it is detached again",
        Outcome::AlreadyClean => "; it was no longer attached when Rescind acted",
        Outcome::Unremediable | Outcome::Failed => "; Rescind left it so",
        Outcome::Observed | Outcome::Exempt | Outcome::Attempted => "",
    }
}

fn who(actor: &Actor) -> String {
    let arn = shown(&actor.arn);
    let name = shown(&actor.name);
    let session = actor.session.as_deref().map(|session| format!(", session {}", shown(session))).unwrap_or_default();
    match actor.kind {
        ActorKind::User => format!("user {name} ({arn})"),
        ActorKind::Role => format!("role {name}{session} ({arn})"),
        ActorKind::Root => format!("the root user of {}", shown(&actor.account)),
        ActorKind::Service => format!("the AWS service {name}"),
        ActorKind::Principal if arn.is_empty() => format!("somebody whom CloudTrail calls {}", shown(&actor.identity_type)),
        ActorKind::Principal => format!("{} {arn}", shown(&actor.identity_type)),
    }
}

fn from(actor: &Actor) -> String {
    let source = actor.source_ip.as_deref().map_or_else(|| "an unknown address".to_owned(), shown);
    let agent = actor.user_agent.as_deref().map(|agent| format!(", with {}", shown(agent))).unwrap_or_default();
    let invoked_by = actor.invoked_by.as_ref().filter(|service| actor.user_agent.as_ref() != Some(service));
    let through = invoked_by.map(|service| format!(", through {}", shown(service))).unwrap_or_default();
    let mfa = match actor.mfa {
        Some(true) => "with MFA",
        Some(false) => "without MFA",
        None => "MFA not recorded",
    };
    format!("{source}{agent}{through}, {mfa}")
}

fn when(case: &Case) -> String {
    let seconds = case.latency_ms / 1000;
    let later = match seconds {
        ..0 => "before it happened, by these clocks".to_owned(),
        0..120 => format!("{seconds} s later"),
        120..7_200 => format!("{} min later", seconds / 60),
        7_200..172_800 => format!("{} h later", seconds / 3_600),
        _ => format!("{} days later", seconds / 86_400),
    };
    format!("{}; judged {later}", case.record.event_time.format("%Y-%m-%d %H:%M:%S UTC"))
}

/// What the reader can do now.
fn to_do(case: &Case) -> Vec<(&'static str, String)> {
    let mut lines: Vec<_> =
        case.outcomes.iter().filter_map(|outcome| outcome.undo.as_ref()).map(|undo| ("Undo", undo.command.clone())).collect();
    if let (Outcome::Observed | Outcome::Failed | Outcome::Unremediable, Some(change)) = (case.outcome, &case.change) {
        lines.push(("By hand", take_back_call(change).command()));
    }
    match (case.outcome, &case.change) {
        (Outcome::Failed, _) => lines.push(("Next", "Rescind tries again, then leaves the event in its failure queue".to_owned())),
        (_, None) => lines.push(("Next", "look at what this actor changed, at this time, in the account itself".to_owned())),
        _ => {}
    }
    lines
}

/// The call that takes a change back, as a person would make it.
#[must_use]
pub fn take_back_call(change: &Change) -> Call {
    match change {
        Change::PolicyAttached { target, policy_arn } => policy_call("Detach", target, policy_arn.as_str()),
    }
}

/// The call that gives back what was taken.
#[must_use]
pub fn give_back_call(change: &Change) -> Call {
    match change {
        Change::PolicyAttached { target, policy_arn } => policy_call("Attach", target, policy_arn.as_str()),
    }
}

fn policy_call(verb: &str, target: &Target, policy_arn: &str) -> Call {
    let kind = target.kind.name();
    let name = format!("{kind}Name");
    Call::iam(&format!("{verb}{kind}Policy"), &[(&name, target.name.as_str()), ("PolicyArn", policy_arn)])
}
