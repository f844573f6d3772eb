//! Reports what could blind or silence Rescind, and switches a trail and Rescind's own rules on again.

use std::process::ExitCode;

use policy::remedy::Remedy;
use policy::target::Target;
use policy::watch::WATCH_TAMPERING;
use policy::{Case, Change};
use remedy::plan::{Off, switch};
use remedy::setting::{Live, Setting, Step};
use remedy::{AwsCall, Ending, Function, Hand, Set};

struct WatchTampering;

impl Function for WatchTampering {
    const NAME: &'static str = WATCH_TAMPERING;
    const KNOWS_ITS_STACK: bool = true;
    const OWNS: Option<Remedy> = Some(Remedy::WatchTampering);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change, _: &Target) -> Result<Ending, AwsCall> {
        match switch(case, change) {
            Some(Off::Logging(step)) => on(hand, &step).await,
            Some(Off::Rule(step)) => on(hand, &step).await,
            None => Ok(Ending::unremediable("Rescind switches only a trail and its own rules on again".to_owned())),
        }
    }
}

/// Switches it on, if it is off: neither service says whether a call has changed anything.
#[expect(clippy::future_not_send, reason = "a function handles one event at a time, on one thread")]
async fn on<S: Setting>(hand: &mut Hand<'_>, step: &Step<S>) -> Result<Ending, AwsCall> {
    let gone = || Ending::unremediable(format!("{} is gone: a person has to make it again", step.setting.holder()));
    Ok(match step.setting.get(hand.reader()).await? {
        Live::Is(now) if now == step.to => Ending::clean("somebody, or an earlier try at this event, had switched it on".to_owned()),
        Live::Is(_) => match hand.set(step).await? {
            Set::Done | Set::Already => Ending::done(),
            Set::Moved | Set::Gone => gone(),
        },
        Live::Gone | Live::Unclear => gone(),
    })
}

fn main() -> ExitCode {
    remedy::run::<WatchTampering>()
}
