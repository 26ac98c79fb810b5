use super::*;
use crate::Net;

/// What rust_hdl finds in a block, by name.
struct Found(Vec<String>);

impl Probe for Found {
    fn visit_atom(&mut self, name: &str, _: &dyn Atom) {
        self.0.push(name.to_string());
    }
}

fn found(block: &dyn Block) -> Vec<String> {
    let mut found = Found(vec![]);
    block.accept("part", &mut found);
    found.0
}

#[test]
fn a_present_part_behaves_as_itself() {
    let mut part = Optional::when(true, || Net::<In>::bits(3));
    assert!(part.is_present() && part.has_changed());
    assert!(simulate(&mut part, 3));
    part.get().unwrap().set(5);
    assert!(part.has_changed());
    assert!(simulate(&mut part, 3));
    assert_eq!(found(&part), ["part"]);
}

#[test]
fn an_absent_part_leaves_no_trace() {
    let mut part = Optional::when(false, || -> Net<In> { panic!("made in vain") });
    assert!(!part.is_present() && part.get().is_none() && !part.has_changed());
    part.connect_all();
    assert!(simulate(&mut part, 1));
    assert!(found(&part).is_empty());
}
