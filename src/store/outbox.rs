//! The outbox: webhooks stand in Redis from the step that ends their job until they are sent.

use redis::Value;

use super::{Store, StoreError, scripts};
use crate::job::DaemonId;

/// Webhooks of one execution, as a daemon noted them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// The execution, `job:execution`.
    pub(crate) member: String,
    pub(crate) daemon: DaemonId,
    /// What is to be sent, in the form of whoever sends it.
    pub(crate) text: String,
}

impl Note {
    /// What stands in Redis: the daemon has no blank in its id.
    pub(super) fn value(&self) -> String {
        format!("{} {}", self.daemon.as_str(), self.text)
    }
}

impl Store {
    /// Some of what is noted; the order is nobody's.
    pub(crate) async fn noted_webhooks(&self) -> Result<Vec<Note>, StoreError> {
        let mut command = redis::cmd("HSCAN");
        command.arg(self.keys.webhooks()).arg(0).arg("COUNT").arg(100);
        let Value::Array(parts) = self.client.run(&command).await? else {
            return Err(self.malformed("the noted webhooks"));
        };
        let Some(Value::Array(pairs)) = parts.into_iter().nth(1) else { return Ok(Vec::new()) };
        let text = |value: &Value| match value {
            Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
            _ => None,
        };
        let note = |pair: &[Value]| {
            let (member, value) = (text(pair.first()?)?, text(pair.get(1)?)?);
            let (daemon, rest) = value.split_once(' ')?;
            Some(Note { member, daemon: DaemonId::new(daemon), text: rest.to_owned() })
        };
        Ok(pairs.chunks(2).filter_map(note).collect())
    }

    /// Takes a note over from a daemon that is gone; false when that one is not gone, or another was first.
    pub(crate) async fn adopt_webhooks(&self, note: &Note, daemon: &DaemonId) -> Result<bool, StoreError> {
        let ours = Note { daemon: daemon.clone(), ..note.clone() };
        let args = self.args([&note.member, &note.value(), note.daemon.as_str(), &ours.value()]);
        let keys = [self.keys.webhooks(), self.keys.daemons()];
        Ok(self.call(&scripts::ADOPT, &keys, &args).await?.status() == "adopted")
    }

    /// They were sent, or never can be.
    pub(crate) async fn strike_webhooks(&self, member: &str) -> Result<(), StoreError> {
        let mut command = redis::cmd("HDEL");
        command.arg(self.keys.webhooks()).arg(member);
        self.client.run(&command).await.map(drop)
    }
}
