//! Restores what the baseline of a guardrail asks of the account's password policy.

use std::process::ExitCode;

use policy::change::PasswordPolicyChanged;
use policy::facts::Facts;
use policy::remedy::Remedy;
use policy::target::Target;
use policy::{Case, Change};
use remedy::plan::password_restoration;
use remedy::{AwsCall, Ending, Function, Hand, Set};

struct RestorePasswordPolicy;

impl Function for RestorePasswordPolicy {
    const NAME: &'static str = "restore-password-policy";
    const OWNS: Option<Remedy> = Some(Remedy::RestorePasswordPolicy);

    async fn take_back(hand: &mut Hand<'_>, case: &Case, change: &Change, _: &Target) -> Result<Ending, AwsCall> {
        let Some(step) = password_restoration(case, change) else {
            return Ok(Ending::unremediable("the password policy was not changed, or no guardrail says what it should be".to_owned()));
        };
        Ok(match hand.swap(&step).await? {
            (Set::Done, raced) => {
                let then = PasswordPolicyChanged { rules: step.to }.into();
                let left = hand.would_pass(&then, &Facts::none()).is_ok_and(|passes| !passes);
                let left =
                    left.then(|| "it still breaks a guardrail: the rest would lock people out, or no baseline asks for it".to_owned());
                Ending::done().saying(raced).saying(left)
            }
            (Set::Already, _) => Ending::clean("somebody, or an earlier try at this event, had restored the baseline".to_owned()),
            (Set::Moved | Set::Gone, _) => {
                Ending::clean("it says something else now: that is another change, with an event of its own".to_owned())
            }
        })
    }
}

fn main() -> ExitCode {
    remedy::run::<RestorePasswordPolicy>()
}
