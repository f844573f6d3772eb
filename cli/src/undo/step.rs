//! The steps that undo a case: every setting, read from its calls.
#![expect(clippy::future_not_send, reason = "the command runs on one thread")]

use anyhow::{Result, bail};
use policy::Case;
use policy::case::{Call, Outcome};
use policy::text::quoted;
use remedy::reading::{Reader, identity};
use remedy::setting::{
    Attachment, Boundary, CredentialStatus, DefaultVersion, Home, InlinePolicy, Live, ManagedPolicy, Membership, PasswordPolicy, Setting,
    Trust, Writer,
};
use remedy::{AwsCall, Failure, plan};

/// Steps of one case. Most have one or two; one that contains again whoever was contained by a policy has one for each of them.
const STEPS_MAX: usize = 200;

/// How a setting is now, compared with what the remedy left.
#[derive(Debug, Eq, PartialEq)]
pub enum State {
    /// As the remedy left it.
    AsLeft,
    /// As the step would leave it.
    Undone(String),
    /// Neither.
    Moved(String),
    /// Whoever had it is gone or renamed.
    Gone(String),
}

/// What came of a call that did not fail.
pub enum Made {
    /// It is done.
    Done,
    /// AWS keeps the thing, because something else uses it; AWS's words.
    Kept(String),
}

/// One setting, given back.
#[derive(Debug, Eq, PartialEq)]
pub struct Back<S: Setting> {
    setting: S,
    /// As the remedy left it; `None` if any other value will do.
    left: Option<S::Value>,
    to: S::Value,
}

impl<S: Setting> Back<S> {
    fn read(made: Option<&Call>, undo: &Call, home: Home<'_>) -> Option<Self> {
        let (setting, to) = S::parse(undo, home)?;
        let left = made.and_then(|made| S::parse(made, home)).map(|(_, left)| left).or_else(|| S::opposite(&to));
        Some(Self { setting, left, to })
    }

    async fn state(&self, reader: &Reader) -> Result<State, AwsCall> {
        let Self { setting, left, to } = self;
        if let Some(whom) = setting.whom()
            && let Some(id) = &whom.id
            && identity::id_of(reader, whom).await?.is_none_or(|now| now != id.as_str())
        {
            return Ok(State::Gone(format!("{whom} with the unique id {} is gone or renamed", id.as_str())));
        }
        Ok(match setting.resolve(reader).await? {
            Live::Is(now) if S::is_same(&now, to) => State::Undone(format!("{setting}: already {}", S::words(to))),
            Live::Is(now) if left.as_ref().is_none_or(|left| S::is_same(&now, left)) => {
                setting.obstacle(reader, to).await?.map_or(State::AsLeft, State::Moved)
            }
            Live::Is(_) => State::Moved(format!("{setting} is no longer as Rescind left it")),
            Live::Gone | Live::Unclear => State::Gone(format!("{} is gone or renamed", setting.holder())),
        })
    }

    async fn make(&self, writer: &Writer) -> Result<Made, AwsCall> {
        match self.setting.set(writer, &self.to).await {
            Ok(()) => Ok(Made::Done),
            // The same policy may contain somebody else as well, by a case of their own.
            Err(call) if call.failure == Failure::InUse => Ok(Made::Kept(call.message)),
            Err(call) => Err(call),
        }
    }
}

macro_rules! any_step {
    ($($setting:ident),*) => {
        /// A step of any setting.
        #[derive(Debug, Eq, PartialEq)]
        pub enum AnyStep {
            $($setting(Back<$setting>)),*
        }

        impl AnyStep {
            fn read(made: Option<&Call>, undo: &Call, home: Home<'_>) -> Option<Self> {
                $(if let Some(back) = Back::<$setting>::read(made, undo, home) {
                    return Some(Self::$setting(back));
                })*
                None
            }

            /// The call, as Rescind writes it.
            pub fn call(&self) -> Option<Call> {
                match self {
                    $(Self::$setting(back) => back.setting.call(&back.to)),*
                }
            }

            /// Whether the setting is still as the remedy left it.
            pub async fn state(&self, reader: &Reader) -> Result<State, AwsCall> {
                match self {
                    $(Self::$setting(back) => back.state(reader).await),*
                }
            }

            /// Makes the call.
            pub async fn make(&self, writer: &Writer) -> Result<Made, AwsCall> {
                match self {
                    $(Self::$setting(back) => back.make(writer).await),*
                }
            }
        }
    };
}

any_step! { Attachment, Boundary, CredentialStatus, DefaultVersion, InlinePolicy, ManagedPolicy, Membership, Trust, PasswordPolicy }

/// The steps that undo a case, in order. Each has to be one that the case's remedy writes for a call that the same case says was made.
pub fn of(case: &Case) -> Result<Vec<AnyStep>> {
    let mut steps = Vec::new();
    for outcome in &case.outcomes {
        let plan = plan::of(outcome.remedy);
        let acted = matches!(outcome.outcome, Outcome::Applied | Outcome::AlreadyClean | Outcome::Failed);
        for undo in outcome.undo.iter().map(|receipt| &receipt.call) {
            let made = outcome.calls.iter().find(|made| plan.writes(Some(made), undo, case));
            let is_ours = acted && (made.is_some() || (outcome.calls.is_empty() && plan.writes(None, undo, case)));
            match AnyStep::read(made, undo, Home::of(case)).filter(|_| is_ours) {
                Some(step) => steps.push(step),
                None if acted && outcome.calls.is_empty() => bail!(
                    "this case does not hold the call that this would undo: {}; nothing was done. If the function's log shows that Rescind made \
                     that call, run this one yourself",
                    quoted(&undo.command())
                ),
                None => bail!("this case holds an undo that Rescind does not write: {}; nothing was done", quoted(&undo.command())),
            }
        }
    }
    if steps.len() > STEPS_MAX {
        bail!("this case holds {} undos, and Rescind writes a few at most: nothing was done", steps.len());
    }
    Ok(steps)
}
