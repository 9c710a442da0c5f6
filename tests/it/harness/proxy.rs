//! A proxy between a client and Redis that pauses or cuts at a chosen request.
//!
//! ```text
//! let proxy = Proxy::unix(&folder.join("proxy.sock"), &server.socket());
//! let rule = proxy.on(Match::script("Settles a job"), Act::CutReply);
//! // … start the daemon on `proxy.url()`, enqueue …
//! rule.wait();   // the server has settled, and the daemon does not know
//! ```
//!
//! A script is recognised by a piece of its text, which the proxy learns from `SCRIPT LOAD` and `EVAL` as they
//! pass, or from [`Proxy::learn`]. Each rule strikes once, at its first (or n-th) match.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

mod rule;
mod wire;

use rule::SOUND;
pub(crate) use rule::{Act, Match, Request, Rule};
pub(crate) use wire::Endpoint;
use wire::{Listener, Socket, read_value, sha1};

/// The proxy; it cuts everything and is gone when dropped.
pub(crate) struct Proxy {
    endpoint: Endpoint,
    shared: Arc<Shared>,
}

struct Shared {
    server: Endpoint,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    scripts: HashMap<String, String>,
    armed: Vec<(Match, Rule)>,
    rules: Vec<Rule>,
    open: Vec<Socket>,
    refusing: bool,
    stopped: bool,
}

impl Proxy {
    /// From a Unix socket to a Unix socket.
    pub(crate) fn unix(listen: &Path, server: &Path) -> Self {
        Self::start(&Endpoint::Unix(listen.to_owned()), Endpoint::Unix(server.to_owned()))
    }

    pub(crate) fn start(listen: &Endpoint, server: Endpoint) -> Self {
        let shared = Arc::new(Shared { server, state: Mutex::default() });
        let listener = Listener::bind(listen).expect("the proxy's endpoint is free");
        let endpoint = listener.endpoint(listen).expect("a bound listener has an address");
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Self { endpoint, shared }
    }

    /// Where clients connect.
    pub(crate) fn url(&self) -> String {
        match &self.endpoint {
            Endpoint::Unix(path) => format!("unix://{}", path.display()),
            Endpoint::Tcp(address) => format!("redis://{address}"),
        }
    }

    /// Sets a rule, for requests that come from now on.
    pub(crate) fn on(&self, wanted: Match, act: Act) -> Rule {
        let rule = Rule::new(&wanted, act);
        let mut state = self.shared.state();
        state.armed.push((wanted, rule.clone()));
        state.rules.push(rule.clone());
        rule
    }

    /// Tells the text of a script that clients may run without the proxy seeing it loaded.
    pub(crate) fn learn(&self, text: &str) {
        self.shared.state().learn(text.as_bytes());
    }

    /// Cuts every connection; new ones are welcome.
    pub(crate) fn cut_all(&self) {
        self.shared.state().cut_all();
    }

    /// Cuts every connection and refuses new ones until `accept`: Redis is away.
    pub(crate) fn refuse(&self) {
        let mut state = self.shared.state();
        state.refusing = true;
        state.cut_all();
    }

    /// Ends `refuse`.
    pub(crate) fn accept(&self) {
        self.shared.state().refusing = false;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.stopped = true;
        state.rules.iter().for_each(Rule::cut);
        state.cut_all();
        drop(state);
        // Wakes the accepting thread, which then sees that it is over.
        let _ = Socket::connect(&self.endpoint);
        if let Endpoint::Unix(path) = &self.endpoint {
            let _ = fs::remove_file(path);
        }
    }
}

/// What becomes of the replies that are to come, in order.
type Fates = Arc<Mutex<VecDeque<Option<Rule>>>>;

impl State {
    fn learn(&mut self, text: &[u8]) {
        self.scripts.insert(sha1(text), String::from_utf8_lossy(text).into_owned());
    }

    fn cut_all(&mut self) {
        self.open.drain(..).for_each(|socket| socket.cut());
    }

    /// Learns from a request, and takes the rule that it strikes.
    fn judge(&mut self, argv: &[Vec<u8>]) -> Option<Rule> {
        let name = Request { argv, script: None }.name();
        let second = argv.get(1);
        let script = match (name.as_str(), second) {
            ("EVAL", Some(text)) => {
                self.learn(text);
                self.scripts.get(&sha1(text))
            }
            ("EVALSHA", Some(sha)) => self.scripts.get(&String::from_utf8_lossy(sha).to_lowercase()),
            ("SCRIPT", Some(load)) if load.eq_ignore_ascii_case(b"LOAD") => {
                argv.get(2).into_iter().for_each(|text| self.learn(text));
                None
            }
            _ => None,
        };
        let request = Request { argv, script: script.map(String::as_str) };
        let mut struck = None;
        for (at, (wanted, _)) in self.armed.iter_mut().enumerate() {
            if (wanted.test)(&request) {
                if wanted.skip == 0 {
                    struck = Some(at);
                    break;
                }
                wanted.skip -= 1;
            }
        }
        struck.map(|at| self.armed.remove(at).1)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect(SOUND)
    }

    fn accept(self: &Arc<Self>, listener: &Listener) {
        while let Ok(client) = listener.accept() {
            let mut state = self.state();
            if state.stopped {
                return;
            }
            if state.refusing {
                client.cut();
                continue;
            }
            let Ok(server) = Socket::connect(&self.server) else {
                client.cut();
                continue;
            };
            state.open.extend([client.clone(), server.clone()]);
            drop(state);
            let fates = Fates::default();
            let (shared, replies) = (Arc::clone(self), Arc::clone(&fates));
            let (upper, lower) = (client.clone(), server.clone());
            thread::spawn(move || {
                let _ = shared.requests(&upper, &lower, &fates);
                cut_both(&upper, &lower);
            });
            thread::spawn(move || {
                let _ = pass_replies(&server, &client, &replies);
                cut_both(&client, &server);
            });
        }
    }

    /// Passes what the client says, until a rule or an end stops it.
    fn requests(&self, client: &Socket, server: &Socket, fates: &Fates) -> io::Result<()> {
        let mut from = BufReader::new(client.clone());
        loop {
            let mut raw = Vec::new();
            let mut argv = Vec::new();
            read_value(&mut from, &mut raw, &mut argv)?;
            let rule = self.state().judge(&argv);
            let (now, later) = match rule {
                Some(rule) if matches!(rule.act, Act::PauseReply | Act::CutReply) => (None, Some(rule)),
                rule => (rule, None),
            };
            if let Some(rule) = now
                && !rule.strike_request(|| cut_both(client, server))
            {
                return Ok(());
            }
            fates.lock().expect(SOUND).push_back(later);
            server.write_all(&raw)?;
        }
    }
}

/// Passes what the server says. What it says unasked (RESP3's pushes, and more confirmations of a
/// subscription than there were commands) is no reply.
fn pass_replies(server: &Socket, client: &Socket, fates: &Fates) -> io::Result<()> {
    let mut from = BufReader::new(server.clone());
    loop {
        let mut raw = Vec::new();
        read_value(&mut from, &mut raw, &mut Vec::new())?;
        let fate = if raw[0] == b'>' { None } else { fates.lock().expect(SOUND).pop_front().flatten() };
        if let Some(rule) = fate {
            let delivered = rule.act == Act::PauseReply && rule.hold();
            if !delivered {
                cut_both(server, client);
                rule.strike();
                return Ok(());
            }
        }
        client.write_all(&raw)?;
    }
}

fn cut_both(one: &Socket, other: &Socket) {
    one.cut();
    other.cut();
}

#[cfg(test)]
mod tests;
