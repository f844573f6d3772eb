//! The receipts that Rescind's functions write: these calls, with these parameters, and no others.

use anyhow::{Result, bail};
use policy::Case;
use policy::arn::{CredentialId, IamName, PolicyArn};
use policy::case::{Call, Outcome};
use policy::change::{Remedy, Target, TargetKind};
use policy::credential::{Credential, CredentialKind};
use policy::quarantine::Quarantine;
use policy::text::{quoted, shown};
use remedy::calls;

/// Steps of one case. A case has one or two receipts; more than a screen of them would not be read.
const STEPS_MAX: usize = 8;

/// One call that gives something back.
#[derive(Debug, Eq, PartialEq)]
pub enum Step {
    /// Attaches a policy again.
    Attach(Target, PolicyArn),
    /// Sets a credential active again.
    Activate(Target, Credential),
    /// Takes an inline policy of containment out.
    TakeOut(Target, Quarantine),
    /// Detaches a policy of containment that stands by itself.
    Detach(Target, Managed),
    /// Deletes it.
    Delete(Managed),
}

/// A policy of containment that stands by itself.
#[derive(Debug, Eq, PartialEq)]
pub struct Managed {
    pub arn: PolicyArn,
    pub quarantine: Quarantine,
}

/// The steps that undo a case, in order.
pub fn of(case: &Case) -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    for outcome in &case.outcomes {
        for call in outcome.undo.iter().map(|receipt| &receipt.call) {
            let step = Step::read(call, case).filter(|step| step.remedy() == outcome.remedy && step.follows(steps.last()));
            match step {
                Some(step) if matches!(outcome.outcome, Outcome::Applied | Outcome::AlreadyClean) => steps.push(step),
                _ => bail!("this case holds a receipt that Rescind does not write: {}; nothing was done", quoted(&call.command())),
            }
        }
    }
    if steps.len() > STEPS_MAX {
        bail!("this case holds {} receipts, and Rescind writes at most two: nothing was done", steps.len());
    }
    Ok(steps)
}

impl Step {
    /// What a call of a receipt does. It is read with a light hand, and then has to be, to the letter, what Rescind writes for that.
    fn read(call: &Call, case: &Case) -> Option<Self> {
        let parameter = |name: &str| call.parameters.get(name).map(String::as_str);
        let target = || {
            [TargetKind::User, TargetKind::Group, TargetKind::Role].into_iter().find_map(|kind| {
                let name = IamName::new(parameter(&format!("{}Name", kind.name()))?).ok()?;
                Some(Target { kind, name })
            })
        };
        // No group is contained: it cannot act.
        let contained = || target().filter(|target| target.kind != TargetKind::Group);
        let arn = || PolicyArn::new(parameter("PolicyArn")?).ok();
        let step = match &*call.operation {
            "AttachUserPolicy" | "AttachGroupPolicy" | "AttachRolePolicy" => {
                Self::Attach(target()?, arn().filter(|arn| arn.is_within(&case.account, &case.partition))?)
            }
            "DeleteUserPolicy" | "DeleteRolePolicy" => Self::TakeOut(contained()?, Quarantine::named(parameter("PolicyName")?)?),
            "DetachUserPolicy" | "DetachRolePolicy" => Self::Detach(contained()?, Managed::of(arn()?, case)?),
            "DeletePolicy" => Self::Delete(Managed::of(arn()?, case)?),
            update => {
                let kind = CredentialKind::ALL.into_iter().find(|kind| kind.update().0 == update)?;
                Self::Activate(target()?, Credential { kind, id: CredentialId::new(parameter(kind.update().1)?).ok()? })
            }
        };
        (step.call() == *call).then_some(step)
    }

    /// The call, as Rescind writes it.
    pub fn call(&self) -> Call {
        match self {
            Self::Attach(target, arn) => calls::attach(target, arn.as_str()),
            Self::Activate(user, credential) => calls::set_status(user, credential, "Active"),
            Self::TakeOut(target, quarantine) => calls::take_out(target, quarantine),
            Self::Detach(target, policy) => calls::detach(target, policy.arn.as_str()),
            Self::Delete(policy) => calls::delete(policy.arn.as_str()),
        }
    }

    /// What it is about, in an error about the call.
    pub fn name(&self) -> String {
        let operation = self.call().operation;
        match self {
            Self::Attach(target, _) | Self::TakeOut(target, _) | Self::Detach(target, _) => format!("iam:{operation} on {target}"),
            Self::Activate(user, credential) => format!("iam:{operation} of {credential} of {user}"),
            Self::Delete(policy) => format!("iam:{operation} of {}", shown(policy.arn.as_str())),
        }
    }

    /// The remedy that it undoes.
    const fn remedy(&self) -> Remedy {
        match self {
            Self::Attach(..) => Remedy::DetachPolicy,
            Self::Activate(..) => Remedy::QuarantineKey,
            Self::TakeOut(..) | Self::Detach(..) | Self::Delete(_) => Remedy::QuarantinePrincipal,
        }
    }

    /// Whether it may come after that one: a policy is deleted once it is detached.
    fn follows(&self, before: Option<&Self>) -> bool {
        match (self, before) {
            (Self::Delete(policy), Some(Self::Detach(_, detached))) => policy == detached,
            (Self::Delete(_), _) => false,
            _ => true,
        }
    }
}

impl Managed {
    fn of(arn: PolicyArn, case: &Case) -> Option<Self> {
        let quarantine = Quarantine::named(arn.name())?;
        (arn.as_str() == quarantine.arn(case)).then_some(Self { arn, quarantine })
    }
}
