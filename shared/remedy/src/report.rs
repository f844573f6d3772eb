//! Who hears of a case, and when: at once, with others like it, or in the next digest.

use chrono::{DateTime, Utc};
use policy::Case;
use policy::case::Outcome;
use policy::guardrail::Mode;
use policy::severity::Severity;
use policy::text::{name, said};
use serde_json::json;

use crate::apply::Tried;
use crate::cut::BRIEF;
use crate::error::{AwsCall, Error};
use crate::handler::{Function, Handler};
use crate::ledger::{Like, Over, Page, Telling};
use crate::log;
use crate::message::{Attributes, Message};
use crate::notice::{self, Notice};

/// When people hear of a case.
enum Due {
    Now,
    /// With a notice that has been sent, or will be; why.
    WithAnother(&'static str),
    InTheDigest,
}

/// Whether a case with this outcome may do without a notice of its own. What Rescind has changed, or failed to, never does.
pub const fn may_wait(outcome: Outcome) -> bool {
    match outcome {
        Outcome::AlreadyClean | Outcome::Attempted | Outcome::Exempt | Outcome::Observed | Outcome::Unremediable => true,
        Outcome::Applied | Outcome::Failed | Outcome::Held => false,
    }
}

impl Handler {
    /// Sends the notice, and closes the case. If the remedy failed, the case stays open: the next try goes on with it.
    pub(crate) async fn report<F: Function>(&self, Tried { mut case, failure, mut page }: Tried<'_>) -> Result<Case, Error> {
        case.unrecorded = page.unrecorded();
        case.account_alias.clone_from(&self.alias);
        let due = self.due(&mut case, &page).await;
        log::case_closed(F::NAME, &case, Utc::now());
        match due {
            Due::WithAnother(why) => {
                log::unsent(&case, why);
                page.close(&case).await;
                return Ok(case);
            }
            // The digest reads the ledger: what that does not hold cannot wait.
            Due::InTheDigest if page.close(&case).await => {
                log::unsent(&case, "it is for the digest");
                return Ok(case);
            }
            Due::InTheDigest | Due::Now => {}
        }
        // A stack that observes asks the ledger nothing. What is less than critical is counted for its guardrail's hour, which is a call as well.
        if case.mode == Mode::Enforce && case.severity() == Some(Severity::Critical) {
            case.story = page.story(&case).await;
        }
        let notice = Notice::of(&case);
        let published = self.send(notice.frame(), &notice.message(), notice.attributes()).await;
        match (failure, published) {
            (None, Ok(())) => {
                page.close(&case).await;
                Ok(case)
            }
            (None, Err(unpublished)) => Err(unpublished.into()),
            // Of one that has waited, no queue keeps the event: people have been told.
            (Some(failure), Ok(())) if case.held.is_some() => {
                log::failed(&failure);
                Ok(case)
            }
            (Some(failure), Ok(())) => Err(failure),
            (Some(failure), Err(unpublished)) => {
                // Only one error can be returned: a remedy that failed is the graver news.
                log::failed(&unpublished.into());
                Err(failure)
            }
        }
    }

    async fn due(&self, case: &mut Case, page: &Page<'_>) -> Due {
        if let Some(held) = case.held.as_ref().filter(|_| case.outcome == Outcome::Held) {
            return if page.announces(held).await { Due::Now } else { Due::WithAnother("held: reported within the last hour") };
        }
        if let Some(again) = page.taken(case).await {
            case.contested = Some(again.contested);
            return if again.is_due { Due::Now } else { Due::WithAnother("contested: reported within the last hour") };
        }
        if !may_wait(case.outcome) {
            return Due::Now;
        }
        if case.severity().is_some_and(|severity| severity < self.environment.notice_severity) {
            return Due::InTheDigest;
        }
        match page.telling(case, &like(case)).await {
            Telling::Due(repeated) => {
                case.repeated = repeated;
                Due::Now
            }
            Telling::Counted => Due::WithAnother("counted: others like it were reported within the last hour"),
        }
    }

    /// Reports what was only counted in hours that are over, and after which nothing more came.
    pub(crate) async fn report_repeats<F: Function>(&self, now: DateTime<Utc>) -> Result<(), AwsCall> {
        for over in self.clients.ledger.repeats_over(F::NAME, now).await? {
            self.publish_repeats(&over).await?;
            self.clients.ledger.repeats_reported(F::NAME, &over).await?;
        }
        Ok(())
    }

    async fn publish_repeats(&self, Over { like, repeated, .. }: &Over) -> Result<(), AwsCall> {
        let lines = vec![
            ("What", repeated.line()),
            ("Guardrail", name(&like.guardrail)),
            ("Who", name(&like.actor)),
            ("Account", self.account_and_region()),
            ("Next", format!("rescind cases --since {} --guardrail {} lists them", time(repeated.since), name(&like.guardrail))),
            ("Case", name(&like.case)),
        ];
        let message = Message {
            id: &like.case,
            severity: like.severity.map_or("unknown", Severity::name),
            outcome: like.outcome.name(),
            account: &self.environment.account,
            headline: format!("and {} more like it: {}", repeated.times, said(&like.headline)),
            lines: BRIEF.lines(&lines, &like.case),
        };
        let document = json!({ "version": 1, "repeated": repeated, "like": like, "account": self.environment.account });
        self.send(&message, &message.with(&BRIEF.case(document).to_string()), message.attributes(&like.guardrail, &like.change)).await
    }

    /// Sends a message. A function with a second topic sends it to both, because either may be what somebody tampers with: one of them is enough.
    async fn send(&self, message: &Message<'_>, forms: &str, attributes: Attributes) -> Result<(), AwsCall> {
        let sns = &self.clients.sns;
        let Some(second) = &self.environment.second_topic_arn else {
            return message.publish((sns, &self.environment.topic_arn), forms, attributes).await;
        };
        let first = message.publish((sns, &self.environment.topic_arn), forms, attributes.clone()).await;
        match (first, message.publish((sns, second), forms, attributes).await) {
            (Ok(()), Ok(())) => Ok(()),
            (Ok(()), Err(call)) | (Err(call), Ok(())) => {
                log::failed(&call.into());
                Ok(())
            }
            (Err(call), Err(other)) => {
                log::failed(&other.into());
                Err(call)
            }
        }
    }
}

/// A time as `rescind cases` takes it.
pub fn time(time: DateTime<Utc>) -> impl std::fmt::Display {
    time.format("%Y-%m-%dT%H:%M:%SZ")
}

/// What a case has in common with those that are like it.
fn like(case: &Case) -> Like {
    Like {
        case: case.id.clone(),
        headline: notice::headline(case),
        guardrail: notice::guardrail(case).to_owned(),
        severity: case.severity(),
        outcome: case.outcome,
        actor: case.actor.arn.clone(),
        change: notice::change(case).to_owned(),
    }
}
