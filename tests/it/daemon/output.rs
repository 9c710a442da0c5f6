//! What jobs write to their standard streams, told line by line.

use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use crate::harness::{Exit, SOON, Worker, World, wait_until};

const FORMAT: &str = "%(levelname)s|%(name)s|%(message)s";

/// A worker that reads the output of its jobs, in a format that names the loggers.
fn command(world: &World, settings: &[(&str, &str)]) -> Command {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1", "--log-format", FORMAT]).env("RQ_HORSE__OUTPUT", "log");
    for (name, value) in settings {
        command.env(name, value);
    }
    command
}

/// Runs what waits in the queue.
#[track_caller]
fn work(world: &World, settings: &[(&str, &str)]) -> Exit {
    let mut command = command(world, settings);
    command.arg("--burst");
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    exit
}

/// The lines of the jobs' output.
fn told(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.contains("|rq.job.std")).map(str::to_owned).collect()
}

/// What is told of a job `j1` of `jobs.prints`, whatever becomes of it.
#[track_caller]
fn written(call: &str) -> Vec<String> {
    let world = World::new();
    world.enqueue(&format!("'jobs.prints.{call}, job_id='j1'"));
    let exit = work(&world, &[]);
    assert_eq!(exit.stderr.lines().find(|line| !line.contains('|') && !line.starts_with(' ')), None);
    world.finish();
    told(&exit.stdout)
}

fn out(text: &str) -> String {
    format!("INFO|rq.job.stdout|Job j1: {text}")
}

fn err(text: &str) -> String {
    format!("WARNING|rq.job.stderr|Job j1: {text}")
}

#[test]
fn each_line_is_told_with_its_job_and_its_stream() {
    let mut lines = written("lines'");

    lines.sort();
    assert_eq!(lines, [out("line 0"), out("line 1"), out("line 2"), err("to stderr")]);
}

#[test]
fn what_children_and_code_below_python_write_is_told_too() {
    let mut lines = written("by_all_means'");

    lines.sort();
    let expected = [out("by a child"), out("by descriptor"), out("by print"), err("by a child to stderr")];
    assert_eq!(lines, expected);
}

#[test]
fn a_last_line_without_its_end_is_told() {
    assert_eq!(written("without_end_of_line'"), [out("half a line")]);
}

#[test]
fn a_horse_that_is_killed_in_the_middle_of_a_line_has_its_words_told_before_its_death() {
    let world = World::new();
    world.enqueue("'jobs.prints.killed_in_the_middle_of_a_line', job_id='j1'");

    let exit = work(&world, &[]);

    assert_eq!(told(&exit.stdout), [out("a whole line"), out("half a l")]);
    assert!(exit.stdout.find("half a l") < exit.stdout.find("Work-horse terminated unexpectedly"));
    world.finish();
}

#[test]
fn control_characters_are_written_out_and_long_lines_are_cut_into_pieces() {
    let lines = written("strange'");

    let red = out("\\x1b[31mred\\x1b[0m\tand \u{fffd}\u{fffd} no text");
    assert_eq!(lines[..3], [red, out("10%"), out("20%")]);
    let pieces: Vec<_> = lines[3..].iter().map(|line| line.matches('y').count()).collect();
    assert_eq!(pieces, [8192, 8192, 20_000 - 2 * 8192]);
}

#[test]
fn a_hundred_megabytes_hold_nobody_up_and_are_not_held_in_memory() {
    let world = World::new();
    let job = world.enqueue("'jobs.prints.much', 100_000_000, job_timeout=600");
    let after = world.enqueue("'jobs.returns.value', 2");
    let mut command = command(&world, &[("RQ_HORSE__OUTPUT", "keep")]);
    command.arg("--quiet");
    let mut worker = world.start(command);

    world.wait_for_status(&after, "finished");

    assert_eq!(world.view(&job)["result"], 100_000_000);
    let most = peak_kib(&worker);
    assert!(most < 100_000, "{most} KiB");
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn a_job_that_writes_faster_than_the_log_takes_it_loses_no_line() {
    let world = World::new();
    world.enqueue("'jobs.prints.lines', 60_000, job_id='j1'");

    let exit = work(&world, &[]);

    let count =
        exit.stdout.lines().filter(|line| line.starts_with("INFO|rq.job.stdout|Job j1: line ")).count();
    assert_eq!(count, 60_000);
    world.finish();
}

#[test]
fn a_log_that_is_stuck_does_not_keep_a_job_from_its_end() {
    let world = World::new();
    let mut command = command(&world, &[]);
    // Nobody reads its standard output, which is a pipe.
    command.arg("--burst").stdout(Stdio::piped()).stderr(Stdio::null());
    command.env("RQ_TEST_TAG", world.path("stuck"));
    let job = world.enqueue("'jobs.prints.much', 5_000_000");

    let mut daemon = command.spawn().unwrap();

    world.wait_for_status(&job, "finished");
    assert_eq!(world.view(&job)["result"], 5_000_000);
    assert!(daemon.wait().unwrap().success());
    world.finish();
}

fn peak_kib(worker: &Worker) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_job_may_close_its_standard_output() {
    let world = World::new();
    world.enqueue("'jobs.prints.with_stdout_closed', job_id='j1'");

    let exit = work(&world, &[]);

    assert_eq!(world.view("j1")["result"], "[Errno 9] Bad file descriptor");
    assert_eq!(told(&exit.stdout), [out("before")]);
    world.finish();
}

#[test]
fn a_job_may_close_every_descriptor_and_still_be_heard() {
    let world = World::new();
    world.enqueue("'jobs.prints.closing_everything', job_id='j1'");
    let next = world.enqueue("'jobs.prints.pid'");

    let exit = work(&world, &[("RQ_HORSE__MAX_JOBS", "0")]);

    assert_eq!(told(&exit.stdout)[0], out("after all was closed"));
    assert_eq!(world.view(&next)["status"], "finished");
    world.finish();
}

#[test]
fn what_a_process_writes_after_its_job_is_told_as_that_jobs() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let mut worker = world.start(command(&world, &[("RQ_HORSE__MAX_JOBS", "0")]));
    world.enqueue(&format!("'jobs.prints.leaving_a_child', {}, 'one', job_id='j1'", gate.literal()));
    world.wait_for_status("j1", "finished");
    world.enqueue("'jobs.prints.lines', 1, job_id='j2'");
    world.wait_for_status("j2", "finished");

    std::fs::write(world.path("gate.pid"), "0").unwrap();
    gate.wait_for_arrival();
    gate.open();

    worker.stdout.wait_for_line(&out("late words of one"), SOON);
    let exit = world.stop(&mut worker);
    assert!(exit.stdout.contains("|rq.job.stdout|Job j2: line 0"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn a_horse_with_a_thread_that_its_job_left_behind_gets_no_other_job() {
    let world = World::new();
    let first = world.enqueue("'jobs.prints.leaving_a_thread'");
    let second = world.enqueue("'jobs.prints.pid', job_id='j2'");
    let third = world.enqueue("'jobs.prints.pid', job_id='j3'");

    let exit = work(&world, &[("RQ_HORSE__MAX_JOBS", "0")]);

    let result = |job: &str| world.view(job)["result"].clone();
    assert_ne!(result(&first), result(&second));
    assert_eq!(result(&second), result(&third));
    let of_others =
        told(&exit.stdout).into_iter().filter(|line| line.contains("Job j2: ") || line.contains("Job j3: "));
    assert!(of_others.into_iter().all(|line| line.contains("the process is")));
    world.finish();
}

#[test]
fn what_a_job_could_not_write_does_not_come_out_in_the_next() {
    let world = World::new();
    world.enqueue("'jobs.prints.printing_into_a_closed_descriptor', job_id='j1'");
    world.enqueue("'jobs.prints.lines', 1, job_id='j2'");

    let exit = work(&world, &[("RQ_HORSE__MAX_JOBS", "0")]);

    let lines = told(&exit.stdout);
    assert!(!lines.iter().any(|line| line.contains("Job j2: of the first job")), "{lines:?}");
    world.finish();
}

#[test]
fn what_nobody_handles_is_told_as_a_record_and_once() {
    let world = World::new();
    world.enqueue("'jobs.prints.logging_too', job_id='j1'");

    let exit = work(&world, &[]);

    let all = exit.stdout.lines().filter(|line| line.contains("logged")).collect::<Vec<_>>();
    assert_eq!(all, ["WARNING|app|logged\\nin two lines"]);
    assert_eq!(exit.stderr, "");
    world.finish();
}

#[test]
fn a_reload_changes_where_the_output_of_the_next_job_goes() {
    let world = World::new();
    let set = |output: &str| {
        std::fs::write(world.path("extra.toml"), format!("[horse]\noutput = {output:?}\n")).unwrap();
    };
    set("inherit");
    let mut command = world.worker_command();
    command.args(["-c", "settings", "-c", "extra.toml", "--name", "w1", "--log-format", FORMAT]);
    command.env("RQ_HORSE__MAX_JOBS", "0");
    let mut worker = world.start(command);
    world.wait_until_idle(&worker);
    for (job, output) in [("j1", "log"), ("j2", "inherit"), ("j3", "")] {
        world.enqueue(&format!("'jobs.prints.lines', 1, job_id='{job}'"));
        world.wait_for_status(job, "finished");
        if !output.is_empty() {
            let reloads = || worker.stdout.text().matches("horse.output").count();
            let before = reloads();
            set(output);
            worker.signal(Signal::SIGHUP);
            wait_until(SOON, "the reload", || reloads() > before);
        }
    }

    let exit = world.stop(&mut worker);

    assert_eq!(exit.stdout.lines().filter(|line| *line == "line 0").count(), 2, "{}", exit.stdout);
    assert!(exit.stdout.lines().any(|line| line == "INFO|rq.job.stdout|Job j2: line 0"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn a_group_may_have_its_own_way() {
    let world = World::new();
    let groups = "[group.loud]\nqueues = [\"loud\"]\noutput = \"log\"\n[group.still]\nqueues = [\"still\"]\n";
    std::fs::write(world.path("groups.toml"), groups).unwrap();
    for queue in ["loud", "still"] {
        world.client.exec(&format!(
            "Queue('{queue}', connection=conn).enqueue('jobs.prints.lines', 1, job_id='{queue}')"
        ));
    }
    let mut command = world.command_named("run");
    command.args(["-c", "settings", "-c", "groups.toml", "--log-format", FORMAT]);
    let mut worker = world.start(command);

    world.wait_for_status("loud", "finished");
    world.wait_for_status("still", "finished");

    let exit = worker.stop();
    assert!(exit.stdout.contains("|rq.job.stdout|Job loud: line 0"), "{}", exit.stdout);
    assert!(exit.stdout.lines().any(|line| line == "line 0"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn rqs_own_code_and_interpreters_of_their_own_are_read_as_well() {
    for (name, value) in [("RQ_HORSE__ENGINE", "rq"), ("RQ_WORKER__CLASS", "rq.worker.SpawnWorker")] {
        let world = World::new();
        world.enqueue("'jobs.prints.lines', 2, job_id='j1'");

        let exit = work(&world, &[(name, value)]);

        let lines = told(&exit.stdout);
        for line in [out("line 0"), out("line 1"), err("to stderr")] {
            assert!(lines.contains(&line), "{line}: {lines:?}");
        }
        world.finish();
    }
}
