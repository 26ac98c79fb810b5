//! One run of a program, from its start until everything has come to rest.

use crate::decoder::FAULT_BITS;
use cromulent_design::Fault;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Keeps `busy` up from a start until the program is done or has failed and nothing is under way on
/// the memory bus. The first fault counts.
#[derive(LogicBlock)]
pub struct Session {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset.
    pub reset: Net<In>,
    /// The host asks for a start.
    pub request: Net<In>,
    /// For one cycle: the core has done the program.
    pub core_done: Net<In>,
    /// Fault of the core; 0 for none.
    pub core_fault: Net<In>,
    /// For one cycle: a read failed.
    pub read_error: Net<In>,
    /// For one cycle: a write failed.
    pub write_error: Net<In>,
    /// No read is under way.
    pub read_idle: Net<In>,
    /// No write is under way.
    pub write_settled: Net<In>,
    /// Start now: the request of this cycle is granted.
    pub start: Net<Out>,
    /// The request of this cycle is refused.
    pub refused: Net<Out>,
    /// A program runs, or has not come to rest: from the cycle after `start`.
    pub busy: Net<Out>,
    /// No further access of the memory: from the cycle after the end or the fault until the next start.
    pub stop: Net<Out>,
    /// For one cycle, the last that is busy: the program has ended well.
    pub done: Net<Out>,
    /// For one cycle, the last that is busy: the program has failed.
    pub failed: Net<Out>,
    /// Code of the fault, until the next start; 0 for none.
    pub fault: Net<Out>,
    running: Register,
    stopping: Register,
    code: Register,
}

impl Default for Session {
    fn default() -> Session {
        Session {
            clock: Net::flag(),
            reset: Net::flag(),
            request: Net::flag(),
            core_done: Net::flag(),
            core_fault: Net::bits(FAULT_BITS),
            read_error: Net::flag(),
            write_error: Net::flag(),
            read_idle: Net::flag(),
            write_settled: Net::flag(),
            start: Net::flag(),
            refused: Net::flag(),
            busy: Net::flag(),
            stop: Net::flag(),
            done: Net::flag(),
            failed: Net::flag(),
            fault: Net::bits(FAULT_BITS),
            running: Register::control(1),
            stopping: Register::control(1),
            code: Register::control(FAULT_BITS),
        }
    }
}

impl Describe for Session {
    fn module(&self) -> String {
        "session".to_string()
    }
    fn about(&self) -> String {
        "One run of a program, until nothing is under way on the memory bus.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (running, stopping) = (self.running.read(i), self.stopping.read(i));
        let (request, code) = (i.read(&self.request), self.code.read(i));
        let start = i.name("start_now", request & !running);
        i.drive(&self.start, start);
        i.drive(&self.refused, request & running);
        let (read, write) = (i.read(&self.read_error), i.read(&self.write_error));
        let core = i.read(&self.core_fault);
        let mut number = |fault: Fault| i.constant(FAULT_BITS, u64::from(fault.code()));
        let (read_fault, write_fault) = (number(Fault::ReadError), number(Fault::WriteError));
        let now = read.mux(read_fault, write.mux(write_fault, core));
        let now = i.name("fault_now", now);
        let none = i.constant(FAULT_BITS, 0);
        let first = (running & !code.any()).mux(now, code);
        let (clock, reset) = (&self.clock, &self.reset);
        self.code
            .update_from(i, clock, reset, start.mux(none, first));
        let at_rest = i.read(&self.read_idle) & i.read(&self.write_settled);
        let finish = running & stopping & at_rest & !read & !write;
        let finish = i.name("finish", finish);
        let ends = i.read(&self.core_done) | now.any();
        self.stopping
            .update_from(i, clock, reset, running & (ends | stopping) & !finish);
        self.running
            .update_from(i, clock, reset, start | (running & !finish));
        i.connect(&self.busy, &self.running.q);
        i.drive(&self.stop, stopping | !running);
        i.drive(&self.done, finish & !code.any());
        i.drive(&self.failed, finish & code.any());
        i.drive(&self.fault, code);
    }
}
logic!(Session);

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(session: &mut Session) {
        for clock in [0, 1] {
            session.clock.set(clock);
            assert!(simulate(session, 20));
        }
        for pulse in [
            &session.request,
            &session.core_done,
            &session.read_error,
            &session.write_error,
        ] {
            pulse.set(0);
        }
    }

    /// Busy, stop, done, failed and fault, the clock being low.
    fn state(session: &mut Session) -> [i64; 5] {
        session.clock.set(0);
        assert!(simulate(session, 20));
        let s = &*session;
        [&s.busy, &s.stop, &s.done, &s.failed, &s.fault].map(|net| net.value().number())
    }

    fn started() -> Session {
        let mut session = Session::default();
        session.read_idle.set(1);
        session.write_settled.set(1);
        session.request.set(1);
        edge(&mut session);
        assert_eq!(state(&mut session), [1, 0, 0, 0, 0]);
        session
    }

    #[test]
    fn busy_falls_two_cycles_after_the_core_is_done() {
        let mut session = started();
        session.core_done.set(1);
        edge(&mut session);
        assert_eq!(state(&mut session), [1, 1, 1, 0, 0]);
        edge(&mut session);
        assert_eq!(state(&mut session), [0, 1, 0, 0, 0]);
    }

    #[test]
    fn the_first_fault_counts_and_reads_are_waited_for() {
        let mut session = started();
        session.read_idle.set(0);
        session.read_error.set(1);
        edge(&mut session);
        session.core_fault.set(5);
        for _ in 0..10 {
            assert_eq!(state(&mut session), [1, 1, 0, 0, 6]);
            edge(&mut session);
        }
        session.read_idle.set(1);
        assert_eq!(state(&mut session), [1, 1, 0, 1, 6]);
        edge(&mut session);
        assert_eq!(state(&mut session), [0, 1, 0, 0, 6]);
        session.core_fault.set(0);
        session.request.set(1);
        edge(&mut session);
        assert_eq!(state(&mut session), [1, 0, 0, 0, 0]);
    }

    #[test]
    fn an_error_in_the_last_cycle_is_not_lost() {
        let mut session = started();
        session.core_done.set(1);
        edge(&mut session);
        session.write_error.set(1);
        assert_eq!(state(&mut session), [1, 1, 0, 0, 0]);
        edge(&mut session);
        assert_eq!(state(&mut session), [1, 1, 0, 1, 7]);
    }

    #[test]
    fn a_start_is_refused_while_busy() {
        let mut session = started();
        session.request.set(1);
        state(&mut session);
        assert_eq!(
            (
                session.start.value().number(),
                session.refused.value().number()
            ),
            (0, 1)
        );
    }
}
