//! Where the worker's output goes, and what becomes of it when that place is gone.

use super::folder::write;
use crate::harness::World;

/// Runs a worker in burst mode by a shell that redirects its output, and asserts that its jobs end as they should.
#[track_caller]
fn works_with_output(redirected: &str) {
    let world = World::new();
    write(&world.path("."), "talk.py", "def job():\n    print('hello')\n");
    let fine = world.enqueue("'talk.job'");
    let fails = world.enqueue("'jobs.raising.plain'");
    let rq = world.worker_command();
    let mut shell = world.command("/bin/sh".as_ref());
    shell.args(["-c", &format!("exec \"$@\" {redirected}"), "sh"]).arg(rq.get_program()).args(rq.get_args());
    shell.args(["-c", "settings", "--burst", "--name", "w1", "-v"]);

    let exit = world.start(shell).wait_exit();

    assert_eq!(exit.code(), 0);
    assert_eq!(world.view(&fine)["status"], "finished");
    assert_eq!(world.view(&fails)["status"], "failed");
    world.finish();
}

#[test]
fn a_worker_without_output_works() {
    works_with_output("<&- >&- 2>&-");
}

#[test]
fn a_worker_on_a_full_disk_works() {
    works_with_output(">/dev/full 2>/dev/full");
}

#[test]
fn a_worker_whose_reader_went_away_works() {
    // The reader of this pipe ends at once.
    works_with_output("2>&1 | true");
}

#[test]
fn an_answer_goes_to_standard_output_and_a_complaint_to_standard_error() {
    let folder = super::Folder::new();
    for (arguments, answer) in [
        (&["--version"][..], true),
        (&["worker", "--help"], true),
        (&["config", "show"], true),
        (&["config", "check"], true),
        (&["worker", "--nonsense"], false),
        (&["worker", "--burst", "-c", "nothing"], false),
        (&["config", "show", "-c", "nothing"], false),
    ] {
        let exit = folder.run(arguments);

        assert_eq!((!exit.stdout.is_empty(), exit.stderr.is_empty()), (answer, answer), "{arguments:?}");
    }
}

#[test]
fn the_worker_reads_nothing_from_its_standard_input() {
    let world = World::new();
    let rq = world.worker_command();
    let mut shell = world.command("/bin/sh".as_ref());
    let script = "printf 'one\\ntwo\\n' | { \"$@\" >/dev/null 2>&1; cat; }";
    shell.args(["-c", script, "sh"]).arg(rq.get_program()).args(rq.get_args());
    shell.args(["-c", "settings", "--burst"]);

    let exit = world.start(shell).wait_exit();

    assert_eq!(exit.stdout, "one\ntwo");
    world.finish();
}
