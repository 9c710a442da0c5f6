//! Names: of keys, of jobs, of queues and of workers.

use serde_json::json;

use crate::harness::{Setup, Subject, Version, World};

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

/// What clients before 2.8 take for an id.
const STRANGE: &str = r#"strange = [
    "with space", " ", "tab\tand\nlines", "'quoted\"", "漢字 \U0001f980", "\u202eback", "{tag}", "a*b?[c]", "%s%n%%", "../..", "$(x)`y`",
    "-1", "None", "null", "\x1b[2J", "\x7f", "a,b;c", "x" * 5000,
]"#;

#[test]
fn ids_of_any_characters_work() {
    for version in [Version::V1_16_2, Version::V2_6_1] {
        let Ok(world) = World::with(&Setup { version, ..Setup::default() }) else { continue };
        world.client.exec(STRANGE);
        world.client.exec(
            "for i in strange:
    q.enqueue('jobs.context.identity', job_id=i, meta={'id': i})
    q.enqueue('jobs.raising.plain', job_id=i + '!')
    q.enqueue('jobs.returns.value', 1, job_id=i + '+', depends_on=i)",
        );

        world.work(&[]);

        let right =
            "[i for i in strange if fetch(i).return_value()[0] != i or fetch(i).get_meta() != {'id': i}]";
        assert_eq!(world.client.eval(right), json!([]), "{version}");
        let failed = "[i for i in strange if 'it broke' not in fetch(i + '!').exc_info]";
        assert_eq!(world.client.eval(failed), json!([]), "{version}");
        let waited = "[i for i in strange if fetch(i + '+').return_value() != 1]";
        assert_eq!(world.client.eval(waited), json!([]), "{version}");
        world.finish();
    }
}

#[test]
fn an_id_with_a_nul_does_not_stop_the_worker() {
    let Ok(world) = World::with(&Setup { version: Version::V1_16_2, ..Setup::default() }) else { return };
    if world.subject == Subject::Theirs {
        // RQ: no environment can hold such an id, and the worker that meets one ends.
        return;
    }
    world.client.exec("q.enqueue('jobs.returns.value', 1, job_id='nul\\0here')");
    let next = world.enqueue("'jobs.returns.value', 2");

    world.work(&[]);

    assert_eq!(world.client.eval("fetch('nul\\0here').return_value()"), 1);
    assert_eq!(world.view(&next)["result"], 2);
    world.finish();
}
