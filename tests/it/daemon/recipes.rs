//! What the README, the cook book and the page for those who come from Celery tell to do, done.

use std::path::Path;
use std::{env, fs};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getppid};

use crate::harness::{Exit, SOON, Venv, World, process_exists, skipped};
use crate::pages;

/// The Redis that pages name.
const THEIRS: &str = "redis://localhost:6379/0";

/// The code of a page that has these words in it, with the world's Redis in it.
#[track_caller]
fn code(world: &World, page: &str, words: &str) -> String {
    let snippets = pages::snippets();
    let mut fitting = snippets
        .iter()
        .filter(|snippet| snippet.place.starts_with(&format!("{page}:")) && snippet.text.contains(words));
    let found = fitting.next().unwrap_or_else(|| panic!("{page} shows nothing with {words:?}"));
    assert!(fitting.next().is_none(), "{page} shows {words:?} twice");
    found.text.replace(THEIRS, &world.redis.url())
}

fn write(world: &World, name: &str, text: &str) {
    fs::write(world.path(name), text).unwrap();
}

/// Runs a program in the application's folder with its Python; what it prints.
#[track_caller]
fn python(world: &World, program: &str) -> String {
    python_of(world, &world.venv, program)
}

#[track_caller]
fn python_of(world: &World, venv: &Venv, program: &str) -> String {
    let mut command = world.command(&venv.python());
    command.args(["-c", program]);
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    exit.stdout.trim().to_owned()
}

#[test]
fn the_first_worker_of_the_readme_runs_its_job() {
    let world = World::new();
    let block = code(&world, "README.md", "rq enqueue jobs.greet");
    // The environment is there already.
    let lines: Vec<&str> = block.lines().filter(|line| !line.contains("venv")).collect();
    let binary = Path::new(env!("CARGO_BIN_EXE_rq")).parent().unwrap().to_owned();
    let path = env::var_os("PATH").unwrap();
    let places = [binary].into_iter().chain(env::split_paths(&path));
    let mut shell = world.command(Path::new("sh"));
    shell.args(["-euc", &lines.join("\n")]).env("PATH", env::join_paths(places).unwrap());
    shell.env("RQ_REDIS_URL", world.redis.url()).env("RQ_PYTHON", world.venv.python());
    fs::remove_dir_all(world.path("jobs")).unwrap();

    let exit = world.start(shell).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(exit.stdout.contains("jobs.greet('Ada')"), "{}", exit.stdout);
    assert!(exit.stdout.contains("finished"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn tasks_that_came_from_celery_run() {
    let world = World::new();
    write(&world, "tasks.py", &code(&world, "docs/celery.md", "get_current_job().fetch_dependencies()"));
    write(&world, "shop.py", &code(&world, "docs/celery.md", "low.enqueue_in"));
    python(&world, "import shop; shop.start(['a', 'bb', 'ccc'])");

    world.work(&["default", "low"]);

    let finished = "import shop\n\
                    ids = shop.default.finished_job_registry.get_job_ids()\n\
                    jobs = [shop.default.fetch_job(id) for id in ids]\n\
                    print(*sorted(job.return_value() for job in jobs), shop.low.scheduled_job_registry.count)";
    assert_eq!(python(&world, finished), "1 1 2 3 6 1");
    world.finish();
}

#[test]
fn settings_say_what_a_worker_of_ones_own_said() {
    let world = World::new();
    write(&world, "settings.py", &code(&world, "docs/cookbook.md", "\"exception_handlers\": ["));
    write(&world, "tasks.py", "def good():\n    return 1\n\n\ndef bad():\n    raise ValueError('no')\n");
    write(&world, "handlers.py", "def page(job, *exc_info):\n    open('paged', 'w').write(job.func_name)\n");
    let enqueue = "from redis import Redis\nfrom rq import Queue\nimport settings\n\
                   queue = Queue('high', connection=Redis.from_url(settings.REDIS_URL))\n\
                   print(queue.enqueue('tasks.good').id)\nqueue.enqueue('tasks.bad')";
    let good = python(&world, enqueue);

    let exit = world.work(&["high"]);

    assert_eq!(fs::read_to_string(world.path("paged")).unwrap(), "tasks.bad");
    assert!(exit.stdout.contains("Acquired scheduler lock for high"), "{}", exit.stdout);
    let left = world.redis.ttl(&world.key(&format!("job:{good}")));
    assert!((3500..=3600).contains(&left), "{left}");
    world.finish();
}

#[test]
fn a_worker_class_of_ones_own_hears_of_failures_and_deaths() {
    let world = World::new();
    write(&world, "worker.py", &code(&world, "docs/cookbook.md", "class Alarming"));
    let tasks = "import os\n\n\ndef bad():\n    raise ValueError('no')\n\n\ndef dies():\n    os.kill(os.getpid(), 9)\n";
    write(&world, "tasks.py", tasks);
    world.enqueue("'tasks.bad', job_id='bad'");
    world.enqueue("'tasks.dies', job_id='dead'");

    let exit = world.work(&["--worker-class", "worker.Alarming"]);

    assert!(exit.stdout.contains("failed: bad ValueError"), "{}", exit.stdout);
    assert!(exit.stdout.contains("killed: dead"), "{}", exit.stdout);
    world.finish();
}

/// The process that made another one.
fn parent(pid: Pid) -> Pid {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    Pid::from_raw(rest.split(' ').nth(1).unwrap().parse().unwrap())
}

#[test]
fn a_signal_to_every_process_of_a_dyno_leaves_the_job_its_time() {
    let world = World::new();
    write(&world, "heroku.py", &code(&world, "docs/cookbook.md", "RQ_SHUTDOWN"));
    write(&world, "hooks.py", &code(&world, "docs/cookbook.md", "SIG_IGN"));
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut command = world.worker_command();
    command.args(["-c", "heroku"]).env("REDIS_URL", world.redis.url());
    let mut worker = world.start(command);
    let horse = gate.wait_for_arrival();
    let fork_server = parent(horse);
    assert_ne!(fork_server, getppid());

    for pid in [worker.pid(), fork_server, horse] {
        kill(pid, Signal::SIGTERM).unwrap();
    }
    worker.stdout.wait_for_line("warm shut down requested", SOON);
    assert!(process_exists(horse));
    gate.open();

    assert_eq!(worker.wait_exit().code(), 0);
    world.wait_for_status(&job, "finished");
    world.finish();
}

/// A world, and the environment that has the packages of the cook book.
fn with_packages(recipe: impl FnOnce(&World, &Venv)) {
    match Venv::named("cookbook") {
        Ok(venv) => {
            let world = World::new();
            recipe(&world, &venv);
            world.finish();
        }
        Err(missing) => skipped(&missing),
    }
}

/// Works in a burst with that environment and the configuration that is there, if any.
#[track_caller]
fn work_of(world: &World, venv: &Venv, arguments: &[&str]) -> Exit {
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.arg("worker").arg("--python").arg(venv.python()).arg("--burst").args(arguments);
    if world.path("rq.toml").exists() {
        command.args(["-c", "rq.toml"]);
    }
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    exit
}

#[test]
fn jobs_of_flask_have_the_context_of_the_application() {
    with_packages(|world, venv| {
        for (name, words) in
            [("hooks.py", "def push_context"), ("tasks.py", "def greet"), ("rq.toml", "before_job")]
        {
            write(world, name, &code(world, "docs/cookbook.md", words));
        }
        let app = "from flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n    \
                   app.config['GREETING'] = 'Hello'\n    return app\n";
        write(world, "app.py", app);
        let job = world.enqueue("'tasks.greet', 'Ada'");

        work_of(world, venv, &[]);

        assert_eq!(world.view(&job)["result"], "Hello, Ada");
    });
}

#[test]
fn a_web_server_of_fastapi_enqueues_and_looks() {
    with_packages(|world, venv| {
        write(world, "tasks.py", &code(world, "docs/cookbook.md", "async def summarise"));
        write(world, "main.py", &code(world, "docs/cookbook.md", "FastAPI()"));
        let job = python_of(world, venv, "import main; print(main.order('x')['id'])");

        work_of(world, venv, &["--preload", "tasks", "-u", &world.redis.url()]);

        let looked =
            python_of(world, venv, &format!("import json, main; print(json.dumps(main.look('{job}')))"));
        assert_eq!(looked, r#"{"status": "finished", "result": "about x"}"#);
    });
}

#[test]
fn a_report_of_pandas_is_made_within_its_limit() {
    with_packages(|world, venv| {
        write(world, "reports.py", &code(world, "docs/cookbook.md", "import pandas"));
        write(world, "rq.toml", &code(world, "docs/cookbook.md", "QUEUES = [\"reports\"]"));
        write(world, "greedy.py", "def takes():\n    return len(bytearray(8 << 30))\n");
        write(world, "orders.csv", "day,shop,amount\n2026-05-01,a,3\n2026-05-02,a,4\n2026-06-02,b,9\n");
        let enqueue = |call: &str| {
            let start = format!(
                "from redis import Redis\nfrom rq import Queue\nqueue = Queue('reports', connection=Redis.from_url('{}'))",
                world.redis.url()
            );
            python_of(world, venv, &format!("{start}\nprint(queue.enqueue({call}).id)"))
        };
        let report = enqueue("'reports.monthly', 'orders.csv', 5");
        let greedy = enqueue("'greedy.takes'");

        let exit = work_of(world, venv, &[]);

        assert!(!exit.stdout.contains("Preloaded modules started"), "{}", exit.stdout);
        assert_eq!(world.view(&report)["result"], "orders.csv.05.json");
        assert_eq!(fs::read_to_string(world.path("orders.csv.05.json")).unwrap(), "{\"a\":7}");
        let reason = world.view(&greedy)["exc_info"].to_string();
        assert!(reason.contains("MemoryError"), "{reason}");
    });
}

#[test]
fn a_model_is_loaded_once_and_serves_every_job() {
    with_packages(|world, venv| {
        write(world, "predictions.py", &code(world, "docs/cookbook.md", "joblib.load"));
        write(world, "rq.toml", &code(world, "docs/cookbook.md", "QUEUES = [\"predictions\"]"));
        let model = "import numpy, os\n\n\nclass Model:\n    def __init__(self):\n        self.loads = 0\n\n    \
                     def __setstate__(self, state):\n        open('loaded', 'a').write('x')\n\n    \
                     def predict(self, rows):\n        return numpy.array([sum(row) for row in rows])\n";
        write(world, "models.py", model);
        python_of(world, venv, "import joblib, models; joblib.dump(models.Model(), 'model.joblib')");
        let enqueue = format!(
            "from redis import Redis\nfrom rq import Queue\nqueue = Queue('predictions', connection=Redis.from_url('{}'))\n\
             print(*[queue.enqueue('predictions.predict', [1, number]).id for number in range(3)])",
            world.redis.url()
        );
        let jobs = python_of(world, venv, &enqueue);

        work_of(world, venv, &[]);

        let results: Vec<_> = jobs.split(' ').map(|job| world.view(job)["result"].clone()).collect();
        assert_eq!(results, [1, 2, 3]);
        assert_eq!(fs::read_to_string(world.path("loaded")).unwrap(), "x");
    });
}
