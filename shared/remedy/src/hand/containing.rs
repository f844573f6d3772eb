//! What the ledger has to know about those who are contained: the guard of quarantines puts back what it knows, and nothing else.

use policy::arn::{PolicyArn, UniqueId};
use policy::containment::Containment;
use policy::target::Identity;

use super::Hand;
use crate::error::AwsCall;
use crate::ledger::contained::Contained;
use crate::reading::identity::{self, Whom};

impl Hand<'_> {
    /// Notes in the ledger that somebody is contained so already: the guard of quarantines keeps it like any other.
    ///
    /// # Errors
    ///
    /// If IAM did not say the unique id, or the ledger answers, and not now.
    pub async fn is_contained(&self, whom: &Identity, containment: Containment) -> Result<(), AwsCall> {
        if self.writer.is_none() {
            return Ok(());
        }
        self.page.is_contained(&self.with_id(whom).await?, &containment).await
    }

    /// Notes in the ledger that Rescind itself has ended what it contained somebody by.
    ///
    /// # Errors
    ///
    /// If IAM did not say the unique id, or the ledger answers, and not now.
    pub async fn releases(&self, whom: &Identity, containment: Containment) -> Result<(), AwsCall> {
        if self.writer.is_none() {
            return Ok(());
        }
        self.page.releases(Contained { identity: self.with_id(whom).await?, containment }).await
    }

    /// The users whom Rescind has contained by this policy, as they are called now.
    ///
    /// # Errors
    ///
    /// If the ledger or IAM did not answer.
    pub async fn users_contained_by(&self, wanted: &PolicyArn) -> Result<Vec<Identity>, AwsCall> {
        let mut users = Vec::new();
        for Contained { identity, containment } in self.page.contained().await? {
            let (Containment::Attached { policy } | Containment::Boundary { policy }) = containment else {
                continue;
            };
            if identity.is_user()
                && policy.as_str().eq_ignore_ascii_case(wanted.as_str())
                && let Whom::Is(now) = identity::resolve(self.reader, &identity, None).await?
            {
                users.push(now);
            }
        }
        Ok(users)
    }

    async fn with_id(&self, whom: &Identity) -> Result<Identity, AwsCall> {
        let id = match &whom.id {
            Some(id) => Some(id.clone()),
            None => identity::id_of(self.reader, whom).await?.and_then(|id| UniqueId::new(&id).ok()),
        };
        Ok(whom.clone().with_id(id))
    }

    /// Says who is contained by the next step, and by what, for the ledger: the guard of quarantines puts back what the ledger knows, and nothing else.
    ///
    /// # Errors
    ///
    /// If IAM did not say the unique id.
    pub async fn contains(&mut self, whom: &Identity, containment: Containment) -> Result<(), AwsCall> {
        if self.writer.is_none() {
            return Ok(());
        }
        self.page.contains(self.with_id(whom).await?, containment);
        Ok(())
    }
}
