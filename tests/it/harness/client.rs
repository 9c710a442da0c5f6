//! A real Python RQ client that a test talks to.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Mutex,
        mpsc::{Receiver, channel},
    },
    thread,
};

use serde_json::{Value, json};

use super::wait::SOON;

/// One Python process with `rq`, `conn`, `q`, `Queue`, `Job`… in scope, for the whole test. See `client.py` for the names.
pub(crate) struct Client {
    child: Child,
    pipes: Mutex<(ChildStdin, Receiver<String>)>,
}

impl Client {
    /// Starts the process that `command` (an interpreter in its environment) describes; it is ready when it first answers.
    pub(crate) fn start(mut command: Command) -> Self {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/harness/client.py");
        let mut child = command.arg(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, pipes: Mutex::new((stdin, answers)) }
    }

    /// The value of a Python expression.
    #[track_caller]
    pub(crate) fn eval(&self, code: &str) -> Value {
        self.try_eval(code).unwrap_or_else(|error| panic!("the client failed on {code}\n{error}"))
    }

    /// The value of a Python expression, or the traceback of what it raised.
    #[track_caller]
    pub(crate) fn try_eval(&self, code: &str) -> Result<Value, String> {
        self.ask("eval", code)
    }

    /// Runs Python statements; names they bind stay for later snippets.
    #[track_caller]
    pub(crate) fn exec(&self, code: &str) {
        if let Err(error) = self.ask("exec", code) {
            panic!("the client failed on {code}\n{error}");
        }
    }

    #[track_caller]
    fn ask(&self, mode: &str, code: &str) -> Result<Value, String> {
        let mut pipes = self.pipes.lock().unwrap();
        let sent = writeln!(pipes.0, "{}", json!({ "mode": mode, "code": code }));
        sent.expect("the Python client to be there (its stderr is above)");
        let line = pipes.1.recv_timeout(SOON).unwrap_or_else(|_| panic!("no answer of the client to {code}"));
        let mut answer: Value = serde_json::from_str(&line).unwrap();
        match answer.get("error") {
            Some(error) => Err(error.as_str().unwrap().to_owned()),
            None => Ok(answer["value"].take()),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
