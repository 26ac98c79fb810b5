//! What takes so long, on standard error, for a person at a terminal; silent without one.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where progress is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    shown: bool,
}

impl Progress {
    /// On standard error, if that is a terminal.
    pub fn stderr() -> Progress {
        Progress { shown: true }
    }

    /// Nowhere.
    pub fn silent() -> Progress {
        Progress { shown: false }
    }

    /// Begins a step of unknown length: a spinner, the text and the time passed, until it is dropped.
    pub fn step(&self, text: &str) -> Step {
        let bar = self.bar(None, "{spinner} {msg} {elapsed}");
        bar.set_message(text.to_owned());
        Step {
            bar,
            text: text.to_owned(),
        }
    }

    /// Begins a step of `total` parts: a bar, until it is dropped.
    pub fn steps(&self, text: &str, total: u64) -> Step {
        let bar = self.bar(
            Some(total),
            "{spinner} {msg} {wide_bar} {pos}/{len} {elapsed}",
        );
        bar.set_message(text.to_owned());
        Step {
            bar,
            text: text.to_owned(),
        }
    }

    fn bar(&self, total: Option<u64>, template: &str) -> ProgressBar {
        // indicatif itself hides what is drawn to a file or pipe.
        let target = if self.shown {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(total, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        bar
    }
}

/// A step in progress; its line goes away with it.
#[derive(Debug)]
pub struct Step {
    bar: ProgressBar,
    text: String,
}

impl Step {
    /// Shows what the step is at, after its text.
    pub fn say(&self, detail: &str) {
        self.bar.set_message(format!("{}: {detail}", self.text));
    }

    /// Counts one more part as done.
    pub fn advance(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
