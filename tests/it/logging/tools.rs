//! Receivers that the tests start: rsyslog, and sockets that are read as the protocols say.

use std::env;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::harness::{Lack, SOON, skipped, wait_until};

/// The folder that Debian's packages are unpacked in.
fn debian() -> PathBuf {
    env::var_os("RQ_TEST_DEBIAN")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("build/debian"), PathBuf::from)
}

/// A program of Debian's; counts the test as skipped where it is not there.
pub(super) fn program(name: &str) -> Option<Command> {
    let folder = debian();
    let path = folder.join("usr/sbin").join(name);
    if !path.exists() {
        skipped(&Lack::OfSetup(format!(
            "no {name} at {} (RQ_TEST_DEBIAN tells where to look)",
            path.display()
        )));
        return None;
    }
    let libraries = fs::read_dir(folder.join("usr/lib")).unwrap().map(|entry| entry.unwrap().path());
    let libraries: Vec<String> = libraries.map(|path| path.display().to_string()).collect();
    let mut command = Command::new(path);
    command.env("LD_LIBRARY_PATH", libraries.join(":"));
    Some(command)
}

/// An rsyslog of the test's own.
pub(super) struct Rsyslog {
    child: Child,
    output: PathBuf,
}

impl Rsyslog {
    /// Starts one in a folder; `inputs` are lines of its configuration.
    pub(super) fn start(folder: &Path, inputs: &str) -> Option<Self> {
        let mut command = program("rsyslogd")?;
        let modules = fs::read_dir(debian().join("usr/lib")).unwrap();
        let modules =
            modules.map(|entry| entry.unwrap().path().join("rsyslog")).find(|path| path.exists()).unwrap();
        let output = folder.join("received");
        let config = folder.join("rsyslog.conf");
        let text = format!(
            "global(workDirectory=\"{0}\" maxMessageSize=\"64k\")\n{inputs}\n\
             template(name=\"t\" type=\"list\") {{\n\
             property(name=\"syslogtag\") constant(value=\"|\") property(name=\"syslogseverity-text\") constant(value=\"|\")\n\
             property(name=\"syslogfacility-text\") constant(value=\"|\") property(name=\"protocol-version\") constant(value=\"|\")\n\
             property(name=\"structured-data\") constant(value=\"|\") property(name=\"msg\") constant(value=\"\\n\") }}\n\
             action(type=\"omfile\" file=\"{1}\" template=\"t\")\n",
            folder.display(),
            output.display()
        );
        fs::write(&config, text).unwrap();
        command.args(["-n", "-f"]).arg(&config).arg("-i").arg(folder.join("pid")).arg("-M").arg(modules);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Some(Self { child, output })
    }

    /// What it wrote down so far.
    pub(super) fn received(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Waits until it has written a text down.
    #[track_caller]
    pub(super) fn wait_for(&self, text: &str) {
        wait_until(SOON, &format!("{text:?} at rsyslog; it has\n{}", self.received()), || {
            self.received().contains(text)
        });
    }
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A socket of datagrams at a path.
pub(super) fn datagrams(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

/// All that is waiting, until one has `last` in it.
#[track_caller]
pub(super) fn all_until(socket: &UnixDatagram, last: &str) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let datagram = receive(socket);
        let is_last = String::from_utf8_lossy(&datagram).contains(last);
        all.push(datagram);
        if is_last {
            return all;
        }
    }
}

/// One datagram; that of a descriptor is what its file holds.
#[track_caller]
pub(super) fn receive(socket: &UnixDatagram) -> Vec<u8> {
    use nix::cmsg_space;
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
    use std::os::fd::AsRawFd as _;

    let mut bytes = vec![0; 1 << 20];
    let mut space = cmsg_space!(i32);
    let (length, descriptor) = {
        let mut parts = [std::io::IoSliceMut::new(&mut bytes)];
        let got = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::empty()).unwrap();
        let descriptor = got.cmsgs().unwrap().find_map(|message| match message {
            ControlMessageOwned::ScmRights(descriptors) => descriptors.first().copied(),
            _ => None,
        });
        (got.bytes, descriptor)
    };
    bytes.truncate(length);
    if let Some(descriptor) = descriptor {
        // It is opened anew by this, at its beginning.
        bytes = fs::read(format!("/proc/self/fd/{descriptor}")).unwrap();
        nix::unistd::close(descriptor).unwrap();
    }
    bytes
}
