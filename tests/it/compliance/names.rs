//! Names: of keys, of jobs, of queues and of workers.

use crate::harness::{Setup, World};

#[test]
fn every_key_begins_with_the_prefix_of_the_environment() {
    let world = World::with(&Setup { prefix: Some("{it}.x"), ..Setup::default() }).unwrap();
    let job = world.enqueue("'jobs.returns.add', 1");
    let failing = world.enqueue("'jobs.raising.plain'");

    world.work(&[]);

    assert_eq!(world.view(&job)["result"], 1);
    assert_eq!(world.view(&failing)["status"], "failed");
    world.finish();
}

#[test]
fn job_ids_of_the_users_choice_work() {
    let world = World::new();
    let ids = ["a", "Import_2026-11-22", "-", "_"];
    for id in ids {
        world.enqueue(&format!("'jobs.context.identity', job_id={id:?}"));
    }

    world.work(&[]);

    for id in ids {
        assert_eq!(world.view(id)["result"][0], id);
    }
    world.finish();
}

#[test]
fn names_with_spaces_colons_and_letters_of_any_script_work() {
    let world = World::new();
    let names = ["with space", "with:colon", "mañana/漢字", "*"];
    for (i, name) in names.iter().enumerate() {
        world.client.exec(&format!("queue({name:?}).enqueue('jobs.context.identity', job_id='j{i}')"));
    }

    let mut worker =
        world.worker(&["--burst", "--name", "wörker: one", names[0], names[1], names[2], names[3]]);
    assert_eq!(worker.wait_exit().code(), 0);

    for (i, name) in names.iter().enumerate() {
        let view = world.view(&format!("j{i}"));
        assert_eq!(view["result"][1], *name);
        assert_eq!(view["worker_name"], "wörker: one");
    }
    world.finish();
}
