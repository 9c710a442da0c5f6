//! Classes of RQ's and of the user's own.

use std::fs;

use serde_json::json;

use crate::harness::{Leaves, SOON, Setup, World, for_every_client, wait_until};

/// What the classes of `jobs.own` left in Redis.
fn trace(world: &World) -> Vec<String> {
    world.redis.list("trace")
}

/// Takes the traces away, which are no keys of RQ's.
fn finish(world: World) {
    let _: i64 = world.redis.command(&["DEL", "trace"]);
    world.finish();
}

#[test]
fn every_class_of_rq_runs_jobs() {
    for class in [
        "rq.Worker",
        "rq.worker.Worker",
        "rq.SimpleWorker",
        "rq.worker.SimpleWorker",
        "rq.worker.SpawnWorker",
        "rq.worker.HerokuWorker",
        "rq.worker.RoundRobinWorker",
        "rq.worker.RandomWorker",
    ] {
        let world = World::new();
        let (good, bad) = (world.enqueue("'jobs.returns.value', 1"), world.enqueue("'jobs.raising.plain'"));

        world.work(&["-w", class]);

        assert_eq!(world.view(&good)["result"], 1, "{class}");
        assert_eq!(world.view(&bad)["status"], "failed", "{class}");
        world.finish();
    }
}

#[test]
fn the_round_robin_worker_takes_turns_and_is_deprecated() {
    let world = World::new();
    for id in ["a1", "a2", "b1", "b2"] {
        world.client.exec(&format!("queue({:?}).enqueue('jobs.returns.value', 1, job_id={id:?})", &id[..1]));
    }

    let exit = world.work(&["-w", "rq.worker.RoundRobinWorker", "a", "b"]);

    let told = "WARNING: RoundRobinWorker is deprecated. Use `--dequeue-strategy round_robin` instead.";
    assert!(exit.stdout.contains(told), "{}", exit.stdout);
    let places =
        ["(a1)", "(b1)", "(a2)", "(b2)"].map(|id| exit.stdout.find(&format!("jobs.returns.value(1) {id}")));
    assert!(places.is_sorted() && places[0].is_some(), "{places:?}\n{}", exit.stdout);
    world.finish();
}

#[test]
fn a_simple_worker_runs_all_jobs_in_one_process() {
    let world = World::new();
    let jobs = ["a", "b", "c"].map(|id| world.enqueue(&format!("'jobs.classes.pid', job_id={id:?}")));

    world.work(&["-w", "rq.SimpleWorker"]);

    let pids = jobs.map(|job| world.view(&job)["result"].clone());
    assert!(pids.iter().all(|pid| pid.is_number() && *pid == pids[0]), "{pids:?}");
    world.finish();
}

#[test]
fn a_simple_worker_goes_on_after_a_time_limit() {
    let world = World::new();
    let mark = world.path("mark");
    world.enqueue(&format!(
        "'jobs.classes.patient', {:?}, job_timeout=1, job_id='j1'",
        mark.to_str().unwrap()
    ));
    world.enqueue("'jobs.returns.value', 2, job_timeout=5, job_id='j2'");

    world.work(&["-w", "rq.SimpleWorker"]);

    assert!(world.view("j1")["exc_info"].as_str().unwrap().contains("JobTimeoutException"));
    assert_eq!(world.view("j2")["result"], 2);
    world.finish();
}

#[test]
fn a_work_horse_for_several_jobs_is_replaced_in_time_and_when_it_died() {
    let world = World::new();
    if !world.subject.differs("work horses may run several jobs") {
        return;
    }
    let jobs: Vec<String> = ["pid", "pid", "pid", "die", "pid"]
        .iter()
        .map(|name| world.enqueue(&format!("'jobs.classes.{name}'")))
        .collect();
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst"]).env("RQ_HORSE__MAX_JOBS", "2");

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let pids: Vec<_> = jobs.iter().map(|job| world.view(job)["result"].clone()).collect();
    assert!(pids[0] == pids[1] && pids[1] != pids[2], "{pids:?}");
    assert_eq!(world.view(&jobs[3])["status"], "failed");
    assert!(pids[4].is_number() && pids[4] != pids[2], "{pids:?}");
    world.finish();
}

#[test]
fn a_worker_runs_each_job_in_a_process_of_its_own() {
    let world = World::new();
    let jobs = ["a", "b"].map(|id| world.enqueue(&format!("'jobs.classes.pid', job_id={id:?}")));

    world.work(&[]);

    let [a, b] = jobs.map(|job| world.view(&job)["result"].clone());
    assert_ne!(a, b);
    world.finish();
}

#[test]
fn a_spawn_worker_runs_each_job_in_an_interpreter_of_its_own() {
    let world = World::new();
    let settings = fs::read_to_string(world.path("settings.py")).unwrap();
    let count = "import os\nwith open('loaded', 'a') as file:\n    print(os.getpid(), file=file)\n";
    fs::write(world.path("settings.py"), settings + count).unwrap();
    let jobs = ["a", "b"].map(|id| world.enqueue(&format!("'jobs.classes.threads', job_id={id:?}")));

    world.work(&["-w", "rq.worker.SpawnWorker"]);

    for job in jobs {
        assert_eq!(world.view(&job)["result"], json!(["MainThread"]));
    }
    if world.subject.differs("the horses of a spawn worker load the settings") {
        let loaded = fs::read_to_string(world.path("loaded")).unwrap();
        assert!(loaded.lines().count() >= 3, "the fork server and each horse: {loaded}");
    }
    world.finish();
}

#[test]
fn a_class_derived_from_the_spawn_worker_performs_in_its_own_way() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    world.enqueue("'jobs.classes.die', job_id='j2'");

    world.work(&["-w", "jobs.own.Spawning"]);

    assert_eq!(world.view("j1")["result"], 1);
    assert_eq!(world.view("j2")["status"], "failed");
    assert_eq!(trace(&world), ["perform j1 default", "performed True", "perform j2 default", "killed j2"]);
    finish(world);
}

#[test]
fn a_class_that_is_set_to_nothing_counts_as_not_set() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1");
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst"]);
    command.env("RQ_WORKER_CLASS", "").env("RQ_JOB_CLASS", "").env("RQ_QUEUE_CLASS", "");

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(world.view(&job)["result"], 1);
    world.finish();
}

#[test]
fn the_class_may_come_from_the_environment() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst"]).env("RQ_WORKER_CLASS", "jobs.own.Performing");

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(world.view(&job)["result"], 1);
    assert_eq!(trace(&world), ["perform j1 default", "performed True"]);
    finish(world);
}

fn performs(world: &World) {
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    world.enqueue("'jobs.raising.plain', job_id='j2'");

    world.work(&["-w", "jobs.own.Performing"]);

    assert_eq!(world.view("j1")["result"], 1);
    assert_eq!(world.view("j2")["status"], "failed");
    assert_eq!(
        trace(world),
        ["perform j1 default", "performed True", "perform j2 default", "performed False"]
    );
    let _: i64 = world.redis.command(&["DEL", "trace"]);
}

#[test]
fn a_class_may_perform_jobs_in_its_own_way() {
    let world = World::new();
    performs(&world);
    world.finish();
}

#[test]
fn a_class_of_rq_2_12_may_perform_jobs_in_its_own_way() {
    World::try_claim(crate::harness::Version::V2_12_0, performs);
}

#[test]
fn a_class_of_rq_2_6_may_perform_jobs_in_its_own_way() {
    World::try_claim(crate::harness::Version::V2_6_1, performs);
}

#[test]
fn a_class_may_look_at_every_outcome() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    world.enqueue("'jobs.raising.plain', job_id='j2'");

    world.work(&["-w", "jobs.own.Handling"]);

    assert_eq!(trace(&world), ["success j1", "exception ValueError", "failure j2"]);
    finish(world);
}

#[test]
fn exception_handlers_serve_an_own_class_too() {
    let world = World::new();
    world.enqueue("'jobs.raising.plain', job_id='j1'");

    world.work(&["-w", "jobs.own.Handling", "--exception-handler", "jobs.own.report"]);

    assert_eq!(trace(&world), ["exception ValueError", "handler j1 ValueError", "failure j1"]);
    assert_eq!(world.view("j1")["status"], "failed");
    finish(world);
}

#[test]
fn failures_of_an_own_class_may_go_unrecorded() {
    let world = World::new();
    world.enqueue("'jobs.raising.plain', job_id='j1'");

    world.work(&["-w", "jobs.own.Handling", "-d"]);

    assert_eq!(world.view("j1")["status"], "failed");
    assert_eq!(world.view("j1")["exc_info"], json!(null));
    assert!(world.redis.sorted_set(&world.key("failed:default")).is_empty());
    let _: i64 = world.redis.command(&["DEL", "trace"]);
    world.finish_leaving(&[Leaves::Job("j1")]);
}

#[test]
fn a_class_sees_that_a_work_horse_was_killed() {
    let world = World::new();
    world.enqueue("'jobs.classes.die', job_id='j1'");

    world.work(&["-w", "jobs.own.Killed"]);

    assert_eq!(trace(&world), ["killed j1 True", "handler j1 9 True", "failure j1"]);
    let view = world.view("j1");
    assert_eq!(view["status"], "failed");
    let text = view["exc_info"].as_str().unwrap();
    assert!(
        text.starts_with("Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); "),
        "{text}"
    );
    finish(world);
}

fn sees_kills_and_stops(world: &World) {
    world.enqueue("'jobs.classes.die', job_id='j1'");
    let mark = world.path("mark");
    world.enqueue(&format!("'jobs.classes.patient', {:?}, job_id='j2'", mark.to_str().unwrap()));
    let mut worker = world.worker(&["-n", "w1", "-w", "jobs.own.Killed"]);
    wait_until(SOON, "the second job to run", || mark.exists());

    world.client.exec("send_stop_job_command(conn, 'j2')");

    wait_until(SOON, "the job to be stopped", || world.view("j2")["status"] == "stopped");
    world.wait_until_idle(&worker);
    assert_eq!(world.view("j1")["status"], "failed");
    let seen = trace(world);
    assert_eq!(seen, ["killed j1 True", "handler j1 9 True", "failure j1", "failure j2"]);
    worker.stop();
    let _: i64 = world.redis.command(&["DEL", "trace"]);
}

#[test]
fn a_class_of_rq_2_12_sees_kills_and_stops() {
    World::try_claim(crate::harness::Version::V2_12_0, sees_kills_and_stops);
}

#[test]
fn a_class_of_rq_2_6_sees_kills_and_stops() {
    World::try_claim(crate::harness::Version::V2_6_1, sees_kills_and_stops);
}

#[test]
fn what_rqs_own_code_says_is_said_once() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    world.enqueue("'jobs.raising.plain', job_id='j2'");
    world.enqueue("'jobs.classes.die', job_id='j3'");

    let exit = world.work(&["-w", "jobs.own.Performing", "-v"]);

    for line in [
        "Worker w1: default: jobs.returns.value(1) (j1)",
        "Worker w1: preparing for execution of job ID j1",
        "Worker w1: job preparation finished.",
        "Worker w1: performing job j1 ...",
        "Worker w1: finished performing job j1",
        "Worker w1: handling successful execution of job j1",
        "Worker w1: default: Job OK (j1)",
        "Worker w1: job j1 result is kept for 500 seconds",
        "Worker w1: job j2 raised an exception.",
        "Worker w1: handling failed execution of job j2",
        "Job j2: handling failure: Traceback",
        "Worker w1: job j3 failed (Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); ",
        "Work horse killed for job j3: retpid=",
        "Worker w1: work horse finished for job j3: retpid=",
        "Worker w1: handling failed execution of job j3",
    ] {
        let expected = if line.ends_with("preparation finished.") { 3 } else { 1 };
        assert_eq!(exit.stdout.matches(line).count(), expected, "{line}\n{}", exit.stdout);
    }
    let line = "Worker w1: job j2: exception raised while executing (jobs.raising.plain)";
    assert_eq!(exit.stderr.matches(line).count(), 1, "{}", exit.stderr);
    finish(world);
}

#[test]
fn a_killed_job_of_an_own_class_is_retried() {
    let world = World::new();
    world.enqueue("'jobs.classes.die', job_id='j1', retry=Retry(max=1)");

    world.work(&["-w", "jobs.own.Killed"]);

    assert_eq!(world.view("j1")["status"], "failed");
    assert_eq!(trace(&world).iter().filter(|line| *line == "failure j1").count(), 2);
    finish(world);
}

#[test]
fn a_stopped_job_of_an_own_class_is_stopped() {
    let world = World::new();
    let mark = world.path("mark");
    world.enqueue(&format!("'jobs.classes.patient', {:?}, job_id='j1'", mark.to_str().unwrap()));
    let mut worker = world.worker(&["-n", "w1", "-w", "jobs.own.Killed"]);
    wait_until(SOON, "the job to run", || mark.exists());

    world.client.exec("send_stop_job_command(conn, 'j1')");

    wait_until(SOON, "the job to be stopped", || world.view("j1")["status"] == "stopped");
    world.wait_until_idle(&worker);
    assert_eq!(trace(&world), ["failure j1"]);
    assert_eq!(world.view("j1")["exc_info"], "Job stopped by user, work-horse terminated.");
    worker.stop();
    finish(world);
}

#[test]
fn a_stopped_job_of_a_simple_worker_is_stopped() {
    let world = World::new();
    if !world.subject.differs("a simple worker's job can be stopped") {
        return;
    }
    let mark = world.path("mark");
    world.enqueue(&format!("'jobs.classes.patient', {:?}, job_id='j1'", mark.to_str().unwrap()));
    let mut worker = world.worker(&["-n", "w1", "-w", "rq.SimpleWorker"]);
    wait_until(SOON, "the job to run", || mark.exists());

    world.client.exec("send_stop_job_command(conn, 'j1')");

    wait_until(SOON, "the job to be stopped", || world.view("j1")["status"] == "stopped");
    let next = world.enqueue("'jobs.returns.value', 1");
    wait_until(SOON, "the next job", || world.view(&next)["result"] == 1);
    worker.stop();
    world.finish();
}

#[test]
fn a_class_may_have_its_own_way_into_the_work_horse() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    world.enqueue("'jobs.raising.plain', job_id='j2'");

    world.work(&["-w", "jobs.own.Entering"]);

    assert_eq!(world.view("j1")["result"], 1);
    assert_eq!(world.view("j2")["status"], "failed");
    assert_eq!(trace(&world), ["enter j1", "enter j2"]);
    finish(world);
}

#[test]
fn a_class_without_work_horses_stays_in_one_process() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    world.enqueue("'jobs.raising.plain', job_id='j2'");
    world.enqueue("'jobs.returns.value', 3, job_id='j3'");

    world.work(&["-w", "jobs.own.Simple"]);

    let pids = trace(&world);
    assert_eq!(pids.len(), 3);
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    assert_eq!(world.view("j3")["result"], 3);
    finish(world);
}

#[test]
fn a_perform_job_that_raises_is_a_work_horse_that_died() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");

    world.work(&["-w", "jobs.own.Raising"]);

    let view = world.view("j1");
    assert_eq!(view["status"], "failed");
    assert!(view["exc_info"].as_str().unwrap().contains("waitpid returned 256"), "{view}");
    world.finish();
}

#[test]
fn a_class_that_never_writes_an_outcome_loses_no_job() {
    let world = World::new();
    if !world.subject.differs("a job whose worker class writes no outcome fails at once") {
        return;
    }
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");

    world.work(&["-w", "jobs.own.Forgetful"]);

    let view = world.view("j1");
    assert_eq!(view["status"], "failed");
    assert!(view["exc_info"].as_str().unwrap().contains("without writing an outcome"), "{view}");
    world.finish();
}

#[test]
fn a_death_penalty_of_ones_own_strikes() {
    let world = World::new();
    let mark = world.path("mark");
    world.enqueue(&format!(
        "'jobs.classes.patient', {:?}, job_id='j1', job_timeout=1",
        mark.to_str().unwrap()
    ));

    world.work(&["-w", "jobs.own.Punishing"]);

    let view = world.view("j1");
    assert!(view["exc_info"].as_str().unwrap().contains("struck down after 1"), "{view}");
    world.finish();
}

#[test]
fn a_job_class_of_ones_own_performs() {
    let world = World::new();
    world.enqueue("'jobs.classes.job_class', job_id='j1'");

    world.work(&["-j", "jobs.own.OwnJob", "--connection-class", "jobs.own.OwnRedis"]);

    assert_eq!(world.view("j1")["result"], json!(["OwnJob", "OwnRedis"]));
    assert_eq!(trace(&world), ["own job j1"]);
    finish(world);
}

#[test]
fn a_queue_class_of_ones_own_sees_dependents() {
    let world = World::new();
    world.enqueue("'jobs.raising.plain', job_id='j1'");
    world.enqueue("'jobs.returns.value', 1, job_id='j2', depends_on=Dependency('j1', allow_failure=True)");

    world.work(&["--queue-class", "jobs.own.OwnQueue"]);

    assert_eq!(world.view("j2")["result"], 1);
    assert_eq!(trace(&world)[0], "dependents of j1");
    finish(world);
}

#[test]
fn a_connection_class_of_ones_own_serves_jobs() {
    let world = World::new();
    world.enqueue("'jobs.classes.job_class', job_id='j1'");

    world.work(&["--connection-class", "jobs.own.OwnRedis"]);

    assert_eq!(world.view("j1")["result"], json!(["Job", "OwnRedis"]));
    world.finish();
}

#[test]
fn a_class_that_is_not_there_ends_the_worker() {
    for (option, class) in [
        ("-w", "jobs.own.Missing"),
        ("-w", "jobs.own.OwnJob"),
        ("-w", "no_such_module.Worker"),
        ("-j", "jobs.own.Killed"),
        ("--queue-class", "jobs.own.Missing"),
        ("--connection-class", "jobs.own.Missing"),
    ] {
        let world = World::new();

        let exit = world.worker(&["--burst", option, class]).wait_exit();

        let expected =
            if world.subject.differs("a configuration error has an exit code of its own") { 78 } else { 1 };
        assert_eq!(exit.code(), expected, "{class}: {}", exit.stderr);
        assert!(exit.stderr.contains(class.rsplit('.').next().unwrap()), "{class}: {}", exit.stderr);
        world.finish();
    }
}

#[test]
fn what_a_class_overrides_in_vain_is_told() {
    let world = World::new();
    if !world.subject.differs("what a worker class may override") {
        return;
    }
    for (class, told) in [
        ("jobs.own.Working", "it overrides work, which the daemon does itself"),
        ("jobs.own.Reordering", "worker.dequeue_strategy"),
        ("jobs.own.Elsewhere", "redis_worker_namespace_prefix"),
    ] {
        let exit = world.worker(&["--burst", "-w", class]).wait_exit();

        assert_eq!(exit.code(), 78, "{class}");
        assert!(exit.stderr.contains(told) && exit.stderr.contains("hint: "), "{class}: {}", exit.stderr);
    }
    world.finish();
}

#[test]
fn a_heroku_worker_warns_its_job_of_the_shutdown() {
    let world = World::new();
    let mark = world.path("mark");
    world.enqueue(&format!("'jobs.classes.patient', {:?}, job_id='j1'", mark.to_str().unwrap()));
    let mut worker = world.worker(&["-n", "w1", "-w", "jobs.own.Hasty"]);
    wait_until(SOON, "the job to run", || mark.exists());

    let exit = worker.stop();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let view = world.view("j1");
    assert_eq!(view["status"], "failed");
    assert!(view["exc_info"].as_str().unwrap().contains("ShutDownImminentException"), "{view}");
    assert!(
        exit.stdout.contains("warm shut down requested, sending horse SIGRTMIN signal"),
        "{}",
        exit.stdout
    );
    world.finish();
}

#[test]
fn a_prefix_counts_for_rqs_own_code_too() {
    let world = World::with(&Setup { prefix: Some("{mine}"), ..Setup::default() }).unwrap();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");

    world.work(&["-w", "jobs.own.Performing"]);

    assert_eq!(world.view("j1")["result"], 1);
    finish(world);
}

#[test]
fn a_serializer_that_raises_fails_the_job() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");

    world.work(&["-S", "jobs.own.Lopsided"]);

    let view = world.view("j1");
    assert_eq!(view["status"], "failed");
    assert!(view["exc_info"].as_str().unwrap().contains("this serializer cannot read"), "{view}");
    world.finish();
}

#[test]
fn the_engine_is_told_with_its_reason() {
    let world = World::new();
    if !world.subject.differs("the engine is told at the start") {
        return;
    }
    fs::write(
        world.path("asks.toml"),
        format!("[redis]\nurl = {:?}\n[horse]\nengine = \"rq\"\n", world.redis.url()),
    )
    .unwrap();
    for (arguments, told) in [
        (&["-c", "settings"][..], "engine native: the worker class is rq.Worker"),
        (
            &["-c", "settings", "-w", "jobs.own.Performing"],
            "engine rq: the worker class is jobs.own.Performing",
        ),
        (&["-c", "settings", "-j", "jobs.own.OwnJob"], "engine rq: the job class is jobs.own.OwnJob"),
        (&["-c", "asks.toml"], "engine rq: horse.engine asks for it"),
    ] {
        let mut command = world.worker_command();
        command.arg("--burst").args(arguments);

        let exit = world.start(command).wait_exit();

        assert_eq!(exit.stdout.matches(told).count(), 1, "{told}:\n{}\n{}", exit.stdout, exit.stderr);
    }
    world.finish();
}

for_every_client! {
    fn rqs_own_code_may_be_asked_for(world: &World) {
        if !world.subject.differs("the engine is told at the start") {
            return;
        }
        let job = world.enqueue("'jobs.returns.value', 1");
        let mut command = world.worker_command();
        command.args(["-c", "settings", "--burst"]).env("RQ_HORSE__ENGINE", "rq");

        let exit = world.start(command).wait_exit();

        if world.client.eval("rq.VERSION").as_str().unwrap().starts_with("1.") {
            assert_eq!(exit.code(), 78, "{}", exit.stdout);
            assert!(exit.stderr.contains("from RQ 2.0 on"), "{}", exit.stderr);
            world.client.exec("q.empty()");
        } else {
            assert_eq!(exit.code(), 0, "{}", exit.stderr);
            assert_eq!(world.view(&job)["result"], 1);
        }
    }
}
