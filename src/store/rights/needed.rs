//! Every command that is ever sent to Redis, in one list.

#[cfg(test)]
use std::fmt::Write as _;

/// Who misses a command that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missed {
    /// Nobody can work without it.
    ByWorkers,
    /// Only this, in words, is lost.
    By(&'static str),
}

/// A command, and a call of it that the server can judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Right {
    /// As an ACL names it: `get`, `client|id`.
    pub(crate) command: &'static str,
    /// Its arguments in a call: `K` stands for a key of ours, `C` for a channel.
    pub(super) call: &'static str,
    pub(crate) missed: Missed,
}

impl Right {
    /// Whether what is in Redis may look emptier without it than it is.
    pub(super) fn shows(&self) -> bool {
        matches!(self.missed, Missed::ByWorkers | Missed::By(SHOW | DOCTOR))
    }
}

const fn work(command: &'static str, call: &'static str) -> Right {
    Right { command, call, missed: Missed::ByWorkers }
}

const fn spare(command: &'static str, call: &'static str, lost: &'static str) -> Right {
    Right { command, call, missed: Missed::By(lost) }
}

const SHOW: &str = "rq info, rq jobs, rq job show, rq top and rq doctor cannot tell everything";
const DOCTOR: &str = "rq doctor cannot tell everything";

/// Every command that we send, by itself or in a script. The test below compares it with the code.
pub(crate) const NEEDED: &[Right] = &[
    work("select", "0"),
    work("multi", ""),
    work("exec", ""),
    spare("discard", "", DOCTOR),
    work("evalsha", "0123456789012345678901234567890123456789 0"),
    work("script|load", ""),
    work("time", ""),
    spare("info", "", "the version is unknown, so that jobs are polled for"),
    spare(
        "config|get",
        "timeout",
        "the server's limit for results, and its settings in rq doctor, are unknown",
    ),
    spare("role", "", "nothing behind Sentinel can be used"),
    spare("client|id", "", "a wait for a job cannot be ended at once"),
    spare("client|unblock", "1", "a wait for a job cannot be ended at once"),
    spare("client|setname", "rq", "connections have no names in CLIENT LIST"),
    spare("client|info", "", "the address of workers is unknown"),
    work("blmove", "K K LEFT RIGHT 1"),
    spare("blpop", "K 1", "commands through Redis to workers elsewhere get no answer"),
    work("subscribe", "C"),
    spare("publish", "C x", "rq stop, rq stack and the like reach no worker elsewhere"),
    spare("pubsub|numsub", "C", DOCTOR),
    work("del", "K"),
    work("unlink", "K"),
    work("exists", "K"),
    work("expire", "K 1"),
    work("persist", "K"),
    work("rename", "K K"),
    work("ttl", "K"),
    spare("pttl", "K", SHOW),
    work("type", "K"),
    spare("scan", "0", DOCTOR),
    work("get", "K"),
    work("set", "K x"),
    work("hdel", "K x"),
    work("hexists", "K x"),
    work("hget", "K x"),
    work("hgetall", "K"),
    work("hincrby", "K x 1"),
    work("hincrbyfloat", "K x 1"),
    work("hlen", "K"),
    work("hmget", "K x"),
    work("hscan", "K 0"),
    work("hset", "K x x"),
    work("hsetnx", "K x x"),
    spare("hstrlen", "K x", SHOW),
    work("lindex", "K 0"),
    work("llen", "K"),
    work("lpop", "K"),
    work("lpos", "K x"),
    work("lpush", "K x"),
    work("lrange", "K 0 1"),
    work("lrem", "K 1 x"),
    spare("lset", "K 0 x", "rq jobs cannot cancel or delete many jobs that wait"),
    work("ltrim", "K 0 1"),
    work("rpush", "K x"),
    work("sadd", "K x"),
    spare("scard", "K", SHOW),
    work("smembers", "K"),
    work("srandmember", "K"),
    work("srem", "K x"),
    work("sscan", "K 0"),
    work("xadd", "K * x x"),
    work("xlen", "K"),
    work("xrevrange", "K + -"),
    work("zadd", "K 1 x"),
    work("zcard", "K"),
    work("zcount", "K 0 1"),
    work("zpopmin", "K"),
    work("zrange", "K 0 1"),
    work("zrangebyscore", "K 0 1"),
    spare("zrank", "K x", SHOW),
    work("zrem", "K x"),
    work("zremrangebyrank", "K 0 1"),
    spare("zrevrange", "K 0 1", SHOW),
    work("zscan", "K 0"),
    work("zscore", "K x"),
];

/// The rules of a user who may do all that is needed, and nothing else, as `ACL SETUSER` takes them.
#[cfg(test)]
pub(super) fn rules(prefix: &str) -> String {
    let mut rules = format!("resetkeys ~{prefix}:* resetchannels &{prefix}:pubsub:* -@all");
    for right in NEEDED {
        // Writing to a string cannot fail.
        let _ = write!(rules, " +{}", right.command);
    }
    rules
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    /// What the client library sends by itself.
    const BY_THE_LIBRARY: [&str; 4] = ["select", "multi", "exec", "subscribe"];
    /// What goes to sentinels, or what every user may.
    const ELSEWHERE: [&str; 2] = ["sentinel", "acl|whoami"];

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.file_name().unwrap().to_str().unwrap() {
                "tests" | "tests.rs" => {}
                _ if path.is_dir() => files(&path, found),
                _ => found.push(path),
            }
        }
    }

    /// The words in capitals between quotes, and what stands before each.
    fn quoted(text: &str, quote: char) -> Vec<(String, String)> {
        let parts: Vec<&str> = text.split(quote).collect();
        let is_command =
            |part: &str| part.len() > 1 && part.chars().all(|letter| letter.is_ascii_uppercase());
        (1..parts.len())
            .step_by(2)
            .filter(|at| is_command(parts[*at]))
            .map(|at| (parts[at].to_lowercase(), parts[at - 1].to_owned()))
            .collect()
    }

    /// Every command in the sources of the store, as an ACL names it.
    fn sent() -> BTreeSet<String> {
        let mut found = Vec::new();
        files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store")), &mut found);
        let mut sent: BTreeSet<String> = BY_THE_LIBRARY.map(str::to_owned).into();
        for path in found {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let text: String = text
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect::<Vec<_>>()
                .join("\n");
            if path.extension().is_some_and(|end| end == "lua") {
                let text: String =
                    text.lines().map(|line| line.split("--").next().unwrap()).collect::<Vec<_>>().join("\n");
                let is_call =
                    |before: &str| ["call(", "ask(", " and ", " or "].iter().any(|end| before.ends_with(end));
                let calls = quoted(&text, '\'').into_iter();
                sent.extend(calls.filter(|(_, before)| is_call(before)).map(|(command, _)| command));
                continue;
            }
            let mut container = None;
            for (word, before) in quoted(&text, '"') {
                let before: String = before.split_whitespace().collect();
                if before.ends_with("cmd(") || before.ends_with("=>(") {
                    let is_container =
                        ["client", "config", "script", "acl", "pubsub"].contains(&word.as_str());
                    container = is_container.then(|| word.clone());
                    if !is_container {
                        sent.insert(word);
                    }
                } else if let Some(container) = container.take().filter(|_| before.ends_with(").arg(")) {
                    sent.insert(format!("{container}|{word}"));
                }
            }
        }
        sent
    }

    #[test]
    fn the_list_holds_what_is_sent_and_nothing_else() {
        let listed: BTreeSet<String> =
            NEEDED.iter().map(|right| right.command).chain(ELSEWHERE).map(str::to_owned).collect();

        assert_eq!(listed, sent());
    }

    #[test]
    fn the_documentation_shows_the_generated_rules() {
        const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md");
        const BEGINS: &str = "ACL SETUSER rqd on >PASSWORD ";
        let page = fs::read_to_string(PAGE).unwrap();
        let shown = page.lines().find(|line| line.starts_with(BEGINS)).unwrap();
        let expected = format!("{BEGINS}{}", rules("rq"));
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            fs::write(PAGE, page.replace(shown, &expected)).unwrap();
            return;
        }

        assert_eq!(
            shown, expected,
            "docs/operations.md is stale; write it anew by: UPDATE_GENERATED=1 cargo test generated"
        );
    }
}
