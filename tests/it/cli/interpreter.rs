//! Which Python runs the jobs.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use super::Folder;
use super::folder::{assert_refused, python, run, write, write_program};
use crate::harness::{Lack, World, skipped};

/// A stand-in for an interpreter, which leaves a mark and then is the real one.
fn marked(folder: &Path, name: &str, mark: &str) -> PathBuf {
    let text = format!("#!/bin/sh\necho {mark} >>\"$HOME/marks\"\nexec {} \"$@\"\n", python().display());
    write_program(folder, name, &text)
}

/// Runs a worker without `--python` and tells which stand-in it ran on.
fn ran_on(world: &World, arguments: &[&str], variables: &[(&str, &Path)]) -> String {
    let _ = fs::remove_file(world.path("marks"));
    let job = world.enqueue("'jobs.returns.value', 1");
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["worker", "--burst"]).args(arguments).envs(variables.iter().copied());
    if !arguments.contains(&"-c") {
        command.args(["-c", "settings"]);
    }
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(world.view(&job)["result"], 1, "{}", exit.stderr);
    fs::read_to_string(world.path("marks")).unwrap().trim().to_owned()
}

#[test]
fn the_interpreter_comes_from_option_variable_file_environments_and_path_in_this_order() {
    let world = World::new();
    let root = world.path(".");
    let by_option = marked(&root, "by-option", "option");
    let by_variable = marked(&root, "by-variable", "variable");
    let by_file = marked(&root, "by-file", "file");
    marked(&root, "active/bin/python", "active");
    marked(&root, ".venv/bin/python", "local");
    marked(&root, "bin/python3", "path");
    let config =
        format!("REDIS_URL = {:?}\n[horse]\npython = {:?}\n", world.redis.url(), by_file.to_str().unwrap());
    let config = write(&root, "rq.toml", &config);
    let variables = [
        ("RQ_PYTHON", by_variable.as_path()),
        ("VIRTUAL_ENV", &root.join("active")),
        ("PATH", &root.join("bin")),
    ]
    .map(|(name, path)| (name, path.to_owned()));
    // The stand-ins are shell scripts and need nothing from PATH but sh, which they name in full.
    let variables: Vec<(&str, &Path)> =
        variables.iter().map(|(name, path)| (*name, path.as_path())).collect();
    let from_file = ["-c", config.to_str().unwrap()];

    let option = ["--python", by_option.to_str().unwrap(), from_file[0], from_file[1]];
    assert_eq!(ran_on(&world, &option, &variables), "option");
    assert_eq!(ran_on(&world, &from_file, &variables), "variable");
    assert_eq!(ran_on(&world, &from_file, &variables[1..]), "file");
    assert_eq!(ran_on(&world, &[], &variables[1..]), "active");
    assert_eq!(ran_on(&world, &[], &variables[2..]), "local");
    fs::remove_dir_all(root.join(".venv")).unwrap();
    assert_eq!(ran_on(&world, &[], &variables[2..]), "path");
    world.finish();
}

#[test]
fn the_file_that_a_bare_name_means_may_name_the_interpreter() {
    let world = World::new();
    let root = world.path(".");
    marked(&root, "bin/python3", "path");
    let named = marked(&root, "named", "file");
    write(
        &root,
        "deploy.toml",
        &format!("REDIS_URL = {:?}\n[horse]\npython = {:?}\n", world.redis.url(), named.to_str().unwrap()),
    );

    let marks = ran_on(&world, &["-c", "deploy"], &[("PATH", &root.join("bin"))]);

    // The first is asked whether there is a module of that name.
    assert_eq!(marks, "path\nfile");
    world.finish();
}

#[test]
fn the_interpreter_and_its_version_are_logged() {
    let world = World::new();

    let exit = world.work(&[]);

    let mut python = Command::new(world.venv.python());
    let version = python.args(["-c", "import sys; print(sys.version.split()[0])"]).output().unwrap();
    let told = format!(
        "Python {} ({})",
        String::from_utf8_lossy(&version.stdout).trim(),
        world.venv.python().display()
    );
    assert!(exit.stdout.contains(&told), "{told} is not in:\n{}", exit.stdout);
    world.finish();
}

#[test]
fn a_file_that_is_no_interpreter_is_refused_by_name() {
    let folder = Folder::new();
    write(&folder.path("."), "text", "not a program");
    write_program(&folder.path("."), "empty", "");
    for (asked, told) in [
        ("/nowhere/python", "there is no such executable file"),
        ("no-such-python", "there is no such executable file"),
        ("./text", "there is no such executable file"),
        ("/", "there is no such executable file"),
        ("./empty", "empty"),
        ("/bin/true", "/bin/true ended during the start of the Python interpreter"),
        ("/bin/cat", "/bin/cat ended during the start of the Python interpreter"),
    ] {
        let exit = folder.run(&["worker", "--burst", "--python", asked]);

        assert_refused(&exit, 78, &["error: ", asked, told]);
    }
}

#[test]
fn a_missing_interpreter_is_told_with_the_places_that_were_searched() {
    let folder = Folder::new();
    let mut command = folder.rq(&["worker", "--burst"]);
    command.env_remove("RQ_PYTHON").env("PATH", folder.path("."));

    let exit = run(command);

    assert_refused(
        &exit,
        78,
        &["found no Python interpreter", ".venv/bin/python", "python3 on PATH", "--python"],
    );
}

#[test]
fn a_broken_virtual_environment_is_not_passed_over() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path(".venv/bin")).unwrap();
    symlink("/nowhere/python3", folder.path(".venv/bin/python")).unwrap();
    let mut command = folder.rq(&["worker", "--burst"]);
    command.env_remove("RQ_PYTHON");

    let exit = run(command);

    assert_refused(
        &exit,
        78,
        &["cannot use the virtual environment's interpreter", ".venv/bin/python", "--python"],
    );
}

#[test]
fn a_virtual_environment_that_is_not_there_is_passed_over_with_a_warning() {
    let world = World::new();
    let root = world.path(".");
    let used = marked(&root, "bin/python3", "path");
    let gone = root.join("gone");
    let told = format!(
        "VIRTUAL_ENV from the environment: not used, as there is no {}; jobs are run by {}",
        gone.join("bin/python").display(),
        used.display()
    );
    let with = |arguments: &[&str]| {
        let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
        command.args(arguments).args(["-c", "settings"]);
        command.env("VIRTUAL_ENV", &gone).env("PATH", root.join("bin"));
        world.start(command).wait_exit()
    };

    let check = with(&["config", "check"]);
    let worker = with(&["worker", "--burst"]);
    let asked = with(&["config", "check", "--python", used.to_str().unwrap()]);

    assert_eq!((check.code(), worker.code()), (0, 0), "{}{}", check.stderr, worker.stderr);
    assert_eq!(check.stderr, format!("warning: {told}"));
    assert!(worker.stdout.contains(&told), "{}", worker.stdout);
    assert_eq!((asked.code(), asked.stderr.as_str()), (0, ""));
    world.finish();
}

#[test]
fn a_tilde_in_front_of_the_interpreter_is_the_home_directory() {
    let folder = Folder::with(&[("settings.py", "NAME = 'n'\n")]);
    marked(&folder.path("."), "mine", "home");
    let mut command = folder.rq(&["config", "check", "-c", "settings"]);
    command.env("RQ_PYTHON", "~/mine");

    let exit = run(command);

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(folder.path("marks").exists());
}

#[test]
fn an_interpreter_that_never_answers_is_given_up() {
    let folder = Folder::new();
    let program = write_program(&folder.path("."), "deaf", "#!/bin/sh\nexec sleep 1000\n");
    let mut command = folder.rq(&["worker", "--burst", "--python", program.to_str().unwrap()]);
    command.env("RQ_HORSE__START_TIMEOUT", "200ms");

    let exit = run(command);

    assert_refused(
        &exit,
        78,
        &["the start of the Python interpreter took longer than 0.2s", "horse.start_timeout"],
    );
}

/// An interpreter of that version where developers keep theirs.
fn interpreter(version: &str) -> Option<PathBuf> {
    let roots = [
        std::env::var_os("PYENV_ROOT").map(PathBuf::from),
        std::env::home_dir().map(|home| home.join(".pyenv")),
    ];
    roots.into_iter().flatten().find_map(|root| {
        let found = fs::read_dir(root.join("versions")).ok()?.flatten().map(|entry| entry.path());
        let mut found = found
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(version)));
        found.next().map(|path| path.join("bin/python")).filter(|path| path.exists())
    })
}

#[test]
fn a_python_that_is_too_old_is_refused_by_its_version() {
    let mut missing = Vec::new();
    for version in ["2.7.", "3.6.", "3.7."] {
        let Some(old) = interpreter(version) else {
            missing.push(version);
            continue;
        };

        let exit = Folder::new().run(&["worker", "--burst", "--python", old.to_str().unwrap()]);

        assert_refused(&exit, 78, &[&format!("it is Python {version}"), "and 3.8 or newer is needed"]);
        assert!(!exit.stderr.contains("Traceback"), "{}", exit.stderr);
    }
    if !missing.is_empty() {
        skipped(&Lack::OfMachine(format!("no Python {}", missing.join(" "))));
    }
}

#[test]
fn an_interpreter_without_rq_runs_plain_functions() {
    let world = World::new();
    let mut python = Command::new(world.venv.python());
    python.args(["-m", "venv", "--without-pip", "bare"]).current_dir(world.path("."));
    assert!(python.status().unwrap().success());
    let bare = world.path("bare/bin/python");
    assert!(!Command::new(&bare).args(["-c", "import rq"]).output().unwrap().status.success());
    let job = world.enqueue("'jobs.returns.add', 20, y=22");
    let failed = world.enqueue("'jobs.raising.plain'");

    let exit = world.work(&["--python", bare.to_str().unwrap()]);

    assert_eq!(world.view(&job)["result"], 42, "{}", exit.stderr);
    assert_eq!(world.view(&failed)["status"], "failed");
    world.finish();
}

#[test]
fn an_interpreter_is_run_by_the_name_that_was_given() {
    let world = World::new();
    symlink(world.venv.python(), world.path("other")).unwrap();

    let exit = world.work(&["--python", "./other"]);

    // A virtual environment is known by the path that its interpreter is called by.
    assert!(exit.stdout.contains("/other), "), "{}", exit.stdout);
    world.finish();
}

#[test]
fn root_does_not_run_the_environment_of_somebody_else_unasked() {
    if !nix::unistd::geteuid().is_root() {
        return skipped(&Lack::OfMachine("giving a file away needs root".to_owned()));
    }
    let folder = Folder::new();
    let path = marked(&folder.path(""), "bin/python3", "path");
    let local = marked(&folder.path(""), ".venv/bin/python", "local");
    std::os::unix::fs::chown(&local, Some(65_534), None).unwrap();
    let check = |variables: &[(&str, &Path)]| {
        let _ = fs::remove_file(folder.path("marks"));
        let mut command = folder.rq(&["config", "check", "--connect", "--url", "redis://127.0.0.1:1"]);
        command.env_remove("RQ_PYTHON").env("PATH", path.parent().unwrap()).envs(variables.iter().copied());
        let exit = run(command);
        (fs::read_to_string(folder.path("marks")).unwrap(), exit)
    };

    let (unasked, told) = check(&[]);
    let (asked, _) = check(&[("RQ_PYTHON", &local)]);

    assert_eq!((unasked.as_str(), asked.as_str()), ("path\n", "local\n"), "{}", told.stderr);
    assert!(told.stderr.contains("is not used, as it is not root's"), "{}", told.stderr);
}
