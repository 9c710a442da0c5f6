//! The `rq` executable.

use std::process::ExitCode;

fn main() -> ExitCode {
    rq::main()
}
