//! ONNX: from a file to a graph of this project's operations.
//!
//! 1. `proto` is the part of the format that is read, decoded by prost;
//! 2. `fold` computes whatever hangs on constants alone, and the shapes of maps;
//! 3. `lower` makes an operation of each node that is left.

mod constant;
mod fold;
mod lower;
mod node;
mod proto;
mod scan;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use cromulent_network::{Input, Problem, Problems};
use prost::Message;

use crate::graph::Graph;
use crate::normalise::Normalisation;
use constant::Constant;
use lower::{Lowering, Value};
use node::Attributes;

/// The versions of the operator set that are read.
const OPSETS: std::ops::RangeInclusive<i64> = 9..=21;

/// Longest file read, bytes: what protobuf allows.
const MAX_FILE: u64 = 1 << 31;

/// Reads an ONNX file.
///
/// # Errors
/// What is wrong with the file; every node that has no counterpart, by its name and its output.
pub fn read(path: &Path, normalisation: Option<&Normalisation>) -> Result<Graph, Problems> {
    let place = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        Problem::new(
            &place,
            format!("cannot be read ({error})"),
            "give an ONNX file",
        )
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    let stem = path
        .file_stem()
        .map_or("network".into(), |stem| stem.to_string_lossy());
    let folder = path.parent().unwrap_or(Path::new(""));
    decode(&bytes, &place, &stem, folder, normalisation)
}

/// Reads the bytes of an ONNX file; `place` is its name in messages, `name` the network's, `folder` where values in
/// other files lie.
///
/// # Errors
/// As [`read`].
pub fn decode(
    bytes: &[u8],
    place: &str,
    name: &str,
    folder: &Path,
    normalisation: Option<&Normalisation>,
) -> Result<Graph, Problems> {
    let problem = |what: String, fix: &str| Problem::new(place, what, fix);
    if bytes.len() as u64 > MAX_FILE {
        let what = format!("is longer than {MAX_FILE} bytes");
        return Err(problem(what, "give an ONNX file").into());
    }
    scan::model(bytes).map_err(|what| problem(what, "give a whole ONNX file"))?;
    let model = proto::Model::decode(bytes).map_err(|error| {
        problem(
            format!("is no ONNX file ({error})"),
            "give a whole ONNX file",
        )
    })?;
    let opset = model
        .opsets
        .iter()
        .find(|set| matches!(set.domain.as_str(), "" | "ai.onnx"));
    let opset = opset.map_or(0, |set| set.version);
    if !OPSETS.contains(&opset) {
        let what = format!("uses version {opset} of ONNX's operators");
        let fix = format!(
            "export it with opset_version {} to {}",
            OPSETS.start(),
            OPSETS.end()
        );
        return Err(problem(what, &fix).into());
    }
    let Some(graph) = model.graph else {
        return Err(problem("holds no graph".into(), "give a whole ONNX file").into());
    };
    Reader {
        place,
        folder,
        opset,
        bytes: bytes.len(),
    }
    .graph(&graph, name, normalisation)
}

/// What a file says of itself.
struct Reader<'a> {
    place: &'a str,
    folder: &'a Path,
    opset: i64,
    /// How long it is.
    bytes: usize,
}

impl Reader<'_> {
    fn graph(
        &self,
        graph: &proto::Graph,
        name: &str,
        normalisation: Option<&Normalisation>,
    ) -> Result<Graph, Problems> {
        let mut problems = Problems::default();
        let mut values = self.initializers(graph, &mut problems);
        problems.or(())?;
        // Those in other files are not among its bytes.
        let held = values.values().map(Value::held).sum::<usize>();
        let (input, batch) = self.input(graph, &values, normalisation)?;
        values.insert(input.0.to_owned(), Value::Map(0));
        let room = fold::room(self.bytes + held);
        let graph_of = Graph::new(&clean(name), input.1);
        let mut lowering = Lowering::new(graph_of, batch, self.opset, room);
        let mut problems = Problems::default();
        for node in &graph.nodes {
            if let Err((what, fix)) = self.node(node, &mut values, &mut lowering) {
                problems.add(self.name(node), what, fix);
            }
        }
        let output = self.output(graph, &values);
        match output {
            Ok(output) => {
                problems.or(())?;
                lowering
                    .finish(output)
                    .map_err(|(what, fix)| Problem::new(self.place, what, fix).into())
            }
            // It follows from what is wrong with the nodes.
            Err(_) if !problems.0.is_empty() => Err(problems),
            Err(problem) => Err(problem.into()),
        }
    }

    /// How a node is named in messages.
    fn name(&self, node: &proto::Node) -> String {
        let output = node.outputs.first().map_or("", String::as_str);
        let name = match node.name.as_str() {
            "" => String::new(),
            name => format!(" `{name}`"),
        };
        format!(
            "{}: node{name} ({}), output `{output}`",
            self.place, node.op
        )
    }

    /// The values of the file.
    fn initializers(
        &self,
        graph: &proto::Graph,
        problems: &mut Problems,
    ) -> BTreeMap<String, Value> {
        let mut values = BTreeMap::new();
        for tensor in &graph.initializers {
            match Constant::read(tensor, self.folder) {
                Ok(constant) => {
                    values.insert(tensor.name.clone(), Value::Constant(Arc::new(constant)));
                }
                Err((what, fix)) => {
                    problems.add(
                        format!("{}: tensor `{}`", self.place, tensor.name),
                        what,
                        fix,
                    );
                }
            }
        }
        values
    }

    /// The image and its name, and how many of them the file was exported for.
    fn input<'a>(
        &self,
        graph: &'a proto::Graph,
        values: &BTreeMap<String, Value>,
        normalisation: Option<&Normalisation>,
    ) -> Result<((&'a str, Input), usize), Problem> {
        // Old files list their values among the inputs too.
        let inputs = graph
            .inputs
            .iter()
            .filter(|input| !values.contains_key(&input.name));
        let inputs: Vec<_> = inputs.collect();
        let [input] = inputs[..] else {
            let names: Vec<_> = inputs
                .iter()
                .take(8)
                .map(|input| input.name.as_str())
                .collect();
            let what = format!("has {} inputs: {}", inputs.len(), names.join(", "));
            return Err(Problem::new(
                self.place,
                what,
                "give a network that reads images, and nothing else",
            ));
        };
        let place = format!("{}: input `{}`", self.place, input.name);
        let shape = input
            .kind
            .as_ref()
            .and_then(|kind| kind.tensor.as_ref()?.shape.as_ref());
        let extents: Vec<i64> = shape.map_or(vec![], |shape| {
            shape.dims.iter().map(|dim| dim.value).collect()
        });
        let size = |&extent: &i64| {
            usize::try_from(extent)
                .ok()
                .filter(|size| (1..=65_536).contains(size))
        };
        let sizes: Option<Vec<usize>> = extents.iter().skip(1).map(size).collect();
        let (4, Some([channels, height, width])) = (extents.len(), sizes.as_deref()) else {
            let what = format!("has the extents {extents:?}, 0 being free");
            return Err(Problem::new(
                place,
                what,
                "export it for images: a batch, channels, rows and columns",
            ));
        };
        let normalisation = Normalisation::or_usual(normalisation, *channels)
            .map_err(|(what, fix)| Problem::new(&place, what, fix))?;
        let input_of = Input {
            channels: *channels,
            height: *height,
            width: *width,
            mean: normalisation.mean,
            std: normalisation.std,
            examples: None,
        };
        let batch = usize::try_from(extents[0]).unwrap_or(1).max(1);
        Ok(((&input.name, input_of), batch))
    }

    fn node(
        &self,
        node: &proto::Node,
        values: &mut BTreeMap<String, Value>,
        lowering: &mut Lowering,
    ) -> Result<(), constant::Fault> {
        let attributes = Attributes::of(node, self.folder);
        let missing = |name: &String| {
            let what = format!("reads `{name}`, which no node before it gives");
            let fix = "list nodes in the order they are computed; cycles cannot be".to_owned();
            (what, fix)
        };
        let inputs: Vec<Option<Value>> = node
            .inputs
            .iter()
            .map(|name| match name.as_str() {
                "" => Ok(None),
                _ => values
                    .get(name)
                    .cloned()
                    .map(Some)
                    .ok_or_else(|| missing(name)),
            })
            .collect::<Result<_, _>>()?;
        // What follows is reported once, at its cause.
        if inputs
            .iter()
            .flatten()
            .any(|value| matches!(value, Value::Unknown))
        {
            self.give(node, Value::Unknown, values)?;
            return Ok(());
        }
        let result = if matches!(node.domain.as_str(), "" | "ai.onnx") {
            lowering.node(node, &inputs, &attributes)
        } else {
            let what = format!("is an operator of `{}`", node.domain);
            Err((what, "export the network with ONNX's own operators".into()))
        };
        let (value, result) = match result {
            Ok(value) => (value, Ok(())),
            Err(fault) => (Value::Unknown, Err(fault)),
        };
        self.give(node, value, values)?;
        result
    }

    /// Names a value by the outputs of its node: only the first is ever read.
    fn give(
        &self,
        node: &proto::Node,
        value: Value,
        values: &mut BTreeMap<String, Value>,
    ) -> Result<(), constant::Fault> {
        let Some(name) = node.outputs.first() else {
            return Err(("has no output".into(), "take it out of the network".into()));
        };
        match values.insert(name.clone(), value) {
            None => Ok(()),
            Some(_) => Err((
                format!("gives `{name}` again"),
                "give every value a name of its own".into(),
            )),
        }
    }

    fn output(
        &self,
        graph: &proto::Graph,
        values: &BTreeMap<String, Value>,
    ) -> Result<usize, Problem> {
        let [output] = &graph.outputs[..] else {
            let what = format!("has {} outputs", graph.outputs.len());
            return Err(Problem::new(
                self.place,
                what,
                "give a network with one output",
            ));
        };
        match values.get(&output.name) {
            Some(Value::Map(node) | Value::Vector(node)) => Ok(*node),
            _ => {
                let what = format!(
                    "no node computes its output `{}` from the image",
                    output.name
                );
                Err(Problem::new(self.place, what, "give a whole ONNX file"))
            }
        }
    }
}

/// A name that a network file can hold.
fn clean(name: &str) -> String {
    let bad = |c: char| c.is_whitespace() || c.is_control();
    name.chars().map(|c| if bad(c) { '_' } else { c }).collect()
}
