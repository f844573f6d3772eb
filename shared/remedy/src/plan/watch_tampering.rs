//! # What it takes back
//!
//! A trail that was stopped is started again; a rule of Rescind's own that was disabled is enabled again.
//!
//! # What it spares
//!
//! Rules of others. Whatever else was done to the trail or to Rescind: what it was before is in no record. A trail of the organization, which belongs
//! to another account: AWS refuses the call, and the notice says so.
//!
//! # How it is undone
//!
//! By hand, with the `aws` command: nobody needs Rescind to blind it.
//!
//! # Source
//!
//! CloudTrail API reference, `StopLogging` and `StartLogging`; EventBridge API reference, `DisableRule` and `EnableRule`.

use policy::case::Call;
use policy::change::Noticed;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};

use super::{Plan, Words, call_of};
use crate::setting::{Logging, RuleState, Step};

/// The remedy `watch-tampering`.
pub struct WatchTampering;

/// What was switched off.
pub enum Off {
    /// A trail's logging.
    Logging(Step<Logging>),
    /// A rule.
    Rule(Step<RuleState>),
}

/// The step that switches it on again.
#[must_use]
pub fn switch(case: &Case, change: &Change) -> Option<Off> {
    let Change::Noticed(Noticed { call, parts: Some((_, named)), .. }) = change else {
        return None;
    };
    let named = named.first()?.clone();
    match call.as_str() {
        "cloudtrail:StopLogging" => {
            Some(Off::Logging(Step { setting: Logging { trail: named, region: case.region.clone() }, from: false, to: true }))
        }
        "events:DisableRule" => {
            let rule = named.rsplit('/').next().unwrap_or_default().to_owned();
            Some(Off::Rule(Step { setting: RuleState { rule }, from: false, to: true }))
        }
        _ => None,
    }
}

impl Plan for WatchTampering {
    fn remedy(&self) -> Remedy {
        Remedy::WatchTampering
    }

    fn words(&self, _: &Change) -> Words {
        Words { done: "switched on again", clean: "on again already" }
    }

    fn applied(&self, _: &Case, _: &Change) -> String {
        "Rescind switched it on again".to_owned()
    }

    fn clean(&self, _: &Case, _: &Change) -> String {
        "it was on, or gone, when Rescind looked".to_owned()
    }

    fn next(&self, case: &Case, _: &Change) -> Option<String> {
        let from = case.record.event_time.format("%Y-%m-%d %H:%M:%S UTC");
        Some(format!("find out who switched it off and why: what happened between {from} and now may not have been recorded"))
    }

    fn touches(&self, case: &Case, change: &Change) -> Option<Target> {
        switch(case, change).map(|_| Target::Account)
    }

    fn calls(&self, case: &Case, change: &Change) -> Vec<Call> {
        match switch(case, change) {
            Some(Off::Logging(step)) => call_of(Some(step)),
            Some(Off::Rule(step)) => call_of(Some(step)),
            None => Vec::new(),
        }
    }

    fn writes(&self, _: Option<&Call>, _: &Call, _: &Case) -> bool {
        false
    }

    fn irrevocable(&self, _: &Case, _: &Change) -> Option<String> {
        Some("nothing was taken from anybody; whoever wants it off switches it off with the aws command".to_owned())
    }
}
