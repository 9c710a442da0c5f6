//! A work horse that died, in the form of an exception.

use serde_json::{Value, json};

use super::event::Placing;

/// What became of a horse, for people and for grouping.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Death {
    /// What stands for the type of an exception.
    pub(super) kind: &'static str,
    /// What tells deaths of one kind apart.
    pub(super) detail: String,
    /// What is said of it.
    pub(super) words: String,
    /// The Python stack that was found, if one was.
    fault: Option<String>,
}

impl Death {
    /// Reads the text that is kept with the job.
    pub(super) fn of(status: Option<i32>, reason: &str, overran: bool) -> Self {
        let (words, fault) = match reason.split_once("\n\n") {
            Some((words, fault)) => (words, Some(fault.to_owned())),
            None => (reason, None),
        };
        let signal = status.map(|status| status & 0x7f).filter(|signal| *signal != 0);
        let code = status.map_or(0, |status| (status >> 8) & 0xff);
        let (kind, detail) = match signal {
            _ if overran => ("TimeLimitIgnored", String::new()),
            Some(9) if words.contains("out of memory") => ("OutOfMemory", String::new()),
            Some(24) => ("CpuTimeExceeded", String::new()),
            Some(signal) => ("WorkHorseKilled", format!("signal {signal}")),
            None => ("WorkHorseExited", format!("exit code {code}")),
        };
        Self { kind, detail, words: words.to_owned(), fault }
    }

    /// As the one exception of an event.
    pub(super) fn exception(&self, placing: &Placing<'_>) -> Value {
        let mut exception = json!({
            "type": self.kind,
            "value": self.words,
            "mechanism": {"type": "rq", "handled": false, "synthetic": true},
        });
        let frames: Vec<Value> = self.frames().map(|frame| frame.value(placing)).collect();
        if !frames.is_empty() {
            exception["stacktrace"] = json!({"frames": frames});
        }
        exception
    }

    /// The frames of the thread that was at work, the oldest first; ours are left out.
    fn frames(&self) -> impl Iterator<Item = Dumped<'_>> {
        let text = self.fault.as_deref().unwrap_or_default();
        let start = text.find("Current thread").or_else(|| text.find("Thread ")).unwrap_or(0);
        let mut lines = text[start..].lines();
        lines.next();
        let frames: Vec<_> =
            lines.map_while(Dumped::parse).filter(|frame| !frame.path.starts_with("<rqd>/")).collect();
        frames.into_iter().rev()
    }
}

/// One line of a fault dump: `  File "PATH", line 12 in NAME`.
struct Dumped<'a> {
    path: &'a str,
    line: u64,
    function: &'a str,
}

impl<'a> Dumped<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (path, rest) = text.trim_start().strip_prefix("File \"")?.rsplit_once("\", line ")?;
        let (line, function) = rest.split_once(" in ")?;
        Some(Self { path, line: line.parse().ok()?, function })
    }

    fn value(&self, placing: &Placing<'_>) -> Value {
        let filename =
            self.path.strip_prefix(placing.root).map_or(self.path, |rest| rest.trim_start_matches('/'));
        let mut frame = json!({
            "filename": filename, "abs_path": self.path, "lineno": self.line, "function": self.function,
        });
        if let Some(in_app) = placing.in_app(None, self.path) {
            frame["in_app"] = in_app.into();
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULT: &str = "Fatal Python error: Segmentation fault\n\nThread 0x1 (most recent call first):\n  File \"/o.py\", \
                         line 1 in other\n\nCurrent thread 0x2 (most recent call first):\n  File \"/app/a b.py\", line 7 in \
                         inner\n  File \"/app/tasks.py\", line 3 in outer\n  File \"<rqd>/job.py\", line 9 in called\n\n\
                         Extension modules: x";

    #[test]
    fn deaths_are_told_apart_by_what_killed() {
        let table = [
            (Some(9), "killed by SIGKILL; out of memory: the kernel killed it", false, "OutOfMemory", ""),
            (Some(9), "killed by SIGKILL", false, "WorkHorseKilled", "signal 9"),
            (Some(9), "killed by SIGKILL", true, "TimeLimitIgnored", ""),
            (Some(24), "it reached its limit of CPU time", false, "CpuTimeExceeded", ""),
            (Some(768), "exit code 3", false, "WorkHorseExited", "exit code 3"),
            (None, "", false, "WorkHorseExited", "exit code 0"),
        ];

        for (status, reason, overran, kind, detail) in table {
            let death = Death::of(status, reason, overran);
            assert_eq!((death.kind, death.detail.as_str()), (kind, detail), "{status:?} {reason}");
        }
    }

    #[test]
    fn the_stack_of_the_thread_at_work_becomes_frames() {
        let death = Death::of(Some(139), &format!("killed by SIGSEGV\n\n{FAULT}"), false);
        let placing = Placing { root: "/app", include: &[], exclude: &[] };

        let told = death.exception(&placing);

        assert_eq!(told["value"], "killed by SIGSEGV");
        assert_eq!(
            told["stacktrace"]["frames"],
            json!([
                {"filename": "tasks.py", "abs_path": "/app/tasks.py", "lineno": 3, "function": "outer", "in_app": true},
                {"filename": "a b.py", "abs_path": "/app/a b.py", "lineno": 7, "function": "inner", "in_app": true},
            ])
        );
    }
}
