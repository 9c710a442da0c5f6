//! What a user lacks of the rights that we need in Redis.

mod needed;

use std::fmt::Write as _;

pub(crate) use needed::{Missed, NEEDED, Right};

use super::server::{Server, Trial, is_unknown};
use super::{Store, StoreError};

/// What a user lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rights {
    /// The user, where the server tells.
    pub(crate) user: String,
    /// Commands that are refused.
    pub(crate) commands: Vec<Right>,
    /// Commands that the server does not have, at least not by their names.
    pub(crate) absent: Vec<Right>,
    /// Whether our keys are refused to commands that are granted.
    pub(crate) keys: bool,
    /// Whether our channels are.
    pub(crate) channels: bool,
}

impl Rights {
    /// The line that grants what is missing.
    pub(crate) fn line(&self, prefix: &str) -> String {
        let mut line = format!("ACL SETUSER {}", self.user);
        if self.keys {
            let _ = write!(line, " ~{prefix}:*");
        }
        if self.channels {
            let _ = write!(line, " &{prefix}:pubsub:*");
        }
        for right in &self.commands {
            let _ = write!(line, " +{}", right.command);
        }
        line
    }

    /// Whether nothing is missing.
    pub(crate) fn are_whole(&self) -> bool {
        self.commands.is_empty() && self.absent.is_empty() && !self.keys && !self.channels
    }

    /// Whether what is in Redis may look emptier to this user than it is.
    pub(crate) fn hide_something(&self) -> bool {
        self.keys || self.commands.iter().chain(&self.absent).any(Right::shows)
    }

    fn of(user: String, refused: impl IntoIterator<Item = (Right, String)>) -> Self {
        let mut rights =
            Self { user, commands: Vec::new(), absent: Vec::new(), keys: false, channels: false };
        for (right, words) in refused {
            // The words differ from version to version, but for these.
            if is_unknown(&words) {
                rights.absent.push(right);
            } else if words.contains(" key") {
                rights.keys = true;
            } else if words.contains(" channel") {
                rights.channels = true;
            } else {
                rights.commands.push(right);
            }
        }
        rights
    }
}

impl Store {
    /// What every key begins with.
    pub(crate) fn prefix(&self) -> &str {
        self.keys.prefix()
    }

    /// What the server refuses us of what is needed; nothing where that cannot be tried.
    pub(crate) async fn rights(&self, server: &Server) -> Result<Option<Rights>, StoreError> {
        // A replica refuses every write.
        if server.fact("role").is_some_and(|role| role != "master") {
            return Ok(None);
        }
        let mut calls = redis::pipe();
        let tried = || NEEDED.iter().filter(|right| !matches!(right.command, "multi" | "exec" | "discard"));
        for right in tried() {
            calls.add_command(self.call_of(right));
        }
        let refused: Vec<(Right, String)> = match self.try_out(&calls).await? {
            Trial::Judged(refused) => {
                tried().zip(refused).filter_map(|(right, refused)| Some((*right, refused?))).collect()
            }
            // The others show once this one is granted.
            Trial::Forbidden => NEEDED
                .iter()
                .filter(|right| right.command == "multi")
                .map(|right| (*right, String::new()))
                .collect(),
            Trial::Impossible => return Ok(None),
        };
        Ok(Some(Rights::of(self.user().await?, refused)))
    }

    fn call_of(&self, right: &Right) -> redis::Cmd {
        let (key, channel) =
            (format!("{}:rqd:doctor", self.keys.prefix()), format!("{}:pubsub:rqd", self.keys.prefix()));
        let mut call = redis::Cmd::new();
        for word in right.command.split('|').chain(right.call.split_whitespace()) {
            call.arg(match word {
                "K" => &key,
                "C" => &channel,
                word => word,
            });
        }
        if right.command == "script|load" {
            call.arg("return 1");
        }
        call
    }

    /// Who we are to the server.
    async fn user(&self) -> Result<String, StoreError> {
        match self.client.run(redis::cmd("ACL").arg("WHOAMI")).await {
            Ok(name) => Ok(redis::from_redis_value(name).unwrap_or_else(|_| "default".to_owned())),
            Err(error @ StoreError::Away { .. }) => Err(error),
            Err(_) => {
                let named = self.client.address().user();
                Ok(named.unwrap_or("default").to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::server::Server as RealServer;
    use super::super::{Address, Client, Keys};
    use super::needed::rules;
    use super::*;

    #[test]
    fn the_line_grants_what_is_missing() {
        let right = |command| *NEEDED.iter().find(|right| right.command == command).unwrap();
        let refused = [
            (right("get"), "NOPERM this user has no permissions to run the 'get' command"),
            (right("client|id"), "NOPERM User x has no permissions to run the 'client|id' command"),
            (right("set"), "NOPERM this user has no permissions to access one of the keys used as arguments"),
            (right("publish"), "NOPERM No permissions to access a channel"),
        ];

        let rights = Rights::of("x".to_owned(), refused.map(|(right, words)| (right, words.to_owned())));

        assert_eq!(rights.line("rq"), "ACL SETUSER x ~rq:* &rq:pubsub:* +get +client|id");
        assert!(!rights.are_whole() && Rights::of("x".to_owned(), []).are_whole());
        let renamed = Rights::of("x".to_owned(), [(right("get"), "ERR unknown command 'GET'".to_owned())]);
        assert!(renamed.commands.is_empty() && renamed.absent == [right("get")] && !renamed.are_whole());
        let harmless = Rights::of("x".to_owned(), [(right("client|id"), "NOPERM command".to_owned())]);
        assert!(rights.hide_something() && !harmless.hide_something());
    }

    #[tokio::test]
    async fn what_a_user_lacks_is_told_and_granted_by_the_line() {
        let server = RealServer::start(&[]);
        let store =
            |url: &str| Store::new(Client::new(Address::from_url(url).unwrap(), None), Keys::new("rq"));
        let root = store(&server.url());
        let set = |rules: String| {
            let mut command = redis::cmd("ACL");
            command.arg("SETUSER").arg("rqd").arg("on").arg(">pw").arg(rules.split(' ').collect::<Vec<_>>());
            command
        };
        root.client().run(&set(rules("rq") + " -zpopmin -client|id")).await.unwrap();
        let limited = || store(&format!("unix://rqd:pw@{}", server.socket().display()));

        let facts = limited().server().await.unwrap();
        let missing = limited().rights(&facts).await.unwrap().unwrap();

        // ACL WHOAMI is refused as well: the name is that of the URL.
        assert_eq!(missing.line("rq"), "ACL SETUSER rqd +client|id +zpopmin");
        let mut grant = redis::cmd("ACL");
        grant.arg(missing.line("rq").split(' ').skip(1).collect::<Vec<_>>());
        root.client().run(&grant).await.unwrap();
        assert!(limited().rights(&facts).await.unwrap().unwrap().are_whole());
        root.client().run(&set("-multi".to_owned())).await.unwrap();
        let blind = limited().rights(&facts).await.unwrap().unwrap();
        assert_eq!(blind.line("rq"), "ACL SETUSER rqd +multi");
        root.client().run(&set("+multi resetkeys ~other:*".to_owned())).await.unwrap();
        assert!(limited().rights(&facts).await.unwrap().unwrap().keys);
    }
}
