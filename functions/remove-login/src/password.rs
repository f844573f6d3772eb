//! The console password of a user is deleted.

use policy::Change;
use policy::target::Identity;
use remedy::plan::logout;
use remedy::reading::credentials::login_made;
use remedy::{AwsCall, Ending, Hand, Set};

/// Deletes it, if it still is the one of the change.
pub async fn delete(hand: &mut Hand<'_>, change: &Change, whom: &Identity) -> Result<Ending, AwsCall> {
    let Some(mut step) = logout(change) else {
        return Ok(Ending::unremediable("nobody's password was set, so there is none to delete".to_owned()));
    };
    step.setting.user = whom.name.clone();
    let mut made = login_made(hand.reader(), &whom.name).await?;
    // Just after the change, IAM may not know it yet.
    if made.is_none() && hand.settles().await {
        made = login_made(hand.reader(), &whom.name).await?;
    }
    // A reset does not change when a login profile was made.
    if made.is_some_and(|made| hand.is_after_the_change(made)) {
        let another = "the user has a console password that was made later: that is another change, with an event of its own";
        return Ok(Ending::clean(another.to_owned()));
    }
    Ok(match hand.set(&step).await? {
        Set::Done => Ending::done(),
        Set::Already | Set::Moved => Ending::clean(format!("{whom} has no console password")),
        Set::Gone => hand.gone(whom),
    })
}
