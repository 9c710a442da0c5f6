//! What the proxy does to which request.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long a test waits for something that must happen.
const DEADLINE: Duration = Duration::from_secs(30);

/// Why a lock can always be taken.
pub(super) const SOUND: &str = "nobody panics with it in hand";

/// What happens to the request that a rule strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Nothing: the rule only tells that the request came.
    Pass,
    /// It stops before the server sees it, until the rule is released or cut.
    PauseRequest,
    /// The connection is cut; the server never sees it.
    CutRequest,
    /// The server acts; its reply stops until the rule is released or cut.
    PauseReply,
    /// The server acts; then the connection is cut, and the client never sees the reply.
    CutReply,
}

/// One command as the client sent it.
pub(crate) struct Request<'a> {
    pub(crate) argv: &'a [Vec<u8>],
    /// The text of the script that it runs, when the proxy knows it.
    pub(crate) script: Option<&'a str>,
}

impl Request<'_> {
    /// The command's name in upper case.
    pub(crate) fn name(&self) -> String {
        String::from_utf8_lossy(self.argv.first().map_or(b"", |name| name)).to_uppercase()
    }
}

type Test = Box<dyn Fn(&Request<'_>) -> bool + Send>;

/// Which requests a rule is about.
pub(crate) struct Match {
    pub(super) test: Test,
    what: String,
    pub(super) skip: usize,
}

impl Match {
    pub(crate) fn new(what: &str, test: impl Fn(&Request<'_>) -> bool + Send + 'static) -> Self {
        Self { test: Box::new(test), what: what.to_owned(), skip: 0 }
    }

    /// A command by its name.
    pub(crate) fn command(name: &str) -> Self {
        let wanted = name.to_uppercase();
        Self::new(name, move |request| request.name() == wanted)
    }

    /// A run of the script whose text contains the marker.
    pub(crate) fn script(marker: &str) -> Self {
        let wanted = marker.to_owned();
        Self::new(marker, move |request| request.script.is_some_and(|text| text.contains(&wanted)))
    }

    /// The n-th such request from now, counted from 1.
    pub(crate) fn nth(mut self, n: usize) -> Self {
        self.skip = n - 1;
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Armed,
    Struck,
    Released,
    Cut,
}

/// A rule that was set; it strikes once.
#[derive(Clone)]
pub(crate) struct Rule {
    what: Arc<str>,
    pub(super) act: Act,
    stage: Arc<(Mutex<Stage>, Condvar)>,
}

impl Rule {
    /// Waits until the rule has struck: the request or reply is held, or the connection is cut.
    #[track_caller]
    pub(crate) fn wait(&self) {
        assert!(self.wait_for(DEADLINE), "no request matched {:?} ({:?})", self.what, self.act);
    }

    /// As `wait`, with a deadline of its own; whether it struck.
    pub(crate) fn wait_for(&self, deadline: Duration) -> bool {
        let end = Instant::now() + deadline;
        let mut stage = self.stage();
        while *stage == Stage::Armed {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            stage = self.stage.1.wait_timeout(stage, left).expect(SOUND).0;
        }
        true
    }

    /// Whether it struck already.
    pub(crate) fn has_struck(&self) -> bool {
        self.wait_for(Duration::ZERO)
    }

    /// Lets what is held go on; a pause that has not struck yet will not hold.
    pub(crate) fn release(&self) {
        self.set(Stage::Released);
    }

    /// Cuts the connection on which something is held.
    pub(crate) fn cut(&self) {
        self.set(Stage::Cut);
    }

    pub(super) fn new(wanted: &Match, act: Act) -> Self {
        let stage = Arc::new((Mutex::new(Stage::Armed), Condvar::new()));
        Self { what: wanted.what.as_str().into(), act, stage }
    }

    /// Strikes a request that the server has not seen; whether it may see it. `cut` cuts the connection.
    pub(super) fn strike_request(&self, cut: impl FnOnce()) -> bool {
        let goes_on = match self.act {
            Act::PauseRequest => self.hold(),
            Act::CutRequest => false,
            Act::Pass | Act::PauseReply | Act::CutReply => true,
        };
        if !goes_on {
            cut();
        }
        self.strike();
        goes_on
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.0.lock().expect(SOUND)
    }

    fn set(&self, stage: Stage) {
        *self.stage() = stage;
        self.stage.1.notify_all();
    }

    /// Tells who waits that it struck.
    pub(super) fn strike(&self) {
        let mut stage = self.stage();
        if *stage == Stage::Armed {
            *stage = Stage::Struck;
        }
        self.stage.1.notify_all();
    }

    /// Strikes and holds; whether to go on afterwards.
    pub(super) fn hold(&self) -> bool {
        self.strike();
        let mut stage = self.stage();
        while *stage == Stage::Struck {
            stage = self.stage.1.wait(stage).expect(SOUND);
        }
        *stage == Stage::Released
    }
}
