//! Removes principals that a guardrail forbids from a role's trust policy, if they still stand there.

use std::process::ExitCode;

use policy::remedy::Remedy;
use policy::target::Target;
use policy::text;
use policy::trust::{Edited, without};
use policy::{Case, Change};
use remedy::plan::offenders;
use remedy::setting::{Live, Setting as _, Step, Trust};
use remedy::{AwsCall, Ending, Function, Hand, Set};

struct RestoreTrust;

/// How often the text is read again if somebody else changes it at the same moment.
const TRIES: u32 = 3;

impl Function for RestoreTrust {
    const NAME: &'static str = "restore-trust";
    const OWNS: Option<Remedy> = Some(Remedy::RestoreTrust);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change, target: &Target) -> Result<Ending, AwsCall> {
        let Some(whom) = target.identity() else {
            return Ok(Ending::unremediable(format!("{target} is no role")));
        };
        let forbidden = offenders(case, change);
        if forbidden.is_empty() {
            return Ok(Ending::unremediable("no principal is named that could be removed".to_owned()));
        }
        let setting = Trust { role: whom.name.clone() };
        for _ in 0..TRIES {
            let mut live = setting.get(hand.reader()).await?;
            let stands = |live: &Live<String>| matches!(live, Live::Is(text) if without(text, |it| forbidden.contains(&it)).is_ok_and(|it| !it.removed.is_empty()));
            if !stands(&live) && hand.settles().await {
                live = setting.get(hand.reader()).await?;
            }
            let Live::Is(text) = live else {
                return Ok(hand.gone(whom));
            };
            let edited = match without(&text, |trusted| forbidden.contains(&trusted)) {
                Ok(edited) => edited,
                Err(error) => return Ok(Ending::unremediable(format!("the trust policy as it is now cannot be read: {error}"))),
            };
            let Edited { text: to, removed, deleted } = edited;
            let step = Step { setting: setting.clone(), from: text.clone(), to: if removed.is_empty() { text } else { to } };
            if removed.is_empty() && !hand.has_begun(&step) {
                return Ok(Ending::clean(
                    "it lets none of them in now, or under other conditions: that is another change, with an event of its own".to_owned(),
                ));
            }
            match hand.swap(&step).await? {
                (Set::Done, raced) => return Ok(Ending::done().saying(raced).saying(dropped(&deleted))),
                (Set::Already, _) => return Ok(Ending::clean("somebody has just removed them".to_owned())),
                (Set::Gone, _) => return Ok(hand.gone(whom)),
                (Set::Moved, _) => {}
            }
        }
        Ok(Ending::unremediable(format!("somebody keeps changing {setting}: look at what it says now")))
    }
}

/// Principals that the new text lacks because they no longer exist.
fn dropped<'i>(ids: impl IntoIterator<Item = &'i String>) -> Option<String> {
    let ids: Vec<String> = ids.into_iter().map(|id| text::name(id)).collect();
    (!ids.is_empty())
        .then(|| format!("{} no longer exist, so IAM does not save them: the new text lacks them, and so does the undo", ids.join(", ")))
}

fn main() -> ExitCode {
    remedy::run::<RestoreTrust>()
}
