//! Why an address is of no use.

use std::path::PathBuf;

/// Why an address is of no use. The texts hold no secret, and go on from the name of whatever gave the address.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum AddressError {
    /// The URL begins with something else.
    #[error("must begin with redis://, rediss:// or unix://")]
    Scheme,
    /// The URL cannot be taken apart.
    #[error("has {0}")]
    Grammar(&'static str),
    /// An option has a value of the wrong kind.
    #[error("option {option} must be {expected}")]
    Value {
        /// Its name.
        option: String,
        /// What is understood.
        expected: &'static str,
    },
    /// redis-py does not know this option for this kind of connection.
    #[error("option {option} is not known here")]
    Unknown {
        /// Its name.
        option: String,
        /// A known name that is close to it.
        near: Option<&'static str>,
    },
    /// redis-py knows the option, the daemon cannot do what it says.
    #[error("option {option} {why}")]
    Unsupported {
        /// Its name.
        option: String,
        /// Why not.
        why: &'static str,
    },
    /// A file of certificates or a key cannot be used.
    #[error("cannot use {option} {}: {why}", .path.display())]
    File {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS for redis: {0}")]
    Tls(String),
    /// It is one of the tables in `SENTINEL` that has the option.
    #[error("in {table}, {cause}")]
    Within {
        /// Its name.
        table: &'static str,
        /// What is wrong there.
        cause: Box<AddressError>,
    },
}

impl AddressError {
    /// The same, of a table in `SENTINEL`.
    pub(super) fn within(self, table: &'static str) -> Self {
        Self::Within { table, cause: Box::new(self) }
    }

    /// The table in `SENTINEL` that has the option.
    pub(crate) fn table(&self) -> Option<&'static str> {
        if let Self::Within { table, .. } = self { Some(table) } else { None }
    }

    /// What is wrong, wherever it is.
    pub(crate) fn root(&self) -> &Self {
        if let Self::Within { cause, .. } = self { cause.root() } else { self }
    }

    /// The option that is meant, unless it is the whole.
    pub(crate) fn option(&self) -> Option<&str> {
        match self {
            Self::Value { option, .. } | Self::Unknown { option, .. } | Self::Unsupported { option, .. } => {
                Some(option)
            }
            Self::File { option, .. } => Some(option),
            Self::Within { cause, .. } => cause.option(),
            Self::Scheme | Self::Grammar(_) | Self::Tls(_) => None,
        }
    }

    /// What is wrong, for where the option is named already.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Value { expected, .. } => format!("must be {expected}"),
            Self::Unknown { .. } => "is not known here".to_owned(),
            Self::Unsupported { why, .. } => (*why).to_owned(),
            Self::File { option, path, why } => {
                format!("must be {}, found {:?}: {why}", contents(option), path.display().to_string())
            }
            Self::Within { cause, .. } => cause.reason(),
            Self::Scheme | Self::Grammar(_) | Self::Tls(_) => self.to_string(),
        }
    }

    /// What to do about it.
    pub(crate) fn advice(&self) -> Option<String> {
        match self {
            Self::Scheme | Self::Grammar(_) => Some(
                "write redis://[user][:password]@host:port/db, with the special characters of user and password \
                 percent-encoded (@ is %40, / is %2F)"
                    .to_owned(),
            ),
            Self::Unknown { near: Some(name), .. } => Some(format!("did you mean {name}?")),
            Self::Unknown { near: None, .. } => {
                Some("the options are those of redis-py's connections, as socket_timeout".to_owned())
            }
            Self::File { .. } => Some("check the path, and that the worker may read the file".to_owned()),
            Self::Within { cause, .. } => cause.advice(),
            Self::Value { .. } | Self::Unsupported { .. } | Self::Tls(_) => None,
        }
    }
}

/// What the file of an option holds.
fn contents(option: &str) -> &'static str {
    match option {
        "ssl_keyfile" => "the file of a private key in PEM form",
        "ssl_ca_path" => "a folder with certificates in PEM form",
        _ => "a file of certificates in PEM form",
    }
}
