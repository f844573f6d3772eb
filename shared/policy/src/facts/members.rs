//! The members of a Cedar context, and which facts were missing when they were made.

use std::iter;

use cedar_policy::{Context, RestrictedExpression};

use super::{Access, Facts, Holders, Needs};
use crate::arn::{AccountId, PolicyArn};
use crate::own::{OwnParts, PartKind};

/// The members of a Cedar context. A member whose fact was not read holds a placeholder, and the fact is noted as unread.
pub struct Members<'a> {
    account: &'a AccountId,
    partition: &'static str,
    /// Of which members a value is made: the others cost nothing but their names.
    is_wanted: &'a dyn Fn(&str) -> bool,
    /// Accounts of others that count as trusted.
    trusted: &'a [AccountId],
    /// The parts of Rescind's own stack, and the region in which the call was made.
    own: Option<(&'a OwnParts, &'a str)>,
    names: Vec<&'static str>,
    booleans: Vec<(&'static str, bool)>,
    values: Vec<(&'static str, RestrictedExpression)>,
    unread: Needs,
    error: Option<String>,
}

impl<'a> Members<'a> {
    /// No members yet, for a change in this account.
    #[must_use]
    pub const fn new(account: &'a AccountId, partition: &'static str) -> Self {
        Self {
            account,
            partition,
            is_wanted: &|_| true,
            trusted: &[],
            own: None,
            names: Vec::new(),
            booleans: Vec::new(),
            values: Vec::new(),
            unread: Needs::NONE,
            error: None,
        }
    }

    /// The same with values of those members alone whose names are wanted: to make them costs most.
    #[must_use]
    pub fn only(self, is_wanted: &'a dyn Fn(&str) -> bool) -> Self {
        Self { is_wanted, ..self }
    }

    /// The same as an outline: which members there are, and what the booleans among them are.
    #[must_use]
    pub fn outlined(self) -> Self {
        self.only(&|_| false)
    }

    /// The same with accounts of others that count as trusted.
    #[must_use]
    pub fn trusting(self, trusted: &'a [AccountId]) -> Self {
        Self { trusted, ..self }
    }

    /// The same with the parts of Rescind's own stack, of a call that was made in this region.
    #[must_use]
    pub fn knowing(self, own: &'a OwnParts, region: &'a str) -> Self {
        Self { own: Some((own, region)), ..self }
    }

    /// Whether it is a part of Rescind's own stack.
    #[must_use]
    pub fn owns(&self, kind: PartKind, written: &str) -> bool {
        self.own.is_some_and(|(own, region)| own.has(kind, written, region))
    }

    /// Whether there is a member of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(&name)
    }

    /// What the boolean of this name is; `None` if there is none.
    #[must_use]
    pub fn is(&self, name: &str) -> Option<bool> {
        self.booleans.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The account in which the change was made.
    #[must_use]
    pub fn account(&self) -> &str {
        self.account.as_str()
    }

    /// Its partition.
    #[must_use]
    pub const fn partition(&self) -> &'static str {
        self.partition
    }

    /// Whether it is the account itself, or one that counts as trusted.
    #[must_use]
    pub fn trusts(&self, account: &str) -> bool {
        account == self.account.as_str() || self.trusted.iter().any(|trusted| trusted.as_str() == account)
    }

    /// A member of any type, made from this if it is wanted.
    pub fn push(&mut self, name: &'static str, value: impl FnOnce() -> RestrictedExpression) {
        self.try_push(name, || Ok(value()));
    }

    /// A text, as it is written.
    pub fn text(&mut self, name: &'static str, value: &str) {
        self.push(name, || RestrictedExpression::new_string(value.to_owned()));
    }

    /// A boolean.
    pub fn boolean(&mut self, name: &'static str, value: bool) {
        self.booleans.push((name, value));
        self.push(name, || RestrictedExpression::new_bool(value));
    }

    /// A whole number.
    pub fn long(&mut self, name: &'static str, value: i64) {
        self.push(name, || RestrictedExpression::new_long(value));
    }

    /// A record of texts, as they are written.
    pub fn texts(&mut self, name: &'static str, texts: &[(&str, &str)]) {
        self.record(name, texts.iter().map(|(key, text)| ((*key).to_owned(), RestrictedExpression::new_string((*text).to_owned()))));
    }

    /// The policy or group that gives the target something: its names, in lower case as the rulebook compares them, and what it grants.
    pub fn granting(&mut self, name: &'static str, names: &[(&str, &str)], facts: &Facts) {
        let nothing = Access::default();
        let access = facts.granted().unwrap_or_else(|| {
            self.unread.document = true;
            &nothing
        });
        let names = names.iter().map(|(key, text)| ((*key).to_owned(), RestrictedExpression::new_string(text.to_ascii_lowercase())));
        self.access(name, names, access);
    }

    /// The names of a managed policy, in lower case as the rulebook compares them: its ARN, name, owner and path.
    pub fn policy_names(&mut self, name: &'static str, policy: &PolicyArn) {
        let lower = |text: &str| RestrictedExpression::new_string(text.to_ascii_lowercase());
        let names = [("arn", policy.as_str()), ("name", policy.name()), ("owner", policy.owner()), ("path", policy.path())];
        self.record(name, names.into_iter().map(|(key, text)| (key.to_owned(), lower(text))));
    }

    /// `removes`: the guards that the change took away, as the rulebook's `@requires` write them; `None` if that was not read.
    pub fn removes(&mut self, removed: Option<Vec<String>>) {
        self.unread.guards |= removed.is_none();
        let removed = removed.unwrap_or_default().into_iter().map(RestrictedExpression::new_string);
        self.push("removes", || RestrictedExpression::new_set(removed));
    }

    /// `before` and `after`: what the target could do without the change, and can do with it.
    pub fn before_and_after(&mut self, facts: &Facts) {
        let nothing = (Access::default(), Access::default());
        let (before, after) = facts.holdings().unwrap_or_else(|| {
            self.unread.holdings = true;
            &nothing
        });
        for (name, access) in [("before", before), ("after", after)] {
            self.access(name, iter::empty(), access);
        }
    }

    /// `holders`: who holds the policy whose version was changed.
    pub fn holders(&mut self, facts: &Facts) {
        self.unread.holders |= facts.holders().is_none();
        self.unread.administrator |= facts.administrator().is_none();
        let Holders { count, break_glass } = facts.holders().unwrap_or(Holders { count: 0, break_glass: false });
        let boolean = |value| RestrictedExpression::new_bool(value);
        let members = [
            ("administrator".to_owned(), boolean(facts.administrator().unwrap_or_default())),
            ("breakGlass".to_owned(), boolean(break_glass)),
            ("count".to_owned(), RestrictedExpression::new_long(count.into())),
        ];
        self.record("holders", members.into_iter());
    }

    /// `hasDevice` and `denied`: whether a user has an MFA device, and is denied everything without one.
    pub fn second_factor(&mut self, facts: &Facts) {
        self.unread.device |= facts.device().is_none();
        self.unread.denied |= facts.denied().is_none();
        self.boolean("hasDevice", facts.device().unwrap_or_default());
        self.boolean("denied", facts.denied().unwrap_or_default());
    }

    /// `after` and `conditional`: of a role of this account, what its session can do, and whether its trust policy lets the caller in under a
    /// condition only.
    pub fn session(&mut self, facts: &Facts, is_of_this_account: bool) {
        if !is_of_this_account {
            return;
        }
        self.unread.conditional |= facts.conditional().is_none();
        self.boolean("conditional", facts.conditional().unwrap_or_default());
        let nothing = Access::default();
        let after = facts.holdings().map_or_else(
            || {
                self.unread.holdings = true;
                &nothing
            },
            |(_, after)| after,
        );
        self.access("after", iter::empty(), after);
    }

    /// `namedBy`: the policies that name a user or group by its old name.
    pub fn named_by(&mut self, facts: &Facts) {
        self.unread.named_by |= facts.named_by().is_none();
        let policies = facts.named_by().map(|named_by| named_by.policies.clone()).unwrap_or_default();
        self.push("namedBy", || RestrictedExpression::new_set(policies.into_iter().map(RestrictedExpression::new_string)));
    }

    /// `failures`: how often somebody failed to sign in within ten minutes.
    pub fn failures(&mut self, facts: &Facts) {
        self.unread.failures |= facts.failures().is_none();
        self.long("failures", facts.failures().unwrap_or_default().into());
    }

    /// The path of the group that a user joined.
    pub fn group_path(&mut self, facts: &Facts) -> String {
        facts.group_path().map_or_else(
            || {
                self.unread.group_path = true;
                "/".to_owned()
            },
            str::to_owned,
        )
    }

    /// The ARN of something in the account's IAM.
    #[must_use]
    pub fn iam_arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition, self.account)
    }

    /// A record of members of any type.
    pub fn record(&mut self, name: &'static str, members: impl Iterator<Item = (String, RestrictedExpression)>) {
        self.try_push(name, || RestrictedExpression::new_record(members).map_err(|error| error.to_string()));
    }

    /// A record of these members, and of what is granted.
    fn access(&mut self, name: &'static str, members: impl Iterator<Item = (String, RestrictedExpression)>, access: &Access) {
        self.try_push(name, || RestrictedExpression::new_record(members.chain(access.members()?)).map_err(|error| error.to_string()));
    }

    fn try_push(&mut self, name: &'static str, value: impl FnOnce() -> Result<RestrictedExpression, String>) {
        self.names.push(name);
        if (self.is_wanted)(name) {
            match value() {
                Ok(value) => self.values.push((name, value)),
                Err(error) => self.error = Some(error),
            }
        }
    }

    /// The context, and the facts that it lacks.
    pub(crate) fn finish(self) -> Result<(Context, Needs), String> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let pairs = self.values.into_iter().map(|(name, value)| (name.to_owned(), value));
        let context = Context::from_pairs(pairs).map_err(|error| error.to_string())?;
        Ok((context, self.unread))
    }
}
