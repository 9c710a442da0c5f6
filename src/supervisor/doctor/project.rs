//! Asking the project's interpreters: each that some group of workers would use is started once, outside of any worker.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::finding::Finding;
use super::python::{self, Named};
use super::unless_refused;
use crate::horse::{Application, ImportTrouble, Opened, StartError};
use crate::job::QueueName;
use crate::store::{Standing, Store, StoreError};
use crate::supervisor::SupervisorError;
use crate::supervisor::loaded::application;
use crate::supervisor::settling::{Purpose, Settled, name};
use crate::supervisor::wanted::{Scope, Wanted};
use crate::worker::WorkError;

/// The most functions that are imported, and how long one may take and all together.
const FUNCTIONS: usize = 50;
const ONE: Duration = Duration::from_secs(15);
const ALL: Duration = Duration::from_secs(60);

/// How often an interpreter that died over an import is started anew.
const STARTS: usize = 3;

/// The most jobs that are looked at, and the least and the most of one place.
const JOBS: usize = 2000;
const LEAST: usize = 10;
const MOST: usize = 200;

/// An interpreter, and what it runs.
struct Project {
    application: Application,
    queues: Vec<String>,
    serves_rq: bool,
}

/// What there is to say of the interpreters, and of the functions of jobs that wait in these queues: in those that are configured
/// when none is named.
pub(super) async fn check(
    settled: &mut Settled,
    store: &Store,
    queues: &[String],
    imports: bool,
) -> Result<Vec<Finding>, SupervisorError> {
    let mut found = Vec::new();
    for project in projects(settled, queues)? {
        let opened = settled.opened.take().filter(|opened| opened.is_of(&project.application));
        let opened = match opened {
            Some(opened) => Ok(opened),
            None => Opened::open(&project.application, settled.leash.end()).await,
        };
        let asked = async {
            let mut opened = opened?;
            let imported = opened.import(None, &project.application, ONE).await?;
            Ok((opened, imported.libraries))
        };
        match asked.await {
            Err(error) => found.push(python::unusable(&error)),
            Ok((opened, libraries)) => {
                let path = project.application.python.display().to_string();
                let version = opened.python_version().to_owned();
                found.extend(python::check(&path, &version, &libraries, project.serves_rq));
                if imports {
                    let (named, looked) = functions(store, &project.queues).await.map_err(WorkError::from)?;
                    let wanted = named.len();
                    let tried = Trial { project: &project, settled, opened: Some(opened) }.of(named).await;
                    found.extend(python::functions(&tried, looked, wanted - tried.len()));
                }
            }
        }
    }
    Ok(found)
}

/// Each interpreter with its queues. What cannot be found is told of as a mistake in the settings.
fn projects(settled: &Settled, queues: &[String]) -> Result<Vec<Project>, SupervisorError> {
    let mut projects: Vec<Project> = Vec::new();
    for wanted in Wanted::all(&settled.resolved, Scope::Everything) {
        let mut application = match application(&wanted.resolved, Purpose::Tell) {
            Ok(application) => application,
            Err(SupervisorError::Config(_)) => continue,
            Err(error) => return Err(error),
        };
        if let Some(imported) = &settled.imported {
            name(&mut application, &imported.source);
        }
        let settings = &wanted.resolved.settings;
        application.key_prefix.clone_from(&settings.redis.key_prefix);
        let serves_rq = settings.horse.engine.word() == "rq";
        let own =
            settings.worker.queues.iter().filter(|own| queues.is_empty() || queues.contains(own)).cloned();
        match projects.iter_mut().find(|project| project.application == application) {
            Some(project) => {
                project.queues.extend(own);
                project.serves_rq |= serves_rq;
            }
            None => projects.push(Project { application, queues: own.collect(), serves_rq }),
        }
    }
    let strange =
        queues.iter().filter(|queue| !projects.iter().any(|project| project.queues.contains(queue)));
    let strange: Vec<String> = strange.cloned().collect();
    if let Some(first) = projects.first_mut() {
        first.queues.extend(strange);
    }
    for project in &mut projects {
        project.queues.sort();
        project.queues.dedup();
    }
    Ok(projects)
}

/// The functions that jobs name which wait in these queues, the most frequent first, and how many jobs were looked at.
async fn functions(store: &Store, queues: &[String]) -> Result<(Vec<Named>, u64), StoreError> {
    let most = (JOBS / (queues.len().max(1) * 2)).clamp(LEAST, MOST);
    let (mut found, mut looked) = (BTreeMap::<(String, String), Named>::new(), 0);
    for queue in queues {
        let places = [Standing::Queued, Standing::Scheduled];
        for shelf in store.shelves(&[QueueName::new(queue.as_str())], &places).await? {
            let ids = store.ids_at(&shelf, 0, most).await?;
            let listed = unless_refused(store.listed(&ids).await)?.unwrap_or_default();
            for job in listed.into_iter().flatten() {
                looked += 1;
                // RQ: a name without a dot is that of a method of the instance in the payload, or a built-in.
                let Some(function) = job.function.filter(|function| function.contains('.')) else { continue };
                let named = found.entry((function.clone(), queue.clone()));
                let named =
                    named.or_insert(Named { function, queue: queue.clone(), jobs: 0, example: job.id });
                named.jobs += 1;
            }
        }
    }
    let mut named: Vec<Named> = found.into_values().collect();
    named.sort_by_key(|named| std::cmp::Reverse(named.jobs));
    Ok((named, looked))
}

/// Imports functions, in an interpreter that is started anew when it dies over one.
struct Trial<'a> {
    project: &'a Project,
    settled: &'a Settled,
    opened: Option<Opened>,
}

impl Trial<'_> {
    async fn of(mut self, named: Vec<Named>) -> Vec<(Named, Option<ImportTrouble>)> {
        let (began, mut starts) = (Instant::now(), 0);
        let mut tried: BTreeMap<String, Option<ImportTrouble>> = BTreeMap::new();
        for Named { function, .. } in &named {
            if tried.len() == FUNCTIONS || starts == STARTS || began.elapsed() > ALL {
                break;
            }
            if tried.contains_key(function) {
                continue;
            }
            let trouble = match self.import(function).await {
                Ok(trouble) => trouble,
                Err(error) => {
                    starts += 1;
                    self.opened = None;
                    Some(ImportTrouble { reason: error.to_string(), near: None })
                }
            };
            tried.insert(function.clone(), trouble);
        }
        let known = |named: Named| tried.get(&named.function).cloned().map(|trouble| (named, trouble));
        named.into_iter().filter_map(known).collect()
    }

    async fn import(&mut self, function: &str) -> Result<Option<ImportTrouble>, StartError> {
        let application = &self.project.application;
        let mut opened = match self.opened.take() {
            Some(opened) => opened,
            None => Opened::open(application, self.settled.leash.end()).await?,
        };
        let imported = opened.import(Some(function), application, ONE).await?;
        self.opened = Some(opened);
        Ok(imported.trouble)
    }
}
