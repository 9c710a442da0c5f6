//! A Django settings module as the worker's: django-rq's queues, and jobs that use models.

use std::{fs, path::Path};

use crate::harness::{Exit, Venv, World, skipped};

const MODELS: &str = "
from django.db import models


class Note(models.Model):
    text = models.CharField(max_length=80)

    class Meta:
        app_label = 'mysite'
";

const JOBS: &str = "
import os
from mysite.models import Note


def read(number):
    return Note.objects.get(pk=number).text


def write(text):
    return Note.objects.create(text=text).pk


def settings():
    return os.environ['DJANGO_SETTINGS_MODULE']
";

/// A project `mysite` whose queues are what `queues` says, with a table of notes.
fn project(world: &World, venv: &Venv, queues: &str) {
    let folder = world.path("mysite");
    fs::create_dir(&folder).unwrap();
    let settings = format!(
        "import pathlib\n\
         BASE_DIR = pathlib.Path(__file__).resolve().parent\n\
         SECRET_KEY = 'x'\nUSE_TZ = True\nDEFAULT_AUTO_FIELD = 'django.db.models.AutoField'\n\
         INSTALLED_APPS = ['django.contrib.contenttypes', 'django_rq', 'mysite']\n\
         DATABASES = {{'default': {{'ENGINE': 'django.db.backends.sqlite3', 'NAME': BASE_DIR / 'notes.sqlite'}}}}\n\
         SOCKET = '{}'\n{queues}\n",
        world.redis.socket().display()
    );
    for (name, text) in
        [("__init__", ""), ("settings", settings.as_str()), ("models", MODELS), ("jobs", JOBS)]
    {
        fs::write(folder.join(format!("{name}.py")), text).unwrap();
    }
    django(
        world,
        venv,
        "from django.core.management import call_command\ncall_command('migrate', run_syncdb=True, verbosity=0)",
    );
}

/// Runs a piece of the project's own code, as its web server would, and returns what it prints.
fn django(world: &World, venv: &Venv, code: &str) -> String {
    let mut command = world.command(&venv.python());
    let code = format!("import django; django.setup()\n{code}");
    command.args(["-c", &code]).env("DJANGO_SETTINGS_MODULE", "mysite.settings");
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    exit.stdout.trim().to_owned()
}

fn work(world: &World, venv: &Venv, arguments: &[&str], environment: &[(&str, &str)]) -> Exit {
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.arg("worker").arg("--python").arg(venv.python());
    command.args(["-c", "mysite.settings", "--burst"]).args(arguments);
    command.envs(environment.iter().copied());
    world.start(command).wait_exit()
}

fn in_a_project(queues: &str, claim: impl FnOnce(&World, &Venv)) {
    match Venv::named("django") {
        Ok(venv) => {
            let world = World::new();
            project(&world, &venv, queues);
            claim(&world, &venv);
            world.finish();
        }
        Err(missing) => skipped(&missing),
    }
}

const ONE: &str = "RQ_QUEUES = {'default': {'UNIX_SOCKET_PATH': SOCKET, 'DB': 0, 'DEFAULT_TIMEOUT': 360}}";
const TWO: &str = "RQ_QUEUES = {'high': {'UNIX_SOCKET_PATH': SOCKET, 'DB': 0}, 'low': {'UNIX_SOCKET_PATH': SOCKET, 'DB': 1}}";

#[test]
fn a_django_settings_module_tells_where_redis_is_and_jobs_read_models() {
    in_a_project(ONE, |world, venv| {
        let jobs = django(
            world,
            venv,
            "import django_rq\nfrom mysite import jobs\nfrom mysite.models import Note\n\
             note = Note.objects.create(text='hello')\n\
             print(django_rq.enqueue(jobs.read, note.pk).id, django_rq.enqueue(jobs.settings).id)",
        );
        let (read, settings) = jobs.split_once(' ').unwrap();

        let exit = work(world, venv, &["default"], &[]);

        assert_eq!(exit.code(), 0, "{}", exit.stderr);
        assert_eq!(world.view(read)["result"], "hello");
        assert_eq!(world.view(settings)["result"], "mysite.settings");
    });
}

#[test]
fn a_preloaded_module_may_use_models_and_jobs_share_no_database_connection() {
    in_a_project(ONE, |world, venv| {
        let code = "import django_rq\nfrom mysite import jobs\n\
                    print(*(django_rq.enqueue(jobs.write, str(number)).id for number in range(5)))";
        let jobs = django(world, venv, code);

        let exit = work(world, venv, &["--preload", "mysite.jobs"], &[]);

        assert_eq!(exit.code(), 0, "{}", exit.stderr);
        for job in jobs.split(' ') {
            assert_eq!(world.view(job)["status"], "finished");
        }
        assert_eq!(django(world, venv, "from mysite.models import Note\nprint(Note.objects.count())"), "5");
    });
}

#[test]
fn queues_in_two_databases_are_refused_and_each_can_be_served() {
    in_a_project(TWO, |world, venv| {
        let job = django(
            world,
            venv,
            "import django_rq\nfrom mysite import jobs\nprint(django_rq.get_queue('high').enqueue(jobs.settings).id)",
        );

        let refused = work(world, venv, &["high", "low"], &[]);
        let served = work(world, venv, &["high"], &[]);

        assert_eq!(refused.code(), 78);
        let told = "the queues high and low have different connections, and a worker has one";
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
        assert_eq!(served.code(), 0, "{}", served.stderr);
        assert_eq!(world.view(&job)["status"], "finished");
    });
}

#[test]
fn an_application_of_django_that_cannot_be_loaded_is_told() {
    let queues = format!(
        "{ONE}\nINSTALLED_APPS = ['nowhere'] if 'RQ_TEST_BROKEN' in __import__('os').environ else INSTALLED_APPS"
    );
    in_a_project(&queues, |world, venv| {
        let exit = work(world, venv, &[], &[("RQ_TEST_BROKEN", "1")]);

        assert_eq!(exit.code(), 78);
        let told = "cannot set up Django with the settings module mysite.settings: ModuleNotFoundError";
        assert!(exit.stderr.contains(told), "{}", exit.stderr);
    });
}
