//! The same done to many jobs.

use std::collections::{BTreeMap, HashMap, HashSet};

use tokio::task::JoinSet;

use super::{Rearranged, Standing, Store, StoreError, scripts};
use crate::job::{QueueName, Timestamp};

/// How many requests are on their way at a time.
const AT_ONCE: usize = 100;

/// How many jobs one step withdraws: few enough that nobody else has to wait for it.
const STEP: usize = 250;

/// How many it withdraws of those for each of which a queue is looked through.
const FEW: usize = 5;

/// How many entries of a queue are read at a time.
const WINDOW: usize = 1000;

/// From how many jobs on a queue is read for them, rather than looked through for each.
const MANY: usize = 20;

/// What is done to jobs that do not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Withdrawal {
    Cancel,
    Delete,
}

/// A job, and the queue that it says it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addressed {
    pub(crate) id: String,
    pub(crate) queue: String,
}

/// Where jobs stand in a queue that was read.
#[derive(Clone, Copy)]
struct Seen<'a> {
    queue: &'a str,
    first: usize,
    count: usize,
}

/// No queue was read.
const UNREAD: Seen<'static> = Seen { queue: "", first: 0, count: 0 };

/// Many jobs on their way out.
struct Withdrawing<'a, Done> {
    store: &'a Store,
    how: Withdrawal,
    /// What became of them so far, by their ids.
    told: HashMap<String, Rearranged>,
    done: Done,
}

impl Store {
    /// Puts these failed jobs back on their queues, each in one step of its own, many of them on their way at a time. `done`
    /// hears how many more are done. What became of each is told in their order. They may have to be of one queue.
    pub(crate) async fn requeue_all(
        &self,
        jobs: &[String],
        queue: Option<&QueueName>,
        mut done: impl FnMut(u64),
    ) -> Result<Vec<Rearranged>, StoreError> {
        let mut told = Vec::with_capacity(jobs.len());
        for some in jobs.chunks(AT_ONCE) {
            let mut doing = JoinSet::new();
            for (at, job) in some.iter().cloned().enumerate() {
                let (store, queue) = (self.clone(), queue.cloned());
                doing.spawn(async move { (at, store.requeue_of(queue.as_ref(), &job).await) });
            }
            let mut ended = doing.join_all().await;
            ended.sort_by_key(|(at, _)| *at);
            for (_, one) in ended {
                told.push(one?);
            }
            done(some.len() as u64);
        }
        Ok(told)
    }

    /// Cancels or deletes these jobs, some in one step. Each queue is read once for all that stand in it.
    pub(crate) async fn withdraw_all(
        &self,
        jobs: &[Addressed],
        how: Withdrawal,
        done: impl FnMut(u64),
    ) -> Result<Vec<Rearranged>, StoreError> {
        let mut of_queues: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for job in jobs {
            of_queues.entry(&job.queue).or_default().push(&job.id);
        }
        let mut withdrawing = Withdrawing { store: self, how, told: HashMap::new(), done };
        for (queue, ids) in of_queues {
            withdrawing.of_queue(queue, &ids).await?;
        }
        let told = withdrawing.told;
        Ok(jobs.iter().map(|job| told.get(&job.id).cloned().unwrap_or(Rearranged::Gone)).collect())
    }
}

impl<Done: FnMut(u64)> Withdrawing<'_, Done> {
    async fn of_queue(&mut self, queue: &str, ids: &[&str]) -> Result<(), StoreError> {
        let mut seen = UNREAD;
        if ids.len() >= MANY {
            self.in_queue(queue, ids).await?;
            seen.queue = queue;
        }
        // Those that stand elsewhere, or moved while it was read.
        let rest: Vec<&str> = ids.iter().copied().filter(|id| !self.told.contains_key(*id)).collect();
        for some in rest.chunks(STEP) {
            self.step(seen, some).await?;
        }
        let rest: Vec<&str> = rest.into_iter().filter(|id| !self.told.contains_key(*id)).collect();
        for some in rest.chunks(FEW) {
            self.step(seen, some).await?;
        }
        Ok(())
    }

    /// Withdraws those of the jobs that stand in the queue's list.
    async fn in_queue(&mut self, queue: &str, ids: &[&str]) -> Result<(), StoreError> {
        let mut wanted: HashSet<&str> = ids.iter().copied().collect();
        let name = [QueueName::new(queue)];
        let length = self.store.lengths(&name).await?.first().copied().unwrap_or_default();
        let shelves = self.store.shelves(&name, &[Standing::Queued]).await?;
        let Some(list) = shelves.first() else { return Ok(()) };
        // What comes meanwhile is not chased.
        let (mut offset, mut left) = (0, usize::try_from(length).unwrap_or(usize::MAX));
        while left > 0 && !wanted.is_empty() {
            let page = self.store.ids_at(list, offset, WINDOW.min(left)).await?;
            if page.is_empty() {
                break;
            }
            left = left.saturating_sub(page.len());
            offset += page.len();
            let met: Vec<&str> = page.iter().filter_map(|id| wanted.take(id.as_str())).collect();
            for some in met.chunks(STEP) {
                // Others take jobs from the queue meanwhile, and put some back.
                let first = offset.saturating_sub(2 * WINDOW);
                let out = self.step(Seen { queue, first, count: 3 * WINDOW }, some).await?;
                offset = offset.saturating_sub(out);
            }
        }
        Ok(())
    }

    /// Withdraws a few in one step; tells how many went.
    async fn step(&mut self, seen: Seen<'_>, ids: &[&str]) -> Result<usize, StoreError> {
        let store = self.store;
        let keys: Vec<String> = ids.iter().map(|id| store.keys.job(id)).collect();
        let word = match self.how {
            Withdrawal::Cancel => "cancel",
            Withdrawal::Delete => "delete",
        };
        let (first, count) = (seen.first.to_string(), seen.count.to_string());
        let mut args = store.args([&Timestamp::now().iso(), word, seen.queue, &first, &count]);
        args.extend(ids.iter().map(|id| id.as_bytes().to_vec()));
        let outcomes = store.call(&scripts::WITHDRAW, &keys, &args).await?.texts();
        if outcomes.len() != ids.len() {
            return Err(store.malformed("withdrawing"));
        }
        let (mut out, mut heard) = (0, 0);
        for (id, outcome) in ids.iter().zip(outcomes) {
            if outcome == "again" {
                continue;
            }
            let outcome = match outcome.strip_prefix("elsewhere ") {
                Some(status) => Rearranged::Elsewhere(status.to_owned()),
                None if outcome == "done" => Rearranged::Done,
                None => Rearranged::Gone,
            };
            heard += 1;
            out += usize::from(outcome == Rearranged::Done);
            self.told.insert((*id).to_owned(), outcome);
        }
        (self.done)(heard);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::*;
    use crate::store::tests::server::{Server, run};
    use crate::store::{Address, Client, Keys};

    /// So many jobs in the queue `q`, and one more that runs.
    async fn filled(server: &Server, count: usize) -> Store {
        let store = Store::new(Client::new(Address::from_url(&server.url()).unwrap(), None), Keys::new("rq"));
        let mut fill = redis::pipe();
        fill.cmd("HSET").arg("rq:job:running").arg(&["data", "d", "status", "started", "origin", "q"]);
        for number in 0..count {
            fill.cmd("HSET")
                .arg(format!("rq:job:{number}"))
                .arg(&["data", "d", "status", "queued", "origin", "q"]);
            fill.cmd("RPUSH").arg("rq:queue:q").arg(number.to_string());
        }
        store.client().run_all(&fill).await.unwrap();
        store
    }

    async fn texts(store: &Store, words: &[&str]) -> Vec<String> {
        let answer = store.client().run(redis::cmd(words[0]).arg(&words[1..])).await.unwrap();
        redis::from_redis_value(answer).unwrap()
    }

    fn of_q(ids: impl IntoIterator<Item = String>) -> Vec<Addressed> {
        ids.into_iter().map(|id| Addressed { id, queue: "q".to_owned() }).collect()
    }

    /// How often the server has been given a command.
    async fn calls(store: &Store, command: &str) -> usize {
        let answer = store.client().run(redis::cmd("INFO").arg("commandstats")).await.unwrap();
        let Value::BulkString(stats) = answer else { panic!("a text") };
        let stats = String::from_utf8(stats).unwrap();
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")[..]));
        line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
    }

    fn numbers(from: usize, to: usize) -> impl Iterator<Item = String> {
        (from..to).map(|number| number.to_string())
    }

    #[test]
    fn many_jobs_leave_a_long_queue_without_looking_it_through_for_each() {
        let server = Server::start(&[]);
        run(async {
            let store = filled(&server, 6000).await;
            let odd: Vec<String> =
                numbers(0, 6000).skip(1).step_by(2).chain(["running".to_owned()]).collect();
            let jobs = of_q(odd);
            let mut heard = 0;

            let told = store.withdraw_all(&jobs, Withdrawal::Delete, |more| heard += more).await.unwrap();

            assert_eq!((told.len(), heard), (3001, 3001));
            assert!(told[..3000].iter().all(|told| *told == Rearranged::Done));
            assert_eq!(told[3000], Rearranged::Elsewhere("started".to_owned()));
            let left = texts(&store, &["LRANGE", "rq:queue:q", "0", "-1"]).await;
            assert_eq!(left, numbers(0, 6000).step_by(2).collect::<Vec<_>>(), "in their order");
            assert_eq!(texts(&store, &["KEYS", "rq:job:*"]).await.len(), 3001);
            let removals = calls(&store, "lrem").await;
            assert!(removals <= 3000 / 100, "{removals}");
        });
    }

    #[test]
    fn a_queue_is_looked_through_a_few_times_in_one_step_and_for_jobs_that_wait_only() {
        let server = Server::start(&[]);
        run(async {
            let store = filled(&server, 19).await;
            let mut fill = redis::pipe();
            for number in 0..10 {
                fill.cmd("HSET").arg(format!("rq:job:{number}")).arg(&["status", "failed"]);
                fill.cmd("LREM").arg("rq:queue:q").arg(1).arg(number.to_string());
            }
            fill.cmd("CONFIG").arg(&["RESETSTAT"]);
            store.client().run_all(&fill).await.unwrap();
            let jobs = of_q(numbers(0, 19));
            let mut heard = 0;

            let told = store.withdraw_all(&jobs, Withdrawal::Delete, |more| heard += more).await.unwrap();

            assert!(told.iter().all(|told| *told == Rearranged::Done), "{told:?}");
            assert_eq!((heard, calls(&store, "lrem").await), (19, 9));
            // Two steps; the server asked for the script once.
            assert_eq!(calls(&store, "evalsha").await, 2 + 1);
            assert_eq!(texts(&store, &["KEYS", "*"]).await, ["rq:job:running"]);
        });
    }

    #[test]
    fn what_has_ended_is_not_canceled() {
        let server = Server::start(&[]);
        run(async {
            let store = filled(&server, 5).await;
            let statuses = ["finished", "failed", "stopped", "canceled", "queued"];
            let mut fill = redis::pipe();
            for (number, status) in statuses.iter().enumerate() {
                fill.cmd("HSET").arg(format!("rq:job:{number}")).arg(&["status", status]);
            }
            store.client().run_all(&fill).await.unwrap();
            let jobs = of_q(numbers(0, 5));

            let told = store.withdraw_all(&jobs, Withdrawal::Cancel, |_| ()).await.unwrap();

            let stayed = statuses[..4].iter().map(|status| Rearranged::Elsewhere((*status).to_owned()));
            assert_eq!(told, stayed.chain([Rearranged::Done]).collect::<Vec<_>>());
            assert_eq!(texts(&store, &["ZRANGE", "rq:canceled:q", "0", "-1"]).await, ["4"]);
        });
    }

    #[test]
    fn a_server_that_is_out_of_memory_lets_jobs_be_deleted() {
        let server = Server::start(&[]);
        run(async {
            let store = filled(&server, 100).await;
            let jobs = of_q(numbers(0, 99));
            let starve = redis::cmd("CONFIG").arg(&["SET", "maxmemory", "1"]).to_owned();
            store.client().run(&starve).await.unwrap();

            let told = store.withdraw_all(&jobs, Withdrawal::Delete, |_| ()).await.unwrap();

            assert!(told.iter().all(|told| *told == Rearranged::Done), "{told:?}");
            assert_eq!(texts(&store, &["LRANGE", "rq:queue:q", "0", "-1"]).await, ["99"]);
        });
    }

    #[test]
    fn a_slot_is_not_given_to_a_job_that_goes_as_well() {
        let server = Server::start(&[]);
        run(async {
            let store = filled(&server, 1).await;
            let mut fill = redis::pipe();
            for (id, status) in [("a", "queued"), ("b", "rate_limited"), ("c", "rate_limited")] {
                fill.cmd("HSET").arg(format!("rq:job:{id}")).arg(&[
                    "data",
                    "d",
                    "status",
                    status,
                    "origin",
                    "q",
                    "rate_limit_key",
                    "k",
                ]);
            }
            fill.cmd("RPUSH").arg("rq:queue:q").arg("a");
            fill.cmd("SADD").arg("rq:rl-keys").arg("k");
            fill.cmd("HSET").arg("rq:rl:k").arg(&["concurrency", "1"]);
            fill.cmd("ZADD").arg("rq:rl:k:allowed").arg(&["1", "a"]);
            fill.cmd("ZADD").arg("rq:rl:k:rate_limited").arg(&["1", "b", "2", "c"]);
            store.client().run_all(&fill).await.unwrap();
            let jobs = of_q(["a".to_owned(), "b".to_owned()]);

            let told = store.withdraw_all(&jobs, Withdrawal::Cancel, |_| ()).await.unwrap();

            assert_eq!(told, [Rearranged::Done, Rearranged::Done]);
            assert_eq!(texts(&store, &["LRANGE", "rq:queue:q", "0", "-1"]).await, ["0", "c"]);
            assert_eq!(texts(&store, &["ZRANGE", "rq:canceled:q", "0", "-1"]).await, ["a", "b"]);
        });
    }
}
