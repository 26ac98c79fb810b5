use super::*;

struct Found(Vec<(String, usize)>);

impl Probe for Found {
    fn visit_atom(&mut self, name: &str, atom: &dyn Atom) {
        self.0.push((name.to_string(), atom.bits()));
    }
}

fn bundle() -> Bundle<In> {
    Bundle::new([("width", 7), ("height", 9)])
}

#[test]
fn nets_carry_their_own_names_behind_the_port() {
    let mut found = Found(vec![]);
    bundle().accept("layer", &mut found);
    let expected = [("layer$width".into(), 7), ("layer$height".into(), 9)];
    assert_eq!(found.0, expected);
}

#[test]
fn nets_are_found_by_name_and_in_order() {
    let mut bundle = bundle();
    assert!(simulate(&mut bundle, 3));
    bundle.get("height").set(300);
    assert!(bundle.has_changed());
    let numbers: Vec<i64> = bundle.nets().map(|net| net.value().number()).collect();
    assert_eq!(numbers, [0, 300]);
    assert!(simulate(&mut bundle, 3));
}

#[test]
#[should_panic(expected = "no net `depth` in this bundle")]
fn an_unknown_name() {
    bundle().get("depth");
}
