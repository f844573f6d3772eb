//! From an event to its cases: record → change → decision → remedy → notice, in this order and no other.

use std::future::Future;

use chrono::{DateTime, Utc};
use policy::actor::ActorKind;
use policy::case::Outcome;
use policy::change::{PolicyVersionSet, QuarantineLifted};
use policy::facts::{Facts, Needs};
use policy::guardrail::{Judge, Mode};
use policy::hearing::{Circumstances, HearingError};
use policy::own::OwnParts;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::text::{quoted, speech};
use policy::watch::{OWN_ROLE_CHANGED, WATCH};
use policy::{Action, Actor, Case, Change, Event, Hearing, Rulebook, watch};

use crate::apply::Tried;
use crate::clients::Clients;
use crate::deadline::Deadline;
use crate::environment::Environment;
use crate::error::{AwsCall, Error, Failure};
use crate::hand::{Ending, Hand};
use crate::ledger::contained::Contained;
use crate::ledger::{Brake, Key, Known, Opened, Page, Waiting};
use crate::own_parts::Listed;
use crate::reading::facts::{self, Background};
use crate::results::{Cases, Results};
use crate::{guard, log, protected, queued, tick};

/// Why facts are missing that take too long to read.
const LATE: &str = "IAM holds so much about the target that there was not enough time to read it";

/// What a function crate adds: its name, the remedy that it owns, and how that remedy takes a change back.
pub trait Function {
    /// The name of the function: in log lines, in its role, and in the table of actions that says who reports what.
    const NAME: &'static str;

    /// The remedy that it applies, if it applies one.
    const OWNS: Option<Remedy>;

    /// Whether it has to know the parts of the stack: it answers what is done to them.
    const KNOWS_ITS_STACK: bool = false;

    /// Who judges.
    const JUDGE: Judge = Judge::Function { name: Self::NAME, owns: Self::OWNS };

    /// Takes a change back, or contains whoever is behind it: idempotent, and only what still stands. `target` is what the remedy changes; of an
    /// identity, under the name that it has now.
    ///
    /// # Errors
    ///
    /// If AWS did not do something, so that it is not known whether the change still stands.
    fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change, target: &Target) -> impl Future<Output = Result<Ending, AwsCall>>;
}

/// One invocation by Lambda.
#[derive(Clone, Copy)]
pub struct Invocation<'a> {
    /// Lambda's request id: the same when Lambda tries an event again.
    pub id: &'a str,
    /// When it began.
    pub now: DateTime<Utc>,
    /// When it has to be over.
    pub deadline: Deadline,
}

/// Everything that a function holds between events.
pub struct Handler {
    pub clients: Clients,
    pub rulebook: Rulebook,
    /// By which a person knows which rulebook it is.
    pub rulebook_digest: String,
    pub environment: Environment,
    /// The parts of the stack, of the function that answers what is done to them.
    pub own: Listed,
    /// The alias of the account, if it has one and the ledger knows it.
    pub alias: Option<String>,
}

impl Handler {
    /// Judges one event, or those that a queue delivers, and acts on them; or does what the schedule asks for.
    pub async fn handle<F: Function>(&self, payload: &str, invocation: Invocation<'_>) -> Result<Cases, Error> {
        if let Some(account) = tick::account_of(payload) {
            self.check_account(&account)?;
            return self.tick::<F>(invocation).await;
        }
        let Some(events) = queued::events_of(payload) else {
            return self.judge::<F>(payload, invocation, None).await;
        };
        let mut results = Results::default();
        for event in events {
            match self.judge::<F>(&event, invocation, None).await {
                Ok(Cases { cases }) => cases.into_iter().for_each(|case| results.add(Ok(Some(case)))),
                Err(error) => results.add(Err(error)),
            }
        }
        results.into_cases()
    }

    /// Judges one event, and acts on it. Of one that has waited, only the case that waited.
    pub(crate) async fn judge<F: Function>(
        &self,
        payload: &str,
        invocation: Invocation<'_>,
        waiting: Option<&Waiting>,
    ) -> Result<Cases, Error> {
        let event = Event::from_event_bridge(payload)?;
        if waiting.is_none() {
            log::event_seen(F::NAME, &event, invocation.now);
        }
        self.check_account(event.account.as_str())?;
        let mut results = Results::default();
        // Quarantine functions receive every IAM change: one that nobody asks them about ends here, without a call.
        let mut named = Action::of(&event);
        named.retain(|action| self.rulebook.concerns(action));
        let lift = guard::lift::<F>(&event);
        if named.is_empty() && lift.is_none() && self.environment.heartbeat_role.is_none() {
            return results.into_cases();
        }
        let actor = Actor::of(&event).map_err(HearingError::from)?;
        if self.is_heartbeat(&event, &actor) {
            if F::NAME == WATCH {
                self.note_heartbeat(F::NAME, &event, invocation.now).await?;
            }
            return results.into_cases();
        }
        if named.is_empty() && lift.is_none() {
            return results.into_cases();
        }
        let is_own_doing = self.is_own_doing(&actor);
        if is_own_doing {
            // What functions do in IAM is their work; whatever else one of their roles does is an intruder's.
            named.retain(|action| F::KNOWS_ITS_STACK && action.name != OWN_ROLE_CHANGED);
        }
        if is_own_doing && named.is_empty() {
            return results.into_cases();
        }
        let delivery = Delivery { event: &event, payload, waiting };
        let own = if F::KNOWS_ITS_STACK { self.own_parts(&named, invocation.now).await? } else { OwnParts::default() };
        let circumstances = |action| {
            Circumstances::of(&self.rulebook, &event, action, &actor, &self.environment.break_glass)
                .trusting(&self.environment.trusted_accounts)
                .knowing(&own)
        };
        let mut lifts = false;
        let as_lift = lift.as_ref().map(|(_, action)| *action);
        if let Some((lift, action)) = lift {
            let own = [&self.environment.deny_everything, &self.environment.deny_without_mfa];
            match guard::lifted(&self.clients, own, F::NAME, &lift, event.record.event_time).await {
                Ok(None) => {}
                Ok(Some(lifted)) => {
                    lifts = true;
                    let change = guard::change(lifted.clone(), action);
                    results.add(self.hear_lift::<F>(delivery, circumstances(action), &lifted, change, invocation).await);
                }
                // A stack that observes puts nothing back: what the record alone says is reported.
                Err(call) if self.environment.mode == Mode::Observe => log::failed(&call.into()),
                // It is not known whether it lifts anything. What else it does is judged all the same, and the event is tried again.
                Err(call) => {
                    lifts = true;
                    results.add(Err(call.into()));
                }
            }
        }
        named.retain(|action| !lifts || Some(*action) != as_lift);
        for circumstances in named.into_iter().map(circumstances) {
            for hearing in Hearing::open(circumstances) {
                match self.complete::<F>(circumstances, hearing).await {
                    Ok(hearings) => {
                        for hearing in hearings {
                            results.add(self.hear::<F>(delivery, circumstances, hearing, invocation).await);
                        }
                    }
                    Err(call) => results.add(Err(call.into())),
                }
            }
        }
        results.into_cases()
    }

    /// A quarantine that somebody lifted. If they are allowed to, and it is gone, the ledger no longer holds it.
    async fn hear_lift<F: Function>(
        &self,
        delivery: Delivery<'_>,
        circumstances: Circumstances<'_>,
        lifted: &QuarantineLifted,
        change: Change,
        invocation: Invocation<'_>,
    ) -> Result<Option<Case>, Error> {
        let contained = Contained::of(lifted);
        let case = match Hearing::about(circumstances, change) {
            Some(hearing) => self.hear::<F>(delivery, circumstances, hearing, invocation).await?,
            None => None,
        };
        let is_allowed = delivery.waiting.is_none() && case.as_ref().is_none_or(|case| case.outcome == Outcome::Exempt);
        if let Some(contained) = contained.filter(|_| is_allowed)
            && guard::is_over(&self.clients.reader, &contained).await?
        {
            self.clients.ledger.released(F::NAME, &contained, invocation.now).await?;
        }
        Ok(case)
    }

    /// The parts of the stack, if one of these actions may be about them.
    async fn own_parts(&self, actions: &[&Action], now: DateTime<Utc>) -> Result<OwnParts, AwsCall> {
        let may_be_own = actions.iter().any(|action| watch::row(action.name).is_some_and(|row| row.group == watch::OWN_PART));
        let Environment { stack, account, region, own_roles, .. } = &self.environment;
        match stack {
            Some(stack) if may_be_own => self.own.parts(self.clients.reader.elsewhere(), (stack, account, region, own_roles), now).await,
            _ => Ok(OwnParts::default()),
        }
    }

    fn check_account(&self, seen: &str) -> Result<(), Error> {
        if seen == self.environment.account.as_str() {
            return Ok(());
        }
        Err(Error::Foreign(format!("it is about account {}, this stack judges {}", quoted(seen), self.environment.account)))
    }

    /// Whether one of the stack's own roles made the call: no function answers what another one did.
    fn is_own_doing(&self, actor: &Actor) -> bool {
        actor.kind == ActorKind::Role
            && actor.account == self.environment.account.as_str()
            && protected::is_own(&self.environment, &actor.name)
    }

    /// One change before the rulebook; `None` if there is no case to make.
    async fn hear<F: Function>(
        &self,
        Delivery { event, payload, waiting }: Delivery<'_>,
        circumstances: Circumstances<'_>,
        hearing: Hearing<'_>,
        invocation: Invocation<'_>,
    ) -> Result<Option<Case>, Error> {
        let Some(weighing) = hearing.weigh()? else {
            log::no_case(event);
            return Ok(None);
        };
        let Invocation { id, now, deadline } = invocation;
        let ledger = &self.clients.ledger;
        let key = Key { function: F::NAME, case: weighing.case_id(), time: circumstances.time() };
        if waiting.is_some_and(|waiting| !waiting.is(&key)) {
            return Ok(None);
        }
        // Where nothing is taken back, nothing can be left half done.
        let may_act = self.environment.mode == Mode::Enforce && event.record.error_code.is_none();
        let certain = weighing.certain(self.environment.mode, now);
        let Known { opened, stop, counts } = if may_act {
            let limited_by = certain.as_ref().map(Case::limited_by).unwrap_or_default();
            ledger.open(&key, &limited_by, id, now).await?
        } else {
            Known::nothing(Opened::New)
        };
        if !stop.is_nothing() {
            log::stop(&stop);
            // Whoever stops it, acts and lets it go on between two ticks is seen as well.
            if let Err(call) = self.report_stop(now).await {
                log::failed(&call.into());
            }
        }
        let mode = if stop.everything.is_some() { Mode::Observe } else { self.environment.mode };
        let mut held = waiting.and_then(|waiting| waiting.held.clone());
        let mut brake = waiting.is_none().then_some(Brake { counts, payload });
        let unknown = match opened {
            Opened::New => None,
            Opened::Waited(earlier) => {
                (brake, held) = (None, held.or(Some(earlier)));
                None
            }
            Opened::Unknown(why) => Some(why),
            Opened::Begun(_) if stop.everything.is_some() => {
                let message = format!("a person has stopped Rescind: {}", speech(&stop.everything.unwrap_or_default()));
                return Err(AwsCall { call: format!("going on with case {}", key.case), failure: Failure::Rejected, message }.into());
            }
            Opened::Begun(body) => {
                let case = body.case.clone();
                let page = Page::again(ledger, key, id, *body);
                let tried = self.act::<F>(circumstances, case, page, None, deadline).await?;
                return self.report::<F>(tried).await.map(Some);
            }
            Opened::Closed(case) => {
                log::closed_already(&case);
                return Ok(Some(*case));
            }
        };
        let page = |case: &Case| Page::of(ledger, key.clone(), id, case.clone(), unknown.clone());
        let marked = |case: Case| {
            let case = case.with_stopped(&stop.guardrails);
            Case { mode, stopped: stop.everything.clone().or(case.stopped), held: held.clone(), ..case }
        };
        // What is certain is taken back first: facts can only add guardrails to it, and may take long to read.
        let certain = certain.filter(|_| weighing.needs().is_some()).map(marked).filter(Case::asks_to_enforce);
        let is_certain = certain.is_some();
        let tried = match certain {
            Some(case) => {
                let page = page(&case);
                Some(self.act::<F>(circumstances, case, page, brake.as_ref(), deadline).await?)
            }
            None => None,
        };
        // Before anything waits it is judged as a whole: it may break a guardrail that is critical, or not past its limit.
        let tried = tried.filter(|tried| tried.case.outcome != Outcome::Held);
        let facts = match weighing.needs() {
            Some((change, needs)) => {
                match deadline.before_the_remedy(Box::pin(self.read::<F>(circumstances, change, needs, may_act, &key))).await {
                    Some(Ok(facts)) => facts,
                    Some(Err(call)) if is_certain => Err(call.to_string()),
                    Some(Err(call)) => return Err(call.into()),
                    None => Err(LATE.to_owned()),
                }
            }
            None => Ok(Facts::none()),
        };
        let Some(mut case) = weighing.decide(facts.as_ref().map_err(String::as_str), mode, now)?.map(marked) else {
            log::no_case(event);
            return Ok(None);
        };
        let tried = if let Some(tried) = tried {
            case.came_of(tried.case);
            Tried { case, ..tried }
        } else {
            let page = page(&case);
            self.act::<F>(circumstances, case, page, brake.as_ref(), deadline).await?
        };
        self.report::<F>(tried).await.map(Some)
    }

    /// The facts that are needed, or why they cannot be had.
    async fn read<F: Function>(
        &self,
        circumstances: Circumstances<'_>,
        change: &Change,
        needs: Needs,
        may_act: bool,
        key: &Key,
    ) -> Result<Result<Facts, String>, AwsCall> {
        let replaced = match change {
            Change::PolicyVersionSet(PolicyVersionSet { policy_arn, version: Some(version), is_default: true, .. })
                if may_act && needs.holdings && F::OWNS == Some(Remedy::RestorePolicyVersion) =>
            {
                let known = self.clients.ledger.default_before(F::NAME, policy_arn, version, circumstances.time()).await;
                known.inspect_err(|call| tracing::warn!(error = %call, "the default version before is assumed")).ok().flatten()
            }
            _ => None,
        };
        let Environment { break_glass, deny_without_mfa, .. } = &self.environment;
        let background = Background { break_glass, deny_without_mfa, replaced: replaced.as_deref() };
        let read = facts::read(&self.clients.reader, circumstances, change, needs, background).await?;
        let Change::SignedIn(signed_in) = change else {
            return Ok(read);
        };
        if !needs.failures {
            return Ok(read);
        }
        let who = signed_in.counted_by(circumstances.source_ip());
        match self.clients.ledger.failed_to_sign_in(key, &who).await {
            Ok(failures) => Ok(read.map(|facts| facts.with_failures(failures))),
            Err(call) => Ok(Err(format!("only the ledger knows how often they failed: {call}"))),
        }
    }
}

/// One event, as it came.
#[derive(Clone, Copy)]
struct Delivery<'a> {
    event: &'a Event,
    payload: &'a str,
    /// The case of it that has waited, and is judged again.
    waiting: Option<&'a Waiting>,
}
