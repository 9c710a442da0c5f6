//! The schema against what we tell people to write, by a validator of somebody else.

use std::fs;
use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value as Raw, json};

/// Our schema, ready to judge.
struct Judge {
    schemas: Schemas,
    ours: SchemaIndex,
}

impl Judge {
    fn new() -> Self {
        let mut schemas = Schemas::new();
        let mut compiler = Compiler::new();
        compiler.add_resource("rq.json", super::schema()).unwrap();
        let ours = compiler.compile("rq.json", &mut schemas).unwrap_or_else(|error| panic!("{error:#}"));
        Self { schemas, ours }
    }

    fn refusal(&self, document: &Raw) -> Option<String> {
        self.schemas.validate(document, self.ours).err().map(|error| format!("{error:#}"))
    }

    #[track_caller]
    fn takes(&self, what: &str, toml: &str) {
        let table: toml::Table = toml.parse().unwrap_or_else(|error| panic!("{what}: {error}"));
        let refusal = self.refusal(&serde_json::to_value(table).unwrap());
        assert_eq!(refusal, None, "{what}");
    }
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The files of the examples with this ending.
fn examples(ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![repository("examples")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|other| other == ending) {
                found.push(path);
            }
        }
    }
    found
}

/// The pieces in TOML that a page shows.
fn snippets(page: &str) -> impl Iterator<Item = &str> {
    page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap())
}

#[test]
fn the_schema_takes_every_line_of_the_default_file() {
    let uncomment =
        |line: &str| line.strip_prefix('#').filter(|line| !line.starts_with(' ')).map(String::from);
    let text: String = super::rq_toml()
        .lines()
        .map(|line| uncomment(line).unwrap_or_else(|| line.to_owned()) + "\n")
        .collect();

    let judge = Judge::new();

    judge.takes("etc/rq/rq.toml", &super::rq_toml());
    judge.takes("etc/rq/rq.toml with every key", &text);
}

#[test]
fn the_schema_takes_what_the_documentation_shows() {
    let judge = Judge::new();
    let mut seen = 0;
    let pages = fs::read_dir(repository("docs")).unwrap().map(|entry| entry.unwrap().path());
    for page in pages.chain([repository("README.md")]).chain(examples("md")) {
        if page.extension().is_none_or(|ending| ending != "md") {
            continue;
        }
        for snippet in snippets(&fs::read_to_string(&page).unwrap()) {
            judge.takes(&format!("{}:\n{snippet}", page.display()), snippet);
            seen += 1;
        }
    }
    for example in examples("toml") {
        judge.takes(&example.display().to_string(), &fs::read_to_string(&example).unwrap());
        seen += 1;
    }

    assert!(seen >= 3, "{seen} snippets");
}

#[test]
fn the_schema_takes_the_other_forms_of_a_value() {
    let judge = Judge::new();

    for document in [
        json!({"QUEUES": "high,low", "REDIS_PORT": "6380", "REDIS_SSL": "yes", "REDIS_SSL_CERT_REQS": 2}),
        json!({"worker": {"ttl": 60, "dequeue_strategy": "Round_Robin", "burst": "on"}}),
        json!({"worker": {"ttl": "1h30m", "results_ttl": "5m"}, "horse": {"max_result_size": "1MiB"}}),
        json!({"queue": {"a b.c": {"timeout": -1}}, "logging": {"level": "WARN"}}),
    ] {
        assert_eq!(judge.refusal(&document), None, "{document}");
    }
}

#[test]
fn the_schema_refuses_what_a_check_refuses() {
    let judge = Judge::new();

    for document in [
        json!({"QUEUE": ["a"]}),
        json!({"wroker": {}}),
        json!({"worker": {"tll": 5}}),
        json!({"worker": {"ttl": "soon"}}),
        json!({"worker": {"ttl": 0}}),
        json!({"worker": {"burst": 7}}),
        json!({"worker": {"queues": [7]}}),
        json!({"worker": {"dequeue_strategy": "newest"}}),
        json!({"worker": []}),
        json!({"REDIS_PORT": 65_536}),
        json!({"REDIS_PORT": "many"}),
        json!({"REDIS_URL": "http://h"}),
        json!({"queue": {"mail": {"timeouts": 5}}}),
        json!({"cron": {"a": 5}}),
        json!({"logging": {"level": "loud"}}),
    ] {
        assert!(judge.refusal(&document).is_some(), "{document}");
    }
}
