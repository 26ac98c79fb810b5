//! Formats per normalisation: selections of batch-norms.

use cromulent_network::{Network, Op};
use cromulent_number::Format;

use crate::{Error, Problem};

/// A batch-norm by name, and the format of what it normalises.
pub(super) type Wish = (String, Format);

/// The batch-norms of a network, in its order.
fn norms(network: &Network) -> Vec<usize> {
    let is_norm = |&node: &usize| matches!(network.nodes[node].op, Op::BatchNorm(_));
    (0..network.nodes.len()).filter(is_norm).collect()
}

/// The batch-norms that `SELECTION=FORMAT` means: `first:N` and `last:N` in the order of the network, a name, or the
/// beginning of names before a `*`.
///
/// # Errors
/// Selections that mean no batch-norm.
pub(super) fn wishes(network: &Network, selections: &[Wish]) -> Result<Vec<Wish>, Error> {
    let norms = norms(network);
    let names: Vec<&str> = norms
        .iter()
        .map(|&node| network.nodes[node].name.as_str())
        .collect();
    let (mut found, mut problems) = (vec![], vec![]);
    for (selection, format) in selections {
        let count = |text: &str| text.parse::<usize>().ok().filter(|&n| n <= names.len());
        let some: &[&str] = match selection.split_once(':') {
            Some(("first", n)) => count(n).map_or(&[], |n| &names[..n]),
            Some(("last", n)) => count(n).map_or(&[], |n| &names[names.len() - n..]),
            _ => &names,
        };
        let fits = |name: &&&str| match selection.strip_suffix('*') {
            _ if selection.contains(':') => true,
            Some(start) => name.starts_with(start),
            None => **name == selection,
        };
        let meant: Vec<&&str> = some.iter().filter(fits).collect();
        if meant.is_empty() {
            let what = "means no batch-norm of the network";
            let fix = format!(
                "write a name, the beginning of one and *, or first:N or last:N with N from 1 to {}",
                names.len()
            );
            problems.push(Problem::new(format!("--format {selection}"), what, fix));
        }
        found.extend(meant.into_iter().map(|name| (name.to_string(), *format)));
    }
    match problems.is_empty() {
        true => Ok(found),
        false => Err(Error::BadInput(problems)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn network() -> Network {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/fashion-resnet8.toml");
        Network::load(&file).unwrap()
    }

    #[test]
    fn selections_mean_batch_norms() {
        let network = network();
        let meant = |selection: &str| {
            let wishes = wishes(&network, &[(selection.to_owned(), Format::L3)]);
            wishes.map(|wishes| {
                wishes
                    .into_iter()
                    .map(|(name, _)| name)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        assert_eq!(meant("first:2").unwrap(), "blocks.0.bn1 blocks.0.bn2");
        assert_eq!(meant("last:1").unwrap(), "bn");
        assert_eq!(meant("blocks.2.*").unwrap(), "blocks.2.bn1 blocks.2.bn2");
        assert_eq!(meant("bn").unwrap(), "bn");
        assert_eq!(meant("*").unwrap().split(' ').count(), 7);
        for wrong in ["first:8", "last:x", "first:0", "conv1", "fc*"] {
            assert!(
                meant(wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("first:N or last:N"),
                "{wrong}"
            );
        }
    }
}
