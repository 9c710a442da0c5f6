//! What signals and exit codes mean.

/// Why a process ended by itself or by a signal, in the words of somebody who has to find out who did it.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    /// Its own code brought it about.
    pub(super) is_crash: bool,
}

/// What is known of a signal.
pub(super) fn signal(number: i32) -> Known {
    let (name, meaning, is_crash) = match number {
        1 => ("SIGHUP", "a terminal was closed, or somebody sent it", false),
        2 => ("SIGINT", "somebody sent it, as Ctrl-C does", false),
        3 => ("SIGQUIT", "somebody sent it, as Ctrl-\\ does", false),
        4 => ("SIGILL", "illegal instruction: a library was built for another CPU, or is damaged", true),
        5 => ("SIGTRAP", "a debugger's trap", true),
        6 => ("SIGABRT", "C code gave up: a failed assertion, or memory that it found damaged", true),
        7 => ("SIGBUS", "bus error: a mapped file became shorter, or /dev/shm or a disk is full", true),
        8 => ("SIGFPE", "C code divided an integer by zero", true),
        9 => (
            "SIGKILL",
            "somebody sent it: an operator, a limit of the platform, or the kernel of the host for want of memory",
            false,
        ),
        10 => ("SIGUSR1", "somebody sent it, and the job does not handle it", false),
        11 => ("SIGSEGV", "segmentation fault: C code used memory that is not its own", true),
        12 => ("SIGUSR2", "somebody sent it, and the job does not handle it", false),
        13 => ("SIGPIPE", "it wrote to a pipe or socket that nobody reads", false),
        14 => ("SIGALRM", "an alarm of the job's own code went off", false),
        15 => ("SIGTERM", "somebody asked it to end", false),
        24 => ("SIGXCPU", "it used up its CPU time", false),
        25 => ("SIGXFSZ", "a file became larger than the process may write", false),
        31 => ("SIGSYS", "it made a system call that a sandbox forbids", true),
        34..=64 => ("a real-time signal", "somebody sent it, and the job does not handle it", false),
        _ => ("a signal", "somebody sent it", false),
    };
    Known { name, meaning, is_crash }
}

/// What an exit code tells.
pub(super) fn exit_code(code: i32) -> &'static str {
    match code {
        0 => "its code ended the process without an error, by os._exit or in C",
        70 => "its process could not go on; its own log says why",
        129..=192 => "as a shell tells that a command ended by a signal, whose number is 128 less",
        _ => "its code ended the process, by os._exit or in C",
    }
}
