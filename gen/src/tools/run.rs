//! Running a program: output captured, time limited.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::Error;

/// A program that ran to its end and succeeded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// What it said, standard output and standard error as they came.
    pub output: String,
    /// How long it took.
    pub elapsed: Duration,
}

/// Lines of output an error message shows.
const LAST_LINES: usize = 20;

/// How often a silent program is looked at.
const TICK: Duration = Duration::from_millis(20);

/// How long the last lines of a child that ended are waited for, on a machine that has much else to do.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Runs a command to its end; `say` is told each line as it comes.
///
/// # Errors
/// [`Error::ToolFailed`], with the last lines it said, if the command cannot be started, fails, or takes
/// longer than `limit`, whereupon it is ended.
pub fn run(
    name: &str,
    command: &mut Command,
    limit: Duration,
    say: &mut dyn FnMut(&str),
) -> Result<Run, Error> {
    let start = Instant::now();
    let (mut child, lines) = start_it(command)
        .map_err(|error| failed(name, format!("cannot be started: {error}"), ""))?;
    let mut output = String::new();
    let mut note = |line: String| {
        say(line.trim_end());
        output.push_str(&line);
    };
    let status = attend(&mut child, &lines, start + limit, &mut note);
    let elapsed = start.elapsed();
    match status {
        Ok(Some(status)) if status.success() => Ok(Run { output, elapsed }),
        Ok(Some(status)) => Err(failed(name, format!("failed ({status})"), &output)),
        Ok(None) => {
            let what = format!("took longer than {} s and was ended", limit.as_secs_f32());
            Err(failed(name, what, &output))
        }
        Err(error) => Err(failed(name, format!("was lost: {error}"), &output)),
    }
}

/// The child, and the lines it says as they come.
fn start_it(command: &mut Command) -> std::io::Result<(Child, Receiver<String>)> {
    // One pipe for both outputs keeps their order.
    let (said, outputs) = std::io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(outputs.try_clone()?)
        .stderr(outputs);
    let child = command.spawn()?;
    // The command holds ends of the pipe, which would never close.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, lines) = channel();
    thread::spawn(move || forward(said, &sender));
    Ok((child, lines))
}

fn failed(name: &str, what: String, output: &str) -> Error {
    let lines: Vec<_> = output.lines().collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    Error::ToolFailed {
        tool: name.to_owned(),
        what,
        output: last.join("\n"),
    }
}

/// Passes lines on until the stream ends or nobody listens.
fn forward(stream: impl Read, sender: &Sender<String>) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream
        .read_until(b'\n', &mut line)
        .is_ok_and(|read| read > 0)
    {
        if sender
            .send(String::from_utf8_lossy(&line).into_owned())
            .is_err()
        {
            return;
        }
        line.clear();
    }
}

/// Waits for the end of a child, or ends it at the deadline (`None`), noting its lines.
fn attend(
    child: &mut Child,
    lines: &Receiver<String>,
    deadline: Instant,
    note: &mut dyn FnMut(String),
) -> std::io::Result<Option<ExitStatus>> {
    loop {
        match lines.recv_timeout(TICK) {
            Ok(line) => note(line),
            // It closed its outputs, yet it may go on.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(TICK),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(status) = child.try_wait()? {
            // What it said last; not for long, for its own children may hold its outputs open.
            while let Ok(line) = lines.recv_timeout(LAST_WORDS) {
                note(line);
            }
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn run_shell(script: &str, limit: Duration) -> Result<Run, Error> {
        run("Shell", &mut shell(script), limit, &mut |_| ())
    }

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn output_and_lines_are_caught() {
        let mut said = Vec::new();
        let mut command = shell("echo one; echo two >&2; printf three");
        let run = run("Shell", &mut command, LONG, &mut |line| {
            said.push(line.to_owned())
        })
        .unwrap();
        assert_eq!(run.output, "one\ntwo\nthree");
        assert_eq!(said, ["one", "two", "three"]);
    }

    #[test]
    fn a_failure_shows_the_last_lines() {
        let error = run_shell("seq 100; exit 3", LONG).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("error: Shell failed (exit status: 3); it said:\n  81\n"),
            "{text}"
        );
        assert!(text.ends_with("\n  100"));
        assert_eq!(error.exit_code(), 4);
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let start = Instant::now();
        let error = run_shell("echo waiting; exec sleep 60", Duration::from_secs(1)).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(20));
        assert_eq!(
            error.to_string(),
            "error: Shell took longer than 1 s and was ended; it said:\n  waiting"
        );
    }

    #[test]
    fn much_output_does_not_block() {
        let run = run_shell("yes abcdefgh | head -n 200000", LONG).unwrap();
        assert_eq!(run.output.len(), 9 * 200_000);
    }

    #[test]
    fn what_cannot_be_started_is_a_failure() {
        let error = run(
            "Ghost",
            &mut Command::new("/no/such/program"),
            LONG,
            &mut |_| (),
        );
        assert!(
            error
                .unwrap_err()
                .to_string()
                .starts_with("error: Ghost cannot be started: ")
        );
    }
}
