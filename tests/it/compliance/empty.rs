//! `rq empty`.

use serde_json::json;

use crate::harness::{Subject, Terminal, World};

/// The job `b` waits in `default` for nobody, `c` waits for it, `a` waits in `high`; `b` has run before.
fn furnished() -> World {
    let world = World::new();
    world.client.exec(
        "a = Queue('high', connection=conn).enqueue('jobs.returns.value', 1, job_id='a')
b = q.enqueue('jobs.returns.value', 1, job_id='b')
c = q.enqueue('jobs.returns.value', 1, job_id='c', depends_on=b)
conn.xadd('rq:results:b', {'type': 1, 'worker_name': ''})
conn.rpush('rq:queue:default', 'without-a-hash')",
    );
    world
}

#[test]
fn the_jobs_of_the_named_queues_are_deleted_with_results_and_dependents() {
    let world = furnished();

    let exit = world.rq("empty", &["default", "unknown"]);

    let told = "2 jobs removed from default queue\n0 jobs removed from unknown queue\n";
    assert_eq!((exit.code(), exit.stdout.as_str(), exit.stderr.as_str()), (0, told, ""));
    for gone in ["queue:default", "job:b", "results:b", "job:b:dependents"] {
        assert!(!world.redis.exists(&world.key(gone)), "{gone}");
    }
    for kept in ["queue:high", "job:a", "job:c", "deferred:default", "job::c:dependencies"] {
        assert!(world.redis.exists(&world.key(kept)), "{kept}");
    }
    assert!(world.redis.set("rq:queues").contains("rq:queue:default"), "the queue itself is still known");
}

#[test]
fn the_slots_of_deleted_jobs_are_free_again() {
    let world = World::new();
    world.client.exec(
        "from rq.rate_limit import RateLimit
limit = RateLimit('k', 1)
from rq.group import Group
parent = q.enqueue('jobs.returns.value', 1, job_id='a', rate_limit=limit)
queue('low').enqueue('jobs.returns.value', 1, job_id='b', rate_limit=limit)
Group.create(connection=conn, name='g').enqueue_many(q, [Queue.prepare_data('f', job_id='c')])
conn.sadd('rq:job::a:dependencies', 'gone')",
    );

    assert_eq!(world.rq("empty", &["default"]).code(), 0);

    let frees = world.subject.differs("an emptied queue leaves nothing of its jobs");
    assert_eq!(world.redis.sorted_set("rq:rl:k:allowed").iter().any(|(id, _)| id == "a"), !frees);
    assert_eq!(world.client.eval("queue('low').job_ids"), if frees { json!(["b"]) } else { json!([]) });
    assert_eq!(world.redis.exists("rq:job::a:dependencies"), !frees);
    assert_eq!(world.redis.set("rq:group:g").contains("c"), !frees);
}

#[test]
fn all_queues_are_emptied_on_request() {
    let world = furnished();

    let exit = world.rq("empty", &["--all", "-w", "rq.Worker"]);

    let mut told: Vec<&str> = exit.stdout.lines().collect();
    told.sort_unstable();
    assert_eq!(told, ["1 jobs removed from high queue", "2 jobs removed from default queue"]);
    assert_eq!(world.client.eval("[w.count for w in Queue.all(connection=conn)]"), json!([0, 0]));
}

#[test]
fn without_a_queue_there_is_nothing_to_do() {
    let world = World::new();
    for arguments in [&[][..], &["--all"]] {
        let exit = world.rq("empty", arguments);

        assert_eq!((exit.code(), exit.stdout.as_str()), (0, "Nothing to do\n"), "{arguments:?}");
    }
    world.finish();
}

#[test]
fn a_dry_run_counts_and_deletes_nothing() {
    let world = furnished();
    if world.subject == Subject::Theirs {
        return;
    }

    let exit = world.rq("empty", &["default", "--dry-run"]);

    assert_eq!((exit.code(), exit.stdout.as_str()), (0, "2 jobs would be removed from default queue\n"));
    assert_eq!(world.client.eval("q.count"), 2);
}

#[test]
fn a_person_is_asked_about_many_jobs_and_sees_how_far_it_is() {
    let world = World::new();
    if world.subject == Subject::Theirs {
        return;
    }
    world
        .client
        .exec("q.enqueue_many([Queue.prepare_data('jobs.returns.value', (1,)) for _ in range(1200)])");
    let mut terminal = Terminal::run(&world.rq_command(Subject::Ours, "empty", &["default"]));
    terminal.wait_for("Delete 1200 jobs from default? [y/N] ");
    terminal.press(b"\n");
    assert_eq!(terminal.wait_exit(), Some(1));
    assert_eq!(world.client.eval("q.count"), 1200);

    let mut terminal = Terminal::run(&world.rq_command(Subject::Ours, "empty", &["default"]));
    terminal.wait_for("[y/N]");
    terminal.press(b"y\n");
    terminal.wait_for("1200 jobs removed from default queue");
    assert_eq!(terminal.wait_exit(), Some(0));
    assert!(terminal.screen().contains("500 of 1200"), "{}", terminal.screen());
    assert_eq!(world.client.eval("[q.count, len(conn.keys('rq:job:*'))]"), json!([0, 0]));
    world.finish();
}
