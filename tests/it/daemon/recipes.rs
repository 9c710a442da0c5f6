//! What the README, the cook book and the page for those who come from Celery tell to do, done.

use std::path::Path;
use std::{env, fs};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getppid};

use crate::harness::{SOON, World, process_exists};
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
    let mut command = world.command(&world.venv.python());
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
