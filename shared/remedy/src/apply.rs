//! From a case to what comes of its remedy: whom it changes, whether it may, and the outcome.

use policy::arn::CredentialId;
use policy::case::{Next, Outcome, RemedyOutcome};
use policy::hearing::Circumstances;
use policy::remedy::Remedy;
use policy::target::{Identity, Target};
use policy::{Case, Change};

use crate::clients::Clients;
use crate::deadline::Deadline;
use crate::error::{AwsCall, Error, Failure};
use crate::hand::{Came, Ending, Hand};
use crate::handler::{Function, Handler};
use crate::ledger::{Brake, Page};
use crate::plan::{self, Plan};
use crate::protected;
use crate::reading::identity;
use crate::reading::identity::Whom;

/// How often somebody is looked for who is renamed while a remedy is applied.
const TRIES: u32 = 3;

/// A case with what came of its remedy.
pub struct Tried<'a> {
    pub case: Case,
    pub failure: Option<Error>,
    pub page: Page<'a>,
}

impl Handler {
    /// Applies the remedy, or only looks. A remedy that AWS refused for good is an outcome, `failed`, and an error as well: people hear of it
    /// at once, and Lambda keeps the event. One that may succeed later is an error only, because Lambda tries again.
    pub(crate) async fn act<'a, F: Function>(
        &'a self,
        circumstances: Circumstances<'a>,
        mut case: Case,
        page: Page<'a>,
        brake: Option<&Brake<'_>>,
        deadline: Deadline,
    ) -> Result<Tried<'a>, Error> {
        let acts = match case.settle() {
            Next::Nothing => return Ok(Tried { case, failure: None, page }),
            Next::Look => false,
            Next::Act => true,
        };
        let (Some(remedy), Some(change)) = (case.remedy, case.change.clone()) else {
            return Ok(Tried { case, failure: None, page });
        };
        if let Some(brake) = brake.filter(|_| acts && plan::of(remedy).never(&case, &change).is_none())
            && let Some(held) = page.brake(&case, brake).await?
        {
            let mut would = plan::of(remedy).calls(&case, &change);
            would.extend(plan::of(remedy).calls_with(&change, &self.environment.deny_without_mfa));
            case.close_with(RemedyOutcome { would, ..RemedyOutcome::without_call(remedy, Outcome::Held, Some(held.detail())) });
            case.held = Some(held);
            return Ok(Tried { case, failure: None, page });
        }
        let Clients { reader, writer, .. } = &self.clients;
        let mut hand = Hand::new(reader, acts.then_some(writer), circumstances, deadline, &self.environment, page);
        let ended = self.take_back::<F>(&mut hand, plan::of(remedy), &case, &change).await;
        let (outcome, failure) = match ended {
            Ok(ending) => (if acts { applied(remedy, &mut hand, ending) } else { observed(remedy, &mut hand, ending, &case) }, None),
            Err(call) if call.failure == Failure::Unmodifiable => {
                let detail = format!("AWS does not allow it: {}", call.message);
                (RemedyOutcome::without_call(remedy, Outcome::Unremediable, Some(detail)), None)
            }
            Err(call) if call.failure.is_retryable() => return Err(call.into()),
            Err(call) => {
                let outcome = if acts { Outcome::Failed } else { Outcome::Observed };
                let (calls, undo) = hand.taken();
                let would = if acts { plan::of(remedy).calls_with(&change, &self.environment.deny_without_mfa) } else { Vec::new() };
                let outcome = RemedyOutcome { would, ..RemedyOutcome::without_call(remedy, outcome, Some(call.to_string())) };
                // Steps that were made before the one that failed stand, and can be undone.
                (if acts { RemedyOutcome { calls, undo, ..outcome } } else { outcome }, Some(call.into()))
            }
        };
        case.close_with(outcome);
        Ok(Tried { case, failure, page: hand.page })
    }

    /// Finds out whom the remedy changes and whether it may, and applies it. If they were renamed in the meantime, once more.
    async fn take_back<F: Function>(&self, hand: &mut Hand<'_>, plan: &dyn Plan, case: &Case, change: &Change) -> Result<Ending, AwsCall> {
        if let Some(reason) = plan.never(case, change) {
            return Ok(Ending::unremediable(reason));
        }
        let named = match plan.touches(case, change) {
            Some(Target::Identity(identity)) => identity,
            Some(Target::Policy(policy)) if plan.reaches_holders() => {
                let spared = protected::policy(hand.reader(), &self.environment, plan, &policy);
                return match hand.deadline().before_the_remedy(Box::pin(spared)).await {
                    Some(Ok(Some(ending))) => Ok(ending),
                    Some(Ok(None)) => F::take_back(hand, case, change, &Target::Policy(policy)).await,
                    Some(Err(call)) => Err(call),
                    None => Ok(Ending::unremediable("there was not enough time to find out who holds the policy".to_owned())),
                };
            }
            Some(target) => return F::take_back(hand, case, change, &target).await,
            None => return Ok(Ending::unremediable("nobody is named whom the remedy could change".to_owned())),
        };
        let key = plan.key(case, change);
        let mut whom = match self.find(hand, &named, key.as_ref()).await? {
            Whom::Is(whom) => whom,
            Whom::Gone(why) => return Ok(Ending::clean(why)),
            Whom::Unknown(why) => return Ok(Ending::unremediable(why)),
        };
        let mut tried = 0;
        loop {
            let spared = protected::ending(hand.reader(), &self.environment, plan, change, &whom);
            let ending = match hand.deadline().before_the_remedy(Box::pin(spared)).await {
                Some(spared) => match spared? {
                    Some(ending) => ending,
                    None => F::take_back(hand, case, change, &whom.clone().into()).await?,
                },
                None => {
                    Ending::unremediable("there was not enough time to find out whether anybody is left who could give it back".to_owned())
                }
            };
            tried += 1;
            let can_be_found = named.id.is_some() || key.is_some();
            let renamed = if can_be_found && matches!(ending.came, Came::Clean | Came::Unremediable) && tried < TRIES {
                identity::resolve(hand.reader(), &named, key.as_ref()).await?
            } else {
                Whom::Is(whom.clone())
            };
            match renamed {
                Whom::Is(now) if now.name != whom.name => whom = now,
                _ => {
                    let note = (whom.name != named.name).then(|| format!("{named} has been renamed: {whom}"));
                    return Ok(ending.saying(note));
                }
            }
        }
    }

    /// Whom a remedy changes. Just after the change, IAM may not know them yet.
    async fn find(&self, hand: &Hand<'_>, named: &Identity, key: Option<&CredentialId>) -> Result<Whom, AwsCall> {
        let whom = identity::resolve(hand.reader(), named, key).await?;
        if matches!(whom, Whom::Is(_)) || !hand.settles().await {
            return Ok(whom);
        }
        identity::resolve(hand.reader(), named, key).await
    }
}

fn applied(remedy: Remedy, hand: &mut Hand<'_>, Ending { came, detail, report, by_hand }: Ending) -> RemedyOutcome {
    let outcome = match came {
        Came::Done => Outcome::Applied,
        Came::Clean => Outcome::AlreadyClean,
        Came::Unremediable | Came::Spared => Outcome::Unremediable,
    };
    let ((calls, undo), spared) = (hand.taken(), came == Came::Spared);
    RemedyOutcome { calls, would: by_hand, undo, report, spared, ..RemedyOutcome::without_call(remedy, outcome, detail) }
}

/// What a hand that only looks found: the calls that enforcing would make, or why it would make none.
fn observed(remedy: Remedy, hand: &mut Hand<'_>, Ending { came, detail, report, by_hand }: Ending, case: &Case) -> RemedyOutcome {
    let detail = detail.unwrap_or_default();
    let detail = match came {
        Came::Done if detail.is_empty() => case.why_observed().to_owned(),
        Came::Done => format!("{}; {detail}", case.why_observed()),
        Came::Clean => format!("nothing is left to take back: {detail}"),
        Came::Unremediable | Came::Spared => format!("Rescind could not do it even when enforcing: {detail}"),
    };
    let would = hand.taken().0.into_iter().chain(by_hand).collect();
    RemedyOutcome { would, report, ..RemedyOutcome::without_call(remedy, Outcome::Observed, Some(detail)) }
}
