//! Facts for the tests of the checks.

use std::collections::BTreeMap;

use super::workers::Machine;
use crate::job::Timestamp;
use crate::store::{CountedQueue, Inventory, Leftovers, QueueLeft, Server};

/// A server that tells this much of itself, and has these settings.
pub(super) fn server(facts: &[(&str, &str)], settings: &[(&str, &str)]) -> Server {
    let pairs = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Some(pairs.collect()).filter(|pairs: &BTreeMap<_, _>| !pairs.is_empty())
    };
    Server { info: pairs(facts), settings: pairs(settings), skew: None }
}

/// A Redis with one queue, `q`, in which all is well.
pub(super) fn left() -> Leftovers {
    let name = "q".to_owned();
    Leftovers {
        inventory: Inventory {
            now: Timestamp::from_micros(1_764_000_000_000_000).unwrap(),
            is_suspended: false,
            queues: vec![CountedQueue { name: name.clone(), ..CountedQueue::default() }],
            workers: BTreeMap::new(),
        },
        queues: vec![QueueLeft { name, ..QueueLeft::default() }],
        workers: Vec::new(),
        daemons: Vec::new(),
        is_suspended_for_ever: false,
    }
}

/// A machine called `here` on which no process has a number above 1000, and whoever calls itself `dead` is.
pub(super) struct ThisMachine;

impl Machine for ThisMachine {
    fn hostname(&self) -> &'static str {
        "here"
    }

    fn is_gone(&self, pid: u32) -> bool {
        pid > 1000
    }

    fn is_dead(&self, identity: &str) -> bool {
        identity == "dead"
    }
}
