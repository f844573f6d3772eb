//! The case as a person reads it: the frame of a notice. Its words come from the kind of change and from the remedy.
//!
//! Everything that an attacker may have written passes through [`policy::text`] on its way here, and is quoted if it could pass for our words.

use policy::actor::{Actor, ActorKind};
use policy::arn::AccountId;
use policy::case::{Case, Outcome};
use policy::change::Change;
use policy::guardrail::Decision;
use policy::remedy::Remedy;
use policy::severity::Severity;
use policy::text::{self, bounded, said, speech};
use policy::{Action, console};

use crate::cut::{CUTS, Line};
use crate::message::{Attributes, LINK, Message};
use crate::plan::{self, Plan, Words};

/// Longest message that SNS takes, in bytes, attributes included (SNS API reference, `Publish`), less some room for those.
const MESSAGE_MAX: usize = 255 * 1024;
/// Longest headline of a message that would be longer, in bytes: the names in it are shorter.
const HEADLINE_MAX: usize = 4 * 1024;
/// A case made readable.
pub struct Notice<'a> {
    case: &'a Case,
    message: Message<'a>,
}

impl<'a> Notice<'a> {
    /// The notice of a case.
    #[must_use]
    pub fn of(case: &'a Case) -> Self {
        let mut lines = vec![("What", what(case))];
        if case.change.is_some() && Action::is_one_of_several(&case.record.event_name) {
            let call = text::name(&case.record.event_name);
            lines.push(("Call", format!("{call}, which does several things at once: CloudTrail has this one event for all of them")));
        }
        lines.extend(why(case).map(|why| ("Why", why)));
        lines.extend(case.outcomes.iter().filter_map(|outcome| outcome.report.as_ref()).flat_map(|report| report.lines(case.time)));
        lines.push(("Who", who(&case.actor)));
        // A finding has no address.
        if case.actor.kind != ActorKind::Service || case.actor.source_ip.is_some() {
            lines.push(("From", from(&case.actor)));
        }
        lines.push(("When", when(case)));
        if let (Some(story), Some(correlation)) = (case.story, &case.correlation) {
            lines.push(("Story", story.line(&text::name(correlation))));
        }
        lines.push(("Account", account(&case.account, case.account_alias.as_deref(), &case.region)));
        lines.extend(console::link(case).map(|link| (LINK, link)));
        let broken = if matches!(case.decision, Decision::Unknown { .. }) { "Perhaps" } else { "Guardrail" };
        let undecided = case.decision.undecided().into_iter().flat_map(|undecided| &undecided.guardrails);
        let guardrails = case.decision.guardrails().iter().map(|guardrail| (broken, guardrail));
        lines.extend(guardrails.chain(undecided.map(|guardrail| ("Perhaps", guardrail))).map(|(broken, guardrail)| {
            let why = guardrail.description.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            let controls = if guardrail.controls.is_empty() { String::new() } else { format!(" [{}]", guardrail.controls.join(", ")) };
            (broken, format!("{} ({}, {}){why}{controls}", guardrail.id, guardrail.severity.name(), guardrail.mode.name()))
        }));
        if let Decision::Exempt { exemption, .. } = &case.decision {
            let text = format!("{}, owned by {}, until {}: {}", exemption.id, exemption.owner, exemption.until, exemption.reason);
            lines.push(("Exemption", text));
        }
        lines.extend(to_do(case));
        if let Some(held) = case.held.as_ref().filter(|_| case.outcome != Outcome::Held) {
            lines.push(("Held", held.line()));
        }
        if let Some(contested) = &case.contested {
            lines.push(("Contested", contested.line()));
        }
        if let Some(repeated) = &case.repeated {
            lines.push(("Before", repeated.line()));
        }
        if let Some(why) = &case.stopped {
            lines.push(("Stopped", format!("a person has stopped this: {}", speech(why))));
        }
        if let Some(why) = &case.unrecorded {
            lines.push(("Ledger", format!("this case is not recorded: keep this message ({why})")));
        }
        lines.push(("Case", case.id.clone()));
        Self { case, message: message(case, headline(case), lines) }
    }

    /// What happened to what: at most 100 printable ASCII characters.
    #[must_use]
    pub fn subject(&self) -> String {
        self.message.subject()
    }

    /// The message for a mail or a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        self.message.text()
    }

    /// The message in the form that each kind of subscriber expects, as SNS's `MessageStructure: json` takes it. If it would be too long, it
    /// leaves out as little as it can, and counts it; the function's answer and its log have the whole case.
    #[must_use]
    pub fn message(&self) -> String {
        let mut forms = self.message.with(&self.case.to_string());
        for cut in &CUTS {
            if forms.len() <= MESSAGE_MAX {
                break;
            }
            let lines = cut.lines(&self.message.lines, &self.case.id);
            let short = message(self.case, bounded(self.message.headline.clone(), HEADLINE_MAX), lines);
            forms = short.with(&cut.case(serde_json::to_value(self.case).unwrap_or_default()).to_string());
        }
        forms
    }

    /// What is published, in the forms that [`Self::message`] makes.
    #[must_use]
    pub const fn frame(&self) -> &Message<'a> {
        &self.message
    }

    /// What subscribers filter by.
    #[must_use]
    pub fn attributes(&self) -> Attributes {
        self.message.attributes(guardrail(self.case), change(self.case))
    }
}

/// The guardrail that leads a case, as subscribers filter by it.
#[must_use]
pub fn guardrail(case: &Case) -> &str {
    case.decision.lead().map_or("unknown", |guardrail| &guardrail.id)
}

/// The kind of a case's change, as subscribers filter by it.
#[must_use]
pub fn change(case: &Case) -> &'static str {
    case.change.as_ref().map_or("unknown", Change::name)
}

/// An account as a person knows it, and the region.
#[must_use]
pub fn account(account: &AccountId, alias: Option<&str>, region: &str) -> String {
    let alias = alias.map(|alias| format!(" ({})", text::name(alias))).unwrap_or_default();
    format!("{account}{alias}, {region}")
}

/// The frame of a case's notice.
fn message(case: &Case, headline: String, lines: Vec<Line>) -> Message<'_> {
    let severity = case.severity().map_or("unknown", Severity::name);
    Message { id: &case.id, severity, outcome: case.outcome.name(), account: &case.account, headline, lines }
}

/// The plan of the case's remedy, with the change that it is about.
fn planned(case: &Case) -> Option<(&'static dyn Plan, &Change)> {
    Some((plan::of(case.remedy()?), case.change.as_ref()?))
}

/// What happened to what, in one line.
#[must_use]
pub fn headline(case: &Case) -> String {
    let matter = match (planned(case), &case.change) {
        (Some((plan, change)), _) => plan.matter(case, change),
        (None, Some(change)) => change.kind().matter(),
        (None, None) => text::name(&case.record.event_name),
    };
    let Words { done, clean } = planned(case).map_or(Words::TAKEN_BACK, |(plan, change)| plan.words(change));
    match case.outcome {
        _ if !case.record.state.is_open() => format!("{} finding: {matter}", case.record.state.name()),
        Outcome::Applied if case.contested.is_some() => format!("ACT: {done} again and again: {matter}"),
        Outcome::Applied => format!("{done}: {matter}"),
        Outcome::AlreadyClean => format!("{clean}: {matter}"),
        Outcome::Observed if case.remedy().is_none() => format!("noticed: {matter}"),
        Outcome::Observed => format!("would be {done}: {matter}"),
        Outcome::Exempt => format!("exempt: {matter}"),
        // The rulebook itself calls it nothing to act on.
        Outcome::Unremediable if case.change.is_none() && case.severity() == Some(Severity::Low) => format!("noticed: {matter}"),
        Outcome::Unremediable if matches!(case.decision, Decision::Unknown { .. }) || unjudged(case) => {
            format!("ACT: cannot be judged: {matter}")
        }
        Outcome::Unremediable => format!("ACT: cannot be {done}: {matter}"),
        Outcome::Failed => format!("ACT: could not be {done}: {matter}"),
        Outcome::Attempted => format!("refused by AWS: {matter}"),
        Outcome::Held => format!("HELD: not yet {done}: {matter}"),
    }
}

/// Whether nothing was tried because a guardrail could not be judged that asks for more than those that could.
fn unjudged(case: &Case) -> bool {
    case.decision.undecided().is_some() && !case.asks_to_enforce()
}

fn what(case: &Case) -> String {
    let event = || text::name(&case.record.event_name);
    let Some(change) = &case.change else {
        return if case.actor.kind == ActorKind::Service {
            format!("AWS reported {}", event())
        } else {
            format!("{} was called, and its record does not say what changed", event())
        };
    };
    let kind = change.kind();
    if case.outcome == Outcome::Attempted {
        let why = case.record.error_code.as_deref().map(text::name).unwrap_or_default();
        return format!("the actor tried {}; AWS refused it ({why}), so there is nothing to take back", kind.tried(&event()));
    }
    let partly = case.outcomes.iter().any(|outcome| !outcome.calls.is_empty());
    let state = match (case.outcome, planned(case)) {
        (Outcome::Failed, _) if partly => "; Rescind did only a part of its remedy".to_owned(),
        (Outcome::Held, _) => "; it stands for now".to_owned(),
        (Outcome::Unremediable | Outcome::Failed, _) => "; Rescind left it as it is".to_owned(),
        (Outcome::Applied, Some((plan, _))) => format!("; {}", plan.applied(case, change)),
        (Outcome::AlreadyClean, Some((plan, _))) => format!("; {}", plan.clean(case, change)),
        _ => String::new(),
    };
    format!("{}{state}", kind.happened())
}

/// The reason for the outcome, if the outcome alone does not say it.
fn why(case: &Case) -> Option<String> {
    let reason = match &case.decision {
        Decision::Unknown { reason, .. } => Some(said(reason)),
        decision => decision.undecided().map(|undecided| format!("not everything could be judged: {}", said(&undecided.reason))),
    };
    let details = case.outcomes.iter().filter_map(|outcome| outcome.detail.as_deref().map(said));
    let parts: Vec<String> = reason.into_iter().chain(details).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn who(actor: &Actor) -> String {
    let arn = text::name(&actor.arn);
    let name = text::name(&actor.name);
    let session = actor.session.as_deref().map(|session| format!(", session {}", text::name(session))).unwrap_or_default();
    let who = match actor.kind {
        ActorKind::User => format!("user {name} ({arn})"),
        ActorKind::Role => format!("role {name}{session} ({arn})"),
        ActorKind::Root => format!("the root user of {}", text::name(&actor.account)),
        ActorKind::Service => format!("the AWS service {name}"),
        ActorKind::Principal if actor.arn.is_empty() => format!("an actor that CloudTrail calls {}", text::name(&actor.identity_type)),
        ActorKind::Principal => format!("{} {arn}", text::name(&actor.identity_type)),
    };
    format!("{who}{}", behind(actor))
}

/// Who or what is behind a session, if the record says it.
fn behind(actor: &Actor) -> String {
    let known = [
        (&actor.on_behalf_of, "on behalf of IAM Identity Center user"),
        (&actor.source_identity, "with source identity"),
        (&actor.in_scope_of, "with the credentials of"),
        (&actor.delegate, "as a delegate of account"),
    ];
    let mut behind: String =
        known.into_iter().filter_map(|(who, words)| Some(format!(", {words} {}", text::name(who.as_deref()?)))).collect();
    if actor.assumed_root {
        behind.push_str(", in a session that the organization opened with AssumeRoot");
    }
    behind
}

fn from(actor: &Actor) -> String {
    let source = actor.source_ip.as_deref().map_or_else(|| "an unknown address".to_owned(), text::name);
    let agent = actor.user_agent.as_deref().map(|agent| format!(", with {}", speech(agent))).unwrap_or_default();
    let invoked_by = actor.invoked_by.as_ref().filter(|service| actor.user_agent.as_ref() != Some(service));
    let through = invoked_by.map(|service| format!(", through {}", text::name(service))).unwrap_or_default();
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
        ..0 => "before it happened, according to these clocks".to_owned(),
        0..120 => format!("{seconds} s later"),
        120..7_200 => format!("{} min later", seconds / 60),
        7_200..172_800 => format!("{} h later", seconds / 3_600),
        _ => format!("{} days later", seconds / 86_400),
    };
    format!("{}; judged {later}", case.record.event_time.format("%Y-%m-%d %H:%M:%S UTC"))
}

/// What the reader can do now.
fn to_do(case: &Case) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if !case.siblings.is_empty() {
        let siblings = case.siblings.iter().copied().map(Remedy::name).collect::<Vec<_>>().join(", ");
        lines.push(("Also", format!("the same change calls for {siblings}, with a notice of its own")));
    }
    lines.extend(case.outcomes.iter().flat_map(|outcome| &outcome.undo).map(|undo| ("Undo", undo.command.clone())));
    lines.extend(plan::irrevocable(case).map(|why| ("Undo", why)));
    lines.extend(case.outcomes.iter().flat_map(|outcome| &outcome.would).map(|call| ("By hand", call.command())));
    // What must never be done, or could lock everybody out, is not proposed to a person either.
    let by_hand = |(plan, change): &(&dyn Plan, &Change)| match case.outcome {
        Outcome::Failed => true,
        Outcome::Unremediable => {
            !plan.locks_out() && plan.never(case, change).is_none() && !case.outcomes.iter().any(|outcome| outcome.spared)
        }
        _ => false,
    };
    if let Some((plan, change)) = planned(case).filter(by_hand) {
        lines.extend(plan.calls(case, change).iter().map(|call| ("By hand", call.command())));
    }
    match (case.outcome, &case.change) {
        (Outcome::Held, _) => {
            let next =
                "Rescind sends no notice about others that it holds in this hour: rescind cases --outcome held lists them".to_owned();
            lines.push(("Next", next));
        }
        (Outcome::Failed, _) if case.held.is_some() => {
            lines.push(("Next", "Rescind does not try this again: run the line By hand".to_owned()));
        }
        (Outcome::Failed, _) => lines.push(("Next", "Rescind tries again, then leaves the event in its failure queue".to_owned())),
        (_, None) if case.actor.kind == ActorKind::Service => {
            lines.push(("Next", "look at the finding in the service that made it, and at the account itself".to_owned()));
        }
        (_, None) => lines.push(("Next", "look at what this actor changed, at this time, in the account itself".to_owned())),
        (Outcome::Applied, Some(change)) => {
            lines.extend(planned(case).and_then(|(plan, _)| plan.next(case, change)).map(|next| ("Next", next)));
        }
        _ => {}
    }
    let acted = matches!(case.outcome, Outcome::Applied | Outcome::AlreadyClean | Outcome::Observed) && case.remedy().is_some();
    let by_name = |(plan, change): (&dyn Plan, &Change)| {
        let target = plan.touches(case, change)?;
        target.identity().filter(|identity| identity.id.is_none() && plan.key(case, change).is_none()).cloned()
    };
    if let Some(identity) = planned(case).filter(|_| acted).and_then(by_name) {
        let note = format!("the record names {identity} without a unique id, so this is whoever has that name now");
        lines.push(("Note", note));
    }
    lines
        .extend(case.change.as_ref().filter(|_| acted).and_then(|change| change.kind().caveat()).map(|caveat| ("Note", caveat.to_owned())));
    lines
}
