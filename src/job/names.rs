//! The names by which clients, workers and monitors know things.

use std::fmt;

use uuid::Uuid;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) struct $name(String);

        impl $name {
            pub(crate) fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A job's id: a random UUID unless the client chose one.
    JobId
);
name!(
    /// A queue's name, without any key prefix.
    QueueName
);
name!(
    /// A worker's name, without any key prefix.
    WorkerName
);
name!(
    /// One run of a job; every write about that run is fenced by it.
    ExecutionId
);

name!(
    /// One start of a daemon: what its life sign in Redis, and every execution of its workers, goes by.
    DaemonId
);

impl DaemonId {
    /// A new id: 32 hexadecimal digits.
    pub(crate) fn random() -> Self {
        Self::new(Uuid::new_v4().simple().to_string())
    }
}

impl JobId {
    /// A new id, in the form that RQ's clients make: a random UUID with dashes.
    pub(crate) fn random() -> Self {
        Self::new(Uuid::new_v4().to_string())
    }

    /// Whether clients would take it: RQ allows letters of ASCII, digits, underscores and dashes.
    pub(crate) fn is_valid(&self) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        !self.0.is_empty() && self.0.chars().all(plain)
    }
}

impl ExecutionId {
    /// A new id, in RQ's form: 32 hexadecimal digits.
    pub(crate) fn random() -> Self {
        Self::new(Uuid::new_v4().simple().to_string())
    }
}

impl WorkerName {
    /// The name of a worker that was given none, in RQ's form: 32 hexadecimal digits.
    pub(crate) fn random() -> Self {
        Self::new(Uuid::new_v4().simple().to_string())
    }
}
