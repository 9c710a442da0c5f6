//! Looking at the daemon, for those who watch it. They share what is seen, so that however many ask, Redis and the loop are asked
//! about once a second.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::cache::Cache;
use super::gather::{self, Seen};
use super::lag::Lag;
use crate::job::{QueueName, Timestamp};
use crate::os::{self, Relative};
use crate::store::{Census, Store};
use crate::supervisor::Input;
use crate::supervisor::control::{DaemonStatus, State};
use crate::supervisor::health::Health;
use crate::telemetry::metrics::{self, Form};

/// How long what Redis said is good for, and how long it may take to say it.
const CENSUS: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(2);

/// How long what the kernel said of processes is good for.
const PROCESSES: Duration = Duration::from_secs(5);

/// The most queues that are counted: so few that Redis is not held up for a millisecond.
const MOST_QUEUES: usize = 100;

/// What the loop shows of the daemon.
pub(crate) struct Scene {
    pub(crate) status: DaemonStatus,
    /// Where its workers take jobs from; not known while it starts.
    pub(crate) redis: Option<(Store, Vec<QueueName>)>,
}

impl Scene {
    /// That of a daemon which is still starting.
    pub(crate) fn of_start(began: Timestamp) -> Self {
        let status = DaemonStatus {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: began.seconds(),
            state: State::Starting,
            generation: 1,
            last_reload: None,
            application: String::new(),
            groups: Vec::new(),
        };
        Self { status, redis: None }
    }
}

/// What Redis said, or what was wrong with it.
pub(super) type Counting = Result<Census, String>;

/// The way in for all who look.
pub(crate) struct View {
    inputs: mpsc::UnboundedSender<Input>,
    census: Cache<Counting>,
    processes: Cache<Vec<Relative>>,
    pub(super) lag: Rc<Lag>,
    pub(super) max_lag: Cell<Duration>,
}

impl View {
    pub(super) fn new(inputs: mpsc::UnboundedSender<Input>) -> Self {
        Self {
            inputs,
            census: Cache::new(CENSUS),
            processes: Cache::new(PROCESSES),
            lag: Rc::default(),
            max_lag: Cell::new(Duration::MAX),
        }
    }

    /// What the loop shows, unless it takes too long.
    pub(crate) async fn scene(&self) -> Result<Scene, Health> {
        let (tell, told) = oneshot::channel();
        let began = Instant::now();
        // Where nobody hears it, the answer is dropped with it.
        let _ = self.inputs.send(Input::Look(tell));
        let limit = self.max_lag.get();
        match timeout(limit, told).await {
            Ok(Ok(scene)) if began.elapsed() <= limit => Ok(scene),
            Ok(Ok(_)) | Err(_) => {
                let seconds = limit.as_secs_f64();
                Err(Health::hung(format!("the event loop did not answer within {seconds}s")))
            }
            Ok(Err(_)) => Err(Health::hung("the daemon is ending".to_owned())),
        }
    }

    /// How the daemon is.
    pub(crate) async fn health(&self) -> Health {
        match self.scene().await {
            Ok(scene) => self.health_of(&scene).await,
            Err(hung) => hung,
        }
    }

    /// The same, when it has been looked at.
    pub(crate) async fn health_of(&self, scene: &Scene) -> Health {
        let counted = self.census(scene).await;
        let trouble = counted.as_ref().and_then(|counted| counted.as_ref().as_ref().err());
        Health::of(&scene.status, trouble.map(String::as_str))
    }

    /// All metrics, as a text.
    pub(crate) async fn metrics(&self, form: Form) -> Result<String, Health> {
        let scene = self.scene().await?;
        let census = self.census(&scene).await;
        let processes = self.processes.get(look_at_processes).await;
        let book = metrics::book().ok_or_else(|| Health::hung("nothing is counted".to_owned()))?;
        let left_out = scene.redis.as_ref().map_or(0, |(_, queues)| queues.len().saturating_sub(MOST_QUEUES));
        // From here to the end nobody else comes in between.
        gather::note(
            book,
            &Seen {
                status: &scene.status,
                census: census.as_deref(),
                left_out,
                processes: &processes,
                lag: self.lag.longest(),
            },
        );
        Ok(book.text(form))
    }

    /// What Redis holds; nothing where it is not known yet which Redis.
    async fn census(&self, scene: &Scene) -> Option<Rc<Counting>> {
        let (store, queues) = scene.redis.as_ref()?;
        let queues = &queues[..queues.len().min(MOST_QUEUES)];
        Some(self.census.get(async || count(store, queues).await).await)
    }
}

async fn count(store: &Store, queues: &[QueueName]) -> Counting {
    match timeout(PATIENCE, store.census(queues)).await {
        Ok(counted) => counted.map_err(|error| error.to_string()),
        Err(_) => Err(format!("redis did not answer within {}s", PATIENCE.as_secs())),
    }
}

async fn look_at_processes() -> Vec<Relative> {
    // It reads many files.
    tokio::task::spawn_blocking(os::relatives).await.unwrap_or_default()
}
