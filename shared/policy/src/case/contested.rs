//! A change that is made again and again.

use serde::{Deserialize, Serialize};

use crate::actor::{Actor, ActorKind};
use crate::text::{name, speech};

/// From so many times on, within [`Contested::HOURS`], a change is contested.
const TIMES: usize = 3;

/// How often the same change was taken back, and who makes it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Contested {
    /// How often within 24 hours, this time included.
    pub times: usize,
    /// The ARN of whoever made it, each time, the oldest first; at most [`Self::ACTORS`].
    pub actors: Vec<String>,
    /// What keeps making it, as far as the record says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Contested {
    /// The hours that count.
    pub const HOURS: i64 = 24;
    /// As many actors as a person reads.
    pub const ACTORS: usize = 10;

    /// What several times come to; `None` if they are too few. `actors` are those of each time, the oldest first.
    #[must_use]
    pub fn of(mut actors: Vec<String>, last: &Actor) -> Option<Self> {
        let times = actors.len();
        let dropped = times.saturating_sub(Self::ACTORS);
        actors.drain(..dropped);
        (times >= TIMES).then(|| Self { times, actors, source: source(last) })
    }

    /// In a line for a person.
    #[must_use]
    pub fn line(&self) -> String {
        let mut who: Vec<(&str, usize)> = Vec::new();
        for actor in &self.actors {
            match who.iter_mut().find(|(known, _)| known == actor) {
                Some((_, times)) => *times += 1,
                None => who.push((actor, 1)),
            }
        }
        let who: Vec<String> = who.into_iter().map(|(actor, times)| format!("{} ({times})", name(actor))).collect();
        let source = self.source.as_ref().map_or_else(String::new, |source| format!("; {source}"));
        format!("taken back {} times within {} hours, each time made again by {}{source}", self.times, Self::HOURS, who.join(", "))
    }
}

/// What keeps making a change: a deployment, or another automation.
fn source(actor: &Actor) -> Option<String> {
    let agent = actor.user_agent.as_deref().unwrap_or_default();
    let is_by = |tool: &str| agent.to_ascii_lowercase().contains(tool);
    // The console signs for the person who uses it.
    if let Some(service) = actor.invoked_by.as_ref().filter(|service| *service != "signin.amazonaws.com") {
        return Some(format!("the AWS service {} makes it: change what that deploys", name(service)));
    }
    for (word, tool) in [
        ("terraform", "Terraform"),
        ("opentofu", "OpenTofu"),
        ("pulumi", "Pulumi"),
        ("ansible", "Ansible"),
        ("cloud-custodian", "Cloud Custodian"),
    ] {
        if is_by(word) {
            return Some(format!("by its user agent, {tool} makes it: change what that deploys"));
        }
    }
    (actor.kind == ActorKind::Role).then(|| {
        let agent = if agent.is_empty() { String::new() } else { format!(", with the user agent {}", speech(agent)) };
        format!("role {} makes it{agent}", name(&actor.name))
    })
}
