//! Sockets and memory files, and how they travel to another process.

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, IoSlice, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, SealFlag, fcntl};
use nix::sys::memfd::MFdFlags;
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr, connect, recv, sendmsg, socket,
    socketpair,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A connected pair of stream sockets, closed in programs that are started.
pub(crate) fn socket_pair() -> io::Result<(UnixStream, UnixStream)> {
    UnixStream::pair()
}

/// A connected pair of sockets that keep messages apart, closed in programs that are started.
pub(crate) fn message_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?)
}

/// The next message, cut at so many bytes; an empty one when the other end is gone. Does not wait for one.
pub(crate) fn receive_message(socket: BorrowedFd<'_>, most: usize) -> io::Result<Vec<u8>> {
    let look = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_PEEK | MsgFlags::MSG_TRUNC;
    let mut message = vec![0; recv(socket.as_raw_fd(), &mut [], look)?.min(most)];
    let received = recv(socket.as_raw_fd(), &mut message, MsgFlags::MSG_DONTWAIT)?;
    message.truncate(received);
    Ok(message)
}

/// Whether anybody listens at the path of a socket, without waiting for it: one that is full of callers has somebody.
pub(crate) fn is_listening(path: &Path) -> io::Result<bool> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let caller = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    match connect(caller.as_raw_fd(), &UnixAddr::new(path)?) {
        Ok(()) | Err(Errno::EAGAIN) => Ok(true),
        Err(Errno::ECONNREFUSED) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Sends what is written to standard error from now on nowhere, that of children too.
pub(crate) fn silence_errors() {
    // Where it cannot be had, what is told is only out of place.
    let _ = File::options().write(true).open("/dev/null").map(nix::unistd::dup2_stderr);
}

/// A pipe, its read end first, closed in programs that are started.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(nix::unistd::pipe2(OFlag::O_CLOEXEC)?)
}

/// A descriptor whose readers never wait, but for word that there is something.
#[expect(unsafe_code, reason = "its descriptor must stay open for as long as it is watched")]
pub(crate) fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    let flags = OFlag::from_bits_truncate(fcntl(&descriptor, FcntlArg::F_GETFL)?);
    fcntl(&descriptor, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    // SAFETY: the descriptor is owned by what watches it, and closed after that has ended.
    Ok(unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }?)
}

/// What is in a pipe, as far as it fits; 0 when nobody writes into it any more.
pub(crate) fn read_pipe(pipe: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(nix::unistd::read(pipe, buffer)?)
}

/// How many bytes there are to read just now; none where that cannot be said.
#[expect(unsafe_code, reason = "there is no safe form of this call")]
pub(crate) fn waiting_bytes(descriptor: BorrowedFd<'_>) -> usize {
    let mut count: libc::c_int = 0;
    // SAFETY: the descriptor is open, and the call writes one number into `count`.
    let answer = unsafe { libc::ioctl(descriptor.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    if answer == 0 { usize::try_from(count).unwrap_or(0) } else { 0 }
}

/// A file that lives in memory only, closed in programs that are started.
pub(crate) fn memory_file(name: &CStr) -> io::Result<File> {
    new_memory_file(name, MFdFlags::MFD_CLOEXEC)
}

/// The call of the kernel itself: the function of that name came into the C library after those that wheels are made for.
#[expect(unsafe_code, reason = "the safe wrapper calls that function")]
fn new_memory_file(name: &CStr, flags: MFdFlags) -> io::Result<File> {
    // SAFETY: the call reads a text that ends with a zero byte, and keeps nothing of it.
    let made = unsafe { libc::syscall(libc::SYS_memfd_create, name.as_ptr(), flags.bits()) };
    let descriptor = i32::try_from(Errno::result(made)?).map_err(io::Error::other)?;
    // SAFETY: the descriptor was made just now, and nobody else has it.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}

/// A memory file that holds `content`, to be read from its beginning.
pub(crate) fn write_memory_file(name: &CStr, content: &[u8]) -> io::Result<OwnedFd> {
    let mut file = memory_file(name)?;
    file.write_all(content)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file.into())
}

/// A memory file that holds `content` and that nobody can change any more, as the journal demands.
pub(crate) fn sealed_memory_file(name: &CStr, content: &[u8]) -> io::Result<OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let mut file = new_memory_file(name, flags)?;
    file.write_all(content)?;
    let seals =
        SealFlag::F_SEAL_SEAL | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_WRITE;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(file.into())
}

/// What another process wrote into a memory file, up to `limit` bytes.
pub(crate) fn read_memory_file(file: &mut File, limit: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut content = Vec::new();
    file.take(limit).read_to_end(&mut content)?;
    Ok(content)
}

/// Empties a memory file; whoever else writes to it begins anew, too.
pub(crate) fn empty_memory_file(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0)).map(drop)
}

/// Sends bytes with descriptors attached to the first of them; returns how many bytes went.
pub(crate) fn send_with_descriptors(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let raw: Vec<i32> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let control = [ControlMessage::ScmRights(&raw)];
    let sent = sendmsg::<()>(
        socket.as_raw_fd(),
        &[IoSlice::new(bytes)],
        if raw.is_empty() { &[] } else { &control },
        MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT,
        None,
    )?;
    Ok(sent)
}
