//! Everything that a payload may name, with every version of the client.

use serde_json::json;

use crate::harness::{World, for_every_client};

/// Enqueues, works, and gives what the client then reads.
#[track_caller]
fn result_of(world: &World, arguments: &str) -> serde_json::Value {
    let job = world.enqueue(arguments);
    world.work(&[]);
    let view = world.view(&job);
    assert_eq!(view["status"], "finished", "{}", view["exc_info"]);
    view["result"].clone()
}

for_every_client! {
    fn every_kind_of_callable_runs(world: &World) {
        world.client.exec("from jobs import calls, returns");
        let kinds = [
            ("returns.value, 1", json!(1)),
            ("'jobs.calls.Greeter.static', 1", json!(["static", 1])),
            ("calls.Greeter.static, 2", json!(["static", 2])),
            ("calls.Greeter.of_class, 3", json!(["Greeter", 3])),
            ("calls.Greeter('Ada').greet, word='Ahoy'", json!("Ahoy, Ada")),
            ("calls.Greeter('Ada'), 4", json!(["Ada", 4])),
            ("'jobs.calls.greeter.greet'", json!("Hello, module")),
            ("len, [1, 2]", json!(2)),
            ("'len', [1, 2, 3]", json!(3)),
            ("'os.path.basename', '/a/b'", json!("b")),
            ("calls.coroutine, 21", json!(42)),
        ];
        let jobs: Vec<_> = kinds.iter().map(|(arguments, _)| world.enqueue(arguments)).collect();

        world.work(&[]);

        for (job, (arguments, expected)) in jobs.iter().zip(kinds) {
            let view = world.view(job);
            assert_eq!(view["result"], expected, "enqueue({arguments}): {}", view["exc_info"]);
        }
    }

    fn arguments_arrive_as_they_were_given(world: &World) {
        let result = result_of(world, "'jobs.calls.arguments', 1, 'zwei', [3.5, None], b=True, a={'k': (1, 2)}");

        assert_eq!(result, json!([[1, "zwei", [3.5, null]], { "a": { "k": [1, 2] }, "b": true }]));
    }
}

#[test]
fn a_failing_coroutine_fails_the_job() {
    let world = World::new();
    let job = world.enqueue("'jobs.calls.failing_coroutine'");

    world.work(&[]);

    let view = world.view(&job);
    assert_eq!(view["status"], "failed");
    let text = view["exc_info"].as_str().unwrap();
    assert!(text.ends_with("LookupError: after waiting\n"), "{text}");
    world.finish();
}

#[test]
fn a_generator_ends_as_with_rq_on_the_same_python() {
    let world = World::new();
    let job = world.enqueue("'jobs.calls.generator'");

    world.work(&[]);

    let view = world.view(&job);
    // Python before 3.12 takes generators for coroutines, so RQ runs them as such.
    if world.client.eval("__import__('asyncio').iscoroutine(i for i in ())") == true {
        assert_eq!(view["status"], "failed");
        let text = view["exc_info"].as_str().unwrap();
        assert!(text.ends_with("RuntimeError: Task got bad yield: 1\n"), "{text}");
    } else {
        assert_eq!(view["result"], "Unserializable return value");
    }
    world.finish();
}

#[test]
fn an_instance_that_counts_as_false_is_overlooked() {
    let world = World::new();
    // RQ: it asks for the truth of the instance, not whether there is one.
    world.client.exec("from jobs import calls");
    let job = world.enqueue("calls.Empty('nobody').greet");

    world.work(&[]);

    let view = world.view(&job);
    assert_eq!(view["status"], "failed");
    let text = view["exc_info"].as_str().unwrap();
    assert!(text.trim_end().ends_with("Invalid attribute name: greet"), "{text}");
    world.finish();
}

#[test]
fn a_method_two_classes_deep_is_refused() {
    let world = World::new();
    let job = world.enqueue("'jobs.calls.Greeter.static.__class__.__name__'");

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "failed");
    world.finish();
}

#[test]
fn jobs_are_imported_from_a_folder_given_with_path() {
    let world = World::new();
    std::fs::create_dir(world.path("elsewhere")).unwrap();
    std::fs::write(world.path("elsewhere/far_away.py"), "def here():\n    return __name__\n").unwrap();
    let job = world.enqueue("'far_away.here'");

    world.work(&["--path", ".", "--path", "elsewhere"]);

    assert_eq!(world.view(&job)["result"], "far_away");
    world.finish();
}
