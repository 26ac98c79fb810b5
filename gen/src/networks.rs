//! Networks from files, and those known by name.

use std::path::Path;

use cromulent_network::images::Example;
use cromulent_network::{
    Network, Problem, Problems, TOPOLOGIES, resolutions, synthesise, synthetic_image, topology,
    topology_at,
};

/// The seed of random weights where none is given.
const SEED: u64 = 1;

/// A network, and whether someone trained it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The network.
    pub network: Network,
    /// The seed of its weights, if they are random.
    pub seed: Option<u64>,
}

/// The topology that `--network` names, and the side of its images if that is not its own, as in `resnet18@448`. A
/// file of that name comes first.
fn name(network: &Path) -> Option<(&str, Option<&str>)> {
    let name = network.to_str().filter(|_| !network.exists())?;
    let (name, side) = match name.split_once('@') {
        Some((name, side)) => (name, Some(side)),
        None => (name, None),
    };
    TOPOLOGIES.contains(&name).then_some((name, side))
}

/// Reads a network file, or makes a known network with random weights.
///
/// # Errors
/// Whatever is wrong with the file; a seed for a network that has weights; images of a size that a known network
/// cannot take.
pub fn load(network: &Path, seed: Option<u64>) -> Result<Source, Problems> {
    let mut source = shapes(network, seed)?;
    if let Some(seed) = source.seed {
        synthesise(&mut source.network, seed);
    }
    Ok(source)
}

/// The same, but a known network without values of weights.
///
/// # Errors
/// As [`load`].
pub fn shapes(network: &Path, seed: Option<u64>) -> Result<Source, Problems> {
    if let Some((name, side)) = name(network) {
        return Ok(Source {
            network: named(name, side)?,
            seed: Some(seed.unwrap_or(SEED)),
        });
    }
    if seed.is_some() {
        let what = "the network has weights of its own";
        let fix = format!("leave it out, or give one of {}", TOPOLOGIES.join(", "));
        return Err(Problem::new("--seed", what, fix).into());
    }
    let network = Network::load(network).map_err(|problems| hint(network, problems))?;
    Ok(Source {
        network,
        seed: None,
    })
}

/// A known network without weights, for images of this side.
fn named(name: &str, side: Option<&str>) -> Result<Network, Problem> {
    let network = match side {
        Some(side) => side.parse().ok().and_then(|side| topology_at(name, side)),
        None => topology(name),
    };
    network.ok_or_else(|| {
        let sides = resolutions(name).unwrap_or(0..=0);
        let what = format!(
            "images of {} pixels are none for {name}",
            side.unwrap_or_default()
        );
        let fix = format!(
            "write {name}@SIDE with a side of {} to {} pixels, or {name}",
            sides.start(),
            sides.end()
        );
        Problem::new("--network", what, fix)
    })
}

/// What is neither file nor name might have been meant as a name.
fn hint(network: &Path, mut problems: Problems) -> Problems {
    if let (false, Some(problem)) = (network.exists(), problems.0.first_mut()) {
        problem.fix = format!("{}, or one of {}", problem.fix, TOPOLOGIES.join(", "));
    }
    problems
}

impl Source {
    /// The first images the network comes with: its examples, or synthetic ones.
    ///
    /// # Errors
    /// Whatever is wrong with the files of images.
    pub fn examples(&self, count: usize) -> Result<Vec<Example>, Problems> {
        let Some(seed) = self.seed else {
            return self.network.examples(count);
        };
        let example = |number: u64| Example {
            image: synthetic_image(&self.network.input, seed.wrapping_add(number)),
            label: None,
        };
        Ok((0..count as u64).map(example).collect())
    }

    /// What is to be said of results, if weights are random.
    pub fn note(&self) -> Option<String> {
        self.seed.map(|seed| {
            let name = &self.network.name;
            format!("the weights of {name} are random (seed {seed}), and so are its images")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_network_with_random_weights() {
        let source = load(Path::new("fc8"), Some(3)).unwrap();
        assert!(source.note().unwrap().contains("seed 3"));
        assert!(!source.network.is_hollow());
        let images = source.examples(2).unwrap();
        assert_ne!(images[0].image.pixels, images[1].image.pixels);
    }

    #[test]
    fn a_side_may_stand_behind_a_name() {
        let source = shapes(Path::new("resnet18@448"), None).unwrap();
        assert_eq!(source.network.name, "resnet18@448");
        assert_eq!(source.network.input.height, 448);
        for name in ["resnet18@7", "resnet18@", "resnet18@x", "fc8@-1"] {
            let problems = shapes(Path::new(name), None).unwrap_err();
            assert!(
                problems.0[0].fix.contains("@SIDE with a side of"),
                "{problems}"
            );
        }
        let problems = shapes(Path::new("resnet19@448"), None).unwrap_err();
        assert!(problems.0[0].fix.contains("resnet18"), "{problems}");
    }

    #[test]
    fn a_seed_is_for_networks_without_weights_only() {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/fashion-resnet8.toml");
        assert!(load(&file, None).unwrap().note().is_none());
        let problems = load(&file, Some(1)).unwrap_err();
        assert_eq!(problems.0[0].place, "--seed");
        let problems = load(Path::new("resnet19"), None).unwrap_err();
        assert!(problems.0[0].fix.contains("resnet18"), "{problems}");
    }
}
