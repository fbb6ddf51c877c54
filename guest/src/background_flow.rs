//! What is said of programs in the background: their list, what they wrote, their end.

use serde::Serialize;

use crate::background::{Backgrounds, End, Shared};
use crate::frame::FrameType;
use crate::outbox::Outbox;
use crate::outflow::{push_line, Flow, Outflow, Pieces};
use crate::refusal::Answer;
use crate::request::Size;
use crate::ring::Kind;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description<'a> {
    id: &'a str,
    pid: i32,
    command: &'a str,
    args: &'a [String],
    cwd: &'a str,
    uid: u32,
    note: &'a str,
    started_ns: String,
    running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Ended>,
    written: u64,
    dropped: u64,
    next_id: u64,
    ring_bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ended {
    exit_code: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<String>,
    ended_ns: String,
}

/// Some programs, a line of JSON each.
pub struct Descriptions {
    /// last one first
    programs: Vec<Shared>,
}

impl Descriptions {
    pub fn all(backgrounds: &Backgrounds) -> Self {
        let programs = backgrounds.all().iter().rev().cloned().collect();
        Self { programs }
    }

    pub fn one(program: Shared) -> Self {
        let programs = vec![program];
        Self { programs }
    }
}

impl Pieces for Descriptions {
    fn next(&mut self, line: &mut Vec<u8>) -> Answer<()> {
        let Some(program) = self.programs.pop() else {
            return Ok(());
        };
        let program = program.borrow();
        let about = &program.about;
        push_line(
            line,
            &Description {
                id: &about.id,
                pid: program.pid,
                command: &about.command,
                args: &about.args,
                cwd: &about.cwd,
                uid: about.uid,
                note: &about.note,
                started_ns: about.started_ns.to_string(),
                running: program.is_running(),
                end: program
                    .end
                    .as_ref()
                    .map(|end| ended(end, program.ended_ns())),
                written: program.ring.written(),
                dropped: program.ring.dropped(),
                next_id: program.ring.next(),
                ring_bytes: about.ring_bytes,
            },
        )
    }

    fn flow(&self) -> Flow {
        if self.programs.is_empty() {
            Flow::Over
        } else {
            Flow::Ready
        }
    }
}

fn ended(end: &End, at_ns: u64) -> Ended {
    Ended {
        exit_code: end.exit_code,
        signal: end.signal.clone(),
        ended_ns: at_ns.to_string(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Gap {
    dropped_bytes: u64,
    dropped_frames: u64,
}

/// What a program wrote, as records, from one frame on.
pub struct Logs {
    program: Shared,
    next: u64,
    /// bytes of output before `next`, where known
    passed: Option<u64>,
    /// where it ends; it follows the program if there is none
    until: Option<u64>,
    /// bytes that were typed here and may wait for the program
    owed: usize,
}

impl Logs {
    pub fn new(program: Shared, from: u64, follow: bool) -> Self {
        let next = from.max(1);
        let (passed, end) = {
            let ring = &program.borrow().ring;
            (ring.output_before(next), ring.next())
        };
        Self {
            program,
            next,
            passed,
            until: (!follow).then_some(end),
            owed: 0,
        }
    }
}

impl Pieces for Logs {
    fn next(&mut self, record: &mut Vec<u8>) -> Answer<()> {
        let program = self.program.borrow();
        let ring = &program.ring;
        if let Some(frame) = ring.get(self.next) {
            push_record(record, frame.kind, (self.next, frame.at_ns), &frame.bytes);
            self.passed = self.passed.map(|passed| passed + frame.output_bytes());
            self.next += 1;
            return Ok(());
        }
        let Some(oldest) = ring.get(ring.first()).filter(|_| self.next < ring.first()) else {
            return Ok(());
        };
        let gap = Gap {
            dropped_bytes: ring.dropped() - self.passed.unwrap_or(0),
            dropped_frames: ring.first() - self.next,
        };
        let json = serde_json::to_vec(&gap).unwrap_or_default();
        push_record(record, Kind::Gap, (ring.first() - 1, oldest.at_ns), &json);
        self.next = ring.first();
        self.passed = Some(ring.dropped());
        Ok(())
    }

    fn flow(&self) -> Flow {
        let program = self.program.borrow();
        let next = program.ring.next();
        if self.until.is_some_and(|until| self.next >= until) {
            Flow::Over
        } else if self.next < next {
            Flow::Ready
        } else if program.is_running() {
            Flow::Idle
        } else {
            Flow::Over
        }
    }

    fn take(&mut self, bytes: &[u8]) -> usize {
        let consumed = self.program.borrow_mut().type_in(bytes);
        self.owed += bytes.len() - consumed;
        consumed
    }

    /// What others type waits in the same line: it is ours that is consumed once nothing waits.
    fn consumed(&mut self) -> usize {
        if self.owed == 0 || self.program.borrow().is_typed_at() {
            return 0;
        }
        std::mem::take(&mut self.owed)
    }

    fn resize(&mut self, size: Size) {
        self.program.borrow().resize(size);
    }
}

/// `length` u32, `kind` u8, `id` u64, `time` u64, then the payload.
fn push_record(record: &mut Vec<u8>, kind: Kind, (id, at_ns): (u64, u64), payload: &[u8]) {
    record.extend((payload.len() as u32).to_le_bytes());
    record.push(kind as u8);
    record.extend(id.to_le_bytes());
    record.extend(at_ns.to_le_bytes());
    record.extend(payload);
}

#[derive(Serialize)]
struct HasEnded {
    ok: bool,
    end: Ended,
}

/// Nothing, until the program has ended.
pub struct Wait {
    pub program: Shared,
}

impl Outflow for Wait {
    fn read(&mut self, _space: &mut [u8]) -> Answer<usize> {
        Ok(0)
    }

    fn flow(&self) -> Flow {
        if self.program.borrow().is_running() {
            Flow::Idle
        } else {
            Flow::Over
        }
    }

    fn close(&self, id: u32, outbox: &mut Outbox) {
        let program = self.program.borrow();
        if let Some(end) = &program.end {
            let end = ended(end, program.ended_ns());
            outbox.push_json(FrameType::Close, id, &HasEnded { ok: true, end });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{push_record, Gap};
    use crate::background::End;
    use crate::ring::Kind;

    /// `data-records` of the golden frames.
    #[test]
    fn records_are_written_as_their_golden_bytes_say() {
        let fixtures = include_str!("../protocol/fixtures/frames.json");
        let fixtures: serde_json::Value = serde_json::from_str(fixtures).unwrap();
        let all = fixtures["frames"].as_array().unwrap();
        let golden = all.iter().find(|f| f["name"] == "data-records").unwrap();
        let at = 1_764_000_000_123_456_789;
        let gap = Gap {
            dropped_bytes: 4096,
            dropped_frames: 6,
        };
        let end = End {
            exit_code: 143,
            signal: Some("TERM".to_owned()),
        };
        let gap = serde_json::to_vec(&gap).unwrap();
        let end = serde_json::to_vec(&end).unwrap();
        let mut bytes = Vec::new();
        push_record(&mut bytes, Kind::Started, (1, at), br#"{"pid":12}"#);
        push_record(&mut bytes, Kind::Gap, (7, at + 1), &gap);
        push_record(&mut bytes, Kind::Stdout, (8, at + 1), b"out\n");
        push_record(&mut bytes, Kind::Stderr, (9, at + 2), &[0xff]);
        push_record(&mut bytes, Kind::Exit, (10, at + 3), &end);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(golden["payloadHex"], hex);
    }
}
