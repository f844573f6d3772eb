//! What takes things back. In enforce mode it acts; in observe mode it only looks: the same code runs, and records the calls that it did not
//! make.

mod choosing;
mod containing;
mod ending;

use std::time::Duration;

use policy::Case;
use policy::arn::PolicyArn;
use policy::case::{Call, Receipt};
use policy::change::MfaChanged;
use policy::document::DocumentError;
use policy::facts::{Access, Texts};
use policy::hearing::Circumstances;
use policy::remedy::Remedy;
use policy::target::{Identity, IdentityKind};

pub use ending::{Came, Ending};

use crate::deadline::Deadline;
use crate::environment::Environment;
use crate::error::{AwsCall, Failure, found};
use crate::ledger::Page;
use crate::log;
use crate::protected::{self, Spared};
use crate::reading::{Reader, credentials, identity, settled};
use crate::setting::{Home, Live, Setting, Step, Writer};

/// How long to wait before a call is made again that IAM says has no object.
const AGAIN: Duration = Duration::from_secs(2);

/// What came of a step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Set {
    /// It is made, or a hand that only looks would make it.
    Done,
    /// Nothing was left to do.
    Already,
    /// It has a third value: somebody changed it in the meantime.
    Moved,
    /// IAM does not find it.
    Gone,
}

/// What takes things back. A hand that only looks holds no writer.
pub struct Hand<'a> {
    reader: &'a Reader,
    writer: Option<&'a Writer>,
    circumstances: Circumstances<'a>,
    deadline: Deadline,
    environment: &'a Environment,
    /// Where the ledger holds what this hand does.
    pub(crate) page: Page<'a>,
    calls: Vec<Call>,
    undo: Vec<Call>,
}

impl<'a> Hand<'a> {
    pub(crate) const fn new(
        reader: &'a Reader,
        writer: Option<&'a Writer>,
        circumstances: Circumstances<'a>,
        deadline: Deadline,
        environment: &'a Environment,
        page: Page<'a>,
    ) -> Self {
        Self { reader, writer, circumstances, deadline, environment, page, calls: Vec::new(), undo: Vec::new() }
    }

    /// The calls that were made, or would be, and how they are undone: the last first.
    pub(crate) fn taken(&mut self) -> (Vec<Call>, Vec<Receipt>) {
        let undo = std::mem::take(&mut self.undo).into_iter().rev().map(Receipt::from).collect();
        (std::mem::take(&mut self.calls), undo)
    }

    /// What reads.
    #[must_use]
    pub const fn reader(&self) -> &'a Reader {
        self.reader
    }

    /// When it all has to be over.
    #[must_use]
    pub const fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The stack's own policy that denies a user everything.
    #[must_use]
    pub const fn deny_everything(&self) -> &'a PolicyArn {
        &self.environment.deny_everything
    }

    /// Those of a policy's holders from whom no remedy takes it, each with the reason; or, if nobody were left who could give it back to the
    /// others, why none of them may lose it.
    ///
    /// # Errors
    ///
    /// If IAM did not answer.
    pub async fn spares(&self, remedy: Remedy, holders: &[Identity]) -> Result<Result<Vec<Spared>, String>, AwsCall> {
        protected::holders(self.reader, self.environment, remedy, holders).await
    }

    /// The stack's own policy that denies a user everything without MFA.
    #[must_use]
    pub const fn deny_without_mfa(&self) -> &'a PolicyArn {
        &self.environment.deny_without_mfa
    }

    /// Whether the user has an MFA device now; `None` if there is no such user.
    ///
    /// # Errors
    ///
    /// If IAM did not answer.
    pub async fn has_device(&self, changed: &MfaChanged, user: &Identity) -> Result<Option<bool>, AwsCall> {
        credentials::has_device_since(self.reader, changed, &user.name, self.circumstances.time()).await
    }

    /// Whether whoever has this name now was made after the change: the one that the record is about was deleted, or renamed. If the unique id
    /// is known, it has decided already.
    ///
    /// # Errors
    ///
    /// If IAM did not answer.
    pub async fn is_another(&self, whom: &Identity) -> Result<bool, AwsCall> {
        if whom.id.is_some() {
            return Ok(false);
        }
        let bearer = identity::bearer(self.reader, whom).await?;
        // IAM and CloudTrail give whole seconds.
        Ok(bearer.is_some_and(|bearer| bearer.made >= self.circumstances.time().timestamp()))
    }

    /// Makes a step, and records the call with its undo. That IAM does not find the thing is believed only if its listings say the same, and not
    /// in the seconds that IAM takes until all its answers agree.
    ///
    /// # Errors
    ///
    /// If IAM did not do it, for any other reason than that it does not find the thing; [`Failure::Unsettled`] if its answers contradict each other.
    #[expect(clippy::future_not_send, reason = "a function handles one event at a time, on one thread")]
    pub async fn set<S: Setting>(&mut self, step: &Step<S>) -> Result<Set, AwsCall> {
        if self.writer.is_some() && self.make(step).await? == Set::Done {
            return Ok(Set::Done);
        }
        match self.look(step).await? {
            Live::Is(value) if S::is_same(&value, &step.to) => Ok(self.already(step)),
            Live::Is(_) => self.insist(step).await,
            Live::Gone | Live::Unclear => Ok(Set::Gone),
        }
    }

    /// The same, but only if the setting still has the value `from`. The undo gives back what was really there, to the letter. IAM has no
    /// compare-and-set, so the setting is read again afterwards, and the second answer says what somebody else did in between.
    ///
    /// # Errors
    ///
    /// As [`Self::set`].
    #[expect(clippy::future_not_send, reason = "a function handles one event at a time, on one thread")]
    pub async fn swap<S: Setting>(&mut self, step: &Step<S>) -> Result<(Set, Option<String>), AwsCall> {
        let live = match self.look(step).await? {
            Live::Is(value) if S::is_same(&value, &step.to) => return Ok((self.already(step), None)),
            Live::Is(value) if S::is_same(&value, &step.from) => value,
            Live::Is(_) => return Ok((Set::Moved, None)),
            Live::Gone | Live::Unclear => return Ok((Set::Gone, None)),
        };
        let step = Step { from: live, ..step.clone() };
        if self.make(&step).await? != Set::Done {
            match step.setting.resolve(self.reader).await? {
                Live::Is(value) if S::is_same(&value, &step.to) => return Ok((self.already(&step), None)),
                Live::Is(_) => self.insist(&step).await?,
                Live::Gone | Live::Unclear => return Ok((Set::Gone, None)),
            };
        }
        if self.writer.is_none() {
            return Ok((Set::Done, None));
        }
        // What could not be read again is no reason to fail: the step is made. The old value is IAM's lag, not somebody's doing.
        let raced = match step.setting.get(self.reader).await {
            Ok(Live::Is(value)) if !S::is_same(&value, &step.to) && !S::is_same(&value, &step.from) => {
                Some(format!("somebody changed {} at the same moment: look at what it says now", step.setting))
            }
            _ => None,
        };
        Ok((Set::Done, raced))
    }

    /// What came of a remedy whose target IAM does not find. A role has only one name ever, and one whose unique id is known was looked for under
    /// every name; others may have been renamed and keep what they hold.
    #[must_use]
    pub fn gone(&self, whom: &Identity) -> Ending {
        if whom.id.is_some() || whom.kind == IdentityKind::Role {
            return Ending::clean(format!("{whom} was deleted"));
        }
        Ending::unremediable(format!(
            "IAM finds no {whom}, and the record gives no unique id: if they were renamed, they keep what they hold under the new name"
        ))
    }

    /// Whether something that was made at this time, in seconds since 1970, came after the change: the clocks of IAM and CloudTrail may differ a little.
    #[must_use]
    pub fn is_after_the_change(&self, made: i64) -> bool {
        made > (self.circumstances.time() + settled::AFTER).timestamp()
    }

    /// Waits until all answers of IAM agree about the change; false if it is so long ago that they do.
    pub async fn settles(&self) -> bool {
        settled::agrees(self.circumstances.time()).await
    }

    /// How a setting is now. Just after the change, anything but the value that the change gave may be IAM's lag: then it is read again.
    #[expect(clippy::future_not_send, reason = "a function handles one event at a time, on one thread")]
    async fn look<S: Setting>(&self, step: &Step<S>) -> Result<Live<S::Value>, AwsCall> {
        let live = step.setting.resolve(self.reader).await?;
        if matches!(&live, Live::Is(value) if S::is_same(value, &step.from)) || !self.settles().await {
            return Ok(live);
        }
        step.setting.resolve(self.reader).await
    }

    /// Makes a step that is still to be made by what IAM lists.
    #[expect(clippy::future_not_send, reason = "a function handles one event at a time, on one thread")]
    async fn insist<S: Setting>(&mut self, step: &Step<S>) -> Result<Set, AwsCall> {
        if self.writer.is_some() {
            tokio::time::sleep(AGAIN).await;
        }
        if self.make(step).await? == Set::Done {
            return Ok(Set::Done);
        }
        let message = "IAM lists it, and does not find it when it is to be changed".to_owned();
        Err(AwsCall { call: format!("changing {}", step.setting), failure: Failure::Unsettled, message })
    }

    /// Makes the call, unless the hand only looks, and records it with its undo. `Gone`: IAM does not find the thing, or no call makes the step.
    #[expect(clippy::future_not_send, reason = "a function handles one event at a time, on one thread")]
    async fn make<S: Setting>(&mut self, step: &Step<S>) -> Result<Set, AwsCall> {
        let Some(call) = step.call() else {
            return Ok(Set::Gone);
        };
        let undo = step.undo();
        if let Some(writer) = self.writer {
            self.page.before(&call, undo.as_ref(), S::is_only_copy(&step.from, &step.to)).await?;
            log::step(&call, undo.as_ref());
            if found(step.setting.set(writer, &step.to).await)?.is_none() {
                return Ok(Set::Gone);
            }
        }
        self.record(call, undo);
        Ok(Set::Done)
    }

    /// Whether an earlier try at this event had begun this step: then it is to be finished, even if nothing seems to be left of it.
    #[must_use]
    pub fn has_begun<S: Setting>(&self, step: &Step<S>) -> bool {
        step.call().is_some_and(|call| self.page.earlier(&call).is_some())
    }

    /// The steps of one kind that an earlier try at this event had begun, in their order.
    #[must_use]
    pub fn begun<S: Setting>(&self, case: &Case) -> Vec<Step<S>> {
        let home = Home::of(case);
        let step = |(call, undo): (&Call, Option<&Call>)| {
            let ((setting, to), (_, from)) = (S::parse(call, home)?, S::parse(undo?, home)?);
            Some(Step { setting, from, to })
        };
        self.page.begun().filter_map(step).collect()
    }

    /// Notes a step that is made. If an earlier try had begun it, that one knew better how it was before.
    fn record(&mut self, call: Call, undo: Option<Call>) {
        let earlier = self.page.earlier(&call).map(|written| written.undo.clone());
        self.undo.extend(earlier.unwrap_or(undo));
        self.calls.push(call);
    }

    /// Nothing is left to do: an earlier try at this event has done it if it had begun to, somebody else otherwise.
    pub fn already<S: Setting>(&mut self, step: &Step<S>) -> Set {
        match step.call() {
            Some(call) if self.has_begun(step) => {
                self.record(call, step.undo());
                Set::Done
            }
            _ => Set::Already,
        }
    }

    /// Records how to undo a step that an earlier try at the same event may have made.
    pub fn remember<S: Setting>(&mut self, step: &Step<S>) {
        if self.writer.is_some() {
            self.undo.extend(step.undo());
        }
    }

    /// What these policies grant together to `holder` at the time of the change.
    ///
    /// # Errors
    ///
    /// If one of them cannot be read: then it is not known what they grant.
    pub fn access(&self, texts: &Texts, holder: &Identity) -> Result<Access, DocumentError> {
        self.circumstances.access(texts, Some(holder))
    }
}
