//! Comparing texts that Python made on different paths.

/// The part of a traceback that the application sees: every line but the frames of files that are not its own.
///
/// RQ's own frames stand before the application's first; ours cut theirs. What the application's code called stays comparable
/// by the text that remains: headers, the frames of `jobs/`, causes and the exception itself. Python 3.8 keeps the `.` of a path
/// that its search for modules begins with.
pub(crate) fn application_part(traceback: &str) -> String {
    let mut kept = String::new();
    let mut in_foreign_frame = false;
    for line in traceback.lines() {
        if line.starts_with("  File \"") {
            in_foreign_frame = !line.contains("/jobs/");
        } else if !line.starts_with("    ") {
            in_foreign_frame = false;
        }
        if !in_foreign_frame {
            kept.push_str(&line.replace("/./", "/"));
            kept.push('\n');
        }
    }
    kept
}

/// Whether a text is a number as Python's `repr(float)` writes Unix seconds: with a point and at most seven digits after it.
pub(crate) fn is_python_float(text: &str) -> bool {
    let Some((whole, fraction)) = text.split_once('.') else { return false };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && fraction.len() <= 7 && (fraction == "0" || !fraction.ends_with('0'))
}
