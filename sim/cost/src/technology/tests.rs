use super::*;

fn shipped(name: &str) -> Technology {
    Technology::load(Path::new(name)).unwrap()
}

fn close(found: Range, low: f64, high: f64) -> bool {
    (found.low - low).abs() < 1e-9 && (found.high - high).abs() < 1e-9
}

#[test]
fn the_shipped_tables_are_read_and_bear_their_names() {
    for (name, _) in SHIPPED {
        let technology = shipped(name);
        assert_eq!(technology.name, name);
        assert!(
            technology
                .entries()
                .all(|(_, entry)| entry.source.len() > 40)
        );
    }
}

#[test]
fn an_entry_gives_its_own_number_and_between_two_both_are_heard() {
    let t = shipped("horowitz-45nm");
    assert!(close(t.add(8), 0.03, 0.03));
    assert!(close(t.add(4), 0.015, 0.015));
    assert!(close(t.add(16), 0.05, 0.06));
    assert!(close(t.add(32), 0.1, 0.1));
    assert!(close(t.add(64), 0.2, 0.2));
    assert!(close(t.multiply(8, 8), 0.2, 0.2));
    assert!(close(t.multiply(4, 8), 0.1, 0.1));
    assert!(close(t.dram(128), 2600.0, 5200.0));
}

#[test]
fn small_memories_take_less_than_the_smallest_that_is_known_large_ones_what_is_between() {
    let t = shipped("horowitz-45nm");
    assert!(close(t.sram(8192, 64), 10.0, 10.0));
    assert!(close(t.sram(2048, 32), 2.5, 5.0));
    assert!(close(t.sram(16_384, 64), 10.0, 20.0));
    assert!(close(t.sram(32_768, 64), 20.0, 20.0));
    assert!(close(t.sram(1 << 24, 64), 100.0, 100.0));
}

const GOOD: &str = "name = \"mine\"
[[add]]
bits = 8
picojoule = 0.03
source = \"a\"
[[multiply]]
bits = 8
picojoule = 1
source = \"a\"
[[sram]]
bytes = 1024
bits = 8
picojoule = [1, 2.5]
source = \"a\"
[[dram]]
bits = 8
picojoule = 20
source = \"a\"
";

fn problems(text: &str) -> Vec<String> {
    let problems = Technology::parse(text, "t.toml").unwrap_err().0;
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_number_without_a_source_is_refused_and_where_it_is() {
    assert!(Technology::parse(GOOD, "t.toml").is_ok());
    let text = GOOD.replacen("source = \"a\"\n", "", 1);
    let wanted = "t.toml:2:1: this [[add]] has no source; say where its number was published";
    assert_eq!(problems(&text), [wanted]);
    let text = GOOD.replacen("source = \"a\"", "source = \" \"", 1);
    assert_eq!(
        problems(&text),
        ["t.toml:5:10: source is empty, or no text; write a text in quotes"]
    );
}

#[test]
fn every_problem_is_told_at_once() {
    let text = GOOD
        .replace("0.03", "-0.03")
        .replace("[1, 2.5]", "[3, 2.5]")
        .replace("bytes = 1024", "bites = 1024")
        .replace("name", "title");
    let found = problems(&text);
    let places: Vec<&str> = found.iter().filter_map(|p| p.split(": ").next()).collect();
    assert_eq!(
        places,
        [
            "t.toml:1:1",
            "t.toml:4:13",
            "t.toml:10:1",
            "t.toml:11:1",
            "t.toml:13:13",
            "t.toml:19:1"
        ]
    );
    assert!(problems("[[add]]").len() > 4);
    assert!(problems("add = 3")[0].contains("no list of tables"));
    for broken in [
        "\u{0}",
        "[[",
        "name = 'x",
        "[[add]]\nbits = 99999999999999999999",
    ] {
        assert!(!problems(broken).is_empty());
    }
}
