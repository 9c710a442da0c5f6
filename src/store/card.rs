//! What a daemon writes of itself into the register of daemons, for those who find it gone.

use std::collections::BTreeMap;

use redis::Value;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Store, StoreError};
use crate::job::{DaemonId, InterruptRules, OnInterrupt, QueueName, WorkerName};

/// A daemon's entry.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Card {
    /// Its process: proof for whoever shares its machine.
    pub(crate) identity: String,
    /// The names of its workers.
    pub(crate) workers: Vec<String>,
    /// What is to become of its jobs; whatever a daemon of another release has there must not hide the rest.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    rules: serde_json::Value,
    /// Whether exception handlers are to hear of each failure of its jobs; nothing from a daemon that does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) handlers: Option<bool>,
}

#[derive(Serialize, Deserialize)]
struct Rules {
    policy: OnInterrupt,
    queues: BTreeMap<String, OnInterrupt>,
    budget: u32,
}

impl Card {
    pub(crate) fn new(
        identity: String,
        workers: &[WorkerName],
        rules: &InterruptRules,
        handlers: bool,
    ) -> Self {
        let queues = rules.of_queue.iter().map(|(queue, policy)| (queue.to_string(), *policy)).collect();
        let rules = json!(Rules { policy: rules.policy, queues, budget: rules.budget });
        Self {
            identity,
            workers: workers.iter().map(WorkerName::to_string).collect(),
            rules,
            handlers: Some(handlers),
        }
    }

    /// The rules for its jobs, as far as we understand them.
    pub(crate) fn rules(&self) -> Option<InterruptRules> {
        let Rules { policy, queues, budget } = Rules::deserialize(&self.rules).ok()?;
        let of_queue = queues.into_iter().map(|(queue, policy)| (QueueName::new(queue), policy)).collect();
        Some(InterruptRules { policy, of_queue, budget })
    }
}

impl Store {
    /// The entry of a daemon that said no farewell.
    pub(crate) async fn card(&self, daemon: &DaemonId) -> Result<Option<Card>, StoreError> {
        let mut command = redis::cmd("HGET");
        command.arg(self.keys.daemons()).arg(daemon.as_str());
        Ok(match self.client.run(&command).await? {
            Value::BulkString(card) => serde_json::from_slice(&card).ok(),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Card {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn rules_read_back_as_they_were_written() {
        let of_queue = [(QueueName::new("mail.high"), OnInterrupt::Requeue)].into();
        let rules = InterruptRules { policy: OnInterrupt::AsRq, of_queue, budget: 7 };
        let card = Card::new("i".to_owned(), &[WorkerName::new("w1")], &rules, true);

        let found = read(&serde_json::to_string(&card).unwrap());

        assert_eq!(found, card);
        let found = found.rules().unwrap();
        assert_eq!(
            (found.policy, found.of_queue, found.budget),
            (rules.policy, rules.of_queue, rules.budget)
        );
    }

    #[test]
    fn a_card_of_another_release_is_read_without_its_rules() {
        for rules in ["", r#", "rules": 5"#, r#", "rules": {"policy": "shrug", "queues": {}, "budget": 1}"#] {
            let card = read(&format!(r#"{{"identity": "i", "workers": ["w1"]{rules}}}"#));

            assert_eq!(
                (card.identity.as_str(), card.workers.as_slice()),
                ("i", ["w1".to_owned()].as_slice())
            );
            assert_eq!((card.rules().is_none(), card.handlers), (true, None));
        }
    }
}
