//! Every layer against every other, and every key in every form that it can be written in.

use serde_json::{Map, Value as Raw, json};

use super::super::section::{SECTIONS, TABLES};
use super::*;

/// How a layer is made to say a value for a key, which RQ calls as is told.
type Layer = (&'static str, fn(&mut Place, &Said));

/// One value of one key.
struct Said {
    key: &'static str,
    rq_name: Option<&'static str>,
    raw: Raw,
}

impl Said {
    fn toml(&self) -> String {
        let (section, field) = self.key.split_once('.').unwrap();
        format!("[{section}]\n{field} = {}\n", self.raw)
    }

    fn text(&self) -> String {
        match &self.raw {
            Raw::String(text) => text.clone(),
            Raw::Array(items) => items.iter().filter_map(Raw::as_str).collect::<Vec<_>>().join(","),
            other => other.to_string(),
        }
    }

    fn long(&self) -> String {
        format!("RQ_{}", self.key.replace('.', "__").to_uppercase())
    }
}

impl Place {
    fn put(&mut self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }
}

/// All layers, the lowest first.
const LAYERS: [Layer; 14] = [
    ("/usr/lib/rq/rq.toml", |place, said| place.put("usr/rq.toml", &said.toml())),
    ("/etc/rq/rq.toml", |place, said| place.put("etc/rq.toml", &said.toml())),
    ("a drop-in of the distribution", |place, said| place.put("usr/rq.toml.d/10-a.toml", &said.toml())),
    ("a later drop-in of the machine", |place, said| place.put("etc/rq.toml.d/20-b.toml", &said.toml())),
    ("the user's file", |place, said| place.put("home/rq.toml", &said.toml())),
    ("the user's drop-in", |place, said| place.put("home/rq.toml.d/a.toml", &said.toml())),
    ("a bare variable", |place, said| place.set(said.rq_name.unwrap(), &said.text())),
    ("-c", |place, said| place.put("c1.toml", &said.toml())),
    ("a later -c", |place, said| place.put("c2.toml", &said.toml())),
    ("a file of a bare variable", |place, said| {
        place.put("bare", &said.text());
        place.set(&format!("{}_FILE", said.rq_name.unwrap()), "bare");
    }),
    ("a credential", |place, said| place.put(&format!("credentials/{}", said.key), &said.text())),
    ("a file of a prefixed variable", |place, said| {
        place.put("prefixed", &said.text());
        place.set(&format!("{}_FILE", said.long()), "prefixed");
    }),
    ("a prefixed variable", |place, said| place.set(&said.long(), &said.text())),
    ("an option", |_, _| {}),
];

/// A value and its file may not both be told by variables of one name.
const CONFLICTS: [(&str, &str); 2] = [
    ("a bare variable", "a file of a bare variable"),
    ("a file of a prefixed variable", "a prefixed variable"),
];

fn resolved(place: &mut Place, option: Option<&Said>) -> Resolved {
    place.places.system = vec![place.path("usr"), place.path("etc")];
    place.places.user = Some(place.path("home"));
    let folder = place.path("credentials").display().to_string();
    place.set("CREDENTIALS_DIRECTORY", &folder);
    let mut sources = place.sources();
    for name in ["c1.toml", "c2.toml"].into_iter().filter(|name| place.path(name).exists()) {
        sources = sources.explicit(name).unwrap();
    }
    if let Some(said) = option {
        sources = sources.option(said.key, "--option", said.raw.clone());
    }
    sources.resolve().unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn each_layer_beats_each_one_below_it() {
    let keys = [
        ("worker.name", Some("NAME"), [json!("low"), json!("high")]),
        ("worker.queues", Some("QUEUES"), [json!(["low", "a"]), json!(["high"])]),
        ("worker.burst", None, [json!(true), json!(false)]),
        ("worker.max_jobs", None, [json!(1), json!(2)]),
    ];
    for (key, rq_name, [low, high]) in keys {
        let fits = |(name, _): &&Layer| rq_name.is_some() || !name.contains("bare");
        let layers: Vec<&Layer> = LAYERS.iter().filter(fits).collect();
        for (at, (upper, say_upper)) in layers.iter().enumerate() {
            for (lower, say_lower) in layers[..at].iter().filter(|it| !CONFLICTS.contains(&(it.0, upper))) {
                let [low, high] = [&low, &high].map(|raw| Said { key, rq_name, raw: raw.clone() });
                let mut place = place();
                say_lower(&mut place, &low);
                say_upper(&mut place, &high);

                let resolved = resolved(&mut place, (*upper == "an option").then_some(&high));

                let row = resolved.origins.iter().find(|row| row.key == key).unwrap();
                assert_eq!(row.value, high.raw, "{key}: {upper} over {lower}, from {}", row.origin);
                assert!(
                    row.shadowed.iter().any(|lost| lost.value == low.raw),
                    "{key}: {lower} under {upper}"
                );
            }
        }
    }
}

/// The form that a value has where all is text: in INI and in variables.
fn as_text(raw: &Raw) -> String {
    raw.as_str().map_or_else(|| raw.to_string(), str::to_owned)
}

/// A file that says one key of a section, in each format.
fn files(section: &str, field: &str, raw: &Raw) -> Vec<(&'static str, String)> {
    let path: Vec<&str> = section.split('.').chain([field]).collect();
    let nested = path
        .iter()
        .rev()
        .fold(raw.clone(), |below, name| Raw::Object(Map::from_iter([(name.to_string(), below)])));
    let yaml: Vec<String> =
        path.iter().enumerate().map(|(level, name)| format!("\n{}{name}:", "  ".repeat(level))).collect();
    let json5 = path.iter().map(|name| format!("{{{name}: ")).collect::<Vec<_>>();
    let ron = path.iter().map(|name| format!("({name}: ")).collect::<Vec<_>>();
    let escaped = as_text(raw).replace('\\', "\\\\").replace('"', "\\\"");
    vec![
        ("a.toml", toml::to_string(&nested).unwrap()),
        ("a.json", nested.to_string()),
        ("a.json5", format!("{}{raw},{}", json5.concat(), "}".repeat(path.len()))),
        ("a.yaml", format!("{} {raw}\n", yaml.concat())),
        ("a.ini", format!("[{section}]\n{field} = {escaped}\n")),
        ("a.ron", format!("{}{raw},{}", ron.concat(), ")".repeat(path.len()))),
    ]
}

fn from_module(section: &str, field: &str, raw: &Raw) -> Sources {
    let (name, below) = section.split_once('.').unwrap_or((section, ""));
    let path = below.rsplit('.').filter(|part| !part.is_empty());
    let fields = path.fold(json!({field: raw}), |fields, part| json!({part: fields}));
    let values = Map::from_iter([(format!("RQ_{}", name.to_uppercase()), fields)]);
    let module = PythonModule { name: "m".to_owned(), file: None, values, opaque: BTreeMap::new() };
    let place = place().file("m.py", "");
    place.sources().explicit("m.py").unwrap().python(module)
}

#[test]
fn every_key_means_the_same_however_it_is_written() {
    let of_tables = TABLES.iter().map(|tables| (*tables, tables.name.replace('*', "mail")));
    let sections = SECTIONS.iter().map(|section| (*section, section.name.to_owned())).chain(of_tables);
    for (section, name) in sections {
        for key in section.keys {
            let raw: Raw = serde_json::from_str(key.example.or(key.default).unwrap()).unwrap();
            let expected = key.kind.shown(&key.read(&raw).unwrap());
            let whole = format!("{name}.{}", key.field);
            let mut found = Vec::new();
            for (file, text) in files(&name, key.field, &raw) {
                let place = place().file(file, &text);
                found.push((file, place.sources().explicit(file).unwrap().read().unwrap()));
            }
            if !key.before_python {
                found.push(("Python", from_module(&name, key.field, &raw).read().unwrap()));
            }
            if key.variables.allowed {
                let variable = format!("RQ_{}", whole.replace('.', "__").to_uppercase());
                let place = place().variable(&variable, &as_text(&raw));
                found.push(("variable", place.sources().read().unwrap()));
            }

            let all = format!("{:?}", found[0].1.0.settings);
            for (form, (resolved, problems)) in found {
                // These tables need more than one key.
                let whole_tables = ["cron.mail", "logging.appender.mail"];
                let of_table = |problem: &&Problem| {
                    problem.key.as_deref().is_some_and(|key| whole_tables.contains(&key))
                };
                let other = problems.iter().find(|problem| !of_table(problem));
                assert!(other.is_none(), "{whole} in {form}: {}", other.unwrap());
                let row = resolved.origins.iter().find(|row| row.key == whole);
                let row = row.unwrap_or_else(|| panic!("{whole} in {form} is not there"));
                assert_eq!(row.value, expected, "{whole} in {form}");
                assert_ne!(row.origin, Origin::Default, "{whole} in {form}");
                // What a module says of logging stays in the interpreter.
                if key.name != "logging.dict_config" {
                    assert_eq!(format!("{:?}", resolved.settings), all, "{whole} in {form}");
                }
            }
        }
    }
}

#[test]
fn names_of_queues_that_look_like_something_else_survive_everywhere() {
    let names = ["007", "no", "on", "1_000", "0x10", "null", "1e3"];
    let quoted = json!(names).to_string();
    let files = [
        ("a.toml", format!("QUEUES = {quoted}\n[queue.007]\ntimeout = 5\n[queue.no]\ntimeout = 5")),
        ("a.json", format!("{{\"QUEUES\": {quoted}, \"queue\": {{\"007\": {{\"timeout\": 5}}, \"no\": {{\"timeout\": 5}}}}}}")),
        ("a.json5", format!("{{QUEUES: {quoted}, queue: {{'007': {{timeout: 5}}, no: {{timeout: 5}}}}}}")),
        ("a.yaml", "QUEUES: [007, no, on, 1_000, '0x10', 'null', '1e3']\nqueue:\n  007: {timeout: 5}\n  no: {timeout: 5}".to_owned()),
        ("b.yaml", "QUEUES: 007,no,on,1_000,0x10,null,1e3\nqueue: {007: {timeout: 5}, no: {timeout: 5}}".to_owned()),
        ("a.ini", format!("QUEUES = {}\n[queue.007]\ntimeout = 5\n[queue.no]\ntimeout = 5", names.join(","))),
        ("a.ron", format!("(QUEUES: {quoted}, queue: {{\"007\": (timeout: 5), \"no\": (timeout: 5)}})")),
    ];
    let mut found: Vec<(&str, Resolved)> =
        files.iter().map(|(file, text)| (*file, place().file(file, text).with(file))).collect();
    let variables = place().variable("QUEUES", &names.join(","));
    let variables = variables.variable("RQ_QUEUE__007__TIMEOUT", "5").variable("RQ_QUEUE__NO__TIMEOUT", "5");
    found.push(("variables", variables.resolve()));

    for (form, resolved) in found {
        assert_eq!(resolved.settings.worker.queues, names, "{form}");
        assert_eq!(resolved.settings.queues.keys().collect::<Vec<_>>(), ["007", "no"], "{form}");
    }
}

#[test]
fn a_small_file_that_grows_without_end_is_refused_by_its_size() {
    let level = |name: &str, of: &str| format!("{name}: &{name} [{}]\n", [of; 7].join(","));
    let mut bomb = level("a", "x");
    for (name, below) in ["b", "c", "d", "e", "f", "g"].iter().zip(["*a", "*b", "*c", "*d", "*e", "*f"]) {
        bomb += &level(name, below);
    }
    assert!(bomb.len() <= 233, "{}", bomb.len());

    let told = place().file("a.yaml", &bomb).refused("a.yaml");

    assert!(told.contains("budget"), "{told}");
}
