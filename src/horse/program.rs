//! The embedded Python package, as the one program text that a fork server is started with.

use std::collections::BTreeMap;

const LOADER: &str = include_str!("python/loader.py");

/// The line of the loader that the modules' sources replace.
const PLACE: &str = "\nSOURCES = {}\n";

macro_rules! modules {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("python/", $name, ".py")))),*]
    };
}

fn sources() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from(modules![
        "application",
        "bounds",
        "callbacks",
        "channel",
        "clue",
        "connection",
        "cron",
        "current_job",
        "decode",
        "django_project",
        "engine",
        "evidence",
        "fitness",
        "frames",
        "fresh",
        "ground",
        "herd",
        "hooks",
        "imports",
        "horse",
        "importable",
        "job",
        "leash",
        "libraries",
        "limit",
        "listeners",
        "named",
        "nearest",
        "order",
        "outcome",
        "own_sdk",
        "pages",
        "payload",
        "process",
        "records",
        "rehearsal",
        "resolve",
        "result",
        "rq_engine",
        "rq_steps",
        "serializers",
        "server",
        "shapes",
        "signals",
        "sources",
        "stack",
        "streams",
        "text",
        "threads",
        "title",
        "trace",
        "traces",
        "undecodable",
        "values",
        "wire"
    ])
}

/// The program: the loader with the sources of all modules in it. A JSON object is a valid Python literal here.
pub(super) fn text() -> Vec<u8> {
    let sources = serde_json::to_string(&sources()).expect("text is always JSON");
    LOADER.replacen(PLACE, &format!("\nSOURCES = {sources}\n"), 1).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_of_the_package_is_embedded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/horse/python");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "py"))
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| name != "loader")
            .collect();
        there.sort();

        assert_eq!(sources().into_keys().collect::<Vec<_>>(), there);
    }

    #[test]
    fn the_loader_has_a_place_for_the_sources() {
        assert_eq!(LOADER.matches(PLACE).count(), 1);
    }

    #[test]
    fn the_sources_are_plain_ascii() {
        assert!(text().is_ascii());
    }
}
