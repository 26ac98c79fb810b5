use std::process::Command;

use super::*;

const COUNTER: &str = "module counter(input wire clock, input wire reset, output reg [7:0] count);
  always @(posedge clock) count <= reset ? 8'd0 : count + 8'd1;
endmodule
";

const HARNESS: &str = "#include \"Vcounter.h\"
#include <cstdio>
int main() {
  Vcounter top;
  top.reset = 1;
  for (int i = 0; i < 7; i++) { top.clock = 0; top.eval(); top.clock = 1; top.eval(); top.reset = 0; }
  std::printf(\"%d\\n\", top.count);
}
";

fn sources() -> Sources {
    Sources {
        top: "counter".to_owned(),
        verilog: Files::from([("counter.v".into(), COUNTER.to_owned())]),
        harness: Files::from([("main.cpp".into(), HARNESS.to_owned())]),
        options: Vec::new(),
    }
}

#[test]
fn a_simulator_is_built_once_even_by_two_at_a_time() {
    let verilator = VERILATOR.find().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let build = || build_in(cache.path(), &verilator, &sources(), &mut |_| ()).unwrap();
    let programs = std::thread::scope(|scope| {
        let other = scope.spawn(build);
        [build(), other.join().unwrap()]
    });
    assert_eq!(programs[0], programs[1]);
    let said = Command::new(&programs[0]).output().unwrap();
    assert_eq!(said.stdout, b"6\n");
    let mut told = Vec::new();
    build_in(cache.path(), &verilator, &sources(), &mut |line| {
        told.push(line.to_owned())
    })
    .unwrap();
    assert!(told.is_empty(), "a third build came from the cache");
    let kept = cache.path().join("verilator").read_dir().unwrap().count();
    assert_eq!(kept, 1, "drafts are gone");
}

#[test]
fn a_build_that_fails_says_why_and_leaves_nothing() {
    let verilator = VERILATOR.find().unwrap();
    let cache = tempfile::tempdir().unwrap();
    let mut broken = sources();
    broken
        .verilog
        .insert("counter.v".into(), COUNTER.replace("endmodule", "endmodul"));
    let error = build_in(cache.path(), &verilator, &broken, &mut |_| ()).unwrap_err();
    assert_eq!(error.exit_code(), 4);
    assert!(error.to_string().contains("v/counter.v"), "{error}");
    assert_eq!(
        cache.path().join("verilator").read_dir().unwrap().count(),
        0
    );
}

#[test]
fn lint_takes_no_warnings() {
    let verilator = VERILATOR.find().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("counter.v");
    fs::write(&file, COUNTER).unwrap();
    lint(&verilator, std::slice::from_ref(&file), "counter").unwrap();
    fs::write(&file, COUNTER.replace("8'd1", "9'd1")).unwrap();
    let error = lint(&verilator, &[file], "counter").unwrap_err();
    assert!(error.to_string().contains("WIDTH"), "{error}");
}

#[test]
fn the_key_is_of_every_byte() {
    let found = |text: &str| Found {
        name: "Verilator",
        path: "verilator".into(),
        version: Version(5, 6),
        version_text: text.to_owned(),
    };
    let base = key(&found("5.006"), &sources());
    assert_eq!(base, key(&found("5.006"), &sources()));
    assert_ne!(base, key(&found("5.007"), &sources()));
    let other = Sources {
        options: vec!["--trace".to_owned()],
        ..sources()
    };
    assert_ne!(base, key(&found("5.006"), &other));
    let mut moved = sources();
    let text = moved.verilog.remove(Path::new("counter.v")).unwrap();
    moved.harness.insert("counter.v".into(), text);
    assert_ne!(base, key(&found("5.006"), &moved));
}

#[test]
fn the_line_of_a_compilation_names_its_file() {
    let line = "g++ -I. -O1 -c -o Vcounter.o ../tb/main.cpp";
    assert_eq!(compiling(line), Some("main.cpp"));
    assert_eq!(compiling("ar rcs libverilated.a verilated.o"), None);
}
