//! What to read, and reading it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Raw;

use super::connection::{self, Address};
use super::credentials::{self, Credentials};
use super::django;
use super::environment::{Environment, Reader, Said};
use super::explicit::{Explicit, PythonCandidate, PythonSource};
use super::file::{Document, Unreadable};
use super::kind::Value;
use super::layer::{Entry, Layer, Standing, add_defaults_of_tables};
use super::origin::Origin;
use super::places::Places;
use super::problem::{Problem, Problems};
use super::python::PythonModule;
use super::resolved::{Resolved, Warning};
use super::section::{
    self, Appender, Cron, Group, Health, Horse, Http, Logging, Maintenance, Metrics, Queue, Reload,
    Scheduler, Sentry, Shutdown, Worker,
};
use super::stack::{self, Stack};
use super::{Redis, Settings, appender, cron, doubts, shadow};

const SERVICE_LINK: &str = "REDIS_PORT from the environment: not used, as it is not a port but the link of a \
                            Kubernetes service called redis; say where Redis is by RQ_REDIS_URL";

/// What to read. It has no `Debug`, as it holds secrets.
#[derive(Clone)]
pub(crate) struct Sources {
    environment: Environment,
    directory: PathBuf,
    places: Places,
    explicit: Vec<Explicit>,
    python: Option<PythonModule>,
    options: Vec<(&'static str, &'static str, Raw)>,
}

impl Sources {
    /// The environment, and the directory that relative paths start from.
    pub(crate) fn new(environment: Environment, directory: PathBuf) -> Self {
        let places = Places::of(&environment);
        Self { environment, directory, places, explicit: Vec::new(), python: None, options: Vec::new() }
    }

    /// Other places for files that are read unasked.
    #[cfg(test)]
    pub(crate) fn places(mut self, places: Places) -> Self {
        self.places = places;
        self
    }

    /// What `-c` names. Options come before it: those about the import path decide what a name means.
    pub(crate) fn explicit(self, name: &str) -> Result<Self, Problems> {
        self.explicit_by(name, &Origin::Option("-c"))
    }

    /// The same when something else than `-c` gave the name.
    pub(crate) fn explicit_by(mut self, name: &str, asked: &Origin) -> Result<Self, Problems> {
        let explicit = Explicit::of(name, asked, &self.directory, &self.import_path())?;
        let is_python = |explicit: &Explicit| matches!(explicit, Explicit::Python(_));
        if is_python(&explicit) && self.explicit.iter().any(is_python) {
            let text = format!("{name} is a second Python module, and a worker has one");
            let problem = Problem::with_source(asked.clone(), text);
            return Err(problem.hint("give the other settings in files").into());
        }
        self.explicit.push(explicit);
        Ok(self)
    }

    /// A value from the command line: the highest layer. `flag` is the option as its user knows it. Of two values
    /// for one key the later counts.
    pub(crate) fn option(mut self, key: &'static str, flag: &'static str, value: impl Into<Raw>) -> Self {
        debug_assert!(section::key(key).is_some(), "{key} is no key");
        self.options.retain(|(name, _, _)| *name != key);
        self.options.push((key, flag, value.into()));
        self
    }

    /// The values of the Python settings module.
    pub(crate) fn python(mut self, module: PythonModule) -> Self {
        self.python = Some(module);
        self
    }

    /// The files and folders that say something, or would if they were there; not what a Python module imports.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let explicit = self.explicit.iter().filter_map(|explicit| match explicit {
            Explicit::File(path) => Some(path.clone()),
            Explicit::Python(candidate) => match &candidate.source {
                PythonSource::File(path) => Some(path.clone()),
                PythonSource::Module(_) => None,
            },
        });
        let named = self.environment.files(&self.directory);
        self.places.watched().chain(explicit).chain(named).collect()
    }

    /// The Python module that must be imported before the settings are whole; [`Sources::python`] takes its values.
    ///
    /// Until then [`Sources::read`] gives what the other sources say, which is enough to start an interpreter.
    pub(crate) fn python_wanted(&self) -> Option<&PythonCandidate> {
        self.explicit.iter().find_map(|explicit| match explicit {
            Explicit::Python(candidate) if self.python.is_none() => Some(candidate),
            _ => None,
        })
    }

    /// Takes the file of the same name, after the interpreter found no such module.
    pub(crate) fn module_is_missing(mut self) -> Result<Self, Problems> {
        for explicit in &mut self.explicit {
            if let Explicit::Python(candidate) = explicit {
                *explicit = Explicit::File(candidate.as_file()?);
            }
        }
        Ok(self)
    }

    /// Reads everything and makes the settings of it, or tells all that is wrong at once.
    #[cfg(test)]
    pub(crate) fn resolve(&self) -> Result<Resolved, Problems> {
        let (resolved, problems) = self.read()?;
        Problems::or(problems, resolved)
    }

    /// What is known whatever is wrong, and all that is wrong. A value that cannot be used counts as not given.
    pub(crate) fn read(&self) -> Result<(Resolved, Vec<Problem>), Problems> {
        let mut problems = Vec::new();
        let mut layers = self.layers(&mut problems);
        let module_alone = self.explicit.iter().any(|explicit| matches!(explicit, Explicit::Python(_)));
        let passed_over = self.python.as_ref().and_then(|module| django::passed_over(module, &layers));
        let mut choice = connection::choose(&mut layers, module_alone);
        problems.append(&mut choice.problems);
        problems.extend(layers.iter().flat_map(Layer::problems));
        problems.extend(stack::unusable(&layers));
        let stack = Stack::new(layers);
        let settings = settings(&stack, self.environment.get("HOME"), &mut problems)?;
        let mut warnings = shadow::warnings(&stack, &choice, &self.explicit);
        warnings.extend(self.python.iter().flat_map(PythonModule::doubts));
        warnings.extend(passed_over);
        warnings.extend(doubts::doubts(&settings));
        warnings.extend(appender::doubts(&stack, &settings.appenders, &settings.sentry));
        warnings.extend(credentials::readable_by_all(stack.layers()));
        if choice.winner.is_none() && self.environment.is_service_link("REDIS_PORT") {
            warnings.push(Warning(SERVICE_LINK.to_owned()));
        }
        Ok((Resolved::new(settings, &stack, &choice, warnings), problems))
    }

    /// Where Python will look for modules, as far as it is known before any file that `-c` names is read.
    fn import_path(&self) -> Vec<PathBuf> {
        let before = Self { explicit: Vec::new(), ..self.clone() };
        let layers = before.layers(&mut Vec::new());
        let entry = layers.iter().rev().find_map(|layer| layer.entries.get("horse.path"));
        let Some(Ok(Value::List(places))) = entry.map(|entry| &entry.value) else { return Vec::new() };
        // Without the `.` at its end, which would look odd where the places are told.
        places.iter().map(|place| self.directory.join(place).components().collect()).collect()
    }

    fn layers(&self, problems: &mut Vec<Problem>) -> Vec<Layer> {
        let environment = |said| Reader { environment: &self.environment, directory: &self.directory, said };
        let mut layers = vec![Layer::defaults()];
        for path in self.places.files(problems) {
            layers.extend(default_file(&path, problems));
        }
        layers.push(environment(Said::ByItself).bare(problems));
        let mut of_module = None;
        for explicit in &self.explicit {
            match explicit {
                Explicit::File(path) => layers.extend(load(Standing::Explicit, path, problems)),
                Explicit::Python(_) => {
                    of_module = self.python.as_ref().map(|module| (module, layers.len()));
                    layers.extend(self.python.iter().map(|module| module.layer(problems)));
                }
            }
        }
        let options = self.option_layer(problems);
        let served = queues(layers.iter().chain([&options]));
        layers.push(environment(Said::InFile).bare(problems));
        if let Some(credentials) = Credentials::of(&self.environment, &self.directory, problems) {
            layers.push(credentials.layer(&layers, &served, problems));
        }
        for said in [Said::InFile, Said::ByItself] {
            layers.push(environment(said).prefixed(&layers, &served, problems));
        }
        layers.push(options);
        if let Some((module, at)) = of_module {
            django::complete(module, &mut layers, at, problems);
        }
        add_defaults_of_tables(&mut layers);
        section::Sentry::keep_off(&mut layers);
        layers
    }

    fn option_layer(&self, problems: &mut Vec<Problem>) -> Layer {
        let mut layer = Layer::new(Standing::Option, true);
        for (name, flag, raw) in &self.options {
            if let Some(key) = section::key(name) {
                layer.add(Entry::read(key, key.name, Origin::Option(flag), raw), problems);
            }
        }
        layer
    }
}

/// The queues that any layer wants to be served.
fn queues<'a>(layers: impl Iterator<Item = &'a Layer>) -> Vec<String> {
    let lists = layers.filter_map(|layer| layer.entries.get("worker.queues"));
    let names = lists.filter_map(|entry| match &entry.value {
        Ok(Value::List(names)) => Some(names.clone()),
        _ => None,
    });
    names.flatten().collect()
}

/// A default file is read when it is there.
fn default_file(path: &Path, problems: &mut Vec<Problem>) -> Option<Layer> {
    match path.metadata().map_err(Unreadable::from) {
        Err(Unreadable::Missing) => None,
        _ => load(Standing::DefaultFile, path, problems),
    }
}

fn load(standing: Standing, path: &Path, problems: &mut Vec<Problem>) -> Option<Layer> {
    match Document::load(path) {
        Ok(document) => {
            problems.extend(document.doubles());
            Some(Layer::of_file(standing, &document.table, &|key| document.origin(key), problems))
        }
        Err(refused) => {
            problems.extend(refused);
            None
        }
    }
}

/// The structs that the rest of the program takes.
fn settings(stack: &Stack, home: Option<&str>, problems: &mut Vec<Problem>) -> Result<Settings, Problems> {
    let keys: section::RedisKeys = stack.section("redis")?;
    let mut worker: Worker = stack.section("worker")?;
    // RQ: of its paths, only this one is expanded.
    worker.pid_file = worker.pid_file.map(|path| at_home(path, home));
    let bare = |entry: &Entry| entry.origin == Origin::Variable("NAME".to_owned());
    let name = section::key("worker.name").and_then(|key| stack.entries(key).0);
    worker.name_from_environment = name.is_some_and(bare);
    let redis = Redis {
        start_timeout: keys.start_timeout,
        key_prefix: keys.key_prefix.clone(),
        address: Address::of(keys)?,
    };
    let cron = stack.tables::<Cron>("cron")?;
    cron::check(stack, &cron, problems);
    let appenders = stack.tables::<Appender>("logging.appender")?;
    appender::check(stack, &appenders, problems);
    Ok(Settings {
        redis,
        worker,
        horse: horse(stack, home)?,
        logging: stack.section::<Logging>("logging")?,
        appenders,
        shutdown: stack.section::<Shutdown>("shutdown")?,
        maintenance: stack.section::<Maintenance>("maintenance")?,
        scheduler: stack.section::<Scheduler>("scheduler")?,
        sentry: stack.section::<Sentry>("sentry")?,
        http: stack.section::<Http>("http")?,
        metrics: stack.section::<Metrics>("metrics")?,
        health: stack.section::<Health>("health")?,
        cron,
        queues: stack.tables::<Queue>("queue")?,
        groups: groups(stack, home)?,
        reload: stack.section::<Reload>("reload")?,
    })
}

fn groups(stack: &Stack, home: Option<&str>) -> Result<BTreeMap<String, Group>, Problems> {
    let mut groups = stack.tables::<Group>("group")?;
    for group in groups.values_mut() {
        group.python = group.python.take().map(|path| at_home(path, home));
    }
    Ok(groups)
}

fn horse(stack: &Stack, home: Option<&str>) -> Result<Horse, Problems> {
    let mut horse: Horse = stack.section("horse")?;
    horse.python = horse.python.map(|path| at_home(path, home));
    Ok(horse)
}

/// A path whose `~/` is taken for the home of the user.
fn at_home(path: PathBuf, home: Option<&str>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => Path::new(home).join(rest),
        _ => path,
    }
}
