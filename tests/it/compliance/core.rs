//! The core of it, with every version of the client that we promise to serve.

use crate::harness::{World, for_every_client};

for_every_client! {
    fn a_returned_value_reaches_the_client(world: &World) {
        let job = world.enqueue("'jobs.returns.add', 1, y=2");

        world.work(&[]);

        let view = world.view(&job);
        assert_eq!(view["status"], "finished");
        assert_eq!(view["result"], 3);
        assert_eq!(world.client.eval("registries()['finished']"), serde_json::json!([job]));
    }

    fn a_raised_exception_fails_the_job(world: &World) {
        let job = world.enqueue("'jobs.raising.plain'");

        world.work(&[]);

        let view = world.view(&job);
        assert_eq!(view["status"], "failed");
        assert_eq!(view["latest"]["type"], "FAILED");
        let text = view["exc_info"].as_str().unwrap();
        assert!(text.starts_with("Traceback (most recent call last):\n"), "{text}");
        assert!(text.ends_with("in plain\n    raise ValueError(\"it broke\")\nValueError: it broke\n"), "{text}");
        assert_eq!(world.client.eval("registries()['failed']"), serde_json::json!([job]));
    }

    fn the_clients_see_a_listening_worker_and_its_job(world: &World) {
        let mut gate = world.gate("gate");
        let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
        let mut worker = world.worker(&["--name", "w1"]);
        gate.wait_for_arrival();

        let seen = world.client.eval("[(w.name, w.get_state(), w.pid, w.queue_names()) for w in Worker.all(connection=conn)]");
        assert_eq!(seen, serde_json::json!([["w1", "busy", worker.pid().as_raw(), ["default"]]]));
        assert_eq!(world.client.eval("Worker.count(connection=conn)"), 1);
        assert_eq!(world.client.eval("Worker.all(connection=conn)[0].get_current_job_id()"), job);
        assert_eq!(world.view(&job)["status"], "started");
        assert_eq!(world.client.eval("registries()['started']"), serde_json::json!([job]));

        gate.open();
        let exit = world.stop(&mut worker);
        assert_eq!(exit.code(), 0);
        assert_eq!(world.view(&job)["result"], "through");
    }

    fn none_and_what_cannot_be_stored_are_results_too(world: &World) {
        let nothing = world.enqueue("'jobs.returns.nothing'");
        let lock = world.enqueue("'jobs.returns.unserializable'");

        world.work(&[]);

        assert_eq!(world.view(&nothing)["latest"]["type"], "SUCCESSFUL");
        assert_eq!(world.view(&nothing)["result"], serde_json::Value::Null);
        assert_eq!(world.view(&lock)["status"], "finished");
        assert_eq!(world.view(&lock)["result"], "Unserializable return value");
    }

    fn a_warm_shutdown_lets_the_job_finish(world: &World) {
        let mut gate = world.gate("gate");
        let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
        let next = world.enqueue("'jobs.returns.value', 1");
        let mut worker = world.worker(&["--name", "w1"]);
        gate.wait_for_arrival();

        worker.signal(nix::sys::signal::Signal::SIGTERM);
        worker.stdout.wait_for_line("arm shut down requested", crate::harness::SOON);
        gate.open();

        assert_eq!(worker.wait_exit().code(), 0);
        assert_eq!(world.view(&job)["result"], "through");
        assert_eq!(world.view(&next)["status"], "queued");
    }

    fn a_burst_on_several_queues_empties_them(world: &World) {
        world.client.exec("jobs = [queue(n).enqueue('jobs.returns.value', n) for n in 'abab']");

        world.work(&["a", "b"]);

        assert_eq!(world.client.eval("[fetch(j.id).return_value() for j in jobs]"), serde_json::json!(["a", "b", "a", "b"]));
        assert_eq!(world.client.eval("(len(queue('a')), len(queue('b')))"), serde_json::json!([0, 0]));
    }

    fn jobs_run_in_the_order_of_the_queues(world: &World) {
        world.client.exec("for name in ('low', 'high'): [queue(name).enqueue('jobs.returns.value', i, job_id=f'{name}{i}') for i in (1, 2)]");

        let exit = world.work(&["high", "low"]);

        let ended = world.client.eval("sorted(('high1', 'high2', 'low1', 'low2'), key=lambda i: fetch(i).ended_at)");
        assert_eq!(ended, serde_json::json!(["high1", "high2", "low1", "low2"]));
        assert!(exit.stdout.contains("*** Listening on high, low..."), "{}", exit.stdout);
    }

    fn a_killed_horse_fails_its_job(world: &World) {
        let mut gate = world.gate("gate");
        let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
        let mut worker = world.worker(&["--burst", "--name", "w1"]);
        let horse = gate.wait_for_arrival();

        nix::sys::signal::kill(horse, nix::sys::signal::Signal::SIGKILL).unwrap();

        assert_eq!(worker.wait_exit().code(), 0);
        let view = world.view(&job);
        assert_eq!(view["status"], "failed");
        let text = view["exc_info"].as_str().unwrap();
        assert!(text.starts_with("Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); "), "{text}");
    }
}
