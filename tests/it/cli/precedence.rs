//! Which place wins when several say something, as `docs/configuration.md` tells it.

use serde_json::json;

use super::Folder;
use super::folder::{Shown, assert_refused, run, shown};

/// What `rq config show --json` tells with these variables and arguments.
#[track_caller]
fn with(folder: &Folder, variables: &[(&str, &str)], arguments: &[&str]) -> Shown {
    let mut command = folder.rq(&["config", "show", "--json"]);
    command.envs(variables.iter().copied());
    shown(command, arguments)
}

#[test]
fn a_later_place_beats_an_earlier_one_and_every_loser_is_shown() {
    let folder = Folder::with(&[("rq.toml", "QUEUES = [\"file\"]\n")]);
    let bare = ("QUEUES", "bare");
    let prefixed = ("RQ_WORKER__QUEUES", "prefixed,too");
    let file = ["-c", "rq.toml"];
    let queues = |variables: &[(&str, &str)], arguments: &[&str]| {
        with(&folder, variables, arguments).of("worker.queues").clone()
    };

    assert_eq!(queues(&[], &[])["value"], json!(["default"]));
    assert_eq!(queues(&[bare], &[])["value"], json!(["bare"]));
    assert_eq!(queues(&[bare], &file)["value"], json!(["file"]));
    let all = queues(&[bare, prefixed], &file);
    assert_eq!(all["value"], json!(["prefixed", "too"]));
    assert!(all["origin"].as_str().unwrap().contains("RQ_WORKER__QUEUES"), "{all}");
    let lost = all["shadows"].to_string();
    for loser in ["file", "bare", "rq.toml, line 1", "QUEUES"] {
        assert!(lost.contains(loser), "{loser} is not in {lost}");
    }
}

#[test]
fn an_option_beats_every_variable_and_file() {
    let folder = Folder::with(&[("rq.toml", "[horse]\npath = [\"file\"]\n")]);

    let shown =
        with(&folder, &[("RQ_HORSE__PATH", "variable")], &["-c", "rq.toml", "-P", "one", "-P", "two"]);

    assert_eq!(shown.of("horse.path")["value"], json!(["one", "two"]));
    assert!(shown.of("horse.path")["origin"].as_str().unwrap().contains("--path"));
}

#[test]
fn the_connection_follows_rqs_order() {
    let folder = Folder::with(&[
        ("named.py", "REDIS_URL = 'redis://module'\n"),
        ("silent.py", "QUEUES = ['a']\n"),
        ("named.toml", "REDIS_HOST = \"file\"\n"),
        ("silent.toml", "QUEUES = [\"a\"]\n"),
    ]);
    let bare = [("REDIS_URL", "redis://bare")];
    let both = [("REDIS_URL", "redis://bare"), ("RQ_REDIS_URL", "redis://prefixed")];
    let url = |variables: &[(&str, &str)], arguments: &[&str]| {
        with(&folder, variables, arguments).of("redis.url")["value"].clone()
    };
    let host = |variables: &[(&str, &str)], arguments: &[&str]| {
        with(&folder, variables, arguments).of("redis.host")["value"].clone()
    };

    assert_eq!(url(&both, &["-c", "named", "--url", "redis://option"]), "redis://option");
    assert_eq!(url(&both, &["-c", "named"]), "redis://prefixed");
    assert_eq!(url(&bare, &["-c", "named.py"]), "redis://module");
    assert_eq!(host(&bare, &["-c", "named.toml"]), "file");
    assert_eq!(url(&bare, &["-c", "silent.toml"]), "redis://bare");
    // RQ: with a module, the environment is not asked even when the module names no connection.
    assert_eq!(host(&bare, &["-c", "silent.py"]), "localhost");
    assert_eq!(url(&bare, &[]), "redis://bare");
    assert_eq!(host(&[("REDIS_HOST", "bare")], &[]), "bare");
    assert_eq!(host(&[], &[]), "localhost");
}

#[test]
fn a_password_never_travels_to_a_host_from_another_place() {
    let folder = Folder::with(&[("rq.toml", "REDIS_HOST = \"file\"\n")]);
    let variables = [("REDIS_PASSWORD", "for-another-host"), ("REDIS_HOST", "another-host")];

    let shown = with(&folder, &variables, &["-c", "rq.toml"]);

    assert_eq!(shown.of("redis.password")["value"], json!(null));
    assert_eq!(shown.of("redis.host")["value"], "file");
}

#[test]
fn queues_and_name_of_the_settings_count_beside_a_url() {
    let folder = Folder::with(&[("settings.py", "REDIS_URL = 'redis://m'\nQUEUES = ['a']\nNAME = 'n'\n")]);

    let shown = with(&folder, &[], &["-c", "settings", "--url", "redis://option"]);

    assert_eq!(shown.of("worker.queues")["value"], json!(["a"]));
    assert_eq!(shown.of("worker.name")["value"], "n");
}

#[test]
fn rq_config_names_the_settings_and_an_option_wins_over_it() {
    let folder = Folder::with(&[("a.toml", "NAME = \"a\"\n"), ("b.toml", "NAME = \"b\"\n")]);

    let by_variable = with(&folder, &[("RQ_CONFIG", "a.toml")], &[]);
    let by_option = with(&folder, &[("RQ_CONFIG", "a.toml")], &["-c", "b.toml"]);
    let empty = with(&folder, &[("RQ_CONFIG", "")], &[]);

    assert_eq!(by_variable.of("worker.name")["value"], "a");
    assert_eq!(by_option.of("worker.name")["value"], "b");
    assert_eq!(empty.of("worker.name")["value"], json!(null));
}

#[test]
fn a_value_may_stand_in_a_file_that_a_variable_names() {
    let folder = Folder::with(&[("secret", "redis://:pw@h/1\n"), ("name", "n\n"), ("ttl", "7m\r\n")]);

    let shown = with(
        &folder,
        &[("RQ_REDIS_URL_FILE", "secret"), ("NAME_FILE", "name"), ("RQ_WORKER__TTL_FILE", "ttl")],
        &[],
    );

    assert_eq!(shown.of("redis.url")["value"], "redis://:***@h/1");
    assert_eq!(shown.of("worker.name")["value"], "n");
    assert_eq!(shown.of("worker.ttl")["value"], "420s");
}

#[test]
fn a_variable_that_cannot_count_is_told_by_its_name() {
    let folder = Folder::with(&[("name", "n\n")]);
    for (variables, told) in [
        (&[("RQ_WORKER__TTL", "soon")][..], "RQ_WORKER__TTL"),
        (&[("RQ_WORKER__TLL", "3")], "did you mean RQ_WORKER__TTL?"),
        (&[("RQ_WORKER__NAME_FILE", "no-such-file")], "RQ_WORKER__NAME_FILE"),
        (&[("NAME", "a"), ("NAME_FILE", "name")], "NAME_FILE is set too"),
        (&[("REDIS_PORT", "high")], "REDIS_PORT"),
        (&[("REDIS_SSL", "perhaps")], "REDIS_SSL"),
        (&[("RQ_REDIS_URL", "http://h")], "must be a URL that starts with redis://"),
    ] {
        for arguments in [&["worker", "--burst"][..], &["config", "check"]] {
            let mut command = folder.rq(arguments);
            command.envs(variables.iter().copied());

            assert_refused(&run(command), 78, &["error: ", told]);
        }
    }
}

#[test]
fn an_empty_variable_and_one_of_another_program_are_left_alone() {
    let folder = Folder::new();
    let variables = [
        ("RQ_WORKER__TTL", ""),
        ("REDIS_URL", ""),
        ("RQ_REDIS_URL", ""),
        ("RQ_SOMETHING", "x"),
        ("NAME", ""),
    ];

    let shown = with(&folder, &variables, &[]);

    assert_eq!(shown.of("worker.ttl")["value"], "420s");
    assert_eq!(shown.of("redis.host")["value"], "localhost");
}

#[test]
fn the_link_of_a_service_called_redis_is_no_port() {
    let folder = Folder::new();
    let mut command = folder.rq(&["config", "check"]);
    command.env("REDIS_PORT", "tcp://10.0.0.1:6379");

    let exit = run(command);

    assert_eq!(exit.code(), 0);
    assert!(exit.stderr.contains("warning: REDIS_PORT from the environment: not used"), "{}", exit.stderr);
}
