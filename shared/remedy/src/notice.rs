//! The case as a person reads it: the mail of ten seconds, the chat message, the document for machines.
//!
//! Whatever an attacker may have written passes through [`policy::text::shown`] on its way here.

use std::fmt::Write as _;

use aws_sdk_sns::types::MessageAttributeValue;
use policy::actor::{Actor, ActorKind};
use policy::case::{Call, Case, CredentialReport, Outcome};
use policy::change::{Change, Remedy, TargetKind};
use policy::guardrail::Decision;
use policy::quarantine::{Aim, Quarantine, Sessions};
use policy::text::shown;
use serde_json::{Value, json};

use crate::calls;
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
        lines.extend(case.outcomes.iter().filter_map(|outcome| outcome.report.as_ref()).flat_map(|report| reported(report, case)));
        lines.push(("Who", who(&case.actor)));
        // What a service finds comes from nowhere.
        if case.actor.kind != ActorKind::Service || case.actor.source_ip.is_some() {
            lines.push(("From", from(&case.actor)));
        }
        lines.push(("When", when(case)));
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
        let asked_by = case.asked_by.as_ref().map(|asked| format!(", asked for by {}", shown(&asked.case))).unwrap_or_default();
        lines.push(("Case", format!("{}{asked_by}", case.id)));
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
const ACTIONS: [&str; 4] = ["Also", "Undo", "By hand", "Next"];

/// The remedy that a case is about: the one that its function owns, or the first that is asked for.
fn remedy_of(case: &Case) -> Option<Remedy> {
    let own = case.outcomes.iter().find(|outcome| outcome.outcome != Outcome::Requested).map(|outcome| outcome.remedy);
    own.or_else(|| case.remedies().first().copied())
}

/// What it is about, in a few words.
fn subject_matter(case: &Case) -> String {
    let Some(change) = &case.change else {
        return format!("an unreadable {}", shown(&case.record.event_name));
    };
    if let (Some(Remedy::QuarantinePrincipal), Some(_)) = (remedy_of(case), &case.asked_by) {
        return match Aim::of(case, change) {
            Aim::At(target, Sessions::All) => target.to_string(),
            Aim::At(target, sessions) => format!("{sessions} of {target}"),
            Aim::Out(_) => who(&case.actor),
        };
    }
    match change {
        Change::PolicyAttached { target, policy_arn } => format!("policy {} on {target}", policy_arn.name()),
        Change::CredentialActivated { target, credential, .. } | Change::CredentialExposed { target, credential: Some(credential), .. } => {
            format!("{credential} of {target}")
        }
        Change::CredentialExposed { target, session: Some(session), .. } => {
            let name = session.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
            format!("session{name} of {target}")
        }
        Change::CredentialExposed { target, .. } => format!("credentials of {target}"),
        Change::QuarantineLifted { target, .. } => format!("quarantine of {target}"),
    }
}

fn headline(case: &Case) -> String {
    let matter = subject_matter(case);
    let done = match (remedy_of(case), &case.change) {
        (_, Some(Change::QuarantineLifted { .. })) => "put back",
        (Some(Remedy::QuarantineKey), _) => "quarantined",
        (Some(Remedy::QuarantinePrincipal), _) => "contained",
        (Some(Remedy::DetachPolicy) | None, _) => "taken back",
    };
    match case.outcome {
        Outcome::Applied => format!("{done}: {matter}"),
        Outcome::AlreadyClean => match remedy_of(case) {
            Some(Remedy::DetachPolicy) | None => format!("already gone: {matter}"),
            Some(_) => format!("already {done}: {matter}"),
        },
        Outcome::Observed if case.remedies().is_empty() => format!("noticed: {matter}"),
        Outcome::Observed => format!("would be {done}: {matter}"),
        Outcome::Exempt => format!("exempt: {matter}"),
        Outcome::Unremediable => format!("ACT: cannot be {done}: {matter}"),
        Outcome::Failed => format!("ACT: could not be {done}: {matter}"),
        Outcome::Attempted => format!("refused by AWS: {matter}"),
        Outcome::Requested => format!("handed on: {matter}"),
    }
}

fn what(case: &Case) -> String {
    let Some(change) = &case.change else {
        let event = shown(&case.record.event_name);
        return if case.actor.kind == ActorKind::Service {
            format!("{event} was found, and what it is about is not clear")
        } else {
            format!("{event} was called, and its record does not say with what")
        };
    };
    if case.outcome == Outcome::Attempted {
        let why = case.record.error_code.as_deref().map(shown).unwrap_or_default();
        let tried = match change {
            Change::PolicyAttached { target, policy_arn } => format!("tried to attach {} to {target}", shown(policy_arn.as_str())),
            other => format!("tried to call {} on {}", shown(&case.record.event_name), other.target()),
        };
        return format!("{tried}; AWS refused it ({why}), so nothing is to be taken back");
    }
    format!("{}{}", happened(change), state(case, change))
}

fn happened(change: &Change) -> String {
    match change {
        Change::PolicyAttached { target, policy_arn } => format!("{} was attached to {target}", shown(policy_arn.as_str())),
        Change::CredentialActivated { target, credential, created: true } => format!("{credential} of {target} was created"),
        Change::CredentialActivated { target, credential, .. } => format!("{credential} of {target} was set active again"),
        Change::CredentialExposed { target, credential, session, finding } => {
            let whose = match (credential, session) {
                (Some(credential), _) => format!("{credential} of {target}"),
                (None, Some(session)) => {
                    let name = session.name.as_ref().map(|name| format!(" named {name}")).unwrap_or_default();
                    let key = session.key_id.as_ref().map(|key| format!(", key {key}")).unwrap_or_default();
                    format!("a session{name} of {target}{key}")
                }
                (None, None) => format!("credentials of {target}"),
            };
            format!("{} about {whose} ({})", shown(&finding.kind), finding.severity.name())
        }
        Change::QuarantineLifted { target, policy_name } => format!("the quarantine {policy_name} was taken from {target}, or replaced"),
    }
}

/// What stands now, by the remedy and what came of it.
fn state(case: &Case, change: &Change) -> String {
    let remedy = remedy_of(case);
    match (case.outcome, remedy) {
        (Outcome::Unremediable | Outcome::Failed, _) => "; Rescind left it so".to_owned(),
        (Outcome::Applied, Some(Remedy::QuarantineKey)) => "; inactive now".to_owned(),
        (Outcome::AlreadyClean, Some(Remedy::QuarantineKey)) => "; nothing of it was active when Rescind acted".to_owned(),
        (Outcome::Applied | Outcome::AlreadyClean, Some(Remedy::QuarantinePrincipal)) => match Aim::of(case, change) {
            Aim::At(target, _) if target.kind == TargetKind::User => format!("; {target} is denied everything"),
            Aim::At(target, sessions) => format!("; {sessions} of {target} that were there are denied everything"),
            Aim::Out(_) => String::new(),
        },
        (Outcome::Applied, _) => "; it is detached again".to_owned(),
        (Outcome::AlreadyClean, _) => "; it was no longer attached when Rescind acted".to_owned(),
        (Outcome::Observed | Outcome::Exempt | Outcome::Attempted | Outcome::Requested, _) => String::new(),
    }
}

/// What a credential could do, and what else its owner has.
fn reported(report: &CredentialReport, case: &Case) -> Vec<(&'static str, String)> {
    let mut can = if report.can.is_empty() { "nothing dangerous for certain".to_owned() } else { report.can.join(", ") };
    if !report.may.is_empty() {
        let _ = write!(can, "; possibly {}", report.may.join(", "));
    }
    let mut lines = vec![("Could", can)];
    lines.extend(report.last_used.as_ref().map(|used| ("Last used", shown(used))));
    lines.extend(report.created.map(|created| {
        let days = (case.time - created).num_days();
        ("Created", format!("{}, {days} day{} before", created.format("%Y-%m-%d %H:%M:%S UTC"), if days == 1 { "" } else { "s" }))
    }));
    lines.push(("Also has", if report.others.is_empty() { "no other credentials".to_owned() } else { shown(&report.others.join("; ")) }));
    lines.extend(report.unread.iter().map(|unread| ("Not read", shown(unread))));
    lines
}

/// Why it came out so, where the outcome alone does not say.
fn why(case: &Case) -> Option<String> {
    let reason = match &case.decision {
        Decision::Unknown { reason, .. } => Some(shown(reason)),
        Decision::Allowed | Decision::Exempt { .. } | Decision::Forbidden { .. } => None,
    };
    let detail = case.outcomes.iter().find_map(|outcome| outcome.detail.clone());
    let parts: Vec<String> = reason.into_iter().chain(detail).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
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
    let requested = case.outcomes.iter().filter(|outcome| outcome.outcome == Outcome::Requested);
    let mut lines: Vec<_> =
        requested.map(|outcome| ("Also", format!("{} is asked for: a notice of its own follows", outcome.remedy.name()))).collect();
    lines.extend(case.outcomes.iter().flat_map(|outcome| &outcome.undo).map(|undo| ("Undo", undo.command.clone())));
    if let (Outcome::Observed | Outcome::Failed | Outcome::Unremediable, Some(change)) = (case.outcome, &case.change) {
        lines.extend(by_hand(case, change).iter().map(|call| ("By hand", call.command())));
    }
    match (case.outcome, &case.change, remedy_of(case)) {
        (Outcome::Failed, ..) => lines.push(("Next", "Rescind tries again, then leaves the event in its failure queue".to_owned())),
        (_, None, _) if case.actor.kind == ActorKind::Service => {
            lines.push(("Next", "look at the finding in the service that made it, and at the account itself".to_owned()));
        }
        (_, None, _) => lines.push(("Next", "look at what this actor changed, at this time, in the account itself".to_owned())),
        (Outcome::Applied, Some(change), Some(Remedy::QuarantinePrincipal)) => {
            if let Aim::At(target, _) = Aim::of(case, change) {
                let sessions = if target.kind == TargetKind::User {
                    "sessions of roles that it assumed before go on until they expire: look in CloudTrail which, and have their roles' sessions ended"
                } else {
                    "whoever can assume it can do so again: look in CloudTrail how the session came to be, and stop that"
                };
                lines.push(("Next", sessions.to_owned()));
            }
        }
        _ => {}
    }
    lines
}

/// The calls that answer a change, as a person would make them.
fn by_hand(case: &Case, change: &Change) -> Vec<Call> {
    let contain = || match Aim::of(case, change) {
        Aim::At(target, of) => vec![calls::put(&target, &Quarantine::against(&target, of, case.time))],
        Aim::Out(_) => Vec::new(),
    };
    let of_a_user = |target: &policy::change::Target| target.kind == TargetKind::User;
    match (remedy_of(case), change) {
        (Some(Remedy::QuarantinePrincipal), Change::QuarantineLifted { target, policy_name }) => {
            Quarantine::named(policy_name.as_str()).map(|quarantine| calls::put(target, &quarantine)).into_iter().collect()
        }
        (Some(Remedy::QuarantinePrincipal), _) => contain(),
        (_, Change::PolicyAttached { target, policy_arn }) if remedy_of(case) != Some(Remedy::QuarantineKey) => {
            vec![calls::detach(target, policy_arn.as_str())]
        }
        (
            _,
            Change::CredentialActivated { target, credential, .. } | Change::CredentialExposed { target, credential: Some(credential), .. },
        ) if of_a_user(target) => {
            vec![calls::set_status(target, credential, "Inactive")]
        }
        _ => Vec::new(),
    }
}
