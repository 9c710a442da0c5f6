//! Dequeue strategies: which queue is asked first for the next job.

use uuid::Uuid;

use crate::job::QueueName;

/// How a worker chooses among its queues; RQ knows the first three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// Always in the order in which they were named.
    Default,
    /// The queue that gave the last job goes to the end, and with it those before it.
    RoundRobin,
    /// In a new random order after each job.
    Random,
    /// In a random order in which a queue comes first in proportion to its weight; a queue that is not named weighs 1.
    Weighted(Vec<(QueueName, u32)>),
}

/// Whose turn it is.
pub(super) struct Turns {
    strategy: Strategy,
    order: Vec<QueueName>,
    dice: Dice,
}

impl Turns {
    pub(super) fn new(strategy: Strategy, queues: &[QueueName]) -> Self {
        Self { strategy, order: queues.to_vec(), dice: Dice(Uuid::new_v4().as_u64_pair().0) }
    }

    /// The queues in the order in which the next claim asks them.
    pub(super) fn order(&mut self) -> Vec<QueueName> {
        if let Strategy::Weighted(weights) = &self.strategy {
            self.order = draw(std::mem::take(&mut self.order), weights, &mut self.dice);
        }
        self.order.clone()
    }

    /// A job came from this queue.
    pub(super) fn took_from(&mut self, queue: &QueueName) {
        match self.strategy {
            Strategy::Default | Strategy::Weighted(_) => {}
            Strategy::RoundRobin => {
                if let Some(place) = self.order.iter().position(|other| other == queue) {
                    self.order.rotate_left(place + 1);
                }
            }
            Strategy::Random => {
                for last in (1..self.order.len()).rev() {
                    let other = self.dice.below(last + 1);
                    self.order.swap(last, other);
                }
            }
        }
    }
}

/// Draws one queue after the other, each with the chance that its weight gives it among those that are left.
fn draw(mut left: Vec<QueueName>, weights: &[(QueueName, u32)], dice: &mut Dice) -> Vec<QueueName> {
    let weight = |queue: &QueueName| {
        weights.iter().find(|(named, _)| named == queue).map_or(1, |(_, weight)| *weight as usize)
    };
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let mut ticket = dice.below(left.iter().map(weight).sum::<usize>().max(1));
        let drawn = left.iter().position(|queue| {
            let wins = ticket < weight(queue);
            ticket = ticket.saturating_sub(weight(queue));
            wins
        });
        order.push(left.remove(drawn.unwrap_or(0)));
    }
    order
}

/// Numbers that need not be secret (the generator is splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % limit as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queues(names: &str) -> Vec<QueueName> {
        names.split(',').map(QueueName::new).collect()
    }

    fn turns(strategy: Strategy) -> Turns {
        Turns { strategy, order: queues("a,b,c"), dice: Dice(7) }
    }

    #[test]
    fn round_robin_goes_on_behind_the_queue_that_gave_a_job() {
        let mut turns = turns(Strategy::RoundRobin);

        turns.took_from(&QueueName::new("b"));
        assert_eq!(turns.order(), queues("c,a,b"));
        turns.took_from(&QueueName::new("c"));
        assert_eq!(turns.order(), queues("a,b,c"));
    }

    #[test]
    fn the_default_never_changes() {
        let mut turns = turns(Strategy::Default);

        turns.took_from(&QueueName::new("c"));

        assert_eq!(turns.order(), queues("a,b,c"));
    }

    #[test]
    fn random_orders_hold_every_queue_and_all_come_up() {
        let mut turns = turns(Strategy::Random);
        let mut seen = std::collections::BTreeSet::new();

        for _ in 0..200 {
            turns.took_from(&QueueName::new("a"));
            seen.insert(turns.order());
        }

        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn weights_are_chances_to_come_first() {
        let weights = vec![(QueueName::new("a"), 6), (QueueName::new("b"), 3), (QueueName::new("c"), 1)];
        let mut turns = turns(Strategy::Weighted(weights));
        let mut first = std::collections::BTreeMap::new();

        for _ in 0..10_000 {
            *first.entry(turns.order()[0].to_string()).or_insert(0_i32) += 1;
        }

        for (queue, expected) in [("a", 6000), ("b", 3000), ("c", 1000)] {
            assert!((first[queue] - expected).abs() < 300, "{queue}: {}", first[queue]);
        }
    }
}
