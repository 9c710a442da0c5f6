//! A law: however a configuration came into force, the daemon is as one that was started with it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::reload_stage::{Stage, run, save};
use super::reload_team::workers;
use crate::harness::{SOON, World, wait_until};

/// How many configurations one daemon goes through.
const STEPS: usize = 12;

/// A daemon whose Redis comes from the environment, so that its file is the same in every world.
fn stage(text: &str) -> Stage {
    let world = World::new();
    save(&world.path("rq.toml"), text);
    let mut command = run(&world, &["-c", "rq.toml"]);
    command.env("RQ_REDIS_URL", world.redis.url());
    Stage::of(world, command)
}

fn queues() -> impl Strategy<Value = String> {
    let names = Just(vec!["a", "b", "c", "d"]).prop_shuffle();
    (names, 1_usize..4).prop_map(|(names, many)| format!("{:?}", &names[..many]))
}

fn maybe(lines: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    proptest::option::of(lines).prop_map(Option::unwrap_or_default)
}

fn group(name: &'static str) -> impl Strategy<Value = String> {
    let own_name = maybe(Just("name = \"of-%g-%i\"\n".to_owned()));
    let strategy = maybe(Just("dequeue_strategy = \"random\"\n".to_owned()));
    (maybe(queues().prop_map(|queues| format!("queues = {queues}\n"))), 1_u32..3, own_name, strategy)
        .prop_map(move |(queues, workers, own, strategy)| {
            format!("[group.{name}]\n{queues}workers = {workers}\n{own}{strategy}")
        })
}

/// A configuration as a user might write it.
fn configuration() -> impl Strategy<Value = String> {
    let worker = (
        maybe(queues().prop_map(|queues| format!("queues = {queues}\n"))),
        maybe((1_u32..4).prop_map(|count| format!("count = {count}\n"))),
        maybe("(n|m-%i|n-%g)".prop_map(|name| format!("name = \"{name}\"\n"))),
        maybe("(default|round_robin|random)".prop_map(|word| format!("dequeue_strategy = \"{word}\"\n"))),
        maybe((60_u32..900).prop_map(|ttl| format!("results_ttl = {ttl}\nttl = \"{ttl}s\"\n"))),
    );
    let more = (
        maybe((0_u32..3).prop_map(|jobs| format!("[horse]\nmax_jobs = {jobs}\n"))),
        maybe((1_u32..9).prop_map(|limit| format!("[queue.a]\nmax_timeout = \"{limit}m\"\n"))),
        maybe(Just("[scheduler]\nenabled = true\n".to_owned())),
        maybe(group("one")),
        maybe(group("two")),
    );
    (worker, more).prop_map(|((queues, count, name, strategy, ttl), (horse, queue, scheduler, one, two))| {
        format!("[reload]\nwatch = false\n[worker]\n{queues}{count}{name}{strategy}{ttl}{horse}{queue}{scheduler}{one}{two}")
    })
}

/// What is in force, without what belongs to one world alone.
fn in_force(stage: &Stage) -> Value {
    let socket = stage.world.path(&format!("run/{}.sock", stage.daemon.pid()));
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    writeln!(stream, "{}", json!({"version": 1, "message": {"command": "configuration"}})).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    let here = stage.world.path("");
    let told: Value = serde_json::from_str(&line.replace(here.to_str().unwrap(), "HERE/")).unwrap();
    json!([told["message"]["settings"], told["message"]["sources"]])
}

/// The groups and workers, as the socket and Redis show them. Random names are all the same.
fn team(stage: &Stage, text: &str) -> Value {
    let named = text.contains("name = ");
    let shown = |name: &str| {
        let random = name.len() == 32 && name.chars().all(|letter| letter.is_ascii_hexdigit());
        if random { "random".to_owned() } else { name.to_owned() }
    };
    let mut status = stage.status()["groups"].take();
    for worker in
        status.as_array_mut().unwrap().iter_mut().flat_map(|group| group["workers"].as_array_mut().unwrap())
    {
        let name = shown(worker["name"].as_str().unwrap());
        *worker = json!([name, worker["queues"], worker["state"]]);
    }
    for group in status.as_array_mut().unwrap() {
        let workers = group["workers"].as_array_mut().unwrap();
        workers.sort_by_key(Value::to_string);
    }
    let mut registered: Vec<_> =
        workers(&stage.world).into_iter().map(|(name, queues)| (shown(&name), queues)).collect();
    registered.sort();
    json!([named, status, registered])
}

#[test]
fn a_reload_ends_where_a_start_would() {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let mut next = || configuration().new_tree(&mut runner).unwrap().current();
    let mut long_lived = stage(&next());

    for step in 0..STEPS {
        let text = next();
        let fresh = stage(&text);
        save(&long_lived.file(), &text);
        let exit = long_lived.rq(&["reload"]);
        assert_eq!(exit.code(), 0, "{text}\n{}{}", exit.stdout, exit.stderr);

        assert_eq!(in_force(&long_lived), in_force(&fresh), "step {step}:\n{text}");
        let mut teams = (Value::Null, Value::Null);
        wait_until(SOON, &format!("the same workers after step {step}:\n{text}"), || {
            teams = (team(&long_lived, &text), team(&fresh, &text));
            teams.0 == teams.1
        });
        fresh.finish();
    }
    long_lived.told("Configuration ");
    long_lived.finish();
}
