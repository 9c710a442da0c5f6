//! What holds for any input.

use proptest::prelude::*;

use super::places::Places;
use super::*;

/// Text as INI, TOML, JSON, JSON5, YAML and RON all quote it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_highest_layer_that_says_something_wins(said in proptest::array::uniform4(proptest::option::of(1_u64..100_000))) {
        let mut place = place();
        let table = |ttl: Option<u64>| ttl.map_or(String::new(), |ttl| format!("[worker]\nttl = {ttl}"));
        place = place.system("etc", &table(said[0])).file("rq.toml", &table(said[1]));
        if let Some(ttl) = said[2] {
            place = place.variable("RQ_WORKER__TTL", &ttl.to_string());
        }
        let mut sources = place.sources().explicit("rq.toml").unwrap();
        if let Some(ttl) = said[3] {
            sources = sources.option("worker.ttl", "--worker-ttl", ttl);
        }

        let resolved = sources.resolve().unwrap();

        let expected = said.iter().rev().flatten().next().copied().unwrap_or(420);
        prop_assert_eq!(resolved.settings.worker.ttl, Duration::from_secs(expected));
        let row = resolved.origins.iter().find(|row| row.key == "worker.ttl").unwrap();
        prop_assert_eq!(row.shadowed.len(), said.iter().flatten().count());
    }

    #[test]
    fn a_text_and_a_number_are_the_same_in_every_format(name in "[ -~äß漢]{0,12}[!-~]", jobs in 1_u64..1 << 40) {
        let text = quoted(&name);
        let files = [
            ("a.toml", format!("NAME = {text}\n[worker]\nmax_jobs = {jobs}")),
            ("a.json", format!("{{\"NAME\": {text}, \"worker\": {{\"max_jobs\": {jobs}}}}}")),
            ("a.json5", format!("{{NAME: {text}, worker: {{max_jobs: {jobs}}}}}")),
            ("a.yaml", format!("NAME: {text}\nworker: {{max_jobs: {jobs}}}")),
            ("a.ini", format!("NAME = {text}\n[worker]\nmax_jobs = {jobs}")),
            ("a.ron", format!("(NAME: {text}, worker: (max_jobs: {jobs}))")),
        ];
        let mut found = vec![
            place().variable("NAME", &name).variable("RQ_WORKER__MAX_JOBS", &jobs.to_string()).resolve(),
        ];
        found.extend(files.iter().map(|(file, text)| place().file(file, text).with(file)));

        for resolved in found {
            let worker = resolved.settings.worker;
            prop_assert_eq!((worker.name.as_deref(), worker.max_jobs), (Some(name.as_str()), Some(jobs)));
        }
    }

    #[test]
    fn no_environment_makes_it_panic(
        names in proptest::collection::vec("(RQ_)?(REDIS|WORKER|HORSE|SENTRY|QUEUES|NAME)?_{0,2}(URL|HOST|PORT|TTL|QUEUES|DSN|PATH)?(_FILE)?", 0..6),
        values in proptest::collection::vec(any::<String>(), 6),
    ) {
        let environment: Environment = names.into_iter().zip(values).collect();

        let _ = Sources::new(environment, "/nonexistent".into()).places(Places::default()).resolve().map(|r| r.warnings);
    }

    #[test]
    fn no_file_makes_it_panic(text in "([\\[\\](){}:=,\"'#/*\\\\\n a-z0-9.&-]|.){0,60}") {
        for ending in ["toml", "json", "json5", "yaml", "ini", "ron"] {
            let file = format!("a.{ending}");
            let _ = place().file(&file, &text).sources().explicit(&file).and_then(|sources| sources.resolve()).err().map(|p| p.to_string());
        }
    }
}
