//! dependents are released in the step that ends their parent, whatever is cut around it and whatever clients do meanwhile.

use std::fs;

use serde_json::json;

use super::stage::{Stage, burst_of_another, crash, marks, transition, transition_of, wait_until_waiting};
use crate::harness::{Act, Match, Proxy, Rule, SOON, Worker, World, wait_until};

/// How the parent ends, and how its dependents name it.
const RETURNS: (&str, &str) = ("'jobs.returns.value', 1", "'p'");
const RAISES: (&str, &str) = ("'jobs.raising.plain'", "Dependency(['p'], allow_failure=True)");

/// Enqueues a dependent of `p` that leaves a mark.
fn dependent(world: &World, id: &str, queue: &str, depends_on: &str) {
    world.client.exec(&dependent_call(world, id, queue, depends_on));
}

fn dependent_call(world: &World, id: &str, queue: &str, depends_on: &str) -> String {
    let marks = world.path("marks").display().to_string();
    format!(
        "queue({queue:?}).enqueue('jobs.again.mark', {marks:?}, {id:?}, job_id={id:?}, depends_on={depends_on})"
    )
}

/// Which dependents ran, each as often as it did.
fn ran(world: &World) -> Vec<String> {
    let text = fs::read_to_string(world.path("marks")).unwrap_or_default();
    let mut ran: Vec<_> = text.lines().map(str::to_owned).collect();
    ran.sort();
    ran
}

/// A worker of the queues `default` and `other` that has run the parent `p` and settles it as the rule says.
#[track_caller]
fn settling(stage: &Stage, act: Act) -> (Worker, Rule) {
    settling_with(stage, act, &[])
}

#[track_caller]
fn settling_with(stage: &Stage, act: Act, options: &[&str]) -> (Worker, Rule) {
    let settle = stage.proxy.on(transition_of("settle", "p"), act);
    let worker = stage.worker(&[options, &["default", "other"]].concat());
    settle.wait();
    (worker, settle)
}

/// Lets the worker do all it has, and leave.
#[track_caller]
fn finish(stage: Stage, mut worker: Worker) {
    let last = stage.world.enqueue("'jobs.returns.value', 2");
    stage.world.wait_for_status(&last, "finished");
    assert_eq!(worker.stop().code(), 0);
    assert!(!stage.world.redis.exists("rq:deferred:default"));
    stage.finish();
}

// What a client does between the end of the parent's function and the answer to its settling.

#[track_caller]
fn assert_added_meanwhile_runs_once(act: Act, (parent, depends_on): (&str, &str)) {
    let stage = Stage::new();
    let world = &stage.world;
    world.enqueue(&format!("{parent}, job_id='p'"));
    let (worker, settle) = settling(&stage, act);

    dependent(world, "added", "default", depends_on);
    settle.release();

    world.wait_for_status("added", "finished");
    assert_eq!(ran(world), ["added"]);
    finish(stage, worker);
}

#[test]
fn a_dependent_that_is_added_just_before_its_parent_ends_runs_once() {
    assert_added_meanwhile_runs_once(Act::PauseRequest, RETURNS);
    assert_added_meanwhile_runs_once(Act::PauseRequest, RAISES);
}

#[test]
fn a_dependent_that_is_added_just_after_its_parent_ended_runs_once() {
    assert_added_meanwhile_runs_once(Act::PauseReply, RETURNS);
    assert_added_meanwhile_runs_once(Act::PauseReply, RAISES);
}

/// Does with the dependent `c` what the snippet says while its parent is settled; the dependent must not run.
#[track_caller]
fn assert_does_not_run_after(act: Act, (parent, depends_on): (&str, &str), snippet: &str) -> Stage {
    let stage = Stage::new();
    let world = &stage.world;
    world.enqueue(&format!("{parent}, job_id='p'"));
    dependent(world, "c", "default", depends_on);
    dependent(world, "sound", "other", depends_on);
    // One that goes on would have the dependent in hand as soon as the parent is settled.
    let (mut worker, settle) = settling_with(&stage, act, &["--max-jobs", "1"]);

    world.client.exec(snippet);
    settle.release();

    assert_eq!(worker.wait_exit().code(), 0);
    burst_of_another(world, &["default", "other"]);
    assert_eq!(ran(world), ["sound"]);
    stage
}

#[test]
fn a_dependent_that_is_canceled_while_its_parent_ends_does_not_run() {
    for act in [Act::PauseRequest, Act::PauseReply] {
        for parent in [RETURNS, RAISES] {
            let stage = assert_does_not_run_after(act, parent, "fetch('c').cancel()");

            assert_eq!(stage.world.view("c")["status"], "canceled");
            assert_eq!(stage.world.client.eval("registries()['canceled']"), json!(["c"]));
            stage.finish();
        }
    }
}

#[test]
fn a_dependent_that_is_deleted_while_its_parent_ends_does_not_run() {
    for act in [Act::PauseRequest, Act::PauseReply] {
        for parent in [RETURNS, RAISES] {
            let stage = assert_does_not_run_after(act, parent, "fetch('c').delete()");

            assert!(!stage.world.redis.exists("rq:job:c"));
            stage.finish();
        }
    }
}

#[test]
fn dependents_of_a_parent_that_is_canceled_with_them_while_it_ends_run_once() {
    let stage = Stage::new();
    let world = &stage.world;
    world.enqueue("'jobs.returns.value', 1, job_id='p'");
    dependent(world, "c", "default", "'p'");
    let (worker, settle) = settling(&stage, Act::PauseRequest);

    world.client.exec("fetch('p').cancel(enqueue_dependents=True)");
    settle.release();

    world.wait_for_status("c", "finished");
    assert_eq!(ran(world), ["c"]);
    assert_eq!(world.view("p")["status"], "canceled");
    finish(stage, worker);
}

#[test]
fn dependents_that_are_deleted_with_their_parent_while_it_ends_do_not_run() {
    for act in [Act::PauseRequest, Act::PauseReply] {
        let stage = Stage::new();
        let world = &stage.world;
        world.enqueue("'jobs.returns.value', 1, job_id='p'");
        dependent(world, "c", "default", "'p'");
        let (worker, settle) = settling(&stage, act);

        world.client.exec("fetch('p').delete(delete_dependents=True)");
        settle.release();

        finish(stage, worker);
    }
}

// A client that is in the middle of it when the parent ends.

/// A client whose connection stops at a command, while it does something in a thread of its own.
struct Slow {
    rule: Rule,
    _proxy: Proxy,
}

impl Slow {
    /// Begins the snippet, in which `conn`, `q` and `queue` stand for the slow connection, and waits until it has stopped.
    #[track_caller]
    fn begin(world: &World, at: Match, snippet: &str) -> Self {
        let proxy = Proxy::unix(&world.path("slow.sock"), &world.redis.socket());
        let rule = proxy.on(at, Act::PauseRequest);
        world.client.exec(&format!(
            "import threading
from redis import Redis
def slowly(conn):
    q = Queue(connection=conn)
    queue = lambda name: Queue(name, connection=conn)
    fetch = lambda job_id: Job.fetch(job_id, connection=conn)
    {snippet}
slow = threading.Thread(target=slowly, args=(Redis.from_url({:?}),))
slow.start()",
            proxy.url()
        ));
        rule.wait();
        Self { rule, _proxy: proxy }
    }

    /// Lets the client go on to its end.
    #[track_caller]
    fn go_on(&self, world: &World) {
        self.rule.release();
        world.client.exec("slow.join(30)\nassert not slow.is_alive()");
    }
}

/// The commands with which a client writes what it decided from what it had read.
fn transaction() -> Match {
    Match::command("MULTI")
}

#[test]
fn a_dependent_whose_registration_is_overtaken_by_the_end_of_its_parent_runs_once() {
    for parent in [RETURNS, RAISES] {
        let stage = Stage::new();
        let world = &stage.world;
        world.enqueue(&format!("{}, job_id='p'", parent.0));
        let (worker, settle) = settling(&stage, Act::PauseRequest);

        let slow = Slow::begin(world, transaction(), &dependent_call(world, "c", "default", parent.1));
        settle.release();
        world.wait_for_status("p", if parent == RETURNS { "finished" } else { "failed" });
        slow.go_on(world);

        world.wait_for_status("c", "finished");
        assert_eq!(ran(world), ["c"]);
        finish(stage, worker);
    }
}

#[test]
fn a_cancel_that_is_overtaken_by_the_release_of_the_dependent_still_counts() {
    let stage = Stage::new();
    let world = &stage.world;
    world.enqueue("'jobs.returns.value', 1, job_id='p'");
    dependent(world, "c", "default", "'p'");
    let (worker, settle) = settling(&stage, Act::PauseRequest);
    // It has the answer of the settling only when the client is through.
    let claim = stage.proxy.on(transition("claim"), Act::PauseRequest);

    let slow = Slow::begin(world, transaction(), "fetch('c').cancel()");
    settle.release();
    world.wait_for_status("c", "queued");
    slow.go_on(world);
    claim.release();

    assert_eq!(world.view("c")["status"], "canceled");
    finish_with_nothing_run(stage, worker);
}

#[test]
fn a_deletion_that_is_overtaken_by_the_release_of_the_dependent_still_counts() {
    let stage = Stage::new();
    let world = &stage.world;
    world.enqueue("'jobs.returns.value', 1, job_id='p'");
    dependent(world, "c", "default", "'p'");
    let (worker, settle) = settling(&stage, Act::PauseRequest);
    let claim = stage.proxy.on(transition("claim"), Act::PauseRequest);

    let slow = Slow::begin(world, Match::command("DEL"), "fetch('c').delete()");
    settle.release();
    world.wait_for_status("c", "queued");
    slow.go_on(world);
    claim.release();

    finish_with_nothing_run(stage, worker);
}

#[track_caller]
fn finish_with_nothing_run(stage: Stage, worker: Worker) {
    let last = stage.world.enqueue("'jobs.returns.value', 2");
    stage.world.wait_for_status(&last, "finished");
    assert_eq!(ran(&stage.world), [""; 0]);
    finish(stage, worker);
}

// The settling itself is cut.

/// The dependents of `p`: on its queue and on another, one of which does not allow a failure.
fn family(world: &World) {
    dependent(world, "strict", "default", "'p'");
    dependent(world, "lax", "default", RAISES.1);
    dependent(world, "elsewhere", "other", RAISES.1);
}

/// Asserts that each dependent runs once when the settling of a parent meets this, and the worker lives.
#[track_caller]
fn assert_family_runs_once(act: Act, parent: (&str, &str), expected: &[&str]) {
    let stage = Stage::new();
    let world = &stage.world;
    world.enqueue(&format!("{}, job_id='p'", parent.0));
    family(world);
    let (mut worker, _settle) = settling(&stage, act);

    wait_until(SOON, "the dependents to have run", || ran(world).len() >= expected.len());
    let last = world.enqueue("'jobs.returns.value', 2");
    world.wait_for_status(&last, "finished");

    assert_eq!(ran(world), expected);
    assert_eq!(world.redis.stream("rq:results:p").len(), 1);
    assert_eq!(worker.stop().code(), 0);
    stage.finish();
}

#[test]
fn each_dependent_runs_once_when_the_answer_to_its_parents_success_is_lost() {
    assert_family_runs_once(Act::CutReply, RETURNS, &["elsewhere", "lax", "strict"]);
}

#[test]
fn each_dependent_runs_once_when_its_parents_success_is_cut_on_its_way() {
    assert_family_runs_once(Act::CutRequest, RETURNS, &["elsewhere", "lax", "strict"]);
}

#[test]
fn each_dependent_runs_once_when_the_answer_to_its_parents_failure_is_lost() {
    assert_family_runs_once(Act::CutReply, RAISES, &["elsewhere", "lax"]);
}

#[test]
fn each_dependent_runs_once_when_its_parents_failure_is_cut_on_its_way() {
    assert_family_runs_once(Act::CutRequest, RAISES, &["elsewhere", "lax"]);
}

/// Asserts that each dependent runs once, by another worker, when the worker dies while it settles the parent.
#[track_caller]
fn assert_family_of_the_dead_runs_once(act: Act, parent: (&str, &str), status: &str, expected: &[&str]) {
    let stage = Stage::new();
    let world = &stage.world;
    world.enqueue(&format!("{}, job_id='p'", parent.0));
    family(world);
    let (mut worker, settle) = settling(&stage, act);

    crash(&mut worker);
    settle.cut();
    world.end_leases("default");
    burst_of_another(world, &["default", "other"]);

    assert_eq!(world.view("p")["status"], status);
    assert_eq!(ran(world), expected);
    assert_eq!(world.redis.stream("rq:results:p").len(), 1);
    stage.finish();
}

#[test]
fn each_dependent_runs_once_when_the_worker_dies_right_after_its_parents_success() {
    let all = ["elsewhere", "lax", "strict"];
    assert_family_of_the_dead_runs_once(Act::PauseReply, RETURNS, "finished", &all);
}

#[test]
fn each_dependent_runs_once_when_the_worker_dies_right_after_its_parents_failure() {
    assert_family_of_the_dead_runs_once(Act::PauseReply, RAISES, "failed", &["elsewhere", "lax"]);
}

#[test]
fn each_dependent_runs_once_when_the_worker_dies_before_its_parents_outcome_is_written() {
    // The parent is abandoned then, which is a failure too.
    assert_family_of_the_dead_runs_once(Act::PauseRequest, RETURNS, "failed", &["elsewhere", "lax"]);
}

#[test]
fn the_rest_of_thousands_of_dependents_is_released_by_another_worker_when_theirs_dies() {
    let stage = Stage::new();
    let world = &stage.world;
    world.enqueue("'jobs.returns.value', 1, job_id='p'");
    world.client.exec(
        "many = queue('many')
for i in range(2500): many.enqueue('jobs.returns.value', i, depends_on='p', job_id='c%d' % i)",
    );
    let (mut worker, settle) = settling(&stage, Act::PauseReply);
    let queued = || world.redis.list("rq:queue:many").len();
    assert!((1..2500).contains(&queued()), "{}", queued());

    crash(&mut worker);
    settle.cut();
    burst_of_another(world, &["default"]);

    wait_until(SOON, "all dependents to be queued", || queued() == 2500);
    assert_eq!(world.client.eval("len(set(many.job_ids))"), 2500);
    assert!(!world.redis.exists("rq:deferred:many"));
    stage.finish();
}

#[test]
fn a_release_whose_answer_is_lost_queues_each_of_thousands_of_dependents_once() {
    let stage = Stage::new();
    let world = &stage.world;
    world.enqueue("'jobs.returns.value', 1, job_id='p'");
    world.client.exec(
        "many = queue('many')
for i in range(2500): many.enqueue('jobs.returns.value', i, depends_on='p', job_id='c%d' % i)",
    );
    let release = stage.proxy.on(transition("release"), Act::CutReply);
    let mut worker = stage.worker(&["default"]);
    release.wait();
    wait_until_waiting(world, 1);

    assert_eq!(worker.stop().code(), 0);
    burst_of_another(world, &["default"]);

    wait_until(SOON, "all dependents to be queued", || world.redis.list("rq:queue:many").len() == 2500);
    assert_eq!(world.client.eval("len(set(many.job_ids))"), 2500);
    assert_eq!(marks(world), 0);
    stage.finish();
}
