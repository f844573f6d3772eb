//! Reports what nobody takes back: sign-ins, sessions, renames, and every other change to who can do what.

use std::process::ExitCode;

use policy::remedy::Remedy;
use policy::target::Target;
use policy::watch::WATCH;
use policy::{Case, Change};
use remedy::{AwsCall, Ending, Function, Hand};

struct Watch;

impl Function for Watch {
    const NAME: &'static str = WATCH;
    const OWNS: Option<Remedy> = None;

    async fn take_back(_: &mut Hand<'_>, _: &Case, _: &Change, _: &Target) -> Result<Ending, AwsCall> {
        Ok(Ending::unremediable("this function only reports".to_owned()))
    }
}

fn main() -> ExitCode {
    remedy::run::<Watch>()
}
